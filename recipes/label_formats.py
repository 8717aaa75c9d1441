"""One label, many formats: which loss goes with which?

The same answer can be written as a name, as a number (a class id), or as a row of 0s with a single
1 (one-hot). The format decides which loss takes it and how the network ends; what is learnt is the
same. Four rows say nearly all of it, and `choose_loss` knows them:

    two classes, or several that may all be true   binary_crossentropy               sigmoid
    one of many classes, as names or ids           sparse_categorical_crossentropy   softmax
    one of many classes, one-hot                   categorical_crossentropy          softmax
    an amount                                      mean_squared_error (or absolute)  linear

    python -m recipes.label_formats --plot formats.png

Try next: print(kt.choose_loss(formats()["ids 0, 1, 2"])) explains one row in full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pandas as pd

import kerastrain as kt
from kerastrain.plots import COLOURS, new_axes

from .lesson import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EPOCHS = 8
SEEDS = 5
SAME = ("ids 0, 1, 2", "one-hot rows")
TWO_WAYS = {
    "one sigmoid unit": "binary_crossentropy",
    "two softmax units": "sparse_categorical_crossentropy",
}


def formats() -> dict[str, Any]:
    """Write the labels of real data in the formats that one meets."""
    species = kt.load_dataset("penguins").y
    ids = np.unique(species, return_inverse=True)[1]
    malignant = kt.load_dataset("breast_cancer").y == "malignant"
    return {
        "names of 3 species": species,
        "ids 0, 1, 2": ids,
        "ids 1, 2, 3": ids + 1,
        "one-hot rows": kt.one_hot(ids),
        "yes / no": np.where(malignant, "yes", "no"),
        "True / False": malignant,
        "1 / 0": malignant.astype(int),
        "+1 / -1": np.where(malignant, 1, -1),
        "4 signs, each yes or no": kt.load_dataset("liver").y,
        "amount": kt.load_dataset("diabetes").y.astype(float) + 0.5,
    }


def build_model(choice: kt.LossChoice) -> keras.Model:
    """Build a network whose last layer is what the loss wants."""
    last = keras.layers.Dense(choice.units, choice.activation)
    return keras.Sequential([keras.layers.Dense(8, "relu"), last])


def train(dataset: str, labels: Any, *, seed: int, loss: str = "auto") -> kt.TrainingRun:
    """Train on these labels, a fifth of the rows held out."""
    x = kt.load_dataset(dataset).x
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    settings = {"epochs": EPOCHS, "validation_split": 0.2, "seed": seed, "verbose": 0}
    return kt.train(build_model, x, labels, loss=loss, optimizer=kt.adam(0.01), **settings)


def run() -> pd.DataFrame:
    """Choose a loss for each format, then train: one row a choice, one row an epoch."""
    labels = formats()
    choices = []
    for name, y in labels.items():
        choice = kt.choose_loss(y)
        head = f"Dense({choice.units}, {choice.activation!r})"
        choices.append({"format": name, "chosen_loss": choice.loss, "last_layer": head})

    same = {name: train("penguins", labels[name], seed=0) for name in SAME}
    trainings = [trained.history.assign(format=name, seed=0) for name, trained in same.items()]
    for name, loss in TWO_WAYS.items():
        for seed in range(SEEDS):
            trained = train("breast_cancer", labels["yes / no"], seed=seed, loss=loss)
            trainings.append(trained.history.assign(format=name, seed=seed))

    table = pd.concat([pd.DataFrame(choices), *trainings], ignore_index=True)
    ids, rows = (trained.model.get_weights() for trained in same.values())
    gaps = [np.abs(a - b).max() for a, b in zip(ids, rows, strict=True)]
    table.attrs["largest_gap_of_weights"] = float(max(gaps))
    return table.drop(columns=["seconds", "learning_rate"])


def accuracies(table: pd.DataFrame) -> pd.DataFrame:
    """Give the accuracy on held-out rows at the end: one row a seed, one column a way."""
    ends = table[(table["epoch"] == EPOCHS) & (table["split"] == "val")]
    return ends.pivot_table(index="seed", columns="format", values="accuracy")[list(TWO_WAYS)]


def report(table: pd.DataFrame) -> str:
    """Say which loss each format gets, and that the format changes nothing else."""
    choices = table[table["chosen_loss"].notna()]
    lines = [
        f"{row.format:<24} {row.chosen_loss:<32} {row.last_layer}" for row in choices.itertuples()
    ]
    ids, rows = (
        table.loc[table["format"].eq(name) & table["epoch"].notna(), "loss"] for name in SAME
    )
    means = accuracies(table).mean()
    return "\n".join(lines) + (
        f"\n\nIds and one-hot rows of the same labels: the losses of all epochs differ by "
        f"{np.abs(ids.to_numpy() - rows.to_numpy()).max():.0e} at most, the weights at the end by "
        f"{table.attrs['largest_gap_of_weights']:.0e}.\n"
        f"The format decides the loss, not what is learnt: over {SEEDS} seeds, two classes as one "
        f"sigmoid unit end at {means.iloc[0]:.1%} accuracy, as two softmax units at "
        f"{means.iloc[1]:.1%}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the four kinds of labels with their losses, as a table."""
    ax = new_axes(height=3.6, width=7.4)[0]
    ax.set_axis_off()
    choices = table[table["chosen_loss"].notna()]
    for row, line in enumerate(choices.itertuples()):
        colour = COLOURS[list(choices["chosen_loss"].unique()).index(line.chosen_loss)]
        for place, text in ((0.0, line.format), (0.33, line.chosen_loss), (0.76, line.last_layer)):
            ax.text(place, -row, text, color=colour, fontsize=10)
    for place, text in ((0.0, "format of the labels"), (0.33, "loss"), (0.76, "last layer")):
        ax.text(place, 1.2, text, fontsize=10, fontweight="bold")
    ax.set(xlim=(0, 1.02), ylim=(-len(choices), 2))
    return ax


if __name__ == "__main__":
    show(run, report, plot)
