"""read_head: how models end, for every way to write it."""

import keras
import numpy as np
import pytest
from keras import layers

from kerastrain.models.heads import read_head

pytestmark = pytest.mark.tensorflow


def sequential(*stack, shape=(4,)):
    return keras.Sequential([keras.Input(shape), *stack])


def functional(function, shape=(4,)):
    x = keras.Input(shape)
    return keras.Model(x, function(x))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.last = layers.Dense(3, "softmax")

    def call(self, x):
        return self.last(x)


INNER = sequential(layers.Dense(3, "softmax"))
HEADS = {
    # model: activation, units, layers after it
    "a dense layer": (sequential(layers.Dense(3, "softmax")), "softmax", 3, ()),
    "logits": (sequential(layers.Dense(3)), "linear", 3, ()),
    "a Softmax layer": (sequential(layers.Dense(3), layers.Softmax()), "softmax", 3, ()),
    "an Activation layer": (
        sequential(layers.Dense(1), layers.Activation("sigmoid")),
        "sigmoid",
        1,
        (),
    ),
    "a linear Activation layer": (
        sequential(layers.Dense(1, "sigmoid"), layers.Activation("linear")),
        "sigmoid",
        1,
        ("Activation",),
    ),
    "dropout after softmax": (
        sequential(layers.Dense(3, "softmax"), layers.Dropout(0.5)),
        "softmax",
        3,
        ("Dropout",),
    ),
    "a reshape": (sequential(layers.Dense(6), layers.Reshape((2, 3))), "linear", 3, ("Reshape",)),
    "an operation": (functional(lambda x: keras.ops.softmax(layers.Dense(3)(x))), "softmax", 3, ()),
    "a nested model": (functional(INNER), "softmax", 3, ()),
    "softmax after a nested model": (
        sequential(sequential(layers.Dense(3)), layers.Softmax()),
        "softmax",
        3,
        (),
    ),
    "a convolution": (sequential(layers.Conv2D(5, 1), shape=(8, 8, 1)), "linear", 5, ()),
    "pooling after a convolution": (
        sequential(layers.Conv2D(5, 3), layers.GlobalAveragePooling2D(), shape=(8, 8, 1)),
        "linear",
        5,
        ("GlobalAveragePooling2D",),
    ),
    "a layer for each step": (
        sequential(layers.TimeDistributed(layers.Dense(3, "softmax")), shape=(5, 4)),
        "softmax",
        3,
        (),
    ),
    "a function that is softmax": (
        sequential(layers.Dense(3, activation=lambda x: keras.ops.softmax(x))),
        "softmax",
        3,
        (),
    ),
    "a layer as the activation": (sequential(layers.Dense(3, layers.Softmax())), "softmax", 3, ()),
    "a Lambda that does nothing": (
        sequential(layers.Dense(3, "softmax"), layers.Lambda(lambda x: x)),
        "softmax",
        3,
        ("Lambda",),
    ),
    "the mean of two softmaxes": (
        functional(
            lambda x: layers.Average()(
                [layers.Dense(3, "softmax")(x), layers.Dense(3, "softmax")(x)]
            )
        ),
        "softmax",
        3,
        (),
    ),
    "the sum of two sigmoids": (
        functional(
            lambda x: layers.Add()([layers.Dense(1, "sigmoid")(x), layers.Dense(1, "sigmoid")(x)])
        ),
        "unknown",
        1,
        (),
    ),
    "logits over a temperature": (functional(lambda x: layers.Dense(3)(x) / 2), "linear", 3, ()),
    "a scaled sigmoid": (
        functional(lambda x: 5 * layers.Dense(1, "sigmoid")(x)),
        "unknown",
        1,
        (),
    ),
    "a scaled tanh": (sequential(layers.Dense(1, "tanh"), layers.Rescaling(9.0)), "unknown", 1, ()),
    "no input shape yet": (keras.Sequential([layers.Dense(3, "softmax")]), "softmax", 3, ()),
    "no input shape, softmax apart": (
        keras.Sequential([layers.Dense(3), layers.Softmax()]),
        "softmax",
        3,
        (),
    ),
    "a subclassed model": (Subclassed(), "unknown", None, ()),
    "no layers": (keras.Sequential(), "unknown", None, ()),
}


@pytest.mark.parametrize(("model", "activation", "units", "after"), HEADS.values(), ids=HEADS)
def test_the_last_layer_is_read(model, activation, units, after):
    built = model.built
    head = read_head(model)
    assert (head.activation, head.units, head.after) == (activation, units, after)
    assert model.built == built


SEEN = {name: case for name, case in HEADS.items() if case[1] in ("softmax", "sigmoid")}


@pytest.mark.parametrize("model", [case[0] for case in SEEN.values()], ids=SEEN)
def test_what_is_read_as_probabilities_are_probabilities(model):
    shape = model.input_shape if model.built else (None, 4)
    x = np.random.default_rng(0).normal(0, 5, (9, *shape[1:])).astype("float32")
    y = np.asarray(model(x))
    assert ((y >= 0) & (y <= 1)).all()


def test_each_output_has_a_head():
    x = keras.Input((4,))
    a, b = layers.Dense(3, "softmax", name="a")(x), layers.Dense(1, name="b")(x)
    assert [(h.name, h.activation) for h in read_head(keras.Model(x, [a, b]))] == [
        ("a", "softmax"),
        ("b", "linear"),
    ]
    named = read_head(keras.Model(x, {"first": a, "second": b}))
    assert {name: head.units for name, head in named.items()} == {"first": 3, "second": 1}
