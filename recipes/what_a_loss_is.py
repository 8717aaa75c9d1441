"""Why not minimise the mistakes themselves? A loss is a number with a slope.

A loss says in one number how bad the predictions are: the smaller, the better. It must be
differentiable, which means that a tiny change of a weight changes it a little, so that its slope
tells where to go. Accuracy, the share of right answers, does not move at all then: it is what
people want to know, and training gets it by way of the loss.

    python -m recipes.what_a_loss_is --plot loss.png

Try next: set NUDGE to 0.5. So far out the accuracy moves too, in jumps, with flat steps between.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import show

EPOCHS = 12
BATCH_SIZE = 37  # 333 penguins are 9 batches
NUDGE = 1e-4  # the farthest that one weight is moved by hand
SEED = 1


def build_model(choice: kt.LossChoice) -> keras.Model:
    """Build a small network for the 8 measures of a penguin."""
    last = keras.layers.Dense(choice.units, choice.activation)
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(8, "relu"), last])


def nudge(model: keras.Model, x: NDArray[np.float32], ids: NDArray[np.int64]) -> pd.DataFrame:
    """Move one weight a little, to and fro: what happens to the loss and to the accuracy?"""
    weights = model.get_weights()
    rows = []
    for step in np.linspace(-NUDGE, NUDGE, 21):
        moved = [weight.copy() for weight in weights]
        moved[0][0, 0] += step
        model.set_weights(moved)
        p = keras.ops.convert_to_numpy(model(x))
        loss = -np.log(p[np.arange(len(ids)), ids]).mean()
        rows.append({"at": step, "loss": loss, "accuracy": (p.argmax(axis=1) == ids).mean()})
    model.set_weights(weights)
    return pd.DataFrame(rows).assign(part="nudge")


def run() -> pd.DataFrame:
    """Train, then nudge: one row an epoch, and one row a nudge (`at` is the epoch or the nudge)."""
    data = kt.load_dataset("penguins")
    x = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
    settings: dict[str, Any] = {"epochs": EPOCHS, "batch_size": BATCH_SIZE, "seed": SEED}
    trained = kt.train(build_model, x, data.y, optimizer=kt.adam(0.01), verbose=0, **settings)
    epochs = trained.history.rename(columns={"epoch": "at"}).assign(part="training")
    columns = ["part", "at", "loss", "accuracy"]
    nudges = nudge(trained.model, x, np.unique(data.y, return_inverse=True)[1])
    return pd.concat([epochs[columns], nudges[columns]], ignore_index=True)


def report(table: pd.DataFrame) -> str:
    """Say how loss and accuracy go, over training and under a nudge."""
    epochs, nudges = (table[table["part"] == part] for part in ("training", "nudge"))
    first, last = epochs.iloc[0], epochs.iloc[-1]
    widths = nudges[["loss", "accuracy"]].max() - nudges[["loss", "accuracy"]].min()
    return (
        f"One weight moved by {NUDGE:g} to either side changes the loss by {widths['loss']:.1e}, "
        f"evenly, and the accuracy by {widths['accuracy']:g}.\n"
        f"In {EPOCHS} epochs of minimising the loss it falls from {first['loss']:.2f} to "
        f"{last['loss']:.2f}, and the accuracy rises with it from {first['accuracy']:.0%} to "
        f"{last['accuracy']:.0%}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw both over the epochs, and both under the nudge of one weight."""
    left, right = kt.plots.new_axes(columns=2, width=7.6, height=3.4)
    epochs, nudges = (table[table["part"] == part] for part in ("training", "nudge"))
    for name, colour in zip(("loss", "accuracy"), kt.plots.COLORS, strict=False):
        left.plot(epochs["at"], epochs[name], color=colour, label=name)
        unmoved = nudges[name].iloc[len(nudges) // 2]
        right.plot(nudges["at"], nudges[name] - unmoved, color=colour, label=name)
    left.locator_params(axis="x", integer=True)
    left.set(xlabel="epoch", ylabel="loss, accuracy (share)", ylim=(0, None))
    right.set(xlabel="nudge of one weight", ylabel="change")
    right.ticklabel_format(scilimits=(-2, 2))
    kt.plots.label_lines(left)
    kt.plots.label_lines(right)
    return left


if __name__ == "__main__":
    show(run, report, plot)
