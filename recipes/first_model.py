"""From labels to a trained model, in one sitting.

A network learns from examples: rows of numbers `x`, and for each row a label `y`. The labels
decide which loss to make small, and with it how the network has to end; `choose_loss` reads both
off the labels, and `train` does the rest. The history then shows, epoch by epoch (once through
all rows), how the loss falls on the training rows and on validation rows, which are only looked at.

    python -m recipes.first_model --plot first_model.png

Try next: set `DATA = "iris"`. Nothing else changes: the network takes its inputs, their scale and
its end from the data, and it is right on more than 90 % of the validation flowers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import pandas as pd

import kerastrain as kt

from .lesson import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DATA = "digits"
EPOCHS = 20
SEED = 1


def run() -> pd.DataFrame:
    """Train on real handwritten digits: one row an epoch and split."""
    data = kt.load_dataset(DATA)
    learn, validate = kt.split_rows(len(data.x), 0.2, seed=SEED, stratify=data.y)
    scaling = keras.layers.Normalization()  # gives every column the mean 0 and the variance 1
    scaling.adapt(data.x[learn])

    def build_model(choice: kt.LossChoice) -> keras.Model:
        """Build a network of one hidden layer that ends as the loss wants it."""
        hidden = keras.layers.Dense(64, activation="relu")
        last = keras.layers.Dense(choice.units, activation=choice.activation)
        return keras.Sequential([keras.Input(data.x.shape[1:]), scaling, hidden, last])

    trained = kt.train(
        build_model,
        data.x[learn],
        data.y[learn],
        validation_data=(data.x[validate], data.y[validate]),
        optimizer=kt.adam(0.003),
        epochs=EPOCHS,
        seed=SEED,
        verbose=0,
    )
    return trained.history.assign(data=DATA)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show both splits in the first epoch, in some between, and in the last one."""
    shown = table["epoch"].isin([1, 2, 5, table["epoch"].max()])
    return table.loc[shown, ["epoch", "split", "loss", "accuracy"]]


def report(table: pd.DataFrame) -> str:
    """Say which loss was chosen and how far the training came."""
    name = table["data"].iloc[0]
    validation = table[table["split"] == "val"]
    first, last = validation.iloc[0], validation.iloc[-1]
    return (
        f"{kt.choose_loss(kt.load_dataset(name).y)}\n\n"
        f"From epoch {first['epoch']} to {last['epoch']} the loss on the validation rows of {name} "
        f"fell from {first['loss']:.2f} to {last['loss']:.2f}, and the share that the network "
        f"gets right rose from {first['accuracy']:.0%} to {last['accuracy']:.0%}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the loss over the epochs, and the share of right answers beside it."""
    left, right = kt.plots.new_axes(columns=2, width=8.0, height=3.4)
    names = {"train": "training", "val": "validation"}
    for color, (split, epochs) in zip(kt.plots.COLORS, table.groupby("split"), strict=False):
        style = "-" if split == "train" else "--"
        for ax, column in ((left, "loss"), (right, "accuracy")):
            label = names[str(split)]
            ax.plot(epochs["epoch"], epochs[column], style, color=color, label=label)
    left.set(xlabel="epoch", ylabel="loss: it falls", ylim=(0, None))
    right.set(xlabel="epoch", ylabel="share of right answers: it rises", ylim=(None, 1.005))
    for ax in (left, right):
        ax.locator_params(axis="x", integer=True)
        kt.plots.label_lines(ax)
    return left


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
