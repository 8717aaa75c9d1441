"""CPU or GPU: where is the work done, and does it matter for the result?

A GPU does thousands of small sums at once, a CPU a few, each sooner. So a large network trains
faster on a GPU, while a small one leaves it waiting. The result is the same but for rounding, as
the sums are added up in another order.

    python -m recipes.cpu_or_gpu --plot devices.png

On a machine without a GPU the table has a single device; what it shows there is that the time of a
small network goes for the most part into starting the steps, not into the sums.

Try next: set `UNITS = (16, 1024)`. Now a CPU has sums enough to do: it takes more than five times
as long for the large network.
"""

from __future__ import annotations

import time

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import show

UNITS = (16, 256)  # of both hidden layers: a small network and a large one
EPOCHS = 2
TOLERANCE = 0.01  # in a probability; GPUs multiply with about 3 digits (TF32) unless told not to
SEED = 1


def train(units: int, device: str) -> tuple[NDArray[np.float32], float]:
    """Train on one device from the same beginning; give the predictions and the seconds."""
    data = kt.load_dataset("digits")
    x, y = data.x[:1792] / 16, data.y[:1792]  # 28 batches of 64
    hidden = [keras.layers.Dense(units, "relu") for _ in range(2)]
    with kt.use_device(device):  # the weights are made where they will be used
        keras.utils.set_random_seed(SEED)
        model = keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10, "softmax")])
        model.compile(kt.sgd(0.05), "sparse_categorical_crossentropy")
        kt.fit(model, x, y, epochs=1, batch_size=64, shuffle=False, verbose=0)  # compiles the steps
        start = time.perf_counter()
        kt.fit(model, x, y, epochs=EPOCHS, batch_size=64, shuffle=False, verbose=0)
        seconds = time.perf_counter() - start
        return np.asarray(keras.ops.convert_to_numpy(model(x))), seconds / EPOCHS


def weights(units: int) -> int:
    """Count the weights of the network: 64 inputs, two hidden layers, 10 classes."""
    return (64 + 1) * units + (units + 1) * units + (units + 1) * 10


def run() -> pd.DataFrame:
    """Train each network on each device of this machine: one row each."""
    rows = []
    for units in UNITS:
        first = None
        for device in kt.list_devices()["name"]:
            predictions, seconds = train(units, device)
            first = predictions if first is None else first
            gap = float(np.abs(predictions - first).max())
            rows.append({"device": device, "units": units, "seconds": seconds, "gap": gap})
    return pd.DataFrame(rows).rename(columns={"seconds": "seconds_per_epoch", "gap": "largest_gap"})


def more_weights() -> float:
    """Say how many times the weights of the small network the large one has."""
    return weights(UNITS[-1]) / weights(UNITS[0])


def report(table: pd.DataFrame) -> str:
    """Say which device is faster, and how far the results differ."""
    lines = [
        f"{row['device']} takes {1000 * row['seconds_per_epoch']:.0f} ms an epoch with "
        f"{row['units']} units."
        for _, row in table.iterrows()
    ]
    devices = list(table["device"].unique())
    if len(devices) == 1:
        times = table["seconds_per_epoch"].iloc[-1] / table["seconds_per_epoch"].iloc[0]
        lines += [
            f"{devices[0]} is the only device here: {more_weights():.0f} times the weights take it "
            f"{times:.1f} times as long; with a GPU this line compares the results."
        ]
        return "\n".join(lines)
    return "\n".join(lines) + (
        f"\nThe result does not depend on where the work is done: on {', '.join(devices)} the "
        f"predicted probabilities differ by {table['largest_gap'].max():.1g} at most."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the time of an epoch for each network and device."""
    ax = kt.plots.new_axes(height=2.6)[0]
    counts = [f"{weights(units):,} weights" for units in table["units"]]
    names = table["device"] + "\n" + pd.Series(counts)
    kinds = list(table["device"].unique())
    colours = [kt.plots.COLORS[kinds.index(device)] for device in table["device"]]
    bars = ax.barh(names, 1000 * table["seconds_per_epoch"], color=colours)
    ax.bar_label(bars, fmt="%.0f ms", padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.15)
    longest = table.groupby("units")["seconds_per_epoch"].max()
    times = longest[UNITS[-1]] / longest[UNITS[0]]
    title = f"{more_weights():.0f} times the weights, {times:.1f} times the time (slowest device)"
    ax.set_title(title, loc="left", fontsize=10)
    ax.set_xlabel("milliseconds an epoch of 1,792 digits")
    return ax


if __name__ == "__main__":
    show(run, report, plot)
