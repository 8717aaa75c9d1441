"""How does a training go on to the same bits?  Its whole state after each epoch, kept and saved.

What decides the next epoch: the weights, the optimizer's variables (its count of steps among them),
the states of random layers, the number of the epoch (which with the seed gives the order of rows),
and what early stopping has seen. All of it lies in variables and a few numbers; a file of it is
NumPy's `.npz`, which holds no pickle.
"""

from __future__ import annotations

import dataclasses
import json
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.errors import RunError
from kerastrain.loop.history import EpochRecord, as_array
from kerastrain.models.copies import layers_of
from kerastrain.training.saving import write_whole

if TYPE_CHECKING:
    import keras

__all__ = ["CHECKPOINT", "Keeper", "TrainingState", "load_state", "put_back", "save_state"]

CHECKPOINT = "checkpoint.npz"
_NOTES = "notes"
_STOPPING = ("wait", "best", "best_epoch")


@dataclasses.dataclass(frozen=True)
class TrainingState:
    """Hold a training after a whole epoch.

    Attributes:
        records: What each epoch so far reported.
        model: The model's variables, weights and states of random layers, in its order.
        optimizer: The optimizer's variables.
        best: The weights of the best epoch; empty without early stopping.
        stopping: The numbers that early stopping compares with; empty without it.
        stopped: A callback ended the training here.
        known: How the training was set up: its settings, and fingerprints of data and model.
    """

    records: list[EpochRecord]
    model: list[NDArray[Any]]
    optimizer: list[NDArray[Any]]
    best: list[NDArray[Any]] = dataclasses.field(default_factory=list)
    stopping: dict[str, Any] = dataclasses.field(default_factory=dict)
    stopped: bool = False
    known: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """The number of whole epochs that are done."""
        return self.records[-1].epoch if self.records else 0


_ARRAYS = ("model", "optimizer", "best")


class Keeper:
    """Keep the state of a training after each whole epoch, and begin from a state.

    Args:
        model: The compiled model.
        records: The list in which a `Recorder` collects the epochs; earlier ones are put there.
        known: How the training is set up.
        stopping: Keras' callback for early stopping, if there is one.
        start: The state to begin from.
        file: Where to save the state.
        every: Epochs between two saves; or seconds, as text such as `"30 s"`.

    Attributes:
        state: After the last whole epoch; None before the training has begun.
    """

    def __init__(
        self,
        model: keras.Model,
        records: list[EpochRecord],
        known: dict[str, Any],
        *,
        stopping: Any = None,
        start: TrainingState | None = None,
        file: Path | None = None,
        every: int | str = 1,
    ) -> None:
        self._model, self._records, self._known = model, records, known
        self._stopping, self._file, self._every = stopping, file, every
        self._saved, self._begin = -1, time.monotonic()
        self.state = start
        if start is not None:
            records.extend(start.records)

    def callback(self) -> keras.callbacks.Callback:
        """Make the Keras callback; it has to stand last, so that it sees what others decide."""
        import keras

        return keras.callbacks.LambdaCallback(on_train_begin=self._set_out, on_epoch_end=self._keep)

    def epochs(self) -> dict[str, int]:
        """Say which epochs are to be trained, in the words of `fit`; none after the last one."""
        first, last = 0, self._known["epochs"]
        if self.state is not None:
            first = self.state.epoch
            last = first if self.state.stopped else max(first, last)
        return {"initial_epoch": first, "epochs": last}

    def finish(self) -> None:
        """Do what follows the last epoch, where a checkpoint holds all of them already."""
        self._set_out()
        self._model.optimizer.finalize_variable_values(self._model.trainable_weights)

    def rewind(self) -> None:
        """Go back to the end of the last whole epoch, which an interruption has left."""
        if self.state is not None:
            del self._records[len(self.state.records) :]
            with suppress(RunError):  # the disk is full; or the first epoch was to make the weights
                self.save()
            with suppress(RunError):
                put_back(self._model, self.state)

    def _set_out(self, logs: Any = None) -> None:
        if self.state is None:
            if all(layer.built for layer in (self._model, *layers_of(self._model))):
                self._model.optimizer.build(self._model.trainable_variables)
            self.state = self._look()
        elif self._stopping is not None and self.state.stopping:
            vars(self._stopping).update(self.state.stopping, best_weights=list(self.state.best))
        self.save()  # also before the first epoch: a disk that cannot hold it is found out now

    def _keep(self, epoch: int, logs: Any = None) -> None:
        self.state = self._look()
        if self._file is not None and (self.state.stopped or self._is_due(epoch + 1)):
            self.save()

    def _look(self) -> TrainingState:
        best, numbers = getattr(self._stopping, "best_weights", None), {}
        if best is not None:
            numbers = {name: getattr(self._stopping, name) for name in _STOPPING}
        return TrainingState(
            records=list(self._records),
            model=_values(_variables(self._model)),
            optimizer=_values(self._model.optimizer.variables),
            best=best or [],
            stopping=numbers,
            stopped=bool(self._model.stop_training),
            known=self._known,
        )

    def _is_due(self, epoch: int) -> bool:
        if epoch == self._known["epochs"]:
            return True  # the last one
        if isinstance(self._every, str):
            return time.monotonic() - self._begin >= float(self._every.rstrip(" s"))
        return epoch - self._saved >= self._every

    def save(self) -> None:
        """Save the state after the last whole epoch, if that is not done yet."""
        if self._file is not None and self.state is not None and self.state.epoch > self._saved:
            save_state(self._file, self.state)
            self._saved, self._begin = self.state.epoch, time.monotonic()


def put_back(model: keras.Model, state: TrainingState, *, optimizer: bool = True) -> None:
    """Give a built and compiled model the variables of a state.

    Args:
        model: It has the architecture and the optimizer of the state's.
        state: Stays as it is.
        optimizer: Whether the optimizer goes on too; else it is left as it is.

    Raises:
        RunError: the variables of the two have other shapes.
    """
    pairs = [("model", _variables(model), state.model)]
    if optimizer:
        model.optimizer.build(model.trainable_variables)
        pairs.append(("optimizer", model.optimizer.variables, state.optimizer))
    for name, variables, values in pairs:
        shapes = [tuple(v.shape) for v in variables], [value.shape for value in values]
        if shapes[0] != shapes[1]:
            message = (
                f"A training goes on with the {name} that it began with, but the saved one has "
                f"variables of the shapes {shapes[1]} and this one {shapes[0]}. Build the model "
                "as before, or train it anew in another folder."
            )
            raise RunError(message)
    for _, variables, values in pairs:
        for variable, value in zip(variables, values, strict=True):
            kind = np.asarray(variable).dtype
            variable.assign(value.view(kind) if value.dtype.kind == "V" else value)  # bfloat16


def _variables(model: keras.Model) -> list[Any]:
    """List what training changes in a model; metrics start anew in each epoch."""
    metrics = {id(variable) for variable in model.metrics_variables}
    return [variable for variable in model.variables if id(variable) not in metrics]


def _values(variables: list[Any]) -> list[NDArray[Any]]:
    """Read variables; TensorFlow copies a value only where a later step overwrites it."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return [np.array(variable) for variable in variables]
    import tensorflow as tf

    if any(isinstance(one.value, tf.distribute.DistributedValues) for one in variables):
        return [np.array(as_array(variable)) for variable in variables]
    # A third of a millisecond for 30 variables, a fifth of what Keras' own way takes.
    handles = [(variable.value.handle, variable.value.dtype) for variable in variables]
    return [tf.raw_ops.ReadVariableOp(resource=h, dtype=kind).numpy() for h, kind in handles]


# ------------------------------------------------------------------------------ the file
def save_state(file: Path, state: TrainingState) -> None:
    """Write a state into one file, whole or not at all.

    Raises:
        RunError: the disk is full, or the folder cannot be written.
    """
    notes = dataclasses.asdict(dataclasses.replace(state, model=[], optimizer=[], best=[]))
    arrays: dict[str, Any] = {
        f"{kind}/{i}": array for kind in _ARRAYS for i, array in enumerate(getattr(state, kind))
    }
    text = json.dumps(notes, default=lambda value: np.asarray(value).tolist())
    arrays[_NOTES] = np.frombuffer(text.encode(), np.uint8)
    write_whole(file, lambda opened: np.savez(opened, **arrays))


def load_state(file: Path) -> TrainingState:
    """Read a state; nothing in the file runs as code, and no size in it is believed.

    Raises:
        RunError: the file is damaged or edited.
    """
    try:
        with zipfile.ZipFile(file) as parts:
            if any(part.compress_type for part in parts.infolist()):  # it may claim to be huge
                raise ValueError("it is compressed")  # noqa: EM101
        with np.load(file, allow_pickle=False) as parts:
            notes = json.loads(parts[_NOTES].tobytes())
            records = [EpochRecord(**record) for record in notes.pop("records")]
            for kind in _ARRAYS:
                count = sum(name.startswith(f"{kind}/") for name in parts.files)
                notes[kind] = [parts[f"{kind}/{i}"] for i in range(count)]
        return TrainingState(records=records, **notes)
    except Exception as error:  # a file that somebody wrote by hand may hold anything
        message = (
            f"The state of a training must be as kerastrain wrote it, but {file.name} in "
            f"{str(file.parent)!r} is damaged or edited: {error!r}. Delete it to start anew."
        )
        raise RunError(message) from error
