# ruff: noqa: E501, E741  the tables are read across
"""For every rule the set-up of its first case, mended: there `check` is silent.

`PAIRS` holds both of the rules whose cases are not among `set_ups.WRONG`, wrong and mended.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd
import set_ups as s
import tensorflow as tf
from keras import layers, ops
from set_ups import (
    AMOUNT,
    BCE,
    CCE,
    HOT,
    MANY,
    SCE,
    STEP_IDS,
    STEPS,
    UNIT,
    Y2,
    Y4,
    Built,
    X,
    amounts,
    binary,
    classes,
    net,
    stack,
)

O, M, L, C = keras.optimizers, keras.metrics, keras.losses, keras.callbacks
S = keras.optimizers.schedules
D = layers.Dense
BIG = np.random.default_rng(3)
N = 1000
WIDE_X = BIG.normal(size=(N, 6)).astype("float32")
RARE = (WIDE_X[:, 0] > 2.2).astype(int)
PAGES = np.zeros((120, 20), int)
PAGES[:, :5] = BIG.integers(1, 30, (120, 5))
TAGS = np.where(PAGES > 0, 1 + PAGES % 3, 0)
PAINTED = BIG.uniform(0, 1, (40, 8, 8, 1)).astype("float32")
MASKS = (PAINTED > 0.6).astype("float32")
AGES = np.clip(np.round(30 + 8 * BIG.normal(size=400)), 5, 60).astype(int)
UINT = (np.arange(200) % 256).astype("uint8")


def dice_score(y: Any, p: Any) -> Any:
    return (2 * ops.sum(y * p) + 1) / (ops.sum(y) + ops.sum(p) + 1)


def dice_loss(y: Any, p: Any) -> Any:
    return 1 - dice_score(y, p)


def log_loss(y: Any, p: Any) -> Any:
    return -ops.mean(y * ops.log(p * 0) + (1 - y) * ops.log(1 - p))


def log_loss_mended(y: Any, p: Any) -> Any:
    return -ops.mean(y * ops.log(p + 1e-7) + (1 - y) * ops.log(1 - p + 1e-7))


def squares(y: Any, p: Any) -> Any:
    return ops.mean((y - p) ** 2)


def own_score(y: Any, p: Any) -> Any:
    return ops.mean(ops.cast(ops.equal(y, ops.round(p)), "float32"))


def painted(y: Any, loss: Any) -> Built:
    end = layers.Conv2D(1, 1, activation="sigmoid")
    return (
        stack(layers.Conv2D(4, 3, padding="same", activation="relu"), end, shape=(8, 8, 1)),
        PAINTED,
        y,
        {"loss": loss},
    )


def heads(**settings: Any) -> Built:
    return s.two_heads(), X, [Y4, AMOUNT], {"loss": [SCE, "mse"], **settings}


def tagged(mask: bool) -> Built:
    words = layers.Embedding(30, 8, mask_zero=mask)
    return (
        stack(words, layers.LSTM(8, return_sequences=True), D(4, "softmax"), shape=(20,)),
        PAGES,
        TAGS,
        {"loss": SCE},
    )


def sigmoids(kind: str, depth: int = 6) -> Built:
    return stack(*(D(16, kind) for _ in range(depth)), D(4, "softmax")), X, Y4, {"loss": SCE}


def cut_off() -> keras.Model:
    start = keras.Input((6,))
    lost = layers.Lambda(ops.round)(D(8, "sigmoid")(start))
    return keras.Model(start, D(4, "softmax")(layers.Concatenate()([lost, start])))


def fitted(optimizer: Any = None, changed: bool = False) -> Built:
    model = net(4, "softmax")
    model.compile("adam", SCE)
    model.fit(X, Y4, epochs=1, verbose=0)
    if changed:
        model.layers[0].trainable = False
    return model, X, Y4, {"loss": SCE, "optimizer": optimizer} if optimizer else {}


def in_lists() -> Any:
    for i in range(0, 192, 32):
        yield [X[i : i + 32], Y4[i : i + 32]]


def in_tuples() -> Any:
    for i in range(0, 192, 32):
        yield X[i : i + 32], Y4[i : i + 32]


def unshaped(known: bool) -> Built:
    kind = tf.TensorSpec((None, 1) if known else None, tf.int64)
    data = tf.data.Dataset.from_generator(
        lambda: ((X[i : i + 32], Y4[i : i + 32, None]) for i in range(0, 192, 32)),
        output_signature=(tf.TensorSpec((None, 6), tf.float32), kind),
    )
    return net(4, "softmax"), data, None, {"loss": SCE}


class Uneven(s.Batches):
    def __getitem__(self, index: int) -> tuple[Any, Any]:
        x, y = super().__getitem__(index)
        return x, y[:-2]


class Own(keras.losses.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        if y_true.shape[-1] != y_pred.shape[-1]:
            msg = "one column for each unit"
            raise ValueError(msg)
        return ops.square(y_true - y_pred)


def checked(y: Any) -> Built:
    return net(3), X, y, {"loss": Own()}


def rows_of(rows: int, **settings: Any) -> Built:
    return net(4, "softmax"), X[:rows], Y4[:rows], {"loss": SCE, **settings}


SORTED = np.r_[np.flatnonzero(Y4 == 0), np.flatnonzero(Y4 != 0)]
Pair = tuple[Callable[[], Built], Callable[[], Built]]

# fmt: off
PAIRS: dict[str, Pair] = {
    "loss-missing": (lambda: classes(loss=None), classes),
    "loss-weights": (lambda: heads(loss_weights=[1.0, 1.0, 1.0]), lambda: heads(loss_weights=[1.0, 0.5])),
    "batch-form": (lambda: (net(4, "softmax"), in_lists(), None, {"loss": SCE}), lambda: (net(4, "softmax"), in_tuples(), None, {"loss": SCE})),
    "unknown-shape": (lambda: unshaped(False), lambda: unshaped(True)),
    "endless-validation": (lambda: classes(validation_data=s.data_set(X + 1).batch(32).repeat()), lambda: classes(validation_data=s.data_set(X + 1).batch(32))),
    "empty-data": (lambda: (net(4, "softmax"), s.data_set(X[:10], Y4[:10]).batch(32, drop_remainder=True), None, {"loss": SCE}), lambda: (net(4, "softmax"), s.data_set(X[:10], Y4[:10]).batch(5), None, {"loss": SCE})),
    "label-overflow": (lambda: (net(300, "softmax"), X, UINT, {"loss": SCE}), lambda: (net(300, "softmax"), X, UINT.astype(int), {"loss": SCE})),
    "keras-raises": (lambda: checked(AMOUNT[:, None]), lambda: checked(np.c_[AMOUNT, AMOUNT**2, -AMOUNT])),
    "logits-named-twice": (lambda: classes(loss=L.SparseCategoricalCrossentropy(from_logits=True)), classes),
    "sigmoid-for-classes": (lambda: (net(4, "sigmoid"), X, Y4, {"loss": SCE}), classes),
    "softmax-each-for-itself": (lambda: (net(4, "softmax"), X, HOT, {"loss": BCE}), lambda: (net(4, "softmax"), X, HOT, {"loss": CCE})),
    "numbers-as-classes": (lambda: (net(61, "softmax"), WIDE_X[:400], AGES, {"loss": SCE}), lambda: (net(1), WIDE_X[:400], AGES, {"loss": "mae"})),
    "lost-gradient": (lambda: (cut_off(), X, Y4, {"loss": SCE}), classes),
    "trained-before": (lambda: fitted(O.Adam(0.01)), fitted),
    "backup-not-whole": (lambda: classes(callbacks=[C.BackupAndRestore("backup")]), classes),
    "late-stopping": (lambda: classes(epochs=5, callbacks=[C.EarlyStopping("loss", start_from_epoch=8)]), lambda: classes(epochs=5, callbacks=[C.EarlyStopping("loss", start_from_epoch=1)])),
    "label-reading": (lambda: (net(1), X, np.array([f"{v:.2f} kg" for v in AMOUNT], object), {}), amounts),
    "steps-run-out": (lambda: classes(steps_per_epoch=100), lambda: classes(steps_per_epoch=7)),
    "validation-split-lacks": (lambda: (net(4, "softmax"), X[SORTED], Y4[SORTED], {"loss": SCE, "validation_split": 0.5}), lambda: classes(validation_split=0.5)),
    "loss-upside-down": (lambda: painted(MASKS, dice_score), lambda: painted(MASKS, dice_loss)),
    "own-loss-out-of-reach": (lambda: painted(MASKS * 255, squares), lambda: painted(MASKS, squares)),
    "loss-not-finite": (lambda: binary(loss=log_loss), lambda: binary(loss=log_loss_mended)),
    "unknown-direction": (lambda: binary(metrics=[M.TruePositives(name="hits")], callbacks=[C.EarlyStopping("hits")]), lambda: binary(metrics=[M.TruePositives(name="hits")], callbacks=[C.EarlyStopping("hits", mode="max")])),
    "tiny-inputs": (lambda: (stack(layers.Rescaling(1 / 255), D(8, "relu"), D(4, "softmax")), UNIT, Y4, {"loss": SCE}), lambda: (stack(layers.Rescaling(1 / 255), D(8, "relu"), D(4, "softmax")), UNIT * 255, Y4, {"loss": SCE})),
    "pooled-classes": (lambda: (net(4, "softmax"), X, HOT, {"loss": CCE, "metrics": [M.AUC()]}), lambda: (net(4, "softmax"), X, HOT, {"loss": CCE, "metrics": [M.AUC(multi_label=True)]})),
    "rare-classes": (lambda: (net(1, "sigmoid"), WIDE_X, RARE, {"loss": BCE, "metrics": ["accuracy"]}), lambda: (net(1, "sigmoid"), WIDE_X, RARE, {"loss": BCE, "metrics": ["accuracy", M.AUC(curve="PR"), M.Recall()]})),
    "vanishing-gradient": (lambda: sigmoids("sigmoid"), lambda: sigmoids("relu")),
    "high-dropout": (lambda: (stack(D(32, "relu"), layers.Dropout(0.8), D(4, "softmax")), X, Y4, {"loss": SCE}), lambda: (stack(D(32, "relu"), layers.Dropout(0.2), D(4, "softmax")), X, Y4, {"loss": SCE})),
    "heavy-regularizer": (lambda: (stack(D(64, "relu", kernel_regularizer=keras.regularizers.L1(1.0)), D(4, "softmax")), X, Y4, {"loss": SCE}), lambda: (stack(D(64, "relu", kernel_regularizer=keras.regularizers.L2(1e-4)), D(4, "softmax")), X, Y4, {"loss": SCE})),
    "two-activations": (lambda: (stack(D(16, "relu"), layers.LeakyReLU(), D(4, "softmax")), X, Y4, {"loss": SCE}), lambda: (stack(D(16), layers.LeakyReLU(), D(4, "softmax")), X, Y4, {"loss": SCE})),
    "frozen-after-compile": (lambda: fitted(changed=True), fitted),
    "changed-after-compile": (lambda: _set_later("loss", "mse"), fitted),
    "batch-above-rows": (lambda: classes(batch_size=512, epochs=5), lambda: classes(batch_size=32, epochs=5)),
    "validation-copies": (lambda: classes(validation_data=(np.r_[X[:20], X[:80] + 0.5], np.r_[Y4[:20], Y4[:80]])), lambda: classes(validation_data=(X[:80] + 0.5, Y4[:80]))),
    "target-in-inputs": (lambda: (net(1, width=7), np.c_[X, AMOUNT], AMOUNT, {"loss": "mse"}), amounts),
    "padding-counted": (lambda: tagged(False), lambda: tagged(True)),
}

HINGED = {"loss": "hinge"}
MENDED: dict[str, Callable[[], Built]] = {
    "unknown-argument": lambda: classes(epochs=5), "loss-name": classes, "metric-name": classes,
    "optimizer-name": lambda: classes(optimizer="adam"), "parts-matched": heads,
    "input-numbers": lambda: (net(4, "softmax"), X.astype(object).astype("float32"), Y4, {"loss": SCE}),
    "input-fits": classes, "embedding-range": lambda: (stack(layers.Embedding(900, 8), layers.Flatten(), D(1, "sigmoid")), (np.abs(X) * 40).astype(int), Y2, {"loss": BCE}),
    "rows-paired": lambda: rows_of(150), "index-order": lambda: (net(4, "softmax"), pd.DataFrame(X), pd.Series(Y4).sample(frac=1, random_state=0).loc[range(200)], {"loss": SCE}),
    "missing-values": lambda: (net(4, "softmax"), np.nan_to_num(s.with_gap(X)), Y4, {"loss": SCE}), "constant-input": classes,
    "labels-inside": lambda: (net(4, "softmax"), s.data_set().batch(32).shuffle(9), None, {"loss": SCE}), "unbatched": lambda: (net(4, "softmax"), s.data_set().batch(32), None, {"loss": SCE}),
    "endless": lambda: (net(4, "softmax"), s.data_set().batch(32).repeat(), None, {"loss": SCE, "steps_per_epoch": 6}),
    "labels-missing": classes, "label-numbers": lambda: (net(4, "softmax"), X, Y4.astype(str).astype(int), {"loss": SCE}), "label-shape": lambda: (net(4, "softmax"), X, HOT, {"loss": CCE}),
    "label-range": lambda: (net(4, "softmax"), X, Y4 + 1 - 1, {"loss": SCE}), "labels-cut": lambda: (net(1), X, Y4 * 0.7, {"loss": "mse"}),
    "binary-range": lambda: (net(1, "sigmoid"), X, (2 * Y2 - 1 == 1).astype("float32"), {"loss": BCE}), "hinge-labels": lambda: (net(1), X, 2 * Y2 - 1, HINGED), "one-class": binary,
    "exclusive-labels": lambda: (net(3, "sigmoid"), X, MANY, {"loss": BCE}), "empty-rows": lambda: (net(4, "softmax"), X, pd.get_dummies(Y4), {"loss": CCE}),
    "rows-sum-to-one": lambda: (net(4, "softmax"), X, HOT * 5 / 5, {"loss": CCE}), "positive-targets": lambda: (net(1), X, np.abs(AMOUNT.round()), {"loss": "mae"}),
    "own-loss-broadcast": lambda: (net(1), X, AMOUNT[:, None], {"loss": s.OwnSquare()}), "no-probabilities": classes,
    "softmax-twice": lambda: (stack(D(4), layers.Softmax()), X, Y4, {"loss": SCE}), "squashed-scores": lambda: (stack(D(4), layers.Softmax()), X, Y4, {"loss": SCE}),
    "squashed-logits": lambda: (net(4), X, Y4, {"loss": s.SparseLoss(from_logits=True)}), "one-unit-softmax": binary,
    "softmax-axis": lambda: (stack(D(4), layers.Softmax(axis=-1)), X, Y4, {"loss": SCE}), "out-of-reach": lambda: (s.Subclassed(1, "linear"), X, AMOUNT * 9, {"loss": "mse"}),
    "positive-output": lambda: (net(1, "softplus"), X, Y4, {"loss": L.Poisson()}), "hinge-head": lambda: (net(1), X, 2 * Y2 - 1, HINGED), "cosine-of-one": amounts,
    "dropout-last": lambda: (s.Ending(layers.Dropout(0.5), D(4, "softmax")), X, Y4, {"loss": SCE}), "nothing-trainable": lambda: (s.frozen(layers_from=0), X, Y4, {"loss": SCE}),
    "no-gradient": binary, "dead-start": lambda: (stack(D(8, "relu"), D(4, "softmax")), X, Y4, {"loss": SCE}),
    "learning-rate-sign": lambda: amounts(optimizer=O.SGD(0.01)), "overshoot": lambda: (net(1), X, AMOUNT, {"loss": "mse", "optimizer": O.SGD(0.01)}),
    "optimizer-setting": lambda: classes(optimizer=O.Adam(0.01, weight_decay=0.004)), "schedule-and-callback": lambda: classes(optimizer=O.Adam(0.001), epochs=10, callbacks=[s.Plateau(monitor="loss")]),
    "other-model": lambda: classes(optimizer=O.Adam.from_config(s.used_optimizer().get_config())), "metric-raises": classes,
    "callback-object": lambda: classes(callbacks=[s.Stop("loss")]), "watched-name": lambda: classes(callbacks=[s.Stop(monitor="val_accuracy")], validation_split=0.2),
    "watched-direction": lambda: classes(callbacks=[s.Stop(monitor="accuracy", mode="max")]), "file-name": lambda: classes(callbacks=[s.Save("{accuracy:.2f}.keras")]),
    "class-weight-form": lambda: classes(class_weight=dict(enumerate([1.0, 2.0, 1.0, 1.0]))), "class-weight-place": lambda: heads(sample_weight=[np.ones(200), np.ones(200)]),
    "sample-weight-form": lambda: classes(sample_weight=np.ones(200)), "run-length": lambda: classes(epochs=10), "validation-split-size": lambda: classes(validation_split=0.2),
    "validation-split-classes": lambda: classes(validation_split=0.25), "validation-form": lambda: classes(validation_data=(X[:50] + 0.5, Y4[:50])),
    "validation-scale": lambda: (net(4, "softmax"), (X - X.mean(0)) / X.std(0), Y4, {"loss": SCE, "validation_data": ((X[:80] + 0.3 - X.mean(0)) / X.std(0), Y4[:80])}),
    "unscaled-inputs": classes, "unscaled-targets": lambda: amounts(epochs=5), "learning-rate-high": lambda: amounts(optimizer=O.SGD(0.01)), "learning-rate-low": lambda: classes(optimizer=O.Adam(1e-3), epochs=5),
    "schedule-length": lambda: classes(optimizer=s.scheduled(70), epochs=10), "two-schedulers": lambda: classes(callbacks=[s.Rate(lambda epoch: 0.01)]),
    "all-linear": lambda: (s.Subclassed(), X, Y4, {"loss": SCE}), "accuracy-of-numbers": lambda: amounts(metrics=["mae"]), "distance-of-ids": classes,
    "metric-on-logits": lambda: (net(1), X, Y2, {"loss": s.BinaryLoss(from_logits=True), "metrics": [M.BinaryAccuracy(threshold=0.0)]}), "other-question": lambda: binary(metrics=["accuracy"]),
    "metric-broadcast": lambda: (net(1, "sigmoid"), X, Y2[:, None].astype("float32"), {"loss": BCE, "metrics": [s.own_half]}),
    "class-weight-classes": lambda: classes(class_weight=dict.fromkeys(range(4), 1.0) | {0: 5.0}), "class-weight-unused": lambda: amounts(sample_weight=np.ones(200)),
    "sorted-rows": lambda: (net(4, "softmax"), s.data_set(X[s.ORDER], Y4[s.ORDER]).shuffle(200).batch(32), None, {"loss": SCE}), "validation-is-training": lambda: classes(validation_data=(X + 0.5, Y4)),
}

# More of each kind: the general question, not the one example.
MORE: list[tuple[str, Callable[[], Built]]] = [
    ("loss-upside-down", lambda: (net(1), X, AMOUNT[:, None], {"loss": lambda y, p: -ops.mean((y - p) ** 2)})),
    ("loss-upside-down", lambda: (net(1), X, AMOUNT[:, None], {"loss": lambda y, p: 1 - ops.sum((y - p) ** 2) / ops.sum((y - ops.mean(y)) ** 2)})),
    ("loss-upside-down", lambda: (net(4, "softmax"), X, HOT, {"loss": lambda y, p: ops.mean(ops.sum(y * p, -1))})),
    ("loss-upside-down", lambda: (net(4, "softmax"), X, Y4, {"loss": lambda y, p: -L.sparse_categorical_crossentropy(y, p)})),
    ("own-loss-out-of-reach", lambda: (net(1, "tanh"), X, AMOUNT[:, None] * 50, {"loss": squares})),
    ("rows-sum-to-one", lambda: (net(3, "softmax"), X, UNIT[:, :3], {"loss": "mse"})),
    ("rows-sum-to-one", lambda: (net(3, "softmax"), X, UNIT[:, :3], {"loss": "mae"})),
    ("exclusive-labels", lambda: (net(3, "softmax"), X, MANY, {"loss": "mse"})),
    ("binary-range", lambda: (net(1, "sigmoid"), X, np.where(Y2, 0.7, -1.3), {"loss": BCE})),
    ("schedule-length", lambda: classes(optimizer=O.SGD(0.01), epochs=50, callbacks=[s.Rate(lambda e, r: r * 0.9**e)])),
    ("schedule-length", lambda: classes(optimizer=O.Adam(S.InverseTimeDecay(1e-3, 1, 0.9)), epochs=60)),
    ("schedule-length", lambda: classes(optimizer=O.Adam(S.ExponentialDecay(1e-2, 10, 0.5)), epochs=50)),
    ("learning-rate-low", lambda: classes(optimizer="adadelta", epochs=5)),
    ("learning-rate-low", lambda: classes(optimizer=O.SGD(1e-5), epochs=5)),
    ("learning-rate-low", lambda: classes(optimizer=O.RMSprop(1e-7), epochs=10)),
    ("learning-rate-low", lambda: classes(callbacks=[s.Rate(lambda epoch: 1e-8)], epochs=10)),
    ("learning-rate-high", lambda: classes(callbacks=[s.Rate(lambda epoch: 1.0 / (epoch + 1))], epochs=10, optimizer="adam")),
    ("learning-rate-high", lambda: classes(optimizer=O.Adam(S.PiecewiseConstantDecay([20, 40], [1.0, 0.1, 0.01])), epochs=10)),
    ("unknown-direction", lambda: binary(metrics=[own_score], callbacks=[s.Save("m.keras", monitor="own_score", save_best_only=True)])),
    ("unknown-direction", lambda: heads(callbacks=[s.Plateau(monitor="kind_loss")])),
    ("pooled-classes", lambda: (net(2, "softmax"), X, np.eye(2)[Y2], {"loss": CCE, "metrics": [M.Precision(), M.Recall()]})),
    ("accuracy-of-numbers", lambda: (net(6, "sigmoid"), UNIT, UNIT, {"loss": BCE, "metrics": ["accuracy"]})),
    ("accuracy-of-numbers", lambda: (net(6, "sigmoid"), UNIT, UNIT, {"loss": "mse", "metrics": ["accuracy"]})),
    ("rare-classes", lambda: (net(2, "softmax"), WIDE_X, RARE, {"loss": SCE, "metrics": ["accuracy"]})),
    ("target-in-inputs", lambda: (net(1, width=20), np.lib.stride_tricks.sliding_window_view(s.SERIES, 20)[:200], s.SERIES[:200], {"loss": "mse"})),
    ("target-in-inputs", lambda: (net(1, "sigmoid", width=7), np.c_[X, Y2], Y2, {"loss": BCE})),
    ("tiny-inputs", lambda: (net(4, "softmax"), X * 1e-5, Y4, {"loss": SCE})),
    ("class-weight-place", lambda: (stack(layers.LSTM(4, return_sequences=True), D(3, "softmax"), shape=(5, 3)), STEPS, STEP_IDS[..., None], {"loss": SCE, "class_weight": {0: 1.0, 1: 2.0, 2: 1.0}})),
    ("class-weight-place", lambda: (stack(layers.LSTM(4, return_sequences=True), D(3, "softmax"), shape=(5, 3)), STEPS, STEP_IDS, {"loss": SCE, "class_weight": {0: 1.0, 1: 2.0, 2: 1.0}})),
    ("loss-missing", lambda: heads(loss=None)),
    ("vanishing-gradient", lambda: sigmoids("sigmoid", 8)),
    ("rows-paired", lambda: (net(4, "softmax"), Uneven(), None, {"loss": SCE})),
    ("steps-run-out", lambda: classes(steps_per_epoch=5, epochs=3)),
    ("sigmoid-for-classes", lambda: (net(4, "sigmoid"), X, HOT, {"loss": BCE})),
    ("changed-after-compile", lambda: _set_later("hits", M.AUC())),
    ("changed-after-compile", lambda: _late_regularizer()),
    ("steps-run-out", lambda: (net(4, "softmax"), s.data_set().batch(32), None, {"loss": SCE, "steps_per_epoch": 50})),
    ("changed-after-compile", lambda: _set_later("optimizer", O.SGD(0.1), first=True)),
    ("changed-after-compile", lambda: _old_name()),
    ("class-weight-classes", lambda: (net(4, "softmax"), s.data_set().batch(32), None, {"loss": SCE, "class_weight": {0: 1.0, 1: 2.0}})),
    ("label-shape", lambda: (net(4, "softmax"), s.data_set(X, HOT).batch(32), None, {"loss": SCE})),
    ("unbatched", lambda: (net(4, "softmax"), s.data_set().batch(8).batch(4), None, {"loss": SCE})),
]
# fmt: on


def _set_later(name: str, value: Any, *, first: bool = False) -> Built:
    model = net(4, "softmax")
    model.compile("adam", SCE)
    if first:
        model.fit(X, Y4, verbose=0)
    setattr(model, name, value)
    return model, X, Y4, {}


def _late_regularizer() -> Built:
    model = net(4, "softmax")
    model.layers[0].kernel_regularizer = keras.regularizers.L2(0.01)
    return model, X, Y4, {"loss": SCE}


def _old_name() -> Built:
    optimizer = O.Adam()
    optimizer.lr = 0.1
    return classes(optimizer=optimizer)
