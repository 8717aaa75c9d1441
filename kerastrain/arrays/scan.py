"""What is in an array? Range, different values, missing rows: one pass, block by block.

An array of a million rows is looked at in blocks that fit in the processor's cache. Each block is
counted and forgotten, so that fifty million labels need no more memory than fifty thousand, and a
file on disk (`numpy.memmap`) need not fit in memory at all.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["BLOCK", "Scan", "describe_rows", "scan"]

BLOCK = 1 << 17  # values; 1 MiB of int64, which stays in the cache while it is read four times
WINDOW = 1 << 16  # whole numbers that lie this close together are counted in a plain table
FAR = 2**53  # from here on neighbouring whole numbers are one and the same float
MOST_VALUES = 1 << 16  # beyond this many different values they are no longer told apart
SAMPLE = 1 << 14  # values kept for quartiles, evenly spread over the array
SHOWN = 5  # rows that a message lists


@dataclass(frozen=True)
class Scan:
    """What one pass over an array has seen.

    Attributes:
        shape: The array's shape.
        values: The different values in order, or None when they are too many.
        counts: How often each of `values` occurs, or None.
        counted: Values looked at until they became too many; `size` when they never did.
        different: How many different values were among the `counted`.
        low: The smallest value, None for text.
        high: The largest value, None for text.
        whole: Whether each value is a whole number.
        row_sums: The smallest and the largest sum along the last axis, when there are two axes.
        column_sums: The sum of each column of the last axis, when there are two axes.
        missing: Rows that hold a missing value, the first few, and how many in all.
        infinite: The same for infinities.
        sample: Some of the values, evenly spread, for quartiles.
    """

    shape: tuple[int, ...]
    values: NDArray[Any] | None = None
    counts: NDArray[np.int64] | None = None
    counted: int = 0
    different: int = 0
    low: Any = None
    high: Any = None
    whole: bool = False
    row_sums: tuple[float, float] | None = None
    column_sums: NDArray[np.float64] | None = None
    missing: tuple[list[int], int] = field(default_factory=lambda: ([], 0))
    infinite: tuple[list[int], int] = field(default_factory=lambda: ([], 0))
    sample: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    @property
    def size(self) -> int:
        """Count all values, rows times columns."""
        return int(np.prod(self.shape))


def scan(array: NDArray[Any]) -> Scan:
    """Look once at each value of an array of numbers, bools or text.

    Args:
        array: Values of any shape; objects are taken for text, and None or NaN for missing.

    Returns:
        What was seen. The array is not changed.

    Examples:
        >>> seen = scan(np.array([3, 1, 3]))
        >>> seen.values.tolist(), seen.counts.tolist(), seen.whole
        ([1, 3], [1, 2], True)
    """
    return _scan_numbers(array) if array.dtype.kind in "biuf" else _scan_text(array)


def describe_rows(rows: list[int], total: int, of: int) -> str:
    """Write down where something was seen.

    Examples:
        >>> describe_rows([3, 17], 2, 406)
        'rows 3 and 17 (2 of 406)'
    """
    shown = [str(row) for row in rows]
    if total > len(shown):
        return f"rows {', '.join(shown)}, … ({total:,} of {of:,})"
    if len(shown) == 1:
        return f"row {shown[0]} (1 of {of:,})"
    return f"rows {', '.join(shown[:-1])} and {shown[-1]} ({total:,} of {of:,})"


# ------------------------------------------------------------------ one block after the other
def _blocks(array: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the number of the first row and the rows of each block."""
    rows = len(array)
    step = max(1, BLOCK // max(1, array.size // rows))
    mapping = _file_mapping(array)
    for start in range(0, rows, step):
        yield start, array[start : start + step]
        if mapping is not None:
            # Pages of the file that were read stay in this process' memory until it is told that
            # it may drop them. They can be read again: nothing is lost.
            mapping.madvise(mmap.MADV_DONTNEED)


def _file_mapping(array: NDArray[Any]) -> mmap.mmap | None:
    """Find the file under a memory-mapped array, unless changes to it live in memory only."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        if getattr(owner, "mode", None) == "c":  # copy-on-write: dropped pages would lose changes
            return None
        owner = owner.base
    can_drop = isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED")
    return owner if can_drop else None


class _Rows:
    """Collects the first few rows in which something holds, and how many there are."""

    def __init__(self) -> None:
        self.first: list[int] = []
        self.total = 0

    def add(self, start: int, holds: NDArray[np.bool_]) -> None:
        rows = np.flatnonzero(holds.reshape(len(holds), -1).any(axis=1))
        self.total += len(rows)
        self.first += [int(start + row) for row in rows[: SHOWN - len(self.first)]]


# ------------------------------------------------------------------ numbers
def _scan_numbers(array: NDArray[Any]) -> Scan:
    missing, infinite, sums = _Rows(), _Rows(), _Sums(array.shape)
    tally, sample = _Tally(), []
    stride = max(1, array.size // SAMPLE)
    low: Any = None
    high: Any = None
    whole, looked_at = True, 0
    for start, rows in _blocks(array):
        block = rows.view(np.uint8) if rows.dtype == np.bool_ else rows
        least, most = block.min(), block.max()
        if not np.isfinite(least) or not np.isfinite(most):  # NaN spreads into min and max
            missing.add(start, np.isnan(block))
            infinite.add(start, np.isinf(block))
        low = least if low is None else min(low, least)
        high = most if high is None else max(high, most)
        if missing.total or infinite.total:
            continue  # such labels are refused: only the rows are still of interest
        whole = whole and _is_whole(block)
        tally.add(block.reshape(-1), least.item(), most.item(), whole=whole)
        sums.add(block)
        sample.append(block.reshape(-1)[-looked_at % stride :: stride].astype(np.float64))
        looked_at += block.size
    values, counts = tally.result(array.dtype)
    return Scan(
        shape=array.shape,
        values=values,
        counts=counts,
        counted=tally.counted,
        different=tally.different() if values is None else len(values),
        low=low.item(),
        high=high.item(),
        whole=whole,
        row_sums=sums.rows,
        column_sums=sums.columns,
        missing=(missing.first, missing.total),
        infinite=(infinite.first, infinite.total),
        sample=np.concatenate(sample) if sample else np.empty(0),
    )


def _is_whole(block: NDArray[Any]) -> bool:
    return block.dtype.kind in "biu" or bool((np.rint(block) == block).all())


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

    def __init__(self) -> None:
        self.base = 0  # the number that the first place of the table stands for
        self.table = np.zeros(0, np.int64)
        self.others = pd.Series(dtype=np.int64)  # number → how often
        self.counted = 0
        self.open = True

    def add(self, block: NDArray[Any], low: float, high: float, *, whole: bool) -> None:
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
        self.open = len(self.others) <= MOST_VALUES

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
        if len(both) > MOST_VALUES:
            return None, None
        values = both.index.to_numpy().astype(np.bool_ if dtype == np.bool_ else dtype)
        return values, both.to_numpy().astype(np.int64)


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Name the type that pandas can count: no half or long floats, and the own byte order."""
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        return np.dtype(np.float64)
    return dtype.newbyteorder("=")


# ------------------------------------------------------------------ text
def _scan_text(array: NDArray[Any]) -> Scan:
    missing, counts, counted, still_open = _Rows(), pd.Series(dtype=np.int64), 0, True
    for start, block in _blocks(array):
        absent = np.asarray(pd.isna(block), dtype=np.bool_)
        if absent.any():
            missing.add(start, absent)
        if still_open:
            more = pd.Series(block.reshape(-1).astype(object)).value_counts(sort=False)
            counts = counts.add(more, fill_value=0).astype(np.int64) if len(counts) else more
            counted += block.size
            still_open = len(counts) <= MOST_VALUES
    values = np.empty(len(counts), object)
    values[:] = list(counts.index)
    return Scan(
        shape=array.shape,
        values=values if still_open else None,
        counts=counts.to_numpy().astype(np.int64) if still_open else None,
        counted=counted,
        different=len(counts),
        missing=(missing.first, missing.total),
    )
