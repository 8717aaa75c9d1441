"""How wrong is a probability? Cross-entropy: 0 for a sure right answer, no bound for a wrong one.

Softmax turns a network's last numbers (logits) into a probability p for each class; the one-hot
label puts all of it on the right class. Cross-entropy measures how surprised the model is by the
right class, and as the label is 0 elsewhere only -log p of that class is left: 0 at p = 1, 0.69 at
p = 0.5 (a coin toss), more and more as p falls to 0. With two classes p belongs to the one class
and 1 - p to the other: binary cross-entropy.

    python -m recipes.cross_entropy --plot cross_entropy.png

Keras cuts bare probabilities at 1e-7, so that log 0 never happens, and the loss ends at 16.1. A
model that ends in softmax is not cut: in fit and evaluate, Keras takes the logits from behind the
softmax.

Try next: set `LEAST = 1e-12`. Only the loss on bare probabilities stays where it is; on logits, and
in a model that ends in softmax, the loss goes on to follow the formula.
"""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import show

LEAST = 1e-10  # the smallest probability of the right class
NUM_CLASSES = 3
CUT = 1e-7  # keras.config.epsilon()


def formula(p: float) -> float:
    """Give the cross-entropy of the probability that the right class got."""
    return float(-np.log(p))


def binary_formula(y: float, p: float) -> float:
    """Give the cross-entropy of a label y, 0 or 1, and the probability p that it is 1."""
    return formula(p) if y == 1 else formula(1 - p)


def loss_of_a_model(logits: NDArray[np.float32]) -> list[float]:
    """Let `evaluate` compute the loss, row by row, of a model that ends in softmax."""
    model = keras.Sequential([keras.Input((NUM_CLASSES,)), keras.layers.Softmax()])
    model.compile(loss="sparse_categorical_crossentropy")
    label = np.zeros(1, dtype=np.int32)
    return [float(model.evaluate(row[None], label, verbose=0)) for row in logits]


def run() -> pd.DataFrame:
    """Compare the formulas with Keras' losses: one row a probability of the right class."""
    powers = np.geomspace(1e-2, LEAST, 9)
    p = np.array([1.0, 0.9, 0.5, 0.1, *powers], dtype=np.float32)
    others = (1 - p) / (NUM_CLASSES - 1)  # the other classes share the rest
    softmax = np.stack([p, others, others], axis=1)
    logits = np.log(np.maximum(softmax, 1e-30))
    ids = np.zeros(len(p), dtype=np.int32)
    ones = np.ones((len(p), 1), dtype=np.float32)
    losses = keras.losses
    columns = {
        "p": p,
        "formula": [formula(float(value)) for value in p],
        "sparse": losses.sparse_categorical_crossentropy(ids, softmax),
        "categorical": losses.categorical_crossentropy(kt.one_hot(ids, NUM_CLASSES), softmax),
        "logits": losses.sparse_categorical_crossentropy(ids, logits, from_logits=True),
        "model": loss_of_a_model(logits),
        "binary_formula": [binary_formula(1, float(value)) for value in p],
        "binary": losses.binary_crossentropy(ones, p[:, None]),
    }
    return pd.DataFrame({name: np.asarray(v, dtype=float) for name, v in columns.items()})


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the formula, the loss on bare probabilities, and the loss of a model."""
    picked = table.iloc[[0, 1, 2, 3, 4, 7, 10, -1]]
    names = {"sparse": "Keras on bare p", "model": "model ending in softmax"}
    return picked[["p", "formula", "sparse", "model"]].rename(columns=names)


def report(table: pd.DataFrame) -> str:
    """Say how the loss grows and where Keras ends."""
    shown = table[table["p"] > 2 * CUT]
    gap = (shown[["sparse", "categorical", "logits", "model", "binary"]]).sub(
        shown["formula"], axis=0
    )
    last = table.iloc[-1]
    even = table["formula"].iloc[2]
    return (
        f"Down to p = {shown['p'].min():.0e} the formula and Keras' losses differ by "
        f"{gap.abs().to_numpy().max():.0e} at most.\n"
        f"Cross-entropy is {abs(table['formula'].iloc[0]):g} at p = 1, {even:.2f} at p = 0.5 and "
        f"{last['formula']:.1f} at p = {last['p']:.0e}. Keras' loss on bare probabilities ends at "
        f"{last['sparse']:.1f}, as it cuts p at {CUT:g}; a model that ends in softmax reaches "
        f"{last['model']:.1f}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the loss over p: cheap when right, steep without bound towards p = 0."""
    ax = kt.plots.new_axes(width=6.4, height=4.2)[0]
    fine = np.geomspace(1e-4, 1, 600)
    ax.plot(fine, -np.log(fine), color=kt.plots.COLORS[0], linewidth=2.5)
    notes = {0.9: "p = 0.9: {:.1f}", 0.5: "a coin toss: {:.2f}", 0.1: "p = 0.1: {:.1f}"}
    for p, text in (notes | {0.01: "p = 0.01: {:.1f}"}).items():
        loss = formula(p)
        ax.plot(p, loss, "o", color=kt.plots.COLORS[1], markersize=8)
        ax.annotate(text.format(loss), (p, loss), (8, 6), textcoords="offset points", fontsize=12)
    ax.annotate(
        "sure and wrong:\nno bound",
        (0.0, 8.2),
        (0.12, 7.2),
        fontsize=12,
        arrowprops={"arrowstyle": "->"},
    )
    ax.set(xlim=(-0.02, 1.08), ylim=(0, 8.5), ylabel="loss: -log p")
    ax.set_xlabel("probability p that the model gives the right class")
    return ax


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
