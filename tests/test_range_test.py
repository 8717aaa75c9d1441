"""The oracle is Keras: what `model.fit` gives without the range test, it gives after it."""

import random

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import kerastrain as kt
from kerastrain.range_test import find_learning_rate, suggest_rate

pytestmark = pytest.mark.tensorflow

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 4)).astype("float32")
AMOUNTS = (X @ np.array([[1.0], [-2.0], [0.5], [0.0]])).astype("float32")
NAMES = np.where(X[:, 0] > 0, "yes", "no")
SCHEDULE = keras.optimizers.schedules.CosineDecay(0.01, 100)


def build(optimizer=None, *, shape=(4,), units=1):
    keras.utils.set_random_seed(7)
    layers = [
        keras.layers.Dense(8, "relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(units),
    ]
    model = keras.Sequential([keras.Input(shape), *layers] if shape else layers)
    if optimizer:
        model.compile(optimizer, "mse", metrics=["mae"])
    return model


def fit_on(model):
    history = model.fit(X, AMOUNTS, epochs=2, shuffle=True, verbose=0).history
    return history, model.get_weights(), model.optimizer.variables


def draws():
    numpy = np.random.rand()  # noqa: NPY002 - the caller's own generator
    return random.random(), numpy, float(tf.random.uniform(())), float(keras.random.uniform(()))


@pytest.mark.parametrize("trained", [False, True])
def test_fit_after_the_test_gives_the_bits_that_it_gives_without(trained):
    results = []
    for tested in (False, True):
        model = build(keras.optimizers.Adam(SCHEDULE))
        if trained:
            fit_on(model)
        tf.random.set_seed(1)
        if tested:
            find_learning_rate(model, X, AMOUNTS)
        results.append((*fit_on(model), draws()))
    (history, weights, state, drawn), (history_after, weights_after, state_after, drawn_after) = (
        results
    )
    assert history == history_after
    for before, after in zip([*weights, *state], [*weights_after, *state_after], strict=True):
        np.testing.assert_array_equal(np.asarray(before), np.asarray(after))
    assert drawn == drawn_after


def test_a_model_without_weights_stays_without():
    model = build(shape=None)
    curve = find_learning_rate(model, X, AMOUNTS, loss="mse")
    assert not model.built
    assert not model.weights
    assert not model.compiled
    assert curve.suggestion > 0


def test_the_losses_are_those_of_keras_training_step_by_step():
    rates = np.geomspace(1e-4, 1.0, 10)
    inputs = np.tile(X[:1], (8, 1)), np.tile(AMOUNTS[:1], (8, 1))
    curve = find_learning_rate(
        (model := keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])),
        *inputs,
        loss="mse",
        optimizer="sgd",
        batch_size=8,
        lowest=1e-4,
        highest=1.0,
        steps=10,
    )
    model.compile(kt.sgd(), "mse")
    by_hand = []
    for rate in rates:
        model.optimizer.learning_rate = rate
        by_hand.append(model.train_on_batch(*inputs))
    assert curve.table["loss"].tolist() == pytest.approx(by_hand[: len(curve.table)], rel=1e-5)
    assert curve.table["learning_rate"].tolist() == pytest.approx(rates[: len(curve.table)])


def test_the_test_stops_when_the_loss_shoots_up():
    curve = find_learning_rate(build("sgd"), X, AMOUNTS * 100, highest=1e4)
    assert len(curve.table) < 100
    assert np.isfinite(curve.table["loss"]).all()
    assert curve.low <= curve.suggestion <= curve.high


def test_names_as_labels_and_an_uncompiled_model_are_understood():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])
    curve = find_learning_rate(model, pd.DataFrame(X), pd.Series(NAMES))
    p = model.predict(X, verbose=0)[:, 0]
    by_hand = -np.log(np.where(NAMES == "yes", p, 1 - p)).mean()  # over all rows
    assert curve.table["loss"].iloc[:20].mean() == pytest.approx(by_hand, rel=0.1)


class Doubled(keras.Model):
    """A subclass with a step of its own, that counts the loss twice."""

    def __init__(self, units):
        super().__init__()
        self.dense = keras.layers.Dense(units)

    def call(self, x):
        return self.dense(x["a"])

    def train_step(self, data):
        logs = super().train_step(data)
        return {"loss": 2 * logs["loss"]}


@pytest.mark.parametrize("built", [True, False])
def test_subclasses_and_their_own_steps_are_tested(built):
    model = Doubled(1)
    model.compile("adam", "mse")
    if built:
        model({"a": X[:2]})
    curve = find_learning_rate(model, {"a": X}, AMOUNTS)
    assert len(curve.table) > 10
    assert bool(model.weights) == built


@pytest.mark.parametrize("kind", ["tf.data", "weights", "eager", "lambda"])
def test_whatever_fit_takes_is_tested(kind):
    model = build(keras.optimizers.RMSprop(0.1))
    arguments = (X, AMOUNTS)
    settings = {}
    if kind == "tf.data":
        arguments = (tf.data.Dataset.from_tensor_slices((X, AMOUNTS)).batch(16),)
    if kind == "weights":
        settings["sample_weight"] = np.zeros(len(X))
    if kind == "eager":
        model.compile("adam", "mse", run_eagerly=True)
        settings["steps"] = 12
    if kind == "lambda":
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2), keras.layers.Dense(1)]
        )
    curve = find_learning_rate(model, *arguments, **settings)
    assert (curve.table["loss"] == 0).all() == (kind == "weights")


CURVE = pd.DataFrame(
    {"learning_rate": [0.01, 0.1, 1.0, 10.0], "smoothed_loss": [3.0, 2.0, 1.0, 5.0]}
)


@pytest.mark.parametrize(
    ("training_steps", "suggestion", "high", "words"),
    [
        (100, 0.5 * 1.11 / 100, 1.11 / 100, "half the distance"),  # 0.01 + 0.1 + 1.0 to the lowest
        (200, 0.5 * 1.11 / 200, 1.11 / 200, "in 200 steps"),
        (2, 0.1, 0.1, "a tenth of 1,"),  # so short a training would need a rate that diverges
    ],
)
def test_the_suggestion_goes_half_the_distance_of_the_test(training_steps, suggestion, high, words):
    seen, low, most, rule = suggest_rate(CURVE, training_steps)
    assert (seen, most) == pytest.approx((suggestion, high))
    assert low <= seen
    assert words in rule


def test_a_longer_training_gets_a_lower_rate():
    short, long = (find_learning_rate(build("adam"), X, AMOUNTS, epochs=n) for n in (100, 1000))
    assert short.table.equals(long.table)
    assert short.suggestion == pytest.approx(10 * long.suggestion)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"lowest": 1.0, "highest": 0.1}, "must rise"),
        ({"steps": 2}, "10 or more steps"),
    ],
)
def test_rates_that_do_not_rise_are_refused(arguments, words):
    with pytest.raises(kt.OptimizerError, match=words):
        find_learning_rate(build("adam"), X, AMOUNTS, **arguments)


def test_a_generator_is_refused_since_it_can_be_read_once():
    with pytest.raises(kt.DataError, match=r"tf\.data\.Dataset"):
        find_learning_rate(build("adam"), iter([(X, AMOUNTS)]))


def test_missing_values_are_named_as_the_cause():
    with pytest.raises(kt.DataError, match="missing or huge"):
        find_learning_rate(build("adam"), X * np.nan, AMOUNTS)


def test_train_takes_the_suggestion_and_says_why():
    run = kt.train(
        lambda choice: build(units=choice.units),
        X,
        AMOUNTS[:, 0],
        optimizer="auto",
        schedule="cosine",
        epochs=2,
        seed=1,
        verbose=0,
    )
    assert run.history.attrs["optimizer"].startswith("adam(")
    assert "lowest loss" in run.history.attrs["optimizer"]
    assert run.model.optimizer.get_config()["learning_rate"]["class_name"] == "CosineDecay"
    assert (
        f"adam({run.model.optimizer.get_config()['learning_rate']['config']['initial_learning_rate']:.3g})"
        in (run.history.attrs["optimizer"])
    )
