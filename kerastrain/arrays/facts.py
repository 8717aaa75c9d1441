"""What is in an array? Seen in one pass, block by block, whatever its size."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Facts", "class_ids", "is_plain", "look_at"]

BLOCK = 1 << 20  # numbers looked at together: some megabytes, so memory stays bounded
MOST = 200_000_000  # numbers looked at in all; of more, evenly spaced blocks are taken
ROWS = 4096  # rows for the scale of each column and for the sums of rows
VALUES = 4096  # distinct whole numbers that are told apart


@dataclass(frozen=True)
class Facts:
    """Hold what one pass over an array showed.

    Attributes:
        where: The argument that it came from, as the user wrote it.
        shape: Its shape; `None` where a data set does not tell.
        dtype: Its type, as NumPy names it, or `"object"` and `"str"`.
        kind: `"number"`, `"bool"`, `"text"`, `"date"` or `"object"`.
        low: The smallest finite number.
        high: The largest finite number.
        missing: How many numbers are NaN.
        infinite: How many numbers are infinite.
        first_bad: The first row with NaN or infinity; -1 without one.
        whole: Whether all finite numbers are whole.
        counts: How often each whole number occurs; empty if there are too many, or fractions.
        rows: Evenly spaced rows, at most 4096, as float64; empty if these are no numbers.
        array: The array itself.
        complete: Whether all rows of the training data were seen, not one batch or a part.
    """

    where: str
    shape: tuple[int | None, ...]
    dtype: str
    kind: str
    low: float = np.nan
    high: float = np.nan
    missing: int = 0
    infinite: int = 0
    first_bad: int = -1
    whole: bool = False
    counts: dict[int, int] = field(default_factory=dict)
    rows: NDArray[np.float64] = field(default_factory=lambda: np.empty((0,)))
    array: Any = None
    complete: bool = True

    @property
    def numeric(self) -> bool:
        """Whether the array holds numbers or bools."""
        return self.kind in ("number", "bool")

    @property
    def shown(self) -> str:
        """The shape as a user writes it, with n for the number of rows."""
        sizes = ["n", *("?" if size is None else str(size) for size in self.shape[1:])]
        return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"

    @cached_property
    def constant(self) -> bool:
        """Whether every row is the same row."""
        if len(self.rows) < 2:
            return False
        flat = self.rows.reshape(len(self.rows), -1)
        return bool(np.all(flat == flat[0]))

    @cached_property
    def row_sums(self) -> NDArray[np.float64]:
        """The sum over the last axis of the rows looked at."""
        if self.rows.ndim > 1:
            return np.asarray(self.rows.sum(axis=-1))
        return np.empty((0,))

    @cached_property
    def zero_or_one(self) -> bool:
        """Whether there is nothing but 0 and 1."""
        return self.whole and bool(self.counts) and set(self.counts) <= {0, 1}

    @cached_property
    def scale(self) -> NDArray[np.float64]:
        """The root mean square of each column, or of all numbers where there are no columns."""
        flat = self.rows.reshape(len(self.rows), -1) if len(self.rows) else np.zeros((1, 1))
        if self.rows.ndim > 2:
            flat = flat.reshape(-1, 1)
        finite = np.where(np.isfinite(flat), flat, 0.0)
        return np.asarray(np.sqrt(np.mean(finite**2, axis=0)))


def look_at(array: Any, where: str, *, complete: bool = True) -> Facts:
    """Take the facts of an array in one pass.

    Args:
        array: A NumPy array or memmap, a tensor, a pandas Series or DataFrame.
        where: Its name as the user wrote it.
        complete: Whether this is all of it, not one batch of a data set.

    Returns:
        Its facts; of something that is no array, only the type.
    """
    shape = tuple(getattr(array, "shape", None) or ())
    dtype, kind = _kind(array)
    if not is_plain(array):
        return Facts(where, shape, dtype, "unknown", array=array, complete=complete)
    if kind not in ("number", "bool") or not shape:
        return Facts(where, shape, dtype, kind, array=array, complete=complete)
    count = int(shape[0])
    ranges = _Ranges()
    for start, stop in _blocks(count, max(1, int(np.prod(shape[1:], dtype=float)))):
        ranges.add(np.asarray(array[start:stop]), start)
    picked = _pick(array, count, int(np.prod(shape[1:], dtype=float)))
    return Facts(
        where,
        shape,
        dtype,
        kind,
        low=ranges.low,
        high=ranges.high,
        missing=ranges.missing,
        infinite=ranges.infinite,
        first_bad=ranges.first_bad,
        whole=ranges.whole,
        counts=dict(ranges.counts) if ranges.whole and len(ranges.counts) <= VALUES else {},
        rows=picked,
        array=array,
        complete=complete,
    )


def is_plain(array: Any) -> bool:
    """Say whether an array is neither ragged nor sparse, so that its rows can be taken."""
    return not any(hasattr(array, name) for name in ("row_splits", "dense_shape", "tocsr"))


class _Ranges:
    """Gather range, gaps and values over blocks."""

    def __init__(self) -> None:
        self.low, self.high = np.inf, -np.inf
        self.missing = self.infinite = 0
        self.first_bad = -1
        self.whole = True
        self.counts: Counter[int] = Counter()

    def add(self, block: NDArray[Any], start: int) -> None:
        if block.size == 0:
            return
        if block.dtype.kind not in "biuf":
            block = block.astype(np.float64)
        low, high = block.min(), block.max()
        if block.dtype.kind == "f" and not (np.isfinite(low) and np.isfinite(high)):
            bad = ~np.isfinite(block)
            if self.first_bad < 0:
                self.first_bad = start + int(np.argmax(bad.reshape(len(block), -1).any(axis=1)))
            self.missing += int(np.isnan(block).sum())
            self.infinite += int(np.isinf(block).sum())
            block = block[~bad]
            if block.size == 0:
                return
            low, high = block.min(), block.max()
        self.low, self.high = min(self.low, float(low)), max(self.high, float(high))
        self._count(block, float(low), float(high))

    def _count(self, block: NDArray[Any], low: float, high: float) -> None:
        if not self.whole or len(self.counts) > VALUES:
            return
        if block.dtype.kind == "f":
            self.whole = bool(np.all(block[:64] == np.trunc(block[:64]))) and bool(
                np.all(block == np.trunc(block))
            )
            if not self.whole:
                return
        if high - low > 16 * VALUES:
            values, times = np.unique(block.ravel()[: 16 * VALUES], return_counts=True)
            self.counts.update(dict(zip(values.astype(object), times.tolist(), strict=True)))
            return
        shifted = block.ravel().astype(np.int64) - int(low)
        times = np.bincount(shifted)
        for value in np.flatnonzero(times)[: VALUES + 1]:
            self.counts[int(value) + int(low)] += int(times[value])


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
    if type(dtype).__module__.startswith("pandas"):  # a type of pandas' own, as Int64: fit refuses
        return "text" if "str" in str(dtype) else "object"
    if getattr(dtype, "name", "") == "string":
        return "text"  # a tensor of text, which NumPy would call objects
    dtype = getattr(dtype, "as_numpy_dtype", dtype)
    kind = str(getattr(dtype, "kind", None) or np.dtype(dtype).kind)
    name = str(dtype).lower()
    if "bfloat16" in name:
        return "number"
    if "str" in name or kind in "USST":
        return "text"
    return {"b": "bool", "i": "number", "u": "number", "f": "number", "M": "date", "m": "date"}.get(
        kind, "object"
    )


def _blocks(count: int, width: int) -> list[tuple[int, int]]:
    """Cut rows into blocks of bounded size; of very many, take evenly spaced ones."""
    size = max(1, BLOCK // width)
    starts = range(0, count, size)
    most = max(1, MOST // (size * width))
    if len(starts) > most:
        starts = range(0, count, size * -(-len(starts) // most))
    return [(start, min(start + size, count)) for start in starts]


def _pick(array: Any, count: int, width: int) -> NDArray[np.float64]:
    """Take evenly spaced rows, fewer of wide ones."""
    rows = min(count, max(16, min(ROWS, 4 * BLOCK // max(1, width))))
    where = np.unique(np.linspace(0, max(0, count - 1), rows).astype(int))[:count]
    picked: NDArray[np.float64] = take(array, where).astype(np.float64)
    return picked


def take(array: Any, rows: Any) -> NDArray[Any]:
    """Take rows of an array, a frame or a tensor by their number, as NumPy."""
    if hasattr(array, "iloc"):
        return np.asarray(array.iloc[rows])
    if isinstance(array, np.ndarray):
        return np.asarray(array[rows])
    if type(array).__module__.startswith("tensorflow"):
        import tensorflow as tf

        gathered: NDArray[Any] = np.asarray(tf.gather(array, rows))
        return gathered
    rest: NDArray[Any] = np.asarray(array)[rows]
    return rest


def class_ids(facts: Facts, start: int, stop: int) -> NDArray[np.int64]:
    """Read rows of labels as class ids: arg max of wide rows, the number itself else."""
    part = np.asarray(facts.array[start:stop])
    if part.ndim > 1 and part.shape[-1] > 1:
        part = part.argmax(axis=-1)
    return part.reshape(len(part), -1)[:, 0].astype(np.int64)
