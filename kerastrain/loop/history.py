"""What happened in each epoch?  Keras' logs as a tidy table.

One row for each epoch and split, one column for each variable, so that
`sns.lineplot(history, x="epoch", y="loss", hue="split")` just works.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.errors import KerastrainWarning

if TYPE_CHECKING:
    import keras

__all__ = ["EpochRecord", "Recorder", "tidy"]


@dataclass
class EpochRecord:
    """Hold what one epoch reported.

    Args:
        epoch: Number of the epoch, from 1.
        logs: What Keras hands to callbacks: `loss`, metrics, and the same with `val_` before.
            Mostly plain numbers; a metric may give one for each class.
        learning_rate: The rate at the end of the epoch's steps, per step.
        seconds: Time of the training steps, without the validation.
        val_seconds: Time of the validation; None where the epoch was not validated.
    """

    epoch: int
    logs: Mapping[str, Any]
    learning_rate: float = math.nan
    seconds: float = math.nan
    val_seconds: float | None = None


@dataclass
class Recorder:
    """Watch a training and keep one record an epoch.

    It works for the fast loop and for `model.fit`, and `records` is complete up to the last full
    epoch also when the training was interrupted.
    """

    records: list[EpochRecord] = field(default_factory=list)

    def callback(self, model: keras.Model) -> keras.callbacks.Callback:
        """Make the Keras callback that fills `records`; it has to stand first in the list.

        First, so that the rate is the one that the epoch trained with, before ReduceLROnPlateau
        lowers it for the next one. The logs are kept by reference: what later callbacks add to
        them is in the table, as it is in Keras' own history.
        """
        import keras

        clock: dict[str, float] = {}

        def begin_epoch(epoch: int, logs: Mapping[str, float] | None = None) -> None:
            clock.clear()
            clock["epoch"] = time.perf_counter()

        def begin_test(logs: Mapping[str, float] | None = None) -> None:
            clock["test"] = time.perf_counter()

        def end_test(logs: Mapping[str, float] | None = None) -> None:
            clock["val_seconds"] = time.perf_counter() - clock["test"]

        def end_epoch(epoch: int, logs: Mapping[str, float] | None = None) -> None:
            val_seconds = clock.get("val_seconds")
            seconds = time.perf_counter() - clock["epoch"] - (val_seconds or 0.0)
            rate = read_learning_rate(model)
            logs = {} if logs is None else logs
            self.records.append(EpochRecord(epoch + 1, logs, rate, seconds, val_seconds))

        return keras.callbacks.LambdaCallback(
            on_epoch_begin=begin_epoch,
            on_epoch_end=end_epoch,
            on_test_begin=begin_test,
            on_test_end=end_test,
        )


def as_numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """Read logs as numbers, one for each entry of an array; what is none is left out.

    Examples:
        >>> as_numbers({"loss": 0.5, "f1_score": np.array([0.25, 1.0]), "phase": "warm-up"})
        {'loss': 0.5, 'f1_score[0]': 0.25, 'f1_score[1]': 1.0}
    """
    numbers: dict[str, float] = {}
    for name, value in logs.items():
        try:
            values = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            continue
        if isinstance(value, str | bytes) or value is None:
            continue
        for place in np.ndindex(values.shape):
            entry = f"[{', '.join(map(str, place))}]" if place else ""
            numbers[f"{name}{entry}"] = float(values[place])
    return numbers


def read_learning_rate(model: keras.Model) -> float:
    """Read the rate that the optimizer's next step would use; NaN where there is none."""
    rate = getattr(model.optimizer, "learning_rate", None)
    return math.nan if rate is None else float(as_array(rate))


def as_array(variable: Any) -> NDArray[Any]:
    """Read a variable or a tensor; one that is mirrored on several devices has no number itself."""
    from keras import ops

    value = getattr(variable, "value", variable)
    value = value.read_value() if hasattr(value, "read_value") else value
    return np.asarray(ops.convert_to_tensor(value))


def tidy(records: Sequence[EpochRecord], **attrs: object) -> pd.DataFrame:
    """Lay out the records of a training as one row for each epoch and split.

    Args:
        records: One record an epoch, as `Recorder` keeps them.
        **attrs: What to keep in `DataFrame.attrs`, such as `loop`, `device` and `seed`.

    Returns:
        Columns `epoch` (from 1), `split` (`train` or `val`), `loss`, each metric under its name,
        `learning_rate` (the rate at the end of the epoch, the same in both rows), `seconds`. A
        `val` row stands only where the epoch was validated; its `seconds` are the validation's. A
        metric with several values has a column for each: `f1_score[0]`, `f1_score[1]`. What is no
        number, such as a text that a callback wrote, is left out with a warning.

    Examples:
        >>> logs = {"loss": 0.7, "accuracy": 0.5, "val_loss": 0.8, "val_accuracy": 0.4}
        >>> history = tidy([EpochRecord(1, logs, 0.1, seconds=2.0, val_seconds=0.5)])
        >>> print(history.to_string(index=False))
         epoch split  loss  accuracy  learning_rate  seconds
             1 train   0.7       0.5            0.1      2.0
             1   val   0.8       0.4            0.1      0.5
    """
    rows: list[dict[str, Any]] = []
    left_out: set[str] = set()
    for record in records:
        train, val = split_logs(record, left_out)
        same = {"learning_rate": record.learning_rate}
        rows.append({"epoch": record.epoch, "split": "train", **train, **same})
        rows[-1]["seconds"] = record.seconds
        if record.val_seconds is not None:
            rows.append({"epoch": record.epoch, "split": "val", **val, **same})
            rows[-1]["seconds"] = record.val_seconds
    named = dict.fromkeys(name for row in rows for name in row)
    metrics = [name for name in named if name not in _FRAME and name != "loss"]
    columns = ["epoch", "split", "loss", *metrics, "learning_rate", "seconds"]
    table = pd.DataFrame(rows, columns=columns)
    table.attrs.update(attrs)
    if left_out:
        message = (
            f"The history holds numbers only: {', '.join(sorted(left_out))} is left out. "
            "model.history.history has it."
        )
        warnings.warn(message, KerastrainWarning, stacklevel=3)
    return table


_FRAME = ("epoch", "split", "learning_rate", "seconds")


def split_logs(
    record: EpochRecord, left_out: set[str]
) -> tuple[dict[str, float], dict[str, float]]:
    """Part an epoch's logs into those of the training and those of the validation.

    A metric that the user named `val_x` is one of the training, and then `val_val_x` is there too.
    The names of what is no number are put into `left_out`.
    """
    train: dict[str, float] = {}
    val: dict[str, float] = {}
    logs = as_numbers(record.logs)
    left_out.update(name for name in record.logs if not as_numbers({name: record.logs[name]}))
    for name, value in logs.items():
        if name in _FRAME:
            continue  # a scheduler writes learning_rate too
        of_val = record.val_seconds is not None and name.startswith("val_")
        if of_val and f"val_{name}" not in logs:
            val[name.removeprefix("val_")] = value
        else:
            train[name] = value
    return train, val
