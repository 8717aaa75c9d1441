"""Never quite sure: what does label smoothing do to a network's confidence?

A one-hot label asks for a probability of exactly 1, which softmax reaches only with logits that
grow for ever. Label smoothing asks for a little less: with a share s spread over all K classes the
right one gets 1 - s + s/K, and the loss is lowest there. The answers stay, the confidence falls: a
gain where it was too high, but a network that is nearly always right becomes too modest.

    python -m recipes.soft_labels --plot soft_labels.png

Try next: set `SMOOTHING = 0.3`. About as many answers are right, and the network is less
sure still.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

SMOOTHING = 0.1
VALIDATION_ROWS = 400
CLASSES = 10
EPOCHS = 20
SEED = 1


def soften(label: int, smoothing: float) -> list[float]:
    """Write one label as a soft row: most for the right class, a little for each."""
    row = np.full(CLASSES, smoothing / CLASSES)
    row[label] += 1 - smoothing
    return row.tolist()


def best_confidence(smoothing: float) -> float:
    """Give the probability of the right class at which the smoothed loss is lowest."""
    return 1 - smoothing + smoothing / CLASSES


def build_model(choice: kt.LossChoice) -> keras.Model:
    """Build a network for the digits."""
    last = keras.layers.Dense(CLASSES, choice.activation)
    return keras.Sequential([keras.layers.Dense(64, "relu"), last])


def run() -> pd.DataFrame:
    """Train on hard and on soft labels: one row for each validation row and way."""
    data = kt.load_dataset("digits")
    order = np.random.default_rng(SEED).permutation(len(data.y))
    x, y = data.x[order] / 16, data.y[order]
    cut = len(y) - VALIDATION_ROWS
    tables = []
    for way, smoothing in (("hard labels", 0.0), ("soft labels", SMOOTHING)):
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
        settings: dict[str, Any] = {"loss": loss, "epochs": EPOCHS, "seed": SEED, "verbose": 0}
        rows = kt.one_hot(y[:cut], CLASSES)  # the form that this loss takes
        model = kt.train(build_model, x[:cut], rows, optimizer=kt.adam(0.01), **settings).model
        for split, part in (("train", slice(cut)), ("val", slice(cut, None))):
            said = np.asarray(model(x[part]))
            columns = {"confidence": said.max(axis=1), "right": said.argmax(axis=1) == y[part]}
            tables.append(pd.DataFrame(columns).assign(way=way, split=split))
    return pd.concat(tables, ignore_index=True)


def scores(table: pd.DataFrame) -> pd.DataFrame:
    """Give accuracy and mean confidence on the validation rows, and the latter where wrong."""
    rows = table[table["split"] == "val"]
    means = rows.groupby("way").agg(accuracy=("right", "mean"), confidence=("confidence", "mean"))
    wrong = rows[~rows["right"]].groupby("way")["confidence"].mean()
    training = table[table["split"] == "train"].groupby("way")["confidence"].mean()
    return means.assign(where_wrong=wrong, on_training_rows=training)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the scores of both ways."""
    return scores(table).round(3).reset_index()


def report(table: pd.DataFrame) -> str:
    """Say what a soft label is, and what it does to accuracy and confidence."""
    measured = scores(table)
    hard, soft = measured.loc["hard labels"], measured.loc["soft labels"]
    first = " ".join(f"{share:.2f}" for share in soften(3, SMOOTHING))
    return (
        f"The label 3 as a soft row: {first}.\n"
        f"On training rows the mean confidence is {soft['on_training_rows']:.2f}, where the loss "
        f"asks for {best_confidence(SMOOTHING):.2f}; where the network is wrong it falls from "
        f"{hard['where_wrong']:.2f} to {soft['where_wrong']:.2f}.\n"
        f"With hard labels {hard['accuracy']:.1%} of the answers are right, at a mean confidence "
        f"of {hard['confidence']:.1%}; with soft labels {soft['accuracy']:.1%}, at "
        f"{soft['confidence']:.1%}: as many are right, and the network says it with more doubt."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw how sure the network is of its answers, with hard labels above and soft ones below.

    With hard labels nearly all answers are given with a confidence near 1; with soft ones they
    spread below 0.95, though as many are right.
    """
    axes = kt.plots.new_axes(2, width=5.6, height=5.6, sharex=True)
    measured = scores(table)
    for ax, colour, (way, rows) in zip(
        axes, kt.plots.COLORS, table[table["split"] == "val"].groupby("way"), strict=False
    ):
        ax.hist(rows["confidence"], np.linspace(0, 1, 26), color=colour, alpha=0.8)
        ax.axvline(measured.loc[way, "accuracy"], color="0.2", linestyle="--")
        text = f"{way}: {measured.loc[way, 'accuracy']:.0%} are right,\nmean confidence "
        ax.annotate(
            text + f"{measured.loc[way, 'confidence']:.0%}",
            (0.03, 0.75),
            xycoords="axes fraction",
            color=colour,
        )
        ax.set(ylabel="validation rows", xlim=(0, 1.02))
    axes[0].annotate(
        "share that\nis right",
        (measured["accuracy"].iloc[0], 150),
        xytext=(-8, 0),
        textcoords="offset points",
        ha="right",
        color="0.2",
    )
    axes[1].set_xlabel("confidence: probability of the answer that is given")
    return axes[0]


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
