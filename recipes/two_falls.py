"""How does a loss fall? |w| in even steps that never settle, w² fast from far off and gently.

|w| is what MAE does to a single error w, w² is what MSE does to it. The slope of |w| is 1 however
far off w is, so that all steps are as long as the learning rate: it comes evenly, and then jumps to
and fro across the bottom for ever. The slope of w² is 2 w: steps are long far off, get shorter near
the bottom, and w glides in.

    python -m recipes.two_falls --plot two_falls.png

Try next: set `LEARNING_RATE = 0.08`. The jumps across the bottom get five times as short, and never
end: that is why a schedule lowers the learning rate towards the end of a training with MAE.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

LOSSES: dict[str, Callable[[Any], Any]] = {"|w|": keras.ops.abs, "w²": keras.ops.square}
START = 3.0
LEARNING_RATE = 0.4
STEPS = 45


def run() -> pd.DataFrame:
    """Walk down both losses: one row a step."""
    walks = []
    for name, loss in LOSSES.items():
        optimizer = kt.sgd(LEARNING_RATE, momentum=0.0)
        walk = kt.trace_descent(loss, START, optimizer, steps=STEPS)
        walks.append(walk.assign(loss=name, w=walk["x"]))
    return pd.concat(walks, ignore_index=True)[["loss", "step", "w", "value"]]


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show w under both losses, side by side."""
    wide = table.pivot_table(index="step", columns="loss", values="w", sort=False)
    names = {name: f"w_under_{name}" for name in LOSSES}
    picked = [0, 1, 2, 4, 7, 8, STEPS - 1, STEPS]
    return wide.rename(columns=names).rename_axis(columns=None).loc[picked].reset_index()


def report(table: pd.DataFrame) -> str:
    """Say how long the first and the last steps are under each loss."""
    w = {name: rows["w"].to_numpy() for name, rows in table.groupby("loss")}
    even, square = w["|w|"], w["w²"]
    return (
        f"From w = {START:g} the first step is {abs(even[1] - even[0]):.2f} long under |w| and "
        f"{abs(square[1] - square[0]):.2f} under w²; the last one is "
        f"{abs(even[-1] - even[-2]):.2f} and {abs(square[-1] - square[-2]):.0e} long.\n"
        f"At a learning rate of {LEARNING_RATE:g}, |w| ends up jumping between "
        f"{max(even[-2:]):.2f} and {min(even[-2:]):.2f} for ever, while w² glides in: after "
        f"{STEPS} steps it is {abs(square[-1]):.0e} from the bottom."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw where w is, step by step, under both losses."""
    ax = kt.plots.new_axes(width=6.4, height=4.0)[0]
    shown = table[table["step"] <= 20]
    notes = {"|w|": "|w|: even steps, then to and fro", "w²": "w²: fast, then gently to rest"}
    for (name, walk), color in zip(shown.groupby("loss"), kt.plots.COLORS[1::-1], strict=False):
        ax.plot(walk["step"], walk["w"], ".-", color=color, markersize=9, linewidth=1.8)
        place = (4.2, 1.75) if name == "|w|" else (0.8, -0.55)
        ax.text(*place, notes[str(name)], color=color, fontsize=12)
    ax.axhline(0, color="0.4", linewidth=1)
    ax.set(xlabel="step", ylabel="w (0 is the bottom)", ylim=(-0.8, None))
    ax.locator_params(axis="x", integer=True)
    return ax


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
