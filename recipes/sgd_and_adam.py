"""SGD, momentum, Adam: which one is first? That depends on how near, and on the tuning.

Data are often ill-conditioned: the loss is a long, narrow valley, steep across and nearly flat
along. Plain SGD must keep its steps short because of the steep sides, so it creeps along the
valley. Momentum adds up the steps that point the same way; Adam divides the step of each weight by
the size of its own gradients. All of them fall fast at first; what differs is the last stretch, and
each depends on its settings.

    python -m recipes.sgd_and_adam --plot sgd_and_adam.png

Try next: set `BATCH_SIZE = 49`. So far a step saw all rows, so that nothing was stochastic (the S
of SGD). Now an epoch has eight steps, so each comes within 10 % in fewer epochs; but the steps are
noisy, and the noise keeps plain SGD and momentum at 0.19 from the last 0.2 %. The lesson
`batches_and_noise` goes on from there.
"""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import show

EPOCHS = 140
BATCH_SIZE = 392  # all rows: an epoch is one step
LEVELS = (50.0, 10.0, 2.0, 0.2)  # percent above the least loss that any weights can reach
SEED = 1


def optimizers() -> dict[str, keras.optimizers.Optimizer]:
    """Make each optimizer, a Keras object that `compile` takes; its learning rate in brackets.

    The rate of 0.19 lies just below the border at which plain SGD diverges on these data, which is
    2 / the largest curvature.
    """
    return {
        "plain SGD (0.19)": kt.sgd(0.19, momentum=0.0),
        "momentum 0.9 (0.03)": kt.sgd(0.03, momentum=0.9),
        "momentum 0.8 (0.19)": kt.sgd(0.19, momentum=0.8),
        "Adam (0.1)": kt.adam(0.1),
        "Adam (0.3)": kt.adam(0.3),
    }


def losses(
    x: NDArray[np.float32], y: NDArray[np.float32], optimizer: keras.optimizers.Optimizer
) -> list[float]:
    """Train a linear model from zero weights; give its loss on all rows before and after each."""
    layer = keras.layers.Dense(1, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    model.compile(optimizer, "mean_squared_error")
    path = [model.get_weights()]
    collect = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: path.append(model.get_weights())
    )
    kt.fit(
        model, x, y, epochs=EPOCHS, batch_size=BATCH_SIZE, seed=SEED, verbose=0, callbacks=[collect]
    )
    return [float(np.mean((x @ weights[:, 0] + bias - y) ** 2)) for weights, bias in path]


def run() -> pd.DataFrame:
    """Train with each optimizer on real data: one row an epoch, with the loss at its end."""
    data = kt.load_dataset("fuel")
    x = data.x[:, :-1]  # where a car is neither from the USA nor from Europe, it is from Japan
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = ((data.y - data.y.mean()) / data.y.std()).astype(np.float32)
    best = np.linalg.lstsq(x, y, rcond=None)[0]  # linear algebra finds the minimum at once
    least = float(np.mean((x @ best - y) ** 2))
    table = pd.concat(
        [
            pd.DataFrame({"optimizer": name, "loss": losses(x, y, optimizer)})
            for name, optimizer in optimizers().items()
        ]
    )
    table = table.rename_axis(index="epoch").reset_index()
    table["percent_above"] = 100 * (table["loss"] / least - 1)
    curvatures = np.linalg.eigvalsh(np.cov(x.T))
    table.attrs["condition"] = float(curvatures[-1] / curvatures[0])
    return table


def epochs_needed(table: pd.DataFrame) -> pd.DataFrame:
    """Count the epochs until the loss is first so near the least; nothing where it never is."""
    needed = {}
    for level in LEVELS:
        near = table[table["percent_above"] <= level]
        needed[level] = near.groupby("optimizer")["epoch"].min()
    return pd.DataFrame(needed).reindex(table["optimizer"].unique())


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the epochs that each optimizer needs to come so near."""
    needed = epochs_needed(table)
    return needed.rename(columns=lambda level: f"within {level:g} %").reset_index()


def report(table: pd.DataFrame) -> str:
    """Say how ill-conditioned the data are, and who gets there first."""
    needed = epochs_needed(table)
    plain, _, momentum, adam, _ = needed.index
    near, nearest = LEVELS[1], LEVELS[-1]
    count = needed.map(lambda epochs: "never" if np.isnan(epochs) else f"{epochs:.0f}")
    return (
        f"The steepest direction of this loss is {table.attrs['condition']:.0f} times as curved as "
        f"the flattest one.\n"
        f"Epochs to come within {near:g} % of the least loss: {count.loc[plain, near]} for "
        f"{plain}, {count.loc[momentum, near]} for {momentum} and {count.loc[adam, near]} for "
        f"{adam}; within {nearest:g} %: {count.loc[plain, nearest]}, "
        f"{count.loc[momentum, nearest]} and {count.loc[adam, nearest]}. Which one is first "
        f"depends on how near you want to come."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw how many epochs each optimizer needs, the nearer it is to come.

    The lines cross: plain SGD and momentum are level for the first stretch, and in the last one
    plain SGD needs several times as many epochs.
    """
    ax = kt.plots.new_axes(width=7.2, height=4.6)[0]
    needed = epochs_needed(table)
    styles = zip(("0.25", *kt.plots.COLORS), ("o-", "s:", "s-", "^:", "^-"), strict=False)
    for (name, epochs), (color, style) in zip(needed.iterrows(), styles, strict=False):
        ax.plot(range(len(LEVELS)), epochs, style, color=color, linewidth=2, label=str(name))
    ax.set_xticks(range(len(LEVELS)), [f"{level:g} %" for level in LEVELS])
    ax.set(yscale="log", xlabel="how near to the least loss", ylabel="epochs needed")
    ax.set_yticks([3, 10, 30, 100], ["3", "10", "30", "100"])
    ax.minorticks_off()
    kt.plots.label_lines(ax, size=11)
    return ax


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
