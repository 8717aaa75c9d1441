"""Benchmark: how fast are labels looked at, and how much memory does it take?

Three measurements. The time to look at many integer labels beside `np.bincount`, `np.unique` and
scikit-learn's `type_of_target`, taken in turn, so that a busy machine slows all of them alike. The
peak memory for a file on disk that gets longer. And the time of `import kerastrain` beside that of
`import pandas`, each in a fresh Python.

    python -m recipes.benchmark_labels

Try next: python -m recipes.benchmark_labels --rows 1000000
"""

from __future__ import annotations

import importlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import kerastrain as kt

from .lesson import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS = 50_000_000
CLASSES = 10
REPEATS = 5
LIMIT = 2.5  # looking at labels may take so many times as long as np.bincount
SEED = 1
PEAK = """
import sys, numpy, kerastrain
rows = numpy.load(sys.argv[1], mmap_mode="r")
kerastrain.inspect_labels(rows[:1000])
def resident(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
before = resident("VmRSS")
kerastrain.inspect_labels(rows)
print(resident("VmHWM") - before)
"""


def medians_in_turn(tasks: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Time each task once a round, and take the median over the rounds, in seconds."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(repeats):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def peak_memory(rows: int, folder: Path) -> tuple[float, float | None]:
    """Look at a file of labels; give the peak of Python's memory and of the process, in MiB."""
    file = folder / f"{rows}.npy"
    labels = np.lib.format.open_memmap(file, mode="w+", dtype=np.int64, shape=(rows,))
    labels[:] = np.arange(rows) % CLASSES
    labels.flush()
    tracemalloc.start()
    kt.inspect_labels(np.load(file, mmap_mode="r"))
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    if not Path("/proc/self/status").exists():  # the process' own peak is known on Linux only
        return peak, None
    return peak, float(_fresh_python(PEAK, str(file)))


def _fresh_python(code: str, *arguments: str) -> str:
    """Run code in a Python of its own, which may keep compiled modules as it usually does."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def run(rows: int = ROWS, repeats: int = REPEATS) -> pd.DataFrame:
    """Measure time, memory and imports, each with its ratio to the first of its kind."""
    y = np.random.default_rng(SEED).integers(0, CLASSES, rows)
    tasks: dict[str, Callable[[], object]] = {
        "np.bincount": lambda: np.bincount(y),
        "kerastrain.inspect_labels": lambda: kt.inspect_labels(y),
        "np.unique": lambda: np.unique(y),
    }
    try:
        multiclass = importlib.import_module("sklearn.utils.multiclass")
        tasks["sklearn type_of_target"] = lambda: multiclass.type_of_target(y)
    except ModuleNotFoundError:
        pass  # scikit-learn comes with the extra `test` only
    measured = [("look", *item, "s") for item in medians_in_turn(tasks, repeats).items()]
    with tempfile.TemporaryDirectory() as folder:
        for length in (rows // 4, rows):
            python, process = peak_memory(length, Path(folder))
            measured.append(("memory", f"{length:,} rows on disk, Python", python, "MiB"))
            if process is not None:
                measured.append(("process", f"{length:,} rows on disk, process", process, "MiB"))
    imports: dict[str, Callable[[], object]] = {
        f"import {name}": partial(_fresh_python, f"import {name}")
        for name in ("pandas", "kerastrain")
    }
    measured += [("import", *item, "s") for item in medians_in_turn(imports, repeats).items()]
    table = pd.DataFrame(measured, columns=["kind", "what", "median", "unit"])
    table["ratio"] = table["median"] / table.groupby("kind")["median"].transform("first")
    return table.sort_values("kind", kind="stable", ignore_index=True)


def report(table: pd.DataFrame) -> str:
    """Say whether looking at labels stays within its limits."""
    look, memory, imports = (table[table["kind"] == k] for k in ("look", "memory", "import"))
    ratio = float(look["ratio"].iloc[1])
    peak = float(memory["median"].iloc[-1])
    more = float(imports["median"].diff().iloc[-1])
    return (
        f"Looking at labels takes {ratio:.1f} times as long as np.bincount (at most {LIMIT}), "
        f"{peak:.0f} MiB however long the file is, and importing kerastrain takes "
        f"{more:.2f} s more than importing pandas."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw how many times as long as np.bincount each takes."""
    from matplotlib.figure import Figure

    looks = table[table["kind"] == "look"].iloc[::-1]
    axes = Figure(figsize=(7, 2.6), layout="constrained").subplots()
    bars = axes.barh(looks["what"], looks["ratio"], color="#0072B2")
    axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.axvline(LIMIT, color="#D55E00", linestyle="--")
    axes.set_xlabel(f"time, in multiples of np.bincount; dashed: the limit of {LIMIT}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)
    return axes


if __name__ == "__main__":
    show(run, report, plot, arguments={"--rows": {"type": int, "default": ROWS}})
