"""What do these labels look like? Their kind, their classes, and the note on other readings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kerastrain.errors import LabelError
from kerastrain.labels.coding import AMOUNTS, Labels
from kerastrain.labels.columns import Column
from kerastrain.labels.containers import open_labels
from kerastrain.labels.kinds import read
from kerastrain.labels.number_kinds import TASKS, Reading

__all__ = ["Labels", "inspect_labels", "one_hot", "split_outputs"]


def inspect_labels(y: Any, *, task: str | None = None) -> Labels | dict[Any, Labels] | list[Labels]:
    """Tell what kind of labels these are.

    The values are looked at once, block by block, and never changed. A `tf.data.Dataset` or a
    `keras.utils.PyDataset` is judged by up to 256 of its batches.

    Args:
        y: Labels in any container: an array of shape `(n,)`, `(n, 1)`, `(n, c)`, `(n, t)`,
            `(n, t, c)` or `(n, h, w[, c])`, a list, pandas, a tensor, a data set, or a dict or a
            list of these for several outputs.
        task: What they are, where that can be read in two ways: "classification", "binary",
            "multi-label", "soft", "regression", "counts" or "ordered". Left out, the likelier
            reading is taken and `note` names the other.

    Returns:
        What was found; for several outputs a dict or a list, as the labels came.

    Raises:
        LabelError: the labels cannot be learnt from (missing values, one class only, dates, ids,
            free text, rows of unequal length, …), or do not suit `task`.

    Examples:
        >>> inspect_labels([3, 1, 2, 3, 1, 2]).classes
        (1, 2, 3)
        >>> print(inspect_labels([3, 1, 2, 3, 1, 2]).note)
        3 whole numbers from 1 to 3: read as classes; if they are amounts, pass task='regression'.
        >>> inspect_labels([3, 1, 2, 3, 1, 2], task="regression").kind
        'continuous'
        >>> inspect_labels(["cat", "cat"])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        kerastrain.errors.LabelError: There must be two different labels at least; ...
    """
    if task is not None and task not in TASKS:
        msg = f"No task {task!r}; there are {', '.join(map(repr, TASKS))}."
        raise LabelError(msg)
    columns = open_labels(y, task=task)
    if isinstance(columns, Column):
        return _inspect(columns, task, named=_has_names(y))
    if isinstance(columns, list):
        return [_one(column, task, f"y[{i}]") for i, column in enumerate(columns)]
    return {name: _one(column, task, f"y[{name!r}]") for name, column in columns.items()}


def _has_names(y: Any) -> bool:
    """Tell a table whose columns have names from one that was made of an array."""
    return isinstance(y, pd.DataFrame) and any(isinstance(name, str) for name in y.columns)


def _one(column: Column, task: str | None, name: str) -> Labels:
    try:
        found = _inspect(column, task, named=False)
    except LabelError as error:
        msg = f"{name}: {error}"
        raise LabelError(msg) from None
    if not isinstance(found, Labels):
        msg = (
            f"{name} must hold one output; it holds {len(found)} columns of classes. "
            "Give each column a name of its own in the dict."
        )
        raise LabelError(msg)
    return found


def _inspect(column: Column, task: str | None, *, named: bool) -> Labels | dict[Any, Labels]:
    reading = read(column, task)
    mixed = named and column.names is not None and reading.kind == "continuous" and task is None
    if reading.outputs or mixed:
        each = _inspect_columns(column, task)
        if reading.outputs or any(labels.kind not in AMOUNTS for labels in each.values()):
            return each
    return _describe(column, reading)


def _inspect_columns(table: Column, task: str | None) -> dict[Any, Labels]:
    """Look at each column by itself; columns without names are called y1, y2 and so on."""
    width = table.array.shape[1]
    names = table.names or tuple(f"y{i + 1}" for i in range(width))
    each = {}
    for i, name in enumerate(names):
        column = Column(table.array[:, i], table.dtype, sampled=table.sampled)
        each[name] = _one(column, task, f"y[{name!r}]")
    return each


def _describe(column: Column, reading: Reading) -> Labels:
    seen = reading.seen
    amounts = reading.kind in ("continuous", "counts")
    spread, outliers = _tails(seen.rows.reshape(-1)) if amounts else (0.0, 0.0)
    return Labels(
        kind=reading.kind,
        per=reading.per,
        shape=(None if column.sampled else seen.shape[0], *seen.shape[1:]),
        dtype=column.dtype,
        classes=reading.classes,
        counts=reading.counts,
        pair=reading.pair,
        ignore=reading.ignore,
        shares=reading.shares,
        whole=seen.whole,
        low=None if np.isnan(seen.low) else seen.low,
        high=None if np.isnan(seen.high) else seen.high,
        outliers=outliers,
        spread=spread,
        mean=_columns(seen.rows.mean(axis=0)) if amounts else (),
        std=_columns(seen.rows.std(axis=0)) if amounts else (),
        sampled=column.sampled,
        other_tasks=reading.other_tasks,
        note=_note(reading, sampled=column.sampled),
    )


def _note(reading: Reading, *, sampled: bool) -> str:
    """Write down the other readings and what decides for them."""
    words = {"soft": "probabilities", "continuous": "amounts", "counts": "counts"}
    now = words.get(reading.kind, "classes")
    others = "; ".join(f"if they are {TASKS[t]}, pass task={t!r}" for t in reading.other_tasks)
    either = f"{reading.because}: read as {now}; {others}." if others else ""
    sample = f"Judged by a sample of {reading.seen.shape[0]:,} rows." if sampled else ""
    return " ".join(part for part in (either, reading.hint, sample) if part)


def _columns(numbers: Any) -> tuple[float, ...]:
    """Round the number of each column to four digits; steps and pixels share one."""
    flat = numbers if np.ndim(numbers) < 2 else numbers.mean(axis=tuple(range(numbers.ndim - 1)))
    return tuple(float(f"{number:.4g}") for number in np.atleast_1d(flat))


def _tails(sample: NDArray[np.float64]) -> tuple[float, float]:
    """Measure the interquartile range, and the share of values far outside of it."""
    lower, upper = np.quantile(sample, [0.25, 0.75])
    spread = float(upper - lower)
    far = (sample < lower - 3 * spread) | (sample > upper + 3 * spread)
    return spread, float(far.mean()) if spread else 0.0


def split_outputs(y: Any, labels: Any) -> Any:
    """Take the columns of a table apart where each is an output of its own.

    Args:
        y: Labels as the user passed them.
        labels: What `inspect_labels` or `choose_loss` answered for them.

    Returns:
        A dict with a column for each output when `labels` is a dict and `y` is a table; else `y`.

    Examples:
        >>> table = np.array([[1, 3], [2, 1], [3, 2]] * 5)
        >>> split_outputs(table, inspect_labels(table))["y2"].tolist()[:3]
        [3, 1, 2]
    """
    if not isinstance(labels, dict) or isinstance(y, Mapping) or not hasattr(y, "__len__"):
        return y
    if isinstance(y, pd.DataFrame):
        return {name: y[name] for name in labels}
    return {name: np.asarray(y)[:, i] for i, name in enumerate(labels)}


def one_hot(y: ArrayLike, num_classes: int | None = None) -> NDArray[np.float32]:
    """Write class ids as rows that are 1 at the class and 0 elsewhere.

    Args:
        y: Class ids from 0, shape `(n,)` or `(n, 1)`.
        num_classes: Columns to make. Left out, the largest id plus one.

    Returns:
        Rows that sum to 1, shape `(n, num_classes)`.

    Raises:
        LabelError: an id is negative, fractional, or too large for `num_classes`.

    Examples:
        >>> one_hot([0, 2]).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    given = np.asarray(y)
    ids = given.reshape(-1) if given.ndim == 2 and given.shape[1] == 1 else given
    if ids.ndim != 1:
        msg = f"Class ids must have the shape (n,) or (n, 1); y has {given.shape}."
        raise LabelError(msg)
    numbers = ids.dtype.kind in "biuf"
    if not numbers or not (np.isfinite(ids) & (ids >= 0) & (np.rint(ids) == ids)).all():
        seen = f"{ids.min()} to {ids.max()}" if numbers else f"values such as {ids[0]!r}"
        msg = (
            f"Class ids must be whole numbers from 0; saw {seen}. "
            "Number them first: np.unique(y, return_inverse=True)[1]."
        )
        raise LabelError(msg)
    ids = ids.astype(np.int64)
    needed = int(ids.max()) + 1 if ids.size else 0
    columns = needed if num_classes is None else num_classes
    if needed > columns:
        msg = (
            f"Class ids must be below num_classes; saw {needed - 1} and num_classes={num_classes}. "
            f"Pass num_classes={needed}."
        )
        raise LabelError(msg)
    rows = np.zeros((len(ids), columns), np.float32)
    rows[np.arange(len(ids)), ids] = 1
    return rows
