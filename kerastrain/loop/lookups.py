"""Are ids in range?  XLA takes entry 25 of 20 without a word, and class 7 of 3 becomes NaN.

TensorFlow's own operations refuse such numbers. So before steps run under XLA, the rows that hold
the smallest and the largest ids pass through the model once as a plain graph, on the CPU.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.containers import give_back_pages
from kerastrain.loop.packing import Rows, numpy_dtype
from kerastrain.loop.traits import has_plain_steps

if TYPE_CHECKING:
    import keras

__all__ = ["extreme_rows", "look_up_extremes", "looking"]

# Of an array with more columns, the extremes of all its values are looked up, not of each column.
_MOST_COLUMNS = 16


def looking(model_ref: weakref.ref[keras.Model], structure: Any) -> Callable[..., Any]:
    """Write a pass through the model that changes nothing in it."""
    import keras
    import tensorflow as tf

    def forward(*leaves: Any) -> Any:
        model: Any = model_ref()
        data = keras.tree.map_structure(lambda place: leaves[place], structure)
        with keras.StatelessScope([(variable, variable.value) for variable in model.variables]):
            return model.test_step(data)

    return tf.function(forward, autograph=False, jit_compile=False)  # type: ignore[no-any-return]


def look_up_extremes(model: keras.Model, rows: Rows, forward: Callable[..., Any]) -> None:
    """Let TensorFlow raise its InvalidArgumentError where an id is out of range.

    Args:
        model: The compiled model.
        rows: The data that it is going to see.
        forward: What `looking` gave.
    """
    import tensorflow as tf

    chosen, size = extreme_rows(rows), min(rows.batch_size, rows.count)
    for begin in range(0, len(chosen), size):
        leaves = rows.take(np.resize(chosen[begin : begin + size], size))
        try:
            with tf.device("cpu:0"):
                forward(*[tf.constant(leaf) for leaf in leaves])
        except Exception as error:  # a model with steps of its own may have no other way to run
            plain = has_plain_steps(model)
            if plain or any(word in str(error) for word in ("is not in [", "valid range")):
                raise


def extreme_rows(rows: Rows) -> NDArray[Any]:
    """Find the rows that hold the smallest and the largest of the whole numbers in some data.

    Examples:
        >>> extreme_rows(Rows((np.array([3, 9, 4, 1]), np.linspace(0, 1, 4)), (0, 1), 2))
        array([1, 3])
    """
    found: set[int] = set()
    for leaf in rows.leaves:
        kind = numpy_dtype(leaf).kind
        if kind == "b" or 0 in leaf.shape or (kind == "f" and (np.asarray(leaf[:1000]) % 1).any()):
            continue  # no ids
        values = np.asarray(leaf).reshape(rows.count, -1)
        if values.shape[1] > _MOST_COLUMNS:
            places = [values.argmin(), values.argmax()]
            found.update(int(place) // values.shape[1] for place in places)
        else:
            found.update(map(int, [*values.argmin(axis=0), *values.argmax(axis=0)]))
        give_back_pages(leaf)
    return np.array(sorted(found), dtype=np.int64)
