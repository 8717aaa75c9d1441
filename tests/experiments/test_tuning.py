"""The oracle is Keras: a trial is a training, and its numbers are those of Keras' own optimizer."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from forced_xla import compile_as_on_a_gpu

import kerastrain as kt
from kerastrain.experiments.tuning import _tunable_sgd, tune_optimizer

pytestmark = pytest.mark.tensorflow
compile_as_on_a_gpu()  # in worker processes too, which import this module

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 4)).astype("float32")
AMOUNTS = 10 + X @ np.array([4.0, -2.0, 0.5, 0.0])  # far from 0: too far for a rate of 0.001


def build(choice):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(choice.units)])


@pytest.fixture(scope="module")
def tuning():
    return tune_optimizer(build, X, AMOUNTS, budget=12, epochs=9, seed=1)


def test_the_winner_is_far_better_where_the_default_is_too_slow(tuning):
    assert tuning.gain.low > 0.5
    assert "below that of adam(0.001)" in str(tuning)
    assert tuning.scores.iloc[:, 0].min() > tuning.scores.dropna(axis=1).iloc[:, 1:].max().min()


def test_a_winner_builds_a_fresh_keras_optimizer(tuning):
    optimizer = tuning.optimizer()
    assert type(optimizer) in (keras.optimizers.SGD, keras.optimizers.Adam)
    assert optimizer is not tuning.optimizer()
    row = tuning.table[tuning.table["best"]].iloc[0]
    assert row["optimizer"] == tuning.name
    assert row["learning_rate"] == tuning.best["learning_rate"]


def test_the_better_trials_get_more_epochs(tuning):
    table = tuning.table
    assert len(table) == 12
    assert sorted(set(table["epochs"])) == [1, 3]
    assert (table["epochs"] == 3).sum() == 6
    assert table["epochs"].is_monotonic_decreasing
    first = table[table["epochs"] == 3]
    assert first["val_loss"].is_monotonic_increasing


def test_equal_seeds_give_equal_tunings(tuning):
    again = tune_optimizer(build, X, AMOUNTS, budget=12, epochs=9, seed=1)
    assert again.table.equals(tuning.table)
    assert again.scores.equals(tuning.scores)


def two_ends(choice):
    inputs = {name: keras.Input((4,), name=name) for name in ("a", "b")}
    hidden = keras.layers.Concatenate()(list(inputs.values()))
    ends = {
        name: keras.layers.Dense(one.units, one.activation, name=name)(hidden)
        for name, one in choice.items()
    }
    return keras.Model(inputs, ends)


def not_built_yet(choice):
    return keras.Sequential([keras.layers.Dense(choice.units, choice.activation)])


NAMES = np.where(X[:, 0] > 0, "yes", "no")


@pytest.mark.parametrize(
    ("build_model", "x", "y"),
    [
        (two_ends, {"a": X, "b": X}, {"amount": AMOUNTS, "name": NAMES}),
        (not_built_yet, X, NAMES),
    ],
    ids=["several inputs and outputs", "names, and a model that is not built"],
)
def test_whatever_train_takes_is_tuned_and_the_callers_generators_stay(build_model, x, y):
    drawn = []
    for tuned in (False, True):
        keras.utils.set_random_seed(3)
        if tuned:
            tuning = tune_optimizer(build_model, x, y, budget=4, epochs=2)
            assert tuning.scores.iloc[:, 0].notna().all()
        drawn.append((np.random.rand(), float(keras.random.uniform(()))))  # noqa: NPY002
    assert drawn[0] == drawn[1]


SHARED = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])


@pytest.mark.parametrize(
    ("build_model", "data", "words"),
    [
        (lambda choice: SHARED, (X, AMOUNTS), "a new model each time"),
        (lambda choice: None, (X, AMOUNTS), "must return a Keras model"),
        (build, (tf.data.Dataset.from_tensor_slices((X, AMOUNTS)), None), "x and y as arrays"),
    ],
)
def test_what_trials_cannot_start_from_is_refused(build_model, data, words):
    with pytest.raises(kt.DataError, match=words):
        tune_optimizer(build_model, *data, budget=3, epochs=2)


def test_noise_is_left_to_the_default():
    noise = RANDOM.integers(0, 2, len(X))
    tuning = tune_optimizer(
        lambda choice: keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(choice.units, choice.activation)]
        ),
        X,
        noise,
        ("adam",),
        budget=6,
        epochs=3,
    )
    assert tuning.name == "adam"
    if tuning.gain.mean == 0:
        assert tuning.best == {"learning_rate": 0.001}
        assert "no trial was clearly better" in str(tuning)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_momentum_as_a_variable_gives_the_numbers_of_keras_sgd(momentum):
    weights = []
    for optimizer in (keras.optimizers.SGD(0.05, momentum), _tunable_sgd()):
        if hasattr(optimizer, "tuned_momentum"):
            optimizer.tuned_momentum.assign(momentum)
            optimizer.learning_rate = 0.05
        w = keras.Variable([1.0, -2.0])
        optimizer.build([w])
        for _ in range(5):
            optimizer.apply([2 * w.value], [w])
        weights.append(keras.ops.convert_to_numpy(w))
    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"optimizers": ("rmsprop",)}, kt.OptimizerError, "must name sgd, adam or both"),
        ({"optimizers": "adam"}, kt.OptimizerError, r"Pass \('adam',\)"),
        ({"budget": 2}, kt.DataError, "budget must be .* from 3 to 10000, but it is 2"),
        ({"epochs": 0}, kt.DataError, "epochs must be .* of 1 or more, but it is 0"),
        ({"validation_split": 0}, kt.DataError, "validation_split must .* 0"),
        ({"executor": "threads"}, kt.DataError, "executor must be .* but it is 'threads'"),
    ],
)
def test_what_cannot_be_tuned_is_refused(settings, error, words):
    with pytest.raises(error, match=words):
        tune_optimizer(build, X, AMOUNTS, **settings)


@pytest.mark.process
def test_worker_processes_give_the_bits_of_the_serial_run(tuning):
    loky = pytest.importorskip("loky")
    settings = {"budget": 12, "epochs": 9, "seed": 1}
    again = tune_optimizer(build, X, AMOUNTS, executor=loky.get_reusable_executor(2), **settings)
    assert again.table.equals(tuning.table)
    assert again.scores.equals(tuning.scores)


@pytest.mark.parametrize(("builds", "seeds", "trials"), [(3, 0, 2), (8, 4, 4)])
def test_ctrl_c_keeps_what_is_done(builds, seeds, trials):
    built = []

    def build_model(choice):
        built.append(choice)
        if len(built) == builds:
            raise KeyboardInterrupt
        return build(choice)

    tuning = tune_optimizer(build_model, X, AMOUNTS, budget=4, epochs=3)
    assert str(tuning).startswith("Interrupted. ")
    assert len(tuning.scores) == seeds
    assert (tuning.table["epochs"] > 0).sum() == trials
    built[:] = [None] * (builds - 1)  # at once
    with pytest.raises(KeyboardInterrupt):
        tune_optimizer(build_model, X, AMOUNTS, budget=4, epochs=3)
