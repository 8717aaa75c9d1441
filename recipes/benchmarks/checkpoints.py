"""What does a checkpoint cost? Epochs of 0.2 seconds, every other one with a checkpoint.

Two networks, one of few weights and one of many, are trained with `checkpoint_every=2`, so that
epochs with and without a checkpoint alternate and what else the machine does falls on both. The
file is written and flushed to the disk before the next epoch begins, so that a kill loses no more
than the epochs since.

    python -m recipes.benchmarks.checkpoints --turns 5

Try next: `checkpoint_every="30 s"`, with which short epochs pay nothing.
"""

from __future__ import annotations

import tempfile
from time import perf_counter
from typing import TYPE_CHECKING

import keras
import numpy as np
import pandas as pd

import kerastrain as kt
from recipes.lesson import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNITS = {"small": (64, 12_800), "large": (512, 1_600)}  # of two layers; rows for about 0.2 s
EPOCHS = 25
SKIPPED = 4  # epochs in which the program is made


def seconds(units: int, rows: int, folder: str) -> np.ndarray:
    """Train one network; return the seconds from the beginning of each epoch to the next."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 64)).astype("float32")
    layers = [keras.layers.Dense(units, activation="relu") for _ in range(2)]
    model = keras.Sequential([keras.Input((64,)), *layers, keras.layers.Dense(1)])
    begins: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: begins.append(perf_counter()))
    kt.train(
        model, x, x[:, 0], loop="graph", batch_size=8, callbacks=[clock], epochs=EPOCHS,
        seed=0, verbose=0, check="off", checkpoint=folder, checkpoint_every=2,
    )  # fmt: skip
    return np.diff(begins)[SKIPPED:]


def run(turns: int = 5) -> pd.DataFrame:
    """Time both networks in turns: one row for each network and turn."""
    rows = []
    for turn in range(turns):
        for name, (units, count) in UNITS.items():
            with tempfile.TemporaryDirectory() as folder:
                times = seconds(units, count, folder)
            without, saved = (float(np.median(times[first::2])) for first in (0, 1))
            weights = 64 * units + units + units**2 + units + units + 1
            row = {"network": name, "weights": weights, "turn": turn, "without": without}
            rows.append(row | {"with": saved, "cost": saved / without - 1})
    return pd.DataFrame(rows)


def report(table: pd.DataFrame) -> str:
    """Give the median cost of a checkpoint after each epoch."""
    named = "; ".join(
        f"{name} network ({int(rows['weights'].iloc[0])} weights): {rows['cost'].median():+.1%} "
        f"of an epoch of {rows['without'].median():.2f} s"
        for name, rows in table.groupby("network", sort=False)
    )
    return (
        f"A checkpoint after each epoch costs (median of {table['turn'].nunique()} turns) {named}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the cost in each turn."""
    ax = kt.plots.new_axes()[0]
    for color, (name, rows) in zip(kt.plots.COLORS, table.groupby("network"), strict=False):
        ax.plot(rows["turn"], 100 * rows["cost"], "o-", color=color, label=name)
    ax.set(xlabel="turn", ylabel="cost of a checkpoint (% of an epoch)")
    kt.plots.label_lines(ax)
    return ax


if __name__ == "__main__":
    show(run, report, plot, arguments={"--turns": {"type": int, "default": 5}})
