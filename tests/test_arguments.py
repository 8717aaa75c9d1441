import inspect
import random

import keras
import numpy as np
import pytest

import kerastrain as kt
from kerastrain.errors import KerastrainError

pytestmark = pytest.mark.tensorflow

VALUES = {
    "object": object(),
    "none": None,
    "negative": -1,
    "zero": 0,
    "nan": float("nan"),
    "huge": 10**30,
    "misspelt": "autoo",
    "dict": {"a": []},
}
FUNCTIONS = {
    name: getattr(kt, name)
    for name in (
        "train",
        "fit",
        "check",
        "compare",
        "find_learning_rate",
        "tune_optimizer",
        "sgd",
        "adam",
    )
}
DATA = ("x", "y", "sample_weight", "validation_data")
OPTIMIZERS = ("sgd", "adam")
X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
Y = np.where(X[:, 0] > 0, "yes", "no")


def rows(function):
    for name, argument in inspect.signature(FUNCTIONS[function]).parameters.items():
        if argument.kind is not inspect.Parameter.VAR_KEYWORD:
            for kind in VALUES:
                if kind != "dict" or name not in DATA:  # a dict of arrays may be data
                    yield function, name, kind


def arguments(function):
    if function in OPTIMIZERS:
        return {}
    if function in ("compare", "tune_optimizer"):
        few = {"candidates": ["binary_crossentropy", "mse"], "seeds": 2}
        few = few if function == "compare" else {"budget": 3}
        return {"build_model": build, "x": X.copy(), "y": Y.copy(), "epochs": 1, **few}
    model = build(None)
    y = Y.copy()
    if function == "fit":
        model.compile("sgd", "binary_crossentropy")
        y = (Y == "yes").astype("float32")
    few = {"steps": 10} if function == "find_learning_rate" else {"verbose": 0}
    return {"model": model, "x": X.copy(), "y": y, "epochs": 1, **few}


def build(choice):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])


def state(given):
    model = given.get("model")
    found = [random.getstate(), np.random.get_state()[1].tolist()]  # noqa: NPY002
    if isinstance(model, keras.Model):
        found += [model.compiled, [w.tolist() for w in model.get_weights()]]
    return repr(found)


def outcome(function, name, kind):
    """Give what a call does: the error, or None, and whether all is as before."""
    given = arguments(function)
    kept = dict(given)
    given[name] = VALUES[kind]
    before = state(kept), {n: kept[n].copy() for n in ("x", "y") if n in kept}
    try:
        result = FUNCTIONS[function](**given)
    except Exception as error:
        same = state(kept) == before[0]
        same = same and all(np.array_equal(kept[n], array) for n, array in before[1].items())
        return error, same
    return result, None


def quoted(value, message):
    if isinstance(value, dict) and ("'a'" in message or "[]" in message):  # the part that is wrong
        return True
    shown = repr(value)[:20]
    return shown in message or str(value) in message or type(value).__name__ in message


def judge(function, name, kind):
    """Say what is wrong with the outcome of a call; nothing where all is well."""
    result, same = outcome(function, name, kind)
    if not isinstance(result, Exception):
        return ""
    if not isinstance(result, KerastrainError):
        return f"raised {type(result).__name__}: {result}"
    if not same:
        return "changed the model, an array or a generator"
    if name in DATA:
        return ""
    problem = "" if name in str(result) else "does not name the argument; "
    return problem + ("" if quoted(VALUES[kind], str(result)) else "does not name the value")


def is_slow(function, name, kind):
    """Tell a call that trains, as None and 0 are often allowed, or that looks at a model."""
    if function in OPTIMIZERS:
        return False
    if function == "check":
        return kind not in ("object", "misspelt")
    return kind in ("none", "zero") or name == "checkpoint" or (name, kind) in TAKEN


TAKEN = {
    ("batch_size", "huge"),
    ("highest", "huge"),
    ("callbacks", "dict"),
    ("class_weight", "dict"),
}
ROWS = [row for function in FUNCTIONS for row in rows(function)]


FAST = [row for row in ROWS if not is_slow(*row)]


@pytest.mark.parametrize("row", FAST, ids="-".join)
def test_a_value_is_taken_or_refused_by_name(row):
    assert judge(*row) == ""


@pytest.mark.slow
@pytest.mark.parametrize("row", [r for r in ROWS if is_slow(*r)], ids="-".join)
def test_a_value_that_trains_is_taken_or_refused_by_name(row, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a checkpoint is written into the folder that it names
    assert judge(*row) == ""
