"""What changes between two trainings, or in a callback: as in `model.fit`, or better."""

import random
import subprocess
import sys
import threading
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as L  # noqa: N812

import kerastrain as kt
from kerastrain.errors import KerastrainWarning
from kerastrain.loop import program

pytestmark = pytest.mark.tensorflow

X = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
Y = np.eye(3, dtype="float32")[np.arange(50) % 3]


def made(optimizer="sgd", metrics=("accuracy",), **options):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), L.Dense(6, "relu", name="hidden"), L.Dense(3)])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    options.setdefault("jit_compile", False)
    model.compile(optimizer, loss, metrics=list(metrics), **options)
    return model


def moved(model, layer, train):
    before = model.layers[layer].get_weights()[0]
    train()
    return float(np.abs(before - model.layers[layer].get_weights()[0]).max())


@pytest.mark.parametrize("loop", ["graph", "xla-step", "xla-loop", "model.fit"])
def test_freezing_a_layer_takes_effect_without_compiling_again(loop):
    model = made("adam")
    kt.fit(model, X, Y, loop="graph")
    model.layers[0].trainable = False
    assert moved(model, 0, lambda: kt.fit(model, X, Y, loop=loop)) == 0.0
    assert moved(model, 1, lambda: kt.fit(model, X, Y, loop=loop)) > 0.0
    model.layers[0].trainable = True
    assert moved(model, 0, lambda: kt.fit(model, X, Y, loop=loop)) > 0.0


def test_unfreezing_what_the_optimizer_has_never_known_is_refused_not_ignored():
    model = made()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    kt.fit(model, X, Y)
    model.layers[0].trainable = True
    with pytest.raises(kt.OptimizerError, match=r"'.*hidden/kernel' was frozen.*compile"):
        kt.fit(model, X, Y)


class Scaled(L.Layer):
    factor = 1.0

    def call(self, x):
        return x * self.factor


@pytest.mark.parametrize("loop", ["graph", "xla-step", "xla-loop"])
def test_all_parts_of_a_training_come_from_one_trace(loop):
    # 50 rows in batches of 32: a whole batch and a part of one
    layer = Scaled()
    model = keras.Sequential([keras.Input((4,)), layer, L.Dense(3)])
    model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=False)
    old = kt.fit(model, X, Y, shuffle=False, loop="graph")["loss"].iloc[0]
    layer.factor = 100.0
    new = model.evaluate(X, Y, verbose=0)
    found = kt.fit(model, X, Y, shuffle=False, loop=loop)["loss"].iloc[0]
    assert min(abs(found - old), abs(found - new)) < 1e-4 * new


class InCallback(keras.callbacks.Callback):
    """Act once, when the second epoch begins."""

    def __init__(self, act):
        super().__init__()
        self.act = act

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.act(self.model)


def freeze(model):
    model.layers[0].trainable = False
    model.make_train_function(force=True)


@pytest.mark.parametrize("jit_compile", [True, False])
def test_a_callback_that_freezes_and_has_keras_trace_anew_is_followed(jit_compile):
    model, oracle = made("adam", jit_compile=jit_compile), made("adam", jit_compile=jit_compile)
    options = {"epochs": 3, "shuffle": False, "callbacks": [InCallback(freeze)]}
    oracle.fit(X, Y, verbose=0, **options)
    kt.fit(model, X, Y, **options)
    for ours, theirs in zip(model.get_weights(), oracle.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=0 if not jit_compile else 1e-6)


def test_a_callback_that_compiles_anew_goes_on_with_the_new_optimizer():
    # model.fit itself ends in "'NoneType' object is not callable" here
    model = made()
    again = InCallback(lambda model: model.compile("adam", "mse", metrics=["mae"]))
    history = kt.fit(model, X, Y, epochs=3, callbacks=[again])
    assert int(model.optimizer.iterations) == 4
    assert history["mae"].notna().tolist() == [False, True, True]


def drop_functions(model):
    model.make_test_function(force=True)


@pytest.mark.parametrize("name", ["metric", "test function"])
def test_a_new_test_function_is_taken_up(name):
    def run(train):
        model = made()
        train(model)
        if name == "metric":
            model.test_function = None
        else:
            drop_functions(model)
        return train(model)

    data = {"shuffle": False, "validation_data": (X[:20], Y[:20])}
    ours = run(lambda model: kt.fit(model, X, Y, loop="graph", **data))
    theirs = run(lambda model: model.fit(X, Y, verbose=0, **data).history)
    assert ours["loss"].tolist() == [theirs["loss"][0], theirs["val_loss"][0]]


@pytest.mark.parametrize("swap_on_epoch", [True, False])
def test_averaged_weights_are_swapped_for_the_validation_as_in_keras(swap_on_epoch):
    def run(fit):
        model = made(keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.9))
        callbacks = [keras.callbacks.SwapEMAWeights(swap_on_epoch=swap_on_epoch)]
        data = {"shuffle": False, "validation_data": (X[:20], Y[:20]), "epochs": 3}
        return fit(model)(X, Y, callbacks=callbacks, **data)

    theirs = run(lambda model: model.fit).history
    ours = run(lambda model: lambda *args, **data: kt.fit(model, *args, loop="graph", **data))
    assert ours["loss"][ours["split"] == "train"].tolist() == theirs["loss"]
    assert ours["loss"][ours["split"] == "val"].tolist() == theirs["val_loss"]


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_train_begin", "on_epoch_end"])
@pytest.mark.parametrize("steps_per_execution", [1, 3])
def test_a_callback_that_stops_the_training_leaves_the_steps_of_keras(hook, steps_per_execution):
    def steps(fit):
        model = made(steps_per_execution=steps_per_execution)
        stop = keras.callbacks.LambdaCallback(
            **{hook: lambda *_, **__: setattr(model, "stop_training", True)}
        )
        fit(model)(X, Y, batch_size=10, epochs=3, callbacks=[stop], verbose=0)
        return int(model.optimizer.iterations)

    ours = steps(lambda model: lambda *args, **options: kt.fit(model, *args, **options))
    assert ours == steps(lambda model: model.fit)


@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning:keras")
@pytest.mark.filterwarnings("ignore:The data hold:UserWarning")
@pytest.mark.parametrize(
    ("steps_per_execution", "rows", "steps_per_epoch"),
    [(2, 40, 3), (2, 20, 3), (2, 18, 3), (3, 40, 4), (2, 14, None), (4, 12, None), (2, 10, 3)],
)
def test_epochs_have_whole_executions_as_in_keras(steps_per_execution, rows, steps_per_epoch):
    def steps(fit):
        model, counts = made(steps_per_execution=steps_per_execution), []
        count = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda *_: counts.append(int(model.optimizer.iterations))
        )
        data = {"batch_size": 2, "epochs": 3, "steps_per_epoch": steps_per_epoch, "verbose": 0}
        fit(model)(X[:rows], Y[:rows], callbacks=[count], **data)
        return counts

    ours = steps(lambda model: lambda *args, **options: kt.fit(model, *args, **options))
    assert ours == steps(lambda model: model.fit)


class Noting(keras.callbacks.CallbackList):
    def on_epoch_end(self, epoch, logs=None):
        self.noted = [*getattr(self, "noted", []), epoch]
        super().on_epoch_end(epoch, logs)


class NotingBatches(Noting):
    def on_train_batch_end(self, batch, logs=None):
        self.batches = getattr(self, "batches", 0) + 1
        super().on_train_batch_end(batch, logs)


def test_a_list_of_callbacks_keeps_its_own_hooks_and_its_members():
    model = made()
    for kind, loop in ((Noting, "graph"), (NotingBatches, "model.fit")):
        team = kind([keras.callbacks.CallbackList()], add_history=True, model=model)
        members = list(team.callbacks)
        history = kt.fit(model, X, Y, epochs=3, callbacks=team)
        assert team.noted == [0, 1, 2]
        assert team.callbacks == members
        assert history.attrs["loop"].startswith(loop)
    assert team.batches == 6


def test_tensorflow_that_runs_functions_eagerly_is_obeyed():
    tf.config.run_functions_eagerly(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TensorFlow's, on tf.data
            assert "eager" in kt.fit(made(), X[:8], Y[:8]).attrs["loop"]
    finally:
        tf.config.run_functions_eagerly(False)


def test_the_seed_of_keras_repeats_the_order_of_rows_and_trainings_differ():
    def run():
        keras.utils.set_random_seed(5)
        model = keras.Sequential([L.Dense(3)])
        model.compile("sgd", "mse")
        seeds = [kt.fit(model, X, Y).attrs["seed"] for _ in range(3)]
        return seeds, model.get_weights()[0].tolist()

    first, second = run(), run()
    assert first == second
    assert len(set(first[0])) == 3


def test_going_on_after_a_history():
    model = made()
    history = kt.fit(model, X, Y, epochs=2, validation_split=0.2)
    with pytest.raises(kt.DataError, match=r"epochs=3 and initial_epoch=4.*\['epoch'\].max"):
        kt.fit(model, X, Y, epochs=3, initial_epoch=len(history["epoch"]))
    more = kt.fit(model, X, Y, epochs=3, initial_epoch=history["epoch"].max())
    assert more["epoch"].tolist() == [3]
    assert list(model.history.history) == ["accuracy", "loss"]


def test_a_metric_of_several_values_has_a_column_for_each():
    metrics = [keras.metrics.F1Score(), keras.metrics.Precision(thresholds=[0.3, 0.6], name="p")]
    for loop in ("auto", "model.fit"):
        model = made(metrics=metrics)
        history = kt.fit(model, X, Y, validation_split=0.2, loop=loop, verbose=2, seed=1)
        columns = [name for name in history if "[" in name]
        assert columns == ["f1_score[0]", "f1_score[1]", "f1_score[2]", "p[0]", "p[1]"]
        values = model.evaluate(X[40:], Y[40:], return_dict=True, verbose=0)
        np.testing.assert_allclose(history["f1_score[1]"].iloc[-1], values["f1_score"][1])


def test_what_a_callback_writes_into_the_logs_is_a_column_or_is_named_in_a_warning():
    def write(epoch, logs):
        logs.update(phase="warm-up", nothing=None, kept=tf.Variable(3.0))

    model = made()
    with pytest.warns(KerastrainWarning, match="nothing, phase is left out") as seen:
        history = kt.fit(
            model, X, Y, epochs=2, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=write)]
        )
    assert len([one for one in seen if one.category is KerastrainWarning]) == 1
    assert history["kept"].tolist() == [3.0, 3.0]
    assert "phase" not in history


def test_programs_for_many_batch_sizes_are_bounded():
    model = made()
    for batch_size in range(10, 25):
        kt.fit(model, X, Y, batch_size=batch_size, loop="graph")
    assert len(program._programs[model.train_function]) == 8


MIRRORED = """
import tensorflow as tf
[cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras, numpy as np, kerastrain as kt
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
x = np.random.default_rng(0).normal(size=(48, 4)).astype("float32")
def made():
    keras.utils.set_random_seed(1)
    with strategy.scope():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile("adam", "mse")
    return model
data = {"epochs": 2, "shuffle": False, "batch_size": 16, "validation_split": 0.25}
expected = made().fit(x, x[:, :1], verbose=0, **data).history
history = kt.fit(made(), x, x[:, :1], **data)
assert "distribution" in history.attrs["loop"], history.attrs
assert history["loss"][history["split"] == "train"].tolist() == expected["loss"]
assert history["loss"][history["split"] == "val"].tolist() == expected["val_loss"]
assert np.allclose(history["learning_rate"], 0.001)
assert not [one for one in kt.check(made(), x, x[:, :1]) if one.rule == "keras-raises"]
"""


@pytest.mark.process
def test_a_model_that_is_mirrored_on_two_devices_has_the_tidy_history():
    subprocess.run([sys.executable, "-c", MIRRORED], check=True)


def test_threads_that_train_leave_each_others_numbers_and_the_generators_alone():
    def build(choice):
        return keras.Sequential([L.Dense(6, "relu"), L.Dropout(0.2), L.Dense(choice.units)])

    def run(seed):
        model = kt.train(build, X, X[:, 0], seed=seed, epochs=2, check="off")
        losses[seed] = model.history["loss"].tolist()

    losses = {}
    run(1), run(2)
    alone, losses = losses, {}
    before = random.getstate(), str(np.random.get_state())  # noqa: NPY002
    threads = [threading.Thread(target=run, args=(seed,)) for seed in alone]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert losses == alone
    assert before == (random.getstate(), str(np.random.get_state()))  # noqa: NPY002
