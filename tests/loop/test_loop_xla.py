"""The fast loop under XLA: where Keras sets `jit_compile=True` itself, or the rule chooses it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as L  # noqa: N812

import kerastrain as kt

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6)).astype("float32")
WORDS = RNG.integers(0, 20, (40, 5))
SERIES = RNG.normal(size=(40, 5, 3)).astype("float32")
IMAGES = RNG.normal(size=(40, 8, 8, 2)).astype("float32")

STACKS = {
    "dense": (X, [L.Dense(4, "relu")]),
    "embedding and LSTM": (WORDS, [L.Embedding(20, 4), L.LSTM(4)]),
    "embedding and GRU": (WORDS, [L.Embedding(20, 4), L.GRU(4)]),
    "masked embedding and LSTM": (WORDS, [L.Embedding(20, 4, mask_zero=True), L.LSTM(4)]),
    "LSTM on LSTM": (SERIES, [L.LSTM(4, return_sequences=True), L.LSTM(4)]),
    "dense and GRU": (SERIES, [L.Dense(4), L.GRU(4)]),
    "dense and SimpleRNN": (SERIES, [L.Dense(4), L.SimpleRNN(4)]),
    "bidirectional": (SERIES, [L.Dense(4), L.Bidirectional(L.LSTM(4))]),
    "dilated Conv1D": (SERIES, [L.Conv1D(4, 2, dilation_rate=2), L.GlobalMaxPooling1D()]),
    "dilated Conv2D": (IMAGES, [L.Conv2D(4, 3, dilation_rate=2), L.GlobalMaxPooling2D()]),
    "Conv2D": (IMAGES, [L.Conv2D(4, 3, strides=2), L.BatchNormalization(), L.Flatten()]),
    "category encoding": (WORDS, [L.CategoryEncoding(20)]),
}


def made(stack, *, jit_compile=True, loss="mse", head=None, **compiled):
    """Build a model of fresh copies of some layers, with the same weights each time."""
    keras.utils.set_random_seed(1)
    copies = [type(layer).from_config(layer.get_config()) for layer in stack]
    model = keras.Sequential([*copies, head or L.Dense(1, name="head")])
    model.compile("sgd", loss, jit_compile=jit_compile, **compiled)
    return model


@pytest.mark.parametrize("rows", [10, 32, 40], ids=["fewer than a batch", "one batch", "more"])
@pytest.mark.parametrize("stack", STACKS)
def test_what_model_fit_trains_under_xla_the_loop_trains_with_the_same_numbers(stack, rows):
    x, layers = STACKS[stack]
    x, y = x[:rows], X[:rows, :1]
    options = {"epochs": 2, "shuffle": False, "validation_data": (x[:7], y[:7])}
    expected = made(layers).fit(x, y, verbose=0, **options).history
    history = kt.fit(made(layers), x, y, **options)
    assert "jit_compile=True" in history.attrs["loop"] or stack == "category encoding"
    for split, name in (("train", "loss"), ("val", "val_loss")):
        losses = history.loc[history["split"] == split, "loss"]
        np.testing.assert_allclose(losses, expected[name], rtol=1e-5)


def test_a_step_that_xla_cannot_take_runs_as_a_graph_and_the_history_says_why():
    x, layers = STACKS["category encoding"]
    model = made(layers)
    for _ in range(2):
        assert "constant" in kt.fit(model, x, X[:, :1]).attrs["loop"]


def softmax_of_three(stack, x, y, **options):
    model = made(stack, loss="sparse_categorical_crossentropy", head=L.Dense(3, "softmax"))
    return kt.fit(model, x, y, **options)


IDS = RNG.integers(0, 3, 40)
OUT_OF_RANGE = {
    "a class id above": lambda: (X, changed(IDS, 7)),
    "a class id below 0": lambda: (X, changed(IDS, -1)),
    "a class id as a float": lambda: (X, changed(IDS, 3).astype("float32")),
    "a word above": lambda: (changed(WORDS, 25), IDS),
    "a word far below 0": lambda: (changed(WORDS, -21), IDS),  # -1 is the last, as in Keras
    "a word as a float": lambda: (changed(WORDS, 20).astype("float32"), IDS),
}


def changed(array, value):
    array = array.copy()
    array[23, ...] = value
    return array


@pytest.mark.parametrize("case", OUT_OF_RANGE)
def test_an_id_out_of_range_is_no_silent_nan_in_training_and_in_validation(case):
    x, y = OUT_OF_RANGE[case]()
    stack = [L.Dense(4)] if x is X else [L.Embedding(20, 4), L.Flatten()]
    good = (X if x is X else WORDS, IDS)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"is not in \[|valid range"):
        softmax_of_three(stack, x, y)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"is not in \[|valid range"):
        softmax_of_three(stack, *good, validation_data=(x, y))
    assert np.isfinite(softmax_of_three(stack, *good)["loss"]).all()


def test_a_class_that_the_loss_ignores_is_no_id_out_of_range():
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    model = made([L.Dense(4)], loss=loss, head=L.Dense(3, "softmax"))
    assert np.isfinite(kt.fit(model, X, changed(IDS, -1))["loss"]).all()


class Asserting(L.Layer):
    def call(self, x):
        tf.debugging.assert_less(x, 50.0, "too large")
        return x


class CheckingNumbers(L.Layer):
    def call(self, x):
        return tf.debugging.check_numerics(x, "a number is missing")


@pytest.mark.parametrize("layer", [Asserting, CheckingNumbers])
@pytest.mark.parametrize("jit_compile", [True, False])
def test_what_a_layer_asserts_is_not_left_out(layer, jit_compile):
    model = made([layer(), L.Dense(4)], jit_compile=jit_compile)
    history = kt.fit(model, X, X[:, :1], epochs=3000 if not jit_compile else 1)
    assert history.attrs["loop"].startswith("graph")
    assert "checks values" in history.attrs["loop"]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"too large|is missing"):
        kt.fit(model, changed(X, 1e9 if layer is Asserting else np.nan), X[:, :1])


def two_outputs(jit_compile):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6,))
    outputs = {"a": L.Dense(1, name="a")(inputs), "b": L.Dense(1, name="b")(inputs)}
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=jit_compile)
    return model


@pytest.mark.parametrize("batch_size", [8, 20, 32, 64])
def test_losses_of_several_outputs_are_those_of_model_fit_in_each_mode(batch_size):
    # Keras weighs batches by their size where it knows it while tracing: in a partial batch a row
    # counts as much as a whole batch does elsewhere. `fit` gives its numbers, in each mode.
    y = {"a": X[:, :1] * 100, "b": np.r_[np.zeros((32, 1)), np.full((8, 1), 50.0)]}
    options = {"batch_size": batch_size, "shuffle": False, "validation_data": (X[:12], {
        name: values[-12:] for name, values in y.items()})}  # fmt: skip
    expected = two_outputs(False).fit(X, y, verbose=0, **options).history
    for loop in ("graph", "xla-step", "xla-loop"):
        history = kt.fit(two_outputs(False), X, y, loop=loop, **options)
        for name in ("loss", "a_loss", "b_loss"):
            found = history[name].tolist()
            wanted = [expected[name][0], expected[f"val_{name}"][0]]
            np.testing.assert_allclose(found, wanted, rtol=1e-5, err_msg=f"{loop} {name}")


def test_random_layers_draw_under_xla_what_they_draw_in_model_fit_under_xla():
    stack = [L.Dense(16), L.Dropout(0.5, seed=3), L.GaussianNoise(0.1, seed=4)]
    expected = made(stack).fit(X, X[:, :1], epochs=3, shuffle=False, verbose=0).history["loss"]
    found = kt.fit(made(stack), X, X[:, :1], epochs=3, shuffle=False)["loss"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
