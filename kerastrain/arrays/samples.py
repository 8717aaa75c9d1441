"""Which labels does a data set hold, when it comes in batches? A bounded sample of them.

A `tf.data.Dataset` is read from its start, a `keras.utils.PyDataset` at batches spread evenly over
its length. Neither TensorFlow nor Keras is imported: an object of theirs exists only when its
module is loaded already.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.sources import source_of
from kerastrain.errors import LabelError

__all__ = ["sample_batches"]

MOST_BATCHES = 256
MOST_VALUES = 1 << 22  # 32 MiB of float64


def sample_batches(y: Any) -> Any:
    """Gather labels from some batches of a data set.

    Args:
        y: Anything.

    Returns:
        The labels of up to 256 batches, in the structure that the batches have; None when `y` is
        no data set.

    Raises:
        LabelError: the data set has no batch, or its batches hold no labels.
    """
    source = source_of(y)
    if source == "Dataset":
        return _join(y.take(MOST_BATCHES).as_numpy_iterator(), batched=_is_batched(y))
    if source == "PyDataset":
        count = _count_batches(y)
        count = MOST_BATCHES if count is None else count
        picked = np.unique(np.linspace(0, count - 1, min(count, MOST_BATCHES)).astype(int))
        return _join((y[int(i)] for i in picked), batched=True)
    return None


def _count_batches(dataset: Any) -> int | None:
    try:
        count: int | None = dataset.num_batches
    except NotImplementedError:
        msg = "A PyDataset must know its length; y has none. Give it def __len__(self) of batches."
        raise LabelError(msg) from None
    return count


def _is_batched(dataset: Any) -> bool:
    """Tell whether elements are batches of rows, and not single rows.

    Inputs and labels of a batch have the same first axis; those of a single row rarely do.
    """
    import tensorflow as tf

    shapes = [spec.shape for spec in tf.nest.flatten(dataset.element_spec)]
    if any(shape.rank == 0 for shape in shapes):
        return False
    return len({shape[0] for shape in shapes if shape.rank}) <= 1


def _join(batches: Iterable[Any], *, batched: bool) -> Any:
    parts: list[Any] = []
    size = 0
    for batch in batches:
        labels = _labels_of(batch)
        parts.append(labels)
        size += sum(np.size(leaf) for leaf in _leaves(labels))
        if size > MOST_VALUES:
            break
    if not parts:
        msg = "There must be at least one batch; the data set is empty."
        raise LabelError(msg)
    return _stitch(parts, batched=batched)


def _labels_of(batch: Any) -> Any:
    """Take y out of (x, y) and (x, y, sample_weight); a batch that is no tuple is y itself."""
    if not isinstance(batch, tuple | list):
        return batch
    if len(batch) < 2 or batch[1] is None:
        msg = "The batches must hold labels; they hold x alone. Let each batch be a tuple (x, y)."
        raise LabelError(msg)
    return batch[1]


def _leaves(labels: Any) -> list[Any]:
    if isinstance(labels, dict):
        return list(labels.values())
    return list(labels) if isinstance(labels, tuple | list) else [labels]


def _stitch(parts: list[Any], *, batched: bool) -> Any:
    """Put the labels of all batches after each other, output by output."""
    if isinstance(parts[0], dict):
        return {k: _stitch([part[k] for part in parts], batched=batched) for k in parts[0]}
    if isinstance(parts[0], tuple | list):
        return [_stitch(list(leaf), batched=batched) for leaf in zip(*parts, strict=True)]
    arrays = [np.asarray(part) for part in parts]
    if not batched:
        return _stack(arrays)
    if len({array.ndim for array in arrays}) > 1 or not arrays[0].ndim:
        raise _unequal(arrays, "Let each batch have one label for each row, rows first.")
    longest = np.max([array.shape[1:] for array in arrays], axis=0).astype(int)
    return np.concatenate([_fill_up(array, longest) for array in arrays])


def _stack(rows: list[NDArray[Any]]) -> NDArray[Any]:
    if len({row.shape for row in rows}) > 1:
        raise _unequal(rows, "Fill them up: dataset.padded_batch(32).")
    return np.stack(rows)


def _unequal(parts: list[NDArray[Any]], way_out: str) -> LabelError:
    shapes = ", ".join(str(shape) for shape in sorted({part.shape for part in parts})[:5])
    return LabelError(
        f"Rows must be equally long; the data set gives labels of the shapes {shapes}. {way_out}"
    )


def _fill_up(batch: NDArray[Any], longest: NDArray[np.int_]) -> NDArray[Any]:
    """Fill the sequences of a batch up to the longest, each with its own last label.

    Batches that were padded each by itself have their own lengths. No value is added that the
    batch does not hold, so that the classes stay those of the labels.
    """
    missing = [(0, 0), *((0, int(n)) for n in longest - batch.shape[1:])]
    return np.pad(batch, missing, mode="edge") if longest.size and batch.size else batch
