"""One learning rate for the whole training? When cosine and warm-up help, and when they harm.

A large rate gets far in few steps, but at the end it jumps around the minimum; a schedule begins
with long steps and ends with short ones (cosine: along half a cosine, down to 0). The first steps
are the most dangerous, as the slopes are steep and Adam has hardly measured them; a warm-up lets
the rate rise from 0. Both make a high rate usable. At a low rate they only take steps away.

    python -m recipes.schedules --plot schedules.png

Try next: set `HIGH_RATE = 0.01`. At this rate all three ways end below a loss of 0.1: where the
rate fits, a schedule changes little.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

HIGH_RATE = 0.1
LOW_RATE = 0.001
EPOCHS = 8
SEED = 1
WAYS: dict[str, dict[str, Any]] = {
    "constant": {},
    "cosine": {"schedule": "cosine"},
    "warm-up + cosine": {"schedule": "cosine", "warmup_epochs": 2},
}


def build_model(choice: kt.LossChoice) -> keras.Model:
    """Build a network of two hidden layers."""
    hidden = [keras.layers.Dense(64, "relu") for _ in range(2)]
    return keras.Sequential([*hidden, keras.layers.Dense(choice.units, choice.activation)])


def run() -> pd.DataFrame:
    """Train at both rates in all three ways: one row an epoch."""
    data = kt.load_dataset("digits")
    order = np.random.default_rng(SEED).permutation(len(data.y))[:1400]
    x, y = data.x[order] / 16, data.y[order]
    tables = []
    for rate in (HIGH_RATE, LOW_RATE):
        for way, settings in WAYS.items():
            settings = {"epochs": EPOCHS, "seed": SEED, "check": "off", "verbose": 0} | settings
            trained = kt.train(build_model, x, y, optimizer=kt.adam(rate), **settings)
            tables.append(trained.history.assign(way=way, rate=rate))
    columns = ["rate", "way", "epoch", "loss", "learning_rate"]
    return pd.concat(tables, ignore_index=True)[columns]


def ends(table: pd.DataFrame) -> pd.DataFrame:
    """Give the loss of the last epoch: a row a rate, a column a way."""
    last = table[table["epoch"] == EPOCHS]
    return last.pivot_table(index="rate", columns="way", values="loss")[list(WAYS)]


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show where each way ends at both rates."""
    return ends(table).round(2).reset_index()


def report(table: pd.DataFrame) -> str:
    """Say where each way ends at both rates."""
    losses = ends(table)
    high, low = losses.loc[HIGH_RATE], losses.loc[LOW_RATE]
    constant, cosine, warm = WAYS
    return (
        f"At the low rate of {LOW_RATE:g} the loss ends at {low[constant]:.2f} without a schedule "
        f"and at {low[cosine]:.2f} with cosine, which stops it half-way.\n"
        f"At the high rate of {HIGH_RATE:g} it ends at {high[constant]:.2f} with a constant rate, "
        f"at {high[cosine]:.2f} with cosine, and at {high[warm]:.2f} with a warm-up before it."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the loss over the epochs, at the high rate above and at the low one below.

    At the high rate warm-up with cosine ends lowest and the constant rate highest; at the low
    rate the constant one ends lowest.
    """
    axes = kt.plots.new_axes(2, width=5.6, height=6.6)
    titles = ("a high rate ({:g}): schedule and warm-up help", "a low rate ({:g}): they harm")
    for ax, title, rate in zip(axes, titles, (HIGH_RATE, LOW_RATE), strict=True):
        for colour, way, style in zip(kt.plots.COLORS, WAYS, ("-", "--", "-."), strict=False):
            rows = table[(table["rate"] == rate) & (table["way"] == way)]
            ax.plot(rows["epoch"], rows["loss"], style, color=colour, linewidth=2, label=way)
        ax.axhline(np.log(10), color="0.4", linestyle=":")
        ax.annotate(
            "knows nothing: ln 10",
            (EPOCHS, np.log(10)),
            xytext=(0, 4),
            ha="right",
            textcoords="offset points",
            color="0.3",
        )
        ax.set_title(title.format(rate), loc="left", fontsize=10)
        ax.set(ylabel="loss", ylim=(0, 2.7))
        kt.plots.label_lines(ax, size=10)
    axes[1].set_xlabel("epoch")
    return axes[0]


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
