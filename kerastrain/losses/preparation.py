"""How do rows and labels get into the form that the loss wants?

The user's own arrays stay as they are: labels are encoded into new ones, and held-out rows are
copied.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.arrays.rows import as_arrays, count_rows, split_rows, take_rows
from kerastrain.arrays.sources import is_data_set
from kerastrain.errors import DataError, LabelError
from kerastrain.losses.choosing import LossChoice
from kerastrain.losses.outputs import Choices, each

__all__ = [
    "Rows",
    "class_ids",
    "count_steps",
    "encode",
    "hold_out",
    "is_data_set",
    "split",
]


@dataclasses.dataclass(frozen=True)
class Rows:
    """Inputs, labels as the loss wants them, and weights of the same rows.

    Attributes:
        x: Inputs, or a data set that brings labels along.
        y: Encoded labels; None with a data set.
        weight: Of each row; None for equal weights.
    """

    x: Any
    y: Any = None
    weight: Any = None

    def take(self, rows: Any) -> Rows:
        """Copy some of the rows."""
        return Rows(*(take_rows(part, rows) for part in (self.x, self.y, self.weight)))

    def as_tuple(self) -> Any:
        """Form what Keras takes as `validation_data`."""
        if self.y is None:
            return self.x
        return (self.x, self.y) if self.weight is None else (self.x, self.y, self.weight)


def encode(x: Any, y: Any, weight: Any, choice: Choices | None) -> Rows:
    """Write the labels as the loss wants them, and see that all parts have equal rows."""
    if is_data_set(x):
        each(_refuse_to_encode, choice)
        return Rows(x)
    if y is None:
        return Rows(as_arrays(x, "x"), None, weight)
    _compare_index(x, y)
    rows = Rows(as_arrays(x, "x"), each(lambda one, part: one.encode(part), choice, y), weight)
    counts = {"x": count_rows(rows.x), "y": count_rows(rows.y, "y")}
    if weight is not None:
        counts["sample_weight"] = count_rows(weight, "sample_weight")
    if len(set(counts.values())) > 1:
        seen = ", ".join(f"{name} has {count}" for name, count in counts.items())
        message = f"x and y must have a row for each example; saw: {seen}. Cut them alike."
        raise DataError(message)
    return rows


def _compare_index(x: Any, y: Any) -> None:
    """Refuse frames whose rows stand in another order: Keras goes by position."""
    if not (isinstance(x, pd.DataFrame) and isinstance(y, pd.Series | pd.DataFrame)):
        return
    if len(x) == len(y) and not x.index.equals(y.index) and set(x.index) == set(y.index):
        message = (
            "x and y must be in the same order; saw the same index in another order, starting "
            f"{list(x.index[:3])} and {list(y.index[:3])}. Pass y.loc[x.index]."
        )
        raise DataError(message)


def _refuse_to_encode(choice: LossChoice) -> None:
    """Say that the labels of a data set stay as they are."""
    classes = choice.labels.classes
    if choice.labels.traits.form == "value" and classes is not None:
        if all(name == i for i, name in enumerate(classes)):
            return
        message = (
            "The labels of a data set are taken as they are, so they must be class ids from 0; "
            f"saw {list(classes[:5])}. Encode them with dataset.map(), or pass arrays: train() "
            "encodes those."
        )
        raise LabelError(message)


def hold_out(
    rows: Rows, fraction: float, given: Any, choice: Choices | None, seed: int
) -> tuple[Rows, Rows | None]:
    """Split off the rows to validate on, or take those that the user gave."""
    if given is not None:
        if fraction:
            message = (
                f"One of the two: validation_split={fraction} or validation_data. Leave one out."
            )
            raise DataError(message)
        if not isinstance(given, tuple | list):
            return rows, Rows(given)
        x, y, weight = (*given, None, None)[:3]
        return rows, encode(x, y, weight, choice)
    if not fraction:
        return rows, None
    if is_data_set(rows.x):
        message = (
            "A data set cannot be split here; saw validation_split="
            f"{fraction}. Pass validation_data=another_dataset, from dataset.take() and skip()."
        )
        raise DataError(message)
    return split(rows, fraction, choice, seed)


def split(rows: Rows, fraction: float, choice: Choices | None, seed: int) -> tuple[Rows, Rows]:
    """Split off a random share of the rows, with the same share of each class."""
    ids = row_classes(choice, rows.y)
    training, held_out = split_rows(count_rows(rows.x), fraction, seed=seed, stratify=ids)
    return rows.take(training), rows.take(held_out)


def row_classes(choice: Choices | None, y: Any) -> NDArray[Any] | None:
    """Name the class of each row, where a row has one."""
    if not isinstance(choice, LossChoice) or choice.labels.per != "row":
        return None
    if not choice.labels.traits.one_class:
        return None
    values: NDArray[Any] = np.asarray(y)
    return values.argmax(-1) if values.shape[1:] > (1,) else values.ravel()


def count_steps(rows: Rows, batch_size: int, needed: Any) -> int:
    """Count the steps of one epoch."""
    if not is_data_set(rows.x):
        return math.ceil(count_rows(rows.x) / batch_size)
    try:
        return len(rows.x)
    except TypeError:
        if needed:
            message = (
                "A schedule needs the number of steps; this data set does not know its length. "
                "Pass dataset.apply(tf.data.experimental.assert_cardinality(steps)), or build "
                "the optimizer with adam(schedule='cosine', decay_steps=steps)."
            )
            raise DataError(message) from None
        return 0


def class_ids(weights: dict[Any, float] | None, choice: Choices | None) -> Any:
    """Write the user's class names as the ids that Keras counts in."""
    if weights is None or not isinstance(choice, LossChoice) or not choice.labels.classes:
        return weights
    ids = {name: i for i, name in enumerate(choice.labels.classes)}
    unknown = [name for name in weights if name not in ids]
    if unknown:
        message = (
            f"class_weight must name classes of y, {list(ids)}; saw {unknown[0]!r}. "
            f"Pass class_weight={dict.fromkeys(list(ids)[:3], 1.0)}."
        )
        raise DataError(message)
    return {ids[name]: float(weight) for name, weight in weights.items()}
