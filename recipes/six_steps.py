"""What is training? Six steps, written out by hand.

A network starts with random weights and knows nothing. It predicts, is told by the loss how far
off it was, and the optimizer moves each weight a little so that the loss falls; this goes on until
the loss is small. `train` does exactly these steps, so both ways end with the same weights.

    python -m recipes.six_steps --plot six_steps.png

Try next: set `SMALL = 0.05`. The loop goes through the data more often until the loss is small
enough, and `train` still ends with the same weights.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf  # for the tape, which finds the gradients; all else is Keras
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import pick_rows, show

SMALL = 0.2  # the loss that is small enough
BATCH_SIZE = 37  # 333 penguins are 9 batches
LEARNING_RATE = 0.1
SEED = 1


def train_by_hand(
    model: keras.Model, rows: NDArray[np.float32], labels: NDArray[np.int64]
) -> list[float]:
    """Train until the loss is small; give the mean loss of each epoch (once through all rows)."""
    optimizer = kt.sgd(LEARNING_RATE, momentum=0.0)
    history = [np.inf]
    while history[-1] > SMALL:
        losses: list[float] = []
        for first in range(0, len(rows), BATCH_SIZE):
            # 1. Split the data into input x and label y, for a batch (a few rows) at a time.
            x, y = rows[first : first + BATCH_SIZE], labels[first : first + BATCH_SIZE]
            with tf.GradientTape() as tape:
                # 2. The network predicts y' from x.
                y_pred = model(x, training=True)
                # 3. The loss measures how far y' is from y.
                loss = keras.losses.sparse_categorical_crossentropy(y, y_pred)
                mean_loss = keras.ops.mean(loss)
            # 4. The optimizer updates the weights with the gradient (the slope) of the loss.
            gradients = tape.gradient(mean_loss, model.trainable_variables)
            optimizer.apply(gradients, model.trainable_variables)
            # 5. Again, with the next batch.
            losses += np.asarray(loss).tolist()
        # 6. Until the loss is small.
        history.append(float(np.mean(losses)))
    return history[1:]


def run() -> pd.DataFrame:
    """Train one network by hand and its twin with `train`: one row an epoch."""
    data = kt.load_dataset("penguins")
    order = np.random.default_rng(SEED).permutation(len(data.y))  # they come sorted by species
    x = ((data.x - data.x.mean(axis=0)) / data.x.std(axis=0))[order]
    y = np.unique(data.y, return_inverse=True)[1][order]
    keras.utils.set_random_seed(SEED)
    hidden, last = keras.layers.Dense(8, "relu"), keras.layers.Dense(3, "softmax")
    model = keras.Sequential([keras.Input(x.shape[1:]), hidden, last])
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())

    by_hand = train_by_hand(model, x, y)
    settings: dict[str, Any] = {"epochs": len(by_hand), "batch_size": BATCH_SIZE, "verbose": 0}
    settings["optimizer"] = kt.sgd(LEARNING_RATE, momentum=0.0)
    trained = kt.train(twin, x, y, shuffle=False, **settings)
    pairs = zip(model.get_weights(), twin.get_weights(), strict=True)
    return pd.DataFrame(
        {
            "epoch": trained.history["epoch"],
            "loss_by_hand": by_hand,
            "loss_of_train": trained.history["loss"],
            "largest_gap_of_weights": max(np.abs(one - other).max() for one, other in pairs),
        }
    )


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the loss of both ways in the first epochs and in the last one."""
    return pick_rows(table[["epoch", "loss_by_hand", "loss_of_train"]])


def report(table: pd.DataFrame) -> str:
    """Say how the loss fell and how far the two ways differ."""
    first, last = table.iloc[0], table.iloc[-1]
    gap = last["largest_gap_of_weights"]
    apart = f"no more than {gap:.1e} apart" if gap else "equal to the last digit"
    return (
        f"After {len(table)} times through the data the loss has fallen from "
        f"{first['loss_by_hand']:.2f} to {last['loss_by_hand']:.2f}, which is small enough.\n"
        f"The six steps by hand and train() end with the same weights: after {len(table)} epochs "
        f"they are {apart}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the loss of both ways; the dots lie on the line."""
    ax = kt.plots.new_axes()[0]
    ax.plot(table["epoch"], table["loss_of_train"], color=kt.plots.COLORS[0])
    ax.plot(table["epoch"], table["loss_by_hand"], "o", color=kt.plots.COLORS[1])
    middle = table.iloc[len(table) // 3]
    place = (middle["epoch"] + 0.2, middle["loss_by_hand"])
    ax.annotate("dots: the six steps by hand\n", place, color=kt.plots.COLORS[1], fontsize=12)
    ax.annotate("line: train()", place, color=kt.plots.COLORS[0], fontsize=12)
    ax.axhline(SMALL, color="0.5", linestyle=":")
    ax.annotate("small enough", (1, SMALL), xytext=(0, 4), textcoords="offset points", color="0.4")
    ax.locator_params(axis="x", integer=True)
    ax.set(xlabel="epoch", ylabel="loss (cross-entropy)", ylim=(0, None))
    return ax


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
