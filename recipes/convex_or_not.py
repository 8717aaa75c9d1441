"""Does the start matter? A convex loss leads to its minimum from anywhere, another does not.

A function is convex when it is curved upwards along every line, like a bowl: all ways down meet.
A loss that is not convex has several valleys, and the start decides in which one the descent ends.
Logistic regression (one layer) has a convex loss; a deep network has none, so that its random
initial weights decide where it ends.

    python -m recipes.convex_or_not --plot convex.png

Try next: set TILT to 3.0. One valley is gone, and all starts meet, although no bowl is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import show

TILT = 0.5
CURVES = {"bowl": lambda w: w**2, "two valleys": lambda w: w**4 - 3 * w**2 + TILT * w}
STARTS = (-2.0, -0.8, 0.8, 2.0)
HIDDEN = {"logistic regression": (), "deep network": (4, 4)}  # units of the hidden layers
SEEDS = 3
EPOCHS = 80
LEARNING_RATE = 3.0
POINTS = 21


def build_model(choice: kt.LossChoice, hidden: Sequence[int]) -> keras.Model:
    """Build a network for two columns, with weights that lie far apart."""
    own = keras.initializers.RandomNormal(stddev=1.0)
    layers = [keras.layers.Dense(units, "tanh", kernel_initializer=own) for units in hidden]
    last = keras.layers.Dense(choice.units, choice.activation, kernel_initializer=own)
    return keras.Sequential([keras.Input((2,)), *layers, last])


def train_from_seeds(
    model: keras.Model, x: NDArray[np.float32], y: NDArray[np.generic]
) -> Iterator[kt.TrainingRun]:
    """Train the same compiled model again and again, each time from other initial weights."""
    for seed in range(SEEDS):
        keras.utils.set_random_seed(seed)
        model.set_weights(keras.models.clone_model(model).get_weights())
        # All rows in one batch: so only the start differs.
        yield kt.train(model, x, y, epochs=EPOCHS, batch_size=len(x), seed=seed, verbose=0)


def lowest_bend(heights: NDArray[np.float64]) -> float:
    """Find the smallest second difference along the rows, columns and diagonals of a grid.

    Of three heights in a row it is left - 2 * middle + right: negative where they bend downwards.
    """
    middle = heights[1:-1, 1:-1]
    ends = [(heights[:-2, 1:-1], heights[2:, 1:-1]), (heights[1:-1, :-2], heights[1:-1, 2:])]
    ends += [(heights[:-2, :-2], heights[2:, 2:]), (heights[:-2, 2:], heights[2:, :-2])]
    return float(min((left - 2 * middle + right).min() for left, right in ends))


def run() -> pd.DataFrame:
    """Walk from each start: one row a step of a curve, one row a training of a network."""
    walks = []
    for name, curve in CURVES.items():
        for start in STARTS:
            walk = kt.trace_descent(curve, start, kt.sgd(0.03, momentum=0.0), steps=150)
            walks.append(walk.assign(problem=name, start=start))
    data = kt.load_dataset("breast_cancer")
    x = data.x[:, :2]  # two columns, so that the classes overlap
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    choice: Any = kt.choose_loss(data.y)
    rows, grids = [], {}
    for name, hidden in HIDDEN.items():
        model = build_model(choice, hidden)
        model.compile(kt.sgd(LEARNING_RATE, momentum=0.0), choice.build_loss())
        for seed, trained in enumerate(train_from_seeds(model, x, data.y)):
            loss = trained.history["loss"].iloc[-1]
            rows.append({"problem": name, "start": seed, "step": EPOCHS, "value": loss})
        grid = kt.loss_landscape(trained, x, data.y, points=POINTS)
        heights = grid["loss"].to_numpy().reshape(POINTS, POINTS)
        rows[-1]["lowest_bend"] = lowest_bend(heights)
        # Three float32 numbers are added: right to a few units of the last place.
        rows[-1]["rounding"] = 4 * np.finfo(np.float32).eps * heights.max()
        grids[name] = grid.to_dict("list")
    table = pd.concat([*walks, pd.DataFrame(rows)], ignore_index=True)
    table.attrs["grids"] = grids
    return table


def ends(table: pd.DataFrame) -> pd.DataFrame:
    """Give the last row of each walk and training."""
    return table.groupby(["problem", "start"], sort=False).tail(1)


def report(table: pd.DataFrame) -> str:
    """Say who met, and how the losses bend."""
    groups = ends(table).groupby("problem")
    places, spread = groups["x"].agg(np.ptp), groups["value"].agg(np.ptp)
    bends = groups["lowest_bend"].min()
    one, deep = HIDDEN
    return (
        f"All {len(STARTS)} walks into the bowl end within {places['bowl']:.2f} of each other; "
        f"those on the curve with two valleys {places['two valleys']:.2f} apart.\n"
        f"Along all lines through the trained weights the loss of the {one} never bends down "
        f"(least second difference {bends[one]:+.0e}); that of the {deep} does "
        f"({bends[deep]:+.2f}).\n"
        f"From {SEEDS} seeds the convex loss ends within {spread[one]:.0e} of the same value, the "
        f"loss of the deep network {spread[deep]:.0e} apart: there the start matters."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw both curves with their walks, and the loss around both networks."""
    axes = kt.plots.new_axes(2, columns=2, width=7.6, height=6.0)
    for ax, (name, curve) in zip(axes[:2], CURVES.items(), strict=True):
        kt.plots.plot_descent(
            curve, table[table["problem"] == name], by="start", xlim=(-2.3, 2.3), ax=ax
        )
        ax.set(title=name, xlabel="weight", ylabel="loss")
    for ax, (name, grid) in zip(axes[2:], table.attrs["grids"].items(), strict=True):
        kt.plots.plot_landscape(pd.DataFrame(grid), ax=ax)
        ax.set_title(name)
    return axes[0]


if __name__ == "__main__":
    show(run, report, plot)
