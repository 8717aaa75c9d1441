"""Slope 0, and yet no minimum: what happens at a saddle point?

At a saddle point the loss rises one way and falls the other, like a mountain pass; the slope is 0.
Exactly on the ridge that leads to it, no slope points off the ridge, so gradient descent walks to
the pass and stays. A nudge is enough to leave, and the noise of small batches is such a nudge;
momentum, which adds part of the last step to the next one, then leaves in fewer steps.

    python -m recipes.saddle_point --plot saddle.png

Try next: set NUDGE to 1e-6. Both still escape; they only need longer.
"""

from __future__ import annotations

from typing import Any

import keras
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

LEARNING_RATE = 0.02
MOMENTUM = 0.9
NUDGE = 1e-3
STEPS = 600
BATCH = 8
OUT = -0.4  # the pass lies at f = 0, both valleys at f = -0.5


def f(x: Any, y: Any) -> Any:
    """Stand for a loss: a saddle point at (0, 0), a minimum at (0, -1) and another at (0, 1)."""
    return x**2 - y**2 + y**4 / 2


def in_small_batches() -> Any:
    """Make f the mean of many examples, and see only a few of them a step.

    Half of the examples pull a little towards one valley, half towards the other: over all of
    them the pull is exactly 0, over a batch it seldom is.
    """
    dice = keras.random.SeedGenerator(0)

    def batch_loss(x: Any, y: Any) -> Any:
        pulls = 0.01 * keras.ops.sign(keras.random.uniform((BATCH,), -1, 1, seed=dice))
        return f(x, y) + keras.ops.mean(pulls) * y

    return batch_loss


def run() -> pd.DataFrame:
    """Walk from the ridge and from beside it, without and with momentum: one row a step."""
    walks = []
    for momentum in (0.0, MOMENTUM):
        cases = {
            "on the ridge": (f, 0.0),
            "after a nudge": (f, NUDGE),
            "small batches": (in_small_batches(), 0.0),
        }
        for case, (loss, y) in cases.items():
            optimizer = kt.sgd(LEARNING_RATE, momentum=momentum)
            walk = kt.trace_descent(loss, (1.0, y), optimizer, steps=STEPS)
            walks.append(walk.assign(case=case, momentum=momentum))
    table = pd.concat(walks, ignore_index=True)
    table["value"] = f(table["x"], table["y"])  # of the whole data, for the small batches too
    return table


def escape_steps(table: pd.DataFrame) -> pd.Series:
    """Count the steps until the walk is well down in a valley; none where it never is."""
    out = table.assign(escaped=table["step"].where(table["value"] < OUT))
    return out.groupby(["case", "momentum"])["escaped"].min()


def report(table: pd.DataFrame) -> str:
    """Say who stays and who escapes, and after how many steps."""
    steps = escape_steps(table)
    stay = table[(table["case"] == "on the ridge") & (table["step"] == STEPS)]
    return (
        f"On the ridge, y is {stay['y'].abs().max():g} after {STEPS} steps, without and with "
        f"momentum: both end at the saddle point, where f = {stay['value'].abs().max():.0e}.\n"
        f"In small batches of {BATCH} the same start escapes after "
        f"{steps['small batches', 0.0]:.0f} steps, with momentum after "
        f"{steps['small batches', MOMENTUM]:.0f}.\n"
        f"After a nudge of {NUDGE:g} plain descent leaves the saddle point in "
        f"{steps['after a nudge', 0.0]:.0f} steps, and momentum in "
        f"{steps['after a nudge', MOMENTUM]:.0f}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the pass from above with two walks, and the loss of all walks over the steps."""
    left, right = kt.plots.new_axes(columns=2, width=8.4, height=3.6)
    plain = table[table["momentum"] == 0]
    kt.plots.plot_descent(f, plain, by="case", xlim=(-0.5, 1.6), ylim=(-1.4, 1.4), ax=left)
    for case, colour in zip(table["case"].unique(), kt.plots.COLORS, strict=False):
        for momentum, style in ((0.0, "-"), (MOMENTUM, "--")):
            rows = table[(table["case"] == case) & (table["momentum"] == momentum)]
            right.plot(rows["step"], rows["value"], style, color=colour)
    right.annotate(
        "on the ridge: stays at the pass", (170, 0.05), color=kt.plots.COLORS[0], fontsize=9
    )
    right.annotate("dashed: with momentum\nsolid: without", (130, 0.6), fontsize=9)
    right.set(xlabel="step", ylabel="loss", ylim=(-0.6, 1.1), xlim=(0, 400))
    return left


if __name__ == "__main__":
    show(run, report, plot)
