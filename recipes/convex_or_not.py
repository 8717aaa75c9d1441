"""Does the start matter? A convex loss leads to its minimum from anywhere, another may not.

A function is convex when the straight line between any two of its points never lies below it, like
a bowl: all ways down meet. A loss that is not convex can have several valleys, and then the start
decides in which one the descent ends. Logistic regression (one layer) has a convex loss. A network
with a hidden layer has none: two tanh units can learn "one or the other, but not both" (XOR), yet
from many random initial weights they come to rest where half of the answers are a coin toss.

    python -m recipes.convex_or_not --plot convex.png

Try next: set `TILT = 3.0`. One valley is gone, and all starts meet, although no bowl is left:
convex is enough for that, but not needed.
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

TILT = 0.5
CURVES: dict[str, Callable[[Any], Any]] = {
    "bowl": lambda w: w**2,
    "two valleys": lambda w: w**4 - 3 * w**2 + TILT * w,
}
STARTS = (-2.0, -0.8, 0.8, 2.0)
NETWORKS = {"logistic regression": 0, "two tanh units": 2}  # hidden units
SEEDS = 12  # networks that train side by side, each from weights of its own
ROUNDS, EPOCHS = 40, 50  # so many rounds of so many epochs
PAIRS = 1000
XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32"), np.array([0, 1, 1, 0], "float32")


def build_model(hidden: int) -> keras.Model:
    """Build networks for two inputs side by side, one output each; they share no weight."""
    own = keras.initializers.RandomNormal(stddev=1.0)
    settings: dict[str, Any] = {"kernel_initializer": own, "bias_initializer": own}
    einsum = keras.layers.EinsumDense
    last: dict[str, Any] = {"bias_axes": "n", "activation": "sigmoid", **settings}
    if hidden == 0:
        layers = [einsum("bi,in->bn", (SEEDS,), **last)]
    else:
        first = einsum(
            "bi,inh->bnh", (SEEDS, hidden), bias_axes="nh", activation="tanh", **settings
        )
        layers = [first, einsum("bnh,nh->bn", (SEEDS,), **last)]
    return keras.Sequential([keras.Input((2,)), *layers])


def cross_entropy(model: keras.Model, x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """Give the loss of each network: -log of the probability of the right answer, on average."""
    p = np.asarray(model(x), "float64")
    return -np.log(np.where(y[:, None] == 1, p, 1 - p) + 1e-12).mean(axis=0)


def train_side_by_side(model: keras.Model, x: NDArray[Any], y: NDArray[Any]) -> pd.DataFrame:
    """Train all networks on all rows at once, so that only the start differs."""
    model.compile(kt.sgd(1.0 * SEEDS, momentum=0.0), "binary_crossentropy")
    targets = np.repeat(y[:, None], SEEDS, axis=1)
    losses = [cross_entropy(model, x, y)]
    for _ in range(ROUNDS):
        kt.fit(model, x, targets, epochs=EPOCHS, batch_size=len(x), verbose=0)
        losses.append(cross_entropy(model, x, y))
    table = pd.DataFrame(losses, index=np.arange(ROUNDS + 1) * EPOCHS)
    return table.melt(var_name="start", value_name="value", ignore_index=False).reset_index(
        names="step"
    )


def bends_down(model: keras.Model, x: NDArray[Any], y: NDArray[Any]) -> float:
    """Look half way between pairs of random weights: how often is the loss above the mean there?"""
    dice = np.random.default_rng(0)
    above = []
    for _ in range(PAIRS // SEEDS + 1):
        ends = [[3 * dice.standard_normal(w.shape) for w in model.get_weights()] for _ in range(2)]
        losses = []
        for weights in (*ends, [(a + b) / 2 for a, b in zip(*ends, strict=True)]):
            model.set_weights(weights)
            losses.append(cross_entropy(model, x, y))
        first, second, middle = losses
        above.append(middle > (first + second) / 2 + 1e-5)  # above by more than rounding
    return float(np.concatenate(above)[:PAIRS].mean())


def run() -> pd.DataFrame:
    """Walk from each start: one row a step of a curve, one row every EPOCHS of a network."""
    walks = []
    for name, curve in CURVES.items():
        for start in STARTS:
            walk = kt.trace_descent(curve, start, kt.sgd(0.03, momentum=0.0), steps=150)
            walks.append(walk.assign(problem=name, start=start))
    cancer = kt.load_dataset("breast_cancer")
    x = cancer.x[:, :2]  # two columns, so that the classes overlap
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    tumours = x, (cancer.y == cancer.y[0]).astype("float32")
    bends = {}
    for (name, hidden), (x, y) in zip(NETWORKS.items(), (tumours, XOR), strict=True):
        keras.utils.set_random_seed(1)
        model = build_model(hidden)
        walks.append(train_side_by_side(model, x, y).assign(problem=name))
        bends[name] = bends_down(model, x, y)
    table = pd.concat(walks, ignore_index=True)
    table.attrs["bends_down"] = bends
    return table


def ends(table: pd.DataFrame) -> pd.DataFrame:
    """Give the last row of each walk and training."""
    return table.groupby(["problem", "start"], sort=False).tail(1)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Count the places where the walks and the trainings end."""
    groups = ends(table).groupby("problem", sort=False)["value"]
    shown = groups.agg(starts="size", lowest_end="min", highest_end="max")
    shown["different_ends"] = groups.apply(lambda values: values.round(2).nunique())
    return shown.reset_index()


def report(table: pd.DataFrame) -> str:
    """Say who met, and how the losses bend."""
    last = ends(table)
    places = last.groupby("problem")["x"].agg(np.ptp)
    one, hidden = NETWORKS
    convex, xor = (last.loc[last["problem"] == name, "value"] for name in NETWORKS)
    bends = table.attrs["bends_down"]
    learned = int((xor < 0.01).sum())
    return (
        f"All {len(STARTS)} walks into the bowl end within {places['bowl']:.2f} of each other; "
        f"those on the other curve {places['two valleys']:.2f} apart.\n"
        f"Half way between {PAIRS} pairs of random weights, the loss of the {one} was above the "
        f"mean of both ends in {bends[one]:.0%}, that of the {hidden} in {bends[hidden]:.0%}.\n"
        f"From {SEEDS} starts the convex loss always ends at {convex.max():.4f}; of {SEEDS} "
        f"networks with two tanh units {learned} learn XOR (loss {xor.min():.3f}), and "
        f"{SEEDS - learned} rest at {xor[xor > 0.01].min():.2f} or more: there the start matters."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw two curves with their walks, and the losses of both networks from twelve starts each.

    On the left, in the bowl and in logistic regression, all starts meet. On the right they end in
    two valleys, and at different losses.
    """
    axes = kt.plots.new_axes(2, columns=2, width=8.0, height=6.4)
    for ax, (name, curve) in zip(axes[:2], CURVES.items(), strict=True):
        walk = table[table["problem"] == name]
        kt.plots.plot_descent(curve, walk, by="start", xlim=(-2.3, 2.3), ax=ax)
        ax.set(xlabel="weight", ylabel="loss")
    for ax, name in zip(axes[2:], NETWORKS, strict=True):
        for start, losses in table[table["problem"] == name].groupby("start"):
            color = kt.plots.COLORS[int(start) % len(kt.plots.COLORS)]
            ax.plot(losses["step"], losses["value"], color=color, linewidth=1.3)
        ax.set(xlabel="epoch", ylabel="loss", ylim=(0, 1.2), xlim=(0, ROUNDS * EPOCHS))
    titles = ("a bowl: all starts meet", "two valleys: the start decides")
    titles += ("logistic regression: all meet", "two tanh units: the start decides")
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title, loc="left", fontsize=12)
    return axes[0]


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
