"""How much time do worker processes save? One comparison, serial and on two workers.

Six optimizers are compared over five seeds on a network whose training takes some seconds: 30
trainings, one after the other, on two processes (started anew each time, their import of
TensorFlow included), and on a Dask cluster of two worker processes. All numbers have to be equal to
the bit. The serial run may use all cores of the machine, as any training of Keras does.

    python -m recipes.benchmarks.workers --turns 3
    python -m recipes.benchmarks.workers --ways dask    (one serial run and one on workers)

Try next: more workers than cores, which fight for them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pandas as pd

import kerastrain as kt
from recipes.lesson import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WORKERS = 2
WAYS = ("processes", "dask")
RATES = (0.0003, 0.0006, 0.001, 0.002, 0.004, 0.008)
ROWS, EPOCHS, SEEDS = 4000, 25, 5


def build(choice: kt.LossChoice) -> keras.Model:
    """Build a network of two hidden layers, in a module, so that workers can import it."""
    layers = [keras.layers.Dense(64, activation="relu") for _ in range(2)]
    return keras.Sequential([keras.Input((20,)), *layers, *choice.last_layers()])


def compare(executor: Any = None) -> tuple[float, pd.DataFrame]:
    """Do the comparison; return its seconds and its numbers."""
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, 20)).astype("float32")
    y = np.sin(x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * random.normal(size=ROWS)
    begin = time.perf_counter()
    comparison = kt.compare(
        build,
        x,
        y,
        [kt.adam(rate) for rate in RATES],
        seeds=SEEDS,
        epochs=EPOCHS,
        batch_size=32,
        loop="graph",
        executor=executor,
    )
    seconds = time.perf_counter() - begin
    return seconds, comparison.scores.drop(columns="seconds").reset_index(drop=True)


@contextlib.contextmanager
def workers(way: str) -> Iterator[Executor]:
    """Make an executor; the processes of Dask are up when it comes, those of a pool are not."""
    if way == "processes":
        with ProcessPoolExecutor(WORKERS) as pool:
            yield pool
        return
    from distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client:
        yield client.get_executor()


def run(turns: int = 1, ways: Sequence[str] = WAYS) -> pd.DataFrame:
    """Time the ways in turns."""
    rows = []
    for turn in range(turns):
        serial, expected = compare()
        for way in ways:
            with workers(way) as executor:
                seconds, scores = compare(executor)
            row = {"turn": turn, "way": way, "serial": serial, "seconds": seconds}
            share = {"share": seconds / serial, "equal": scores.equals(expected)}
            rows.append(row | share | {"training": serial / len(RATES) / SEEDS})
    return pd.DataFrame(rows)


def report(table: pd.DataFrame) -> str:
    """Give the median share of the serial time."""
    shares = table.groupby("way")["share"].median()
    named = ", ".join(f"{share:.2f} by {way}" for way, share in shares.items())
    turns, seconds = table["turn"].nunique(), table["training"].median()
    equal = "all numbers are equal to the bit" if table["equal"].all() else "numbers differ"
    return (
        f"{WORKERS} workers take this share of the serial time (median of {turns} turns, "
        f"{seconds:.1f} s a training): {named}; {equal}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the share of each turn."""
    ax = kt.plots.new_axes()[0]
    for color, (way, rows) in zip(kt.plots.COLORS, table.groupby("way"), strict=False):
        ax.plot(rows["turn"], rows["share"], "o-", color=color, label=way)
    ax.set(xlabel="turn", ylabel="share of the serial time", ylim=(0, None))
    kt.plots.label_lines(ax)
    return ax


if __name__ == "__main__":
    arguments = {
        "--turns": {"type": int, "default": 1},
        "--ways": {"nargs": "+", "choices": WAYS, "default": WAYS},
    }
    show(run, report, plot, arguments=arguments)
