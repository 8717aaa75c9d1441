"""How fast is kerastrain's loop?  Against model.fit, and against other libraries.

Nine small networks, each trained in turns by `model.fit` and by `kerastrain.fit` in one process, so
that both meet the same noise; medians over the turns. "Steady" is one epoch in the middle of a long
run; "20 epochs" is a whole call on a new model, with all tracing and compiling. The difference is
the largest relative one between the two losses over 5 epochs without shuffling, run in the way of
the steady state.

    python -m recipes.benchmarks.loop
    python -m recipes.benchmarks.loop --peers                        # Keras on JAX, PyTorch, ...
    python -m recipes.benchmarks.loop --peers --peer-python PYTHON   # peers in another environment

It prints the table, writes it to loop.csv and draws it into loop.png.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pandas as pd

import kerastrain as kt
from recipes.benchmarks.workloads import WORKLOADS, build, random_data
from recipes.lesson import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TURNS = 5
EPOCHS_A_TURN = 6
LONG_RUN = 1000  # the epochs asked for in steady state; the run is stopped long before
PEERS = ("keras-jax", "keras-torch", "torch", "sklearn", "jax-scan")
FLOOR = "jax-scan ms"


class Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Time each epoch; stop after some."""

    def __init__(self, stop_after: int) -> None:
        super().__init__()
        self.stop_after = stop_after
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clock."""
        self.begin = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop the clock."""
        self.seconds.append(time.perf_counter() - self.begin)
        self.model.stop_training = len(self.seconds) >= self.stop_after


def load(name: str) -> tuple[Any, Any]:
    """Load the data of one row; real data where there are any of this size."""
    if name == "iris":
        data = kt.load_dataset("iris")
        return data.x, np.unique(data.y, return_inverse=True)[1]
    if name in ("cnn", "autoencoder"):
        data = kt.load_dataset("digits")
        x = (data.x / 16).astype("float32")
        return (x.reshape(-1, 8, 8, 1), np.asarray(data.y)) if name == "cnn" else (x, x)
    if name == "norm and dropout":
        data = kt.load_dataset("breast_cancer")
        drawn = np.random.default_rng(0).integers(0, len(data.x), 2000)
        x = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
        return x[drawn], np.unique(data.y, return_inverse=True)[1][drawn]
    return random_data(name)


def keras_fit(model: keras.Model, x: Any, y: Any, **options: Any) -> None:
    """Train by Keras' own loop."""
    model.fit(x, y, verbose=0, **options)


def fast_fit(model: keras.Model, x: Any, y: Any, **options: Any) -> str:
    """Train by kerastrain; tell which loop ran."""
    return str(kt.fit(model, x, y, verbose=0, **options).attrs["loop"]).split(":")[0]


def measure(name: str, *, turns: int = TURNS) -> dict[str, Any]:
    """Time one row, both loops in turns."""
    x, y = load(name)
    size = {"batch_size": WORKLOADS[name].batch_size}
    steady: dict[Any, list[float]] = {keras_fit: [], fast_fit: []}
    models = {loop: build(name) for loop in steady}
    ran = {}
    for turn in range(turns + 1):  # the first one warms up
        for loop, seconds in steady.items():
            clock = Clock(EPOCHS_A_TURN)
            ran[loop] = loop(models[loop], x, y, epochs=LONG_RUN, callbacks=[clock], **size)
            seconds += clock.seconds[1:] if turn else []
    whole: dict[Any, list[float]] = {keras_fit: [], fast_fit: []}
    for turn in range(max(1, turns // 2)):
        for loop, seconds in whole.items():
            model = build(name, turn)
            begin = time.perf_counter()
            ran[loop, 20] = loop(model, x, y, epochs=20, **size)
            seconds.append(time.perf_counter() - begin)
    keras_ms, fast_ms = (1000 * float(np.median(seconds)) for seconds in steady.values())
    keras_20, fast_20 = (float(np.median(seconds)) for seconds in whole.values())
    return {
        "workload": name,
        "loop": ran[fast_fit],
        "model.fit ms": keras_ms,
        "kerastrain ms": fast_ms,
        "ratio": keras_ms / fast_ms,
        "loop of 20": ran[fast_fit, 20],
        "model.fit 20 s": keras_20,
        "kerastrain 20 s": fast_20,
        "ratio of 20": keras_20 / fast_20,
        "difference": difference(name, x, y, ran[fast_fit]),
    }


def difference(name: str, x: Any, y: Any, way: str) -> float:
    """Compare the losses of both loops over 5 epochs of equal order."""
    options: dict[str, Any] = {
        "epochs": 5,
        "shuffle": False,
        "batch_size": WORKLOADS[name].batch_size,
    }
    expected = build(name).fit(x, y, verbose=0, **options).history["loss"]
    seen = kt.fit(build(name), x, y, loop=way, **options)["loss"]
    return float(np.max(np.abs(seen / expected - 1)))


def measure_peers(names: list[str], python: str) -> pd.DataFrame:
    """Time the peers, each in a process of its own; rows are workloads, in ms an epoch."""
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            x, y = load(name)
            np.savez(Path(folder) / f"{name}.npz", x=x, y=y)
        for peer in PEERS:
            backend = {"keras-jax": "jax", "keras-torch": "torch"}.get(peer, "jax")
            command = [python, str(Path(__file__).with_name("peers.py")), peer, folder]
            environment = {**os.environ, "KERAS_BACKEND": backend}
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
            for line in done.stdout.splitlines():
                entry = json.loads(line)
                rows.setdefault(entry["workload"], {})[f"{peer} ms"] = entry["ms"]
            if done.returncode:
                print(f"{peer} is left out: {(done.stderr.splitlines() or ['?'])[-1]}")
    return pd.DataFrame.from_dict(rows, orient="index")


def run(
    *,
    peers: bool = False,
    peer_python: str = sys.executable,
    only: list[str] | None = None,
    turns: int = TURNS,
    csv: str | None = None,
) -> pd.DataFrame:
    """Time all rows, or some."""
    names = only or list(WORKLOADS)
    table = pd.DataFrame([measure(name, turns=turns) for name in names])
    if peers:
        others = measure_peers(names, peer_python)
        table = table.merge(others, how="left", left_on="workload", right_index=True)
    if csv:
        table.to_csv(csv, index=False)
    return table


def fastest_peer(table: pd.DataFrame) -> pd.DataFrame:
    """Find the fastest peer of each row, the hand-written floor aside."""
    columns = [f"{peer} ms" for peer in PEERS if f"{peer} ms" in table and f"{peer} ms" != FLOOR]
    if not columns:
        return pd.DataFrame(columns=["peer", "ms"])
    names = table[columns].idxmin(axis=1).str.removesuffix(" ms")
    return pd.DataFrame({"peer": names, "ms": table[columns].min(axis=1)})


def report(table: pd.DataFrame) -> str:
    """Write the table of the README, and sum up: how many times as fast, and what is behind."""
    steady, whole = table["ratio"], table["ratio of 20"]
    peers = fastest_peer(table)
    lines = [
        "| network | model.fit | kerastrain | times as fast | in 20 epochs | fastest peer |",
        "|---|---|---|---|---|---|",
    ]
    for i, row in table.iterrows():
        peer = f"{peers.loc[i, 'ms']:.1f} ({peers.loc[i, 'peer']})" if len(peers) else ""
        lines.append(
            f"| {row['workload']} | {row['model.fit ms']:.1f} | {row['kerastrain ms']:.1f} "
            f"({row['loop']}) | {row['ratio']:.1f} | {row['ratio of 20']:.1f} | {peer} |"
        )
    lines.append("")
    if len(peers):
        behind = table["kerastrain ms"] / peers["ms"]
        for name, factor in zip(table["workload"], behind, strict=True):
            if factor > 1:
                lines.append(f"{name}: {factor:.2f} times the fastest peer's time.")
        lines.append(f"{(behind <= 1).sum()} of {len(table)} rows are as fast as the fastest peer.")
    if FLOOR in table:
        written = table[table[FLOOR].notna()]
        factors = written["kerastrain ms"] / written[FLOOR]
        named = [f"{n} {f:.1f}" for n, f in zip(written["workload"], factors, strict=True)]
        lines.append(f"Times of a hand-written loop, where there is one: {', '.join(named)}.")
    lines.append(
        f"In steady state kerastrain is {np.exp(np.log(steady).mean()):.1f} times as fast as "
        f"model.fit in the geometric mean, {steady.min():.1f} times at least; over 20 epochs with "
        f"all tracing {whole.mean():.1f} times in the mean, {whole.min():.1f} times at least. "
        f"The losses differ by {table['difference'].max():.0e} of their size at most."
    )
    return "\n".join(lines)


def plot(table: pd.DataFrame) -> Axes:
    """Draw the milliseconds of an epoch: a row a workload, a dot a loop."""
    import matplotlib.pyplot as plt

    columns = [name for name in map(str, table) if name.endswith(" ms")]
    names = {"model.fit ms": "model.fit", "kerastrain ms": "kerastrain"}
    colours = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
    _, axes = plt.subplots(figsize=(8.5, 5), layout="constrained")
    places = np.arange(len(table))[::-1]
    for place, row in zip(places, table[columns].to_numpy(), strict=True):
        axes.plot([np.nanmin(row), np.nanmax(row)], [place, place], color="0.85", zorder=1)
    for column, colour in zip(columns, colours, strict=False):
        ours = column == "kerastrain ms"
        axes.scatter(
            table[column],
            places,
            s=90 if ours else 45,
            marker="D" if ours else "o",
            color=colour,
            label=names.get(column, column.removesuffix(" ms")),
            zorder=3 if ours else 2,
        )
    axes.set_xscale("log")
    axes.set_yticks(places, table["workload"])
    axes.set_xlabel("milliseconds an epoch, steady state (less is better)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=7, frameon=False)
    return axes


ARGUMENTS: dict[str, dict[str, Any]] = {
    "--peers": {"action": "store_true", "help": "time other libraries too, where installed"},
    "--peer-python": {"default": sys.executable, "help": "the interpreter that has the peers"},
    "--only": {"nargs": "+", "choices": list(WORKLOADS), "help": "some rows"},
    "--turns": {"type": int, "default": TURNS, "help": "how often each loop has its turn"},
    "--csv": {"default": "loop.csv", "help": "where the table is written"},
}

if __name__ == "__main__":
    show(run, report, plot, rows=pd.DataFrame, arguments=ARGUMENTS, picture="loop.png")
