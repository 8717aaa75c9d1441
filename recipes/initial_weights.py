"""Zeros, too small, too large: what do the initial weights decide?

The gradient is a vector, one slope a weight, and the chain rule finds it: the slope of a deep
weight is the product of all slopes between it and the loss. A sigmoid has a slope of 1/4 at most,
so that through many of them next to nothing is left (vanishing gradients); weights that are too
small do the same, and too large ones make it explode. At zeros all units of a layer get the same
slope and stay one unit; Glorot's rule draws random weights whose size fits the number of inputs.

    python -m recipes.initial_weights --plot initial_weights.png

Try next: set `DEPTH = 2`. Through two layers of sigmoids the gradient shrinks far less.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

DEPTH = 5
UNITS = 32
EPOCHS = 6
SEED = 0
STARTS = {
    "zeros": "zeros",
    "too small": keras.initializers.RandomNormal(stddev=0.01, seed=SEED),
    "too large": keras.initializers.RandomNormal(stddev=1.0, seed=SEED),
    "Glorot": keras.initializers.GlorotUniform(seed=SEED),
}
WEIGHTS = (0.5, -1.5)  # of a network with two weights, for the gradient by hand


def gradient_by_hand(
    v: float, w: float, x: float = 1.0, target: float = 1.0
) -> tuple[float, float]:
    """Apply the chain rule to the loss (w * tanh(v * x) - target)**2."""
    hidden = math.tanh(v * x)
    error = w * hidden - target
    slope_w = 2 * error * hidden  # loss -> output -> w
    slope_v = 2 * error * w * (1 - hidden**2) * x  # loss -> output -> hidden unit -> v
    return slope_v, slope_w


def build_model(activation: str, start: Any) -> keras.Model:
    """Build a deep network whose weights all begin as `start` says."""
    hidden = [keras.layers.Dense(UNITS, activation, kernel_initializer=start) for _ in range(DEPTH)]
    last = keras.layers.Dense(10, "softmax", kernel_initializer=start)
    return keras.Sequential([keras.Input((64,)), *hidden, last])


def gradient_norms(model: keras.Model, x: Any, y: Any) -> list[float]:
    """Measure the length of the gradient of each layer's weights before the first step."""
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, model(x)))
    kernels = [layer.kernel.value for layer in model.layers]
    return [float(tf.norm(gradient)) for gradient in tape.gradient(loss, kernels)]


def run() -> pd.DataFrame:
    """Take the gradient by hand; measure those of deep networks; train from each start."""
    v, w = (tf.Variable(weight) for weight in WEIGHTS)
    with tf.GradientTape() as tape:
        loss = (w * tf.tanh(v) - 1) ** 2
    backend = [float(slope) for slope in tape.gradient(loss, (v, w))]
    both = {"weight": ["v", "w"], "by_hand": gradient_by_hand(*WEIGHTS), "backend": backend}
    parts = [pd.DataFrame(both).assign(part="chain rule")]
    data = kt.load_dataset("digits")
    order = np.random.default_rng(SEED).permutation(len(data.y))[:1400]
    x, y = data.x[order] / 16, data.y[order]
    layers = range(1, DEPTH + 2)
    for activation, start in (("sigmoid", "Glorot"), *(("relu", start) for start in STARTS)):
        model = build_model(activation, STARTS[start])
        norms = pd.DataFrame({"layer": layers, "gradient": gradient_norms(model, x, y)})
        parts.append(norms.assign(part="gradient", activation=activation, start=start))
        if activation == "relu":
            model.compile(kt.adam(0.003), "sparse_categorical_crossentropy")
            history = kt.fit(model, x, y, epochs=EPOCHS, seed=SEED, verbose=0)[["epoch", "loss"]]
            parts.append(history.assign(part="training", start=start))
    return pd.concat(parts, ignore_index=True)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the length of the gradient of each layer's weights."""
    norms = table[table["part"] == "gradient"]
    names = norms["activation"] + ", " + norms["start"]
    wide = norms.assign(way=names).pivot_table(index="way", columns="layer", values="gradient")
    return wide.rename(columns="layer {:.0f}".format).reset_index()


def report(table: pd.DataFrame) -> str:
    """Say what the chain rule gives, how much of the gradient arrives, and who learns."""
    chain = table[table["part"] == "chain rule"]
    slopes = ", ".join(f"{slope:.3f}" for slope in chain["by_hand"])
    gap = (chain["by_hand"] - chain["backend"]).abs().max()
    norms = table[table["part"] == "gradient"].set_index(["activation", "start", "layer"])[
        "gradient"
    ]
    last = DEPTH + 1
    shares = {
        name: norms[name, "Glorot", 1] / norms[name, "Glorot", last] for name in ("sigmoid", "relu")
    }
    ends = table[table["epoch"] == EPOCHS].set_index("start")["loss"]
    same = "equal to six digits" if gap < 1e-6 else f"{gap:.0e} apart"
    return (
        f"The gradient of two weights by hand is ({slopes}), and the backend's is {same}.\n"
        f"On the way from the last layer to the first the gradient shrinks to "
        f"{shares['sigmoid']:.1%} through {DEPTH} sigmoid layers; through relu layers it keeps "
        f"its order of size ({shares['relu']:.1f} times).\n"
        f"After {EPOCHS} epochs the loss is {ends['zeros']:.2f} from zeros and "
        f"{ends['too small']:.2f} from weights that are too small (ln 10 = {math.log(10):.2f} "
        f"knows nothing), {ends['too large']:.0f} from too large ones, and {ends['Glorot']:.2f} "
        f"from Glorot's."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the gradient of each layer for two activations, and the loss from each start.

    Through sigmoid layers the gradient falls by a factor of a thousand towards the first layer;
    through relu it does not. Below, only Glorot's weights make the loss fall below 1.
    """
    upper, lower = kt.plots.new_axes(2, width=5.6, height=6.8)
    norms = table[(table["part"] == "gradient") & (table["start"] == "Glorot")]
    for colour, (name, rows) in zip(
        kt.plots.COLORS[1::-1], norms.groupby("activation"), strict=True
    ):
        upper.plot(rows["layer"], rows["gradient"], "o-", color=colour, linewidth=2, label=name)
    upper.set(yscale="log", xlabel="layer (1: the first)", ylabel="length of the gradient")
    upper.set_title("through sigmoid layers the gradient vanishes", loc="left", fontsize=10)
    upper.locator_params(axis="x", integer=True)
    kt.plots.label_lines(upper, size=10)
    training = table[table["part"] == "training"]
    for colour, style, start in zip(
        kt.plots.COLORS[2:], ("-", ":", "--", "-"), STARTS, strict=False
    ):
        rows = training[training["start"] == start]
        lower.plot(rows["epoch"], rows["loss"], style, color=colour, linewidth=2.5, label=start)
    lower.set(yscale="log", xlabel="epoch", ylabel="loss (each line: ten times)")
    lower.set_title("only weights of a fitting size learn", loc="left", fontsize=10)
    kt.plots.label_lines(lower, size=10)
    return upper


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
