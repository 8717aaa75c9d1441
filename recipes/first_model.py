"""From labels to a trained model, in one sitting.

A network learns from examples: rows of numbers `x`, and for each row a label `y`. The labels
decide which loss to make small, and with it how the network has to end; `choose_loss` reads both
off the labels, and `train` does the rest. The history then shows, epoch by epoch (once through
all rows), how the loss falls on the rows that the network learns from and on rows held out.

    python -m recipes.first_model --plot first_model.png

Try next: load "iris" instead of "digits". Only the inputs change: keras.Input((4,)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import pandas as pd

import kerastrain as kt

from .lesson import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EPOCHS = 20
SEED = 1


def build_model(choice: kt.LossChoice) -> keras.Model:
    """Build a network of one hidden layer that ends as the loss wants it."""
    return keras.Sequential(
        [
            keras.Input((64,)),  # 8 by 8 points of an image, each from 0 to 16
            keras.layers.Rescaling(1 / 16),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(choice.units, activation=choice.activation),
        ]
    )


def run() -> pd.DataFrame:
    """Train on real handwritten digits."""
    data = kt.load_dataset("digits")
    trained = kt.train(
        build_model,
        data.x,
        data.y,
        optimizer=kt.adam(1e-3),
        epochs=EPOCHS,
        validation_split=0.2,
        seed=SEED,
        verbose=0,
    )
    return trained.history


def report(table: pd.DataFrame) -> str:
    """Say which loss was chosen and how far the training came."""
    digits = kt.load_dataset("digits").y
    rows = table[table["split"] == "val"]
    first, last = rows.iloc[0], rows.iloc[-1]
    return (
        f"{kt.choose_loss(digits)}\n\n"
        f"From epoch 1 to {EPOCHS} the loss on held-out digits fell from {first['loss']:.2f} to "
        f"{last['loss']:.2f}, and the share of them that it reads right rose from "
        f"{first['accuracy']:.0%} to {last['accuracy']:.0%}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the loss over the epochs."""
    ax = kt.plots.plot_history(table)
    ax.set_title("Reading digits: both losses fall", loc="left")
    return ax


if __name__ == "__main__":
    show(run, report, plot)
