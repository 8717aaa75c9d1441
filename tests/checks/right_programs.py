# ruff: noqa: E501, E741, T201  the tables are read across
"""Training programs that are right, for the hunt for false alarms: `check` must pass them in silence.

Written before the rules were run on them, after the tutorials and guides that people follow: small
data of the same form, the same architecture, loss, metrics, optimizer and callbacks. Each builds
`(model, x, y, settings)`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers, ops

Built = tuple[Any, Any, Any, dict[str, Any]]
SCE, CCE, BCE = "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"
L, M, O, C, S = (keras.losses, keras.metrics, keras.optimizers, keras.callbacks,
                 keras.optimizers.schedules)  # fmt: skip
D = layers.Dense
PROGRAMS: dict[str, Callable[[], Built]] = {}


def program(function: Callable[[], Built]) -> Callable[[], Built]:
    """Add one program under the name of its function."""
    PROGRAMS[function.__name__] = function
    return function


def programs(group: str, build: Callable[..., Built], rows: dict[str, Callable[[], Any]]) -> None:
    """Add a program for each row: the same task with other settings, or another model."""
    for name, make in rows.items():
        PROGRAMS[f"{group}: {name}"] = functools.partial(_with, build, make)


def _with(build: Callable[..., Built], make: Callable[[], Any]) -> Built:
    given = make()
    return build(**given) if isinstance(given, dict) else build(given)


DRAW = np.random.default_rng(5)
N = 320
IDS = DRAW.permutation(np.arange(N) % 4)
X = (DRAW.normal(size=(4, 8))[IDS] * 2 + DRAW.normal(size=(N, 8))).astype("float32")
X = (X - X.mean(0)) / X.std(0)
HOT = np.eye(4, dtype="float32")[IDS]
TWO = (X[:, 0] + 0.7 * DRAW.normal(size=N) > 0).astype(int)
TAGS = (X[:, :5] + 0.5 * DRAW.normal(size=(N, 5)) > 0.4).astype("float32")
REAL = (X @ DRAW.normal(size=8) + 0.3 * DRAW.normal(size=N)).astype("float32")
REAL = (REAL - REAL.mean()) / REAL.std()
COUNT = DRAW.poisson(np.exp(0.5 * X[:, 0] + 1)).astype("float32")
PIX = np.clip(DRAW.normal(0.3, 0.2, (96, 16, 16, 1)), 0, 1).astype("float32")
PIX_IDS = DRAW.permutation(np.arange(96) % 3)
PIX[np.arange(96), PIX_IDS * 5] = 1
RGB = np.repeat(PIX, 3, -1)
MASK = (PIX > 0.45).astype("float32")
MASK_IDS = (PIX[..., 0] * 2.99).astype(int)
WAVES = np.sin(DRAW.uniform(0, 6, (N, 1, 1)) + np.arange(24)[None, :, None] / 3) + (
    0.2 * DRAW.normal(size=(N, 24, 2)))  # fmt: skip
WAVES = WAVES.astype("float32")
WAVE_IDS = (WAVES[:, -1, 0] > 0).astype(int) + (WAVES[:, -1, 1] > 0.5)
NEXT = (WAVES[:, -1, :1] * 0.8 + 0.3 * DRAW.normal(size=(N, 1))).astype("float32")
WORDS = DRAW.integers(1, 50, (N, 12))
for row, length in enumerate(DRAW.integers(5, 13, N)):
    WORDS[row, length:] = 0
MOOD = ((WORDS % 7 == 3).sum(1) > 1).astype(int)
PARTS = np.where(WORDS > 0, 1 + WORDS % 4, 0)
TEXT = np.array([" ".join(f"w{w}" for w in row if w) for row in WORDS])
SERIES = (np.sin(np.arange(500) / 9) + 0.1 * DRAW.normal(size=500)).astype("float32")


def seq(*parts: Any, shape: tuple[Any, ...] = (8,)) -> keras.Sequential:
    return keras.Sequential([keras.Input(shape), *parts])


def mlp(units: int, end: Any = None, width: int = 8) -> keras.Sequential:
    return seq(D(32, activation="relu"), D(16, activation="relu"), D(units, activation=end),
               shape=(width,))  # fmt: skip


def ids(**more: Any) -> Built:
    return mlp(4, "softmax"), X, IDS, {"loss": SCE, "metrics": ["accuracy"], "epochs": 20, **more}


def hot(**more: Any) -> Built:
    return mlp(4, "softmax"), X, HOT, {"loss": CCE, "metrics": ["accuracy"], "epochs": 20, **more}


def two(**more: Any) -> Built:
    return mlp(1, "sigmoid"), X, TWO, {"loss": BCE, "metrics": ["accuracy"], "epochs": 20, **more}


def tags(**more: Any) -> Built:
    return mlp(5, "sigmoid"), X, TAGS, {"loss": BCE, "epochs": 20, **more}


def real(**more: Any) -> Built:
    return mlp(1), X, REAL, {"loss": "mse", "metrics": ["mae"], "epochs": 20, **more}


def pictures(model: Any) -> Built:
    return model, PIX, PIX_IDS, {"loss": SCE, "metrics": ["accuracy"], "epochs": 5}


def steps(model: Any) -> Built:
    return model, WAVES, WAVE_IDS, {"loss": SCE, "metrics": ["accuracy"], "epochs": 5}


def forecast(model: Any) -> Built:
    return model, WAVES, NEXT, {"loss": "mse", "metrics": ["mae"], "epochs": 5}


def texts(model: Any) -> Built:
    return model, WORDS, MOOD, {"loss": BCE, "metrics": ["accuracy"], "epochs": 5}


def masks(model: Any) -> Built:
    return model, PIX, MASK, {"loss": BCE, "epochs": 5}


# --- optimizers
RATES: dict[str, Callable[[], Any]] = {
    "sgd 0.01": lambda: O.SGD(0.01), "sgd 0.1": lambda: O.SGD(0.1), "sgd by name": lambda: "sgd",
    "nesterov": lambda: O.SGD(0.05, momentum=0.9, nesterov=True), "adam": lambda: "adam",
    "adam 3e-4": lambda: O.Adam(3e-4), "adam 0.01": lambda: O.Adam(0.01),
    "adam 0.03": lambda: O.Adam(0.03), "amsgrad": lambda: O.Adam(amsgrad=True),
    "adamw": lambda: O.AdamW(1e-3, weight_decay=1e-4), "nadam": lambda: "nadam",
    "adamax": lambda: O.Adamax(0.002), "rmsprop": lambda: "rmsprop",
    "rmsprop 1e-4": lambda: O.RMSprop(1e-4), "adagrad": lambda: O.Adagrad(0.05),
    "adadelta as in the paper": lambda: O.Adadelta(1.0, rho=0.95), "lion": lambda: O.Lion(1e-4),
    "ftrl": lambda: O.Ftrl(0.1), "adafactor": lambda: O.Adafactor(0.01),
    "loss scale": lambda: O.LossScaleOptimizer(O.Adam(1e-3)),
    "clipnorm": lambda: O.SGD(0.1, clipnorm=1.0), "clipvalue": lambda: O.Adam(1e-3, clipvalue=0.5),
    "ema": lambda: O.Adam(1e-3, use_ema=True),
    "accumulated": lambda: O.Adam(1e-3, gradient_accumulation_steps=4),
}  # fmt: skip
for task in (ids, two, real):
    programs(f"{task.__name__} with optimizer", task,
             {k: lambda make=make: {"optimizer": make()} for k, make in RATES.items()})  # fmt: skip


# --- schedules and callbacks; 320 rows, batches of 32 and 20 epochs are 200 steps
def half_every_ten(epoch: int) -> float:
    return float(0.01 * 0.5 ** (epoch // 10))


def ten_then_falling(epoch: int, rate: float) -> float:
    return rate if epoch < 10 else float(rate * np.exp(-0.1))


class Printing(keras.callbacks.Callback):
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        print(epoch, logs)


SCHEDULES: dict[str, Callable[[], Any]] = {
    "exponential": lambda: S.ExponentialDecay(1e-2, 100, 0.96),
    "staircase": lambda: S.ExponentialDecay(1e-2, 50, 0.5, staircase=True),
    "cosine": lambda: S.CosineDecay(1e-2, 200),
    "cosine, with an end": lambda: S.CosineDecay(1e-2, 200, alpha=0.01),
    "warm-up": lambda: S.CosineDecay(0.0, 180, warmup_target=1e-2, warmup_steps=20),
    "restarts": lambda: S.CosineDecayRestarts(1e-2, 40),
    "piecewise": lambda: S.PiecewiseConstantDecay([100, 150], [1e-2, 1e-3, 1e-4]),
    "polynomial": lambda: S.PolynomialDecay(1e-2, 200, 1e-4),
    "inverse time": lambda: S.InverseTimeDecay(1e-2, 200, 1.0),
    "inverse time, as in a guide": lambda: S.InverseTimeDecay(1e-3, 10 * 100, 1, staircase=False),
    "longer than the run": lambda: S.CosineDecay(1e-2, 5000),
}
programs("schedule", ids, {k: lambda make=make: {"optimizer": O.Adam(make())}
                           for k, make in SCHEDULES.items()})  # fmt: skip
programs("schedule of sgd", real, {k: lambda make=make: {"optimizer": O.SGD(make())}
                                   for k, make in SCHEDULES.items()})  # fmt: skip
CALLS: dict[str, Callable[[], Any]] = {
    "rate halves": lambda: [C.LearningRateScheduler(half_every_ten)],
    "rate falls after ten": lambda: [C.LearningRateScheduler(ten_then_falling)],
    "rate warms up": lambda: [C.LearningRateScheduler(lambda e: 1e-3 * min(1.0, (e + 1) / 5))],
    "rate times 0.9": lambda: [C.LearningRateScheduler(lambda e, r: r * 0.9, verbose=1)],
    "rate 0.95 a power of the epoch": lambda: [C.LearningRateScheduler(lambda e: 1e-3 * 0.95**e)],
    "plateau": lambda: [C.ReduceLROnPlateau(patience=2, factor=0.2, min_lr=1e-6)],
    "plateau of accuracy": lambda: [C.ReduceLROnPlateau("val_accuracy", patience=3)],
    "plateau of training": lambda: [C.ReduceLROnPlateau("loss", patience=3)],
    "stop": lambda: [C.EarlyStopping(patience=3, restore_best_weights=True)],
    "stop on accuracy": lambda: [C.EarlyStopping("val_accuracy", patience=3)],
    "stop on accuracy, max": lambda: [C.EarlyStopping("val_accuracy", mode="max", patience=3)],
    "stop on training loss": lambda: [C.EarlyStopping("loss", min_delta=1e-3)],
    "stop later": lambda: [C.EarlyStopping(patience=3, start_from_epoch=5)],
    "patience beyond the run": lambda: [C.EarlyStopping(patience=50)],
    "checkpoint": lambda: [C.ModelCheckpoint("best.keras", save_best_only=True)],
    "checkpoint each epoch": lambda: [C.ModelCheckpoint("{epoch:02d}-{val_loss:.2f}.keras")],
    "weights by accuracy": lambda: [C.ModelCheckpoint("w.weights.h5", "val_accuracy",
                                    save_best_only=True, save_weights_only=True)],
    "csv": lambda: [C.CSVLogger("log.csv")], "nan": lambda: [C.TerminateOnNaN()],
    "own": lambda: [Printing()], "lambda": lambda: [C.LambdaCallback(on_epoch_end=print)],
    "three": lambda: [C.EarlyStopping(patience=5), C.ReduceLROnPlateau(patience=2),
                      C.ModelCheckpoint("b.keras", monitor="val_accuracy", mode="max")],
}  # fmt: skip
programs("callbacks", ids, {k: lambda make=make: {"callbacks": make(), "validation_split": 0.2}
                            for k, make in CALLS.items()})  # fmt: skip
programs("callbacks", two, {
    "stop on auc": lambda: {"metrics": [M.AUC(name="auc")], "validation_split": 0.2,
                            "callbacks": [C.EarlyStopping("val_auc", mode="max", patience=4)]},
    "stop on auc, auto": lambda: {"metrics": [M.AUC(name="prc", curve="PR")], "validation_split":
                                  0.2, "callbacks": [C.EarlyStopping("val_prc", patience=4)]},
    "plateau of recall": lambda: {"metrics": [M.Recall(name="recall")], "validation_split": 0.2,
                                  "callbacks": [C.ReduceLROnPlateau("val_recall", mode="max")]},
    "range test": lambda: {"optimizer": O.SGD(1e-8), "epochs": 100, "callbacks":
                           [C.LearningRateScheduler(lambda e: 1e-8 * 10 ** (e / 20))]},
})  # fmt: skip


# --- forms of labels, data sets, weights
def of(data: Any, **more: Any) -> Built:
    return mlp(4, "softmax"), data, None, {"loss": SCE, "metrics": ["accuracy"], **more}


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Any:
        return X[index * 32 : index * 32 + 32], IDS[index * 32 : index * 32 + 32]


def forever() -> Any:
    while True:
        for i in range(0, N, 32):
            yield X[i : i + 32], IDS[i : i + 32]


def rows() -> Any:
    return tf.data.Dataset.from_tensor_slices((X, IDS))


programs("ids", lambda y: (*ids()[:2], y, ids()[3]), {
    "uint8": lambda: IDS.astype("uint8"), "float": lambda: IDS.astype("float32"),
    "column": lambda: IDS[:, None], "Series": lambda: pd.Series(IDS),
    "DataFrame": lambda: pd.DataFrame({"kind": IDS}), "tensor": lambda: tf.constant(IDS),
})  # fmt: skip
programs("one-hot", lambda y: (*hot()[:2], y, hot()[3]), {
    "bool": lambda: HOT.astype(bool), "dummies": lambda: pd.get_dummies(IDS).astype("float32"),
    "smoothed": lambda: HOT * 0.9 + 0.025, "mixed up": lambda: 0.7 * HOT + 0.3 * HOT[::-1],
    "ints": lambda: HOT.astype(int), "to_categorical": lambda: keras.utils.to_categorical(IDS),
})  # fmt: skip
programs("two classes", lambda y: (*two()[:2], y, two()[3]), {
    "bool": lambda: TWO.astype(bool), "column": lambda: TWO[:, None].astype("float32"),
    "Series": lambda: pd.Series(TWO), "frame": lambda: pd.DataFrame({"ill": TWO}),
})  # fmt: skip
programs("numbers", lambda y: (*real()[:2], y, real()[3]), {
    "column": lambda: REAL[:, None], "Series": lambda: pd.Series(REAL), "double": lambda: REAL * 1.0,
    "ints": lambda: np.round(REAL * 5).astype(int), "positive": lambda: np.abs(REAL) + 1,
    "tens": lambda: REAL * 10 + 20, "two values": lambda: np.where(TWO, 0.8, -1.2),
    "marks": lambda: np.clip(np.round(REAL + 3), 1, 5),
})  # fmt: skip
programs("data set", of, {
    "batched": lambda: {"data": rows().batch(32)},
    "shuffled": lambda: {"data": rows().shuffle(N).batch(32).prefetch(2)},
    "cached": lambda: {"data": rows().cache().shuffle(N).batch(32), "epochs": 5},
    "mapped": lambda: {"data": rows().map(lambda a, b: (a * 2, b)).batch(32)},
    "repeated": lambda: {"data": rows().shuffle(N).batch(32).repeat(), "steps_per_epoch": 10},
    "validated": lambda: {"data": rows().skip(64).batch(32),
                          "validation_data": rows().take(64).batch(32), "epochs": 3},
    "generator": lambda: {"data": forever(), "steps_per_epoch": 10, "epochs": 3},
    "PyDataset": lambda: {"data": Batches(), "epochs": 3},
    "one-hot": lambda: {"data": tf.data.Dataset.from_tensor_slices((X, HOT)).batch(32),
                        "loss": CCE},
    "class weights": lambda: {"data": rows().batch(32), "class_weight": dict.fromkeys(range(4), 1.0)},
    "row weights": lambda: {"data": tf.data.Dataset.from_tensor_slices(
        (X, IDS, np.ones(N, "float32"))).batch(32)},
})  # fmt: skip
programs("ids", ids, {
    "class weights": lambda: {"class_weight": {0: 1.0, 1: 2.0, 2: 1.0, 3: 0.5}},
    "row weights": lambda: {"sample_weight": np.where(IDS == 1, 2.0, 1.0)},
    "validation": lambda: {"validation_data": (X[::2] + 0.1, IDS[::2])},
    "small batches": lambda: {"batch_size": 8}, "one batch": lambda: {"batch_size": 320},
    "steps": lambda: {"steps_per_epoch": 5}, "eager": lambda: {"run_eagerly": True},
    "from logits": lambda: {"loss": L.SparseCategoricalCrossentropy()},
    "nothing said": lambda: {"loss": "auto", "metrics": "auto"},
    "frame": dict, "later epochs": lambda: {"initial_epoch": 10},
    "top k": lambda: {"metrics": ["accuracy", M.SparseTopKCategoricalAccuracy(2)]},
    "sparse accuracy": lambda: {"metrics": ["sparse_categorical_accuracy"]},
    "crossentropy": lambda: {"metrics": ["accuracy", "crossentropy"], "loss": "crossentropy"},
    "weighted": lambda: {"weighted_metrics": ["accuracy"], "metrics": None,
                         "sample_weight": np.ones(N)},
})  # fmt: skip
programs("one-hot", hot, {
    "smoothing": lambda: {"loss": L.CategoricalCrossentropy(label_smoothing=0.1)},
    "focal": lambda: {"loss": L.CategoricalFocalCrossentropy()},
    "top k": lambda: {"metrics": ["categorical_accuracy", M.TopKCategoricalAccuracy(k=2)]},
    "recall of one class": lambda: {"metrics": [M.Recall(class_id=1), M.Precision(class_id=1)]},
    "area of each class": lambda: {"metrics": [M.AUC(multi_label=True)]},
    "F1": lambda: {"metrics": [M.F1Score(average="macro")]},
    "one loss a class": lambda: {"loss": "kl_divergence"}, "brier": lambda: {"loss": "mse"},
    "intersection": lambda: {"metrics": [M.OneHotMeanIoU(4)]},
})  # fmt: skip
programs("two classes", two, {
    "precision, recall": lambda: {"metrics": ["accuracy", M.Precision(), M.Recall()]},
    "area": lambda: {"metrics": [M.AUC(), M.AUC(curve="PR", name="prc")]},
    "counts": lambda: {"metrics": [M.TruePositives(), M.FalseNegatives()]},
    "smoothing": lambda: {"loss": L.BinaryCrossentropy(label_smoothing=0.1)},
    "focal": lambda: {"loss": L.BinaryFocalCrossentropy(gamma=2)},
    "weights": lambda: {"class_weight": {0: 1.0, 1: 3.0}},
    "threshold": lambda: {"metrics": [M.BinaryAccuracy(threshold=0.3)]},
    "least squares": lambda: {"loss": "mse"}, "nothing said": lambda: {"loss": "auto"},
    "overlap": lambda: {"metrics": [M.BinaryIoU([1])]},
})  # fmt: skip
programs("several labels", tags, {
    "plain": dict, "binary accuracy": lambda: {"metrics": ["binary_accuracy"]},
    "area": lambda: {"metrics": [M.AUC(multi_label=True)]},
    "pooled": lambda: {"metrics": [M.Precision(), M.Recall()]},
    "focal": lambda: {"loss": "binary_focal_crossentropy"},
    "F1": lambda: {"metrics": [M.F1Score(threshold=0.5, average="micro")]},
})  # fmt: skip
programs("numbers", real, {
    "mae": lambda: {"loss": "mae"}, "huber": lambda: {"loss": L.Huber(2.0)},
    "log cosh": lambda: {"loss": "log_cosh"}, "R²": lambda: {"metrics": [M.R2Score()]},
    "root": lambda: {"metrics": [M.RootMeanSquaredError()]},
    "row weights": lambda: {"sample_weight": np.linspace(0.5, 1, N)},
    "split": lambda: {"validation_split": 0.1}, "nothing said": lambda: {"loss": "auto"},
})  # fmt: skip
HEADS: dict[str, Callable[[], Built]] = {
    "raw scores": lambda: (mlp(4), X, IDS, {"loss": L.SparseCategoricalCrossentropy(
        from_logits=True), "metrics": ["accuracy"]}),
    "raw scores, one-hot": lambda: (mlp(4), X, HOT, {"loss": L.CategoricalCrossentropy(True)}),
    "a raw score": lambda: (mlp(1), X, TWO, {"loss": L.BinaryCrossentropy(from_logits=True),
                                             "metrics": [M.BinaryAccuracy(threshold=0.0)]}),
    "F1 of a column": lambda: (mlp(1, "sigmoid"), X, TWO[:, None].astype("float32"), {"loss": BCE, "metrics": [M.F1Score(threshold=0.5)]}),
    "two units": lambda: (mlp(2, "softmax"), X, TWO, {"loss": SCE, "metrics": ["acc"]}),
    "more units than classes": lambda: (mlp(10, "softmax"), X, IDS, {"loss": SCE}),
    "softmax as a layer": lambda: (seq(D(16, "relu"), D(4), layers.Softmax()), X, IDS,
                                   {"loss": SCE}),
    "hinge": lambda: (mlp(1), X, TWO * 2 - 1, {"loss": "hinge"}),
    "tanh hinge": lambda: (mlp(1, "tanh"), X, TWO * 2 - 1, {"loss": "squared_hinge"}),
    "categorical hinge": lambda: (mlp(4), X, HOT, {"loss": "categorical_hinge", "metrics":
                                                   ["accuracy"]}),
    "counts": lambda: (mlp(1, "exponential"), X, COUNT, {"loss": "poisson", "metrics": ["mae"]}),
    "counts by softplus": lambda: (mlp(1, "softplus"), X, COUNT, {"loss": "poisson"}),
    "a share": lambda: (mlp(1, "sigmoid"), X, 1 / (1 + np.exp(-REAL)), {"loss": BCE}),
    "a share by mse": lambda: (mlp(1, "sigmoid"), X, 1 / (1 + np.exp(-REAL)), {"loss": "mse",
                                                                              "metrics": ["mae"]}),
    "tanh": lambda: (mlp(1, "tanh"), X, np.tanh(REAL), {"loss": "mse"}),
    "relu for positives": lambda: (seq(D(16, "relu"), D(1, "relu", bias_initializer="ones")), X,
                                   np.abs(REAL), {"loss": "mae"}),
    "directions": lambda: (mlp(3), X, X[:, :3] * 0.5 + 0.1, {"loss": "cosine_similarity"}),
    "sine and cosine": lambda: (mlp(2), X, np.c_[np.sin(REAL), np.cos(REAL)], {"loss": "mse"}),
    "shares": lambda: (mlp(4, "softmax"), X, DRAW.dirichlet(np.ones(4), N), {"loss":
                                                                            "kl_divergence"}),
    "msle": lambda: (mlp(1, "softplus"), X, np.exp(REAL), {"loss": "msle"}),
    "mape": lambda: (mlp(1), X, np.abs(REAL) + 1, {"loss": "mape"}),
    "linear regression": lambda: (seq(D(1)), X, REAL, {"loss": "mse", "optimizer": O.Adam(0.1)}),
    "logistic regression": lambda: (seq(D(1, "sigmoid")), X, TWO, {"loss": BCE}),
    "softmax regression": lambda: (seq(D(4, "softmax")), X, IDS, {"loss": SCE}),
    "marks as ordered amounts": lambda: (mlp(1), X, np.clip(np.round(REAL + 3), 1, 5),
                                         {"loss": "mae"}),
    "several numbers": lambda: (mlp(3), X, np.c_[REAL, REAL**2, -REAL], {"loss": "mse"}),
}  # fmt: skip
PROGRAMS.update({f"head: {k}": v for k, v in HEADS.items()})


# --- losses of one's own
def dice(y: Any, p: Any) -> Any:
    return 1 - (2 * ops.sum(y * p) + 1) / (ops.sum(y) + ops.sum(p) + 1)


def jaccard(y: Any, p: Any) -> Any:
    both = ops.sum(y * p, axis=(1, 2, 3))
    return 1 - (both + 1) / (ops.sum(y, axis=(1, 2, 3)) + ops.sum(p, axis=(1, 2, 3)) - both + 1)


def bce_dice(y: Any, p: Any) -> Any:
    return ops.mean(L.binary_crossentropy(y, p)) + dice(y, p)


def focal(y: Any, p: Any) -> Any:
    p = ops.clip(p, 1e-7, 1 - 1e-7)
    right = ops.where(ops.equal(y, 1), p, 1 - p)
    return -ops.mean((1 - right) ** 2 * ops.log(right))


def weighted(y: Any, p: Any) -> Any:
    p = ops.clip(p, 1e-7, 1 - 1e-7)
    return -ops.mean(5 * y * ops.log(p) + (1 - y) * ops.log(1 - p))


def pinball(y: Any, p: Any) -> Any:
    return ops.mean(ops.maximum(0.9 * (y - p), -0.1 * (y - p)))


def root(y: Any, p: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(y - p)))


def unexplained(y: Any, p: Any) -> Any:
    return ops.sum((y - p) ** 2) / (ops.sum((y - ops.mean(y)) ** 2) + 1e-7)


def anticorrelation(y: Any, p: Any) -> Any:
    a, b = y - ops.mean(y), p - ops.mean(p)
    return -ops.sum(a * b) / (ops.sqrt(ops.sum(a**2) * ops.sum(b**2)) + 1e-7)


def gaussian(y: Any, p: Any) -> Any:
    mean, log_variance = p[:, :1], p[:, 1:]
    return ops.mean(log_variance + (y - mean) ** 2 / ops.exp(log_variance))


def wasserstein(y: Any, p: Any) -> Any:
    return ops.mean(y * p)


def contrastive(y: Any, p: Any) -> Any:
    return ops.mean((1 - y) * p**2 + y * ops.maximum(1 - p, 0) ** 2)


def hadsell(y: Any, p: Any) -> Any:
    return ops.mean(y * p**2 + (1 - y) * ops.maximum(1 - p, 0) ** 2)


def cox(y: Any, p: Any) -> Any:
    order = ops.argsort(-ops.abs(y[:, 0]))
    risk = ops.take(p[:, 0], order)
    died = ops.take(ops.cast(y[:, 0] > 0, "float32"), order)
    return -ops.mean(died * (risk - ops.log(ops.cumsum(ops.exp(risk)))))


def policy(y: Any, p: Any) -> Any:
    return -ops.mean(ops.sum(y * ops.log(p + 1e-8), axis=-1))


def masked_words(y: Any, p: Any) -> Any:
    each = L.sparse_categorical_crossentropy(y, p)
    keep = ops.cast(ops.not_equal(y, 0), each.dtype)
    return ops.sum(each * keep) / ops.sum(keep)


def labelled_only(y: Any, p: Any) -> Any:
    keep = ops.cast(y >= 0, "float32")
    return ops.sum(keep * (y - p) ** 2) / ops.sum(keep)


def just_the_output(y: Any, p: Any) -> Any:
    return ops.mean(p)


def scaled_inside(y: Any, p: Any) -> Any:
    return ops.mean((y / 255 - p) ** 2)


class OwnHuber(keras.losses.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        gap = ops.abs(y_true - y_pred)
        return ops.mean(ops.where(gap < 1, gap**2 / 2, gap - 0.5))


def seg(end: Any = "sigmoid", channels: int = 1) -> keras.Sequential:
    return seq(layers.Conv2D(8, 3, padding="same", activation="relu"),
               layers.Conv2D(channels, 1, activation=end), shape=(16, 16, 1))  # fmt: skip


UNSEEN = np.where(DRAW.random((N, 5)) < 0.3, -1.0, TAGS).astype("float32")
OWN: dict[str, Callable[[], Built]] = {
    "dice": lambda: (seg(), PIX, MASK, {"loss": dice}),
    "jaccard": lambda: (seg(), PIX, MASK, {"loss": jaccard, "metrics": ["accuracy"]}),
    "bce and dice": lambda: (seg(), PIX, MASK, {"loss": bce_dice}),
    "dice of Keras": lambda: (seg(), PIX, MASK, {"loss": L.Dice()}),
    "tversky": lambda: (seg(), PIX, MASK, {"loss": L.Tversky(0.7, 0.3)}),
    "masks scaled inside": lambda: (seg(), PIX, MASK * 255, {"loss": scaled_inside}),
    "focal": lambda: (mlp(1, "sigmoid"), X, TWO[:, None].astype("float32"), {"loss": focal}),
    "weighted": lambda: (mlp(5, "sigmoid"), X, TAGS, {"loss": weighted}),
    "labelled only": lambda: (mlp(5, "sigmoid"), X, UNSEEN, {"loss": labelled_only}),
    "pinball": lambda: (mlp(1), X, REAL[:, None], {"loss": pinball}),
    "root": lambda: (mlp(1), X, REAL[:, None], {"loss": root, "metrics": ["mae"]}),
    "huber object": lambda: (mlp(1), X, REAL[:, None], {"loss": OwnHuber()}),
    "unexplained": lambda: (mlp(1), X, REAL[:, None], {"loss": unexplained}),
    "anticorrelation": lambda: (mlp(1), X, REAL[:, None], {"loss": anticorrelation}),
    "gaussian": lambda: (mlp(2), X, REAL[:, None], {"loss": gaussian}),
    "critic": lambda: (mlp(1), X, TWO[:, None] * 2.0 - 1, {"loss": wasserstein}),
    "cox": lambda: (mlp(1), X, (np.exp(REAL) * np.where(TWO, 1, -1))[:, None].astype("float32"),
                    {"loss": cox}),
    "cox, all events": lambda: (mlp(1), X, np.exp(-REAL)[:, None], {"loss": cox}),
    "policy": lambda: (mlp(4, "softmax"), X, HOT * REAL[:, None] * 3, {"loss": policy}),
    "words": lambda: (seq(layers.Embedding(50, 8), layers.GRU(16, return_sequences=True),
                          D(5, "softmax"), shape=(12,)), WORDS, PARTS, {"loss": masked_words}),
    "output is the loss": lambda: (seq(D(8, "relu"), D(1, "softplus")), X, np.zeros((N, 1)),
                                   {"loss": just_the_output}),
    "names inside": lambda: (mlp(1, "sigmoid"), X, TWO[:, None].astype("float32"),
                             {"loss": lambda y, p: ops.mean((y - p) ** 2)}),
}  # fmt: skip
PROGRAMS.update({f"own loss: {k}": v for k, v in OWN.items()})


# --- architectures, as in the guides
def conv(filters: int, size: int = 3, **more: Any) -> Any:
    return layers.Conv2D(filters, size, padding="same", **{"activation": "relu", **more})


def pictured(*parts: Any, units: int = 3, depth: int = 1) -> keras.Sequential:
    return seq(*parts, D(units, activation="softmax"), shape=(16, 16, depth))


def resnet() -> keras.Model:
    start = keras.Input((16, 16, 1))
    z = layers.BatchNormalization()(conv(8, use_bias=False, activation=None)(start))
    z = layers.ReLU()(z)
    for _ in range(3):
        skip = z
        z = layers.ReLU()(layers.BatchNormalization()(conv(8, activation=None)(z)))
        z = layers.BatchNormalization()(conv(8, activation=None)(z))
        z = layers.ReLU()(layers.Add()([z, skip]))
    return keras.Model(start, D(3, "softmax")(layers.GlobalAveragePooling2D()(z)))


def unet(end: str = "sigmoid", channels: int = 1) -> keras.Model:
    start = keras.Input((16, 16, 1))
    a = conv(8)(start)
    b = conv(16)(layers.MaxPooling2D()(a))
    c = conv(32)(layers.MaxPooling2D()(b))
    d = conv(16)(layers.Concatenate()([layers.UpSampling2D()(c), b]))
    e = conv(8)(layers.Concatenate()([layers.Conv2DTranspose(8, 2, 2)(d), a]))
    return keras.Model(start, layers.Conv2D(channels, 1, activation=end)(e))


def xception() -> keras.Model:
    start = keras.Input((16, 16, 1))
    z = layers.Rescaling(1.0)(start)
    z = layers.Activation("relu")(layers.BatchNormalization()(layers.Conv2D(8, 3)(z)))
    for size in (16, 32):
        z = layers.Activation("relu")(z)
        z = layers.BatchNormalization()(layers.SeparableConv2D(size, 3, padding="same")(z))
        z = layers.MaxPooling2D(3, 2, padding="same")(z)
    z = layers.Dropout(0.25)(layers.GlobalAveragePooling2D()(z))
    return keras.Model(start, D(3, "softmax")(z))


def inception() -> keras.Model:
    start = keras.Input((16, 16, 1))
    z = layers.Concatenate()([conv(4, 1)(start), conv(4, 3)(start), conv(4, 5)(start)])
    return keras.Model(start, D(3, "softmax")(layers.Flatten()(layers.MaxPooling2D()(z))))


def augmented() -> keras.Sequential:
    return pictured(layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), conv(8),
                    layers.MaxPooling2D(), layers.Dropout(0.5), layers.Flatten())  # fmt: skip


def patches(blocks: int = 2, mixing: bool = False) -> keras.Model:
    start = keras.Input((16, 16, 1))
    z = layers.Reshape((16, 16))(layers.Conv2D(16, 4, 4)(start))
    for _ in range(blocks):
        a = layers.LayerNormalization(epsilon=1e-6)(z)
        if mixing:
            a = layers.Permute((2, 1))(D(16)(D(32, "gelu")(layers.Permute((2, 1))(a))))
        else:
            a = layers.MultiHeadAttention(2, 8, dropout=0.1)(a, a)
        z = layers.Add()([z, a])
        b = layers.LayerNormalization(epsilon=1e-6)(z)
        z = layers.Add()([z, D(16)(layers.Dropout(0.1)(D(32, "gelu")(b)))])
    z = layers.Dropout(0.5)(layers.Flatten()(layers.LayerNormalization()(z)))
    return keras.Model(start, D(3, "softmax")(D(16, "gelu")(z)))


class Embedded(layers.Layer):
    def __init__(self, words: int, width: int, length: int) -> None:
        super().__init__()
        self.words = layers.Embedding(words, width)
        self.places = layers.Embedding(length, width)

    def call(self, x: Any) -> Any:
        return self.words(x) + self.places(ops.arange(0, ops.shape(x)[-1], 1))


class Block(layers.Layer):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.attend = layers.MultiHeadAttention(2, width)
        self.inside = keras.Sequential([D(32, activation="relu"), D(width)])
        self.one, self.two = layers.LayerNormalization(), layers.LayerNormalization()

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.one(x + self.attend(x, x))
        return self.two(x + self.inside(x))


def reader(*after: Any, length: int = 12) -> keras.Model:
    start = keras.Input((length,), dtype="int32")
    z = Block(16)(Embedded(50, 16, length)(start))
    for layer in after:
        z = layer(z)
    return keras.Model(start, z)


def word_model(*parts: Any, mask: bool = False, length: int | None = 12) -> keras.Sequential:
    return seq(layers.Embedding(50, 16, mask_zero=mask), *parts, D(1, activation="sigmoid"),
               shape=(length,))  # fmt: skip


def waved(*parts: Any, units: int = 3, end: Any = "softmax") -> keras.Sequential:
    return seq(*parts, D(units, activation=end), shape=(24, 2))


def wavenet() -> keras.Sequential:
    return waved(*(layers.Conv1D(8, 2, padding="causal", dilation_rate=2**i, activation="relu")
                   for i in range(4)), layers.GlobalAveragePooling1D())  # fmt: skip


programs("pictures", pictures, {
    "mnist convnet": lambda: pictured(layers.Conv2D(8, 3, activation="relu"),
        layers.MaxPooling2D(), layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dropout(0.5)),
    "dense": lambda: pictured(layers.Flatten(), D(32, "relu"), layers.Dropout(0.2)),
    "vgg": lambda: pictured(conv(8), conv(8), layers.MaxPooling2D(), conv(16), conv(16),
        layers.MaxPooling2D(), layers.Flatten(), D(64, "relu"), layers.Dropout(0.5)),
    "he and decay": lambda: pictured(conv(8, kernel_initializer="he_uniform"),
        layers.BatchNormalization(), conv(16, kernel_regularizer=keras.regularizers.L2(1e-4)),
        layers.BatchNormalization(), layers.MaxPooling2D(), layers.Flatten()),
    "elu": lambda: pictured(conv(8, activation="elu"), layers.AveragePooling2D(2), layers.Flatten()),
    "leaky": lambda: pictured(conv(8, activation=None), layers.LeakyReLU(), layers.MaxPooling2D(),
        conv(16, activation=None), layers.PReLU(), layers.GlobalMaxPooling2D()),
    "swish": lambda: pictured(conv(8, activation="swish"), layers.GlobalAveragePooling2D()),
    "lenet": lambda: pictured(layers.Conv2D(6, 5, activation="tanh", padding="same"),
        layers.AveragePooling2D(2), layers.Conv2D(16, 5, activation="tanh"),
        layers.AveragePooling2D(2), layers.Flatten(), D(120, "tanh"), D(84, "tanh")),
    "depthwise": lambda: pictured(layers.DepthwiseConv2D(3), conv(8, 1), layers.Flatten()),
    "spatial dropout": lambda: pictured(conv(8), layers.SpatialDropout2D(0.3), layers.Flatten()),
    "resnet": resnet, "xception": xception, "inception": inception, "augmented": augmented,
    "vision transformer": patches, "mixer": lambda: patches(mixing=True),
    "noise": lambda: pictured(layers.GaussianNoise(0.1), conv(8), layers.Flatten()),
    "strides": lambda: pictured(conv(8, strides=2), conv(16, strides=2), layers.Flatten()),
    "locally normalised": lambda: pictured(conv(8), layers.GroupNormalization(4), layers.Flatten()),
    "selu": lambda: pictured(layers.Flatten(), D(32, "selu", kernel_initializer="lecun_normal"),
        layers.AlphaDropout(0.1), D(32, "selu", kernel_initializer="lecun_normal")),
    "bottleneck": lambda: pictured(conv(16), conv(4, 1), conv(16, 1), layers.Flatten()),
    "fully convolutional": lambda: seq(conv(8), layers.Conv2D(3, 1), layers.GlobalAveragePooling2D(),
        layers.Activation("softmax"), shape=(None, None, 1)),
    "small application": lambda: keras.applications.MobileNetV2((32, 32, 1), 0.35, weights=None,
        classes=3) if False else pictured(conv(8), layers.Flatten()),
})  # fmt: skip
programs("steps", steps, {
    "lstm": lambda: waved(layers.LSTM(16)), "gru": lambda: waved(layers.GRU(16)),
    "simple": lambda: waved(layers.SimpleRNN(16)),
    "stacked": lambda: waved(layers.LSTM(16, return_sequences=True), layers.LSTM(8)),
    "both ways": lambda: waved(layers.Bidirectional(layers.LSTM(8))),
    "dropout": lambda: waved(layers.GRU(16, dropout=0.2, recurrent_dropout=0.2)),
    "conv": lambda: waved(layers.Conv1D(16, 5, activation="relu"), layers.MaxPooling1D(),
                          layers.Conv1D(16, 3, activation="relu"), layers.GlobalMaxPooling1D()),
    "fcn": lambda: waved(*(part for _ in range(3) for part in (
        layers.Conv1D(16, 3, padding="same"), layers.BatchNormalization(), layers.ReLU())),
        layers.GlobalAveragePooling1D()),
    "wavenet": wavenet, "flat": lambda: waved(layers.Flatten(), D(16, "relu")),
    "masked": lambda: waved(layers.Masking(0.0), layers.LSTM(16)),
    "conv and lstm": lambda: waved(layers.Conv1D(8, 3, activation="relu"), layers.LSTM(8)),
    "normalised": lambda: waved(layers.LayerNormalization(), layers.GRU(8), D(8, "relu")),
    "time distributed": lambda: waved(layers.TimeDistributed(D(8, activation="relu")),
                                      layers.LSTM(8)),
    "attention": lambda: (lambda z: keras.Model(z, D(3, "softmax")(layers.GlobalAveragePooling1D()(
        layers.Attention()([D(8)(z), D(8)(z)])))))(keras.Input((24, 2))),
})  # fmt: skip
programs("forecast", forecast, {
    "lstm": lambda: waved(layers.LSTM(16), units=1, end=None),
    "linear": lambda: waved(layers.Flatten(), units=1, end=None),
    "dense": lambda: waved(layers.Flatten(), D(32, "relu"), D(32, "relu"), units=1, end=None),
    "conv": lambda: waved(layers.Conv1D(16, 24, activation="relu"), layers.Flatten(), units=1,
                          end=None),
    "relu lstm": lambda: waved(layers.LSTM(16, activation="relu"), units=1, end=None),
    "gru": lambda: waved(layers.GRU(8, return_sequences=True), layers.GRU(8), units=1, end=None),
})  # fmt: skip
programs("words", texts, {
    "pooled": lambda: word_model(layers.GlobalAveragePooling1D(), D(16, "relu")),
    "lstm": lambda: word_model(layers.Bidirectional(layers.LSTM(8, return_sequences=True)),
                               layers.Bidirectional(layers.LSTM(8)), length=None),
    "masked lstm": lambda: word_model(layers.LSTM(8), mask=True),
    "conv": lambda: word_model(layers.Dropout(0.5), layers.Conv1D(16, 3, activation="relu"),
                               layers.GlobalMaxPooling1D(), D(16, "relu"), layers.Dropout(0.5)),
    "flat": lambda: word_model(layers.Flatten()),
    "transformer": lambda: reader(layers.GlobalAveragePooling1D(), layers.Dropout(0.1),
                                  D(16, "relu"), D(1, "sigmoid")),
    "spatial": lambda: word_model(layers.SpatialDropout1D(0.4), layers.GRU(8)),
})  # fmt: skip
programs("masks", masks, {
    "u-net": unet, "plain": seg, "batch normalised": lambda: seq(conv(8, activation=None),
        layers.BatchNormalization(), layers.ReLU(), layers.Conv2D(1, 1, activation="sigmoid"),
        shape=(16, 16, 1)),
    "transposed": lambda: seq(conv(8, strides=2), layers.Conv2DTranspose(8, 3, 2, padding="same",
        activation="relu"), layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        shape=(16, 16, 1)),
})  # fmt: skip

# --- several classes a pixel, reproductions, tags of words, words to come
SPAN = np.lib.stride_tricks.sliding_window_view(SERIES, 25)
FLAT = PIX.reshape(96, -1)


def coder(end: str = "sigmoid", width: int = 256) -> keras.Sequential:
    return seq(D(32, "relu"), D(8, "relu"), D(32, "relu"), D(width, activation=end), shape=(width,))


def picture_coder() -> keras.Sequential:
    return seq(
        conv(8),
        layers.MaxPooling2D(padding="same"),
        conv(4),
        layers.UpSampling2D(),
        layers.Conv2D(1, 3, activation="sigmoid", padding="same"),
        shape=(16, 16, 1),
    )


def tagger(mask: bool, end: Any = "softmax") -> keras.Sequential:
    return seq(
        layers.Embedding(50, 16, mask_zero=mask),
        layers.Bidirectional(layers.LSTM(8, return_sequences=True)),
        layers.TimeDistributed(D(5, activation=end)),
        shape=(12,),
    )


WRITTEN = np.where(WORDS > 0, WORDS, 1 + WORDS[::-1] % 40)
PLACES: dict[str, Callable[[], Built]] = {
    "classes a pixel": lambda: (unet("softmax", 3), PIX, MASK_IDS, {"loss": SCE, "metrics":
                                                                  ["accuracy"]}),
    "classes a pixel, column": lambda: (unet("softmax", 3), PIX, MASK_IDS[..., None],
                                        {"loss": SCE}),
    "classes a pixel, one-hot": lambda: (unet("softmax", 3), PIX, np.eye(3)[MASK_IDS],
                                         {"loss": CCE, "metrics": [M.OneHotMeanIoU(3)]}),
    "ignored pixels": lambda: (unet("softmax", 3), PIX, np.where(PIX[..., 0] > 0.6, 255, MASK_IDS),
                               {"loss": L.SparseCategoricalCrossentropy(ignore_class=255)}),
    "autoencoder": lambda: (coder(), FLAT, FLAT, {"loss": "mse"}),
    "autoencoder, bce": lambda: (coder(), FLAT, FLAT, {"loss": BCE, "validation_split": 0.2}),
    "picture autoencoder": lambda: (picture_coder(), PIX, PIX, {"loss": BCE}),
    "denoising": lambda: (picture_coder(), PIX + 0.2 * DRAW.normal(size=PIX.shape), PIX,
                          {"loss": "mse"}),
    "linear autoencoder": lambda: (seq(D(3), D(8)), X, X, {"loss": "mse"}),
    "autoencoder of steps": lambda: (seq(layers.LSTM(8), layers.RepeatVector(24), layers.LSTM(
        8, return_sequences=True), layers.TimeDistributed(D(2)), shape=(24, 2)), WAVES, WAVES,
        {"loss": "mae"}),
    "convolved steps": lambda: (seq(layers.Conv1D(8, 7, padding="same", strides=2, activation=
        "relu"), layers.Dropout(0.2), layers.Conv1DTranspose(8, 7, padding="same", strides=2,
        activation="relu"), layers.Conv1DTranspose(2, 7, padding="same"), shape=(24, 2)), WAVES,
        WAVES, {"loss": "mse", "callbacks": [C.EarlyStopping("loss", patience=5, mode="min")]}),
    "super-resolution": lambda: (seq(layers.Resizing(16, 16), conv(8), conv(1, activation=None),
        shape=(8, 8, 1)), PIX[:, ::2, ::2], PIX, {"loss": "mse"}),
    "tags, masked": lambda: (tagger(True), WORDS, PARTS, {"loss": SCE, "metrics": ["accuracy"]}),
    "tags, weighted": lambda: (tagger(False), WORDS, PARTS, {"loss": SCE, "sample_weight":
                               (WORDS > 0).astype("float32")}),
    "tags, ignored": lambda: (tagger(False), WORDS, PARTS, {"loss":
                              L.SparseCategoricalCrossentropy(ignore_class=0)}),
    "tags without padding": lambda: (tagger(False), WRITTEN, 1 + WRITTEN % 4, {"loss": SCE,
                                     "metrics": ["accuracy"]}),
    "next word": lambda: (reader(D(50, "softmax"), length=11), WRITTEN[:, :-1], WRITTEN[:, 1:],
                          {"loss": SCE}),
    "next word of raw scores": lambda: (reader(D(50), length=11), WRITTEN[:, :-1], WRITTEN[:, 1:],
        {"loss": L.SparseCategoricalCrossentropy(from_logits=True), "metrics": ["accuracy"]}),
    "next letter": lambda: (seq(layers.LSTM(16), D(10, "softmax"), shape=(11, 10)),
                            np.eye(10)[WRITTEN[:, :-1] % 10], np.eye(10)[WRITTEN[:, -1] % 10],
                            {"loss": CCE, "optimizer": O.RMSprop(0.01)}),
    "next step, all steps": lambda: (seq(layers.LSTM(8, return_sequences=True), D(1), shape=(24, 1)),
                                     SPAN[:, :-1, None], SPAN[:, 1:, None], {"loss": "mse"}),
    "next value": lambda: (seq(layers.LSTM(8), D(1), shape=(24, 1)), SPAN[:, :-1, None],
                           SPAN[:, -1], {"loss": "mse"}),
    "next values": lambda: (seq(D(16, "relu"), D(5), shape=(20,)), SPAN[:, :20], SPAN[:, 20:],
                            {"loss": "mae"}),
    "windows by Keras": lambda: (seq(layers.LSTM(8), D(1), shape=(20, 1)),
        keras.utils.timeseries_dataset_from_array(SERIES[:-20, None], SERIES[20:],
                                                  sequence_length=20), None, {"loss": "mse"}),
    "later rows": lambda: (seq(D(16, "relu"), D(1), shape=(24,)), SPAN[:300, :-1], SPAN[:300, -1],
                           {"loss": "mse", "validation_data": (SPAN[330:, :-1], SPAN[330:, -1])}),
    "steps to steps": lambda: (seq(layers.LSTM(16), layers.RepeatVector(3), layers.LSTM(
        16, return_sequences=True), D(10, "softmax"), shape=(12, 10)), np.eye(10)[WRITTEN % 10],
        WRITTEN[:, :3] % 10, {"loss": SCE, "metrics": ["accuracy"]}),
    "frames": lambda: (seq(layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True),
        layers.BatchNormalization(), layers.Conv3D(1, 3, activation="sigmoid", padding="same"),
        shape=(None, 16, 16, 1)), PIX.reshape(24, 4, 16, 16, 1)[:, :3],
        PIX.reshape(24, 4, 16, 16, 1)[:, 1:], {"loss": BCE}),
    "volumes": lambda: (seq(layers.Conv3D(4, 3, activation="relu"), layers.GlobalAveragePooling3D(),
        D(1, "sigmoid"), shape=(4, 16, 16, 1)), PIX.reshape(24, 4, 16, 16, 1), np.arange(24) % 2,
        {"loss": BCE}),
}  # fmt: skip
PROGRAMS.update({f"places: {k}": v for k, v in PLACES.items()})


# --- several inputs and outputs, models and steps of one's own
def towers(end: Any = "sigmoid") -> keras.Model:
    user, film = keras.Input((1,), name="user"), keras.Input((1,), name="film")
    a = layers.Flatten()(layers.Embedding(30, 8, embeddings_regularizer="l2")(user))
    b = layers.Flatten()(layers.Embedding(20, 8)(film))
    return keras.Model([user, film], layers.Activation(end)(layers.Dot(1)([a, b])))


def heads(*ends: Any, as_dict: bool = False) -> keras.Model:
    start = keras.Input((8,))
    z = D(16, "relu")(start)
    made = {name: D(units, end, name=name)(z) for name, units, end in ends}
    return keras.Model(start, made if as_dict else list(made.values()))


def wide_and_deep() -> keras.Model:
    a, b = keras.Input((8,), name="wide"), keras.Input((8,), name="deep")
    return keras.Model([a, b], D(1)(layers.Concatenate()([a, D(16, "relu")(D(16, "relu")(b))])))


def twins(distance: bool) -> keras.Model:
    body = seq(D(16, "relu"), D(8))
    a, b = keras.Input((8,)), keras.Input((8,))
    gap = layers.Lambda(lambda p: ops.sqrt(ops.maximum(ops.sum((p[0] - p[1]) ** 2, -1, True), 1e-7)),
                        output_shape=(1,))([body(a), body(b)])  # fmt: skip
    return keras.Model(
        [a, b], gap if distance else D(1, "sigmoid")(layers.BatchNormalization()(gap))
    )


def table_of_columns() -> keras.Model:
    number, kind = keras.Input((3,), name="number"), keras.Input((1,), name="kind", dtype="int32")
    code = layers.CategoryEncoding(4, output_mode="one_hot")(kind)
    z = layers.Concatenate()([layers.BatchNormalization()(number), code])
    return keras.Model({"number": number, "kind": kind},
                       D(1, "sigmoid")(layers.Dropout(0.5)(D(32, "relu")(z))))  # fmt: skip


class Own(keras.Model):
    def __init__(self, units: int = 4, end: Any = "softmax") -> None:
        super().__init__()
        self.body, self.drop, self.end = (
            D(16, activation="relu"),
            layers.Dropout(0.3),
            D(units, end),
        )

    def call(self, x: Any, training: bool = False) -> Any:
        return self.end(self.drop(self.body(x), training=training))


class OwnStep(Own):
    def train_step(self, data: Any) -> Any:
        x, y = data[0], data[1]
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        self.optimizer.apply(
            tape.gradient(loss, self.trainable_variables), self.trainable_variables
        )
        return {"loss": loss}


class Sampling(layers.Layer):
    def call(self, inputs: Any) -> Any:
        mean, spread = inputs
        self.add_loss(-0.5 * ops.mean(1 + spread - mean**2 - ops.exp(spread)))
        return mean + ops.exp(0.5 * spread) * keras.random.normal(ops.shape(mean))


def variational() -> keras.Model:
    start = keras.Input((8,))
    z = D(16, "relu")(start)
    z = Sampling()([D(2)(z), D(2)(z)])
    return keras.Model(start, D(8)(D(16, "relu")(z)))


def nested() -> keras.Sequential:
    return seq(seq(D(16, "relu"), D(8, "relu")), seq(D(4, "softmax"), shape=(8,)))


PAIR = {"user": (IDS * 7 % 30)[:, None], "film": (np.arange(N) % 20)[:, None]}
BODY: dict[str, Callable[[], Built]] = {
    "recommender": lambda: (towers(), PAIR, TWO, {"loss": BCE}),
    "recommender, list": lambda: (towers(), [*PAIR.values()], TWO.astype("float32"), {"loss": BCE}),
    "ratings": lambda: (towers("linear"), [*PAIR.values()], REAL + 3, {"loss": "mse", "epochs": 20}),
    "wide and deep": lambda: (wide_and_deep(), [X, X[:, ::-1]], REAL, {"loss": "mse"}),
    "two heads": lambda: (heads(("kind", 4, "softmax"), ("size", 1, None)), X, [IDS, REAL],
                          {"loss": [SCE, "mse"], "metrics": [["accuracy"], ["mae"]]}),
    "named heads": lambda: (heads(("kind", 4, "softmax"), ("size", 1, None), as_dict=True), X,
                            {"kind": IDS, "size": REAL}, {"loss": {"kind": SCE, "size": "mse"},
                            "metrics": {"kind": "accuracy", "size": "mae"},
                            "loss_weights": {"kind": 1.0, "size": 0.5}}),
    "three heads": lambda: (heads(("a", 4, "softmax"), ("b", 1, "sigmoid"), ("c", 1, None)), X,
                            [HOT, TWO, REAL], {"loss": [CCE, BCE, "mae"]}),
    "stopping on a head": lambda: (heads(("kind", 4, "softmax"), ("size", 1, None)), X, [IDS, REAL],
        {"loss": [SCE, "mse"], "metrics": {"kind": ["accuracy"]}, "validation_split": 0.2,
         "callbacks": [C.EarlyStopping("val_kind_accuracy", mode="max")]}),
    "twins": lambda: (twins(False), [X, X[::-1]], TWO[:, None].astype("float32"),
                      {"loss": contrastive}),
    "distances": lambda: (twins(True), [X, X[::-1]], TWO[:, None].astype("float32"),
                          {"loss": hadsell}),
    "columns": lambda: (table_of_columns(), {"number": X[:, :3], "kind": IDS[:, None]}, TWO,
                        {"loss": BCE, "metrics": ["accuracy"]}),
    "own model": lambda: (Own(), X, IDS, {"loss": SCE, "metrics": ["accuracy"]}),
    "own model, numbers": lambda: (Own(1, None), X, REAL, {"loss": "mse"}),
    "own model, list loss": lambda: (Own(1, "sigmoid"), X, TWO, {"loss": [BCE]}),
    "own step": lambda: (OwnStep(), X, IDS, {"loss": SCE}),
    "variational": lambda: (variational(), X, X, {"loss": "mse"}),
    "nested": lambda: (nested(), X, IDS, {"loss": SCE}),
    "not built": lambda: (keras.Sequential([D(16, "relu"), D(4, "softmax")]), X, IDS, {"loss": SCE}),
    "mixed precision output": lambda: (seq(D(16, "relu"), D(4), layers.Activation("softmax",
        dtype="float32")), X, IDS, {"loss": SCE}),
    "l1 and l2": lambda: (seq(D(16, "relu", kernel_regularizer=keras.regularizers.L1L2(1e-5, 1e-4),
        activity_regularizer=keras.regularizers.L2(1e-5)), D(4, "softmax")), X, IDS, {"loss": SCE}),
    "l2 of 0.01": lambda: (seq(D(32, "relu", kernel_regularizer="l2"), D(32, "relu",
        kernel_regularizer="l2"), D(4, "softmax")), X, IDS, {"loss": SCE}),
    "constraints": lambda: (seq(D(16, "relu", kernel_constraint="max_norm"), layers.Dropout(0.5),
        D(4, "softmax")), X, IDS, {"loss": SCE}),
    "deep relu": lambda: (seq(*(D(32, "relu", kernel_initializer="he_normal") for _ in range(8)),
        D(4, "softmax")), X, IDS, {"loss": SCE}),
    "deep selu": lambda: (seq(*(D(32, "selu", kernel_initializer="lecun_normal") for _ in range(10)),
        D(4, "softmax")), X, IDS, {"loss": SCE}),
    "deep, normalised": lambda: (seq(*(part for _ in range(6) for part in (D(32, use_bias=False),
        layers.BatchNormalization(), layers.ReLU())), D(4, "softmax")), X, IDS, {"loss": SCE}),
    "two sigmoid layers": lambda: (seq(D(16, "sigmoid"), D(16, "sigmoid"), D(4, "softmax")), X, IDS,
                                   {"loss": SCE}),
    "tanh layers": lambda: (seq(D(16, "tanh"), D(16, "tanh"), D(16, "tanh"), D(1)), X, REAL,
                            {"loss": "mse"}),
    "dropout of 0.5": lambda: (seq(D(64, "relu"), layers.Dropout(0.5), D(64, "relu"),
                               layers.Dropout(0.5), D(1, "sigmoid")), X, TWO, {"loss": BCE}),
    "normalised inside": lambda: (seq(_adapted(X * 50 + 7), D(16, "relu"), D(1)), X * 50 + 7, REAL,
                                  {"loss": "mse"}),
    "normalisation first": lambda: (seq(layers.BatchNormalization(), D(16, "relu"), D(1)), X * 90,
                                    REAL, {"loss": "mse"}),
    "pixels rescaled": lambda: (pictured(layers.Rescaling(1 / 255), conv(8), layers.Flatten()),
                                (PIX * 255).astype("uint8"), PIX_IDS, {"loss": SCE}),
    "pixels to -1..1": lambda: (pictured(layers.Rescaling(1 / 127.5, -1), conv(8), layers.Flatten()),
                                PIX * 255, PIX_IDS, {"loss": SCE}),
    "words as they are": lambda: (_reading(), tf.constant(TEXT), MOOD, {"loss": BCE}),
    "hashed": lambda: (seq(layers.Discretization([0.0, 1.0]), layers.Embedding(3, 4),
                           layers.Flatten(), D(1, "sigmoid")), X, TWO, {"loss": BCE}),
}  # fmt: skip


def _adapted(x: Any) -> Any:
    layer = layers.Normalization()
    layer.adapt(x)
    return layer


def _reading() -> keras.Sequential:
    words = layers.TextVectorization(60, output_sequence_length=12)
    words.adapt(TEXT)
    return keras.Sequential(
        [words, layers.Embedding(60, 8), layers.GlobalAveragePooling1D(), D(1, "sigmoid")]
    )


PROGRAMS.update({f"body: {k}": v for k, v in BODY.items()})

# --- data that look odd, small sets, models that were trained before
XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
LINE = np.arange(-1.0, 6.0).reshape(-1, 1)
RETURNS = 0.012 * DRAW.normal(size=(N, 10))
SPARSE = (DRAW.random((N, 200)) < 0.02).astype("float32")
RARE = (X[:, 0] + X[:, 1] + 0.5 * DRAW.normal(size=N) > 2.6).astype("float32")
SEEN = np.where(DRAW.random(X.shape) < 0.5, X, 0.0)


def trained(**more: Any) -> Built:
    model = mlp(4, "softmax")
    model.compile(O.Adam(1e-3), SCE, metrics=["accuracy"])
    model.fit(X, IDS, epochs=1, verbose=0)
    return model, X, IDS, more


def tuned(unfrozen: bool) -> Built:
    base = seq(D(32, "relu"), D(16, "relu"))
    base.set_weights([w + 0.01 for w in base.get_weights()])
    base.trainable = unfrozen
    model = seq(base, layers.Dropout(0.2), D(4, "softmax"))
    return (
        model,
        X,
        IDS,
        {"loss": SCE, "optimizer": O.Adam(1e-5 if unfrozen else 1e-3), "epochs": 5},
    )


def compiled(*more: Any, **settings: Any) -> Built:
    model = mlp(4, "softmax")
    model.compile("adam", SCE, metrics=["accuracy"])
    return model, X, IDS, settings


DATA: dict[str, Callable[[], Built]] = {
    "xor": lambda: (seq(D(8, "tanh"), D(1, "sigmoid"), shape=(2,)), XOR, np.array([0, 1, 1, 0]),
                    {"loss": BCE, "optimizer": O.Adam(0.05), "epochs": 500}),
    "and": lambda: (seq(D(1, "sigmoid"), shape=(2,)), XOR, np.array([0, 0, 0, 1]),
                    {"loss": BCE, "epochs": 500, "optimizer": O.SGD(0.5)}),
    "a line": lambda: (seq(D(1), shape=(1,)), LINE, 2 * LINE - 1, {"loss": "mse", "optimizer": "sgd",
                                                                  "epochs": 500}),
    "degrees": lambda: (seq(D(1), shape=(1,)), np.array([-40, -10, 0, 8, 15, 22, 38.0])[:, None],
        np.array([-40, 14, 32, 46, 59, 72, 100.0]), {"loss": "mse", "optimizer": O.Adam(0.1),
                                                     "epochs": 500}),
    "a curve": lambda: (seq(D(32, "tanh"), D(32, "tanh"), D(1), shape=(1,)),
                        np.linspace(-3, 3, 200)[:, None], np.sin(np.linspace(-3, 3, 200)),
                        {"loss": "mse", "epochs": 100}),
    "returns": lambda: (seq(D(16, "relu"), D(1), shape=(10,)), RETURNS, RETURNS.sum(1) * 0.3 +
                        0.005 * DRAW.normal(size=N), {"loss": "mse"}),
    "returns up or down": lambda: (seq(D(16, "relu"), D(1, "sigmoid"), shape=(10,)), RETURNS,
                                   (RETURNS.mean(1) > 0).astype(int), {"loss": BCE}),
    "flags": lambda: (seq(D(16, "relu"), D(4, "softmax"), shape=(200,)), SPARSE, IDS, {"loss": SCE}),
    "words counted": lambda: (seq(D(16, "relu"), D(1, "sigmoid"), shape=(50,)),
        np.stack([np.bincount(r, minlength=50) for r in WORDS]), MOOD, {"loss": BCE}),
    "shares of words": lambda: (seq(D(16, "relu"), D(1, "sigmoid"), shape=(50,)),
        np.stack([np.bincount(r, minlength=50) / 12 for r in WORDS]), MOOD, {"loss": BCE}),
    "bools": lambda: (seq(D(8, "relu"), D(1, "sigmoid")), X > 0, TWO, {"loss": BCE}),
    "frame": lambda: (mlp(1, "sigmoid"), pd.DataFrame(X, columns=list("abcdefgh")), TWO,
                      {"loss": BCE}),
    "half hidden": lambda: (mlp(1), SEEN, REAL, {"loss": "mse"}),
    "tens": lambda: (mlp(1, "sigmoid"), X * 5 + 20, TWO, {"loss": BCE}),
    "0..1": lambda: (mlp(4, "softmax"), (X - X.min(0)) / np.ptp(X, axis=0), IDS, {"loss": SCE}),
    "one large column": lambda: (mlp(1, "sigmoid"), X * np.array([1, 9, 1, 1, 1, 1, 1, 1]), TWO,
                                 {"loss": BCE}),
    "prices in thousands": lambda: (mlp(1), X, REAL * 0.4 + 2.1, {"loss": "mse"}),
    "temperatures": lambda: (mlp(1), X, REAL * 6 + 15, {"loss": "mae", "epochs": 100}),
    "rare": lambda: (mlp(1, "sigmoid"), X, RARE, {"loss": BCE, "metrics": [M.AUC(curve="PR"),
                     M.Recall()]}),
    "rare, weighted": lambda: (mlp(1, "sigmoid"), X, RARE, {"loss": BCE, "metrics": ["accuracy"],
                               "class_weight": {0: 1.0, 1: 20.0}}),
    "rare, with recall": lambda: (mlp(1, "sigmoid"), X, RARE, {"loss": BCE, "metrics": ["accuracy",
                                  M.Recall()]}),
    "one in five": lambda: (mlp(1, "sigmoid"), X, (REAL > 0.9).astype(int), {"loss": BCE, "metrics":
                            ["accuracy"]}),
    "one in ten": lambda: (mlp(1, "sigmoid"), X, (REAL > 1.3).astype(int), {"loss": BCE, "metrics":
                           ["accuracy"]}),
    "trained, goes on": lambda: trained(epochs=5, initial_epoch=1),
    "trained, slower": lambda: trained(loss=SCE, optimizer=O.Adam(1e-4), epochs=5),
    "compiled": compiled, "compiled, stops": lambda: compiled(validation_split=0.2,
        callbacks=[C.EarlyStopping("val_accuracy")]),
    "frozen base": lambda: tuned(False), "unfrozen base": lambda: tuned(True),
    "cosine of a whole tuning": lambda: (*tuned(True)[:3], {"loss": SCE, "epochs": 3, "optimizer":
                                         O.AdamW(S.PolynomialDecay(2e-5, 30))}),
    "split of shuffled rows": lambda: ids(validation_split=0.25),
    "few rows": lambda: (mlp(2, "softmax"), X[:20], TWO[:20], {"loss": SCE, "epochs": 100}),
    "one batch of all": lambda: (mlp(1), X[:100], REAL[:100], {"loss": "mse", "batch_size": 100,
                                                              "epochs": 200}),
    "lagged": lambda: (seq(D(16, "relu"), D(1), shape=(3,)), np.stack([SERIES[:-3], SERIES[1:-2],
        SERIES[2:-1]], 1), SERIES[3:], {"loss": "mse", "shuffle": False}),
    "a target near an input": lambda: (mlp(1), X, X[:, 0] + 0.01 * REAL, {"loss": "mse"}),
    "cleaned": lambda: (mlp(8), X + 0.3 * DRAW.normal(size=X.shape), X, {"loss": "mse"}),
    "next state": lambda: (mlp(3), X, X[:, :3] + 0.1 * X[:, 3:6], {"loss": "mse"}),
    "few values": lambda: (seq(D(8, "relu"), D(1, "sigmoid")), np.round(X).clip(-1, 1), TWO,
                           {"loss": BCE, "validation_data": (np.round(X[:80] + 0.3).clip(-1, 1),
                                                             TWO[:80])}),
    "augmented rows": lambda: (mlp(4, "softmax"), np.r_[X[:200], X[:200] + 0.05],
                               np.r_[IDS[:200], IDS[:200]], {"loss": SCE, "validation_data":
                                                             (X[200:], IDS[200:])}),
}  # fmt: skip
PROGRAMS.update({f"data: {k}": v for k, v in DATA.items()})
