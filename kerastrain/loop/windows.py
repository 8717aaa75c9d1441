"""How do the rows get into memory?  All at once where they fit, else a window at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.loop.packing import Rows

__all__ = ["resident", "windows"]

# Data up to this size are copied into tensors once; larger ones pass in windows.
_RESIDENT_BYTES = 256 * 2**20
_WINDOW_BYTES = 32 * 2**20


def windows(
    rows: Rows, tensors: list[Any] | None, order: NDArray[Any], first: int, last: int
) -> Iterator[tuple[list[Any], NDArray[Any], int, int]]:
    """Pass the rows of some steps through memory.

    Args:
        rows: The data.
        tensors: All of them, where they are small enough to lie in memory; None where not.
        order: The row numbers of one pass.
        first: Number of the first step.
        last: Number after that of the last step.

    Yields:
        Tensors, the order of their rows, and the first and last step to run on them. Large data
        come a window at a time, gathered by a thread while the window before it is trained on.
    """
    if tensors is not None:
        yield tensors, order, first, last
        return
    batch = rows.batch_size
    length = max(1, _WINDOW_BYTES // (rows.row_bytes * batch))
    starts = range(first, last, length)

    def gather(start: int) -> tuple[list[Any], int]:
        import tensorflow as tf

        chosen = order[start * batch : min(start + length, last) * batch]
        # All windows are filled to one size, so that XLA compiles once. The filling is not used.
        padded = np.resize(chosen, length * batch)
        return [tf.constant(part) for part in rows.take(padded)], len(chosen)

    with ThreadPoolExecutor(max_workers=1) as reader:
        ahead = reader.submit(gather, first)
        for following in [*starts[1:], None]:
            leaves, count = ahead.result()
            if following is not None:
                ahead = reader.submit(gather, following)
            yield leaves, np.arange(count, dtype=np.int32), 0, math.ceil(count / batch)


def resident(rows: Rows) -> list[Any] | None:
    """Copy all rows into tensors, where they are small enough; None where not."""
    return rows.whole() if rows.count * rows.row_bytes <= _RESIDENT_BYTES else None
