"""A network too large for its data: what helps against overfitting?

The network of the lesson `overfitting` has far more weights than there are days to learn from.
Four remedies: dropout switches off half of the units at random in each step, so that none can
rely on another; weight decay makes all weights a little smaller in each step; a smaller network
has less room; more data leave less to learn by heart. What they save is above all false certainty.

    python -m recipes.regularization --plot regularization.png

Try next: set `DROPOUT = 0.8`. Four of five units are off: the gap is smaller still, as the loss on
the training rows stays higher.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

ROWS = 300  # days to learn from
MORE_ROWS = 1000
VALIDATION_ROWS = 400
EPOCHS = 30
DROPOUT = 0.5
WEIGHT_DECAY = 3.0  # times the rate of 0.003: each step takes 0.9 % of each weight
SEED = 1
WAYS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "dropout": {"dropout": True},
    "weight decay": {"weight_decay": WEIGHT_DECAY},
    "smaller network": {"units": 4},
    "more data": {"rows": MORE_ROWS},
}


def train_way(
    units: int = 64, dropout: bool = False, weight_decay: float | None = None, rows: int = ROWS
) -> kt.TrainingRun:
    """Learn to say whether it will rain tomorrow, in as many steps whatever the rows."""
    rain = kt.load_dataset("rain")
    days, cut = (rain.x - rain.x[:rows].mean(axis=0)) / rain.x[:rows].std(axis=0), VALIDATION_ROWS
    settings: dict[str, Any] = {"optimizer": kt.adam(0.003, weight_decay=weight_decay)}
    settings |= {"epochs": EPOCHS, "batch_size": rows // 6, "seed": SEED}
    settings |= {"validation_data": (days[-cut:], rain.y[-cut:]), "check": "off", "verbose": 0}

    def build_model(choice: kt.LossChoice) -> keras.Model:
        layers: list[Any] = []
        for _ in range(2):
            layers.append(keras.layers.Dense(units, "relu"))
            layers += [keras.layers.Dropout(DROPOUT)] if dropout else []
        return keras.Sequential([*layers, keras.layers.Dense(choice.units, choice.activation)])

    return kt.train(build_model, days[:rows], rain.y[:rows], **settings)


def run() -> pd.DataFrame:
    """Train in all five ways: one row for each way, epoch and split."""
    tables = [train_way(**settings).history.assign(way=way) for way, settings in WAYS.items()]
    return pd.concat(tables, ignore_index=True)[["way", "epoch", "split", "loss", "accuracy"]]


def ends(table: pd.DataFrame) -> pd.DataFrame:
    """Give the last epoch of each way: training and validation loss, and validation accuracy."""
    last = table[table["epoch"] == EPOCHS].pivot_table(index="way", columns="split")
    columns = {"training": last["loss", "train"], "validation": last["loss", "val"]}
    return pd.DataFrame(columns | {"accuracy": last["accuracy", "val"]}).loc[list(WAYS)]


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the last epoch of each way."""
    return ends(table).round(2).reset_index()


def report(table: pd.DataFrame) -> str:
    """Say where each way ends."""
    last = ends(table)
    loss = last["validation"]
    return (
        f"After {EPOCHS} epochs the validation loss is {loss['nothing']:.2f} with nothing, "
        f"{loss['more data']:.2f} with {MORE_ROWS} days instead of {ROWS}, "
        f"{loss['weight decay']:.2f} with weight decay, {loss['dropout']:.2f} with dropout and "
        f"{loss['smaller network']:.2f} with a smaller network; a coin costs {np.log(2):.2f}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw training and validation loss after the last epoch, and the gap between them.

    With nothing the bar between them is long and ends far above the line of a coin; with each
    remedy it is short and ends near the line or below it.
    """
    ax = kt.plots.new_axes(width=5.6, height=4.2)[0]
    last = ends(table)[::-1]
    places = np.arange(len(last))
    ax.hlines(places, last["training"], last["validation"], color="0.75", linewidth=5)
    ax.plot(last["training"], places, "o", color=kt.plots.COLORS[0], markersize=9)
    ax.plot(last["validation"], places, "s", color=kt.plots.COLORS[1], markersize=9)
    ax.axvline(np.log(2), color="0.4", linestyle=":")
    ax.annotate(
        "a coin: ln 2", (np.log(2), -0.45), xytext=(4, 0), textcoords="offset points", color="0.3"
    )
    for colour, split, side in (
        (kt.plots.COLORS[0], "training", "left"),
        (kt.plots.COLORS[1], "validation", "right"),
    ):
        text = {"xytext": (0, 9), "textcoords": "offset points", "color": colour, "ha": side}
        ax.annotate(split, (last[split].iloc[-1], places[-1]), **text)
    ax.set_yticks(places, last.index)
    ax.set(xlabel=f"loss after {EPOCHS} epochs", xlim=(0, None), ylim=(-0.6, len(last) - 0.4))
    ax.set_title("the shorter the bar, the less is learned by heart", loc="left", fontsize=10)
    return ax


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
