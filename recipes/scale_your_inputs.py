"""Grams beside thousands: why do inputs have to be scaled?

The slope of the loss over a weight is as large as the input that the weight stands at. Where one
column is far larger than another, or lies far from 0, the loss is a ravine: across it a step has to
be tiny or it jumps out, and along it tiny steps lead nowhere. Scaling each column to mean 0 and
standard deviation 1 makes a bowl of the ravine. Mean and deviation come from the training rows
alone and stay in the model, in a layer `Normalization`, so that new rows are scaled the same way.

    python -m recipes.scale_your_inputs --plot scaling.png

Try next: set `COLUMNS = ("magnesium", "proline")`. Both count in hundreds and lie far from 0: the
ravine is deeper still, and the scaled surface is a bowl again.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import show

COLUMNS = ("alcohol", "flavanoids")
ROWS = 120  # of 178 wines to learn from; the others validate
RATES = {"raw": (1e-6, 1e-5, 1e-4), "scaled": (0.1, 1.0)}
STEPS = 40
EPOCHS = 100
SEED = 0


def load_wines() -> tuple[kt.Dataset, NDArray[np.float32], NDArray[np.generic]]:
    """Shuffle the wines, which come sorted by grower."""
    data = kt.load_dataset("wine")
    order = np.random.default_rng(SEED).permutation(len(data.y))
    return data, data.x[order], data.y[order]


def scale(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring each column to mean 0 and standard deviation 1, measured on the training rows."""
    return (x - x[:ROWS].mean(axis=0)) / x[:ROWS].std(axis=0)


def loss_of_two_weights(x: NDArray[np.float32], y: NDArray[np.generic]) -> Any:
    """Make the mean squared error of a line over two columns: is it grower 1, or not?"""
    target = np.where(y == 1, 1.0, -1.0).astype(np.float32)

    def loss(a: Any, b: Any) -> Any:
        # The same for one point and for a grid of points.
        a, b = keras.ops.expand_dims(a, -1), keras.ops.expand_dims(b, -1)
        return keras.ops.mean((a * x[:, 0] + b * x[:, 1] - target) ** 2, axis=-1)

    return loss


def run() -> pd.DataFrame:
    """Walk on both surfaces; train on all columns, raw and scaled, at several rates."""
    data, x, y = load_wines()
    pair = x[:, [data.feature_names.index(name) for name in COLUMNS]]
    parts = []
    for name, columns in (("raw", pair[:ROWS]), ("scaled", scale(pair)[:ROWS])):
        bends = np.linalg.eigvalsh(2 * columns.T @ columns / ROWS)  # the two curvatures
        loss = loss_of_two_weights(columns, y[:ROWS])
        # Half of the border: a step of 2 / curvature would jump as far up the other side.
        optimizer = kt.sgd(float(1 / bends.max()), momentum=0.0)
        walk = kt.trace_descent(loss, (0.0, 0.0), optimizer, steps=STEPS)
        parts.append(walk.assign(part="walk", inputs=name, curvatures=bends.max() / bends.min()))
    rows = []
    for name, rates in RATES.items():
        for rate in rates:
            scaling = keras.layers.Normalization()
            scaling.adapt(x[:ROWS])
            first = [scaling] if name == "scaled" else []
            last = keras.layers.Dense(3, "softmax", kernel_initializer="zeros")
            settings: dict[str, Any] = {"epochs": EPOCHS, "batch_size": ROWS, "seed": SEED}
            settings |= {"optimizer": kt.sgd(rate, momentum=0.0), "check": "off", "verbose": 0}
            model = keras.Sequential([*first, last])
            trained = kt.train(model, x[:ROWS], y[:ROWS], **settings)
            scores = trained.evaluate(x[ROWS:], y[ROWS:])
            rows.append({"part": "training", "inputs": name, "rate": rate} | scores)
    return pd.concat([*parts, pd.DataFrame(rows)], ignore_index=True)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show each training."""
    training = table[table["part"] == "training"]
    return training[["inputs", "rate", "loss", "accuracy"]].rename(
        columns={"loss": "validation_loss", "accuracy": "validation_accuracy"}
    )


def report(table: pd.DataFrame) -> str:
    """Say how uneven the surfaces are, and what the best rate reaches."""
    shape = table.groupby("inputs")["curvatures"].first()
    ends = table[table["step"] == STEPS].set_index("inputs")["value"]
    best = table[table["part"] == "training"].groupby("inputs")["loss"].min()
    trained = table[table["part"] == "training"].set_index(["inputs", "loss"])["rate"]
    raw, scaled = (trained[name, best[name]] for name in ("raw", "scaled"))
    return (
        f"Over the weights of {COLUMNS[0]} and {COLUMNS[1]} the loss bends {shape['raw']:,.0f} "
        f"times as much one way as the other; scaled, {shape['scaled']:.1f} times. {STEPS} steps "
        f"lead to {ends['raw']:.2f} in the ravine and to {ends['scaled']:.2f} in the bowl.\n"
        f"On all columns, {EPOCHS} epochs of raw wine end at a validation loss of "
        f"{best['raw']:.2f} at the best of its rates, {raw:g}; scaled wine ends at "
        f"{best['scaled']:.2f}, at a rate of {scaled:g}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw both surfaces with the walk from 0 on them.

    Raw inputs make a ravine of nearly parallel lines, in which the walk hardly leaves its start;
    scaled ones make a bowl, and the walk goes straight to the minimum.
    """
    data, x, y = load_wines()
    pair = x[:, [data.feature_names.index(name) for name in COLUMNS]]
    axes = kt.plots.new_axes(2, width=5.6, height=7.2)
    titles = {"raw": "raw inputs: a ravine", "scaled": "scaled inputs: a bowl"}
    for ax, (name, title) in zip(axes, titles.items(), strict=True):
        columns = (pair if name == "raw" else scale(pair))[:ROWS]
        walk = table[(table["part"] == "walk") & (table["inputs"] == name)]
        lowest = np.linalg.lstsq(columns, np.where(y[:ROWS] == 1, 1.0, -1.0), rcond=None)[0]
        half = 1.4 * np.abs(lowest).max()
        limits = {"xlim": (lowest[0] - half, lowest[0] + half)}
        limits["ylim"] = (lowest[1] - half, lowest[1] + half)
        kt.plots.plot_descent(loss_of_two_weights(columns, y[:ROWS]), walk, **limits, ax=ax)
        ax.plot(*lowest, "*", color="black", markersize=12)
        end = walk["value"].iloc[-1]
        ax.set_title(f"{title} (loss after {STEPS} steps: {end:.2f})", loc="left", fontsize=10)
        ax.set(xlabel=f"weight of {COLUMNS[0]}", ylabel=f"weight of {COLUMNS[1]}")
    axes[0].annotate("star: the minimum", (0.97, 0.93), xycoords="axes fraction", ha="right")
    return axes[0]


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
