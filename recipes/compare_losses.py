"""Which loss is better? Each candidate trained alike, judged alike.

Several losses may fit the same labels, and each counts mistakes in its own unit, so their values
say nothing about which is better. `compare` trains a network with each of them, several times
from different beginnings (seeds), and judges all by the same measures on rows held out. An
interval says how far the mean could lie off by chance; where two differ by less than that, the
honest answer is "no clear difference".

    python -m recipes.compare_losses                    (writes compare_losses.png)
    python -m recipes.compare_losses penguins --seeds 10 --plot penguins.png

Try next: diamonds, whose prices have a long tail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import keras
import pandas as pd

import kerastrain as kt

from .lesson import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DATASETS = ("iris", "engel")  # classes, and amounts with a long tail
EPOCHS = 40
SEEDS = 5
LEARNING_RATE = 0.01


def builder(data: kt.Dataset) -> Callable[[kt.LossChoice], keras.Model]:
    """Make the function that builds the network: all columns scaled alike, one hidden layer."""
    mean, variance = data.x.mean(axis=0), data.x.var(axis=0)

    def build_model(choice: kt.LossChoice) -> keras.Model:
        scaling = keras.layers.Normalization(mean=mean, variance=variance)
        last = keras.layers.Dense(choice.units, activation=choice.activation)
        hidden = keras.layers.Dense(32, activation="relu")
        return keras.Sequential([keras.Input(data.x.shape[1:]), scaling, hidden, last])

    return build_model


def run(datasets: Sequence[str] = DATASETS, seeds: int = SEEDS) -> pd.DataFrame:
    """Compare all losses that the labels of each data set admit."""
    tables = []
    for name in datasets:
        data = kt.load_dataset(name)
        y = data.y
        if data.kind == "continuous":  # so that one learning rate suits all units
            y = (y - y.mean(axis=0)) / y.std(axis=0)
        comparison = kt.compare(
            builder(data),
            data.x,
            y,
            seeds=seeds,
            epochs=EPOCHS,
            optimizer=kt.adam(LEARNING_RATE),
            task=data.task,
        )
        tables.append(comparison.summary().assign(dataset=name, seeds=seeds))
    table = pd.concat(tables, ignore_index=True)
    return table[["dataset", *table.columns.drop("dataset")]]


def report(table: pd.DataFrame) -> str:
    """Say for each data set and measure which loss is best, and which do not clearly differ."""
    sentences = []
    for (name, _), rows in table.groupby(["dataset", "measure"], sort=False):
        best, others = rows.iloc[0], rows.iloc[1:]
        equal = list(others.loc[others["verdict"] == "no clear difference", "candidate"])
        sentences.append(
            f"{name}: {best['candidate']} has the best mean {best['measure']}, {best['mean']:.3f} "
            f"(95 % interval {best['low']:.3f} to {best['high']:.3f} over {best['seeds']} seeds); "
            f"of the {len(others)} others {len(equal)} show no clear difference to it"
            f"{': ' + ', '.join(equal) if equal else ''}."
        )
    return "\n".join(sentences)


def plot(table: pd.DataFrame) -> Axes:
    """Draw each loss with its interval, a picture a data set: by the finer of its measures.

    That is the log-loss, which sees how sure a prediction was, or the rmse.
    """
    groups = list(table.groupby("dataset", sort=False))
    axes = kt.plots.new_axes(len(groups), width=7.5, height=2.8 * len(groups))
    for ax, (name, rows) in zip(axes, groups, strict=True):
        kt.plots.draw_intervals(ax, rows[rows["measure"] == rows["measure"].iloc[-1]])
        seeds = rows["seeds"].iloc[0]
        ax.set_title(f"{name}: mean and 95 % interval over {seeds} seeds", loc="left", fontsize=10)
    return axes[0]


if __name__ == "__main__":
    show(
        run,
        report,
        plot,
        arguments={
            "datasets": {"nargs": "*", "default": DATASETS, "help": "see kt.list_datasets()"},
            "--seeds": {"type": int, "default": SEEDS},
        },
        picture="compare_losses.png",
    )
