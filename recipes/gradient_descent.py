"""How does a loss get small? By following the slope downhill, step by step.

The slope (gradient) of a function says how fast it rises. Gradient descent goes a short way
against the slope, looks at the slope again, and goes on: w = w - learning_rate * slope. Near the
bottom the slope shrinks, so the steps shrink too; where the slope is 0 nothing changes any more.

    python -m recipes.gradient_descent --plot descent.png

Try next: set `LEARNING_RATE = 1.0`. Each step then lands as far behind the bottom as it began
before it, and the walk never ends. The lesson `learning_rate` shows why.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

BOTTOM = 2.0
STARTS = (-1.0, BOTTOM)
LEARNING_RATE = 0.1
STEPS = 40


def f(w: Any) -> Any:
    """Stand for a loss: a parabola with its bottom at w = 2, where its value is 1."""
    return (w - BOTTOM) ** 2 + 1


def slope(w: Any) -> Any:
    """Give the slope of f, worked out on paper. Keras finds it by itself."""
    return 2 * (w - BOTTOM)


def descend(start: float) -> list[float]:
    """Write gradient descent by hand, in the 32-bit numbers that Keras uses."""
    w, rate = np.float32(start), np.float32(LEARNING_RATE)
    walk = [float(w)]
    for _ in range(STEPS):
        w = w - rate * slope(w)
        walk.append(float(w))
    return walk


def run() -> pd.DataFrame:
    """Walk from each start by hand and with Keras' SGD: one row a step."""
    optimizer = kt.sgd(LEARNING_RATE, momentum=0.0)
    walks = [
        kt.trace_descent(f, start, optimizer, steps=STEPS).assign(
            start=start, by_hand=descend(start)
        )
        for start in STARTS
    ]
    return pd.concat(walks, ignore_index=True)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the first steps and the last one of the walk that begins beside the bottom."""
    walk = table[table["start"] == STARTS[0]].assign(step_length=table["x"].diff().abs())
    shown = walk.set_index("step").loc[[0, 1, 2, 3, 5, 10, 20, STEPS]].reset_index()
    return shown[["step", "x", "by_hand", "step_length", "value"]]


def report(table: pd.DataFrame) -> str:
    """Say how the walk slows down, and that nothing moves at the bottom."""
    walk, rest = (table[table["start"] == start] for start in STARTS)
    steps = walk["x"].diff().abs()
    gap = (table["x"] - table["by_hand"]).abs().max()
    return (
        f"From {STARTS[0]:g} the first step is {steps.iloc[1]:.2f} long, the last "
        f"{steps.iloc[-1]:.5f}. From {BOTTOM:g}, where the slope is "
        f"{rest['gradient_norm'].max():g}, {STEPS} steps move by "
        f"{rest['x'].diff().abs().max():g}.\n"
        f"Following the slope leads from f = {walk['value'].iloc[0]:g} to "
        f"f = {walk['value'].iloc[-1]:.4f}, and the loop by hand and Keras' SGD differ by "
        f"{gap:g} at most."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the walk on the curve: long steps where it is steep, short ones near the bottom."""
    walk = table[table["start"] == STARTS[0]]
    ax = kt.plots.plot_descent(f, walk, xlim=(-1.5, 5.5), ax=kt.plots.new_axes()[0])
    ax.annotate("start: steep, long steps", (-0.7, 10), fontsize=12)
    arrow = {"arrowstyle": "->", "color": "0.4"}
    note = "at the bottom the slope is 0:\nnothing moves"
    ax.annotate(note, (BOTTOM, 1.2), (BOTTOM, 5.5), fontsize=12, ha="center", arrowprops=arrow)
    ax.set(xlabel="weight w", ylabel="loss f(w)")
    return ax


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
