"""Does a loss of the user's own pull the predictions towards the labels? Asked by trying it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.checks.findings import Problem
from kerastrain.checks.rules.shapes import value_of
from kerastrain.checks.setup import Output, Setup


def _own(setup: Setup) -> Iterator[tuple[Output, NDArray[Any]]]:
    """Go over the outputs with a loss of the user's own, with the labels of the small batch."""
    for output in setup.outputs:
        own = output.loss.keras_loss is not None and not output.loss.name
        if own and output.target is not None and output.seen is not None and not setup.own_step:
            yield output, np.asarray(output.target).astype("float32")


def _ids(output: Output, y: NDArray[Any]) -> NDArray[Any] | None:
    """Write class ids as one-hot rows where the output has a unit for each class."""
    assert output.seen is not None
    flat = y[..., 0] if y.ndim == output.seen.ndim and y.shape[-1] == 1 else y
    units = output.seen.shape[-1]
    fits = output.activation == "softmax" and flat.shape == output.seen.shape[:-1] and units > 1
    if not fits or not np.all((flat == np.round(flat)) & (flat >= 0) & (flat < units)):
        return None
    return np.asarray(np.eye(units, dtype="float32")[flat.astype(int)])


def upside_down(setup: Setup) -> Iterator[Problem]:
    """A loss of the user's own that is best where the predictions are wrong: a Dice score, R².

    Training makes the loss small, so what is good when it is large must have its sign changed.
    Seen by trying: the labels themselves as predictions cost more than the labels mixed up, and
    more than their opposite.
    """
    for output, y in _own(setup):
        assert output.seen is not None
        truth = y.reshape(output.seen.shape) if y.size == output.seen.size else _ids(output, y)
        if truth is None or len(truth) < 4:
            continue
        mixed = max((np.roll(truth, i, axis=0) for i in range(1, len(truth))),
                    key=lambda other: float(np.abs(other - truth).sum()))  # fmt: skip
        bounded = output.activation in ("sigmoid", "softmax", "hard_sigmoid")
        if (bounded and (truth.min() < 0 or truth.max() > 1)) or not np.any(mixed != truth):
            continue
        if bounded:
            truth, mixed = 0.02 + 0.96 * truth, 0.02 + 0.96 * mixed
            others = [mixed, 1 - truth] if output.activation == "sigmoid" else [mixed]
        elif len(np.unique(truth)) > 2:  # of two values, a distance or a critic may be the opposite
            others = [mixed, truth + truth.std(), truth - truth.std()]
        else:
            continue
        costs = [value_of(output.loss.keras_loss, y, p) for p in (truth, *others, 2 * truth)]
        if any(cost is None or not np.isfinite(cost) for cost in costs):
            continue
        right, *wrong, double = np.array(costs, dtype=float)
        worse = right > np.array(wrong) + 1e-3 * max(1.0, abs(right))
        correlation = not bounded and np.allclose([*wrong[1:], double], right, rtol=1e-3, atol=1e-4)
        if worse.all() or (worse[0] and correlation):
            yield Problem(
                "A loss must be lowest where the predictions are right, but "
                f"{output.loss.shown.split('(')[0]} gives {right:.3g} for predictions equal to the "
                f"labels, and {wrong[0]:.3g} for labels mixed up.",
                "Turn it round, as in return 1 - score, or return -score.",
            )


def unreachable(setup: Setup) -> Iterator[Problem]:
    """Labels beyond the range of the last layer under a loss of the user's own: masks of 0 and 255.

    The loss falls without end, or the outputs stop at the end of their range. Seen by trying: the
    loss would go on falling where the last layer cannot go.
    """
    for output, y in _own(setup):
        low, high = output.reach
        if output.activation in ("softmax", "unknown") or not np.isfinite([low, high]).all():
            continue
        if y.size != output.seen.size:  # type: ignore[union-attr]
            continue
        y = y.reshape(output.seen.shape)  # type: ignore[union-attr]
        outside = float(np.mean((y < low - 0.01) | (y > high + 0.01)))
        edge = np.clip(y, low, high).astype("float32")
        beyond = edge + 0.5 * np.sign(y - edge).astype("float32")
        near, far = (value_of(output.loss.keras_loss, y, p) for p in (edge, beyond))
        if outside < 0.01 or near is None or far is None:
            continue
        if far < near - 1e-3 * abs(near) or near < -1:
            two = f"y = (y > {np.mean([y.min(), y.max()]):g}).astype('float32')"
            yield Problem(
                f"{output.activation} gives {low:g} to {high:g}, but {output.called} has values "
                f"from {y.min():g} to {y.max():g}.",
                f"Two classes: {two}. Numbers: scale them to {low:g}..{high:g}.",
            )


def not_a_number(setup: Setup) -> Iterator[Problem]:
    """A loss or a gradient that is NaN or infinite at the start, although x and y are finite.

    As of log(0), of 0 / 0, or of the slope of a square root at 0. After one step all weights are.
    """
    shot = setup.shot
    known = [*setup.x, *(o.y for o in setup.outputs if o.y is not None)]
    if shot.stage != "done" or setup.own_step or any(f.missing or f.infinite for f in known):
        return
    asked = [o for o in setup.outputs if o.loss.keras_loss is not None and o.target is not None]
    bad = [o for o in asked if not np.isfinite(o.first_loss)]
    slopes = [v.path for v, g in zip(shot.variables, shot.gradients, strict=False)
              if g is not None and not np.isfinite(g).all()]  # fmt: skip
    if bad or (asked and slopes):
        what = f"{bad[0].loss.shown} is {bad[0].first_loss}" if bad else (
            f"the gradient of {slopes[0]!r} is not")  # fmt: skip
        yield Problem(
            f"The loss and its gradient must be finite at the start, but {what} on a batch of "
            f"{len(shot.outputs[0])} rows.",
            "Keep logarithms, roots and divisions away from 0: keras.ops.log(p + 1e-7).",
        )
