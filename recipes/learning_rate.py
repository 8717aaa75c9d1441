"""How long a step? Too small hardly moves, too large diverges.

Gradient descent goes learning_rate times the slope in one step. On a parabola one can work out
what follows: the distance to the bottom is multiplied by 1 - learning_rate * curvature each step,
where the curvature says how fast the slope changes. It shrinks as long as the learning rate is
below 2 / curvature; above that border each step overshoots farther than the last one.

    python -m recipes.learning_rate --plot learning_rate.png

Try next: set `CURVATURE = 8.0`. The border moves to 2 / 8 = 0.25, so that the rate of 0.5, which
went to and fro for ever, now diverges until w is no number any more; 0.2 still arrives.
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
RATES = {"too small": 0.005, "right": 0.2, "on the border": 0.5, "too large": 0.505}
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
    for name, rate in RATES.items():
        walk = kt.trace_descent(parabola, 1.0, kt.sgd(rate, momentum=0.0), steps=STEPS)
        tables.append(walk.assign(problem="parabola", rate=name, learning_rate=rate))
    for name, rate in NETWORK_RATES.items():
        history = train_network(rate).rename(columns={"epoch": "step", "loss": "value"})
        tables.append(history.assign(problem="network", rate=name))
    columns = ["problem", "rate", "learning_rate", "step", "x", "value"]
    return pd.concat(tables, ignore_index=True)[columns]


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show where each walk and each training starts and ends."""
    walks = table.groupby(["problem", "learning_rate", "rate"], sort=False)
    starts, ends = walks["value"].nth(0), walks.tail(1)
    shown = ends[["problem", "rate", "learning_rate"]].assign(
        first_loss=starts.to_numpy(), last_loss=ends["value"].map(written)
    )
    return shown.rename(columns={"rate": "which"})


def written(value: float) -> str:
    """Write a number, or say that there is none."""
    return f"{value:.4g}" if np.isfinite(value) else str(value)


def report(table: pd.DataFrame) -> str:
    """Say where each learning rate led."""
    ends = table.groupby(["problem", "rate"], sort=False).tail(1).set_index(["problem", "rate"])
    network, w = ends["value"]["network"].map(written), ends["x"]["parabola"].abs()
    border = 2 / CURVATURE
    walks = [f"{written(round(w[name], 4))} at {rate:g}" for name, rate in RATES.items()]
    return (
        f"A real network ends at a loss of {network['too small']} at a learning rate of "
        f"{NETWORK_RATES['too small']:g}, {network['right']} at {NETWORK_RATES['right']:g}, and "
        f"{network['too large']} at {NETWORK_RATES['too large']:g}.\n"
        f"On a parabola of curvature {CURVATURE:g} the border is 2 / {CURVATURE:g} = {border:g}. "
        f"After {STEPS} steps the distance to the bottom, 1 at the start, is "
        f"{', '.join(walks[:-1])} and {walks[-1]}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the steps on the parabola at four learning rates.

    At the smallest rate the points stay on the slope; at the right one they come to the bottom; on
    the border they jump between the two walls at one height; above it they climb out.
    """
    axes = kt.plots.new_axes(2, columns=2, width=8.0, height=6.0)
    walks = table[table["problem"] == "parabola"].groupby("rate", sort=False)
    colors = [kt.plots.COLORS[place] for place in (4, 2, 0, 1)]
    for ax, color, (name, walk) in zip(axes, colors, walks, strict=True):
        steps = walk[walk["x"].abs() < 2.3].head(41 if walk["x"].abs().iloc[-1] > 1 else 11)
        curve = np.linspace(-2.4, 2.4, 201)
        ax.plot(curve, parabola(curve), color="0.75", linewidth=2)
        ax.plot(steps["x"], steps["value"], ".-", color=color, linewidth=1.2, markersize=9)
        ax.plot(steps["x"].iloc[0], steps["value"].iloc[0], "o", color=color, markersize=12)
        rate = walk["learning_rate"].iloc[0]
        ax.set_title(f"learning rate {rate:g}: {name}", loc="left", fontsize=12, color=color)
        ax.set(xlim=(-2.4, 2.4), ylim=(-0.5, 2.4**2 * CURVATURE / 2))
    for ax in axes[2:]:
        ax.set_xlabel("w")
    for ax in axes[::2]:
        ax.set_ylabel("loss")
    return axes[0]


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
