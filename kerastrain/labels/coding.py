"""How do labels become numbers, and numbers labels again? What is known about one output."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kerastrain.arrays.summary import SHOWN, Places, describe_places
from kerastrain.errors import LabelError
from kerastrain.labels.columns import Column, as_objects, column_of_sequences, column_of_sets
from kerastrain.labels.containers import open_labels
from kerastrain.labels.kinds import KINDS, Kind

__all__ = ["Labels"]


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
            - "continuous": numeric targets, of a regression;
            - "counts": whole numbers of events, from 0.
        per: What has a label: each "row", each "step" of a sequence, or each "pixel".
        shape: The shape of the labels, None where a sample does not tell.
        dtype: Their type, as the user sees it.
        classes: The user's own values in the order of their ids; the names of the columns for
            flags; None for numbers.
        counts: How many labels each class has, None for numbers and for several classes per row.
        pair: The values that stand for no and yes in flags.
        ignore: The value of labels that are to be left out, None when there is none.
        shares: Whether each row sums to 1.
        whole: Whether all are whole numbers.
        low: The smallest value, None for text.
        high: The largest value, None for text.
        outliers: The share of numeric targets that lie more than three interquartile ranges
            outside the quartiles ("far out" in Tukey), from 0 to 1.
        spread: The interquartile range of numeric targets, in their own unit; 0 for classes.
        mean: The mean of each column of numeric targets, in their own unit; () for classes.
        std: The standard deviation of each column, likewise.
        sampled: Whether only some of the rows were looked at.
        other_tasks: The `task` that decides for each other reading, the likeliest first.
        note: The other readings and what decides, in words; "" when there is none.

    Examples:
        >>> from kerastrain.labels.inspection import inspect_labels
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
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    sampled: bool = False
    other_tasks: tuple[str, ...] = ()
    note: str = field(default="", repr=False)

    @property
    def traits(self) -> Kind:
        """The row of this kind in the table of kinds."""
        return KINDS[self.kind]

    @property
    def num_classes(self) -> int | None:
        """Count the classes; None for numeric targets."""
        return None if self.classes is None else len(self.classes)

    @property
    def width(self) -> int:
        """Count the values that one row, step or pixel has: columns of flags or of numbers."""
        single = self.traits.form == "value" or len(self.shape) < 2
        return 1 if single else int(self.shape[-1] or 1)

    def encode(self, y: Any) -> NDArray[Any]:
        """Write labels as numbers that a loss understands.

        Args:
            y: Labels of the same kind, in any container.

        Returns:
            Class ids from 0 as int32, in the shape of the labels; flags as 0 and 1 in float32;
            numbers as floats. Labels to be left out keep their mark.

        Raises:
            LabelError: `y` holds a value that is no class of these labels.
        """
        column = self.open(y)
        if self.traits.form == "flags":
            return self._encode_flags(column)
        if self.traits.form == "numbers":
            return self._encode_numbers(column)
        return self._encode_classes(column)

    def decode(self, ids: ArrayLike) -> NDArray[Any]:
        """Write class ids as the user's own values.

        Args:
            ids: Class ids; for "one-hot" ids or rows of flags; for "multi-label" rows of flags;
                for numbers the numbers.

        Returns:
            The user's own values, in the shape of the ids; a name for each one-hot row; a set of
            names for each row where the labels were sets.

        Raises:
            LabelError: an id is not from 0 to the number of classes.
        """
        numbers = np.asarray(ids)
        if self.traits.form == "numbers":
            return numbers
        if self.kind == "multi-label":
            return self._decode_flags(numbers)
        rows = numbers.ndim == len(self.shape) and numbers.shape[-1:] == (self.num_classes,)
        if self.kind == "one-hot" and rows:
            numbers = numbers.argmax(axis=-1)
        return self._decode_classes(numbers)

    # -------------------------------------------------------------- users' values → numbers
    def open(self, y: Any) -> Column:
        """Take labels of the same kind out of their container."""
        if self.dtype == "sets of names":
            return column_of_sets(list(y))
        if self.dtype == "lists of names":
            return column_of_sequences(list(y))
        column = open_labels(y)
        if isinstance(column, Column):
            return column
        msg = "encode() takes the labels of one output, but y holds several. Encode each by itself."
        raise LabelError(msg)

    def _encode_classes(self, column: Column) -> NDArray[Any]:
        values = column.plain().reshape(-1)
        ids = _look_up(values, self.classes or ())
        if self.ignore is not None:
            padded = np.asarray(pd.isna(values))
            ids[padded | (values == self.ignore)] = self.ignore
        unknown = (ids < 0) & (ids != self.ignore)
        if unknown.any():
            value, classes = values[unknown][:1].tolist()[0], self.classes or ()
            shown = ", ".join(repr(c) for c in classes[:10]) + (", …" if len(classes) > 10 else "")
            msg = (
                f"Each label must be one of the classes {shown}, but y holds {value!r} in "
                f"{_where(unknown.reshape(len(column.array), -1))}. Inspect all labels at once, so "
                "that each class is seen."
            )
            raise LabelError(msg)
        return ids.reshape(column.array.shape)

    def _encode_flags(self, column: Column) -> NDArray[Any]:
        values, (off, on) = column.array, self.pair or (0, 1)
        if column.names is not None and column.names != self.classes:
            values = self._in_order(column, off)
        flags: NDArray[np.bool_] = values == on
        odd = ~flags & (values != off)
        if odd.any():
            msg = (
                f"Flags must be {off!r} or {on!r}, but y holds {values[odd][0]!r} in {_where(odd)}."
            )
            raise LabelError(msg)
        return flags.astype(np.float32)

    def _in_order(self, column: Column, off: Any) -> NDArray[Any]:
        """Put columns in the order of the classes; a class that is not there has no flag set."""
        classes, names = self.classes or (), column.names or ()
        strange = [name for name in names if name not in classes]
        if strange:
            msg = f"Each column must be one of the classes {classes}, but y holds {strange[0]!r}."
            raise LabelError(msg)
        values = np.full((*column.array.shape[:-1], len(classes)), off)
        values[..., [classes.index(name) for name in names]] = column.array
        return values

    def _encode_numbers(self, column: Column) -> NDArray[Any]:
        values = column.plain()
        if values.dtype in (np.float32, np.float64):
            return values.copy()
        try:
            numbers: NDArray[Any] = values.astype(np.float64)
        except ValueError as error:
            msg = f"Labels must be numbers, but y holds text ({error}). Pass pd.to_numeric(y)."
            raise LabelError(msg) from None
        return numbers

    # -------------------------------------------------------------- numbers → users' values
    def _decode_classes(self, ids: NDArray[Any]) -> NDArray[Any]:
        classes = self.classes or ()
        numbers = ids.astype(np.int64)
        left_out = np.zeros(ids.shape, np.bool_) if self.ignore is None else numbers == self.ignore
        wrong = ((numbers < 0) | (numbers >= len(classes))) & ~left_out
        if wrong.any():
            largest, odd = len(classes) - 1, numbers[wrong][0]
            msg = f"Class ids must be whole numbers from 0 to {largest}, but one is {odd}."
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
    ids: NDArray[np.int32] = known.get_indexer(pd.Index(wanted)).astype(np.int32)
    return ids


def _is_text(classes: Any) -> bool:
    return not all(isinstance(c, bool | int | float) or c is None for c in classes)


def _where(odd: NDArray[np.bool_]) -> str:
    rows = np.flatnonzero(odd.reshape(len(odd), -1).any(axis=1))
    places = Places(int(odd.sum()), len(rows), tuple(rows[:SHOWN].tolist()))
    return describe_places(places, len(odd))
