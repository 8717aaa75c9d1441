"""Which rows does a step see?  Data as flat arrays, and the order in which their rows come."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.arrays.containers import Selection, give_back_pages

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["Rows", "pack_rows", "row_order", "split_rows"]


@dataclass(frozen=True)
class Rows:
    """Hold what `model.fit` calls the data: inputs, targets and weights, row by row.

    Args:
        leaves: The arrays of the structure, in the order of `keras.tree.flatten`; shape `(n, ...)`.
        structure: What `train_step` gets, `x`, `(x, y)` or `(x, y, sample_weight)`, with numbers
            in the places of the arrays.
        batch_size: Rows of a full batch.
    """

    leaves: tuple[NDArray[Any] | tf.Tensor, ...]
    structure: Any
    batch_size: int

    @property
    def count(self) -> int:
        """The number of rows."""
        return int(self.leaves[0].shape[0])

    @property
    def batches(self) -> int:
        """The number of batches in one pass, a partial one at the end included."""
        return math.ceil(self.count / self.batch_size)

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of all arrays, in the types that the model gets."""
        return sum(math.prod(leaf.shape[1:]) * model_dtype(leaf).itemsize for leaf in self.leaves)

    def take(self, rows: NDArray[Any]) -> list[NDArray[Any]]:
        """Copy some rows into new arrays, in the types that the model gets.

        The pages of a memory-mapped file stay in memory once they were read. They are given back
        at once, so that a file of any size needs no more memory than one call of this function.
        """
        taken = []
        for leaf in self.leaves:
            selected = isinstance(leaf, Selection)
            part = leaf[rows] if selected else np.asarray(leaf).take(rows, axis=0)
            taken.append(part.astype(model_dtype(leaf), copy=False))
            give_back_pages(leaf)
        return taken

    def whole(self) -> list[tf.Tensor]:
        """Copy all rows into tensors, in the types that the model gets."""
        import tensorflow as tf

        leaves = [leaf[:] if isinstance(leaf, Selection) else leaf for leaf in self.leaves]
        return [tf.cast(leaf, model_dtype(leaf)) for leaf in leaves]


def model_dtype(leaf: NDArray[Any] | tf.Tensor) -> np.dtype[Any]:
    """Tell the type in which Keras feeds an array: floats become `floatx`, all others stay."""
    import keras

    dtype = numpy_dtype(leaf)
    return np.dtype(keras.config.floatx()) if dtype.kind == "f" else dtype


def numpy_dtype(leaf: NDArray[Any] | tf.Tensor) -> np.dtype[Any]:
    """Name the type of an array or a tensor as NumPy does."""
    dtype = leaf.dtype
    return dtype if isinstance(dtype, np.dtype) else np.dtype(dtype.as_numpy_dtype)


def as_leaf(value: Any) -> NDArray[Any] | tf.Tensor | None:
    """Read one array as Keras' own adapter does; None where it is none that we know."""
    import tensorflow as tf

    if isinstance(value, pd.Series | pd.DataFrame):
        value = value.to_numpy()
        value = value[:, None] if value.ndim == 1 else value  # Keras makes a Series a column too
    eager = isinstance(value, tf.Tensor) and hasattr(value, "numpy")
    if not (isinstance(value, np.ndarray | Selection) or eager) or not len(value.shape):
        return None
    return value if numpy_dtype(value).kind in "biuf" else None


def pack_rows(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
) -> Rows | str:
    """Lay out data as `model.fit` does.

    Args:
        x: Inputs: an array, or a dict or list of arrays; shape `(n, ...)` each.
        y: Targets, likewise, or None.
        sample_weight: One weight a row, or an array for each target.
        class_weight: A weight for each class id.
        batch_size: Rows of a batch. Left out, 32, or what makes `steps` batches of all rows.
        steps: Batches in an epoch.

    Returns:
        The rows; or, where the fast loop cannot train on them, why not. `model.fit` then trains on
        them, or says what is wrong with them in the words that Keras users know.
    """
    from keras import tree
    from keras.utils import pack_x_y_sample_weight

    several = isinstance(y, list | tuple | dict)
    if class_weight is not None:
        if sample_weight is not None or several or as_leaf(y) is None:
            return "class_weight goes with one array of class ids and no sample_weight"
        sample_weight = weights_of_classes(as_leaf(y), class_weight)
    if several and sample_weight is not None:
        if not isinstance(sample_weight, list | tuple | dict):
            one_for_all = sample_weight
            sample_weight = tree.map_structure(lambda _: one_for_all, y)
        elif len(tree.flatten(sample_weight)) != len(tree.flatten(y)):
            return "sample_weight and y have other structures"
    data = tree.lists_to_tuples(pack_x_y_sample_weight(x, y, sample_weight))
    values = tree.flatten(data)
    leaves = []
    for value in values:
        leaf = as_leaf(value)
        if leaf is None:
            return f"the data hold {_a(value)}, which is no array of numbers"
        leaves.append(leaf)
    counts = {int(leaf.shape[0]) for leaf in leaves}
    if len(counts) != 1 or 0 in counts:
        return f"the arrays have {sorted(counts)} rows"
    if not batch_size:
        batch_size = math.ceil(counts.pop() / steps) if steps else 32
    structure = tree.pack_sequence_as(data, list(range(len(leaves))))
    return Rows(tuple(leaves), structure, int(batch_size))


def _a(value: Any) -> str:
    kind = type(value)
    dtype = getattr(value, "dtype", None)
    return f"a {kind.__module__}.{kind.__qualname__}" + (
        f" of {dtype}" if dtype is not None else ""
    )


def weights_of_classes(y: Any, class_weight: dict[int, float]) -> NDArray[Any]:
    """Give each row the weight of its class; 1 where `class_weight` does not name it."""
    import keras

    ids = np.asarray(y)
    if ids.ndim > 1:
        ids = ids[..., 0] if ids.shape[-1] == 1 else ids.argmax(axis=-1)
    known, places = np.unique(np.round(ids).astype("int32"), return_inverse=True)
    weights = [class_weight.get(int(class_id), 1.0) for class_id in known]
    return np.array(weights, keras.config.floatx())[places.reshape(ids.shape)]


def split_rows(rows: Rows, fraction: float) -> tuple[Rows, Rows] | None:
    """Split off the last rows, as `validation_split` does in Keras; None where a part is empty."""
    cut = math.floor(rows.count * (1.0 - fraction))
    if not 0 < cut < rows.count:
        return None
    return (
        replace(rows, leaves=tuple(leaf[:cut] for leaf in rows.leaves)),
        replace(rows, leaves=tuple(leaf[cut:] for leaf in rows.leaves)),
    )


def row_order(
    count: int, batch_size: int, *, shuffle: bool | str, seed: int, turn: int
) -> NDArray[Any]:
    """Draw the order in which one pass over the data sees its rows.

    Args:
        count: How many rows there are.
        batch_size: Rows of a batch.
        shuffle: False for the order of the arrays; `"batch"` to shuffle within each batch only, as
            Keras does.
        seed: Decides the order together with `turn`. No generator but this one is touched.
        turn: The number of the pass. Every pass has a fresh permutation, and a training that is
            taken up again at `initial_epoch` sees the one that it would have seen.

    Returns:
        Row numbers, shape `(count,)`.

    Examples:
        >>> [row_order(5, 2, shuffle=True, seed=0, turn=turn).tolist() for turn in range(2)]
        [[2, 4, 3, 0, 1], [1, 4, 3, 0, 2]]
    """
    order = np.arange(count, dtype=np.int32 if count < 2**31 else np.int64)
    generator = np.random.default_rng([seed, turn])
    if shuffle == "batch":
        full = count - count % batch_size
        batches = order[:full].reshape(-1, batch_size)
        order[:full] = generator.permuted(batches, axis=1).reshape(-1)
        generator.shuffle(order[full:])
    elif shuffle:
        generator.shuffle(order)
    return order
