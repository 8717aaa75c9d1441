"""train, check, find_learning_rate, predict and evaluate read the same labels in the same way."""

import warnings

import keras
import numpy as np
import pandas as pd
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow

SETS = list(kt.list_datasets()["name"])


def one_hot(y):
    return np.eye(len(np.unique(y)), dtype="float32")[np.unique(y, return_inverse=True)[1]]


CONTAINERS = {
    "as they are": lambda y: y,
    "a list": lambda y: y.tolist(),
    "names": lambda y: np.array([f"class {value}" for value in y], dtype=object),
    "ids from 0": lambda y: np.unique(y, return_inverse=True)[1],
    "ids from 1": lambda y: np.unique(y, return_inverse=True)[1] + 1,
    "one-hot": one_hot,
    "floats": lambda y: np.unique(y, return_inverse=True)[1].astype("float64"),
    "a frame": lambda y: pd.DataFrame({"label": y}),
    "a series": lambda y: pd.Series(y, index=np.arange(len(y)) + 7),
    "categories": lambda y: pd.Series(pd.Categorical(y)),
}


def own_loss(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(keras.ops.cast(y_true, y_pred.dtype) - y_pred))


NAMED = {
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "mean_squared_error": keras.losses.MeanSquaredError,
    "poisson": keras.losses.Poisson,
}
LOSSES = ("left out", "named", "object", "own function")


def data_of(name, container):
    data = kt.load_dataset(name)
    rows = np.random.default_rng(len(data.y)).permutation(len(data.y))[:80]
    y = np.asarray(data.y)[rows]
    if y.ndim > 1 and container not in ("as they are", "a list"):
        return None
    if len(np.unique(y)) > 30 and container in ("names", "one-hot", "categories"):
        return None
    x = np.asarray(data.x)[rows].astype("float32")
    x = (x - x.mean(0)) / (x.std(0) + 1e-6)
    return x, CONTAINERS[container](y)


def network(x, choice):
    layers = [keras.Input(x.shape[1:]), keras.layers.Dense(choice.units, choice.activation)]
    return keras.Sequential(layers)


def outcome(call):
    """What a call says of the labels: the name of its error, or nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call(), ""
        except kt.KerastrainError as error:
            return None, type(error).__name__


def the_doors_agree(x, y, form, loss):
    keras.utils.set_random_seed(0)
    choice, unlearnable = outcome(lambda: kt.choose_loss(y))
    if unlearnable:  # a number of its own in each row: named losses take it as it is
        choice = kt.choose_loss(y, task="regression")
    if isinstance(choice, dict):
        return
    given = {
        "left out": {},
        "named": {"loss": choice.loss},
        "object": {"loss": NAMED.get(choice.loss, keras.losses.MeanSquaredError)()},
        "own function": {"loss": own_loss},
    }[loss]

    def model():
        made = network(x, choice)
        if form == "a compiled model":
            made.compile("adam", choice.build_loss())
        if form == "a model that train trained":
            task = "regression" if unlearnable else None
            kt.train(made, x, y, epochs=1, verbose=0, check="off", task=task)
        return (lambda _: network(x, choice)) if form == "a function" else made

    silent = {"epochs": 1, "verbose": 0, "seed": 0}
    found = kt.check(model(), x, y, **given)
    errors = [finding for finding in found if finding.severity == "error"]
    run, raised = outcome(lambda: kt.train(model(), x, y, **given, **silent))
    assert bool(errors) == bool(raised), (raised, list(map(str, errors)))
    _, refused = outcome(lambda: kt.find_learning_rate(model(), x, y, **given, steps=10))
    assert refused in ("", "DataError", "LabelError", "LossError") if errors else refused == ""
    if run is None:
        return
    answers = run.predict(x)
    assert len(answers) == len(x)
    plain = np.asarray(pd.DataFrame(y).to_numpy() if hasattr(y, "iloc") else y)
    if choice.labels.traits.one_class and loss != "own function" and plain.ndim == 1:
        assert set(np.asarray(answers).ravel().tolist()) <= set(plain.ravel().tolist())
    scores = run.evaluate(x, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encoded = run.loss.encode(y) if run.loss else np.asarray(y)
        by_keras = run.model.evaluate(x, encoded, verbose=0, return_dict=True)
    assert scores["loss"] == pytest.approx(by_keras["loss"], rel=1e-5)


FORMS = ("a model", "a function", "a compiled model", "a model that train trained")
CASES = [(name, box) for name in SETS for box in CONTAINERS if data_of(name, box) is not None]
FEW = [("iris", box) for box in CONTAINERS] + [("fuel", "a list"), ("party", "names")]
FEW += [("party", "a series")]


@pytest.mark.parametrize(("name", "container"), FEW)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_doors_agree(name, container, loss):
    case = data_of(name, container)
    if case is not None:
        the_doors_agree(*case, FORMS[len(container + loss) % 4], loss)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "container"), CASES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_doors_agree_on_all_data_sets(name, container, form, loss):
    the_doors_agree(*data_of(name, container), form, loss)
