"""What a history says: each rule on a curve that it is about, and on the mended one."""

import re

import numpy as np
import pandas as pd
import pytest

import kerastrain as kt
from kerastrain.checks.trained import Trained, look_at_model
from kerastrain.checks.verdict import VERDICTS, Outcome, diagnose

pytestmark = pytest.mark.tensorflow


def outcome(train, val=None, *, model=None, rate=0.01, accuracy=None, **facts):
    """Make what the rules look at from plain curves, in units of the baseline."""
    rows = []
    for epoch, loss in enumerate(train, start=1):
        rows.append({"epoch": epoch, "split": "train", "loss": loss, "learning_rate": rate})
        if val is not None:
            rows.append({"epoch": epoch, "split": "val", "loss": val[epoch - 1]})
            if accuracy is not None:
                rows[-1]["accuracy"] = accuracy
    facts = {"cost_range": (0.0, 1.0), "epochs": len(train), **facts}
    return Outcome(pd.DataFrame(rows), model=Trained(**(model or {})), **facts)


def falling(start, stop, epochs):
    """Fall as a training does: fast at first, and flat at the end."""
    return (stop + (start - stop) * np.exp(-np.linspace(0, 6, epochs))).tolist()


GOOD = {"train": falling(1.1, 0.1, 20), "val": falling(1.1, 0.15, 20)}
NOISE = [1.01, 0.99, 1.0, 1.01, 0.99, 1.0, 1.0, 1.01, 0.99, 1.0]
CASES = {
    "diverged": ({"train": [1.0, 0.9, np.nan]}, GOOD),
    "knows-nothing": ({"train": NOISE, "val": NOISE}, GOOD),
    "rate-too-high": (
        {"train": [1.0, 0.6, 1.4, 0.5, 1.1, 0.7, 1.3, 0.6, 1.2, 0.8]},
        {"train": [40.0, *falling(1.1, 0.1, 20)]},  # it starts far off and arrives
    ),
    "rate-too-low": ({"train": np.linspace(10, 9, 10)}, {"train": np.linspace(10, 0.2, 10)}),
    "one-class-only": (
        {**GOOD, "model": {"predicted": (200, 0), "true": (150, 50)}},
        {**GOOD, "model": {"predicted": (160, 40), "true": (150, 50)}},
    ),
    "accuracy-of-one-class": (
        {**GOOD, "accuracy": 0.9, "model": {"predicted": (195, 5), "true": (180, 20)}},
        {**GOOD, "accuracy": 0.95, "model": {"predicted": (190, 10), "true": (180, 20)}},
    ),
    "dead-units": (
        {**GOOD, "model": {"dead": (("dense", 0.95),)}},
        {**GOOD, "model": {"dead": (("dense", 0.4),)}},
    ),
    "vanishing-gradient": (
        {"train": NOISE, "model": {"slopes": (("a", 1e-9), ("b", 1e-5), ("c", 1e-2))}},
        {"train": NOISE, "model": {"slopes": (("a", 1e-3), ("b", 1e-3), ("c", 1e-2))}},
    ),
    "overfits": (
        {"train": falling(1.1, 0.05, 20), "val": [*falling(1, 0.5, 8), *np.linspace(0.5, 0.9, 12)]},
        {
            "train": falling(1.1, 0.05, 20),
            "val": [*falling(1, 0.5, 8), *np.linspace(0.5, 0.9, 12)],
            "kept_best": True,
        },
    ),
    "still-falling": ({"train": [1.0, 0.8, 0.6], "val": [0.9, 0.7, 0.5]}, GOOD),
    "underfits": (
        {"train": falling(1.1, 0.7, 20), "val": falling(1.1, 0.6, 20), "model": {"dropout": 0.9}},
        {"train": falling(1.1, 0.7, 20), "val": falling(1.1, 0.7, 20), "model": {"dropout": 0.2}},
    ),
    "stopped-in-the-noise": (
        {"train": [1.0, 0.9, 0.8, 0.7], "val": [0.9, 0.8, 0.83, 0.81], "patience": 2, "epochs": 99},
        {**GOOD, "patience": 2, "epochs": 99},
    ),
    "validation-below-training": (
        {"train": falling(1.1, 0.4, 20), "val": falling(1.0, 0.1, 20)},
        GOOD,
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_speaks_of_its_curve_and_is_silent_on_the_mended_one(rule):
    faulty, mended = CASES[rule]
    found = {finding.rule: finding for finding in diagnose(outcome(**faulty))}
    assert rule in found
    assert "nan" not in found[rule].message or rule == "diverged"
    assert rule not in {finding.rule for finding in diagnose(outcome(**mended))}
    assert rule not in {finding.rule for finding in diagnose(outcome(**faulty), silence=[rule])}


def test_every_rule_has_a_case():
    assert set(CASES) == {verdict.name for verdict in VERDICTS}


def test_a_good_training_has_no_findings():
    assert diagnose(outcome(**GOOD)) == []
    assert diagnose(outcome([0.5])) == []
    assert diagnose(outcome([])) == []


@pytest.mark.parametrize(
    ("epochs", "steps", "speaks"), [(1, 20, False), (1, 900, True), (3, 9, True)]
)
def test_after_a_few_steps_a_model_need_not_know_anything(epochs, steps, speaks):
    found = diagnose(outcome([1.01] * epochs, [1.02] * epochs, steps=steps))
    assert [finding.rule for finding in found] == ["knows-nothing"] * speaks


def test_of_a_training_that_diverged_only_that_is_said():
    found = diagnose(outcome([1.0, 50.0, np.inf], [1.0, 40.0, np.nan]))
    assert [finding.rule for finding in found] == ["diverged"]


def test_what_validation_below_training_is_due_to():
    curves = {"train": falling(1.1, 0.4, 20), "val": falling(1.0, 0.1, 20)}
    (plain,) = diagnose(outcome(**curves))
    assert "weights of classes or rows" in plain.message
    (dropped,) = diagnose(outcome(**curves, model={"noisy": ("Dropout",), "dropout": 0.5}))
    assert "Dropout acts in training only" in dropped.message
    assert dropped.severity == "note"


@pytest.mark.parametrize("share", [0.0, 0.9])
def test_what_a_model_shows_on_a_few_rows(share):
    import keras

    from kerastrain.losses.choosing import choose_loss

    random = np.random.default_rng(0)
    x, y = random.normal(size=(300, 4)).astype("float32"), random.integers(0, 3, size=300)
    bias = np.where(np.arange(10) < 10 * share, -100.0, 100.0)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(10, "relu"), keras.layers.Dropout(0.25),
         keras.layers.Dense(3, "softmax", kernel_regularizer="l2")]
    )  # fmt: skip
    model.layers[0].bias.assign(bias)
    before = [weight.copy() for weight in model.get_weights()]
    choice = choose_loss(y)
    seen = look_at_model(model, x, choice.encode(y), choice)
    assert dict(seen.dead)[model.layers[0].name] == pytest.approx(share)
    assert (seen.dropout, seen.noisy, seen.narrowest, seen.outputs) == (0.25, ("Dropout",), 10, 3)
    assert seen.penalty == pytest.approx(0.01 * np.sum(before[2] ** 2), rel=1e-5)
    rows = np.linspace(0, 299, 256).astype(int)
    answers = np.asarray(model(x[rows])).argmax(axis=1)
    assert seen.predicted == tuple(np.bincount(answers, minlength=3))
    assert seen.true == tuple(np.bincount(y[rows], minlength=3))
    assert [name for name, _ in seen.slopes] == [model.layers[0].name, model.layers[2].name]
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


ARGUMENT = re.compile(r"""(\w+)=("[^"]*"|kt\.adam\([^)]*\)|\d+|\["AUC"\])""")


def test_every_argument_that_a_fix_names_is_one_that_train_takes():
    import keras

    random = np.random.default_rng(0)
    x = random.normal(size=(80, 3)).astype("float32")
    y = np.where(x[:, 0] > 0, "a", "b")

    def build(choice):
        return keras.Sequential([keras.Input((3,)), *choice.last_layers()])

    fixes = [finding.fix for faulty, _ in CASES.values() for finding in diagnose(outcome(**faulty))]
    named = {pair for fix in fixes for pair in ARGUMENT.findall(fix) if pair[0] != "activation"}
    named = {(name, code) for name, code in named if name != "clipnorm"}
    assert {name for name, _ in named} >= {"optimizer", "epochs", "patience", "class_weight"}
    for name, code in named:
        given = {"epochs": 2, "validation_split": 0.2, "verbose": 0, "seed": 0}
        run = kt.train(build, x, y, **given | {name: eval(code, {"kt": kt})})
        assert len(run.history)


def test_classes_far_above_the_baseline_mean_a_rate_too_high_and_never_too_low():
    costs = np.linspace(6e5, 5e5, 9).tolist()
    classes = {"predicted": (30, 30), "true": (30, 30)}
    found = {f.rule: f for f in diagnose(outcome(costs, costs, model=classes, rate=1000.0))}
    assert "rate-too-high" in found
    assert "rate-too-low" not in found
    assert "kt.adam(0.001)" in found["rate-too-high"].fix
    # numeric targets of a large unit begin as far off, and come nearer too slowly
    assert "rate-too-low" in {f.rule for f in diagnose(outcome(costs, costs, rate=0.001))}


def test_no_advice_after_divergence_goes_above_the_usual_rate_of_adam():
    fix = diagnose(outcome([1.0, np.nan], rate=1000.0))[0].fix
    assert "kt.adam(0.001, clipnorm=1.0)" in fix
