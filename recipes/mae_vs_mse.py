"""MAE grows evenly and bears outliers; MSE grows with the square and is dragged by them.

For amounts the loss measures the error, the gap between prediction and label. The mean absolute
error (MAE) has the same slope however large the error is; the mean squared error (MSE) gets
steeper with it, so that one far-off row (an outlier) can outweigh many. Huber's loss is square for
small errors and even for large ones, and lies between.

    python -m recipes.mae_vs_mse --plot mae_vs_mse.png

Try next: set OUTLIERS to 0. Then nothing is left out, and all lines stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "mae": keras.losses.mean_absolute_error,
    "huber": keras.losses.huber,
    "mse": keras.losses.mean_squared_error,
}
# The slope of each loss at an error e: how hard a row pulls at the prediction.
SLOPES: dict[str, Callable[[Any], Any]] = {
    "mae": np.sign,
    "huber": lambda e: np.clip(e, -1, 1),
    "mse": lambda e: 2 * e,
}
ERRORS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
OUTLIERS = 1  # the richest household of all spends far less on food than the rest would lead to
STEPS = 400


def fit_line(x: Any, y: Any, loss: str) -> tuple[float, float]:
    """Find slope and intercept with the least mean loss; Adam walks there."""

    def mean_loss(slope: Any, intercept: Any) -> Any:
        return keras.ops.mean(LOSSES[loss](y[:, None], (slope * x + intercept)[:, None]))

    optimizer = kt.adam(0.05, schedule="cosine", decay_steps=STEPS)
    end = kt.trace_descent(mean_loss, (0.0, 0.0), optimizer, steps=STEPS).iloc[-1]
    return float(end["x"]), float(end["y"])


def run() -> pd.DataFrame:
    """Measure each loss at some errors, then fit lines to real data with and without outliers."""
    rows: list[dict[str, Any]] = []
    for name, loss in LOSSES.items():
        for error in ERRORS:
            value = float(loss(np.zeros((1, 1)), np.full((1, 1), error))[0])
            slope = float(SLOPES[name](error))
            rows.append(
                {"part": "loss", "loss": name, "error": error, "value": value, "slope": slope}
            )
    data = kt.load_dataset("engel")
    income, food = data.x[:, 0], data.y.astype(np.float32)
    x, y = (income - income.mean()) / income.std(), (food - food.mean()) / food.std()
    usual = np.argsort(income)[: len(income) - OUTLIERS]
    for name in LOSSES:
        for case, part in (("all", slice(None)), ("without outliers", usual)):
            slope, intercept = fit_line(x[part], y[part], name)
            pulls = np.abs(SLOPES[name](slope * x + intercept - y))
            line = {"slope": slope * food.std() / income.std()}
            line["level"] = intercept * food.std() + food.mean() - line["slope"] * income.mean()
            line["pull_of_richest"] = pulls[income.argmax()] / pulls.sum()
            rows.append({"part": "line", "loss": name, "rows": case} | line)
    return pd.DataFrame(rows)


def report(table: pd.DataFrame) -> str:
    """Say how the losses grow, and how far an outlier drags each line."""
    far = table[table["error"] == ERRORS[-1]].set_index("loss")["slope"]
    lines = table[table["part"] == "line"].pivot_table(index="loss", columns="rows", values="slope")
    moved = (lines["all"] - lines["without outliers"]).abs() / lines["without outliers"]
    pulls = table[(table["rows"] == "all")].set_index("loss")["pull_of_richest"]
    return (
        f"At an error of {ERRORS[-1]:g} the slope of the loss is {far['mae']:g} for "
        f"MAE, {far['huber']:g} for Huber's, {far['mse']:g} for MSE.\n"
        f"One household in 235 pulls with {pulls['mse']:.0%} of all force on the line of MSE, "
        f"with {pulls['huber']:.1%} on Huber's, with {pulls['mae']:.1%} on that of MAE.\n"
        f"Leaving out this outlier turns the line of MSE by {moved['mse']:.0%}, of Huber's loss by "
        f"{moved['huber']:.1%}, of MAE by {moved['mae']:.1%}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the losses, and the lines with all rows (solid) and without the outlier (dashed)."""
    left, right = kt.plots.new_axes(columns=2, width=8.0, height=3.6)
    errors = np.linspace(-4, 4, 161)
    data = kt.load_dataset("engel")
    income, food = data.x[:, 0], data.y
    right.plot(income, food, ".", color="0.75", markersize=4)
    for (name, loss), colour in zip(LOSSES.items(), kt.plots.COLORS, strict=False):
        values = np.asarray(loss(np.zeros((161, 1)), errors[:, None]))
        shown = values < 8
        left.plot(errors[shown], values[shown], color=colour, label=name)
        lines = table[(table["loss"] == name) & (table["part"] == "line")]
        for (_, row), style in zip(lines.iterrows(), ("-", "--"), strict=True):
            ends = np.array([income.min(), income.max()])
            right.plot(ends, row["level"] + row["slope"] * ends, style, color=colour)
    right.annotate("solid: all rows\ndashed: without the outlier", (600, 2500), fontsize=9)
    kt.plots.label_lines(left)
    left.set(xlabel="error", ylabel="loss", ylim=(0, 9))
    right.set(xlabel="income (Belgian francs a year)", ylabel="spent on food (francs a year)")
    right.annotate(
        "outlier",
        (income.max(), food[income.argmax()]),
        (-10, -14),
        textcoords="offset points",
        ha="center",
        fontsize=9,
    )
    return left


if __name__ == "__main__":
    show(run, report, plot)
