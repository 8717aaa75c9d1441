"""Which labels does a data set hold, when it comes in batches? A bounded sample of them.

A `tf.data.Dataset` is read from its start, a `keras.utils.PyDataset` at batches spread evenly over
its length. Neither TensorFlow nor Keras is imported before the data set itself was made.
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
    if source != "PyDataset":
        return None
    try:
        count = MOST_BATCHES if y.num_batches is None else y.num_batches
    except NotImplementedError:
        msg = "A PyDataset must know its length, but y does not. Give it def __len__(self)."
        raise LabelError(msg) from None
    picked = np.unique(np.linspace(0, count - 1, min(count, MOST_BATCHES)).astype(int))
    return _join((y[int(i)] for i in picked), batched=True)


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
        labels = batch  # a batch that is no tuple is y itself
        if isinstance(batch, tuple | list):
            labels = batch[1] if len(batch) > 1 else None
        if labels is None:
            msg = "The batches must hold labels, but they hold x alone. Let each be a tuple (x, y)."
            raise LabelError(msg)
        parts.append(labels)
        leaves = labels.values() if isinstance(labels, dict) else labels
        several = isinstance(labels, dict | tuple | list)
        size += sum(map(np.size, leaves)) if several else np.size(labels)
        if size > MOST_VALUES:
            break
    if not parts:
        msg = "There must be at least one batch, but the data set is empty."
        raise LabelError(msg)
    return _stitch(parts, batched=batched)


def _stitch(parts: list[Any], *, batched: bool) -> Any:
    """Put the labels of all batches after each other, output by output.

    The sequences of a batch are filled up to the longest of all batches, each with its own last
    label: no value is added that the batch does not hold, so that the classes stay the same.
    """
    if isinstance(parts[0], dict):
        return {k: _stitch([part[k] for part in parts], batched=batched) for k in parts[0]}
    if isinstance(parts[0], tuple | list):
        return [_stitch(list(leaf), batched=batched) for leaf in zip(*parts, strict=True)]
    arrays: list[NDArray[Any]] = [np.asarray(part) for part in parts]
    shapes = sorted({array.shape for array in arrays})
    way_out = "Fill the rows up: dataset.padded_batch(32)."
    if batched:
        way_out = "Let each batch have one label for each row, rows first."
        shapes = [] if arrays[0].ndim and len({array.ndim for array in arrays}) == 1 else shapes
    if len(shapes) > (0 if batched else 1):
        seen = ", ".join(map(str, shapes[:5]))
        msg = f"Rows must have the same length, but y has the shapes {seen}. {way_out}"
        raise LabelError(msg)
    if not batched:
        return np.stack(arrays)
    longest = np.max([array.shape[1:] for array in arrays], axis=0).astype(int)
    filled = []
    for array in arrays:
        missing = [(0, 0), *((0, int(n)) for n in longest - array.shape[1:])]
        filled.append(np.pad(array, missing, mode="edge") if longest.size and array.size else array)
    return np.concatenate(filled)
