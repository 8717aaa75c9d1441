"""Eight loss curves from eight real trainings: what does each one say?

A loss curve is read against two marks. The first is the loss of a network that knows nothing and
gives each of K classes the same probability: that costs ln K, 2.30 for ten classes and 0.69 for
two. The second is the distance between the loss on the training rows and on the validation rows:
together and low is healthy, far apart is overfitting, together and high is underfitting.

    python -m recipes.read_a_loss_curve --plot curves.png

Try next: set `LOW_RATE = 3e-4`. At thirty times the rate, the curve that lay on the line "knows
nothing" falls in every epoch: it only needed longer steps.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

EPOCHS = 10
VALIDATION_ROWS = 300
RATE = 0.003
LOW_RATE = 1e-5
HIGH_RATE = 0.5
SEED = 1


def build_model(
    *hidden: int, activation: str = "tanh", dropout: float = 0.0
) -> Callable[[kt.LossChoice], keras.Model]:
    """Describe a network by the units of its hidden layers."""

    def build(choice: kt.LossChoice) -> keras.Model:
        layers: list[Any] = []
        for units in hidden:
            layers.append(keras.layers.Dense(units, activation))
            layers += [keras.layers.Dropout(dropout)] if dropout else []
        last = keras.layers.Dense(choice.units, choice.activation)
        return keras.Sequential([*layers, last])

    return build


def cases() -> Iterator[tuple[str, Any, Any, dict[str, Any]]]:
    """Name each training: its network, its training and validation rows, its settings."""
    data = kt.load_dataset("digits")
    order = np.random.default_rng(SEED).permutation(len(data.y))
    x, y = data.x[order] / 16, data.y[order]
    cut = len(y) - VALIDATION_ROWS
    rows, later = (x[:cut], y[:cut]), (x[cut:], y[cut:])
    by_class = np.argsort(y[:cut], kind="stable")
    wrong = np.random.default_rng(SEED).permutation(y)
    rain = kt.load_dataset("rain")
    days = (rain.x - rain.x[:300].mean(axis=0)) / rain.x[:300].std(axis=0)
    few, next_days = (days[:300], rain.y[:300]), (days[-400:], rain.y[-400:])

    usual, wide = build_model(32), build_model(128, activation="relu")
    sorted_rows = {"optimizer": kt.sgd(0.1, momentum=0.0), "shuffle": False}
    yield "healthy", usual, (rows, later), {"optimizer": kt.adam(RATE)}
    yield "rate too low", usual, (rows, later), {"optimizer": kt.adam(LOW_RATE)}
    yield "rate too high", usual, (rows, later), {"optimizer": kt.adam(HIGH_RATE)}
    yield "overfitting", wide, (few, next_days), {"optimizer": kt.adam(3 * RATE), "batch_size": 10}
    yield "underfitting", build_model(1), (rows, later), {"optimizer": kt.adam(0.01)}
    yield "sorted rows", usual, ((rows[0][by_class], rows[1][by_class]), later), sorted_rows
    yield (
        "validation below training",
        build_model(64, activation="relu", dropout=0.65),
        (rows, later),
        {"optimizer": kt.adam(RATE)},
    )
    yield (
        "shuffled labels",
        wide,
        ((x[:500], wrong[:500]), (x[cut:], wrong[cut:])),
        {"optimizer": kt.adam(RATE)},
    )


def run() -> pd.DataFrame:
    """Train all eight: one row for each case, epoch and split."""
    tables = []
    for case, model, (rows, later), settings in cases():
        settings = {"epochs": EPOCHS, "seed": SEED, "check": "warn", "verbose": 0} | settings
        with warnings.catch_warnings():  # they are read below
            warnings.simplefilter("ignore", kt.KerastrainWarning)
            trained = kt.train(model, *rows, validation_data=later, **settings)
        named = ", ".join(finding.rule for finding in trained.findings)
        nothing = np.log(len(np.unique(rows[1])))
        tables.append(trained.history.assign(case=case, knows_nothing=nothing, findings=named))
    columns = ["case", "epoch", "split", "loss", "knows_nothing", "findings"]
    return pd.concat(tables, ignore_index=True)[columns]


def curves(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Put the losses of each case side by side: a row an epoch, columns `train` and `val`."""
    return {
        str(case): rows.pivot_table(index="epoch", columns="split", values="loss")
        for case, rows in table.groupby("case", sort=False)
    }


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the loss of each case in the last epoch, and what `train` says of it."""
    last = [one.iloc[-1] for one in curves(table).values()]
    columns = {
        name: [f"{one[split]:.2f}" for one in last]
        for split, name in (("train", "training"), ("val", "validation"))
    }
    named = table.groupby("case", sort=False)["findings"].first()
    return pd.DataFrame({"case": named.index} | columns | {"run.findings": named.to_list()})


def report(table: pd.DataFrame) -> str:
    """Say where each curve ends."""
    losses = curves(table)
    healthy, low, over = (
        losses[case]["val"] for case in ("healthy", "rate too low", "overfitting")
    )
    ten, two = np.log(10), np.log(2)
    named = table.groupby("case")["findings"].first()
    return (
        f"`run.findings` names what is wrong in {(named.drop('healthy') != '').sum()} of 7 cases, "
        f"and says nothing of the healthy one.\n"
        f"Who knows nothing pays ln 10 = {ten:.2f} for ten classes. The healthy training ends at "
        f"{healthy.iloc[-1]:.2f} on validation rows, the one whose rate is too low still at "
        f"{low.iloc[-1]:.2f}; overfitting falls to {over.min():.2f} and climbs to "
        f"{over.iloc[-1]:.2f}, above ln 2 = {two:.2f} for its two classes."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw each case in a picture of its own, the line "knows nothing" at the same height.

    Healthy: both fall together. Rate too low: both stay on the line. Rate too high: both jump.
    Overfitting: validation turns and climbs. Underfitting: both stay high, together. Sorted rows:
    validation lies far above. Dropout: validation lies below training. Shuffled labels: training
    falls a little, validation rises above the line.
    """
    axes = kt.plots.new_axes(4, columns=2, width=5.6, height=8.4)
    for ax, (case, one) in zip(axes, curves(table).items(), strict=True):
        nothing = table.loc[table["case"] == case, "knows_nothing"].iloc[0]
        ax.axhline(nothing, color="0.4", linestyle=":")
        ax.plot(one.index, one["train"], color=kt.plots.COLORS[0])
        ax.plot(one.index, one["val"], "--", color=kt.plots.COLORS[1])
        ax.set_title(case, fontsize=11, loc="left")
        ax.set(ylim=(0, 1.6 * nothing), yticks=[0, nothing])
        ax.set_yticklabels(["0", "ln 10" if nothing > 1 else "ln 2"])
        ax.locator_params(axis="x", integer=True, nbins=5)
    first = axes[0]
    first.annotate(
        "knows nothing",
        (EPOCHS, np.log(10)),
        xytext=(0, 4),
        ha="right",
        color="0.3",
        textcoords="offset points",
    )
    first.annotate("training", (2.2, 1.4), color=kt.plots.COLORS[0])
    first.annotate("validation (dashed)", (4.5, 0.55), color=kt.plots.COLORS[1])
    for ax in axes[-2:]:
        ax.set_xlabel("epoch")
    for ax in axes[::2]:
        ax.set_ylabel("loss")
    return first


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
