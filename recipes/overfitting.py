"""Training loss against validation loss: when does learning become learning by heart?

A network with many weights can learn its training rows by heart, noise included: the training
loss goes on falling while the loss on rows that it does not learn from (the validation loss)
turns and rises. That gap is overfitting. Early stopping watches the validation loss, ends the
training when it has not fallen for some epochs (the patience), and keeps the weights of the best
epoch. The accuracy may fall little meanwhile: it counts which answers are wrong, while the loss
also counts how sure the network was of them.

    python -m recipes.overfitting --plot overfitting.png

The validation days choose the epoch, so they flatter it: what it is worth is measured on test days
that neither taught nor chose. The means that scale the columns come from the training days alone.

Try next: set `ROWS = 600`. More data leave less to learn by heart: the gap in the last epoch is
smaller.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

ROWS = 300  # the first days of the four years, to learn from
VALIDATION_ROWS = 400  # the days before the test days, to choose the epoch
TEST_ROWS = 400  # the last days, to judge
EPOCHS = 30
PATIENCE = 4
SEED = 1


def build_model(choice: kt.LossChoice) -> keras.Model:
    """Build a network with far more weights than there are rows."""
    hidden = [keras.layers.Dense(64, "relu"), keras.layers.Dense(64, "relu")]
    return keras.Sequential([*hidden, keras.layers.Dense(choice.units, choice.activation)])


def three_parts() -> tuple[tuple[Any, Any], tuple[Any, Any], tuple[Any, Any]]:
    """Cut the days in training, validation and test rows, scaled by the training rows alone."""
    data = kt.load_dataset("rain")
    x = (data.x - data.x[:ROWS].mean(axis=0)) / data.x[:ROWS].std(axis=0)
    ends = len(x) - TEST_ROWS - VALIDATION_ROWS, len(x) - TEST_ROWS
    parts = slice(ROWS), slice(*ends), slice(ends[1], None)
    training, validation, test = ((x[part], data.y[part]) for part in parts)
    return training, validation, test


def judge(model: keras.Model, x: Any, y: Any) -> dict[str, float]:
    """Measure loss and accuracy, and how sure of themselves the wrong answers are on average."""
    rain = keras.ops.convert_to_numpy(model(x))
    loss = float(np.mean(keras.losses.binary_crossentropy(y[:, None], rain)))
    sure = np.maximum(rain, 1 - rain)[:, 0]
    right = (rain[:, 0] > 0.5) == y
    accuracy, wrong = float(right.mean()), float(sure[~right].mean())
    return {"test_loss": loss, "test_accuracy": accuracy, "sure_when_wrong": wrong}


def run() -> pd.DataFrame:
    """Will it rain tomorrow? Train to the end, and with early stopping: one row an epoch."""
    training, validation, test = three_parts()
    today = kt.load_dataset("rain").x[-TEST_ROWS:, -1]
    tables = []
    for way, patience in (("to the end", None), ("early stopping", PATIENCE)):
        settings: dict[str, Any] = {"epochs": EPOCHS, "batch_size": 50, "seed": SEED, "verbose": 0}
        settings |= {"validation_data": validation, "patience": patience, "check": "off"}
        trained = kt.train(build_model, *training, optimizer=kt.adam(0.003), **settings)
        last = trained.history["epoch"].max()
        kept = trained.best_epoch if patience else last
        table = trained.history.assign(way=way, kept=trained.history["epoch"] == kept)
        tables.append(table.assign(**judge(trained.model, *test)))  # with the weights it ends with
    table = pd.concat(tables, ignore_index=True).assign(as_today=float((today == test[1]).mean()))
    columns = ["way", "epoch", "split", "loss", "accuracy", "kept"]
    return table[[*columns, "test_loss", "test_accuracy", "sure_when_wrong", "as_today"]]


def curves(table: pd.DataFrame, column: str = "loss") -> pd.DataFrame:
    """Put training and validation of the long training side by side: a row an epoch."""
    rows = table[table["way"] == "to the end"]
    return rows.pivot_table(index="epoch", columns="split", values=column)


def gap(table: pd.DataFrame) -> pd.Series[float]:
    """Subtract the training loss from the validation loss, epoch by epoch."""
    return curves(table)["val"] - curves(table)["train"]


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show both ways on the test days: the epoch whose weights are kept, and what they do."""
    kept = table[table["kept"] & (table["split"] == "val")]
    return kept[["way", "epoch", "test_loss", "test_accuracy", "sure_when_wrong"]].round(3)


def report(table: pd.DataFrame) -> str:
    """Say how far the gap opens, why accuracy falls less, and what stopping early gains."""
    ends = rows(table).set_index("way")
    end, early = ends.loc["to the end"], ends.loc["early stopping"]
    opened, loss, right = gap(table), curves(table)["val"], curves(table, "accuracy")["val"]
    best = loss.idxmin()
    return (
        f"The gap between validation and training loss opens from {opened.iloc[0]:+.2f} in the "
        f"first epoch to {opened.iloc[-1]:+.2f} in the last.\n"
        f"From epoch {best} on the validation loss rises from {loss[best]:.2f} to "
        f"{loss.iloc[-1]:.2f}, while the accuracy goes from {right[best]:.1%} to "
        f"{right.iloc[-1]:.1%}: hardly more answers are wrong, but on test days the wrong ones "
        f"are given with a mean probability of {end['sure_when_wrong']:.2f} instead of "
        f"{early['sure_when_wrong']:.2f}.\n"
        f"On the {TEST_ROWS} test days the weights of epoch {early['epoch']:.0f}, which early "
        f"stopping keeps, have a loss of {early['test_loss']:.2f} and are right on "
        f"{early['test_accuracy']:.1%}, those of epoch {end['epoch']:.0f} "
        f"{end['test_loss']:.2f} and {end['test_accuracy']:.1%}; saying 'as today' is right on "
        f"{table['as_today'].iloc[0]:.1%}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw both losses, the epoch that early stopping keeps, and the accuracy below.

    The training loss goes on falling, the validation loss turns and climbs; the accuracy on the
    validation days hardly moves meanwhile.
    """
    upper, lower = kt.plots.new_axes(2, width=5.6, height=6.0)
    for ax, column in ((upper, "loss"), (lower, "accuracy")):
        drawn = curves(table, column)
        for split, name, colour in zip(
            ("train", "val"), ("training", "validation"), kt.plots.COLORS, strict=False
        ):
            ax.plot(drawn.index, drawn[split], color=colour, linewidth=2, label=name)
        ax.locator_params(axis="x", integer=True)
        kt.plots.label_lines(ax, size=10)
    best = table[table["kept"] & (table["way"] == "early stopping") & (table["split"] == "val")]
    place = (best["epoch"].iloc[0], best["loss"].iloc[0])
    upper.plot(*place, "o", color=kt.plots.COLORS[1], markersize=9)
    upper.annotate(
        "early stopping keeps\nthese weights",
        place,
        xytext=(6, 34),
        textcoords="offset points",
        fontsize=10,
    )
    upper.set(ylabel="loss (cross-entropy)", ylim=(0, None))
    upper.set_title("overfitting: the validation loss turns and climbs", loc="left", fontsize=10)
    lower.set(xlabel="epoch", ylabel="accuracy", ylim=(0.4, 1.02))
    lower.set_title("the validation accuracy hardly moves", loc="left", fontsize=10)
    return upper


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
