"""The fast loop against its oracle: `model.fit` on the same rows in the same order."""

import itertools
import random
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import kerastrain as kt
from kerastrain.loop import start_over
from kerastrain.loop.packing import pack_rows, row_order
from kerastrain.loop.program import program_for

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(0)
X = RNG.normal(size=(84, 6)).astype("float32")
IDS = (X[:, 0] > 0).astype("int64") + (X[:, 1] > 0)
LAYERS = keras.layers

# Each loss of the table: units and activation of the head, labels that it takes.
LOSSES = {
    "sparse_categorical_crossentropy": (3, "softmax", IDS),
    "categorical_crossentropy": (3, "softmax", np.eye(3, dtype="float32")[IDS]),
    "binary_crossentropy": (1, "sigmoid", (IDS > 0).astype("float32")),
    "mean_squared_error": (1, "linear", X[:, :1] * 2),
    "mean_absolute_error": (1, "linear", X[:, :1] * 2),
    "huber": (1, "linear", X[:, :1] * 2),
    "poisson": (1, "exponential", IDS.astype("float32")),
}
OPTIMIZERS = {
    "sgd with a schedule": lambda: keras.optimizers.SGD(
        keras.optimizers.schedules.CosineDecay(0.1, 20), momentum=0.9
    ),
    "adam": lambda: keras.optimizers.Adam(0.01),
}
VARIANTS = (
    "plain",
    "validation",
    "sample weights",
    "class weights",
    "BatchNorm",
    "Dropout",
    "several inputs and outputs",
    "partial batch",
)


def build(units=1, activation="linear", *between, two=False):
    """Build the same model each time, down to its weights and its dropout."""
    keras.utils.set_random_seed(7)
    inputs = keras.Input((6,), name="x")
    hidden = LAYERS.Dense(8, activation="relu", kernel_regularizer="l2")(inputs)
    for layer in between:
        hidden = layer()(hidden)
    out = LAYERS.Dense(units, activation=activation, name="first")(hidden)
    if not two:
        return keras.Model(inputs, out)
    other = keras.Input((6,), name="other")
    second = LAYERS.Dense(units, activation=activation, name="second")(
        LAYERS.Concatenate()([hidden, other])
    )
    return keras.Model({"x": inputs, "other": other}, {"first": out, "second": second})


def set_up(loss, optimizer, variant):
    """Give a function that makes the compiled model, and what `fit` gets."""
    units, activation, y = LOSSES[loss]
    two = variant == "several inputs and outputs"
    between = {"BatchNorm": [LAYERS.BatchNormalization], "Dropout": [lambda: LAYERS.Dropout(0.3)]}
    x, data = X, {"epochs": 2, "batch_size": 14}
    if variant == "partial batch":
        data["batch_size"] = 16
    if variant == "validation":
        data["validation_data"] = (X[:20], y[:20])
    if variant == "sample weights":
        data["sample_weight"] = np.linspace(0, 2, len(X))
    if variant == "class weights":
        data["class_weight"] = {0: 2.0, 1: 0.5}
    if two:
        x, y = {"x": X, "other": X[::-1]}, {"first": y, "second": y}

    def make():
        model = build(units, activation, *between.get(variant, []), two=two)
        metrics = {} if two else {"metrics": ["accuracy"], "weighted_metrics": ["accuracy"]}
        model.compile(OPTIMIZERS[optimizer](), loss, jit_compile=False, **metrics)
        return model

    return make, x, y, data


def columns(history, split="train"):
    """Give a tidy history as Keras' own: name -> one number an epoch."""
    rows = history[history["split"] == split].dropna(axis=1)
    if rows.empty:
        return {}
    prefix = "val_" if split == "val" else ""
    frame = ("epoch", "split", "learning_rate", "seconds")
    return {prefix + name: rows[name].tolist() for name in rows if name not in frame}


def assert_same_bits(history, model, expected, oracle):
    logs = columns(history) | columns(history, "val")
    logged = {name: values for name, values in expected.items() if name != "learning_rate"}
    assert logs == logged
    for ours, theirs in zip(model.get_weights(), oracle.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def compare_with_keras(make, x, y, **data):
    oracle, model = make(), make()
    expected = oracle.fit(x, y, shuffle=False, verbose=0, **data).history
    history = kt.fit(model, x, y, shuffle=False, loop="graph", **data)
    assert_same_bits(history, model, expected, oracle)
    return history


FULL = list(itertools.product(LOSSES, OPTIMIZERS, VARIANTS))
# Pairwise: every loss meets every variant; the optimizers alternate, so that they meet all too.
PAIRS = [
    (loss, list(OPTIMIZERS)[(i + j) % 2], variant)
    for i, loss in enumerate(LOSSES)
    for j, variant in enumerate(VARIANTS)
]


@pytest.mark.parametrize(("loss", "optimizer", "variant"), PAIRS)
def test_a_plain_graph_gives_the_bits_of_keras(loss, optimizer, variant):
    make, x, y, data = set_up(loss, optimizer, variant)
    compare_with_keras(make, x, y, **data)


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "optimizer", "variant"), FULL)
def test_a_plain_graph_gives_the_bits_of_keras_in_every_combination(loss, optimizer, variant):
    make, x, y, data = set_up(loss, optimizer, variant)
    compare_with_keras(make, x, y, **data)


@pytest.mark.parametrize(
    ("loss", "variant", "loop"),
    [
        ("huber", "partial batch", "xla-loop"),
        ("categorical_crossentropy", "BatchNorm", "xla-loop"),
        ("binary_crossentropy", "validation", "xla-step"),
    ],
)
def test_xla_agrees_with_keras(loss, variant, loop):
    make, x, y, data = set_up(loss, "adam", variant)
    data["epochs"] = 5
    oracle, model = make(), make()
    expected = oracle.fit(x, y, shuffle=False, verbose=0, **data).history
    history = kt.fit(model, x, y, shuffle=False, loop=loop, **data)
    np.testing.assert_allclose(columns(history)["loss"], expected["loss"], rtol=1e-5)
    ours, theirs = model.predict(X[:9], verbose=0), oracle.predict(X[:9], verbose=0)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert history.attrs["loop"].startswith(loop)


class OwnStep(keras.Model):
    """A step of the user's own, which reports a name that no metric has."""

    def __init__(self):
        super().__init__()
        self.dense = LAYERS.Dense(1)

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = keras.ops.mean((self(x, training=True) - y) ** 2)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss, "double": 2 * loss}


class Sampling(keras.Model):
    """A layer that draws when it is asked for predictions too, as in a VAE; and add_loss."""

    def __init__(self):
        super().__init__()
        self.dense, self.seed = LAYERS.Dense(6), keras.random.SeedGenerator(3)

    def call(self, x):
        noise = keras.random.normal(keras.ops.shape(x), seed=self.seed)
        self.add_loss(keras.ops.mean(x**2))
        return self.dense(x + noise)


class KeptInPython(keras.metrics.Metric):
    """A metric whose state is no variable: how often it started anew, and a mean since then."""

    def __init__(self):
        super().__init__(name="kept")
        self.starts = 0
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(keras.ops.mean(keras.ops.cast(y_pred, "float32")))

    def reset_state(self):
        self.starts += 1
        self.total.assign(0.0)

    def result(self):
        return self.total + 10.0 * self.starts


def test_a_metric_that_keeps_something_in_python_is_asked_there_as_in_keras():
    def make():
        model = build()
        model.compile("sgd", "mse", metrics=[KeptInPython()], jit_compile=False)
        return model

    history = compare_with_keras(make, X, X[:, :1], epochs=3, batch_size=16, validation_split=0.2)
    assert history["kept"].max() > 20


def test_a_step_is_traced_once():
    calls = []

    def loss(y_true, y_pred):
        calls.append(y_pred.shape)
        return keras.ops.mean((y_true - y_pred) ** 2)

    model = build(1, "linear", lambda: LAYERS.Dropout(0.5))
    model.compile("adam", loss, metrics=["mae"])
    kt.fit(model, X, X[:, :1], batch_size=14, loop="graph")
    assert len(calls) == 2  # once for the variables that lack, once for the step


class OwnMetrics(keras.Sequential):
    """Reports something else at each step, under the same names."""

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return {name: 2 * value for name, value in super().compute_metrics(x, y, y_pred).items()}


def test_what_an_epoch_reports_is_what_the_metrics_hold_as_in_keras():
    def make():
        keras.utils.set_random_seed(7)
        model = OwnMetrics([keras.Input((6,)), LAYERS.Dense(1)])
        model.compile("sgd", "mse", jit_compile=False)
        return model

    compare_with_keras(make, X, X[:, :1], batch_size=14, validation_split=0.2)


def make_subclass(kind):
    def make():
        keras.utils.set_random_seed(7)
        model = kind()
        model.compile("sgd", "mse", jit_compile=False)
        return model

    return make


@pytest.mark.parametrize(
    ("kind", "y"), [(OwnStep, X[:, :1]), (Sampling, X)], ids=["own train_step", "VAE sampling"]
)
def test_models_that_write_their_own_way_get_the_same_bits(kind, y):
    compare_with_keras(make_subclass(kind), X, y, epochs=3, validation_split=0.25)


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 500},
        {"steps_per_epoch": 4, "batch_size": 14, "epochs": 4},
        {"steps_per_epoch": 3},
        {"initial_epoch": 1, "epochs": 3},
        {"validation_split": 0.3, "validation_freq": 2, "validation_batch_size": 5, "epochs": 4},
        {"validation_split": 0.3, "validation_freq": [1, 3], "validation_steps": 1, "epochs": 4},
        {"validation_split": 0.3, "class_weight": {0: 3.0}},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning:keras")
@pytest.mark.filterwarnings("ignore:The data hold:UserWarning")
def test_options_of_fit_mean_the_same(options):
    make, x, y, _ = set_up("binary_crossentropy", "adam", "plain")
    compare_with_keras(make, x, y, **options)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X.astype("float64"), IDS),
        (X.astype("float16"), pd.Series(IDS)),
        (pd.DataFrame(X), pd.Series(IDS, name="y")),
        (tf.constant(X), tf.constant(IDS)),
        ((X * 3).astype("uint8"), IDS.astype("int8")),
        (X > 0, IDS[:, None]),
    ],
    ids=["float64", "float16", "pandas", "tensors", "uint8", "bool"],
)
def test_data_of_any_type_reach_the_model_as_in_keras(x, y):
    make, _, _, data = set_up("sparse_categorical_crossentropy", "adam", "plain")
    history = compare_with_keras(make, x, y, **data)
    assert history.attrs["loop"].startswith("graph")


def test_mixed_precision_and_averaged_weights_are_as_in_keras():
    def make():
        keras.utils.set_random_seed(7)
        model = keras.Sequential(
            [keras.Input((6,)), LAYERS.Dense(8, dtype="mixed_float16"), LAYERS.Dense(1)]
        )
        adam = keras.optimizers.Adam(0.01, use_ema=True, ema_overwrite_frequency=None)
        model.compile(keras.optimizers.LossScaleOptimizer(adam), "mse", jit_compile=False)
        return model

    compare_with_keras(make, X, X[:, :1], epochs=2, batch_size=16)


def test_data_larger_than_memory_allows_come_in_windows_with_the_same_bits(monkeypatch, tmp_path):
    from kerastrain.loop import windows as loop

    monkeypatch.setattr(loop, "_RESIDENT_BYTES", 0)
    monkeypatch.setattr(loop, "_WINDOW_BYTES", 16 * 32 * 2)
    np.save(tmp_path / "x.npy", X)
    make, _, y, data = set_up("binary_crossentropy", "adam", "partial batch")
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    compare_with_keras(make, mapped, y, validation_split=0.2, **data)


def test_a_changed_copy_of_a_file_keeps_its_changes(monkeypatch, tmp_path):
    from kerastrain.loop import windows as loop

    monkeypatch.setattr(loop, "_RESIDENT_BYTES", 0)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="c")
    mapped[:] = 1.0
    make, _, y, data = set_up("binary_crossentropy", "adam", "plain")
    kt.fit(make(), mapped, y, **data)
    assert (mapped == 1.0).all()


def test_each_epoch_has_a_fresh_order_and_a_seed_repeats_all():
    orders = [row_order(50, 8, shuffle=True, seed=1, turn=turn).tolist() for turn in range(3)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert orders[0] == row_order(50, 8, shuffle=True, seed=1, turn=0).tolist()
    assert orders[0] != row_order(50, 8, shuffle=True, seed=2, turn=0).tolist()
    in_batches = row_order(20, 8, shuffle="batch", seed=1, turn=0)
    assert sorted(in_batches[:8]) == list(range(8))
    assert sorted(in_batches[16:]) == list(range(16, 20))


def test_a_training_taken_up_again_sees_the_rows_that_it_would_have_seen():
    make, x, y, _ = set_up("binary_crossentropy", "adam", "plain")
    whole, halves = make(), make()
    kt.fit(whole, x, y, epochs=4, seed=5)
    kt.fit(halves, x, y, epochs=2, seed=5)
    kt.fit(halves, x, y, epochs=4, initial_epoch=2, seed=5)
    for ours, theirs in zip(halves.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_seed_means_the_same_rows_in_either_loop():
    make, x, y, data = set_up("binary_crossentropy", "adam", "partial batch")
    fast, slow = make(), make()
    kt.fit(fast, x, y, seed=5, loop="graph", **data)
    history = kt.fit(slow, x, y, seed=5, loop="model.fit", **data)
    assert history.attrs["loop"].startswith("model.fit")
    for ours, theirs in zip(fast.get_weights(), slow.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_the_callers_generators_are_not_touched():
    def draw():
        return random.random(), np.random.random(), float(tf.random.uniform(()))  # noqa: NPY002

    make, x, y, data = set_up("binary_crossentropy", "adam", "Dropout")
    model = make()
    keras.utils.set_random_seed(1)
    expected = draw()
    keras.utils.set_random_seed(1)
    kt.fit(model, x, y, **data)
    assert draw() == expected


SCRIPT = """
import numpy as np, keras, kerastrain as kt
keras.utils.set_random_seed(3)
x = np.random.default_rng(0).normal(size=(90, 5)).astype("float32")
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
model.compile("adam", "mse")
for loop in ("graph", "xla-loop"):
    history = kt.fit(model, x, x[:, :1], epochs=3, seed=2, loop=loop)
    print([value.hex() for value in history["loss"]])
print([float(value).hex() for weight in model.get_weights() for value in weight.ravel()])
"""


def test_equal_calls_give_equal_bits_in_two_fresh_processes():
    outputs = {
        subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True).stdout
        for _ in range(2)
    }
    assert len(outputs) == 1
    assert len(outputs.pop().splitlines()) == 3


def test_a_program_is_kept_until_the_model_is_compiled_again():
    make, x, y, data = set_up("binary_crossentropy", "adam", "plain")
    model, rows = make(), pack_rows(X, LOSSES["binary_crossentropy"][2], batch_size=14)
    kt.fit(model, x, y, **data)
    program = program_for(model, "train_step", rows)
    assert program._blocks
    kt.fit(model, x, y, **data)
    assert program_for(model, "train_step", rows) is program
    model.compile("sgd", "mse")
    assert program_for(model, "train_step", rows) is not program


def test_a_model_that_starts_over_trains_as_a_new_one_and_compiles_nothing():
    make, x, y, data = set_up("binary_crossentropy", "adam", "Dropout")
    model, fresh = make(), make()
    kt.fit(model, x, y, seed=1, **data)
    program = program_for(model, "train_step", pack_rows(x, y, batch_size=14))
    start_over(model, fresh, learning_rate=0.02)
    history = kt.fit(model, x, y, seed=2, **data)
    assert program_for(model, "train_step", pack_rows(x, y, batch_size=14)) is program
    assert set(program._blocks) == {("graph", False)}
    fresh.optimizer.learning_rate = 0.02
    expected = kt.fit(fresh, x, y, seed=2, **data)
    assert history["loss"].tolist() == expected["loss"].tolist()
    with pytest.raises(kt.DataError, match="same architecture"):
        start_over(model, build(3))


def test_a_layer_that_has_a_generator_and_never_asks_it_may_run_under_xla():
    def loop_of(dropout):
        model = keras.Sequential([keras.Input((6, 1)), LAYERS.LSTM(4, dropout=dropout)])
        model.compile("sgd", "mse")
        return program_for(model, "train_step", pack_rows(X[..., None], X[:, :4])).size()

    assert loop_of(0.0).draws is None
    assert "seed_generator_state" in loop_of(0.5).draws


def test_ctrl_c_keeps_the_history_and_leaves_whole_steps():
    class Press(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    make, x, y, _ = set_up("binary_crossentropy", "adam", "plain")
    model = make()
    with pytest.raises(KeyboardInterrupt) as stop:
        kt.fit(model, x, y, epochs=9, batch_size=14, callbacks=[Press()])
    assert stop.value.history["epoch"].tolist() == [1, 2]
    assert int(model.optimizer.iterations.value) == 12


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda x, y: ((tf.data.Dataset.from_tensor_slices((x, y)).batch(14),), {}), "Dataset"),
        (
            lambda x, y: (
                (x, y),
                {"callbacks": [keras.callbacks.LambdaCallback(on_train_batch_end=print_nothing)]},
            ),
            "LambdaCallback",
        ),
        (
            lambda x, y: (
                (x, y),
                {"callbacks": [keras.callbacks.ModelCheckpoint("never.keras", save_freq=10**6)]},
            ),
            "ModelCheckpoint",
        ),
    ],
    ids=["a data set", "batch hooks", "saving every n batches"],
)
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")
def test_what_a_block_cannot_do_keras_does_and_the_history_says_why(change, why):
    make, x, y, _ = set_up("binary_crossentropy", "adam", "plain")
    data, options = change(x, y)
    history = kt.fit(make(), *data, epochs=1, **options)
    assert history.attrs["loop"].startswith("model.fit")
    assert why in history.attrs["loop"]
    assert len(history) == 1


def print_nothing(batch, logs):
    pass


def test_eager_models_are_trained_by_keras():
    make, x, y, _ = set_up("binary_crossentropy", "adam", "plain")
    model = make()
    model.compile("sgd", "mse", run_eagerly=True)
    assert "eager" in kt.fit(model, x[:14], y[:14]).attrs["loop"]


@pytest.mark.parametrize(
    ("x", "y", "options"),
    [
        (X, IDS[:10], {}),
        (X, IDS, {"validation_split": 0.999}),
        (X.tolist(), IDS, {}),
        (X, IDS, {"sample_weight": np.ones(84), "class_weight": {0: 1.0}}),
    ],
    ids=["lengths differ", "empty part", "lists of numbers", "two kinds of weights"],
)
def test_wrong_input_is_refused_in_the_words_of_keras(x, y, options):
    make, *_ = set_up("sparse_categorical_crossentropy", "adam", "plain")
    oracle, model = make(), make()
    with pytest.raises(ValueError) as expected:  # noqa: PT011 - the oracle tells the words
        oracle.fit(x, y, verbose=0, **options)
    with pytest.raises(type(expected.value)) as seen:
        kt.fit(model, x, y, **options)
    assert str(seen.value) == str(expected.value)


def test_an_unknown_loop_and_one_that_cannot_train_this_are_refused():
    make, x, y, _ = set_up("binary_crossentropy", "adam", "plain")
    with pytest.raises(kt.DataError, match="loop must be one of auto, graph"):
        kt.fit(make(), x, y, loop="fast")
    data = tf.data.Dataset.from_tensors((x, y))
    with pytest.raises(kt.DataError, match=r"loop='graph' cannot train this.*Dataset"):
        kt.fit(make(), data, loop="graph")
