"""Why not minimize the mistakes themselves? A loss is a number with a slope.

A loss says in one number how bad the predictions are: the smaller, the better. It must be
differentiable (at nearly every point), which means that it changes a little where a weight changes
a little, and that its slope tells which way it falls. Accuracy, the share of right answers, is flat
almost everywhere and then jumps: it is what people want to know, and training gets it by way of the
loss.

    python -m recipes.what_a_loss_is --plot loss.png

Try next: set `NUDGE = 0.5`. So far out the accuracy moves too: in jumps, with flat steps between
them, while the loss follows a smooth curve.
"""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import tensorflow as tf  # for the tape, which finds the slope
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import show

EPOCHS = 12
BATCH_SIZE = 37  # 333 penguins are 9 batches
NUDGE = 1e-4  # the farthest that one weight is moved by hand
FAR = 3.0  # as far as the picture goes
SEED = 1


def build_model(choice: kt.LossChoice) -> keras.Model:
    """Build a small network for the 8 measures of a penguin."""
    last = keras.layers.Dense(choice.units, choice.activation)
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(8, "relu"), last])


def move(
    model: keras.Model, x: NDArray[np.float32], ids: NDArray[np.int64], farthest: float
) -> pd.DataFrame:
    """Move one weight to and fro: what happens to the loss and to the accuracy?"""
    weight = model.layers[-1].kernel
    before = weight.numpy()
    rows = []
    for step in np.linspace(-farthest, farthest, 121):
        moved = before.copy()
        moved[0, 0] += step
        weight.assign(moved)
        p = np.asarray(model(x), dtype=np.float64)
        loss = -np.log(p[np.arange(len(ids)), ids]).mean()
        rows.append({"at": step, "loss": loss, "accuracy": (p.argmax(axis=1) == ids).mean()})
    weight.assign(before)
    return pd.DataFrame(rows)


def slope_of_the_loss(model: keras.Model, x: NDArray[np.float32], ids: NDArray[np.int64]) -> float:
    """Let TensorFlow differentiate: how much the loss changes per unit of this weight."""
    with tf.GradientTape() as tape:
        loss = keras.ops.mean(keras.losses.sparse_categorical_crossentropy(ids, model(x)))
    return float(tape.gradient(loss, model.layers[-1].kernel)[0, 0])


def run() -> pd.DataFrame:
    """Train, then move one weight: one row an epoch, and one row a move (`at` says which)."""
    data = kt.load_dataset("penguins")
    x = ((data.x - data.x.mean(axis=0)) / data.x.std(axis=0)).astype(np.float32)
    ids = np.unique(data.y, return_inverse=True)[1]
    trained = kt.train(
        build_model,
        x,
        data.y,
        optimizer=kt.adam(0.01),
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        seed=SEED,
        verbose=0,
    )
    parts = {
        "training": trained.history.rename(columns={"epoch": "at"}),
        "nudge": move(trained.model, x, ids, NUDGE),
        "far": move(trained.model, x, ids, FAR),
    }
    table = pd.concat([part.assign(part=name) for name, part in parts.items()], ignore_index=True)
    table.attrs["slope"] = slope_of_the_loss(trained.model, x, ids)
    return table[["part", "at", "loss", "accuracy"]]


def changes_of(table: pd.DataFrame) -> pd.DataFrame:
    """Subtract what the loss and the accuracy are where the weight is not moved."""
    nudges = table.loc[table["part"] == "nudge", ["at", "loss", "accuracy"]]
    change = nudges[["loss", "accuracy"]] - nudges[["loss", "accuracy"]].iloc[len(nudges) // 2]
    return change.add_prefix("change_of_").assign(weight_moved_by=nudges["at"])


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show what a few nudges change, beside what the slope foretells."""
    picked = changes_of(table).iloc[::20]
    foretold = table.attrs["slope"] * picked["weight_moved_by"]
    columns = ["weight_moved_by", "change_of_loss", "slope_times_move", "change_of_accuracy"]
    return picked.assign(slope_times_move=foretold)[columns]


def report(table: pd.DataFrame) -> str:
    """Say how loss and accuracy go, over training and where one weight moves."""
    epochs = table[table["part"] == "training"]
    first, last = epochs.iloc[0], epochs.iloc[-1]
    change = changes_of(table)
    widths = change.max() - change.min()
    return (
        f"In {EPOCHS} epochs of minimizing the loss it falls from {first['loss']:.2f} to "
        f"{last['loss']:.2f}, and the accuracy rises with it from {first['accuracy']:.0%} to "
        f"{last['accuracy']:.0%}.\n"
        f"Where one weight moves from {-NUDGE:g} to {NUDGE:g}, the loss changes by "
        f"{widths['change_of_loss']:.1e}, as its slope of {table.attrs['slope']:.4f} foretells, "
        f"and the accuracy by {widths['change_of_accuracy']:.2g}: only the loss shows the way."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the loss and the accuracy while one weight moves far."""
    above, below = kt.plots.new_axes(2, width=6.4, height=5.0, sharex=True)
    far = table[table["part"] == "far"]
    above.plot(far["at"], far["loss"], color=kt.plots.COLORS[0], linewidth=2.5)
    below.step(far["at"], far["accuracy"], color=kt.plots.COLORS[1], linewidth=2.5, where="mid")
    above.set_ylabel("loss: smooth, always a slope")
    below.set_ylabel("accuracy: flat, then a jump")
    below.set_xlabel("one weight, moved away from where training put it")
    for ax in (above, below):
        ax.axvline(0, color="0.5", linestyle=":")
    return above


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
