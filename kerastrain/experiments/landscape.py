"""How does the loss look around a trained network?

A network has thousands of weights, a picture two directions. The loss is measured on a plane
through the trained weights, which two directions span: random ones, or those in which the
training itself moved most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerastrain.errors import DataError
from kerastrain.losses.choice import LossChoice

if TYPE_CHECKING:
    import keras
    from numpy.typing import ArrayLike, NDArray

    from kerastrain.training.runs import TrainingRun

__all__ = ["loss_landscape"]

Weights = list["NDArray[np.float32]"]
MARGIN = 0.25  # around the training path, as a share of its extent


def loss_landscape(
    run: TrainingRun,
    x: Any,
    y: Any,
    *,
    path: Sequence[Sequence[ArrayLike]] | None = None,
    points: int = 21,
    span: float = 1.0,
    batch_size: int = 1024,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure the loss on a plane through the weights of a trained network.

    With the trained weights `w` and two directions `d` and `e` of the same shape::

        loss(a, b) = loss of the network with the weights  w + a·d + b·e

    Random directions are filter-normalised (Li et al.): the part of a direction that belongs to
    one unit is as long as that unit's own weights, and the parts of biases are 0, so that
    a = 1 means the same for large and small weights. Along a training path, the directions are
    the two in which its weights moved most (their first two principal components), of length 1.

    The loss is that of prediction (dropout is off), with the penalties of regularizers. The
    model stays as it was, to the bit.

    Args:
        run: What `train` returned.
        x: Inputs as in training, `n` rows.
        y: The true labels, as the user writes them.
        path: The weights of each epoch: a list of `model.get_weights()`. Left out, the directions
            are random.
        points: Points along each direction, from 3; an odd number has the trained weights in it.
        span: How far to go from the trained weights in random directions: a and b run from
            `-span` to `span`. Along a path, the path decides.
        batch_size: Rows in one step, which bounds the memory.
        seed: Draws the random directions.

    Returns:
        One row a point of the plane: `a`, `b`, `loss`. With a path, `attrs["path"]` holds its
        points as pairs `(a, b)`, and `attrs["explained"]` which share of its movement, in [0, 1],
        the plane shows.

    Raises:
        DataError: the run has several outputs, `points` or `span` make no grid, or `path` does not
            hold the weights of this model.

    Examples:
        >>> import keras, kerastrain as kt
        >>> iris = kt.load_dataset("iris")
        >>> build = lambda choice: keras.Sequential([keras.Input((4,)), *choice.last_layers()])
        >>> run = kt.train(build, iris.x, iris.y, epochs=1)
        >>> kt.loss_landscape(run, iris.x, iris.y, points=3)[["a", "b"]].values.tolist()[:2]
        [[-1.0, -1.0], [-1.0, 0.0]]

    References:
        Li, Xu, Taylor, Studer, Goldstein, Visualizing the Loss Landscape of Neural Nets,
        NeurIPS 2018.
    """
    if not isinstance(run.loss, LossChoice):
        message = (
            f"loss_landscape draws a model with one output and a loss that train() chose, but got "
            f"run.loss = {run.loss!r}. Train with loss='auto' on one output."
        )
        raise DataError(message)
    if points < 3 or not span > 0:
        message = (
            f"A grid needs points=3 or more and span above 0, but got {points} and {span}. "
            "Write points=21, span=1.0."
        )
        raise DataError(message)
    weights = [np.asarray(variable) for variable in run.model.trainable_variables]
    attributes: dict[str, Any] = {}
    if path is None:
        generator = np.random.default_rng(seed)
        directions = [_random_direction(weights, generator) for _ in "ab"]
        sides = [np.linspace(-span, span, points)] * 2
    else:
        directions, walk, explained = _plane_of_path(weights, _trainable(run.model, path))
        attributes = {"path": [(float(a), float(b)) for a, b in walk], "explained": explained}
        sides = [_side(walk[:, axis], points) for axis in (0, 1)]
    grid = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 2)
    losses = _losses(run.model, run.loss, x, y, directions, grid, batch_size)
    table = pd.DataFrame({"a": grid[:, 0], "b": grid[:, 1], "loss": losses})
    table.attrs.update(attributes)
    return table


def _random_direction(weights: Weights, generator: np.random.Generator) -> Weights:
    """Draw a direction whose parts are as long as the weights that they belong to."""
    direction = []
    for weight in weights:
        part = generator.standard_normal(weight.shape).astype(weight.dtype)
        if weight.ndim < 2:  # a bias, or the scale of a normalisation
            direction.append(np.zeros_like(weight))
            continue
        # Keras puts the units (filters) of a layer on the last axis.
        axes = tuple(range(weight.ndim - 1))
        length = np.sqrt((weight**2).sum(axes)) / np.sqrt((part**2).sum(axes))
        direction.append((part * length).astype(weight.dtype))
    return direction


def _trainable(model: keras.Model, path: Sequence[Sequence[ArrayLike]]) -> list[Weights]:
    """Take the trainable ones from what `get_weights` gave, epoch by epoch."""
    places = [
        next(i for i, other in enumerate(model.weights) if other is variable)
        for variable in model.trainable_variables
    ]
    shapes = [tuple(variable.shape) for variable in model.weights]
    for epoch in path:
        seen = [np.shape(part) for part in epoch]
        if seen != shapes:
            message = (
                f"path must hold weights of the shapes {shapes}, but got {seen}. "
                "Collect model.get_weights() after each epoch."
            )
            raise DataError(message)
    if len(path) < 3:
        message = (
            f"A plane needs the weights of 3 epochs or more, but got {len(path)}. "
            "Collect model.get_weights() after each epoch."
        )
        raise DataError(message)
    return [[np.asarray(epoch[place]) for place in places] for epoch in path]


def _plane_of_path(
    weights: Weights, path: list[Weights]
) -> tuple[list[Weights], NDArray[np.float64], float]:
    """Find the two directions in which the path moved most, and the path in their plane."""
    end = _flat(weights)
    moves = np.stack([_flat(epoch) for epoch in path]) - end
    _, sizes, axes = np.linalg.svd(moves, full_matrices=False)
    explained = float((sizes[:2] ** 2).sum() / max((sizes**2).sum(), np.finfo(float).tiny))
    return [_shaped(axis, weights) for axis in axes[:2]], moves @ axes[:2].T, explained


def _side(walk: NDArray[np.float64], points: int) -> NDArray[np.float64]:
    """Space points evenly so that the path and the trained weights, at 0, lie well inside."""
    low, high = min(walk.min(), 0.0), max(walk.max(), 0.0)
    margin = MARGIN * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, points)


def _flat(weights: Weights) -> NDArray[np.float64]:
    return np.concatenate([weight.ravel() for weight in weights]).astype(float)


def _shaped(values: NDArray[np.float64], like: Weights) -> Weights:
    ends = np.cumsum([weight.size for weight in like])[:-1]
    parts = zip(np.split(values, ends), like, strict=True)
    return [part.reshape(weight.shape).astype(weight.dtype) for part, weight in parts]


def _losses(
    model: keras.Model,
    choice: LossChoice,
    x: Any,
    y: Any,
    directions: list[Weights],
    grid: NDArray[np.float64],
    batch_size: int,
) -> NDArray[np.float64]:
    """Measure the loss at each point of the grid: one compiled call for each batch of rows."""
    import keras

    inputs, y_true = keras.tree.map_structure(np.asarray, x), choice.encode(y)
    measure = _measure(model, choice.build_loss(), directions, grid)
    compiled: dict[int, Callable[..., Any]] = {}
    total = np.zeros(len(grid))
    for start in range(0, len(y_true), batch_size):
        part = slice(start, start + batch_size)
        batch = keras.tree.map_structure(
            lambda array, part=part: keras.ops.convert_to_tensor(array[part]),
            (inputs, y_true),
        )
        rows = len(y_true[part])  # the last batch may be shorter, and is compiled by itself
        if rows not in compiled:
            compiled[rows] = _compile(measure, *batch)
        total += keras.ops.convert_to_numpy(compiled[rows](*batch)).astype(float) * rows
    return total / len(y_true)


def _measure(
    model: keras.Model, loss: Any, directions: list[Weights], grid: NDArray[np.float64]
) -> Callable[[Any, Any], Any]:
    """Build the function from a batch of rows to the loss at each point of the grid."""
    import keras

    variables = model.trainable_variables

    def losses_of(x: Any, y: Any) -> Any:
        def loss_at(point: Any) -> Any:
            moved = [
                variable.value + point[0] * d + point[1] * e
                for variable, d, e in zip(variables, *directions, strict=True)
            ]
            # In this scope the model computes with the moved weights; its own stay untouched.
            with keras.StatelessScope(state_mapping=list(zip(variables, moved, strict=True))):
                return loss(y, model(x, training=False)) + sum(model.losses)

        return keras.ops.map(loss_at, keras.ops.convert_to_tensor(grid, keras.config.floatx()))

    return losses_of


def _compile(function: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """Compile a function for such arguments, where the backend wants to be asked for it."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    # Traced by hand: tf.function would warn that a new landscape is traced anew.
    compiled: Callable[..., Any]
    compiled = tf.function(function, autograph=False).get_concrete_function(*arguments)
    return compiled
