"""How long a step? Too small hardly moves, too large diverges.

Gradient descent goes learning_rate times the slope in one step. On a parabola one can work out
what follows: the distance to the bottom is multiplied by 1 - learning_rate * curvature each step,
where the curvature says how fast the slope changes. It shrinks as long as the learning rate is
below 2 / curvature; above that border each step overshoots farther than the last one.

    python -m recipes.learning_rate --plot learning_rate.png

Try next: set CURVATURE to 8. All borders move: 2 / 8 is now the largest rate that does not diverge.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

CURVATURE = 4.0
BORDER = 2 / CURVATURE
SHARES = {"too small": 0.01, "right": 0.4, "on the border": 1.0, "too large": 1.01}
STEPS = 100
NETWORK_RATES = {"too small": 1e-4, "right": 0.05, "too large": 0.5}
EPOCHS = 10
SEED = 1


def parabola(w: Any) -> Any:
    """Stand for a loss: its bottom is at w = 0, its second derivative is CURVATURE."""
    return CURVATURE / 2 * w**2


def train_network(learning_rate: float) -> pd.DataFrame:
    """Train a small network on real data with plain SGD: which mileage has a car?"""
    data = kt.load_dataset("fuel")
    x = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
    y = (data.y - data.y.mean()) / data.y.std()
    keras.utils.set_random_seed(SEED)
    hidden, last = keras.layers.Dense(16, "relu"), keras.layers.Dense(1)
    model = keras.Sequential([keras.Input(x.shape[1:]), hidden, last])
    model.compile(kt.sgd(learning_rate, momentum=0.0), "mean_squared_error")
    return kt.fit(model, x, y, epochs=EPOCHS, batch_size=49, seed=SEED, verbose=0)


def run() -> pd.DataFrame:
    """Walk with each learning rate: one row a step on the parabola, one an epoch of the network."""
    tables = []
    for name, share in SHARES.items():
        rate = share * BORDER
        walk = kt.trace_descent(parabola, 1.0, kt.sgd(rate, momentum=0.0), steps=STEPS)
        tables.append(walk.assign(problem="parabola", rate=name, learning_rate=rate))
    for name, rate in NETWORK_RATES.items():
        history = train_network(rate).rename(columns={"epoch": "step", "loss": "value"})
        tables.append(history.assign(problem="network", rate=name))
    columns = ["problem", "rate", "learning_rate", "step", "x", "value"]
    return pd.concat(tables, ignore_index=True)[columns]


def report(table: pd.DataFrame) -> str:
    """Say where each learning rate led."""
    ends = table.groupby(["problem", "rate"], sort=False).tail(1).set_index(["problem", "rate"])
    last = ends["value"].fillna(np.inf)
    w = ends["x"].abs()
    return (
        f"A real network ends at a loss of {last['network', 'too small']:.2f} with a learning rate "
        f"too small, of {last['network', 'right']:.2f} with the right one, of "
        f"{last['network', 'too large']:g} (no number any more) with one too large.\n"
        f"On a parabola of curvature {CURVATURE:g} the border is 2 / {CURVATURE:g} = {BORDER:g}: "
        f"on it w is still {w['parabola', 'on the border']:g} away after {STEPS} steps, 1 % above "
        f"it {w['parabola', 'too large']:.1f}, well below it {w['parabola', 'right']:g}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the distance to the bottom over the steps, and the loss of the network."""
    left, right = kt.plots.new_axes(columns=2, width=8.4, height=3.6)
    colours = dict(zip(SHARES, kt.plots.COLORS, strict=False))
    for (problem, rate), rows in table.groupby(["problem", "rate"], sort=False):
        ax = left if problem == "parabola" else right
        values = rows["x"].abs() if problem == "parabola" else rows["value"]
        values = values.where(values.between(1e-4, 1e4))
        label = f"{rate}, then no number" if rows["value"].isna().any() else rate
        ax.plot(rows["step"], values, ".-", markersize=4, color=colours[str(rate)], label=label)
    left.set(xlabel="step", ylabel="distance to the bottom", yscale="log", ylim=(1e-5, 1e2))
    right.set(
        xlabel="epoch",
        ylabel="loss of a network",
        yscale="log",
        ylim=(0.05, 3e4),
        xlim=(0.5, EPOCHS + 0.5),
    )
    right.locator_params(axis="x", integer=True)
    kt.plots.label_lines(left)
    kt.plots.label_lines(right)
    return left


if __name__ == "__main__":
    show(run, report, plot)
