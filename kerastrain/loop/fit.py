"""Which loop trains the model?  The fast one where it gives the same numbers, else `model.fit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerastrain.errors import DataError
from kerastrain.history import Recorder, tidy
from kerastrain.loop.arrays import Rows, pack_rows, split_rows
from kerastrain.loop.callbacks import acts_on_batches
from kerastrain.loop.modes import MODES
from kerastrain.loop.progress import Progress

if TYPE_CHECKING:
    import keras

__all__ = ["TrainingInterrupted", "fit"]

_LOOPS = ("auto", *MODES, "model.fit")


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C during a training; the model stands after a whole number of steps.

    Args:
        history: The tidy table of the epochs that were completed.
    """

    def __init__(self, history: pd.DataFrame) -> None:
        super().__init__(f"interrupted after {history['epoch'].nunique()} full epochs")
        self.history = history


def fit(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: str | int = "auto",
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool | str = True,
    class_weight: dict[int, float] | None = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: Any = 1,
    loop: str = "auto",
    seed: int | None = None,
) -> pd.DataFrame:
    """Train a compiled model with the numbers of `model.fit`, many times faster.

    The drop-in for `model.fit`: arguments that are not named below are Keras' own. Data in memory
    (arrays, tensors, data frames, memory-mapped files) run in blocks of steps inside TensorFlow.
    What such a block cannot do, `model.fit` itself does: data sets and generators, callbacks that
    act on batches, eager mode, distribution, another backend.

    A plain graph (`loop="graph"`) gives the bits of `model.fit(shuffle=False, jit_compile=False)`.
    XLA rounds otherwise: histories agree to about 1e-5. It is chosen where this many steps make it
    faster, compiling included, so another number of epochs may give other last digits.

    Args:
        model: A compiled model. It is trained from the weights that it has.
        x: Inputs, as `model.fit` takes them.
        y: Targets, likewise.
        shuffle: Whether each pass sees the rows in a fresh order. The order is kerastrain's own: it
            follows from `seed` and the number of the epoch alone.
        seed: Decides the order of rows. Left out, one is drawn; it stands in the history's `attrs`.
            The generators of `random`, NumPy and TensorFlow stay as they are.
        loop: `"auto"`, or one way by name: `"graph"`, `"xla-step"`, `"xla-loop"` (see
            `kerastrain.loop.modes` for the rule) or `"model.fit"`. It wins over `jit_compile`.
        verbose: `"auto"` draws one line on a terminal or in a notebook and is silent elsewhere.
        batch_size: As in Keras.
        epochs: As in Keras.
        callbacks: As in Keras.
        validation_split: As in Keras: the last rows.
        validation_data: As in Keras.
        class_weight: As in Keras.
        sample_weight: As in Keras.
        initial_epoch: As in Keras.
        steps_per_epoch: As in Keras.
        validation_steps: As in Keras.
        validation_batch_size: As in Keras.
        validation_freq: As in Keras.

    Returns:
        One row for each epoch and split; see `kerastrain.history.tidy`. `attrs` says which `loop`
        ran and why, on which `device`, and with which `seed`.

    Raises:
        DataError: `loop` names no loop, or one that cannot train this; the message says why.
        TrainingInterrupted: Ctrl-C; it holds the history so far.
    """
    import keras

    if loop not in _LOOPS:
        message = f"loop must be one of {', '.join(_LOOPS)}; saw {loop!r}."
        raise DataError(message)
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = callbacks.callbacks
    given = keras.tree.flatten(callbacks) if callbacks else []
    seed = int(np.random.default_rng().integers(2**31)) if seed is None else int(seed)
    arguments: dict[str, Any] = {
        "batch_size": batch_size,
        "epochs": epochs,
        "validation_split": validation_split,
        "validation_data": validation_data,
        "shuffle": shuffle,
        "class_weight": class_weight,
        "sample_weight": sample_weight,
        "initial_epoch": initial_epoch,
        "steps_per_epoch": steps_per_epoch,
        "validation_steps": validation_steps,
        "validation_batch_size": validation_batch_size,
        "validation_freq": validation_freq,
    }
    problem = _why_not_here(model, given) if loop != "model.fit" else "loop='model.fit'"
    data = problem or _prepare(x, y, arguments)
    if isinstance(data, str) and loop not in ("auto", "model.fit"):
        message = f"loop={loop!r} cannot train this: {data}. Leave loop= out, and model.fit does."
        raise DataError(message)
    recorder = Recorder()
    progress = Progress(verbose, epochs, initial_epoch)
    hooks = [recorder.callback(model), *given, progress.callback()]
    ran = "model.fit"
    try:
        if isinstance(data, str):
            ran = f"model.fit: {data}"
            model.fit(x, y, callbacks=hooks, verbose=0, **arguments)
        else:
            ran = _train_fast(model, *data, arguments, hooks, progress, loop=loop, seed=seed)
    except KeyboardInterrupt as stop:
        history = tidy(recorder.records, loop=ran, device=_device(model), seed=seed)
        raise TrainingInterrupted(history) from stop
    finally:
        progress.close()
    return tidy(recorder.records, loop=ran, device=_device(model), seed=seed)


def _train_fast(
    model: keras.Model,
    rows: Rows,
    val_rows: Rows | None,
    arguments: dict[str, Any],
    hooks: list[keras.callbacks.Callback],
    progress: Progress,
    *,
    loop: str,
    seed: int,
) -> str:
    import keras

    from kerastrain.loop.epochs import Job, train

    kept = ("epochs", "initial_epoch", "steps_per_epoch", "validation_steps", "validation_freq")
    job = Job(
        rows=rows,
        val_rows=val_rows,
        shuffle=arguments["shuffle"],
        seed=seed,
        loop=loop,
        **{name: arguments[name] for name in kept},
    )
    callbacks = keras.callbacks.CallbackList(
        hooks,
        add_history=True,
        model=model,
        verbose=progress.verbose,
        epochs=job.epochs,
        steps=job.steps_per_epoch or rows.batches,
    )
    phase = train(model, job, callbacks, progress)
    return f"{phase.mode}: {phase.why}" if phase.mode else "graph: no epoch was asked for"


def _prepare(x: Any, y: Any, arguments: dict[str, Any]) -> tuple[Rows, Rows | None] | str:
    """Lay out the data for the fast loop, or say why `model.fit` has to take them."""
    batch_size, steps = arguments["batch_size"], arguments["steps_per_epoch"]
    held_out, fraction = arguments["validation_data"], arguments["validation_split"]
    val_size = arguments["validation_batch_size"] or batch_size
    rows = pack_rows(
        x,
        y,
        arguments["sample_weight"],
        arguments["class_weight"],
        batch_size=batch_size,
        steps=None if fraction and held_out is None else steps,
    )
    if isinstance(rows, str):
        return rows
    if held_out is not None:
        if not isinstance(held_out, tuple | list) or not 1 <= len(held_out) <= 3:
            return f"validation_data is a {type(held_out).__name__}"
        val_rows = pack_rows(*held_out, batch_size=val_size, steps=arguments["validation_steps"])
        return val_rows if isinstance(val_rows, str) else (rows, val_rows)
    if fraction:
        if steps and not batch_size:
            return "validation_split with steps_per_epoch and without batch_size"
        # In Keras class weights count in training only, the user's own sample weights in both.
        plain = pack_rows(x, y, arguments["sample_weight"], batch_size=val_size)
        assert isinstance(plain, Rows)
        kept, held = split_rows(rows, fraction), split_rows(plain, fraction)
        if kept is None or held is None:
            return f"validation_split={fraction} leaves one part empty"
        return kept[0], held[1]
    return rows, None


def _why_not_here(model: keras.Model, callbacks: list[Any]) -> str:
    """Say why the fast loop cannot train a model; empty where it can."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return f"the backend is {keras.backend.backend()}"
    import tensorflow as tf

    if not isinstance(model, keras.Model) or not model.compiled:
        return "the model is not compiled"
    if model.run_eagerly:
        return "the model runs eagerly"
    if (
        tf.distribute.has_strategy()
        or model.distribute_strategy is not tf.distribute.get_strategy()
    ):
        return "a distribution strategy is set"
    if keras.distribution.distribution() is not None:
        return "a distribution is set"
    if keras.config.max_epochs() or keras.config.max_steps_per_epoch():
        return "keras.config limits epochs or steps"
    for name in ("fit", "evaluate", "make_train_function", "make_test_function"):
        if getattr(type(model), name) is not getattr(keras.Model, name):
            return f"the model has its own {name}"
    acting = [type(callback).__name__ for callback in callbacks if acts_on_batches(callback)]
    return f"the callback {acting[0]} acts on batches" if acting else ""


def _device(model: keras.Model) -> str:
    """Name the device that holds the model's weights, as `list_devices` does."""
    value = next((variable.value for variable in model.variables), None)
    place = str(getattr(value, "device", "") or "cpu:0")
    return place.lower().rpartition("device:")[2] or "cpu:0"
