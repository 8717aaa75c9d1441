"""Which loss is better? Each candidate trained alike, judged alike.

Several losses may fit the same labels, and each counts mistakes in its own unit, so their values
say nothing about which is better. `compare` trains a network with each of them, several times
from different beginnings (seeds), and judges all by the same measures on validation rows. An
interval says how far a mean could lie off by chance; where the interval of a difference holds 0,
the honest answer is that the difference is unclear.

    python -m recipes.compare_losses                    (writes compare_losses.png)
    python -m recipes.compare_losses penguins --seeds 10 --plot penguins.png

On engel an outlier drags the line of mean_squared_error (`recipes.mae_vs_mse`), and still no loss
is clearly better: the scores of all vary more from split to split, the validation rows have
outliers too, and rmse counts them as mean_squared_error does.

Try next: set `SEEDS = 2`. From two trainings each, the same differences get intervals so wide that
they say nothing: no loss is clearly worse any more.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import keras
import pandas as pd

import kerastrain as kt

from .lesson import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DATASETS = ("iris", "engel")  # classes, and numeric targets with a long tail
EPOCHS = 40
SEEDS = 5
LEARNING_RATE = 0.01


def builder(columns: int) -> Callable[[kt.LossChoice], keras.Model]:
    """Make the function that builds the network: inputs scaled alike, one hidden layer.

    The scale is learned in each training, from its training rows: means over all rows would tell it
    about the validation rows.
    """

    def build_model(choice: kt.LossChoice) -> keras.Model:
        scaling = keras.layers.BatchNormalization(center=False, scale=False, momentum=0.9)
        hidden = keras.layers.Dense(32, activation="relu")
        # the last layers give numbers back in the unit of y, so that one learning rate suits all
        return keras.Sequential([keras.Input((columns,)), scaling, hidden, *choice.last_layers()])

    return build_model


def run(datasets: Sequence[str] = (), seeds: int | None = None) -> pd.DataFrame:
    """Compare all losses that the labels of each data set admit."""
    tables, answers = [], {}
    seeds = seeds or SEEDS
    for name in datasets or DATASETS:
        data = kt.load_dataset(name)
        comparison = kt.compare(
            builder(data.x.shape[1]),
            data.x,
            data.y,
            seeds=seeds,
            epochs=EPOCHS,
            optimizer=kt.adam(LEARNING_RATE),
            task=data.task,
        )
        unit = data.unit or "nats"
        tables.append(comparison.summary().assign(dataset=name, seeds=seeds, unit=unit))
        answers[name] = str(comparison)
    table = pd.concat(tables, ignore_index=True)
    table.attrs["answers"] = answers
    return table[["dataset", *table.columns.drop("dataset")]]


def report(table: pd.DataFrame) -> str:
    """Say for each data set which loss to take, show the table, and sum up."""
    parts, takes = [], []
    for name, answer in table.attrs["answers"].items():
        advice, rest = answer.split("\n\n", 1)
        sentence = " ".join(advice.split())
        parts.append(textwrap.fill(f"{name}: {sentence}", 80, break_on_hyphens=False))
        parts.append(rest)
        rows = table[(table["dataset"] == name) & (table["candidate"] != "baseline")]
        best = rows[rows["measure"] == rows["measure"].iloc[-1]].iloc[0]
        takes.append(
            f"on {name} the lowest {best['measure']} is {best['mean']:.3g} {best['unit']} "
            f"({best['candidate']}), and {(rows['verdict'] == 'worse').sum()} of {len(rows)} "
            "scores are clearly worse"
        )
    return "\n\n".join([*parts, f"Over {table['seeds'].iloc[0]} seeds, {'; '.join(takes)}."])


def plot(table: pd.DataFrame) -> Axes:
    """Draw what decides, a picture a data set: paired differences in the finer measure.

    That is the log-loss, which sees how sure a prediction was, or the rmse.
    """
    groups = list(table.groupby("dataset", sort=False))
    axes = kt.plots.new_axes(len(groups), width=8.5, height=3.0 * len(groups))
    for ax, (name, rows) in zip(axes, groups, strict=True):
        kt.plots.draw_differences(ax, rows[rows["measure"] == rows["measure"].iloc[-1]])
        ax.set_xlabel(ax.get_xlabel().replace("unit of y", rows["unit"].iloc[0]))
        ax.set_title(f"{name}, {rows['seeds'].iloc[0]} seeds", loc="left", fontsize=10)
    return axes[0]


if __name__ == "__main__":
    show(
        run,
        report,
        plot,
        rows=None,
        arguments={
            "datasets": {"nargs": "*", "help": "see kt.list_datasets()"},
            "--seeds": {"type": int},
        },
        picture="compare_losses.png",
    )
