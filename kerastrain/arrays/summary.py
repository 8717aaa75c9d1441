"""What does an array hold? Its range, gaps, values and a few rows: one pass, block by block.

An array of a million rows is looked at in blocks that fit in the processor's cache. Each block is
counted and forgotten, so that fifty million labels need no more memory than fifty thousand, and a
file on disk (`numpy.memmap`) need not fit in memory at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.arrays.containers import container_of, give_back_pages

__all__ = ["Places", "Summary", "class_ids", "describe_places", "is_plain", "summarize"]

BLOCK = 1 << 17  # values; 1 MiB of int64, which stays in the cache while it is read four times
MOST = 200_000_000  # numbers looked at in inputs; of more, evenly spaced blocks are taken
WINDOW = 1 << 16  # whole numbers that lie this close together are counted in a plain table
FAR = 2**53  # from here on neighboring whole numbers are one and the same float
LABEL_VALUES = 1 << 16  # beyond this many different labels they are no longer told apart
VALUES = 4096  # the same for whole numbers in inputs, and for the dict of them
ROWS = 4096  # rows that are kept, evenly spread over the array
SHOWN = 5  # rows that a message lists


@dataclass(frozen=True)
class Places:
    """Where something stands in an array.

    Attributes:
        count: How many values it is.
        rows: How many rows they stand in.
        first: The first few of these rows.
        column: Where in the first of these rows it stands, for arrays of shape `(n, k)`.
    """

    count: int = 0
    rows: int = 0
    first: tuple[int, ...] = ()
    column: int | None = None


@dataclass(frozen=True)
class Summary:
    """What one pass over an array showed.

    Attributes:
        where: The argument that it came from, as the user wrote it.
        shape: Its shape; `None` where a data set does not tell.
        dtype: Its type, as NumPy names it, or `"object"` and `"str"`.
        kind: `"number"`, `"bool"`, `"text"`, `"date"`, `"object"` or `"unknown"`.
        array: The array itself.
        complete: Whether all rows of the training data were seen, not one batch or a part.
        low: The smallest finite number; NaN without one.
        high: The largest finite number; NaN without one.
        whole: Whether all finite numbers are whole.
        values: The different values in order, or None when they are too many.
        times: How often each of `values` occurs, or None.
        counted: Values looked at until they became too many; `size` when they never did.
        different: How many different values were among the `counted`.
        sum_range: The smallest and the largest sum along the last axis, of labels with two axes.
        column_sums: The sum of each column of the last axis, of labels with two axes.
        missing_at: Where values are missing.
        infinite_at: Where values are infinite.
        rows: Evenly spaced rows, at most 4096, as float64; empty if these are no numbers.
    """

    where: str
    shape: tuple[Any, ...]
    dtype: str
    kind: str
    array: Any = None
    complete: bool = True
    low: Any = np.nan
    high: Any = np.nan
    whole: bool = False
    values: NDArray[Any] | None = None
    times: NDArray[np.int64] | None = None
    counted: int = 0
    different: int = 0
    sum_range: tuple[float, float] | None = None
    column_sums: NDArray[np.float64] | None = None
    missing_at: Places = Places()
    infinite_at: Places = Places()
    rows: NDArray[np.float64] = field(default_factory=lambda: np.empty((0,)))

    @property
    def numeric(self) -> bool:
        """Whether the array holds numbers or bools."""
        return self.kind in ("number", "bool")

    @property
    def size(self) -> int:
        """Count all values, rows times columns."""
        return int(np.prod(self.shape))

    @property
    def shown(self) -> str:
        """The shape as a user writes it, with n for the number of rows."""
        sizes = ["n", *("?" if size is None else str(size) for size in self.shape[1:])]
        return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"

    @property
    def columns(self) -> tuple[Any, ...] | None:
        """The names of the columns; None where they have no names."""
        return container_of(self.array).columns(self.array)

    @property
    def missing(self) -> int:
        """How many numbers are NaN."""
        return self.missing_at.count

    @property
    def infinite(self) -> int:
        """How many numbers are infinite."""
        return self.infinite_at.count

    @property
    def first_bad(self) -> int:
        """The first row with NaN or infinity; -1 without one."""
        return min((*self.missing_at.first[:1], *self.infinite_at.first[:1]), default=-1)

    @cached_property
    def counts(self) -> dict[int, int]:
        """How often each whole number occurs; empty if there are too many, or fractions."""
        if not self.whole or self.values is None or self.times is None or self.different > VALUES:
            return {}
        return dict(zip(map(int, self.values), self.times.tolist(), strict=True))

    @cached_property
    def constant(self) -> bool:
        """Whether every row is the same row."""
        flat = self.rows.reshape(len(self.rows), -1) if self.rows.size else self.rows
        return len(flat) > 1 and bool(np.all(flat == flat[0]))

    @cached_property
    def row_sums(self) -> NDArray[np.float64]:
        """The sum over the last axis of the rows looked at."""
        return np.asarray(self.rows.sum(axis=-1)) if self.rows.ndim > 1 else np.empty((0,))

    @cached_property
    def zero_or_one(self) -> bool:
        """Whether there is nothing but 0 and 1."""
        return bool(self.counts) and set(self.counts) <= {0, 1}

    @cached_property
    def scale(self) -> NDArray[np.float64]:
        """The root mean square of each column, or of all numbers where there are no columns."""
        flat = self.rows.reshape(len(self.rows), -1) if len(self.rows) else np.zeros((1, 1))
        if self.rows.ndim > 2:
            flat = flat.reshape(-1, 1)
        finite = np.where(np.isfinite(flat), flat, 0.0)
        return np.asarray(np.sqrt(np.mean(finite**2, axis=0)))


def summarize(
    array: Any, where: str = "y", *, complete: bool = True, labels: bool = False
) -> Summary:
    """Look once at each value of an array; the array is not changed.

    Args:
        array: A NumPy array or memmap, a tensor, a pandas Series or DataFrame.
        where: Its name as the user wrote it.
        complete: Whether this is all of it, not one batch of a data set.
        labels: Whether text and fractions are counted too, and rows and columns are added up.

    Returns:
        What it holds; of something that is no array, only the type.

    Examples:
        >>> seen = summarize(np.array([3, 1, 3]))
        >>> seen.counts, seen.low, seen.high, seen.whole
        ({1: 1, 3: 2}, 1, 3, True)
    """
    shape = tuple(getattr(array, "shape", None) or ())
    dtype, kind = _kind(array)
    kind = kind if is_plain(array) else "unknown"
    known: dict[str, Any] = {}
    if kind in ("number", "bool") and shape:
        known = _numbers(array, labels=labels)
    elif labels and shape:
        known = _text(array)
    return Summary(where, shape, dtype, kind, array, complete, **known)


def is_plain(array: Any) -> bool:
    """Say whether an array is neither ragged nor sparse, so that its rows can be taken."""
    return not any(hasattr(array, name) for name in ("row_splits", "dense_shape", "tocsr"))


def describe_places(places: Places, of: int, names: Sequence[Any] | None = None) -> str:
    """Write down where something was seen.

    Args:
        places: Where it was seen.
        of: How many rows there are.
        names: The names of the columns, where they have names.

    Examples:
        >>> describe_places(Places(2, 2, (3, 17)), 406)
        'rows 3 and 17 (2 of 406)'
        >>> describe_places(Places(1, 1, (3,), column=0), 406, ["age"])
        "row 3 (1 of 406), column 'age'"
    """
    shown = [str(row) for row in places.first]
    if places.rows > len(shown):
        where = f"rows {', '.join(shown)}, …"
    elif len(shown) == 1:
        where = f"row {shown[0]}"
    else:
        where = f"rows {', '.join(shown[:-1])} and {shown[-1]}"
    where = f"{where} ({places.rows:,} of {of:,})"
    if places.column is None:
        return where
    column = repr(names[places.column]) if names else str(places.column)
    return f"{where}, column {column}" if places.rows == 1 else f"{where}, first in column {column}"


def class_ids(seen: Summary, start: int, stop: int) -> NDArray[np.int64]:
    """Read rows of labels as class ids: arg max of wide rows, the number itself else."""
    part = _take(seen.array, slice(start, stop))
    if part.ndim > 1 and part.shape[-1] > 1:
        part = part.argmax(axis=-1)
    return part.reshape(len(part), -1)[:, 0].astype(np.int64)


def _take(array: Any, rows: Any) -> NDArray[Any]:
    return np.asarray(container_of(array).take(array, rows))


# ------------------------------------------------------------------ one block after the other
def _kind(array: Any) -> tuple[str, str]:
    """Name the type of an array, and what sort of thing it holds."""
    if hasattr(array, "columns") and hasattr(array, "dtypes"):  # a DataFrame
        kinds = {_kind_of(dtype) for dtype in array.dtypes}
        odd = kinds - {"number", "bool"}
        mixed = "object" if odd or kinds == {"number", "bool"} else (kinds or {"object"}).pop()
        return ", ".join(dict.fromkeys(str(dtype) for dtype in array.dtypes)), mixed
    dtype = getattr(array, "dtype", None)
    if dtype is None:
        return type(array).__name__, "object"
    return getattr(dtype, "name", str(dtype)), _kind_of(dtype)


def _kind_of(dtype: Any) -> str:
    """Say what sort of thing a NumPy, pandas or TensorFlow type holds."""
    name = str(dtype).lower()
    if type(dtype).__module__.startswith("pandas"):  # a type of pandas' own, as Int64: fit refuses
        return "text" if "str" in name else "object"
    if "bfloat16" in name:
        return "number"
    dtype = getattr(dtype, "as_numpy_dtype", dtype)
    kind = str(getattr(dtype, "kind", None) or np.dtype(dtype).kind)
    if "str" in name or kind in "US":  # a tensor of text, which NumPy would call objects
        return "text"
    kinds = {"b": "bool", "i": "number", "u": "number", "f": "number", "M": "date", "m": "date"}
    return kinds.get(kind, "object")


def _blocks(array: Any, most: float) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the number of the first row and the rows of each block; evenly spaced ones of many."""
    rows, width = int(array.shape[0]), max(1, int(np.prod(array.shape[1:], dtype=float)))
    step = max(1, BLOCK // width)
    skip = max(1, int(-(-rows * width // most)))
    container = container_of(array)
    for start in range(0, rows, step * skip):
        block = np.asarray(container.take(array, slice(start, start + step)))
        if block.size:
            yield start, block
        give_back_pages(array)


class _Finder:
    """Collects where something holds: the first few rows, and how many there are."""

    def __init__(self) -> None:
        self.places = Places()

    def add(self, start: int, holds: NDArray[np.bool_]) -> None:
        lines, old = holds.reshape(len(holds), -1), self.places
        rows = np.flatnonzero(lines.any(axis=1))
        if not len(rows):
            return
        more = tuple(int(start + row) for row in rows[: SHOWN - len(old.first)])
        column = old.column
        if not old.rows and holds.ndim == 2:
            column = int(lines[rows[0]].argmax())
        count = old.count + int(np.count_nonzero(holds))
        self.places = Places(count, old.rows + len(rows), old.first + more, column)


# ------------------------------------------------------------------ numbers
def _numbers(array: Any, *, labels: bool) -> dict[str, Any]:
    missing, infinite, sums = _Finder(), _Finder(), _Sums(array.shape if labels else ())
    tally = _Tally(LABEL_VALUES if labels else VALUES, fractions=labels)
    low: Any = None
    high: Any = None
    whole, dtype = True, np.dtype(np.float64)
    for start, rows in _blocks(array, np.inf if labels else MOST):
        block = rows if rows.dtype.kind in "biuf" else rows.astype(np.float64)
        dtype, block = block.dtype, block.view(np.uint8) if block.dtype == np.bool_ else block
        least, most = block.min(), block.max()
        if not np.isfinite(least) or not np.isfinite(most):  # NaN spreads into min and max
            missing.add(start, np.isnan(block))
            infinite.add(start, np.isinf(block))
            block = block[np.isfinite(block)]
            if not block.size:
                continue
            least, most = block.min(), block.max()
        low = least if low is None else min(low, least)
        high = most if high is None else max(high, most)
        whole = whole and _is_whole(block)
        tally.add(block.reshape(-1), least.item(), most.item(), whole=whole)
        if not missing.places.rows and not infinite.places.rows:
            sums.add(block)
    values, times = tally.result(dtype)
    return {
        "low": np.nan if low is None else low.item(),
        "high": np.nan if high is None else high.item(),
        "whole": whole,
        "values": values,
        "times": times,
        "counted": tally.counted,
        "different": tally.different() if values is None else len(values),
        "sum_range": sums.rows,
        "column_sums": sums.columns,
        "missing_at": missing.places,
        "infinite_at": infinite.places,
        "rows": _pick(array),
    }


def _is_whole(block: NDArray[Any]) -> bool:
    return block.dtype.kind in "biu" or bool((np.rint(block) == block).all())


def _pick(array: Any) -> NDArray[np.float64]:
    """Take evenly spaced rows, fewer of wide ones."""
    count, width = int(array.shape[0]), max(1, int(np.prod(array.shape[1:], dtype=float)))
    rows = min(count, max(16, min(ROWS, 32 * BLOCK // width)))
    where = np.unique(np.linspace(0, max(0, count - 1), rows).astype(int))[:count]
    parts = []
    for chunk in np.array_split(where, max(1, len(where) // 512)):  # few pages of a file at a time
        parts.append(_take(array, chunk).astype(np.float64))
        give_back_pages(array)
    return np.concatenate(parts)


class _Sums:
    """Sums along the last axis: one-hot rows and shares add up to 1."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.width = shape[-1] if len(shape) > 1 else 0
        self.rows: tuple[float, float] | None = None
        self.columns = np.zeros(self.width) if self.width else None

    def add(self, block: NDArray[Any]) -> None:
        if self.columns is None:
            return
        table = block.reshape(-1, self.width)
        totals = table.sum(axis=1, dtype=np.float64)
        least, most = float(totals.min()), float(totals.max())
        if self.rows is not None:
            least, most = min(least, self.rows[0]), max(most, self.rows[1])
        self.rows = (least, most)
        self.columns += table.sum(axis=0, dtype=np.float64)


class _Tally:
    """Counts how often each number occurs, until there are too many different ones.

    Whole numbers that lie close together are counted in a table with one place for each, as
    `np.bincount` does. Others are looked up block by block. `table` and `others` together are the
    result.
    """

    def __init__(self, most: int, *, fractions: bool) -> None:
        self.most, self.fractions = most, fractions
        self.base = 0  # the number that the first place of the table stands for
        self.table = np.zeros(0, np.int64)
        self.others = pd.Series(dtype=np.int64)  # number → how often
        self.counted = 0
        self.open = True

    def add(self, block: NDArray[Any], low: float, high: float, *, whole: bool) -> None:
        self.open = self.open and (whole or self.fractions)
        if not self.open:
            return
        self.counted += block.size
        if whole and low > -FAR and high < FAR and self._has_room(int(low), int(high)):
            base = self.base
            near_zero = block.dtype.kind in "iu" and base == 0
            ids = block if near_zero else block.astype(np.int64, copy=False) - base
            seen = np.bincount(ids if ids.dtype != np.uint64 else ids.astype(np.int64))
            self.table[: len(seen)] += seen
            return
        more = pd.Series(block.astype(_native(block.dtype), copy=False)).value_counts(sort=False)
        self.others = (
            self.others.add(more, fill_value=0).astype(np.int64) if len(self.others) else more
        )
        self.open = len(self.others) <= self.most

    def _has_room(self, low: int, high: int) -> bool:
        """Make the table reach from `low` to `high`, if it may become that long."""
        if not len(self.table):
            self.base = 0 if low >= 0 and high < WINDOW else low
        first = min(self.base, low)
        last = max(self.base + len(self.table) - 1, high)
        if last - first >= WINDOW:
            return False
        grown = np.zeros(last - first + 1, np.int64)
        grown[self.base - first : self.base - first + len(self.table)] = self.table
        self.base, self.table = first, grown
        return True

    def different(self) -> int:
        """Count the different numbers seen so far."""
        return int(np.count_nonzero(self.table)) + len(self.others)

    def result(self, dtype: np.dtype[Any]) -> tuple[NDArray[Any] | None, NDArray[np.int64] | None]:
        """Give the different numbers in order and how often each occurs; None when too many."""
        if not self.open:
            return None, None
        places = np.flatnonzero(self.table)
        near = pd.Series(self.table[places], index=places + self.base)
        both = near if self.others.empty else self.others.add(near, fill_value=0).sort_index()
        if len(both) > self.most:
            return None, None
        values = both.index.to_numpy().astype(np.bool_ if dtype == np.bool_ else dtype)
        return values, both.to_numpy().astype(np.int64)


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Name the type that pandas can count: no half or long floats, and the own byte order."""
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        return np.dtype(np.float64)
    return dtype.newbyteorder("=")


# ------------------------------------------------------------------ text
def _text(array: NDArray[Any]) -> dict[str, Any]:
    missing, counts, counted, still_open = _Finder(), pd.Series(dtype=np.int64), 0, True
    for start, block in _blocks(array, np.inf):
        absent = np.asarray(pd.isna(block), dtype=np.bool_)
        if absent.any():
            missing.add(start, absent)
        if still_open:
            more = pd.Series(block.reshape(-1), dtype=object).value_counts(sort=False)
            counts = counts.add(more, fill_value=0).astype(np.int64) if len(counts) else more
            counted += block.size
            still_open = len(counts) <= LABEL_VALUES
    known = {"counted": counted, "different": len(counts), "missing_at": missing.places}
    if not still_open:
        return known
    values = np.empty(len(counts), object)
    values[:] = list(counts.index)
    return known | {"values": values, "times": counts.to_numpy().astype(np.int64)}
