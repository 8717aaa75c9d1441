"""The oracle is Keras: what `model.fit` gives without the range test, it gives after it."""

import random

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import kerastrain as kt
from kerastrain.optimizers.range_test import find_learning_rate, suggest_rate

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
    model.compile("adam", "mse")
    compiled = find_learning_rate(model, X, AMOUNTS)
    assert not model.built
    for table in (curve.table, compiled.table):  # other initial weights, but it learns
        assert table["val_loss"].min() < 0.5 * table["val_loss"].iloc[0]


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
        model.reset_metrics()  # Keras before 3.15 gives the mean of all batches so far
        by_hand.append(float(model.train_on_batch(*inputs)))
    assert curve.table["loss"].tolist() == pytest.approx(by_hand[: len(curve.table)], rel=1e-5)
    assert curve.table["learning_rate"].tolist() == pytest.approx(rates[: len(curve.table)])
    # all rows are equal here, so that those held out have the loss of the others
    assert curve.table["val_loss"].tolist() == pytest.approx(curve.table["loss"], rel=1e-5)


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
    {
        "learning_rate": [0.01, 0.1, 1.0, 10.0],
        "smoothed_loss": [3.0, 2.0, 1.0, 5.0],
        "val_loss": [3.0, 2.0, 2.1, 5.0],
    }
)


@pytest.mark.parametrize(
    ("curve", "training_steps", "suggestion", "words"),
    [
        # 0.01 + 0.1 to the lowest loss of the held-out rows, which is that of 1.1 steps of 0.1
        (CURVE, 100, 0.1 * (1.1 / 100) ** 0.8, "validation rows was lowest"),
        (CURVE, 200, 0.1 * (1.1 / 200) ** 0.8, "in 200 steps as far"),
        (CURVE.assign(val_loss=np.nan), 100, (1.11 / 100) ** 0.8, "batches was lowest"),
        (CURVE, 2, 0.05, "half of 0.1,"),  # so short a training would need a rate that diverges
    ],
)
def test_the_suggestion_leads_as_far_as_the_test_had_come(curve, training_steps, suggestion, words):
    seen, low, high, rule = suggest_rate(curve, training_steps)
    assert seen == pytest.approx(suggestion)
    assert low <= seen <= high <= 2 * seen
    assert words in rule


def test_rows_that_are_learnt_by_heart_get_a_low_rate():
    random = np.random.default_rng(1)
    x, noise = random.normal(size=(120, 20)), random.integers(0, 2, 120)
    rates = []
    for y in (noise, (x[:, 0] > 0).astype(int)):
        layers = [keras.layers.Dense(64, "relu"), keras.layers.Dense(1, "sigmoid")]
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((20,)), *layers])
        rates.append(find_learning_rate(model, x.astype("float32"), y).suggestion)
    assert rates[0] < 0.5 * rates[1]


def test_a_longer_training_gets_a_lower_rate():
    short, long = (find_learning_rate(build("adam"), X, AMOUNTS, epochs=n) for n in (100, 1000))
    assert short.table.equals(long.table)
    assert short.suggestion == pytest.approx(10**0.8 * long.suggestion)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"lowest": 1.0, "highest": 0.1}, "highest must be a number above 1, but it is 0.1"),
        ({"steps": 2}, "steps must be a whole number from 10"),
    ],
)
def test_rates_that_do_not_rise_are_refused(arguments, words):
    with pytest.raises(kt.OptimizerError, match=words):
        find_learning_rate(build("adam"), X, AMOUNTS, **arguments)


def test_a_generator_is_refused_since_it_can_be_read_once():
    with pytest.raises(kt.DataError, match=r"tf\.data\.Dataset"):
        find_learning_rate(build("adam"), iter([(X, AMOUNTS)]))


@pytest.mark.parametrize("name", ["x", "y", "sample_weight"])
def test_missing_values_are_named_as_the_cause(name):
    data = {"x": X, "y": AMOUNTS, "sample_weight": np.ones(len(X))}
    data[name] = np.where(np.arange(len(X)) % 2, np.nan, data[name].T).T
    with pytest.raises((kt.DataError, kt.LabelError), match=f"{name} (must hold|is missing)"):
        find_learning_rate(build("adam"), **data)


class Noisy(keras.utils.PyDataset):
    """Batches with noise from a generator of its own."""

    def __init__(self):
        super().__init__()
        self.random = np.random.default_rng(5)

    def __len__(self):
        return 5

    def __getitem__(self, i):
        rows = slice(16 * i, 16 * i + 16)
        return X[rows] + self.random.normal(size=(16, 4)).astype("float32"), AMOUNTS[rows]


class TwoOptimizers(keras.Model):
    """A step of its own, with an optimizer and counts that `compile` does not know."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.second = keras.optimizers.Adam(0.01)
        self.mean = keras.metrics.Mean(name="mean")
        self.steps = tf.Variable(0.0)

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = self.compute_loss(data[0], data[1], self(data[0], training=True))
        gradients = tape.gradient(loss, self.trainable_weights)
        self.second.apply(gradients, self.trainable_weights)
        self.steps.assign_add(1.0)
        self.mean.update_state(loss)
        return {"loss": loss, "mean": self.mean.result()}


def two_ends():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    hidden = keras.layers.Dense(8, "relu")(keras.layers.Concatenate()([a, b]))
    ends = {
        "amount": keras.layers.Dense(1, name="amount")(hidden),
        "name": keras.layers.Dense(1, "sigmoid", name="name")(hidden),
    }
    model = keras.Model({"a": a, "b": b}, ends)
    model.compile("adam", {"amount": "mse", "name": "binary_crossentropy"})
    return model


def half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return build("adam")
    finally:
        keras.config.set_dtype_policy("float32")


def two_optimizers(*, built=True):
    model = TwoOptimizers()
    model.compile("adam", "mse")
    if built:
        model(X)
    return model


def sequences():
    kinds = tf.TensorSpec((None, None), "int32"), tf.TensorSpec((None, 1), "float32")
    return tf.data.Dataset.from_generator(
        lambda: ((np.ones((8, 3 + i % 3), int), np.ones((8, 1))) for i in range(6)),
        output_signature=kinds,
    )


def reader():
    layers = [keras.layers.Embedding(5, 4), keras.layers.GlobalAveragePooling1D()]
    model = keras.Sequential([keras.Input((None,)), *layers, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


SET_UPS = {
    "two inputs and outputs": (
        two_ends,
        lambda: ({"a": X, "b": X}, {"amount": AMOUNTS, "name": (NAMES == "yes") * 1}),
    ),
    "a data set that shuffles": (
        lambda: build("adam"),
        lambda: (tf.data.Dataset.from_tensor_slices((X, AMOUNTS)).shuffle(90).batch(16),),
    ),
    "batches with noise": (lambda: build("adam"), lambda: (Noisy(),)),
    "half precision": (half_precision, lambda: (X, AMOUNTS)),
    "two optimizers": (two_optimizers, lambda: (X, AMOUNTS)),
    "a copy that shares what is no layer": (
        lambda: two_optimizers(built=False),
        lambda: (X, AMOUNTS),
    ),
    "sequences of differing length": (reader, lambda: (sequences(),)),
    "data frames": (lambda: build("adam"), lambda: (pd.DataFrame(X), pd.Series(AMOUNTS[:, 0]))),
}


@pytest.mark.parametrize("name", SET_UPS)
def test_fit_gives_the_same_numbers_after_a_test_of(name):
    make, load = SET_UPS[name]
    results = []
    for tested in (False, True):
        keras.utils.set_random_seed(7)
        model, data = make(), load()
        tf.random.set_seed(1)
        if tested:
            assert find_learning_rate(model, *data).suggestion > 0
        history = model.fit(*data, verbose=0).history
        variables = [np.asarray(v).tolist() for v in model.variables + model.optimizer.variables]
        results.append((history, variables, draws(), float(getattr(model, "steps", 0.0))))
    assert results[0] == results[1]


def test_names_of_one_output_among_several_are_encoded():
    curve = find_learning_rate(two_ends(), {"a": X, "b": X}, {"amount": AMOUNTS, "name": NAMES})
    assert curve.table["loss"].notna().all()


def test_a_step_that_answers_without_a_loss_is_refused():
    model = two_optimizers()
    model.train_step = lambda data: {"mean": 1.0}
    with pytest.raises(kt.DataError, match="must answer with a loss, but got"):
        find_learning_rate(model, X, AMOUNTS)


@pytest.mark.parametrize("labels", [NAMES, (NAMES == "yes") + 1], ids=["names", "1 and 2"])
def test_a_model_that_was_trained_on_the_users_labels_is_tested_on_them_too(labels):
    run = kt.train(build(units=2), X, labels, epochs=1, verbose=0)
    assert find_learning_rate(run.model, X, labels).suggestion > 0


def test_where_the_loss_stays_low_for_long_the_first_such_rate_counts():
    rates = np.geomspace(1e-4, 10, 100)
    table = pd.DataFrame({"learning_rate": rates, "val_loss": np.where(rates < 0.01, 1.0, 0.1)})
    table.loc[99, "val_loss"] = 0.0999  # by chance a little lower, at a rate of 10
    suggestion, _, high, _ = suggest_rate(table.assign(smoothed_loss=0.0), 500)
    assert suggestion <= high < 0.02


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
    assert "validation rows was lowest" in run.history.attrs["optimizer"]
    assert run.model.optimizer.get_config()["learning_rate"]["class_name"] == "CosineDecay"
    assert (
        f"adam({run.model.optimizer.get_config()['learning_rate']['config']['initial_learning_rate']:.3g})"
        in (run.history.attrs["optimizer"])
    )
