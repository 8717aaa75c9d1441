"""Which loop trains the model?  The fast one where it gives the same numbers, else `model.fit`."""

from __future__ import annotations

import random
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerastrain.errors import DataError, KerastrainWarning
from kerastrain.loop.arguments import check_labels, check_rows, checked
from kerastrain.loop.decide import prepare, who_replaced_fit, why_not_here
from kerastrain.loop.fallback import train_by_keras
from kerastrain.loop.history import Recorder, as_array, tidy
from kerastrain.loop.packing import Rows
from kerastrain.loop.program import take_up_freezing
from kerastrain.loop.progress import Progress
from kerastrain.models.private_names import global_state
from kerastrain.models.seeds import LARGEST, choose_seed

if TYPE_CHECKING:
    import keras

__all__ = ["TrainingInterrupted", "fit"]


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
    XLA rounds otherwise: histories agree to 1e-5, until somewhere a relu unit lies within rounding
    of its kink and the two roundings part. XLA is chosen where this many steps make it faster,
    compiling included, so another number of epochs may give other last digits. A step that XLA
    cannot take runs as a graph, and so does one that checks values as it runs.

    A layer that was frozen or unfrozen is so from the next call on; Keras itself would have to
    compile again. Anything else that is changed in Python after the first training, such as the
    rate of a Dropout, needs `model.compile` here as there.

    Args:
        model: A compiled model. It is trained from the weights that it has.
        x: Inputs, as `model.fit` takes them.
        y: Targets, likewise.
        shuffle: Whether each pass sees the rows in a fresh order. The order is kerastrain's own: it
            follows from `seed` and the number of the epoch alone.
        seed: Decides the order of rows. Left out, one is drawn, after `keras.utils.set_random_seed`
            the same in each run; it stands in the history's `attrs`. The generators of `random`,
            NumPy and TensorFlow stay as they are.
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
        initial_epoch: As in Keras; to go on after a history, `history["epoch"].max()`.
        steps_per_epoch: As in Keras.
        validation_steps: As in Keras.
        validation_batch_size: As in Keras.
        validation_freq: As in Keras.

    Returns:
        One row for each epoch and split; see `kerastrain.loop.history.tidy`. `attrs` says which
        `loop` ran and why, on which `device`, and with which `seed`. Keras' own dict is there as
        well: `model.history.history`.

    Raises:
        DataError: an argument is none that `fit` can use, or `loop` names a loop that cannot train
            this; the message says why.
        OptimizerError: a layer was unfrozen that the optimizer has never known.
        TrainingInterrupted: Ctrl-C; it holds the history so far.

    Examples:
        >>> import keras, kerastrain as kt, numpy as np
        >>> x, y = np.ones((40, 2), "float32"), np.ones(40)
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> kt.fit(model, x, y, epochs=2, validation_split=0.5)[["epoch", "split"]].values.tolist()
        [[1, 'train'], [1, 'val'], [2, 'train'], [2, 'val']]
    """
    import keras

    if isinstance(model, type) or not hasattr(model, "train_step"):
        message = f"model must be a compiled keras.Model, but is a {type(model).__name__}."
        raise DataError(message)
    check_rows(x=x, y=y, sample_weight=sample_weight, validation_data=validation_data)
    check_labels(model, x, y)
    team = callbacks if isinstance(callbacks, keras.callbacks.CallbackList) else None
    given = team.callbacks if team else keras.tree.flatten([] if callbacks is None else callbacks)
    arguments = {
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
    found = checked(arguments, loop=loop, verbose=verbose, callbacks=given)
    arguments = {name: found[name] for name in arguments}
    seed = _seed_of_order(model) if seed is None else choose_seed(seed)
    data = prepare(x, y, arguments)
    problem = why_not_here(model, [*given, team] if team else given)
    if not problem:
        take_up_freezing(model)
    if loop == "model.fit":
        problem = "loop='model.fit'"
    if loop == "auto" and (other := who_replaced_fit()):
        message = (
            f"The fast loop needs Keras' own fit, but {other} has replaced keras.Model.fit, as "
            "autologging does, so model.fit trains and is recorded. To say that this is wanted, "
            "pass loop='model.fit'."
        )
        warnings.warn(message, KerastrainWarning, stacklevel=2)
    problem = problem or (data if isinstance(data, str) else "")
    if problem and loop not in ("auto", "model.fit"):
        message = f"loop={loop!r} cannot train this: {problem}. Leave loop= out: model.fit can."
        raise DataError(message)
    recorder = Recorder()
    progress = Progress(verbose, arguments["epochs"], arguments["initial_epoch"])
    hooks: Any = [recorder.callback(model), *given, progress.callback()]
    if team:
        team.callbacks, hooks = hooks, team
    ran = "model.fit"
    try:
        if problem or isinstance(data, str):
            ran = f"model.fit: {problem}"
            train_by_keras(model, x, y, data, arguments, hooks, seed=seed)
        else:
            ran = _train_fast(model, *data, arguments, hooks, progress, loop=loop, seed=seed)
    except KeyboardInterrupt as stop:
        progress.close(interrupted=True)
        history = tidy(recorder.records, loop=ran, device=_device(model), seed=seed)
        raise TrainingInterrupted(history) from stop
    finally:
        if team:
            team.callbacks = given
        progress.close()
    return tidy(recorder.records, loop=ran, device=_device(model), seed=seed)


def _train_fast(
    model: keras.Model,
    rows: Rows,
    val_rows: Rows | None,
    arguments: dict[str, Any],
    hooks: list[keras.callbacks.Callback] | keras.callbacks.CallbackList,
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
        steps_per_execution=model.steps_per_execution,
        **{name: arguments[name] for name in kept},
    )
    if not isinstance(hooks, keras.callbacks.CallbackList):
        hooks = keras.callbacks.CallbackList(
            hooks,
            add_history=True,
            model=model,
            verbose=progress.verbose,
            epochs=job.epochs,
            steps=job.steps_per_epoch or rows.batches,
        )
    phase = train(model, job, hooks, progress)
    return f"{phase.mode}: {phase.why}" if phase.mode else "graph: no epoch was asked for"


def _seed_of_order(model: keras.Model) -> int:
    """Choose a seed that nobody gave.

    After `keras.utils.set_random_seed` it follows from the state in which Python's generator is
    and from the steps that the model has made, so that a script repeats; no generator is moved.
    """
    chosen = global_state().get_global_attribute("global_random_seed")
    if chosen is None:
        return choose_seed(None)
    steps = int(as_array(getattr(model.optimizer, "iterations", 0)))
    drawn = np.random.SeedSequence([chosen, steps, *random.getstate()[1]]).generate_state(1)[0]
    return int(drawn) & LARGEST


def _device(model: keras.Model) -> str:
    """Name the device that holds the model's weights, as `list_devices` does."""
    value = next((variable.value for variable in model.variables), None)
    place = str(getattr(value, "device", "") or "cpu:0")
    return place.lower().rpartition("device:")[2] or "cpu:0"
