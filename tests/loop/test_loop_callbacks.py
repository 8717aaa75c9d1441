"""Keras' own epoch callbacks in the fast loop: same logs, same stopping epoch, same weights."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

import kerastrain as kt
from kerastrain.loop import windows
from kerastrain.loop.callbacks import acts_on_batches

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")
Y = (X[:, :1] + 0.5 * RNG.normal(size=(64, 1))).astype("float32")
CALLBACKS = keras.callbacks


def make(learning_rate=0.5, **compile_options):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    optimizer = keras.optimizers.SGD(learning_rate, **compile_options)
    model.compile(optimizer, "mse", metrics=["mae"], jit_compile=False)
    return model


class Listener(keras.callbacks.Callback):
    """Writes down each hook and what it was told."""

    def __init__(self):
        super().__init__()
        self.heard = []

    def on_train_begin(self, logs=None):
        self.heard.append(("train begins", logs, self.params["epochs"], self.params["steps"]))

    def on_epoch_begin(self, epoch, logs=None):
        self.heard.append(("epoch begins", epoch, logs))

    def on_test_begin(self, logs=None):
        self.heard.append(("test begins", logs))

    def on_test_end(self, logs=None):
        self.heard.append(("test ends", dict(logs)))

    def on_epoch_end(self, epoch, logs=None):
        self.heard.append(("epoch ends", epoch, dict(logs)))

    def on_train_end(self, logs=None):
        self.heard.append(("train ends", dict(logs or {})))


def run_both(callbacks, *, make=make, epochs=6, **options):
    """Train twins; give what each heard, their weights, and the tidy history."""
    heard, models = [], []
    for loop in ("keras", "graph"):
        model, listener = make(), Listener()
        data = {"epochs": epochs, "validation_split": 0.25, "shuffle": False, **options}
        given = [*callbacks(loop), listener]
        if loop == "keras":
            model.fit(X, Y, callbacks=given, verbose=0, **data)
        else:
            history = kt.fit(model, X, Y, callbacks=given, verbose=0, **data)
            assert history.attrs["loop"].startswith("graph")
        heard.append(listener.heard)
        models.append(model)
    np.testing.assert_equal(heard[1], heard[0])
    for ours, theirs in zip(models[1].get_weights(), models[0].get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    return history, models[1]


@pytest.mark.parametrize(
    "callback",
    [
        lambda: CALLBACKS.EarlyStopping(patience=1, restore_best_weights=True),
        lambda: CALLBACKS.ReduceLROnPlateau(patience=1, min_delta=0.05),
        lambda: CALLBACKS.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
        lambda: CALLBACKS.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(more=1.0)),
        CALLBACKS.TerminateOnNaN,
    ],
    ids=["EarlyStopping", "ReduceLROnPlateau", "LearningRateScheduler", "LambdaCallback", "NaN"],
)
def test_epoch_callbacks_hear_the_same_and_end_with_the_same_weights(callback):
    run_both(lambda loop: [callback()])


def test_early_stopping_stops_at_the_same_epoch():
    stop = lambda loop: [CALLBACKS.EarlyStopping(patience=1, min_delta=0.2)]  # noqa: E731
    history, _ = run_both(stop, epochs=20)
    assert history["epoch"].max() < 20


def test_checkpoints_and_logged_files_are_the_same(tmp_path):
    def callbacks(loop):
        folder = tmp_path / loop
        folder.mkdir()
        return [
            CALLBACKS.ModelCheckpoint(folder / "best.weights.h5", save_weights_only=True),
            CALLBACKS.CSVLogger(folder / "log.csv"),
        ]

    run_both(callbacks, epochs=2)
    assert (tmp_path / "graph/log.csv").read_text() == (tmp_path / "keras/log.csv").read_text()
    saved = [make(), make()]
    for model, loop in zip(saved, ("keras", "graph"), strict=True):
        model.load_weights(tmp_path / loop / "best.weights.h5")
    np.testing.assert_array_equal(*[model.get_weights()[0] for model in saved])


def test_tensorboard_writes_epochs_of_both_splits(tmp_path):
    run_both(lambda loop: [CALLBACKS.TensorBoard(tmp_path / loop)], epochs=2)
    for loop in ("keras", "graph"):
        assert {path.name for path in (tmp_path / loop).iterdir()} == {"train", "validation"}


def test_a_backup_goes_on_from_its_epoch_and_keras_still_keeps_it_where_we_read_it(tmp_path):
    class Crash(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                raise OSError

    for loop in ("keras", "graph"):
        with pytest.raises(OSError):  # noqa: PT011 - the test's own
            run_one(loop, make(), [CALLBACKS.BackupAndRestore(tmp_path / loop), Crash()])
        # The file is what the callback promises; a Keras that renames _initial_epoch starts at 0.
        assert json.loads((tmp_path / loop / "training_metadata.json").read_text())["epoch"] == 3
    ends = []
    for loop in ("keras", "graph"):
        model, listener = make(), Listener()
        run_one(loop, model, [CALLBACKS.BackupAndRestore(tmp_path / loop), listener])
        assert model._initial_epoch == 3
        ends.append((listener.heard, model.get_weights()))
    np.testing.assert_equal(ends[1], ends[0])
    begun = [heard[1] for heard in ends[1][0] if heard[0] == "epoch begins"]
    assert begun == [3, 4]


def run_one(loop, model, callbacks):
    if loop == "keras":
        return model.fit(X, Y, epochs=5, shuffle=False, verbose=0, callbacks=callbacks)
    return kt.fit(model, X, Y, epochs=5, shuffle=False, callbacks=callbacks)


def test_terminate_on_nan_ends_after_the_same_number_of_updates(capsys):
    history, model = run_both(
        lambda loop: [CALLBACKS.TerminateOnNaN()],
        make=lambda: make(learning_rate=1e6),
        batch_size=4,
    )
    assert history["epoch"].max() == 1
    assert 1 < int(model.optimizer.iterations.value) < 12
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert printed[0] == printed[1]


@pytest.mark.parametrize("loop", ["graph", "xla-step", "xla-loop"])
def test_no_step_is_made_after_a_loss_that_is_no_number_in_the_last_full_batch(loop):
    y = Y.copy()
    y[len(Y) - len(Y) % 7 - 1] = np.nan
    model = make(learning_rate=0.01)
    history = kt.fit(
        model, X, y, batch_size=7, shuffle=False, loop=loop, callbacks=[CALLBACKS.TerminateOnNaN()]
    )
    assert int(model.optimizer.iterations.value) == len(Y) // 7
    assert len(Y) % 7
    assert len(history) == 1


def test_a_loss_that_is_no_number_at_the_end_of_a_window_ends_the_epoch_too(monkeypatch):
    monkeypatch.setattr(windows, "_RESIDENT_BYTES", 0)
    monkeypatch.setattr(windows, "_WINDOW_BYTES", 8 * 20 * 2)  # two batches of 8 rows of 20 bytes
    y = Y.copy()
    y[15] = np.nan
    model = make(learning_rate=0.01)
    stop = [CALLBACKS.TerminateOnNaN()]
    kt.fit(model, X, y, batch_size=8, shuffle=False, loop="graph", callbacks=stop)
    assert int(model.optimizer.iterations.value) == 2


def test_terminate_on_nan_raises_where_it_is_told_to():
    with pytest.raises(RuntimeError, match="NaN or Inf loss encountered at batch"):
        kt.fit(
            make(1e6), X, Y, batch_size=4, callbacks=[CALLBACKS.TerminateOnNaN(raise_error=True)]
        )


def test_averaged_weights_are_written_at_the_end():
    run_both(lambda loop: [], make=lambda: make(0.1, use_ema=True))
    swap = lambda loop: [CALLBACKS.SwapEMAWeights(swap_on_epoch=True)]  # noqa: E731
    run_both(swap, make=lambda: make(0.1, use_ema=True))


def test_keras_keeps_its_own_history_too():
    model = make()
    history = kt.fit(model, X, Y, epochs=2, validation_split=0.25)
    assert model.history.epoch == [0, 1]
    assert model.history.history["val_mae"] == history.query("split == 'val'")["mae"].tolist()
    assert isinstance(history, pd.DataFrame)


class OwnCheckpoint(keras.callbacks.ModelCheckpoint):
    """A subclass that leaves the batch hooks alone."""


class OnTestBatch(keras.callbacks.Callback):
    def on_test_batch_end(self, batch, logs=None):
        pass


@pytest.mark.parametrize(
    ("callback", "acts"),
    [
        (lambda: CALLBACKS.EarlyStopping(), False),
        (lambda: CALLBACKS.ModelCheckpoint("m.keras"), False),
        (lambda: CALLBACKS.ModelCheckpoint("m.keras", save_freq=5), True),
        (lambda: OwnCheckpoint("m.keras"), False),
        (lambda: CALLBACKS.BackupAndRestore("b"), False),
        (lambda: CALLBACKS.BackupAndRestore("b", save_freq=5), True),
        (lambda: CALLBACKS.TensorBoard("t"), False),
        (lambda: CALLBACKS.TensorBoard("t", update_freq="batch"), True),
        (lambda: CALLBACKS.TensorBoard("t", write_steps_per_second=True), True),
        (lambda: CALLBACKS.LambdaCallback(on_epoch_end=print), False),
        (lambda: CALLBACKS.LambdaCallback(on_train_batch_begin=print), True),
        (lambda: CALLBACKS.ProgbarLogger(), True),
        (OnTestBatch, True),
    ],
)
def test_only_callbacks_with_something_to_do_between_steps_leave_the_fast_loop(callback, acts):
    assert acts_on_batches(callback()) is acts
