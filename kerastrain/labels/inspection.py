"""What do these labels look like? Their kind, their classes, and the note on other readings."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kerastrain.arrays.containers import container_of
from kerastrain.errors import LabelError
from kerastrain.labels.coding import Labels
from kerastrain.labels.columns import Column
from kerastrain.labels.containers import open_labels
from kerastrain.labels.kinds import KINDS, TASKS
from kerastrain.labels.reading import read
from kerastrain.labels.refusals import refuse

__all__ = ["Labels", "check_task", "inspect_labels", "one_hot", "split_outputs"]

MOST_FLAGS = 1 << 32  # 16 GiB of float32


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
        LabelError: the labels cannot be learned from (missing values, one class only, dates, ids,
            free text, rows of unequal length, …), or do not suit `task`.

    Examples:
        >>> inspect_labels([3, 1, 2, 3, 1, 2]).classes
        (1, 2, 3)
        >>> print(inspect_labels([3, 1, 2, 3, 1, 2]).note)
        3 whole numbers from 1 to 3: read as classes; if they are numeric targets, pass
        task='regression'; if they are ordered classes, pass task='ordered'.
        >>> inspect_labels([3, 1, 2, 3, 1, 2], task="regression").kind
        'continuous'
        >>> inspect_labels(["cat", "cat"])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        kerastrain.errors.LabelError: There must be at least two different labels, ...
    """
    check_task(task)
    columns = open_labels(y, task=task)
    if isinstance(columns, Column):
        return _inspect(columns, task, table=True)
    if isinstance(columns, list):
        return [_one(column, task, f"y[{i}]") for i, column in enumerate(columns)]
    return {name: _one(column, task, f"y[{name!r}]") for name, column in columns.items()}


def check_task(task: Any) -> None:
    """Refuse a task that does not exist.

    Raises:
        LabelError: it names the task that was perhaps meant.
    """
    if task is not None and not (isinstance(task, str) and task in TASKS):
        near = get_close_matches(str(task), TASKS, n=1) or list(TASKS)[:1]
        tasks = ", ".join(map(repr, TASKS))
        refuse("unknown task", task=task, tasks=tasks, first=near[0])


def _one(column: Column, task: str | None, name: str) -> Labels:
    try:
        found = _inspect(column, task)
    except LabelError as error:
        msg = f"{name}: {error}"
        raise LabelError(msg) from None
    if not isinstance(found, Labels):
        refuse("several columns", name=name, count=len(found))
    return found


def _inspect(
    column: Column, task: str | None, *, table: bool = False
) -> Labels | dict[Any, Labels]:
    labels = read(column, task)
    if labels is None:
        return _inspect_columns(column, task)
    named = table and any(isinstance(name, str) for name in column.names or ())
    if named and labels.kind == "continuous" and task is None:
        each = _inspect_columns(column, task)
        if any(KINDS[one.kind].form != "numbers" for one in each.values()):
            return each
    return labels


def _inspect_columns(table: Column, task: str | None) -> dict[Any, Labels]:
    """Look at each column by itself; columns without names are called y1, y2 and so on."""
    names = table.names or tuple(f"y{i + 1}" for i in range(table.array.shape[1]))
    columns = {
        name: Column(table.array[:, i], table.dtype, sampled=table.sampled)
        for i, name in enumerate(names)
    }
    return {name: _one(column, task, f"y[{name!r}]") for name, column in columns.items()}


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
    opened = container_of(y).open(y)
    if isinstance(opened, pd.DataFrame):
        return {name: opened[name] for name in labels}
    columns: NDArray[Any] = np.asarray(opened)
    return {name: columns[:, i] for i, name in enumerate(labels)}


def one_hot(y: ArrayLike, num_classes: int | None = None) -> NDArray[np.float32]:
    """Write class ids as rows that are 1 at the class and 0 elsewhere.

    Args:
        y: Class ids from 0, shape `(n,)` or `(n, 1)`.
        num_classes: Columns to make. Left out, the largest id plus one.

    Returns:
        Rows that sum to 1, shape `(n, num_classes)`.

    Raises:
        LabelError: an id is negative, fractional, or too large for `num_classes`, or that is no
            whole number.

    Examples:
        >>> one_hot([0, 2]).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    try:
        given = np.asarray(y)
    except (TypeError, ValueError):  # rows of unequal length
        given = np.empty(())
    ids = given.reshape(-1) if given.ndim == 2 and given.shape[1] == 1 else given
    if ids.ndim != 1:
        msg = f"Class ids must have the shape (n,) or (n, 1), but y has {given.shape}: {y!r:.80}."
        raise LabelError(msg)
    ids = ids.astype(np.int64) if not ids.size else ids
    if (
        ids.dtype.kind not in "biuf"
        or not (np.isfinite(ids) & (ids >= 0) & (np.rint(ids) == ids)).all()
    ):
        seen = (
            f"{ids.min()} to {ids.max()}"
            if ids.dtype.kind in "biuf"
            else f"values such as {str(ids[0])!r:.80}"
        )
        msg = (
            f"Class ids must be whole numbers from 0, but y holds {seen}. "
            "Number the classes first: np.unique(y, return_inverse=True)[1]."
        )
        raise LabelError(msg)
    needed = int(ids.max()) + 1 if ids.size else 0
    columns = needed if num_classes is None else num_classes
    whole = isinstance(columns, int | np.integer)
    whole = whole and not isinstance(columns, bool | np.timedelta64)
    if not whole or columns < needed:
        msg = (
            f"num_classes must be a whole number of at least {needed}, one more than the largest "
            f"id in y, but it is {num_classes!r:.80}. Pass num_classes={needed}."
        )
        raise LabelError(msg)
    if len(ids) * int(columns) > MOST_FLAGS:
        msg = (
            f"One-hot rows must fit in memory, but {len(ids):,} rows of num_classes={columns} do "
            "not. Keep the ids and use sparse_categorical_crossentropy."
        )
        raise LabelError(msg)
    rows = np.zeros((len(ids), columns), np.float32)
    rows[np.arange(len(ids)), ids.astype(np.int64)] = 1
    return rows
