"""Training loss against validation loss: when does learning become learning by heart?

A network with many weights can learn its training rows by heart, noise included: the training
loss goes on falling while the loss on rows that it never sees (the validation loss) turns and
rises. That gap is overfitting. Early stopping watches the validation loss, ends the training when
it has not fallen for some epochs (the patience), and keeps the weights of the best one.

    python -m recipes.overfitting --plot overfitting.png

Try next: set ROWS to 1000. More data leave less to learn by heart: the gap stays smaller.
"""

from __future__ import annotations

from typing import Any

import keras
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

ROWS = 300  # days to learn from; the last 400 days of the four years are held out
HELD_OUT = 400
EPOCHS = 30
PATIENCE = 4
SEED = 1


def build_model(choice: kt.LossChoice) -> keras.Model:
    """Build a network with far more weights than there are rows."""
    hidden = [keras.layers.Dense(64, "relu"), keras.layers.Dense(64, "relu")]
    return keras.Sequential([*hidden, keras.layers.Dense(choice.units, choice.activation)])


def run() -> pd.DataFrame:
    """Will it rain tomorrow? Train to the end, and with early stopping: one row an epoch."""
    data = kt.load_dataset("rain")
    x = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
    later = x[-HELD_OUT:], data.y[-HELD_OUT:]
    tables = []
    for way, patience in (("to the end", None), ("early stopping", PATIENCE)):
        settings: dict[str, Any] = {"epochs": EPOCHS, "batch_size": 50, "seed": SEED, "verbose": 0}
        settings |= {"validation_data": later, "patience": patience, "optimizer": kt.adam(0.003)}
        trained = kt.train(build_model, x[:ROWS], data.y[:ROWS], **settings)
        last = trained.history["epoch"].max()
        kept = trained.best_epoch if patience else last
        table = trained.history.assign(way=way, kept=trained.history["epoch"] == kept)
        # Measured on the weights that the model ends with.
        losses = keras.losses.binary_crossentropy(later[1][:, None], trained.model(later[0]))
        tables.append(table.assign(end_loss=float(keras.ops.mean(losses))))
    columns = ["way", "epoch", "split", "loss", "accuracy", "kept", "end_loss"]
    return pd.concat(tables, ignore_index=True)[columns]


def gap(table: pd.DataFrame) -> pd.Series[float]:
    """Subtract the training loss from the validation loss, epoch by epoch."""
    rows = table[table["way"] == "to the end"]
    losses = rows.pivot_table(index="epoch", columns="split", values="loss")
    return losses["val"] - losses["train"]


def report(table: pd.DataFrame) -> str:
    """Say how far the gap opens and what stopping early gains."""
    kept = table[table["kept"] & (table["split"] == "val")].set_index("way")
    end, early = kept.loc["to the end"], kept.loc["early stopping"]
    opened = gap(table)
    return (
        f"The gap between validation and training loss opens from {opened.iloc[0]:+.2f} in the "
        f"first epoch to {opened.iloc[-1]:+.2f} in the last.\n"
        f"Stopping early keeps the weights of epoch {early['epoch']} with a validation loss of "
        f"{early['end_loss']:.2f}; trained to the end, epoch {end['epoch']}, it is "
        f"{end['end_loss']:.2f}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw both losses, and the epoch that early stopping keeps."""
    ax = kt.plots.new_axes()[0]
    full = table[table["way"] == "to the end"]
    for split, name, colour in zip(
        ("train", "val"), ("training", "validation"), kt.plots.COLORS, strict=False
    ):
        rows = full[full["split"] == split]
        ax.plot(rows["epoch"], rows["loss"], color=colour, label=name)
    best = table[table["kept"] & (table["way"] == "early stopping") & (table["split"] == "val")]
    ax.plot(best["epoch"], best["loss"], "o", color=kt.plots.COLORS[1], markersize=9)
    ax.annotate(
        "early stopping keeps\nthese weights",
        (best["epoch"].iloc[0], best["loss"].iloc[0]),
        xytext=(10, 24),
        textcoords="offset points",
        fontsize=9,
    )
    ax.locator_params(axis="x", integer=True)
    ax.set(xlabel="epoch", ylabel="loss (cross-entropy)", ylim=(0, None))
    kt.plots.label_lines(ax)
    return ax


if __name__ == "__main__":
    show(run, report, plot)
