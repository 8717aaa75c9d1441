"""What does a model do to a batch? One forward and gradient pass that nothing notices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.rows import take_rows
from kerastrain.models.copies import layers_of
from kerastrain.models.private_names import has_logits, has_mask

__all__ = ["Pass", "run_once", "small_batch", "worth_running"]

ROWS = 16
NUMBERS = 1 << 20  # numbers in the batch at most, so that wide inputs get fewer rows
STEPS = 24  # steps of time, over all layers, beyond which an eager run costs more than it tells


@dataclass(frozen=True)
class Pass:
    """Hold what one pass over a small batch showed.

    Attributes:
        outputs: What each output gave, in the model's order.
        from_logits: Whether the logits still hang on each output, where Keras' losses find them.
        masked: Whether a mask comes with each output, by which Keras leaves steps out of the loss.
        added: How many losses the layers added themselves.
        losses: The loss of each output; NaN where there is none.
        gradients: The gradient of each trainable variable; `None` where none arrives.
        variables: Those variables.
        stage: How far it came: `"forward"`, `"loss"`, `"gradient"` or `"done"`.
        error: What was raised at that stage.
    """

    outputs: tuple[NDArray[Any], ...] = ()
    from_logits: tuple[bool, ...] = ()
    masked: tuple[bool, ...] = ()
    added: int = 0
    losses: tuple[float, ...] = ()
    gradients: tuple[NDArray[Any] | None, ...] = ()
    variables: tuple[Any, ...] = ()
    stage: str = "none"
    error: Exception | None = None
    structure: Any = field(default=None, repr=False)


def run_once(model: Any, batch: Any, targets: Any, losses: Any) -> Pass:
    """Run a built model forward and back on one batch, without a trace.

    Args:
        model: A model with weights.
        batch: A few rows of inputs, in the model's own structure.
        targets: The labels of these rows for each output; `None` where there are none.
        losses: A function of the outputs, as they are and in a row, that gives a
            `keras.losses.Loss` or `None` for each; it may fill `targets`.

    Returns:
        What it showed, and what it raised if it did.
    """
    import keras
    import tensorflow as tf

    variables = tuple(model.trainable_variables)
    stage = "forward"
    flat: list[Any] = []
    values: list[float] = []
    out: Any = None
    # a stateless scope catches every assignment: moving averages, seeds, metrics
    scope = keras.StatelessScope(collect_losses=True)
    try:
        with scope, tf.GradientTape() as tape:
            out = model(batch, training=True)
            flat = keras.tree.flatten(out)
            stage = "loss"
            total = tf.constant(0.0)
            for output, target, loss in zip(flat, targets, losses(out, flat), strict=False):
                value = None if loss is None or target is None else loss(target, output)
                values.append(np.nan if value is None else float(np.mean(value)))
                total = (
                    total if value is None else total + tf.cast(tf.reduce_mean(value), "float32")
                )
            stage = "gradient"
        gradients: list[Any] = [None] * len(variables)
        if variables and not np.all(np.isnan(values)):
            gradients = tape.gradient(total, [v.value for v in variables])
        stage = "done"
        error = None
    except Exception as raised:  # whatever the model or a loss raises is what `fit` would raise
        gradients, error = [], raised
    return Pass(
        outputs=tuple(np.asarray(keras.ops.convert_to_numpy(output)) for output in flat),
        from_logits=tuple(has_logits(output) for output in flat),
        masked=tuple(map(has_mask, flat)),
        added=len(scope.losses or ()),
        losses=tuple(values),
        gradients=tuple(None if g is None else _dense(g) for g in gradients),
        variables=variables,
        stage=stage,
        error=error,
        structure=out,
    )


def _dense(gradient: Any) -> NDArray[Any]:
    """Write a gradient as an array; that of an embedding comes as a few rows."""
    import tensorflow as tf

    return np.asarray(tf.convert_to_tensor(gradient))


def small_batch(structure: Any, count: int, rows: int | None = None) -> Any:
    """Take a few evenly spaced rows of every array, as Keras would feed them.

    Args:
        structure: Arrays of equal length, in any nesting.
        count: Their length.
        rows: How many to take. Left out, at most 16, fewer of wide ones.
    """
    import keras

    flat = [part for part in keras.tree.flatten(structure) if hasattr(part, "shape")]
    width = sum(int(np.prod(part.shape[1:], dtype=float)) for part in flat) or 1
    rows = rows or int(max(2, min(ROWS, NUMBERS // width, count)))
    where = np.unique(np.linspace(0, count - 1, rows).astype(int))

    def part(array: Any) -> Any:
        if not hasattr(array, "shape"):
            return array
        taken = np.asarray(take_rows(array, where))
        if hasattr(array, "iloc") and taken.ndim == 1:
            taken = taken[:, None]  # Keras reads a Series as a column
        return taken.astype("float32") if taken.dtype == np.float64 else taken

    return keras.tree.map_structure(part, structure)


def worth_running(model: Any) -> bool:
    """Say whether an eager pass is cheap next to the first epoch: not for long recurrences."""
    import keras

    steps = 0
    for layer in layers_of(model):
        both = isinstance(layer, keras.layers.Bidirectional)
        if both or isinstance(layer, keras.layers.RNN):
            shape = getattr(getattr(layer, "input", None), "shape", None)
            if shape is not None and len(shape) > 1:
                steps += (STEPS + 1 if shape[1] is None else shape[1]) * (1 + both)
    return steps <= STEPS
