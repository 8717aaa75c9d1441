"""The fix of each finding is code that runs: pasted, it ends the finding.

A fix is read as a learner reads it: arguments are passed, statements on x and y are run, layers
take the place of the last one. Where it names a part of the model or of the data that only its
author knows, it stands in `BY_HAND` with the reason.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from rule_pairs import MORE, PAIRS
from set_ups import WRONG

import kerastrain as kt
from kerastrain.checks import check

pytestmark = pytest.mark.tensorflow

NAMES = {"keras": keras, "kt": kt, "np": np, "pd": pd, "tf": tf, "one_hot": kt.one_hot}
NAMES |= {
    name: getattr(keras.layers, name)
    for name in ("Dense", "Conv1D", "Dropout", "Embedding", "Softmax")
}
NAMES |= {n: getattr(keras.callbacks, n) for n in dir(keras.callbacks) if n[0].isupper()}
ARGUMENT = re.compile(
    r"\b(loss|optimizer|metrics|epochs|batch_size|class_weight|sample_weight|loss_weights|"
    r"validation_split|validation_data|mode|monitor|start_from_epoch|learning_rate|weight_decay|clipnorm)\s?=(?!=)\s?"
)
CASES = [(case[0], case[2]) for case in WRONG]
CASES += [(rule, pair[0]) for rule, pair in PAIRS.items()] + MORE
LAYER = re.compile(r"\b((?:keras\.layers\.)?(?:Dense|Conv1D|Dropout|Embedding|Softmax)\()")


def longest(text: str) -> str:
    """Give the longest start of a text that is an expression in Python."""
    text = re.split(r", or |\. |, in the|, and | with | without ", text)[0]
    for end in range(len(text), 0, -1):
        code = text[:end].strip().rstrip(".,;")
        try:
            ast.parse(code, mode="eval")
        except SyntaxError:
            continue
        return code
    return ""


def ended(model: Any, layer: Any = None, activation: str | None = None) -> Any:
    """Give the model another last layer."""
    *inner, last = model.layers
    while inner and not getattr(last, "units", None):  # an activation, a dropout
        *inner, last = inner
    units = None if layer is None else getattr(layer, "units", None)
    new = keras.layers.Dense(
        last.units if units in (None, Ellipsis) else units,
        activation=activation or (last.activation if layer is None else layer.activation),
    )
    out = inner[-1].output if inner else model.inputs[0]
    return keras.Model(model.inputs, new(out))


def cloned(model: Any, code: str) -> Any:
    """Give all layers of a kind, as in `Dropout(0.2)`, other settings."""
    call = ast.parse(code, mode="eval").body
    assert isinstance(call, ast.Call)
    name = ast.unparse(call.func).split(".")[-1]
    kind = getattr(keras.layers, name)
    names = list(inspect.signature(kind).parameters)
    given = dict(zip(names, call.args, strict=False)) | {k.arg: k.value for k in call.keywords}
    known = {k: ast.literal_eval(v) for k, v in given.items() if ast.unparse(v) != "..."}

    def clone(layer: Any) -> Any:
        config = layer.get_config()
        return type(layer).from_config(config | known if type(layer) is kind else config)

    return keras.models.clone_model(model, clone_function=clone)


def called(callbacks: Any, **changed: Any) -> list[Any]:
    """Make callbacks anew with other settings."""
    made = []
    for one in callbacks if isinstance(callbacks, list) else [callbacks]:
        known = [n for n in inspect.signature(type(one).__init__).parameters if n in vars(one)]
        known = [n for n in known if n not in ("baseline", "options", "save_freq")]
        made.append(type(one)(**{n: getattr(one, n) for n in known} | changed))
    return made


def by_argument(fix: str, model: Any, given: dict[str, Any], scope: Any) -> dict[str, Any]:
    """Read the arguments that a fix passes."""
    own = given.get("optimizer") or getattr(model, "optimizer", None) or "adam"
    found: dict[str, Any] = {}
    for match in ARGUMENT.finditer(fix):
        name = match[1]
        try:
            value = eval(longest(fix[match.end() :]), dict(scope))
        except Exception:  # words, or an example with names that only its author knows
            continue
        if name in ("mode", "monitor", "start_from_epoch"):
            value, name = called(given["callbacks"], **{name: value}), "callbacks"
        elif name in ("learning_rate", "weight_decay", "clipnorm"):
            config = keras.optimizers.get(own).get_config() | {name: value}
            value, name = type(keras.optimizers.get(own)).from_config(config), "optimizer"
        found.setdefault(name, value)
    if "Drop from_logits" in fix:
        config = given["loss"].get_config() | {"from_logits": False}
        found["loss"] = type(given["loss"]).from_config(config)
    for code in re.findall(r"\b(?:EarlyStopping|ModelCheckpoint|ReduceLROnPlateau)\(.*\)", fix):
        found["callbacks"] = [eval(code, dict(scope))]
    return found


def by_layers(fix: str, model: Any, y: Any, scope: Any) -> Iterator[Any]:
    """Read the layers that a fix names: the last one, or all of a kind."""
    for match in LAYER.finditer(fix):
        with contextlib.suppress(Exception):  # the example is of another place in the model
            code = longest(fix[match.start() :])
            yield ended(model, eval(code.replace("...", "4"), dict(scope)))
        with contextlib.suppress(Exception):
            yield cloned(model, longest(fix[match.start() :]))
    kinds = re.findall(r"activation='(\w+)'", fix)
    if "without activation" in fix or "Leave the last activation out" in fix:
        kinds.append("linear")
    for kind in kinds:
        with contextlib.suppress(Exception):
            yield ended(model, activation=kind)
    if "last_layers()" in fix:
        ends = keras.Sequential(kt.choose_loss(y).last_layers())
        yield keras.Model(model.inputs, ends(model.layers[-2].output))


def by_statement(fix: str, scope: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Run the statements and expressions in a fix; give the names as they are then."""
    for part in re.split(r"(?:: |, or |\. |^)", fix):
        code = re.sub(r"^(Pass|Use) |\.$", "", part.strip())
        after = dict(scope)
        try:
            tree = ast.parse(code)
            if isinstance(tree.body[0], ast.Expr):
                names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
                after["y" if "y" in names else "x"] = eval(code, after)
            else:
                exec(code, after)
        except Exception:  # words between the code
            continue
        yield after


def mended(found: Any, model: Any, x: Any, y: Any, given: dict[str, Any]) -> Iterator[Any]:
    """Read a fix in each way in which it can be pasted."""
    fix, where = found.fix, found.where
    scope = {**NAMES, "x": x, "y": y, "model": model, "data": x, **given}
    scope |= {"weights": given.get("class_weight"), "rate": 0.001, "n": min(map(_length, (x, y)))}
    for name in re.findall(r"[Ll]eave (\w+) out", fix):
        yield model, x, None if name == "y" else y, {k: v for k, v in given.items() if k != name}
    settings = by_argument(fix, model, given, scope)
    for name, value in settings.items():
        yield model, x, y, {**given, name: value}
        yield model, x, y, {k: v for k, v in given.items() if k != where} | {name: value}
    for new in by_layers(fix, model, y, scope):
        yield new, x, y, given
        yield new, x, y, {**given, **settings}
    for after in by_statement(fix, scope):
        x_new = after["x"] if after["data"] is x else after["data"]
        known = {k: after[k] for k in given if k in after}
        yield after["model"], x_new, after["y"], {**given, **known}
        yield after["model"], x_new, after["y"], {**given, **settings}


def _length(data: Any) -> int:
    return len(data) if isinstance(data, np.ndarray | pd.DataFrame | pd.Series) else 0


# What a fix cannot say as code for everybody, and why.
INSIDE = "it is inside the model: the layer is to be written anew by its author"
OWN = "it is inside a function or a class of the user's own"
DATA = "only the author knows how the data came about, or which rows belong together"
BY_HAND = {
    "out-of-reach": INSIDE, "softmax-axis": INSIDE,
    "no-probabilities": INSIDE, "softmax-twice": INSIDE, "all-linear": INSIDE, "label-shape": DATA,
    "dropout-last": INSIDE, "squashed-scores": INSIDE, "dead-start": INSIDE, "input-fits": INSIDE,
    "lost-gradient": INSIDE, "tiny-inputs": INSIDE, "heavy-regularizer": INSIDE, "one-class": DATA,
    "two-activations": INSIDE,
    "loss-upside-down": OWN, "loss-not-finite": OWN, "keras-raises": OWN, "file-name": OWN,
    "schedule-length": OWN, "learning-rate-low": OWN, "batch-form": OWN, "unknown-shape": OWN,
    "binary-range": DATA, "label-range": DATA, "no-gradient": OWN, "learning-rate-high": OWN,
    "vanishing-gradient": INSIDE, "callback-object": "what is to be watched",
    "loss-missing": "which part goes where", "backup-not-whole": "it is another function",
    "two-schedulers": "which of the two is meant", "parts-matched": "which part goes where",
    "class-weight-place": "which output the weights are of",
    "labels-missing": DATA, "constant-input": DATA, "rows-paired": DATA, "sample-weight-form": DATA,
    "validation-form": DATA, "validation-scale": DATA, "validation-is-training": DATA,
    "validation-copies": DATA, "target-in-inputs": DATA, "sorted-rows": DATA, "endless": DATA,
    "empty-data": DATA, "label-overflow": DATA, "label-reading": "the message holds the code",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
def test_a_pasted_fix_ends_the_finding(case: tuple[str, Any]) -> None:
    rule, build = case
    keras.utils.set_random_seed(0)
    model, x, y, given = build()
    before = check(model, x, y, **given)
    found = [finding for finding in before if finding.rule == rule]
    for new in mended(found[0], model, x, y, given):
        after = check(*new[:3], **new[3])
        fresh = {f.rule for f in after if f.severity == "error"} - {f.rule for f in before}
        if not fresh and rule not in {f.rule for f in after}:
            return
    assert rule in BY_HAND, found[0].fix


IN_TRAIN = [case for case in CASES if case[0] not in ("endless", "endless-validation")]


@pytest.mark.slow
@pytest.mark.parametrize("case", IN_TRAIN, ids=[f"{i}-{c[0]}" for i, c in enumerate(IN_TRAIN)])
def test_a_pasted_fix_runs_in_train(
    case: tuple[str, Any], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # checkpoints are written
    rule, build = case
    keras.utils.set_random_seed(0)
    model, x, y, given = build()
    if y is None:  # a data set may have no end, and train takes no steps_per_epoch
        return
    if getattr(model, "loss", None) == "mse" and model.output_shape[-1] == 4:
        return  # the loss that was set later fits no ids, so that nothing can train on it
    takes = set(kt.train.__kwdefaults__)

    def told(model: Any, x: Any, y: Any, given: dict[str, Any]) -> set[str]:
        chosen = {k: v for k, v in given.items() if k in takes} | {"epochs": 1, "verbose": 0}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = kt.train(model, x, y, check="warn", seed=0, **chosen)
        return {finding.rule for finding in run.findings}

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            kt.train(model, x, y, **{k: v for k, v in given.items() if k in takes})
        except kt.CheckError as error:
            found = [finding for finding in error.findings if finding.rule == rule]
        except kt.KerastrainError:
            return  # train refuses it in words of its own
        else:
            found = []  # a warning, whose fix is that of check
    for new in mended(found[0], *build()) if found else ():
        try:
            if rule not in told(*new):
                return
        except Exception:  # one of several ways to read it
            continue
    assert not found or rule in BY_HAND, found[0].fix
