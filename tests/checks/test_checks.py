"""`check` on set-ups that are wrong and set-ups that only look so; Keras itself is the oracle."""

from __future__ import annotations

import logging
import random
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import right_programs
import set_ups
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers
from rule_pairs import MENDED, MORE, PAIRS
from set_ups import AMOUNT, BCE, HOT, RIGHT, SCE, WRONG, Y4, X, classes, net

import kerastrain
from kerastrain.checks import RULES, Finding, check, enforce
from kerastrain.errors import CheckError, CheckWarning, DeviceError
from kerastrain.models import devices

pytestmark = pytest.mark.tensorflow


@pytest.fixture(autouse=True)
def no_rule_fails(caplog: pytest.LogCaptureFixture) -> Any:
    keras.utils.set_random_seed(0)
    caplog.set_level(logging.DEBUG, logger="kerastrain.checks")
    yield
    failures = [record.getMessage() for record in caplog.records if "failed" in record.getMessage()]
    assert not failures


@pytest.mark.parametrize("case", WRONG, ids=[f"{i}-{case[0]}" for i, case in enumerate(WRONG)])
def test_a_mistake_is_found_with_its_fix(case: set_ups.Case) -> None:
    rule, _, build = case
    model, x, y, given_ = build()
    found = {finding.rule: finding for finding in check(model, x, y, **given_)}
    assert rule in found
    assert found[rule].message
    assert found[rule].fix


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_set_up_passes_in_silence(name: str) -> None:
    model, x, y, given_ = RIGHT[name]()
    assert check(model, x, y, **given_) == []


@pytest.mark.parametrize("rule", PAIRS)
def test_a_rule_speaks_on_the_wrong_set_up_and_is_silent_on_the_mended_one(rule: str) -> None:
    wrong, mended = (build() for build in PAIRS[rule])
    assert rule in {finding.rule for finding in check(*wrong[:3], **wrong[3])}
    assert check(*mended[:3], **mended[3]) == []


@pytest.mark.parametrize("rule", MENDED)
def test_check_is_silent_where_the_mistake_is_mended(rule: str) -> None:
    model, x, y, given_ = MENDED[rule]()
    assert check(model, x, y, **given_) == []


@pytest.mark.parametrize("case", MORE, ids=[f"{i}-{case[0]}" for i, case in enumerate(MORE)])
def test_the_question_is_asked_in_general(case: tuple[str, Any]) -> None:
    rule, build = case
    model, x, y, given_ = build()
    assert rule in {finding.rule for finding in check(model, x, y, **given_)}


def test_every_rule_has_a_wrong_and_a_mended_case() -> None:
    assert {rule for rule, _, _ in WRONG} == set(MENDED)
    assert set(MENDED) | set(PAIRS) | {"unseen-gpu"} == {rule.name for rule in RULES}


def test_a_gpu_that_keras_does_not_see_is_noted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "GPUS", str(tmp_path))
    assert check(*classes()[:3], loss=SCE) == []  # the driver lists none
    (tmp_path / "0000:01:00.0").mkdir()
    if "gpu" not in set(kerastrain.list_devices()["kind"]):
        (found,) = check(*classes()[:3], loss=SCE)
        assert (found.rule, found.severity) == ("unseen-gpu", "note")
        enforce([found])  # a note warns of nothing; warnings are errors here
        with pytest.raises(DeviceError, match=r"does not see .* pip install"):
            kerastrain.use_device("gpu")
    assert check(*classes()[:3], loss=SCE, silence="unseen-gpu") == []


FEW = list(right_programs.PROGRAMS)[::20]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in FEW else [pytest.mark.slow])
     for name in right_programs.PROGRAMS],
)  # fmt: skip
def test_a_right_program_passes_in_silence(name: str) -> None:
    model, x, y, given_ = right_programs.PROGRAMS[name]()
    assert check(model, x, y, **given_) == []


def test_rules_have_names_of_their_own_and_a_line() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(len(rule.line) > 20 and rule.line.endswith(".") for rule in RULES)


def test_the_list_of_checks_says_what_each_looks_for() -> None:
    table = kerastrain.list_checks()
    assert list(table["name"]) == [rule.name for rule in RULES]
    assert set(table["severity"]) == {"error", "warning", "note"}
    assert table["looks_for"].str.len().min() > 20
    assert table["example"].str.len().between(5, 60).all()
    assert table["example"].is_unique


def compiled(model: keras.Model) -> keras.Model:
    model.compile("adam", SCE, metrics=["accuracy"])
    return model


def dropping() -> keras.Model:
    return keras.Sequential(
        [
            layers.Dense(8, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(4, "softmax"),
        ]
    )


@pytest.mark.parametrize("built", [True, False], ids=["built", "not built"])
@pytest.mark.parametrize("first", [True, False], ids=["compiled", "settings given"])
def test_fit_gives_the_same_bits_after_a_check(built: bool, first: bool) -> None:
    def history(looked: bool) -> tuple[dict[str, list[float]], list[np.ndarray], float]:
        keras.utils.clear_session()
        keras.utils.set_random_seed(3)
        model, optimizer = dropping(), keras.optimizers.Adam(0.01)
        if built:
            model.build((None, 6))
        if first:
            model.compile(optimizer, SCE, metrics=["accuracy"])
        if looked:
            chosen = {} if first else {"loss": SCE, "optimizer": optimizer, "metrics": ["accuracy"]}
            assert check(model, X, Y4, epochs=2, **chosen) == []
            assert model.built == built
            assert not optimizer.built
        model.compile(optimizer, SCE, metrics=["accuracy"])
        log = model.fit(X, Y4, epochs=2, verbose=0).history
        drawn = np.random.random()  # noqa: NPY002 - the caller's own generator
        return (
            log,
            model.get_weights(),
            random.random() + drawn + float(tf.random.uniform(())),
        )

    plain, looked = history(False), history(True)
    assert plain[0] == looked[0]
    assert all((a == b).all() for a, b in zip(plain[1], looked[1], strict=True))
    assert plain[2] == looked[2]


def test_a_model_in_training_is_left_as_it_is() -> None:
    model = compiled(dropping())
    model.fit(X, Y4, epochs=1, verbose=0)
    state = [
        keras.ops.convert_to_numpy(v)
        for v in [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    ]
    check(model, X, Y4, callbacks=[keras.callbacks.EarlyStopping("loss")])
    after = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    assert all(
        (a == keras.ops.convert_to_numpy(b)).all() for a, b in zip(state, after, strict=True)
    )


def test_layers_built_before_their_model_keep_their_state() -> None:
    memory = layers.GRU(4, stateful=True)
    memory(set_ups.STEPS[:16])
    scale = set_ups.adapted(layers.Normalization(), set_ups.STEPS)
    model = keras.Sequential([scale, memory, layers.Dropout(0.5), layers.Dense(3, "softmax")])
    before = [np.array(v) for layer in (scale, memory) for v in layer.variables]
    check(model, set_ups.STEPS[:16], set_ups.STEP_IDS[:16, 0], loss=SCE)
    after = [np.array(v) for layer in (scale, memory) for v in layer.variables]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
    assert not model.built
    assert not model.layers[-1].built
    assert not memory._inbound_nodes


def test_layers_made_after_a_check_have_the_names_they_would_have() -> None:
    keras.utils.clear_session()
    model, x, y, chosen = classes()
    check(model, x, y, **chosen)
    assert layers.Dense(1).name == "dense_2"


def test_a_generator_is_not_moved() -> None:
    batches = set_ups.batches()
    check(net(4, "softmax"), batches, loss=SCE, steps_per_epoch=3)
    assert (next(batches)[0] == X[:32]).all()


def test_a_shuffled_data_set_keeps_its_order() -> None:
    def first(looked: bool) -> Any:
        tf.random.set_seed(1)
        data = set_ups.data_set().shuffle(200).batch(32)
        if looked:
            check(net(4, "softmax"), data, loss=SCE)
        return next(iter(data))[1].numpy()

    assert (first(True) == first(False)).all()


ODD = [None, "text", -1, 3.5, [], {}, "auto", np.nan, object(), [1, "a"], {"a": 1}, int,
       np.zeros((0, 3)), np.array("s"), X, Y4, HOT, AMOUNT, (X, Y4),
       np.array([None, 1])]  # fmt: skip
NAMES = ["loss", "optimizer", "metrics", "weighted_metrics", "loss_weights", "epochs", "batch_size",
         "callbacks", "validation_split", "validation_data", "class_weight", "sample_weight",
         "initial_epoch", "steps_per_epoch", "shuffle", "typo"]  # fmt: skip
FUZZED = net(4, "softmax")


@settings(max_examples=60, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    x=st.sampled_from([X, *ODD]),
    y=st.sampled_from([Y4, *ODD]),
    chosen=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ODD), max_size=3),
)
def test_odd_arguments_give_findings_and_never_raise(
    x: Any, y: Any, chosen: dict[str, Any]
) -> None:
    found = check(FUZZED, x, y, **{"loss": SCE, **chosen})
    assert all(isinstance(finding, Finding) for finding in found)


def test_rules_can_be_silenced_by_name() -> None:
    model, x, y, chosen = classes(epochs=0)
    assert check(model, x, y, **chosen, silence=["run-length"]) == []


def test_a_missing_value_is_named_by_row_and_column() -> None:
    gaps = set_ups.with_gap(X)
    assert "in row 7, column 1." in check(net(4, "softmax"), gaps, Y4, loss=SCE)[0].message
    named = pd.DataFrame(gaps, columns=list("abcdef"))
    found = check(net(4, "softmax"), named, Y4, loss=SCE)[0]
    assert "1 NaN, first in row 7, column 'b'." in found.message
    x, y = named, Y4
    scope: dict[str, Any] = {"x": x, "y": y, "np": np}
    exec(found.fix.split(": ", 1)[1].split(". Or")[0], scope)
    assert check(net(4, "softmax"), scope["x"], scope["y"], loss=SCE) == []


def test_errors_come_first_and_all_at_once() -> None:
    model, x, _, _ = classes()
    found = check(model, x, Y4 + 1, loss=SCE, epochs=0, metrics=["mse"])
    kinds = [finding.severity for finding in found]
    assert {"run-length", "label-range"} <= {finding.rule for finding in found}
    assert kinds == sorted(kinds)


def test_findings_print_a_line_each_and_show_as_a_table() -> None:
    found = check(net(4, "softmax"), X, Y4 + 1, loss=SCE)
    assert "but got 1 to 4 in y. Start at 0: y - 1." in str(found)
    assert "<td>label-range</td>" in found._repr_html_()  # type: ignore[attr-defined]


def test_enforce_raises_all_errors_in_one() -> None:
    found = check(net(1, "sigmoid"), X, Y4, loss=BCE, epochs=0)
    with pytest.raises(CheckError, match=r"(?s)epochs must be.*check='warn'") as caught:
        enforce(found)
    assert list(caught.value.findings) == list(found)


def test_enforce_warns_or_keeps_still_when_told_to() -> None:
    found = check(net(1, "sigmoid"), X, Y4, loss=BCE)
    with pytest.warns(CheckWarning, match="takes targets from 0 to 1"):
        enforce(found, "warn")
    enforce(found, "off")


def test_labels_decide_when_no_loss_is_given() -> None:
    assert check(net(4, "softmax"), X, Y4) == []
