"""From logits to probabilities: what does softmax do, and why does cross-entropy follow it?

The last layer gives one number a class, the logit, and softmax makes probabilities of them: e to
the logit, divided by the sum of all of those. Only differences of logits count; a temperature
divides them first, so that a low one makes the network surer and a high one more doubtful.
Cross-entropy undoes the e again, so that a confidently wrong answer has a steep slope; the mean
squared error of a probability is flat there, and the network is stuck in its mistake.

    python -m recipes.softmax_and_logits --plot softmax.png

Try next: set `START = 0.0`. Without a wrong opinion at the start both losses learn about alike.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import show

TEMPERATURES = (0.25, 1.0, 4.0)
LOGITS = np.arange(-12.0, 6.01, 0.5, dtype=np.float32)
START = -10.0  # the logit of "malignant" for every row, before the training
EPOCHS = 15
SEED = 0
LOSSES = {"cross-entropy": "binary_crossentropy", "mse": "mean_squared_error"}


def softmax(logits: Any, temperature: float = 1.0) -> NDArray[np.float64]:
    """Turn logits into probabilities; taking away the largest first keeps e to it finite."""
    scaled = np.asarray(logits, float) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def slope(loss: str, logits: Any) -> NDArray[np.float64]:
    """Let the backend find the slope of a loss over the logit of the right class."""
    logits = tf.convert_to_tensor(logits)[:, None]
    with tf.GradientTape() as tape:
        tape.watch(logits)
        probability = keras.ops.sigmoid(logits)
        values = keras.losses.get(loss)(keras.ops.ones_like(logits), probability)
    return np.asarray(tape.gradient(values, logits), float)[:, 0]


def doubtful_bird() -> tuple[list[str], NDArray[np.float64]]:
    """Train logits for three species of penguins, and pick a bird whose two best lie 1 apart."""
    data = kt.load_dataset("penguins")
    x = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
    settings: dict[str, Any] = {
        "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    }
    settings |= {"optimizer": kt.adam(0.01), "seed": SEED, "verbose": 0}
    names, y = np.unique(data.y, return_inverse=True)
    trained = kt.train(lambda _: keras.Sequential([keras.layers.Dense(3)]), x, y, **settings)
    logits = np.asarray(trained.model(x), float)
    best = np.sort(logits, axis=1)
    return names.tolist(), logits[np.abs(best[:, 2] - best[:, 1] - 1).argmin()]


def train_from_a_mistake(loss: str) -> pd.DataFrame:
    """Learn tumours from a network that first says "benign" to all, and is very sure of it."""
    data = kt.load_dataset("breast_cancer")
    x = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)

    def build_model(_: kt.LossChoice) -> keras.Model:
        bias = keras.initializers.Constant(START)
        return keras.Sequential([keras.layers.Dense(1, "sigmoid", bias_initializer=bias)])

    settings: dict[str, Any] = {"epochs": EPOCHS, "seed": SEED, "check": "off", "verbose": 0}
    settings |= {"optimizer": kt.sgd(0.1, momentum=0.0), "metrics": ["accuracy"]}
    malignant = (data.y == "malignant").astype(int)
    return kt.train(build_model, x, malignant, loss=loss, **settings).history


def run() -> pd.DataFrame:
    """Soften a real bird's logits; measure both slopes; train with both losses from a mistake."""
    parts = []
    names, logits = doubtful_bird()
    for temperature in TEMPERATURES:
        bars = {"class": names, "logit": logits, "probability": softmax(logits, temperature)}
        parts.append(pd.DataFrame(bars).assign(part="temperature", temperature=temperature))
    for name, loss in LOSSES.items():
        lines = {"logit": LOGITS, "slope": slope(loss, LOGITS)}
        parts.append(pd.DataFrame(lines).assign(part="slope", loss=name))
        history = train_from_a_mistake(loss)[["epoch", "accuracy"]]
        parts.append(history.assign(part="training", loss=name))
    return pd.concat(parts, ignore_index=True)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show one bird's probabilities at each temperature."""
    bars = table[table["part"] == "temperature"]
    wide = bars.pivot_table(index="class", columns="temperature", values="probability")
    return wide.add_prefix("at temperature ").round(3).reset_index()


def report(table: pd.DataFrame) -> str:
    """Say what the temperature does, how steep the losses are, and what that does to training."""
    sure = table[table["part"] == "temperature"].groupby("temperature")["probability"].max()
    steep = table[table["logit"] == -10].set_index("loss")["slope"]
    ends = table[table["epoch"] == EPOCHS].set_index("loss")["accuracy"]
    low, usual, high = TEMPERATURES
    return (
        f"A bird whose species is in doubt: its likeliest class gets {sure[usual]:.2f}; a "
        f"temperature of {low:g} makes it {sure[low]:.2f}, one of {high:g} {sure[high]:.2f}.\n"
        f"At a logit of -10 for the right class the slope is {steep['cross-entropy']:.1f} with "
        f"cross-entropy and {steep['mse']:.5f} with mse; started from there, {EPOCHS} epochs end "
        f"at an accuracy of {ends['cross-entropy']:.0%} and of {ends['mse']:.0%}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw one bird at three temperatures, and the slope of both losses over the logit.

    A low temperature puts nearly everything on one species, a high one evens out. At a logit of
    -10 the slope of cross-entropy is -1.0, that of mse practically 0.
    """
    upper, lower = kt.plots.new_axes(2, width=5.6, height=6.6)
    bars = table[table["part"] == "temperature"]
    names = list(bars["class"].unique())
    for place, (temperature, rows) in enumerate(bars.groupby("temperature")):
        at = np.arange(len(names)) + 0.28 * (place - 1)
        upper.bar(at, rows["probability"], 0.26, color=kt.plots.COLORS[place])
        text = {"ha": "right", "xycoords": "axes fraction", "color": kt.plots.COLORS[place]}
        upper.annotate(f"temperature {temperature:g}", (0.98, 0.9 - 0.1 * place), **text)
    upper.set_xticks(range(len(names)), names)
    upper.set_title(
        "one bird, the same logits: a high temperature evens out", loc="left", fontsize=10
    )
    upper.set(ylabel="probability", ylim=(0, 1.05))
    slopes = table[table["part"] == "slope"]
    for colour, (name, rows) in zip(kt.plots.COLORS, slopes.groupby("loss"), strict=False):
        lower.plot(rows["logit"], rows["slope"], color=colour, linewidth=2)
        there = rows[rows["logit"] == -10].iloc[0]
        lower.plot(-10, there["slope"], "o", color=colour)
        text = {"xytext": (0, 7 if name == "cross-entropy" else -15), "color": colour}
        label = f"{name}: slope {there['slope']:.{1 if there['slope'] < -0.1 else 5}f}"
        lower.annotate(label, (-10, there["slope"]), textcoords="offset points", **text)
    lower.set_title("confidently wrong: only cross-entropy still pulls", loc="left", fontsize=10)
    lower.set(
        xlabel="logit of the right class (left: confidently wrong)", ylabel="slope of the loss"
    )
    return upper


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
