"""SGD, momentum, Adam: what do optimizers do beyond following the slope?

Data are often ill-conditioned: the loss is a long, narrow valley, steep across and nearly flat
along. Plain SGD (stochastic gradient descent: a batch a step) must keep its steps short because of
the steep sides, so it creeps along the valley. Momentum adds up the steps that point the same way;
Adam divides the step of each weight by the size of its own slopes.

    python -m recipes.sgd_and_adam --plot sgd_and_adam.png

Try next: add "nesterov": kt.sgd(0.1, nesterov=True) to optimizers().
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import show

EPOCHS = 140
CLOSE = 1.002  # times the least loss that any weights can reach
SEED = 1


def optimizers() -> dict[str, keras.optimizers.Optimizer]:
    """Make each optimizer, a Keras object that `compile` takes, with a rate that is good for it.

    The rate of plain SGD lies just below the border of divergence, 2 / the largest curvature.
    """
    return {
        "plain sgd": kt.sgd(0.19, momentum=0.0),
        "momentum": kt.sgd(0.03, momentum=0.9),
        "adam": kt.adam(0.1),
    }


def walk(
    x: NDArray[np.float32], y: NDArray[np.float32], optimizer: keras.optimizers.Optimizer
) -> tuple[kt.TrainingRun, list[list[NDArray[np.float32]]]]:
    """Train a linear model from zero weights, and collect its weights after each epoch."""
    layer = keras.layers.Dense(1, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    path = [model.get_weights()]
    collect = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: path.append(model.get_weights())
    )
    # An epoch is one step, so that no noise of batches blurs the path.
    settings: dict[str, Any] = {"epochs": EPOCHS, "batch_size": len(x), "seed": SEED, "verbose": 0}
    settings |= {"loss": "mean_squared_error", "optimizer": optimizer, "callbacks": [collect]}
    trained = kt.train(model, x, y, **settings)
    return trained, path


def run() -> pd.DataFrame:
    """Train with each optimizer on real data: one row an epoch, with the loss at its end."""
    data = kt.load_dataset("fuel")
    x = data.x[:, :-1]  # where a car is neither from the USA nor from Europe, it is from Japan
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = ((data.y - data.y.mean()) / data.y.std()).astype(np.float32)
    tables = []
    for name, optimizer in optimizers().items():
        trained, path = walk(x, y, optimizer)
        losses = [float(np.mean((x @ weights[:, 0] + bias - y) ** 2)) for weights, bias in path]
        table = pd.DataFrame({"optimizer": name, "epoch": range(EPOCHS + 1), "loss": losses})
        tables.append(table)
        if name == "plain sgd":
            plane = kt.loss_landscape(trained, x, y, path=path)
    table = pd.concat(tables, ignore_index=True)
    curvatures = np.linalg.eigvalsh(np.cov(x.T))
    best = np.linalg.lstsq(x, y, rcond=None)[0]  # linear algebra finds the minimum at once
    table.attrs = {
        "least_loss": float(np.mean((x @ best - y) ** 2)),
        "condition": float(curvatures[-1] / curvatures[0]),
        "plane": plane.to_dict("list"),
        "path": plane.attrs["path"],
    }
    return table


def epochs_needed(table: pd.DataFrame) -> pd.Series[float]:
    """Count the epochs until the loss is close to the least; infinite where it never is."""
    close = table[table["loss"] <= CLOSE * table.attrs["least_loss"]]
    first = close.groupby("optimizer")["epoch"].min()
    every: pd.Series[float] = first.reindex(table["optimizer"].unique()).astype(float)
    return every.fillna(np.inf)


def report(table: pd.DataFrame) -> str:
    """Say how ill-conditioned the data are, and who gets there first."""
    needed = [
        f"{name} {epochs:.0f}" if np.isfinite(epochs) else f"{name} more than {EPOCHS}"
        for name, epochs in epochs_needed(table).items()
    ]
    return (
        f"The steepest direction of this loss is {table.attrs['condition']:.0f} times as curved as "
        f"the flattest one.\n"
        f"Epochs to come within {100 * (CLOSE - 1):.1g} % of the least loss: {', '.join(needed)}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the loss above the least one, and the valley with the path of plain SGD."""
    left, right = kt.plots.new_axes(columns=2, width=8.4, height=3.6)
    for (name, rows), colour in zip(
        table.groupby("optimizer", sort=False), kt.plots.COLORS, strict=False
    ):
        above = 100 * (rows["loss"] / table.attrs["least_loss"] - 1)
        there = rows["epoch"] <= epochs_needed(table)[name]
        left.plot(rows["epoch"][there], above[there], color=colour, label=str(name))
    left.hlines(100 * (CLOSE - 1), 0, 70, color="0.5", linestyle=":")
    left.annotate(
        f"{CLOSE - 1:.1%} above", (0, 100 * (CLOSE - 1)), (0, 0.12), color="0.4", fontsize=9
    )
    left.set(xlabel="epoch", ylabel="loss above the least (%)", yscale="log", ylim=(0.08, 900))
    kt.plots.label_lines(left)
    plane = pd.DataFrame(table.attrs["plane"])
    plane.attrs["path"] = table.attrs["path"]
    kt.plots.plot_landscape(plane, ax=right)
    right.set_title("the path of plain sgd", fontsize=10, loc="left")
    return left


if __name__ == "__main__":
    show(run, report, plot)
