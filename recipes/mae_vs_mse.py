"""Which loss is robust to outliers in y? MAE grows evenly, MSE with the square of the error.

The loss measures the error e, the gap between prediction and label. The slope of the loss says how
hard a row pulls at the prediction: alike under MAE, the harder the farther off under MSE, so that
one wrong label (an outlier) can outweigh many right ones.

    MAE    mean of |e|                               slope: -1 or 1
    MSE    mean of e²                                slope: 2 e
    Huber  mean of e²/2 up to |e| = 1, |e| - 1/2 on  slope: e, but never beyond -1 and 1

Huber's loss pulls like MSE near the line (half as hard) and like MAE far from it.

    python -m recipes.mae_vs_mse --plot mae_vs_mse.png

Try next: set `COLUMN = "income"`. Now the typing error is in x, and there MAE is not robust: the
row lies so far out that it turns the line of every loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

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
COLUMN = "food"  # where the typing error stands: a 0 too many
STEPS = 400
Numbers = NDArray[np.float32]


def fit_line(x: Numbers, y: Numbers, loss: str) -> tuple[float, float]:
    """Find slope and level of the line with the least mean loss; Adam walks there."""
    middle, width = x.mean(), x.std()
    scaled = (x - middle) / width

    def mean_loss(slope: Any, level: Any) -> Any:
        return keras.ops.mean(LOSSES[loss](y[:, None], (slope * scaled + level)[:, None]))

    optimizer = kt.adam(0.05, schedule="cosine", decay_steps=STEPS)
    end = kt.trace_descent(mean_loss, (0.0, 0.0), optimizer, steps=STEPS).iloc[-1]
    return float(end["x"] / width), float(end["y"] - end["x"] * middle / width)


def households() -> dict[str, pd.DataFrame]:
    """Load income and food of 235 households, as they are and with a 0 too many in one number."""
    data = kt.load_dataset("engel")
    right = pd.DataFrame({"income": data.x[:, 0], "food": data.y}, dtype=np.float32)
    wrong = right.copy()
    wrong.loc[right["income"].argsort().iloc[-2], COLUMN] *= 10  # one of the richest
    return {"right": right, "typing error": wrong}


def run() -> pd.DataFrame:
    """Measure each loss at some errors, then fit lines to real data with and without the error."""
    rows: list[dict[str, Any]] = []
    for name, loss in LOSSES.items():
        for error in ERRORS:
            value = float(loss(np.zeros((1, 1)), np.full((1, 1), error))[0])
            slope = float(SLOPES[name](error))
            rows.append(
                {"part": "loss", "loss": name, "error": error, "value": value, "slope": slope}
            )
        for case, table in households().items():
            unit = float(households()["right"]["food"].std(ddof=0))  # errors around 1
            middle = float(table["food"].mean())
            income, food = table["income"].to_numpy(), table["food"].to_numpy()
            slope, level = fit_line(income, (food - middle) / unit, name)
            pull = np.abs(SLOPES[name](slope * income + level - (food - middle) / unit))
            turn = pull * np.abs(income - income.mean())  # farther out it has the longer lever
            wrong = np.argsort(income)[-2] if COLUMN == "food" else income.argmax()
            rows.append(
                {"part": "line", "loss": name, "data": case, "slope": slope * unit}
                | {"level": level * unit + middle, "pull": turn[wrong] / turn.sum()}
            )
    return pd.DataFrame(rows)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the lines of all losses, without and with the typing error."""
    lines = table[table["part"] == "line"]
    names = {"slope": "francs_for_food_per_franc_of_income", "pull": "pull_of_this_row"}
    return lines[["loss", "data", "slope", "pull"]].rename(columns=names)


def turned(table: pd.DataFrame) -> pd.Series[float]:
    """Say how far the typing error turns each line, as a share of its slope."""
    lines = table[table["part"] == "line"].pivot_table(index="loss", columns="data", values="slope")
    return (lines["typing error"] / lines["right"] - 1).abs()


def report(table: pd.DataFrame) -> str:
    """Say how the losses grow, and how far an outlier turns each line."""
    far = table[table["error"] == ERRORS[-1]].set_index("loss")["slope"]
    pulls = table[table["data"] == "typing error"].set_index("loss")["pull"]
    turn = turned(table)
    return (
        f"At an error of {ERRORS[-1]:g} the slope of the loss is {far['mae']:g} for "
        f"MAE, {far['huber']:g} for Huber's, {far['mse']:g} for MSE.\n"
        f"With a 0 too many in its {COLUMN}, one household of 235 has {pulls['mse']:.0%} of all "
        f"the force that turns the line under MSE, {pulls['huber']:.1%} under Huber's loss, "
        f"{pulls['mae']:.1%} under MAE.\n"
        f"One typing error in {COLUMN} turns the line of MSE by {turn['mse']:.0%}, of Huber's loss "
        f"by {turn['huber']:.1%}, of MAE by {turn['mae']:.1%}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the losses, and the lines that they lead to with one outlier among the data."""
    left, right = kt.plots.new_axes(columns=2, width=8.6, height=4.0)
    errors = np.linspace(-3, 3, 121)
    data = households()["typing error"]
    right.plot(data["income"], data["food"], ".", color="0.7", markersize=4)
    ends = np.array([300.0, 5200.0])
    colors = dict(zip(LOSSES, kt.plots.COLORS, strict=False))
    for name, loss in LOSSES.items():
        values = np.asarray(loss(np.zeros((121, 1)), errors[:, None]))
        left.plot(errors, values, color=colors[name], label=name, linewidth=2.5)
        lines = table[(table["loss"] == name) & (table["data"] == "typing error")]
        heights = lines["level"].iloc[0] + lines["slope"].iloc[0] * ends
        style = "--" if name == "huber" else "-"
        right.plot(ends, heights, style, color=colors[name], label=name, linewidth=2.5)
    wrong = data.loc[data[COLUMN].idxmax()]
    far = (min(wrong["income"], 5200.0), min(wrong["food"], 4400.0))
    right.annotate(
        f"one wrong label\n({wrong['food']:,.0f})" if COLUMN == "food" else "one wrong income",
        far,
        (far[0] - 2400, far[1] - 500),
        arrowprops={"arrowstyle": "->"},
        fontsize=11,
    )
    left.set(xlabel="error", ylabel="loss", ylim=(0, 9.2))
    right.set(xlabel="income (Belgian francs a year)", ylabel="spent on food (francs a year)")
    right.set(xlim=(200, 5400), ylim=(0, 5600))
    for ax in (left, right):
        kt.plots.label_lines(ax, size=11)
    return left


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
