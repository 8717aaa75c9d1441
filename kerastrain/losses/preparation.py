"""How do rows and labels get into the form that the loss wants?

The user's own arrays stay as they are: labels are encoded into new ones, rows to validate on are
copied where they are few, and selected by their numbers where they are many.
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
from kerastrain.errors import DataError
from kerastrain.losses.choice import LossChoice
from kerastrain.losses.outputs import Choices
from kerastrain.losses.resolve import Plan

__all__ = [
    "Rows",
    "class_ids",
    "count_steps",
    "hold_out",
    "pair_rows",
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

    def take(self, rows: Any, *, copy: bool = True) -> Rows:
        """Take some of the rows; large inputs need not be copied."""
        others = (take_rows(part, rows) for part in (self.y, self.weight))
        return Rows(take_rows(self.x, rows, copy=copy), *others)

    def as_tuple(self) -> Any:
        """Form what Keras takes as `validation_data`."""
        if self.y is None:
            return self.x
        return (self.x, self.y) if self.weight is None else (self.x, self.y, self.weight)


def pair_rows(x: Any, y: Any, encoded: Any, weight: Any = None) -> Rows:
    """Bring inputs, encoded labels and weights together, and see that they have equal rows.

    Args:
        x: Inputs, or a data set.
        y: The labels as the user passed them, whose index may say that the order differs.
        encoded: What `Plan.y` holds; None without labels.
        weight: Of each row, or None.

    Raises:
        DataError: the numbers of rows differ, or frames are in another order.
    """
    if is_data_set(x):
        return Rows(x)
    _compare_index(x, y)
    rows = Rows(as_arrays(x, "x"), encoded, weight)
    counts = {"x": count_rows(rows.x)}
    for name, part in (("y", encoded), ("sample_weight", weight)):
        if part is not None:
            counts[name] = count_rows(part, name)
    for name, count in counts.items():
        if count != counts["x"]:
            message = (
                f"x and {name} must have the same number of rows, but x has {counts['x']} and "
                f"{name} has {count}. Look at the steps that select the rows of each."
            )
            raise DataError(message)
    return rows


def _compare_index(x: Any, y: Any) -> None:
    """Refuse frames whose rows stand in another order: Keras goes by position."""
    if not (isinstance(x, pd.DataFrame) and isinstance(y, pd.Series | pd.DataFrame)):
        return
    if len(x) == len(y) and not x.index.equals(y.index) and set(x.index) == set(y.index):
        message = (
            "x and y must be in the same order, but got the same index in other orders, starting "
            f"{list(x.index[:3])} and {list(y.index[:3])}. Pass y.loc[x.index]."
        )
        raise DataError(message)


def hold_out(
    rows: Rows, fraction: float, given: Any, plan: Plan, seed: int
) -> tuple[Rows, Rows | None]:
    """Split off the rows to validate on, or take those that the user gave."""
    if given is not None:
        if not isinstance(given, tuple | list):
            return rows, Rows(given)
        if len(given) not in (2, 3):
            message = (
                "validation_data must be (x, y), (x, y, sample_weight) or a data set, but it has "
                f"{len(given)} parts. Pass validation_data=(x_val, y_val)."
            )
            raise DataError(message)
        x, y, weight = (*given, None)[:3]
        return rows, pair_rows(x, y, plan.encode(y), weight)
    return split(rows, fraction, plan.choice, seed, copy=False) if fraction else (rows, None)


def split(
    rows: Rows, fraction: float, choice: Choices | None, seed: int, *, copy: bool = True
) -> tuple[Rows, Rows]:
    """Split off a random share of the rows, with the same share of each class."""
    ids = row_classes(choice, rows.y)
    training, held_out = split_rows(count_rows(rows.x), fraction, seed=seed, stratify=ids)
    return rows.take(training, copy=copy), rows.take(held_out, copy=copy)


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
            f"class_weight must name classes of y, {list(ids)}, but got {unknown[0]!r}. "
            f"Pass class_weight={dict.fromkeys(list(ids)[:3], 1.0)}."
        )
        raise DataError(message)
    return {ids[name]: float(weight) for name, weight in weights.items()}
