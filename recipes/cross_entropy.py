"""How wrong is a probability? Cross-entropy: 0 when right, without bound when confidently wrong.

Softmax turns a network's last numbers (logits) into a probability p for each class; the one-hot
label puts all of it on the right class. Cross-entropy is the distance between the two, and as the
label is 0 elsewhere only -log p of the right class is left: 0 at p = 1, more and more as p falls.
With two classes p belongs to the one class and 1 - p to the other: binary cross-entropy.

    python -m recipes.cross_entropy --plot cross_entropy.png

Keras cuts probabilities at 1e-7, so that log 0 never happens, and its loss ends there; on logits
(from_logits=True) it does not cut.

Try next: add 1e-12 to PROBABILITIES. Only the column of logits goes on to follow the formula.
"""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

PROBABILITIES = (1.0, 0.9, 0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10)
NUM_CLASSES = 3
CUT = 1e-7  # keras.config.epsilon()


def formula(p: float) -> float:
    """Give the cross-entropy of the probability that the right class got."""
    return float(-np.log(p))


def binary_formula(y: float, p: float) -> float:
    """Give the cross-entropy of a label y, 0 or 1, and the probability p that it is 1."""
    return formula(p) if y == 1 else formula(1 - p)


def run() -> pd.DataFrame:
    """Compare the formulas with Keras' losses: one row a probability of the right class."""
    p = np.array(PROBABILITIES, dtype=np.float32)
    others = (1 - p) / (NUM_CLASSES - 1)  # the other classes share the rest
    softmax = np.stack([p, others, others], axis=1)
    logits = np.log(np.maximum(softmax, 1e-30))
    ids = np.zeros(len(p), dtype=np.int32)
    ones = np.ones((len(p), 1), dtype=np.float32)
    losses = keras.losses
    columns = {
        "formula": [formula(float(value)) for value in p],
        "sparse": losses.sparse_categorical_crossentropy(ids, softmax),
        "categorical": losses.categorical_crossentropy(kt.one_hot(ids, NUM_CLASSES), softmax),
        "logits": losses.sparse_categorical_crossentropy(ids, logits, from_logits=True),
        "binary_formula": [binary_formula(1, float(value)) for value in p],
        "binary": losses.binary_crossentropy(ones, p[:, None]),
    }
    return pd.DataFrame({"p": PROBABILITIES} | {k: np.asarray(v) for k, v in columns.items()})


def report(table: pd.DataFrame) -> str:
    """Say how the loss grows and where Keras ends."""
    shown = table[table["p"] > 2 * CUT]
    gap = (shown[["sparse", "categorical", "logits", "binary"]]).sub(shown["formula"], axis=0)
    least = table.iloc[-1]
    even = table.loc[table["p"] == 0.5, "formula"].iloc[0]
    return (
        f"Down to p = {shown['p'].min():g} the formula and Keras' losses differ by "
        f"{gap.abs().to_numpy().max():.0e} at most; p = 0.5 costs {even:.2f}.\n"
        f"Cross-entropy is {abs(table['formula'].iloc[0]):g} at p = 1 and {least['formula']:.1f} "
        f"at p = {least['p']:g}, but Keras' loss on probabilities ends at {least['sparse']:.1f}, "
        f"as it cuts p at {CUT:g}; on logits it reads {least['logits']:.1f}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the loss over the probability of the right class."""
    ax = kt.plots.new_axes()[0]
    fine = np.geomspace(table["p"].min(), 1, 300)
    ax.plot(fine, -np.log(fine), color=kt.plots.COLORS[0])
    ax.plot(table["p"], table["sparse"], "o", color=kt.plots.COLORS[1])
    ax.plot(table["p"], table["logits"], "x", color=kt.plots.COLORS[2], markersize=9)
    ax.set_xscale("log")
    ax.invert_xaxis()
    ax.annotate("-log p: no bound", (1e-4, 11), color=kt.plots.COLORS[0], fontsize=10, ha="right")
    ax.annotate("Keras on logits", (3e-9, 21), color=kt.plots.COLORS[2], fontsize=10, ha="right")
    ax.annotate(
        "Keras on probabilities\nends at 16.1", (2e-7, 11.6), color=kt.plots.COLORS[1], fontsize=10
    )
    ax.set(xlabel="probability p of the right class (right → confidently wrong)", ylabel="loss")
    return ax


if __name__ == "__main__":
    show(run, report, plot)
