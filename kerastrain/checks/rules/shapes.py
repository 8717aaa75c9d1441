"""Do the shapes of labels and outputs go together under the loss?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kerastrain.arrays.summary import Summary
from kerastrain.checks.findings import Problem
from kerastrain.checks.settings import AMOUNTS, BINARY, CATEGORICAL, HINGE, ID_LOSSES
from kerastrain.checks.setup import Output, Setup

Shape = tuple[int | None, ...]


def label_shape(setup: Setup) -> Iterator[Problem]:
    """Labels whose shape does not go with the output under the loss.

    Cross-entropies raise. Losses of numbers do not: mse of (n, 1) against (n, 3) broadcasts
    without a word, and every unit learns the same, or every row learns the mean of the batch.
    """
    for output in setup.outputs:
        y, out = output.y, output.shape
        if y is None or out is None or y.kind in ("text", "object", "date") or not y.shape:
            continue
        if setup.own_step or (setup.data.source != "arrays" and not y.shape):
            continue
        shape = _as_fed(output, setup)
        name = output.loss.name
        if name in ID_LOSSES:
            fits = _same(_without_last_one(shape, out), out[:-1])
        elif name in CATEGORICAL | {"categorical_hinge"}:
            fits = _same(shape, out) and (out[-1] or 2) > 1
        elif name in BINARY | HINGE | AMOUNTS:
            fits = _same(*_aligned(shape, out))
        else:
            continue
        if not fits:
            yield Problem(*_told(output, y.shown, shape, out))


def _as_fed(output: Output, setup: Setup) -> Shape:
    """The shape in which Keras feeds the labels: a Series becomes a column."""
    assert output.y is not None
    series = hasattr(output.y.array, "iloc") and len(output.y.shape) == 1
    return (*output.y.shape, 1) if series and setup.data.source == "arrays" else output.y.shape


def _without_last_one(shape: Shape, out: Shape) -> Shape:
    """Drop a last axis of length 1, as the sparse losses do for ids in a column."""
    return shape[:-1] if len(shape) == len(out) and shape[-1] == 1 else shape


def _aligned(shape: Shape, out: Shape) -> tuple[Shape, Shape]:
    """Drop a last axis of length 1 where only one of the two has it, as Keras does."""
    if len(shape) == len(out) + 1 and shape[-1] == 1:
        return shape[:-1], out
    if len(out) == len(shape) + 1 and out[-1] == 1:
        return shape, out[:-1]
    return shape, out


def _same(shape: Shape, out: Shape) -> bool:
    """Compare two shapes but for the rows; unknown lengths fit everything."""
    return len(shape) == len(out) and all(
        a == b or a is None or b is None for a, b in zip(shape[1:], out[1:], strict=True)
    )


def _told(output: Output, shown: str, shape: Shape, out: Shape) -> tuple[str, str]:
    """Say what does not fit, and the fix that the shapes point to."""
    written = f"({', '.join(['n', *map(str, out[1:])])})".replace("None", "?")
    message = (
        f"{output.called} of {shown} does not go with an output of {written} under "
        f"{output.loss.shown}."
    )
    y = output.y
    assert y is not None
    wide = len(shape) == len(out) and len(shape) > 1 and (shape[-1] or 0) > 1
    if len(out) > len(shape) + 1 or (len(out) == 3 and len(shape) == 2 and shape[-1] == 1):
        return message, (
            "One label a row: return_sequences=False in the last recurrent layer, or a "
            "GlobalAveragePooling or Flatten layer before the last Dense."
        )
    if len(out) > 3 and len(shape) == len(out) and shape[1:-1] != out[1:-1]:
        return message, "Resize the masks to the size of the output, or add padding='same'."
    return message, _told_of_columns(output, y, shape, out, wide)


def _told_of_columns(output: Output, y: Summary, shape: Shape, out: Shape, wide: bool) -> str:
    """Say what to do where only the last axis of labels and output does not fit."""
    name, units = output.loss.name, out[-1]
    if name in ID_LOSSES and wide and shape[-1] == units:
        return "One-hot rows: loss='categorical_crossentropy'. Or ids: y.argmax(-1)."
    if name in CATEGORICAL and (units == 1 or len(out) == 1):
        return "One unit: activation='sigmoid' and loss='binary_crossentropy'."
    if name in CATEGORICAL and not wide:
        return "Class ids: loss='sparse_categorical_crossentropy'. Or rows: one_hot(y)."
    if name in BINARY and not wide and (units or 0) > 1:
        kinds = max(2, len(y.counts))
        highest = int(y.high) if np.isfinite(y.high) else 0
        return (
            f"{kinds} classes: Dense({max(kinds, highest + 1)}, activation='softmax') with "
            "loss='sparse_categorical_crossentropy'."
        )
    if name in BINARY and wide and units == 1:
        one_hot = bool(y.row_sums.size) and np.allclose(y.row_sums, 1)
        return "One-hot rows into one unit: pass y.argmax(-1)." if one_hot else (
            "Take one column, y[..., :1], or give each its unit."
        )  # fmt: skip
    if wide:
        return f"One unit for each column: end in Dense({shape[-1]})."
    if y.whole and 2 < len(y.counts) <= 100 and y.low == 0 and y.high + 1 == units:
        return "Classes: loss='sparse_categorical_crossentropy'. Numeric targets: Dense(1)."
    return "One unit for one column of targets: end in Dense(1)."


def custom_loss_broadcast(setup: Setup) -> Iterator[Problem]:
    """A loss of the user's own that gets (n,) against (n, 1).

    Keras aligns the shapes for its own losses and for functions, not for subclasses of
    `Loss`. The difference is then (n, n): every row is compared with every other, and the
    model learns the mean. Seen by trying: the loss changes when y is made a column.
    """
    for output in setup.outputs:
        if output.loss.name or output.target is None or output.seen is None:
            continue
        both = columns(output.target, output.seen)
        if both is None or output.loss.keras_loss is None:
            continue
        plain, column = (value_of(output.loss.keras_loss, y, output.seen) for y in both)
        if plain is not None and column is not None and not np.isclose(plain, column, rtol=1e-3):
            yield Problem(
                f"y and the output must have the same shape in a loss of your own, but got "
                f"{output.y.shown if output.y else ''} against {(None, *output.seen.shape[1:])}, "
                f"which broadcasts: {plain:.3g} instead of {column:.3g}.",
                "Pass y as a column: y[:, None].",
            )


def columns(target: Any, seen: Any) -> tuple[Any, Any] | None:
    """Give labels as they are and as the output's shape, where only a last 1 is between them."""
    y = np.asarray(target)
    if y.shape == seen.shape or y.size != seen.size or abs(y.ndim - seen.ndim) != 1:
        return None
    return y, y.reshape(seen.shape)


def value_of(loss: Any, y: Any, seen: Any) -> float | None:
    """Call a user's loss or metric; nothing if it raises, since that is told elsewhere."""
    import keras

    try:
        with keras.StatelessScope():
            y, seen = map(keras.ops.convert_to_tensor, (y, seen))
            return float(np.mean(keras.ops.convert_to_numpy(loss(y, seen))))
    except Exception:  # a user's own function may raise anything
        return None
