"""Slope 0, and yet no minimum: what happens at a saddle point?

At a saddle point the loss rises one way and falls the other, like a mountain pass; the slope is 0.
Exactly on the ridge that leads to it, no slope points off the ridge, so gradient descent walks to
the pass and stays. A nudge is enough to leave, and the noise of small batches is such a nudge. How
many steps it takes is mostly a matter of the learning rate: momentum makes up for one that is too
small, and at a larger one it has nothing to add.

    python -m recipes.saddle_point --plot saddle.png

Try next: set `NUDGE = 1e-06`. A nudge a thousand times as small takes plain descent only twice the
steps: the distance from the ridge grows by the same factor in each step.
"""

from __future__ import annotations

from typing import Any

import keras
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

RATES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4)
MOMENTUM = 0.9
NUDGE = 1e-3
BATCH = 8
OUT = -0.4  # the pass lies at f = 0, both valleys at f = -0.5
NAMES = {0.0: "plain descent", MOMENTUM: "momentum 0.9"}


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
    """Walk from the ridge and from beside it, at several learning rates: one row a step."""
    walks = []
    for momentum in NAMES:
        starts = [("on the ridge", f, 0.0, RATES[0]), ("on the ridge", f, 0.0, RATES[2])]
        starts += [("small batches", in_small_batches(), 0.0, RATES[0])]
        starts += [("after a nudge", f, NUDGE, rate) for rate in RATES]
        for case, loss, y, rate in starts:
            optimizer = kt.sgd(rate, momentum=momentum)
            walk = kt.trace_descent(loss, (1.0, y), optimizer, steps=round(12 / rate))
            walks.append(walk.assign(case=case, learning_rate=rate, momentum=momentum))
    table = pd.concat(walks, ignore_index=True)
    table["value"] = f(table["x"], table["y"])  # of the whole data, for the small batches too
    return table


def escape_steps(table: pd.DataFrame) -> pd.DataFrame:
    """Count the steps until each walk is well down in a valley; none where it never is."""
    out = table.assign(steps=table["step"].where(table["value"] < OUT))
    steps = out.groupby(["case", "learning_rate", "momentum"])["steps"].min()
    steps = steps.unstack()  # noqa: PD010 (pivot_table leaves out what is nowhere a number)
    return steps.rename(columns=NAMES).rename_axis(columns=None)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the steps that it takes to leave, with and without momentum."""
    steps = escape_steps(table)
    return steps.loc[["small batches", "after a nudge"]].reset_index()


def report(table: pd.DataFrame) -> str:
    """Say who stays and who escapes, and after how many steps."""
    steps = escape_steps(table)
    stay = table[table["case"] == "on the ridge"]
    plain, momentum = (steps.loc["after a nudge", name] for name in NAMES.values())
    noise = steps.loc[("small batches", RATES[0]), NAMES[0.0]]
    return (
        f"On the ridge, all walks end at the saddle point: y is {stay['y'].abs().max():g} after "
        f"{stay['step'].max()} steps, with and without momentum. In small batches of {BATCH} the "
        f"same start leaves after {noise:.0f} steps.\n"
        f"After a nudge of {NUDGE:g}, plain descent leaves in {plain[RATES[0]]:.0f} steps at a "
        f"learning rate of {RATES[0]:g}, and momentum in {momentum[RATES[0]]:.0f}; but plain "
        f"descent at {plain.idxmin():g} needs {plain.min():.0f}, and momentum at its best, at "
        f"{momentum.idxmin():g}, {momentum.min():.0f}: here a larger learning rate helps more than "
        f"momentum."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the pass from above with two walks, and the steps that it takes to leave it.

    On the left the walk on the ridge ends at the cross, and the nudged one turns off into a valley.
    On the right the curve of plain descent falls with the learning rate until it crosses the flat
    one of momentum.
    """
    left, right = kt.plots.new_axes(columns=2, width=8.6, height=3.8)
    blue, orange = kt.plots.COLORS[:2]
    shown = table[(table["learning_rate"] == RATES[2]) & (table["momentum"] == 0)]
    nudged = shown[shown["case"] == "after a nudge"]
    stays = shown[shown["case"] == "on the ridge"]
    kt.plots.plot_descent(f, nudged, xlim=(-0.4, 1.3), ylim=(-0.6, 1.3), ax=left)
    left.plot(stays["x"], stays["y"], color=orange, linewidth=9, alpha=0.5, zorder=1.5)
    left.plot(0, 0, "X", color=orange, markersize=14, markeredgecolor="white", zorder=4)
    left.text(0.1, -0.3, "on the ridge:\nstops at the pass", color=orange, fontsize=12)
    left.text(0.12, 0.75, "after a nudge:\ndown into the valley", color=blue, fontsize=12)
    left.set(xlabel="weight x", ylabel="weight y")
    steps = escape_steps(table).loc["after a nudge"]
    ways = zip((blue, "0.25"), ("o-", "s--"), ((8, 2), (-6, -58)), NAMES.values(), strict=True)
    for color, style, beside, name in ways:
        right.plot(steps.index, steps[name], style, color=color, linewidth=2)
        first, last = steps[name].iloc[[0, -1]]
        look: dict[str, Any] = {"textcoords": "offset points", "color": color, "fontsize": 11}
        right.annotate(f"{name}:\n{first:.0f} steps", (RATES[0], first), beside, **look)
        right.annotate(f"{last:.0f}", (RATES[-1], last), (8, -4), **look)
    right.set(xscale="log", yscale="log", xlim=(0.017, 0.55), ylim=(8, 300))
    right.set_xticks(RATES, [f"{rate:g}" for rate in RATES])
    right.set_yticks([10, 20, 50, 100, 200], ["10", "20", "50", "100", "200"])
    right.minorticks_off()
    right.set(xlabel="learning rate", ylabel="steps to leave the pass")
    return left


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
