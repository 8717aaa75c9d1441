"""What do these labels look like? Their kind, their classes, and the way to class ids and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kerastrain.containers import Column, as_objects, open_labels
from kerastrain.errors import LabelError
from kerastrain.kinds import TASKS, Reading, read
from kerastrain.scan import SHOWN, describe_rows

__all__ = ["Labels", "inspect_labels", "one_hot", "split_outputs"]

AMOUNTS = ("soft", "continuous", "counts")
FLAGS = ("one-hot", "multi-label")


@dataclass(frozen=True)
class Labels:
    """What is known about the labels of one output.

    Attributes:
        kind: What the labels are:

            - "binary": one of two classes, written as two values;
            - "integer": one of several classes, written as ids or names;
            - "ordered": the same, and the classes have an order;
            - "one-hot": one of several classes, a row of flags of which one is set;
            - "multi-label": any number of classes, a row of flags or a set of names;
            - "soft": probabilities, shares or smoothed flags, between 0 and 1;
            - "continuous": amounts;
            - "counts": whole numbers of events, from 0.
        per: What has a label: each "row", each "step" of a sequence, or each "pixel".
        shape: The shape of the labels, None where a sample does not tell.
        dtype: Their type, as the user sees it.
        classes: The user's own values in the order of their ids; the names of the columns for
            flags; None for amounts.
        counts: How many labels each class has, None for amounts and for several classes a row.
        pair: The values that stand for no and yes in flags.
        ignore: The value of labels that are to be left out, None when there is none.
        shares: Whether each row sums to 1.
        whole: Whether all are whole numbers.
        low: The smallest value, None for text.
        high: The largest value, None for text.
        outliers: The share of amounts that lie more than three interquartile ranges outside the
            quartiles ("far out" in Tukey), from 0 to 1.
        spread: The interquartile range of amounts, in their own unit; 0 for classes.
        sampled: Whether only some of the rows were looked at.
        other_tasks: The `task` that decides for each other reading, the likeliest first.
        note: The other readings and what decides, in words; "" when there is none.

    Examples:
        >>> labels = inspect_labels(["cat", "dog", "cat"])
        >>> labels.kind, labels.classes
        ('binary', ('cat', 'dog'))
        >>> labels.encode(["dog", "cat"]).tolist()
        [1, 0]
        >>> labels.decode([1, 0]).tolist()
        ['dog', 'cat']

    References:
        John W. Tukey, Exploratory Data Analysis, Addison-Wesley, 1977, section 2D.
    """

    kind: str
    per: str
    shape: tuple[int | None, ...]
    dtype: str
    classes: tuple[Any, ...] | None = None
    counts: tuple[int, ...] | None = None
    pair: tuple[Any, Any] | None = None
    ignore: Any = None
    shares: bool = False
    whole: bool = False
    low: Any = None
    high: Any = None
    outliers: float = 0.0
    spread: float = 0.0
    sampled: bool = False
    other_tasks: tuple[str, ...] = ()
    note: str = field(default="", repr=False)

    @property
    def num_classes(self) -> int | None:
        """Count the classes; None for amounts."""
        return None if self.classes is None else len(self.classes)

    @property
    def width(self) -> int:
        """Count the values that one row, step or pixel has: columns of flags or of amounts."""
        single = self.kind in ("binary", "integer", "ordered") or len(self.shape) < 2
        return 1 if single else int(self.shape[-1] or 1)

    def encode(self, y: Any) -> NDArray[Any]:
        """Write labels as numbers that a loss understands.

        Args:
            y: Labels of the same kind, in any container.

        Returns:
            Class ids from 0 as int32, in the shape of the labels; flags as 0 and 1 in float32;
            amounts and probabilities as floats. Labels to be left out keep their mark.

        Raises:
            LabelError: `y` holds a value that is no class of these labels.
        """
        column = open_labels(
            y, task="multi-label" if self.kind == "multi-label" and not _is_grid(y) else None
        )
        if not isinstance(column, Column):
            msg = "encode() takes the labels of one output; y holds several. Encode each by its own Labels."
            raise LabelError(msg)
        if self.kind in FLAGS:
            return self._encode_flags(column)
        if self.kind in AMOUNTS:
            return self._encode_amounts(column)
        return self._encode_classes(column)

    def decode(self, ids: ArrayLike) -> NDArray[Any]:
        """Write class ids as the user's own values.

        Args:
            ids: Class ids; for "one-hot" ids or rows of flags; for "multi-label" rows of flags;
                for amounts the amounts.

        Returns:
            The user's own values, in the shape of the ids; a name for each one-hot row; a set of
            names for each row where the labels were sets.

        Raises:
            LabelError: an id is not from 0 to the number of classes.
        """
        numbers = np.asarray(ids)
        if self.kind in AMOUNTS:
            return numbers
        if self.kind == "multi-label":
            return self._decode_flags(numbers)
        if (
            self.kind == "one-hot"
            and numbers.ndim == len(self.shape)
            and numbers.shape[-1] == self.num_classes
        ):
            numbers = numbers.argmax(axis=-1)
        return self._decode_classes(numbers)

    # -------------------------------------------------------------- users' values → numbers
    def _encode_classes(self, column: Column) -> NDArray[Any]:
        values = column.plain()
        if column.rows_are == "sequences":  # the last place of `plain` is not what -1 stands for
            values = values.copy()
            values[column.values < 0] = None
        flat = values.reshape(-1)
        ids = _look_up(flat, self.classes or ())
        if self.ignore is not None:
            left_out = pd.isna(flat) if column.rows_are == "sequences" else flat == self.ignore
            ids[left_out] = self.ignore
            unknown = (ids < 0) & ~left_out
        else:
            unknown = ids < 0
        if unknown.any():
            raise self._unknown(flat, unknown.reshape(len(values), -1))
        return ids.reshape(values.shape)

    def _unknown(self, flat: NDArray[Any], unknown: NDArray[np.bool_]) -> LabelError:
        rows = np.flatnonzero(unknown.any(axis=1))
        where = describe_rows(rows[:SHOWN].tolist(), len(rows), len(unknown))
        value = flat[int(np.flatnonzero(unknown.reshape(-1))[0])]
        value = value.item() if isinstance(value, np.generic) else value
        classes = ", ".join(repr(c) for c in (self.classes or ())[:10])
        return LabelError(
            f"Each label must be one of the classes {classes}{', …' if (self.num_classes or 0) > 10 else ''}; "
            f"y holds {value!r} in {where}. Choose the loss from all labels at once, so that each class is seen."
        )

    def _encode_flags(self, column: Column) -> NDArray[Any]:
        values = column.plain()
        if column.names is not None and self.classes is not None and column.names != self.classes:
            strange = [name for name in column.names if name not in self.classes]
            if strange:
                msg = f"Each column must be one of the classes {self.classes}; y holds {strange[0]!r}."
                raise LabelError(msg)
            full = np.full((*values.shape[:-1], len(self.classes)), (self.pair or (0, 1))[0])
            full[..., [self.classes.index(name) for name in column.names]] = values
            values = full
        off, on = self.pair or (0, 1)
        flags = values == on
        odd = ~flags & (values != off)
        if odd.any():
            raise LabelError(
                f"Flags must be {off!r} or {on!r}; y holds {values[odd][0]!r} in {_where(odd)}."
            )
        return flags.astype(np.float32)

    def _encode_amounts(self, column: Column) -> NDArray[Any]:
        values = column.plain()
        keep = values.dtype.kind == "f" and values.dtype.itemsize >= 4
        try:
            return values.copy() if keep else values.astype(np.float64)
        except ValueError as error:
            msg = f"Amounts must be numbers; y holds text that is none ({error}). Turn it into numbers: pd.to_numeric(y)."
            raise LabelError(msg) from None

    # -------------------------------------------------------------- numbers → users' values
    def _decode_classes(self, ids: NDArray[Any]) -> NDArray[Any]:
        classes = self.classes or ()
        numbers = ids.astype(np.int64)
        left_out = (
            numbers == self.ignore if self.ignore is not None else np.zeros(ids.shape, np.bool_)
        )
        wrong = ((numbers < 0) | (numbers >= len(classes))) & ~left_out
        if wrong.any():
            msg = f"Class ids must be whole numbers from 0 to {len(classes) - 1}; saw {numbers[wrong][0]}."
            raise LabelError(msg)
        table = as_objects([*classes, None if _is_text(classes) else self.ignore])
        decoded: NDArray[Any] = table[np.where(left_out, len(classes), numbers)]
        return self._in_own_type(decoded)

    def _in_own_type(self, values: NDArray[Any]) -> NDArray[Any]:
        """Give numbers and bools back in the type that they came in."""
        if _is_text(self.classes or ()) or not values.size:
            return values
        try:
            own = np.dtype(self.dtype if self.kind != "one-hot" else "O")
        except TypeError:  # a type of pandas
            return np.array(values.tolist())
        return values.astype(own) if own.kind in "biuf" else np.array(values.tolist())

    def _decode_flags(self, flags: NDArray[Any]) -> NDArray[Any]:
        on = flags.astype(np.bool_)
        if self.dtype == "sets of names":
            return as_objects(
                {c for c, f in zip(self.classes or (), row, strict=True) if f} for row in on
            )
        pair = as_objects(self.pair or (0, 1))
        decoded: NDArray[Any] = pair[on.astype(np.int64)]
        return decoded if _is_text(pair) else self._in_own_type(decoded)


def _look_up(values: NDArray[Any], classes: tuple[Any, ...]) -> NDArray[np.int32]:
    """Find the place of each value among the classes, -1 for a value that is no class."""
    if values.dtype.kind not in "biuf" or _is_text(classes):
        known, wanted = pd.Index(as_objects(classes)), values.astype(object)
    else:
        known = pd.Index(np.array([int(c) if isinstance(c, bool) else c for c in classes]))
        wanted = values.astype({"b": np.int8, "f": np.float64}.get(values.dtype.kind, values.dtype))
    return known.get_indexer(pd.Index(wanted)).astype(np.int32)


def _is_grid(y: Any) -> bool:
    return isinstance(y, np.ndarray | pd.DataFrame)


def _is_text(classes: Any) -> bool:
    return not all(isinstance(c, bool | int | float) or c is None for c in classes)


def _where(odd: NDArray[np.bool_]) -> str:
    rows = np.flatnonzero(odd.reshape(len(odd), -1).any(axis=1))
    return describe_rows(rows[:SHOWN].tolist(), len(rows), len(odd))


# ------------------------------------------------------------------ looking
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
        >>> inspect_labels([0.5, 1.5, float("nan")])
        Traceback (most recent call last):
        ...
        kerastrain.errors.LabelError: Each row must have a label; y is missing (NaN, None or NA) in row 2 (1 of 3). Keep the labelled rows: keep = ~pd.isna(y); x, y = x[keep], y[keep].
    """
    if task is not None and task not in TASKS:
        msg = f"No task {task!r}; there are {', '.join(map(repr, TASKS))}."
        raise LabelError(msg)
    columns = open_labels(y, task=task)
    if isinstance(columns, Column):
        return _inspect(columns, task, named=_has_names(y))
    if isinstance(columns, list):
        return [_one(column, task, f"y[{i}]") for i, column in enumerate(columns)]
    each = {name: _one(column, task, f"y[{name!r}]") for name, column in columns.items()}
    return each


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
        msg = f"{name} must hold one output; its {len(found)} columns of classes are several. Give each column a name of its own in the dict."
        raise LabelError(msg)
    return found


def _inspect(column: Column, task: str | None, *, named: bool) -> Labels | dict[Any, Labels]:
    reading = read(column, task)
    frame = named and column.names is not None
    if reading.outputs or (frame and reading.kind == "continuous" and task is None):
        width = column.values.shape[1]
        names = column.names or tuple(f"y{i + 1}" for i in range(width))
        each = {
            name: _one(
                Column(column.values[:, i], column.dtype, sampled=column.sampled),
                task,
                f"y[{name!r}]",
            )
            for i, name in enumerate(names)
        }
        if reading.outputs or any(labels.kind not in AMOUNTS for labels in each.values()):
            return each
    return _labels(column, reading)


def _labels(column: Column, reading: Reading) -> Labels:
    seen = reading.seen
    spread, outliers = (
        _tails(seen.sample) if reading.kind in ("continuous", "counts") else (0.0, 0.0)
    )
    length = None if column.sampled else seen.shape[0]
    return Labels(
        kind=reading.kind,
        per=reading.per,
        shape=(length, *seen.shape[1:]),
        dtype=column.dtype,
        classes=reading.classes,
        counts=reading.counts,
        pair=reading.pair,
        ignore=reading.ignore,
        shares=reading.shares,
        whole=seen.whole,
        low=None if reading.classes and column.categories else seen.low,
        high=None if reading.classes and column.categories else seen.high,
        outliers=outliers,
        spread=spread,
        sampled=column.sampled,
        other_tasks=reading.other_tasks,
        note=_note(reading, sampled=column.sampled),
    )


def _note(reading: Reading, *, sampled: bool) -> str:
    """Write down the other readings and what decides for them."""
    now = {"soft": "probabilities", "continuous": "amounts", "counts": "counts"}.get(
        reading.kind, "classes"
    )
    others = "; ".join(
        f"if they are {TASKS[task]}, pass task={task!r}" for task in reading.other_tasks
    )
    either = f"{reading.because}: read as {now}; {others}." if others else ""
    sample = f"Judged by a sample of {reading.seen.shape[0]:,} rows." if sampled else ""
    return " ".join(part for part in (either, reading.hint, sample) if part)


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


# ------------------------------------------------------------------ one-hot
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
    if ids.dtype.kind not in "biuf":
        msg = f"Class ids must be whole numbers from 0; y holds {ids.dtype}. Number them first: kerastrain.inspect_labels(y).encode(y)."
        raise LabelError(msg)
    if ids.size and not (np.isfinite(ids).all() and ids.min() >= 0 and (np.rint(ids) == ids).all()):
        msg = f"Class ids must be whole numbers from 0; saw {ids.min()} to {ids.max()}. Number them first: np.unique(y, return_inverse=True)[1]."
        raise LabelError(msg)
    ids = ids.astype(np.int64)
    largest = int(ids.max()) if ids.size else -1
    columns = largest + 1 if num_classes is None else num_classes
    if largest >= columns:
        msg = f"Class ids must be below num_classes; saw {largest} and num_classes={num_classes}. Pass num_classes={largest + 1}."
        raise LabelError(msg)
    rows = np.zeros((len(ids), columns), np.float32)
    rows[np.arange(len(ids)), ids] = 1
    return rows
