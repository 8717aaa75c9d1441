"""Where does an optimizer walk, step by step, on a function that one can draw?

What is traced is the real Keras optimizer: the gradient comes from the backend, the step from
`optimizer.apply`, as in `model.fit`. Only the weights are fewer: one or two numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerastrain.errors import DataError, KerastrainError, OptimizerError

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

__all__ = ["trace_descent"]


def trace_descent(
    function: Callable[..., Any],
    start: float | Sequence[float],
    optimizer: keras.optimizers.Optimizer,
    *,
    steps: int = 50,
) -> pd.DataFrame:
    """Let a Keras optimizer walk downhill on a function, and write down each step.

    Plain gradient descent goes, from the point `w`, against the slope::

        w  ←  w - learning_rate · ∇f(w)

    and other optimizers change that step. All steps are one compiled call.

    Args:
        function: Takes one number or two, `f(x)` or `f(x, y)`, and returns one. Written with
            operators and `keras.ops`, so that the backend can find its gradient.
        start: Where the walk begins: a number for `f(x)`, a pair for `f(x, y)`.
        optimizer: Any Keras optimizer. The walk uses a fresh copy with the same settings, so the
            optimizer itself stays as it was.
        steps: How many steps to take, from 0.

    Returns:
        One row a point, `steps + 1` in all: `step` (0 is the start), the coordinates `x` and, for
        two variables, `y`, then `value` and `gradient_norm`, the length of the gradient there.
        A walk that diverges leaves the range of float32 (3.4e38): from there on the rows hold
        `inf` and `NaN`, as training would.

    Raises:
        DataError: `start` is not one or two finite numbers, `steps` is negative, or `function`
            does not return a single number.
        OptimizerError: `optimizer` is not a Keras optimizer.

    Examples:
        >>> import keras
        >>> walk = trace_descent(lambda x: x**2, 1.0, keras.optimizers.SGD(0.25), steps=3)
        >>> walk["x"].tolist()
        [1.0, 0.5, 0.25, 0.125]
    """
    import keras

    point = _read_start(start)
    if steps < 0:
        message = f"steps must be 0 or more, but got {steps}. Write steps=50."
        raise DataError(message)
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        message = (
            f"optimizer must be a Keras optimizer object, but got {optimizer!r}. "
            "Write optimizer=kerastrain.sgd(0.1)."
        )
        raise OptimizerError(message)
    backend = keras.backend.backend()
    if backend not in _WALKS:
        message = (
            f"trace_descent takes its gradient from one of {sorted(_WALKS)}; Keras runs on "
            f"{backend!r}. Set KERAS_BACKEND=tensorflow before Keras is imported."
        )
        raise KerastrainError(message)
    copy = type(optimizer).from_config(optimizer.get_config())
    rows = _WALKS[backend](function, point, copy, steps)
    table = pd.DataFrame(rows, columns=[*"xy"[: len(point)], "value", "gradient_norm"])
    table.insert(0, "step", np.arange(steps + 1))
    return table


def _read_start(start: float | Sequence[float]) -> NDArray[np.float64]:
    """Read one number or a pair as an array of shape `(1,)` or `(2,)`."""
    point = np.atleast_1d(np.asarray(start, dtype=float))
    if point.shape not in ((1,), (2,)) or not np.isfinite(point).all():
        message = (
            f"start must be one finite number or a pair, but got {start!r}. Write start=(1.0, 2.0)."
        )
        raise DataError(message)
    return point


def _walk_tensorflow(
    function: Callable[..., Any],
    start: NDArray[np.float64],
    optimizer: keras.optimizers.Optimizer,
    steps: int,
) -> NDArray[np.float64]:
    """Walk in one TensorFlow graph; return rows of point, value and norm of the gradient."""
    import keras
    import tensorflow as tf

    # One variable for both coordinates, as the weights of a layer are one variable, so that
    # clipping by norm sees the whole gradient.
    point = keras.Variable(start, dtype=keras.config.floatx(), name="point")
    optimizer.build([point])

    def step(_: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = keras.ops.convert_to_tensor(function(*tf.unstack(point.value)), point.dtype)
        if value.shape != ():
            message = (
                f"function must return one number, but got the shape {tuple(value.shape)}. "
                "Sum the parts: keras.ops.sum(...)."
            )
            raise DataError(message)
        gradient = tape.gradient(
            value, point.value, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        row = tf.concat([point.value, [value], [tf.norm(gradient)]], axis=0)
        # The last step is taken and not written down: that keeps the loop plain.
        optimizer.apply([gradient], [point])
        return row

    def walk() -> tf.Tensor:
        nothing_yet = tf.zeros([len(start) + 2], point.dtype)
        return tf.scan(step, tf.range(steps + 1), initializer=nothing_yet)

    # As it is called once, it is traced by hand: tf.function would warn of tracing it again when
    # trace_descent is called again.
    compiled = tf.function(walk, autograph=False).get_concrete_function()
    return np.asarray(compiled(), dtype=float)


# One function a backend.
_WALKS = {"tensorflow": _walk_tensorflow}
