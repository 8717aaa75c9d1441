"""One label, many formats: which loss goes with which?

The same answer can be written as a name, as a number (a class id), or as a row of 0s with a single
1 (one-hot). The format decides which loss takes it and how the network ends; what is learned is the
same. Four rules say nearly all of it, and `choose_loss` applies them.

    two classes, or several that may all be true   binary_crossentropy               sigmoid
    one of many classes, as names or ids           sparse_categorical_crossentropy   softmax
    one of many classes, one-hot                   categorical_crossentropy          softmax
    a number to predict (regression)               mean_squared_error (or absolute)  linear

    python -m recipes.label_formats --plot formats.png

Try next: set `YOURS = ("low", "middle", "high")`. With three names in place of two, the last row of
the table has another loss and another last layer.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import number, show

YOURS = ("yes", "no", "yes")  # labels of your own
EPOCHS = 6
SEEDS = 5
SAME = ("ids 0, 1, 2", "one-hot rows")
ONE, TWO = "one sigmoid unit", "two softmax units"
TWO_WAYS = {ONE: "binary_crossentropy", TWO: "sparse_categorical_crossentropy"}


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
        "number to predict": kt.load_dataset("engel").y,
        "yours": np.array(YOURS),
    }


def build_model(choice: kt.LossChoice) -> keras.Model:
    """Build a network whose last layer is what the loss wants."""
    last = keras.layers.Dense(choice.units, choice.activation)
    return keras.Sequential([keras.layers.Dense(8, "relu"), last])


def train(model: Any, x: Any, y: Any, seed: int, **settings: Any) -> Any:
    """Train for a few epochs of 8 batches, on columns that all have mean 0 and variance 1."""
    settings |= {"epochs": EPOCHS, "batch_size": len(x) // 8, "seed": seed, "verbose": 0}
    return kt.train(model, (x - x.mean(axis=0)) / x.std(axis=0), y, **settings)


def train_in_both_formats(labels: dict[str, Any]) -> pd.DataFrame:
    """Train from equal weights on ids and on one-hot rows: one row an epoch."""
    x, runs = kt.load_dataset("penguins").x[:328], {}
    for name in SAME:
        runs[name] = train(
            build_model, x, labels[name][:328], 0, optimizer=kt.sgd(0.3, momentum=0.0)
        )
    pairs = zip(*(trained.model.get_weights() for trained in runs.values()), strict=True)
    parts = [trained.history.assign(format=name) for name, trained in runs.items()]
    table: pd.DataFrame = pd.concat(parts)
    table["weight_gap"] = max(np.abs(one - other).max() for one, other in pairs)
    return table


def train_two_ways(y: Any) -> pd.DataFrame:
    """Train two classes with one unit and with two: one row a seed, with validation accuracy."""
    x, rows = kt.load_dataset("breast_cancer").x, []
    for name, loss in TWO_WAYS.items():
        model: Any = build_model
        settings: dict[str, Any] = {"loss": loss, "optimizer": kt.sgd(0.3, momentum=0.0)}
        for seed in range(SEEDS):
            learn, validate = kt.split_rows(560, 0.2, seed=seed, stratify=y[:560])
            trained = train(model, x[learn], y[learn], seed, **settings)
            new = (x[validate] - x[learn].mean(axis=0)) / x[learn].std(axis=0)
            answers = trained.loss.decode(np.asarray(trained.model(new)))
            accuracy = np.mean(answers == y[validate])
            rows.append({"format": name, "seed": seed, "accuracy": accuracy})
            # The compiled model serves all seeds, each time with fresh initial weights.
            model, settings = trained.model, {}
            keras.utils.set_random_seed(seed + 1)
            model.set_weights(keras.models.clone_model(model).get_weights())
    return pd.DataFrame(rows)


def run() -> pd.DataFrame:
    """Choose a loss for each format, then train: the column `part` tells the tables apart."""
    labels = formats()
    choices = []
    for name, y in labels.items():
        choice: Any = kt.choose_loss(y)
        head = f"Dense({choice.units}, {choice.activation!r})"
        choices.append({"format": name, "chosen_loss": choice.loss, "last_layer": head})
    tables = {
        "choice": pd.DataFrame(choices),
        "same labels": train_in_both_formats(labels),
        "two classes": train_two_ways((labels["yes / no"] == "yes").astype(int)),
    }
    table = pd.concat([t.assign(part=part) for part, t in tables.items()], ignore_index=True)
    columns = ["part", "format", "chosen_loss", "last_layer", "epoch", "loss", "accuracy", "seed"]
    return table[[*columns, "weight_gap"]]


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the loss of both formats of the same labels, epoch by epoch."""
    same = table[table["part"] == "same labels"]
    losses = same.pivot_table(index="epoch", columns="format", values="loss")
    return (
        losses.add_prefix("loss with ")
        .rename_axis(columns=None)
        .reset_index()
        .astype({"epoch": int})
    )


def report(table: pd.DataFrame) -> str:
    """Say which loss each format gets, and that the format changes nothing else."""
    choices = table.loc[table["part"] == "choice", ["format", "chosen_loss", "last_layer"]]
    lines = [f"{name:<24} {loss:<32} {layer}" for name, loss, layer in choices.to_numpy()]
    same = table[table["part"] == "same labels"]
    losses = same.pivot_table(index="epoch", columns="format", values="loss")
    farthest = max(np.ptp(losses, axis=1).max(), same["weight_gap"].max())
    means = table[table["part"] == "two classes"].groupby("format")["accuracy"].mean()
    differ = f"differ by {number(farthest)} at most" if farthest else "are equal to the last digit"
    return "\n".join(lines) + (
        f"\n\nOn ids and on one-hot rows of the same labels, the losses of all epochs and the "
        f"weights at the end {differ}.\n"
        f"The format decides the loss, not what is learned: over {SEEDS} seeds, two classes as "
        f"{ONE} reach {means[ONE]:.1%} on validation rows, as {TWO} {means[TWO]:.1%}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the formats with their losses as a table, a color a loss."""
    ax = kt.plots.new_axes(height=3.8, width=8.0)[0]
    ax.set_axis_off()
    choices = table[table["part"] == "choice"]
    losses = list(choices["chosen_loss"].unique())
    for name, place in {"format": 0.0, "chosen_loss": 0.34, "last_layer": 0.76}.items():
        ax.text(place, 1.1, name.replace("_", " "), fontsize=11, fontweight="bold")
        for row, (text, loss) in enumerate(zip(choices[name], choices["chosen_loss"], strict=True)):
            color = kt.plots.COLORS[losses.index(loss)]
            ax.text(place, -row, text, color=color, fontsize=11)
    ax.set(xlim=(0, 1.02), ylim=(-len(choices), 2))
    return ax


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
