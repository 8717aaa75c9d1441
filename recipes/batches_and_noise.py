"""The S of SGD: what does a gradient from a few rows cost, and what does it bring?

The slope of the loss is a mean over rows, and the mean over a random batch of them is right on
average, with an error that shrinks with the root of the batch size: four times the rows halve it.
A small batch costs little, so that an epoch holds many steps; a large one gives few, but true
ones. Near the minimum the noise keeps the weights in motion, as long as the rate stays the same.

    python -m recipes.batches_and_noise --plot batches.png

Try next: set `BATCH = 64`. Sixteen times the rows have a quarter of the noise: the walk stays
closer to the minimum.
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

BATCH = 4
RATE = 0.1
STEPS = 100
SIZES = (1, 4, 16, 64)
DRAWS = 4000  # random batches of each size
BATCH_SIZES = (16, 128, 1400)  # of the training on digits; the last is all rows at once
EPOCHS = 6
SEED = 1


def load_households() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Load income and spending on food, both scaled."""
    data = kt.load_dataset("engel")
    income, food = data.x[:, 0], data.y.astype(np.float32)
    return (income - income.mean()) / income.std(), (food - food.mean()) / food.std()


def line_loss(x: Any, y: Any, batch: int | None = None) -> Any:
    """Make the mean squared error of a line, over all rows or over a fresh batch each step."""
    dice = keras.random.SeedGenerator(SEED)

    def loss(slope: Any, level: Any) -> Any:
        rows: Any = slice(None)
        if batch:
            rows = keras.random.randint((batch,), 0, len(x), seed=dice)
        some = (keras.ops.take(x, rows), keras.ops.take(y, rows)) if batch else (x, y)
        slope, level = keras.ops.expand_dims(slope, -1), keras.ops.expand_dims(level, -1)
        return keras.ops.mean((slope * some[0] + level - some[1]) ** 2, axis=-1)

    return loss


def noise(x: NDArray[np.float32], y: NDArray[np.float32], size: int) -> float:
    """Measure how far the slope over a batch lies from that over all rows, as a rule."""
    slopes = -2 * y * x  # of each row's loss, where both weights are 0
    batches = np.random.default_rng(SEED).integers(0, len(x), (DRAWS, size))
    return float(np.std(slopes[batches].mean(axis=1)))


def build_model(choice: kt.LossChoice) -> keras.Model:
    """Build a small network for the digits."""
    last = keras.layers.Dense(choice.units, choice.activation)
    return keras.Sequential([keras.layers.Dense(32, "relu"), last])


def run() -> pd.DataFrame:
    """Walk with small and full batches, measure the noise, and train at three batch sizes."""
    x, y = load_households()
    optimizer = kt.sgd(RATE, momentum=0.0)
    parts = []
    for name, batch in (("all rows", None), (f"{BATCH} rows a step", BATCH)):
        walk = kt.trace_descent(line_loss(x, y, batch), (-0.6, 0.8), optimizer, steps=STEPS)
        true = ((np.outer(walk["x"], x) + walk["y"].to_numpy()[:, None] - y) ** 2).mean(axis=1)
        parts.append(walk.assign(part="walk", batch=name, value=true))  # over all rows
    sizes = [{"part": "noise", "rows": size, "noise": noise(x, y, size)} for size in SIZES]
    data = kt.load_dataset("digits")
    order = np.random.default_rng(SEED).permutation(len(data.y))[: max(BATCH_SIZES)]
    for size in BATCH_SIZES:
        settings: dict[str, Any] = {"epochs": EPOCHS, "batch_size": size, "seed": SEED}
        settings |= {"optimizer": kt.sgd(RATE, momentum=0.0), "check": "off", "verbose": 0}
        trained = kt.train(build_model, data.x[order] / 16, data.y[order], **settings)
        steps = EPOCHS * int(np.ceil(len(order) / size))
        parts.append(trained.history.assign(part="training", rows=size, steps=steps))
    return pd.concat([*parts, pd.DataFrame(sizes)], ignore_index=True)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show what the batch size does to the noise."""
    noises = table.loc[table["part"] == "noise", ["rows", "noise"]]
    return noises.rename(columns={"rows": "rows_a_batch", "noise": "error_of_the_slope"})


def report(table: pd.DataFrame) -> str:
    """Say how the noise falls, how near the walks come, and what an epoch of each size brings."""
    noises = table[table["part"] == "noise"].set_index("rows")["noise"]
    late = table[(table["part"] == "walk") & (table["step"] > STEPS / 2)].groupby("batch")["value"]
    full, small = late.mean()["all rows"], late.mean()[f"{BATCH} rows a step"]
    ends = table[table["epoch"] == EPOCHS].set_index("rows")
    few, many = min(BATCH_SIZES), max(BATCH_SIZES)
    return (
        f"In the second half of the walk the loss over all rows is {full:.3f} with full batches "
        f"and {small:.3f} with {BATCH} rows a step, each of which costs 1/"
        f"{len(load_households()[0]) // BATCH} of a full one.\n"
        f"The slope from 1 row is off by {noises[1]:.2f}, from 4 by {noises[4]:.2f}, from 16 by "
        f"{noises[16]:.2f}: four times the rows halve the noise. {EPOCHS} epochs of digits are "
        f"{ends.loc[few, 'steps']:.0f} steps of {few} rows and end at a loss of "
        f"{ends.loc[few, 'loss']:.2f}, or {ends.loc[many, 'steps']:.0f} steps of all {many} and "
        f"end at {ends.loc[many, 'loss']:.2f}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw both walks on the loss over all rows, and digits at three batch sizes.

    With all rows the walk is straight, with a few rows it trembles around the minimum. Below, the
    smaller the batch, the more steps an epoch has and the lower the loss.
    """
    upper, lower = kt.plots.new_axes(2, width=5.6, height=7.2)
    walks = table[table["part"] == "walk"]
    limits = {"xlim": (-0.8, 1.6), "ylim": (-0.8, 1.0)}
    kt.plots.plot_descent(line_loss(*load_households()), walks, **limits, ax=upper)
    for colour, (name, rows) in zip(
        kt.plots.COLORS, walks.groupby("batch", sort=False), strict=False
    ):
        upper.plot(rows["x"], rows["y"], ".-", color=colour, linewidth=1.2, markersize=5)
        upper.annotate(
            name,
            (0.03, 0.13 if name == "all rows" else 0.04),
            xycoords="axes fraction",
            color=colour,
        )
    upper.set_title("few rows a step: the walk trembles", loc="left", fontsize=10)
    upper.set(xlabel="slope of the line", ylabel="level of the line")
    training = table[table["part"] == "training"]
    for colour, (rows, one) in zip(kt.plots.COLORS[1:], training.groupby("rows"), strict=False):
        label = f"{rows:.0f} rows a step:\n{one['steps'].iloc[0]:.0f} steps"
        lower.plot(one["epoch"], one["loss"], ".-", color=colour, linewidth=2, label=label)
    lower.set_title("in the same epochs small batches take more steps", loc="left", fontsize=10)
    lower.set(xlabel="epoch (each sees every row once)", ylabel="loss on digits", ylim=(0, None))
    kt.plots.label_lines(lower, size=10)
    return upper


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
