"""What did the user ask of a training?  The plain arguments, checked before anything is read."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from kerastrain.arrays.arguments import check_data, check_name, check_number, check_whole
from kerastrain.arrays.sources import is_data_set
from kerastrain.checks import RULES
from kerastrain.checks.findings import Mode
from kerastrain.checks.verdict import VERDICTS
from kerastrain.errors import DataError, OptimizerError
from kerastrain.labels.inspection import check_task
from kerastrain.loop import LOOPS
from kerastrain.optimizers.builders import SCHEDULES

if TYPE_CHECKING:
    import keras

__all__ = ["TrainSettings", "check_checkpoint"]


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """The plain arguments of `train`, in the form that the steps after it want.

    A value that no training can use raises here: labels have not been read and the model has not
    been touched. The attributes are those of `train`.

    Raises:
        DataError: an argument of a wrong type, or outside its range; the message names both.
        OptimizerError: a schedule that does not exist.
        LabelError: a task that does not exist.
    """

    epochs: int = 10
    batch_size: int = 32
    validation_split: float = 0.0
    validation_data: Any = None
    task: str | None = None
    robust: bool = False
    sample_weight: Any = None
    class_weight: Any = None
    callbacks: list[keras.callbacks.Callback] = dataclasses.field(default_factory=list)
    patience: int | None = None
    schedule: str | None = None
    warmup_epochs: float = 0.0
    shuffle: bool = True
    seed: int | None = None
    check: Mode = "error"
    silence: Sequence[str] = ()
    loop: str = "auto"
    verbose: Any = "auto"

    def __post_init__(self) -> None:
        size = 32 if self.batch_size is None else self.batch_size
        epochs = check_whole("epochs", self.epochs)
        checked: dict[str, Any] = {
            "epochs": epochs,
            "batch_size": check_whole("batch_size", size),
            "validation_split": check_number(
                "validation_split", self.validation_split or 0, high=1
            ),
            "warmup_epochs": check_number(
                "warmup_epochs",
                self.warmup_epochs or 0,
                high=epochs,
                example=max(1, epochs // 10) if epochs > 1 else 0,
                error=OptimizerError,
            ),
            "callbacks": _callbacks(self.callbacks),
            "sample_weight": _weights(self.sample_weight),
            "silence": _rules(self.silence),
        }
        if self.patience is not None:
            checked["patience"] = check_whole("patience", self.patience)
            if not checked["validation_split"] and self.validation_data is None:
                message = (
                    f"patience={self.patience} watches the validation loss, but there are no "
                    "validation data. Pass validation_split=0.2."
                )
                raise DataError(message)
        if self.seed is not None:
            checked["seed"] = check_whole("seed", self.seed, 0)
        if checked["validation_split"] and self.validation_data is not None:
            message = (
                f"Pass validation_split={self.validation_split} or validation_data, not both. "
                "Leave validation_split out."
            )
            raise DataError(message)
        check_data("validation_data", self.validation_data)
        check_task(self.task)
        check_name("schedule", self.schedule, (None, *SCHEDULES), error=OptimizerError)
        check_name("check", self.check, get_args(Mode))
        check_name("loop", self.loop, LOOPS)
        check_name("verbose", self.verbose, ("auto", 0, 1, 2, True, False))
        for name in ("robust", "shuffle"):
            check_name(name, getattr(self, name), (True, False))
        if self.class_weight is not None and not isinstance(self.class_weight, dict):
            check_name("class_weight", self.class_weight, (None, "balanced"))
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def refuse_data(self, x: Any) -> None:
        """Refuse what does not go together with data that come in batches."""
        if not is_data_set(x):
            return
        if self.validation_split:
            message = (
                f"validation_split={self.validation_split} takes rows from arrays, but x is a "
                f"{type(x).__name__}, which cannot be split. Pass validation_data=another_dataset, "
                "from dataset.take() and dataset.skip()."
            )
            raise DataError(message)
        if self.sample_weight is not None:
            message = (
                f"A {type(x).__name__} must hold sample_weight itself, but got sample_weight "
                "beside it. Leave sample_weight out, and let the data yield (x, y, weight)."
            )
            raise DataError(message)
        if self.loop not in ("auto", "model.fit"):
            message = (
                f"loop={self.loop!r} trains on arrays, but x is a {type(x).__name__}. "
                "Leave loop out."
            )
            raise DataError(message)


def check_checkpoint(folder: Any, every: Any) -> None:
    """Refuse what is no folder, and what is neither epochs nor seconds."""
    if folder is not None and not isinstance(folder, str | os.PathLike):
        message = f"checkpoint must be a folder, but it is {folder!r:.80}. Pass checkpoint='run'."
        raise DataError(message)
    if not isinstance(every, str):
        check_whole("checkpoint_every", every)
    elif not re.fullmatch(r"\d+(\.\d+)? ?s?", every):
        message = (
            f"checkpoint_every must be epochs, or seconds as text, but it is {every!r:.80}. "
            "Pass checkpoint_every='30 s'."
        )
        raise DataError(message)


def _callbacks(given: Any) -> list[Any]:
    if given is None:
        return []
    inner = getattr(given, "callbacks", given)  # a CallbackList
    return list(inner) if isinstance(inner, list | tuple) else [inner]


def _weights(given: Any) -> Any:
    """Take a list of numbers as the array that it means."""
    if isinstance(given, list | tuple) and not any(np.ndim(part) for part in given):
        try:
            return np.asarray(given, np.float32)
        except (TypeError, ValueError):
            message = (
                "sample_weight must hold a number for each row, but it holds "
                f"{next((one for one in given if not isinstance(one, int | float)), None)!r:.80}. "
                "Pass an array of numbers, shape (n,)."
            )
            raise DataError(message) from None
    if isinstance(given, str | bytes | int | float | bool):
        message = (
            f"sample_weight must hold a number for each row, but it is {given!r:.80}. "
            "Pass an array of shape (n,)."
        )
        raise DataError(message)
    return given


def _rules(silence: Any) -> tuple[str, ...]:
    names = sorted({rule.name for rule in (*RULES, *VERDICTS)} | {"overlapping-windows"})
    if isinstance(silence, str):
        silence = (silence,)
    if silence is not None and not isinstance(silence, list | tuple | set | frozenset):
        check_name("silence", silence, names)
    for name in silence or ():
        check_name("silence", name, names)
    return tuple(silence or ())
