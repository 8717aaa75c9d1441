"""'mae', 'accuracy', 'acc': what is a metric, and what is it called afterwards?

The loss is minimised; a metric is only reported, and training goes the same way without it. Keras
writes a metric into the history under the very name that was passed to `compile`. 'accuracy' is a
short name for several metrics: which one it becomes depends on the labels and on the last layer.

    python -m recipes.metric_names --plot metrics.png

Note the last case: with several signs at once, 'accuracy' only looks at the largest one. What is
meant there is 'binary_accuracy', each sign by itself, and `train` reports that one.

Try next: set `AMOUNT = ("mape", "mean_absolute_percentage_error")`. The short name and the long one
stand for the same metric, and both stand in the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

SEED = 1
SHORT = ("accuracy", "acc")
BINARY, SPARSE = "binary_accuracy", "sparse_categorical_accuracy"
ONE_HOT = "categorical_accuracy"
SPARSE_LOSS, ONE_HOT_LOSS = "sparse_categorical_crossentropy", "categorical_crossentropy"
BINARY_LOSS = "binary_crossentropy"
AMOUNT = ("mae", "MAE", "mean_absolute_error")
# labels: the data, the loss, the last layer, the metrics by the names that are passed
CASES: dict[str, tuple[str, str, tuple[int, str], tuple[str, ...]]] = {
    "amount": ("penguin_mass", "mse", (1, "linear"), ()),  # the metrics are those of AMOUNT
    "two classes": ("breast_cancer", BINARY_LOSS, (1, "sigmoid"), (*SHORT, BINARY)),
    "ids": ("penguins", SPARSE_LOSS, (3, "softmax"), (*SHORT, SPARSE)),
    "one-hot": ("penguins", ONE_HOT_LOSS, (3, "softmax"), (*SHORT, ONE_HOT, BINARY)),
    "several signs": ("liver", BINARY_LOSS, (4, "sigmoid"), (*SHORT, ONE_HOT, BINARY)),
}


def train(labels: str, metrics: Sequence[str]) -> tuple[dict[str, Any], list[Any]]:
    """Train for an epoch; give the last row of the history, and the weights."""
    dataset, loss, (units, activation), _ = CASES[labels]
    data = kt.load_dataset(dataset)
    x = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
    y: Any = data.y
    if y.dtype.kind not in "fiu":  # names of classes
        y = np.unique(y, return_inverse=True)[1]
    y = kt.one_hot(y) if labels == "one-hot" else y
    keras.utils.set_random_seed(SEED)
    model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Dense(units, activation)])
    # A single step is not worth compiling.
    model.compile(kt.sgd(0.01), loss, metrics=list(metrics), run_eagerly=True)
    history = kt.fit(model, x, y, epochs=1, batch_size=len(x), seed=SEED, verbose=0)
    last = {str(name): value for name, value in history.iloc[-1].items()}
    return last, list(model.get_weights())


def run() -> pd.DataFrame:
    """Train a model for each kind of labels: one row a metric."""
    lines = []
    for labels, (_, _, (units, activation), named) in CASES.items():
        metrics = named or AMOUNT
        history, weights = train(labels, metrics)
        for name in metrics:
            row: dict[str, Any] = {
                "labels": labels,
                "last_layer": f"Dense({units}, {activation!r})",
            }
            row |= {"passed": name, "in_history": name in history, "value": history.get(name)}
            # Which long name stands for the same numbers as this one?
            row["same_as"] = ", ".join(
                other for other in metrics if "_" in other and history.get(other) == row["value"]
            )
            lines.append(row)
        if labels == "amount":
            _, without = train(labels, [])
            pairs = zip(weights, without, strict=True)
            gap = max(float(np.abs(one - other).max()) for one, other in pairs)
    table = pd.DataFrame(lines)
    table.attrs["weight_gap"] = gap
    return table


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show what 'accuracy' and the first metric of numeric targets stand for."""
    shown = table[table["passed"].isin(["accuracy", AMOUNT[0]])]
    return shown[["labels", "passed", "value", "same_as"]]


def report(table: pd.DataFrame) -> str:
    """Say what each name became, and that metrics do not steer."""
    accuracy = table[table["passed"] == "accuracy"]
    lines = [
        f"'accuracy' with {row['labels']} and {row['last_layer']} is {row['same_as']}."
        for _, row in accuracy.iterrows()
    ]
    return "\n".join(lines) + (
        f"\n{table['in_history'].sum()} of {len(table)} metrics stand in the history under the "
        f"name that was passed, and with or without metrics the weights end "
        f"{table.attrs['weight_gap']:g} apart: a metric is reported, not minimised."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the values that stand behind 'accuracy' and behind its long names."""
    ax = kt.plots.new_axes(height=3.8)[0]
    shown = table[(table["labels"] != "amount") & (table["passed"] != "acc")]
    names = list(shown["labels"].unique())
    for _, row in shown.iterrows():
        place = (row["value"], names.index(row["labels"]))
        if row["passed"] == "accuracy":
            ax.plot(*place, "kx", markersize=9, zorder=3)
            continue
        colour = kt.plots.COLORS[(SPARSE, ONE_HOT, BINARY).index(row["passed"])]
        ax.plot(*place, "o", color=colour, markersize=9)
        up = -0.36 if row["passed"] == BINARY else 0.2
        ax.text(place[0], place[1] + up, row["passed"], color=colour, ha="center", fontsize=9)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlim=(0.1, 0.95), ylim=(-0.6, len(names) - 0.4))
    ax.set_title("'accuracy' (cross) is another metric with other labels", loc="left", fontsize=10)
    ax.set_xlabel("value after one step (a cross marks what 'accuracy' gives)")
    return ax


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
