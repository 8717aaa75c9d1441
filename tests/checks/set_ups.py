"""Training set-ups for the tests of `check`: wrong ones, and right ones that look odd.

Each builds `(model, x, y, settings)`. What Keras 3.15 on TensorFlow is expected to do with the
wrong ones, from its source and from reports of users, stands beside each.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers

SCE, CCE, BCE = "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"
RNG = np.random.default_rng(0)
Y4 = np.arange(200) % 4
RNG.shuffle(Y4)
X = (RNG.normal(size=(4, 6))[Y4] * 3 + RNG.normal(size=(200, 6))).astype("float32")
Y2 = Y4 % 2
HOT = np.eye(4, dtype="float32")[Y4]
MANY = (X[:, :3] > 0).astype("float32")
AMOUNT = (X @ RNG.normal(size=6) / 5).astype("float32")
AMOUNT = (AMOUNT - AMOUNT.mean()) / AMOUNT.std()
STEPS = RNG.normal(size=(200, 5, 3)).astype("float32")
STEP_IDS = STEPS.argmax(axis=-1)
ORDER = np.argsort(Y4, kind="stable")
UNIT = np.abs(np.sin(X))
Built = tuple[keras.Model, Any, Any, dict[str, Any]]


def net(units: int, end: Any = None, *, width: int = 6, **options: Any) -> keras.Sequential:
    return keras.Sequential(
        [
            keras.Input((width,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(units, activation=end, **options),
        ]
    )


def stack(*parts: Any, shape: tuple[int | None, ...] = (6,)) -> keras.Sequential:
    return keras.Sequential([keras.Input(shape), *parts])


def two_heads(*, as_dict: bool = False) -> keras.Model:
    start = keras.Input((6,))
    body = layers.Dense(8, activation="relu")(start)
    one = layers.Dense(4, activation="softmax", name="kind")(body)
    two = layers.Dense(1, name="size")(body)
    return keras.Model(start, {"kind": one, "size": two} if as_dict else [one, two])


def classes(**settings: Any) -> Built:
    return net(4, "softmax"), X, Y4, {"loss": SCE, "metrics": ["accuracy"], **settings}


def binary(**settings: Any) -> Built:
    return net(1, "sigmoid"), X, Y2, {"loss": BCE, **settings}


def amounts(**settings: Any) -> Built:
    return net(1), X, AMOUNT, {"loss": "mse", **settings}


def data_set(x: Any = X, y: Any = Y4) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((x, y))


def batches(x: Any = X, y: Any = Y4, *, endless: bool = True) -> Iterator[Any]:
    while True:
        for i in range(0, len(x) - 31, 32):
            yield x[i : i + 32], y[i : i + 32]
        if not endless:
            return


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return X[index * 32 : index * 32 + 32], Y4[index * 32 : index * 32 + 32]


class OwnSquare(keras.losses.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return keras.ops.square(y_true - y_pred)


def adapted(layer: Any, data: Any) -> Any:
    layer.adapt(data)
    return layer


TEXTS = np.array(["good film", "bad film", "so so", "good good film"] * 50)
WIDE = X * np.array([1, 1e4, 1e2, 1e6, 1, 1], "float32") + np.array(
    [0, 1e5, 0, 1e7, 3, 0], "float32"
)


def reading_words(*first: Any) -> keras.Sequential:
    words = adapted(layers.TextVectorization(20, output_sequence_length=4), TEXTS)
    return keras.Sequential(
        [*first, words, layers.Embedding(20, 4), layers.Flatten(), layers.Dense(1, "sigmoid")]
    )


class TwoParts(keras.Model):
    """Gives two outputs by name; with TensorFlow's own operations it cannot be unfolded."""

    def __init__(self, end: str | None = "softmax", *, own: bool = False) -> None:
        super().__init__()
        self.body, self.own = layers.Dense(8, activation="relu"), own
        self.kind, self.size = layers.Dense(4, activation=end), layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        inside = self.body(inputs)
        inside = tf.identity(inside) if self.own else inside
        return {"kind": self.kind(inside), "size": self.size(inside)}


class Ending(keras.Model):
    """Ends in several layers, one after the other."""

    def __init__(self, *ends: Any) -> None:
        super().__init__()
        self.body, self.ends = layers.Dense(8, activation="relu"), list(ends)

    def call(self, inputs: Any) -> Any:
        inside = self.body(inputs)
        for end in self.ends:
            inside = end(inside)
        return inside


class Flat(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.end = layers.Dense(8), layers.Dense(4, activation="softmax")

    def call(self, inputs: Any) -> Any:
        return self.end(self.body(inputs))


class Subclassed(keras.Model):
    def __init__(self, units: int = 4, end: str | None = "softmax") -> None:
        super().__init__()
        self.body = layers.Dense(8, activation="relu")
        self.end = layers.Dense(units, activation=end)

    def call(self, inputs: Any) -> Any:
        return self.end(self.body(inputs))


def own_rounded(y_true: Any, y_pred: Any) -> Any:
    return keras.ops.mean(keras.ops.abs(y_true - keras.ops.round(y_pred)))


def own_close(y_true: Any, y_pred: Any) -> Any:
    return keras.ops.mean(keras.ops.cast(keras.ops.abs(y_true - y_pred) < 0.5, "float32"))


def own_half(y_true: Any, y_pred: Any) -> Any:
    right = keras.ops.equal(y_true, keras.ops.cast(y_pred > 0.5, "float32"))
    return keras.ops.mean(keras.ops.cast(right, "float32"))


def with_gap(x: Any) -> Any:
    x = x.copy()
    x[7, 1] = np.nan
    return x


def scheduled(length: int) -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, length))


def used_optimizer() -> keras.optimizers.Optimizer:
    optimizer = keras.optimizers.Adam()
    optimizer.build(net(3).trainable_variables)
    return optimizer


def frozen(*, layers_from: int | None = None) -> keras.Model:
    model = net(4, "softmax")
    for layer in (
        model.layers if layers_from is None else model.layers[layers_from : layers_from + 1]
    ):
        layer.trainable = False
    return model


def segments(y: Any = None, **settings: Any) -> Built:
    model = stack(
        layers.Conv2D(4, 3, padding="same", activation="relu"),
        layers.Conv2D(3, 1, activation="softmax"),
        shape=(6, 6, 1),
    )
    masks = np.arange(20 * 36).reshape(20, 6, 6) % 3 if y is None else y
    x = np.random.default_rng(1).normal(size=(20, 6, 6, 1)).astype("float32")
    return model, x, masks, {"loss": SCE, **settings}


class Scaled(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.scale = adapted(layers.Normalization(), WIDE)
        self.end = layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.end(self.scale(inputs))


SERIES = np.sin(np.arange(220) / 9).astype("float32")
WINDOWS = np.lib.stride_tricks.sliding_window_view(SERIES, 9)[..., None]
Stop, Save = keras.callbacks.EarlyStopping, keras.callbacks.ModelCheckpoint
Plateau, Rate = keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler
SparseLoss, BinaryLoss = (
    keras.losses.SparseCategoricalCrossentropy,
    keras.losses.BinaryCrossentropy,
)
Case = tuple[str, str, Callable[[], Built]]

# rule, what Keras does, the set-up
WRONG: list[Case] = [
    # --- label format, loss and head
    ("label-shape", "raises", lambda: (net(4, "softmax"), X, HOT, {"loss": SCE})),
    ("label-shape", "raises", lambda: (net(4, "softmax"), X, Y4, {"loss": CCE})),
    ("label-shape", "raises", lambda: (net(4, "sigmoid"), X, Y4, {"loss": BCE})),
    ("label-shape", "silent", lambda: (net(4), X, AMOUNT[:, None], {"loss": "mae"})),
    ("label-shape", "silent", lambda: (net(1), X, np.c_[AMOUNT, -AMOUNT], {"loss": "huber"})),
    ("label-shape", "raises", lambda: (net(3, "softmax"), X, HOT, {"loss": CCE})),
    ("label-shape", "raises", lambda: segments(np.zeros((20, 12, 12), int))),
    ("label-range", "raises", lambda: (net(4, "softmax"), X, Y4 + 1, {"loss": SCE})),
    ("label-range", "raises", lambda: (net(4, "softmax"), X, Y4 - 1, {"loss": SCE})),
    ("label-range", "raises", lambda: (net(3, "softmax"), X, Y4, {"loss": SCE})),
    (
        "label-range",
        "raises",
        lambda: (net(2, "softmax"), X, np.where(Y2, 255, 0), {"loss": SCE}),
    ),
    (
        "label-range",
        "raises",
        lambda: segments(np.full((20, 6, 6), 255) - (np.eye(6, dtype=int) * 255)),
    ),
    ("binary-range", "loss -2e2", lambda: (net(1, "sigmoid"), X, 2 * Y2 - 1, {"loss": BCE})),
    ("binary-range", "silent", lambda: (net(1, "sigmoid"), X, Y2 * 255, {"loss": BCE})),
    ("binary-range", "silent", lambda: (net(1, "sigmoid"), X, Y4, {"loss": BCE})),
    ("binary-range", "silent", lambda: (net(1, "sigmoid"), X, AMOUNT * 5, {"loss": BCE})),
    ("labels-cut", "silent", lambda: (net(4, "softmax"), X, Y4 * 0.7, {"loss": SCE})),
    ("label-numbers", "raises", lambda: (net(4, "softmax"), X, Y4.astype(str), {"loss": SCE})),
    (
        "label-numbers",
        "raises",
        lambda: (
            net(4, "softmax"),
            X,
            pd.Series(Y4).map({0: "a", 1: "b", 2: "c", 3: "d"}),
            {"loss": SCE},
        ),
    ),
    ("hinge-labels", "silent", lambda: (net(1), X, Y2 + 1, {"loss": "hinge"})),
    ("one-class", "silent", lambda: (net(1, "sigmoid"), X, Y2 * 0, {"loss": BCE})),
    ("one-class", "silent", lambda: (net(4, "softmax"), X, HOT * 0 + np.eye(4)[1], {"loss": CCE})),
    ("exclusive-labels", "silent", lambda: (net(3, "softmax"), X, MANY, {"loss": CCE})),
    ("exclusive-labels", "silent", lambda: (net(3, "softmax"), X, MANY, {"loss": BCE})),
    (
        "empty-rows",
        "silent",
        lambda: (net(3, "softmax"), X, pd.get_dummies(Y4, drop_first=True), {"loss": CCE}),
    ),
    ("rows-sum-to-one", "silent", lambda: (net(4, "softmax"), X, HOT * 5, {"loss": CCE})),
    ("positive-targets", "loss 1e8", lambda: (net(1), X, np.abs(AMOUNT.round()), {"loss": "mape"})),
    ("positive-targets", "silent", lambda: (net(1), X, AMOUNT, {"loss": "msle"})),
    ("own-loss-broadcast", "silent", lambda: (net(1), X, AMOUNT, {"loss": OwnSquare()})),
    (
        "label-numbers",
        "raises",
        lambda: (net(2, "softmax"), X, pd.Series(Y2).astype("Int64"), {"loss": SCE}),
    ),
    ("labels-missing", "raises", lambda: (net(4, "softmax"), X, None, {"loss": SCE})),
    (
        "labels-missing",
        "raises",
        lambda: (net(6), tf.data.Dataset.from_tensor_slices(X).batch(32), None, {"loss": "mse"}),
    ),
    # --- subclassed models: their end is read from the graph of their layers
    ("out-of-reach", "silent", lambda: (Subclassed(1, "tanh"), X, AMOUNT * 9, {"loss": "mse"})),
    (
        "softmax-twice",
        "slow",
        lambda: (Ending(layers.Dense(4, "softmax"), layers.Softmax()), X, Y4, {"loss": SCE}),
    ),
    (
        "dropout-last",
        "silent",
        lambda: (Ending(layers.Dense(4, "softmax"), layers.Dropout(0.5)), X, Y4, {"loss": SCE}),
    ),
    ("all-linear", "silent", lambda: (Flat(), X, Y4, {"loss": SCE})),
    *(
        (
            rule,
            "raises",
            lambda end=end, ids=ids, own=own: (
                TwoParts(end, own=own),
                X,
                {"kind": ids, "size": AMOUNT},
                {"loss": {"kind": SCE, "size": "mse"}},
            ),
        )
        for rule, end, ids in (("no-probabilities", None, Y4), ("label-range", "softmax", Y4 + 1))
        for own in (False, True)
    ),
    # --- the last layer
    ("no-probabilities", "stuck", lambda: (net(4), X, Y4, {"loss": SCE})),
    ("no-probabilities", "stuck", lambda: (net(4, "relu"), X, HOT, {"loss": CCE})),
    ("no-probabilities", "stuck", lambda: (net(1, "tanh"), X, Y2, {"loss": BinaryLoss()})),
    (
        "no-probabilities",
        "stuck",
        lambda: (
            Subclassed(4, "linear"),
            X,
            Y4,
            {"loss": keras.losses.sparse_categorical_crossentropy},
        ),
    ),
    ("no-probabilities", "nan", lambda: (net(4), X, HOT * 0.8 + 0.05, {"loss": "kl_divergence"})),
    (
        "softmax-twice",
        "slow",
        lambda: (
            stack(layers.Dense(4, activation="softmax"), layers.Softmax()),
            X,
            Y4,
            {"loss": SCE},
        ),
    ),
    (
        "softmax-twice",
        "slow",
        lambda: (
            stack(layers.Dense(12, activation="softmax"), layers.Reshape((3, 4)), shape=(6,)),
            X,
            np.stack([Y4] * 3, axis=1),
            {"loss": SparseLoss(from_logits=True)},
        ),
    ),
    (
        "squashed-scores",
        "slow",
        lambda: (stack(layers.Dense(4, activation="relu"), layers.Softmax()), X, Y4, {"loss": SCE}),
    ),
    (
        "squashed-logits",
        "slow",
        lambda: (net(4, "tanh"), X, Y4, {"loss": SparseLoss(from_logits=True)}),
    ),
    ("one-unit-softmax", "loss fixed", lambda: (net(1, "softmax"), X, Y2, {"loss": BCE})),
    ("one-unit-softmax", "loss fixed", lambda: (net(1, "softmax"), X, AMOUNT, {"loss": "mae"})),
    ("one-unit-softmax", "raises", lambda: (net(1, "sigmoid"), X, Y2, {"loss": SCE})),
    (
        "softmax-axis",
        "silent",
        lambda: (
            stack(layers.Dense(4), layers.Lambda(lambda z: keras.ops.softmax(z, axis=0))),
            X,
            Y4,
            {"loss": SCE},
        ),
    ),
    (
        "softmax-axis",
        "silent",
        lambda: (
            stack(
                layers.Dense(8, activation="relu"),
                layers.Dense(3),
                layers.Softmax(axis=1),
                shape=(5, 3),
            ),
            STEPS,
            STEP_IDS,
            {"loss": SCE},
        ),
    ),
    ("out-of-reach", "silent", lambda: (net(1, "sigmoid"), X, AMOUNT * 9, {"loss": "mse"})),
    ("out-of-reach", "silent", lambda: (net(1, "relu"), X, -np.abs(AMOUNT) - 1, {"loss": "mae"})),
    ("out-of-reach", "silent", lambda: (net(1, "tanh"), X, AMOUNT + 30, {"loss": "huber"})),
    ("positive-output", "nan", lambda: (net(1), X, Y4, {"loss": keras.losses.Poisson()})),
    ("hinge-head", "silent", lambda: (net(1, "sigmoid"), X, 2 * Y2 - 1, {"loss": "hinge"})),
    ("cosine-of-one", "silent", lambda: (net(1), X, AMOUNT, {"loss": "cosine_similarity"})),
    (
        "dropout-last",
        "silent",
        lambda: (
            stack(layers.Dense(4, activation="softmax"), layers.Dropout(0.5)),
            X,
            Y4,
            {"loss": SCE},
        ),
    ),
    # --- names
    ("loss-name", "raises", lambda: classes(loss="sparse_categorical_cross_entropy")),
    ("metric-name", "raises", lambda: classes(metrics=["acurracy"])),
    ("optimizer-name", "raises", lambda: classes(optimizer="adamm")),
    ("optimizer-name", "raises", lambda: classes(optimizer=keras.optimizers.SGD)),
    ("unknown-argument", "raises", lambda: classes(nb_epoch=5)),
    ("parts-matched", "raises", lambda: (two_heads(), X, Y4, {"loss": [SCE, "mse"]})),
    (
        "parts-matched",
        "raises",
        lambda: (two_heads(), X, [Y4, AMOUNT], {"loss": {"kind": SCE, "sizes": "mse"}}),
    ),
    # --- data
    ("missing-values", "nan", lambda: (net(4, "softmax"), with_gap(X), Y4, {"loss": SCE})),
    (
        "missing-values",
        "nan",
        lambda: (net(1), X, np.where(AMOUNT > 1, np.inf, AMOUNT), {"loss": "mse"}),
    ),
    (
        "embedding-range",
        "raises",
        lambda: (
            stack(layers.Embedding(90, 8), layers.Flatten(), layers.Dense(1, "sigmoid")),
            (np.abs(X) * 40).astype(int),
            Y2,
            {"loss": BCE},
        ),
    ),
    ("rows-paired", "raises", lambda: (net(4, "softmax"), X[:150], Y4, {"loss": SCE})),
    (
        "index-order",
        "silent",
        lambda: (
            net(4, "softmax"),
            pd.DataFrame(X),
            pd.Series(Y4).sample(frac=1, random_state=0),
            {"loss": SCE},
        ),
    ),
    ("constant-input", "silent", lambda: (net(4, "softmax"), X * 0 + 3, Y4, {"loss": SCE})),
    ("input-numbers", "raises", lambda: (net(4, "softmax"), X.astype(object), Y4, {"loss": SCE})),
    ("input-numbers", "raises", lambda: (net(4, "softmax"), X.tolist(), Y4, {"loss": SCE})),
    ("input-fits", "raises", lambda: (net(4, "softmax"), X[:, :5], Y4, {"loss": SCE})),
    ("input-fits", "raises", lambda: (net(4, "softmax"), Y4, X, {"loss": "mse"})),
    (
        "input-fits",
        "raises",
        lambda: (keras.Sequential([layers.LSTM(4), layers.Dense(1)]), X, AMOUNT, {"loss": "mse"}),
    ),
    ("input-numbers", "raises", lambda: (reading_words(), TEXTS, Y2, {"loss": BCE})),
    (
        "input-numbers",
        "raises",
        lambda: (net(4, "softmax"), pd.DataFrame(X.round()).astype("Int64"), Y4, {"loss": SCE}),
    ),
    ("unscaled-inputs", "loss 1e3", lambda: (net(4, "softmax"), X * 500 + 2000, Y4, {"loss": SCE})),
    (
        "unscaled-targets",
        "far off",
        lambda: (net(1), X, AMOUNT * 9e4 + 2e5, {"loss": "mse", "epochs": 5}),
    ),
    # --- the network and the optimizer
    ("nothing-trainable", "silent", lambda: (frozen(), X, Y4, {"loss": SCE})),
    ("no-gradient", "raises", lambda: binary(loss=own_rounded)),
    (
        "dead-start",
        "silent",
        lambda: (
            stack(layers.Dense(8, "relu", kernel_initializer="zeros"), layers.Dense(4, "softmax")),
            X,
            Y4,
            {"loss": SCE},
        ),
    ),
    (
        "dead-start",
        "silent",
        lambda: (
            stack(
                layers.Dense(8, "tanh", kernel_initializer="ones"),
                layers.Dense(1, "sigmoid", kernel_initializer="ones"),
            ),
            X,
            Y2,
            {"loss": BCE},
        ),
    ),
    (
        "all-linear",
        "silent",
        lambda: (stack(layers.Dense(16), layers.Dense(4, "softmax")), X, Y4, {"loss": SCE}),
    ),
    (
        "all-linear",
        "silent",
        lambda: (
            stack(layers.Conv1D(8, 2), layers.Flatten(), layers.Dense(3, "softmax"), shape=(5, 3)),
            STEPS,
            STEP_IDS[:, 0],
            {"loss": SCE},
        ),
    ),
    ("learning-rate-sign", "climbs", lambda: amounts(optimizer=keras.optimizers.SGD(-0.01))),
    ("learning-rate-sign", "silent", lambda: amounts(optimizer=keras.optimizers.Adam(0.0))),
    ("learning-rate-high", "nan", lambda: amounts(optimizer=keras.optimizers.SGD(1.0))),
    ("learning-rate-high", "silent", lambda: classes(optimizer=keras.optimizers.RMSprop(3.0))),
    (
        "learning-rate-low",
        "silent",
        lambda: classes(optimizer=keras.optimizers.Adam(1e-8), epochs=5),
    ),
    (
        "overshoot",
        "nan",
        lambda: (net(1), X, AMOUNT * 9e4, {"loss": "mse", "optimizer": keras.optimizers.SGD(2.0)}),
    ),
    ("schedule-length", "silent", lambda: classes(optimizer=scheduled(3), epochs=10)),
    (
        "schedule-and-callback",
        "raises",
        lambda: classes(optimizer=scheduled(70), epochs=10, callbacks=[Plateau(monitor="loss")]),
    ),
    (
        "two-schedulers",
        "silent",
        lambda: classes(callbacks=[Plateau(monitor="loss"), Rate(lambda epoch: 0.01)]),
    ),
    ("other-model", "raises", lambda: classes(optimizer=used_optimizer())),
    (
        "optimizer-setting",
        "silent",
        lambda: classes(optimizer=keras.optimizers.Adam(0.1, weight_decay=10.0)),
    ),
    # --- metrics and callbacks
    ("accuracy-of-numbers", "0.00", lambda: amounts(metrics=["accuracy"])),
    ("distance-of-ids", "silent", lambda: classes(metrics=["mse"])),
    ("metric-raises", "raises", lambda: classes(metrics=[keras.metrics.Accuracy()])),
    ("other-question", "0.00", lambda: binary(metrics=[keras.metrics.Accuracy()])),
    (
        "metric-on-logits",
        "too low",
        lambda: (net(1), X, Y2, {"loss": BinaryLoss(from_logits=True), "metrics": ["accuracy"]}),
    ),
    (
        "metric-on-logits",
        "too low",
        lambda: (
            net(1),
            X,
            Y2,
            {"loss": BinaryLoss(from_logits=True), "metrics": [keras.metrics.AUC()]},
        ),
    ),
    (
        "other-question",
        "0.75 for nothing",
        lambda: (net(4, "softmax"), X, HOT, {"loss": CCE, "metrics": ["binary_accuracy"]}),
    ),
    (
        "other-question",
        "0.2",
        lambda: (net(3, "sigmoid"), X, MANY, {"loss": BCE, "metrics": ["acc"]}),
    ),
    (
        "other-question",
        "0.2",
        lambda: (net(3), X, MANY, {"loss": BinaryLoss(from_logits=True), "metrics": ["acc"]}),
    ),
    ("metric-raises", "raises", lambda: classes(metrics=[keras.metrics.Precision()])),
    ("metric-broadcast", "silent", lambda: binary(metrics=[own_half])),
    ("metric-broadcast", "silent", lambda: amounts(metrics=[own_close])),
    (
        "watched-name",
        "raises",
        lambda: classes(callbacks=[Stop(monitor="val_acc")], validation_split=0.2),
    ),
    ("watched-name", "never stops", lambda: classes(callbacks=[Stop()])),
    (
        "watched-name",
        "never saves",
        lambda: classes(callbacks=[Save("m.keras", save_best_only=True)]),
    ),
    (
        "watched-direction",
        "stops early",
        lambda: classes(callbacks=[Stop(monitor="accuracy", mode="min")]),
    ),
    ("file-name", "raises", lambda: classes(callbacks=[Save("{val_acc:.2f}.keras")])),
    ("callback-object", "raises", lambda: classes(callbacks=[Stop])),
    # --- weights, run, data sets
    ("class-weight-form", "ignored", lambda: classes(class_weight={"0": 1.0, "1": 5.0})),
    ("class-weight-form", "raises", lambda: classes(class_weight=[1.0, 2.0, 1.0, 1.0])),
    ("class-weight-classes", "silent", lambda: classes(class_weight={0: 5.0})),
    ("class-weight-unused", "silent", lambda: amounts(class_weight={0: 1.0, 1: 2.0})),
    (
        "class-weight-place",
        "raises",
        lambda: (two_heads(), X, [Y4, AMOUNT], {"loss": [SCE, "mse"], "class_weight": {0: 1.0}}),
    ),
    ("sample-weight-form", "raises", lambda: classes(sample_weight=np.ones(50))),
    ("sample-weight-form", "climbs", lambda: classes(sample_weight=-np.ones(200))),
    ("sample-weight-form", "raises", lambda: classes(sample_weight=HOT)),
    ("run-length", "silent", lambda: classes(epochs=0)),
    ("run-length", "raises", lambda: classes(batch_size=0)),
    ("validation-split-size", "raises", lambda: classes(validation_split=1.5)),
    (
        "validation-split-classes",
        "0.00",
        lambda: (net(4, "softmax"), X[ORDER], Y4[ORDER], {"loss": SCE, "validation_split": 0.25}),
    ),
    ("validation-form", "raises", lambda: classes(validation_data=(X[:50, :4], Y4[:50]))),
    (
        "validation-scale",
        "misleads",
        lambda: (
            (
                net(4, "softmax"),
                (X - X.mean(0)) / X.std(0),
                Y4,
                {"loss": SCE, "validation_data": (X[:80] * 4, Y4[:80])},
            )
        ),
    ),
    ("validation-is-training", "misleads", lambda: classes(validation_data=(X, Y4))),
    ("validation-is-training", "misleads", lambda: classes(validation_data=(X[40:90], Y4[40:90]))),
    ("validation-is-training", "misleads", lambda: classes(validation_data=(X.copy(), Y4.copy()))),
    (
        "validation-is-training",
        "misleads",
        lambda: (
            lambda data: (net(4, "softmax"), data, None, {"loss": SCE, "validation_data": data})
        )(data_set().batch(32)),
    ),
    (
        "class-weight-form",
        "raises",
        lambda: (
            net(4, "softmax"),
            data_set().batch(32),
            None,
            {"loss": SCE, "class_weight": {1: 1.0, 2: 2.0, 3: 1.0, 4: 1.0}},
        ),
    ),
    (
        "sorted-rows",
        "silent",
        lambda: (
            net(4, "softmax"),
            data_set(X[ORDER], Y4[ORDER]).batch(32).shuffle(9),
            None,
            {"loss": SCE},
        ),
    ),
    (
        "sorted-rows",
        "silent",
        lambda: (net(4, "softmax"), X[ORDER], Y4[ORDER], {"loss": SCE, "shuffle": False}),
    ),
    (
        "sorted-rows",
        "silent",
        lambda: (net(4, "softmax"), data_set(X[ORDER], Y4[ORDER]).batch(32), None, {"loss": SCE}),
    ),
    ("unbatched", "raises", lambda: (net(4, "softmax"), data_set(), None, {"loss": SCE})),
    (
        "endless",
        "never ends",
        lambda: (net(4, "softmax"), data_set().batch(32).repeat(), None, {"loss": SCE}),
    ),
    (
        "endless",
        "never ends",
        lambda: (net(4, "softmax"), batches(), None, {"loss": SCE, "epochs": 2}),
    ),
    (
        "labels-inside",
        "raises",
        lambda: (net(4, "softmax"), data_set().batch(32), Y4, {"loss": SCE}),
    ),
    (
        "label-range",
        "raises",
        lambda: (net(3, "softmax"), batches(), None, {"loss": SCE, "steps_per_epoch": 5}),
    ),
    ("label-range", "raises", lambda: (net(3, "softmax"), Batches(), None, {"loss": SCE})),
    (
        "label-range",
        "raises",
        lambda: (net(3, "softmax"), data_set().shuffle(200).batch(32), None, {"loss": SCE}),
    ),
]

# Later rows of series that rise: scaled by the numbers of the training, they lie elsewhere.
RISING = np.arange(150)[:, None] * np.array([1.0, 2.0, -1.0]) + X[:150, :3] * 9
RISING = (RISING - RISING[:90].mean(axis=0)) / RISING[:90].std(axis=0)

RIGHT: dict[str, Callable[[], Built]] = {
    "later rows of series that rise": lambda: (
        net(1, width=3),
        RISING[:90],
        RISING[:90, :1] + 0.1 * X[:90, :1],
        {"loss": "mse", "validation_data": (RISING[90:], RISING[90:, :1])},
    ),
    "names, with the loss that train would choose": lambda: (
        net(4, "softmax"),
        X,
        np.array(list("abcd"))[Y4],
        {},
    ),
    "labels from 1, with the loss that train would choose": lambda: (
        net(4, "softmax"),
        X,
        Y4 + 1,
        {},
    ),
    "soft labels": lambda: (net(4, "softmax"), X, HOT * 0.9 + 0.025, {"loss": CCE}),
    "label smoothing": lambda: (
        net(4, "softmax"),
        X,
        HOT,
        {"loss": keras.losses.CategoricalCrossentropy(label_smoothing=0.1)},
    ),
    "from_logits": lambda: (
        net(4),
        X,
        Y4,
        {"loss": SparseLoss(from_logits=True), "metrics": ["accuracy"]},
    ),
    "a partial with from_logits": lambda: (
        net(4),
        X,
        HOT,
        {"loss": functools.partial(keras.losses.categorical_crossentropy, from_logits=True)},
    ),
    "a loss given as a class": lambda: classes(loss=SparseLoss),
    "two softmax units": lambda: (net(2, "softmax"), X, Y2, {"loss": SCE, "metrics": ["acc"]}),
    "labels as a column": lambda: (
        net(4, "softmax"),
        X,
        Y4[:, None],
        {"loss": SCE, "metrics": ["accuracy"]},
    ),
    "labels as floats": lambda: (net(4, "softmax"), X, Y4.astype("float32"), {"loss": SCE}),
    "a class that does not occur": lambda: (net(6, "softmax"), X, Y4, {"loss": SCE}),
    "ignore_class": lambda: segments(
        np.where(
            np.arange(20 * 36).reshape(20, 6, 6) % 5 == 0,
            255,
            np.arange(20 * 36).reshape(20, 6, 6) % 3,
        ),
        loss=SparseLoss(ignore_class=255),
    ),
    "ignore_class -1": lambda: (
        net(4, "softmax"),
        X,
        np.where(X[:, 0] > 3, -1, Y4),
        {"loss": SparseLoss(ignore_class=-1)},
    ),
    "hinge with -1 and +1": lambda: (net(1, "tanh"), X, 2 * Y2 - 1, {"loss": "hinge"}),
    "squared hinge with 0 and 1": lambda: (net(1), X, Y2, {"loss": "squared_hinge"}),
    "categorical hinge": lambda: (net(4), X, HOT, {"loss": "categorical_hinge"}),
    "an autoencoder": lambda: (
        stack(layers.Dense(3, "relu"), layers.Dense(6, "sigmoid")),
        UNIT,
        UNIT,
        {"loss": BCE},
    ),
    "a linear autoencoder": lambda: (
        stack(layers.Dense(3), layers.Dense(6)),
        X / 5,
        X / 5,
        {"loss": "mse"},
    ),
    "amounts in a sigmoid's range": lambda: (
        net(1, "sigmoid"),
        X,
        1 / (1 + np.exp(-AMOUNT)),
        {"loss": "mse", "metrics": ["mae"]},
    ),
    "mse on one-hot": lambda: (net(4, "softmax"), X, HOT, {"loss": "mse", "metrics": ["accuracy"]}),
    "mae on counts": lambda: (net(1), X, Y4, {"loss": "mae", "metrics": ["mse"]}),
    "poisson and exponential": lambda: (net(1, "exponential"), X / 5, Y4, {"loss": "poisson"}),
    "several targets": lambda: (net(2), X, np.c_[AMOUNT, -AMOUNT], {"loss": "mse"}),
    "an own loss of both shapes": lambda: (net(1), X, AMOUNT[:, None], {"loss": OwnSquare()}),
    "an own loss function": lambda: amounts(
        loss=lambda y_true, y_pred: keras.ops.square(y_true - y_pred)
    ),
    "several labels a row": lambda: (
        net(3, "sigmoid"),
        X,
        MANY,
        {"loss": BCE, "metrics": ["binary_accuracy", keras.metrics.AUC(multi_label=True)]},
    ),
    "several labels from logits": lambda: (
        net(3),
        X,
        MANY,
        {
            "loss": BinaryLoss(from_logits=True),
            "metrics": [keras.metrics.BinaryAccuracy(threshold=0.0)],
        },
    ),
    "logits with AUC of logits": lambda: (
        net(1),
        X,
        Y2,
        {"loss": BinaryLoss(from_logits=True), "metrics": [keras.metrics.AUC(from_logits=True)]},
    ),
    "binary metrics": lambda: (
        net(1, "sigmoid"),
        X,
        Y2[:, None].astype("float32"),
        {
            "loss": BCE,
            "metrics": [
                "accuracy",
                "AUC",
                "Precision",
                keras.metrics.Recall(),
                keras.metrics.F1Score(threshold=0.5),
            ],
        },
    ),
    "macro f1 on one-hot": lambda: (
        net(4, "softmax"),
        X,
        HOT,
        {
            "loss": CCE,
            "metrics": [
                keras.metrics.F1Score(average="macro"),
                "categorical_accuracy",
                keras.metrics.TopKCategoricalAccuracy(2),
            ],
        },
    ),
    "two outputs by name": lambda: (
        two_heads(as_dict=True),
        X,
        {"kind": Y4, "size": AMOUNT},
        {
            "loss": {"kind": SCE, "size": "mse"},
            "metrics": {"kind": ["accuracy"], "size": ["mae"]},
            "callbacks": [Stop(monitor="val_kind_accuracy", mode="max")],
            "validation_split": 0.2,
        },
    ),
    "two outputs in a list": lambda: (
        two_heads(),
        X,
        [Y4, AMOUNT],
        {
            "loss": [SCE, "mse"],
            "loss_weights": [1.0, 0.5],
            "callbacks": [Stop(monitor="size_loss", mode="min")],
        },
    ),
    "a list and a dict": lambda: (
        two_heads(),
        X,
        {"kind": Y4, "size": AMOUNT},
        {"loss": {"kind": SCE, "size": "mse"}},
    ),
    "a label for each step": lambda: (
        stack(layers.GRU(8, return_sequences=True), layers.Dense(3, "softmax"), shape=(None, 3)),
        STEPS,
        STEP_IDS,
        {"loss": SCE, "metrics": ["accuracy"]},
    ),
    "a softmax behind a reshape": lambda: (
        stack(layers.Dense(12), layers.Reshape((3, 4)), layers.Softmax()),
        X,
        np.stack([Y4] * 3, 1),
        {"loss": SCE},
    ),
    "an activation of its own": lambda: (
        net(4, lambda z: keras.ops.softmax(z / 2)),
        X,
        Y4,
        {"loss": SCE},
    ),
    "a model in a model": lambda: (
        stack(layers.Dense(6, "relu"), net(4, "softmax")),
        X,
        Y4,
        {"loss": SCE},
    ),
    "a subclassed model": lambda: (Subclassed(), X, Y4, {"loss": SCE, "metrics": ["accuracy"]}),
    "a model not built yet": lambda: (
        keras.Sequential([layers.Dense(8, "relu"), layers.Dense(4, "softmax")]),
        X,
        Y4,
        {"loss": SCE},
    ),
    "rescaled pictures": lambda: (
        stack(
            layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(4, "softmax"), shape=(6, 1)
        ),
        (np.abs(X) * 20).clip(0, 255).astype("uint8")[..., None],
        Y4,
        {"loss": SCE},
    ),
    "pictures from 0 to 255 under batch normalisation": lambda: (
        stack(layers.BatchNormalization(), layers.Dense(8, "relu"), layers.Dense(4, "softmax")),
        (np.abs(X) * 20),
        Y4,
        {"loss": SCE},
    ),
    "scaled back at the end": lambda: (
        stack(layers.Dense(8, "relu"), layers.Dense(1), layers.Rescaling(9e4, offset=2e5)),
        X,
        AMOUNT * 9e4 + 2e5,
        {"loss": "mae"},
    ),
    "house prices in thousands": lambda: (
        net(1),
        X,
        AMOUNT * 9 + 22,
        {"loss": "mse", "epochs": 50},
    ),
    "a first layer without activation": lambda: (
        stack(
            layers.Dense(8), layers.BatchNormalization(), layers.ReLU(), layers.Dense(4, "softmax")
        ),
        X,
        Y4,
        {"loss": SCE},
    ),
    "a zero head": lambda: (net(4, "softmax", kernel_initializer="zeros"), X, Y4, {"loss": SCE}),
    "a frozen body": lambda: (frozen(layers_from=0), X, Y4, {"loss": SCE}),
    "a stateful recurrent model": lambda: (
        keras.Sequential(
            [
                keras.Input(batch_shape=(50, 5, 3)),
                layers.GRU(4, stateful=True),
                layers.Dense(3, "softmax"),
            ]
        ),
        STEPS,
        STEP_IDS[:, -1],
        {"loss": SCE, "batch_size": 50},
    ),
    "a word index": lambda: (
        stack(
            layers.Embedding(500, 8),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, "sigmoid"),
            shape=(6,),
        ),
        (np.abs(X) * 40).astype(int),
        Y2,
        {"loss": BCE},
    ),
    "every callback": lambda: classes(
        validation_split=0.2,
        epochs=20,
        callbacks=[
            Stop(monitor="val_accuracy", mode="max", patience=3),
            Save("{epoch}-{val_loss:.2f}.keras"),
            Plateau(),
            keras.callbacks.TerminateOnNaN(),
        ],
    ),
    "class weights for all": lambda: classes(class_weight={0: 1.0, 1: 2.0, 2: 1.0, 3: 0.5}),
    "class weights on one-hot": lambda: (
        net(4, "softmax"),
        X,
        HOT,
        {"loss": CCE, "class_weight": dict.fromkeys(range(4), 1.0)},
    ),
    "row weights": lambda: classes(sample_weight=np.linspace(0, 1, 200)),
    "weights for each step": lambda: (
        stack(layers.Dense(3, "softmax"), shape=(5, 3)),
        STEPS,
        STEP_IDS,
        {"loss": SCE, "sample_weight": np.ones((200, 5))},
    ),
    "validation data": lambda: (
        net(4, "softmax"),
        X[:150],
        Y4[:150],
        {"loss": SCE, "validation_data": (X[150:], Y4[150:])},
    ),
    "sorted and shuffled": lambda: (net(4, "softmax"), X[ORDER], Y4[ORDER], {"loss": SCE}),
    "frames": lambda: (
        net(4, "softmax"),
        pd.DataFrame(X, index=Y4),
        pd.Series(Y4, index=Y4),
        {"loss": SCE},
    ),
    "a shuffled data set": lambda: (
        net(4, "softmax"),
        data_set().shuffle(200).batch(32).prefetch(1),
        None,
        {"loss": SCE, "metrics": ["accuracy"], "validation_data": data_set(X + 0.5).batch(32)},
    ),
    "a mapped data set": lambda: (
        net(4, "softmax"),
        data_set().map(lambda x, y: (x / 2, y)).batch(32),
        None,
        {"loss": SCE},
    ),
    "an endless data set with steps": lambda: (
        net(4, "softmax"),
        data_set().batch(32).repeat(),
        None,
        {"loss": SCE, "steps_per_epoch": 6},
    ),
    "an endless generator with steps": lambda: (
        net(4, "softmax"),
        batches(),
        None,
        {"loss": SCE, "steps_per_epoch": 6, "epochs": 3},
    ),
    "a generator that ends": lambda: (
        net(4, "softmax"),
        batches(endless=False),
        None,
        {"loss": SCE},
    ),
    "a PyDataset": lambda: (
        net(4, "softmax"),
        Batches(),
        None,
        {"loss": SCE, "metrics": ["accuracy"]},
    ),
    "a schedule as long as the run": lambda: classes(optimizer=scheduled(70), epochs=10),
    "sgd at full speed": lambda: classes(optimizer=keras.optimizers.SGD(1.0)),
    "adadelta at 1": lambda: classes(optimizer=keras.optimizers.Adadelta(1.0)),
    "a Normalization layer in a model not built": lambda: (
        keras.Sequential(
            [adapted(layers.Normalization(), WIDE), layers.Dense(8, "relu"), layers.Dense(1)]
        ),
        WIDE,
        AMOUNT,
        {"loss": "mse"},
    ),
    "a Normalization layer in a subclassed model": lambda: (
        Scaled(),
        WIDE,
        AMOUNT,
        {"loss": "mse"},
    ),
    "words into a TextVectorization": lambda: (
        reading_words(),
        tf.constant(TEXTS),
        Y2,
        {"loss": BCE, "metrics": ["accuracy"]},
    ),
    "words of a data set into an Input of text": lambda: (
        reading_words(keras.Input((), dtype="string")),
        data_set(TEXTS, Y2).batch(32),
        None,
        {"loss": BCE},
    ),
    "rows of different length": lambda: (
        keras.Sequential(
            [layers.Embedding(9, 4), layers.GlobalAveragePooling1D(), layers.Dense(1, "sigmoid")]
        ),
        tf.ragged.constant([[1, 2], [3], [4, 5, 6]] * 10),
        np.array([0, 1, 1] * 10),
        {"loss": BCE},
    ),
    "two outputs without a bend": lambda: (
        (lambda x: keras.Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)]))(
            keras.Input((6,))
        ),
        X,
        [AMOUNT, -AMOUNT],
        {"loss": "mse"},
    ),
    "outputs by name of a subclassed model": lambda: (
        TwoParts(own=True),
        X,
        {"kind": Y4, "size": AMOUNT},
        {"loss": {"kind": SCE, "size": "mse"}, "metrics": {"kind": ["accuracy"]}},
    ),
    "a callback that sets the rate": lambda: classes(
        optimizer=keras.optimizers.SGD(1e-8), callbacks=[Rate(lambda epoch: 1e-2)], epochs=3
    ),
    "validation on every other row": lambda: (
        net(4, "softmax"),
        X[::2],
        Y4[::2],
        {"loss": SCE, "validation_data": (X[1::2], Y4[1::2])},
    ),
    "windows over a series": lambda: (
        stack(layers.LSTM(4), layers.Dense(1), shape=(9, 1)),
        WINDOWS[:150],
        AMOUNT[:150],
        {"loss": "mse", "validation_data": (WINDOWS[150:190], AMOUNT[150:190])},
    ),
    "bfloat and bool": lambda: (
        net(4, "softmax"),
        X.astype("float16"),
        HOT.astype(bool),
        {"loss": CCE},
    ),
}
