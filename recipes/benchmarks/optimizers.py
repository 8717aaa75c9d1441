"""Benchmark: are measured learning rates better than Keras' defaults?

On each sample data set the same network is trained for the same number of epochs with Keras' two
defaults, with the rate that `find_learning_rate` suggests for Adam, and with the optimizer that
`tune_optimizer` picks. Ten seeds each: other weights, another split, another order of rows.

    python -m recipes.benchmarks.optimizers
    python -m recipes.benchmarks.optimizers --only iris my_table.csv --seeds 5 --epochs 40

It prints the table, writes it to optimizers.csv and draws it. In a CSV file of your own
the last column is what is to be predicted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pandas as pd

import kerastrain as kt
from kerastrain.experiments.intervals import mean_interval
from recipes.lesson import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EPOCHS = 20
SEEDS = 10
BUDGET = 30
BATCH_SIZE = 32
HELD_OUT = 0.25
DEFAULTS = ("SGD(0.01)", "Adam(0.001)")
MEASURED = ("find_learning_rate", "tune_optimizer")
CLASSES = ("binary", "integer", "ordered")


def builder(x: Any) -> Callable[[kt.LossChoice], keras.Model]:
    """Make the function that builds the network: columns scaled alike, two hidden layers."""

    def build_model(choice: kt.LossChoice) -> keras.Model:
        scaling = keras.layers.Normalization()
        scaling.adapt(x)
        hidden = [keras.layers.Dense(32, activation="relu") for _ in range(2)]
        last = keras.layers.Dense(choice.units, activation=choice.activation)
        return keras.Sequential([keras.Input(x.shape[1:]), scaling, *hidden, last])

    return build_model


class Course:
    """One compiled model with one optimizer, for many trainings from fresh weights."""

    def __init__(self, choice: kt.LossChoice, x: Any, optimizer: keras.optimizers.Optimizer):
        self.model = builder(x)(choice)
        self.model.compile(optimizer, choice.build_loss())
        optimizer.build(self.model.trainable_variables)
        self.variables = optimizer.variables
        self.begin = [keras.ops.convert_to_numpy(variable) for variable in self.variables]

    def start(self, weights: Any) -> None:
        """Put weights and optimizer to their beginning."""
        self.model.set_weights(weights)
        for variable, value in zip(self.variables, self.begin, strict=True):
            variable.assign(value)

    def val_loss(self, rows: Any, held_out: Any, epochs: int, seed: int) -> float:
        """Train, and give the loss on the held-out rows after the last epoch."""
        history = kt.fit(
            self.model,
            *rows,
            epochs=epochs,
            batch_size=BATCH_SIZE,
            validation_data=held_out,
            validation_freq=[epochs],
            validation_batch_size=256,
            seed=seed,
            verbose=0,
        )
        return float(history["loss"].iloc[-1])


def load(name: str) -> tuple[Any, Any, str | None]:
    """Load inputs, labels and their task: a sample data set, or a CSV file of the user's own."""
    if name.endswith(".csv"):
        table = pd.read_csv(name).dropna()
        x, y = pd.get_dummies(table.iloc[:, :-1], dtype="float32"), table.iloc[:, -1].to_numpy()
        return x.to_numpy("float32"), y, None
    data = kt.load_dataset(name)
    return data.x, data.y, data.task


def choose(y: Any, task: str | None) -> kt.LossChoice:
    """Choose the loss that the labels ask for."""
    choice = kt.choose_loss(y, task=task)
    assert isinstance(choice, kt.LossChoice)  # every set has one output
    return choice


def measure(name: str, seeds: int, epochs: int, budget: int) -> Iterator[dict[str, Any]]:
    """Train every candidate from every seed on one data set."""
    x, labels, task = load(name)
    choice = choose(labels, task)
    y = choice.encode(labels)
    started = time.perf_counter()
    tuning = kt.tune_optimizer(
        builder(x), x, labels, task=task, epochs=epochs, budget=budget, seed=10_000
    )
    tuned = time.perf_counter() - started
    plain = Course(choice, x, kt.adam())
    courses = {
        "SGD(0.01)": Course(choice, x, keras.optimizers.SGD(0.01)),
        "Adam(0.001)": plain,
        "find_learning_rate": plain,  # the same compiled steps, at another rate
        "tune_optimizer": Course(choice, x, tuning.optimizer()),
    }
    stratify = labels if choice.labels.kind in CLASSES else None
    for seed in range(seeds):
        training, held = kt.split_rows(len(x), HELD_OUT, seed=seed, stratify=stratify)
        rows = x[training], y[training]
        keras.utils.set_random_seed(seed)
        weights = builder(rows[0])(choice).get_weights()
        for candidate, course in courses.items():
            course.start(weights)
            seconds = tuned if candidate == "tune_optimizer" else 0.0
            rate = math.nan
            if candidate == "find_learning_rate":
                started = time.perf_counter()
                curve = kt.find_learning_rate(course.model, *rows, epochs=epochs, seed=seed)
                seconds, rate = time.perf_counter() - started, curve.suggestion
                course.model.optimizer.learning_rate = rate
            started = time.perf_counter()
            loss = course.val_loss(rows, (x[held], y[held]), epochs, seed)
            yield {
                "dataset": name,
                "candidate": candidate,
                "seed": seed,
                "val_loss": loss,
                "learning_rate": rate,
                "settings": tuning.name + str(tuning.best) if candidate == MEASURED[1] else "",
                "seconds_to_find": seconds,
                "seconds": time.perf_counter() - started,
            }


def time_model_fit(name: str, epochs: int) -> float:
    """Time one training with Keras' own model.fit, tracing included."""
    x, labels, task = load(name)
    choice = choose(labels, task)
    training, held = kt.split_rows(len(x), HELD_OUT, seed=0)
    model = builder(x)(choice)
    model.compile("adam", choice.build_loss())
    y = choice.encode(labels)
    validation = x[held], y[held]
    started = time.perf_counter()
    model.fit(x[training], y[training], epochs=epochs, validation_data=validation, verbose=0)
    return time.perf_counter() - started


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up the seeds: medians, and the ratio to the better default with its interval.

    The interval is Student's t, paired by seed: of the mean of log ratios, or, where a loss is not
    above 0, of the mean of differences as a share of the better default's median.
    """
    rows = []
    for name, runs in table.groupby("dataset", sort=False):
        losses = runs.pivot_table(
            index="seed", columns="candidate", values="val_loss", dropna=False
        )
        losses = losses.replace([np.inf, -np.inf], np.nan)
        medians = losses.median(skipna=False)
        better = str(medians[list(DEFAULTS)].idxmin())
        for candidate in (*DEFAULTS, *MEASURED):
            of = runs[runs["candidate"] == candidate]
            share = 1 + (medians[candidate] - medians[better]) / abs(medians[better])
            low, high = _interval(losses[candidate], losses[better], medians[better])
            rows.append(
                {
                    "dataset": name,
                    "candidate": candidate,
                    "median": medians[candidate],
                    "ratio": share,
                    "low": low,
                    "high": high,
                    "diverged": int(losses[candidate].isna().sum()),
                    "fits to find": of["seconds_to_find"].median()
                    / of["model_fit_seconds"].iloc[0],
                    "settings": of["settings"].iloc[0] or f"{of['learning_rate'].median():.2g}",
                }
            )
    return pd.DataFrame(rows)


def _interval(losses: Any, better: Any, median: float) -> tuple[float, float]:
    if (losses > 0).all() and (better > 0).all():
        _, low, high = mean_interval(np.log(losses / better))
        return math.exp(low), math.exp(high)
    _, low, high = mean_interval((losses - better) / abs(median))
    return 1 + low, 1 + high


def run(
    only: Sequence[str] | None = None,
    seeds: int = SEEDS,
    epochs: int = EPOCHS,
    budget: int = BUDGET,
    csv: str | None = None,
) -> pd.DataFrame:
    """Measure all data sets, or some."""
    tables = []
    for name in only or kt.list_datasets()["name"]:
        rows = pd.DataFrame(measure(name, seeds, epochs, budget))
        tables.append(rows.assign(model_fit_seconds=time_model_fit(name, epochs)))
        if csv:  # so that an interrupted benchmark leaves what it has
            pd.concat(tables).to_csv(csv, index=False)
    return summarise(pd.concat(tables, ignore_index=True))


def report(table: pd.DataFrame) -> str:
    """Print the ratios as a table for the README; count the sets won and lost."""
    lines = [
        "| data set | better default | its loss | suggestion | tuned |",
        "|---|---|---|---|---|",
    ]
    for name, rows in table.groupby("dataset", sort=False):
        of = rows.set_index("candidate")
        better = str(of.loc[list(DEFAULTS), "median"].idxmin())
        cells = [
            f"{of.loc[c, 'ratio']:.2f} ({of.loc[c, 'low']:.2f} to {of.loc[c, 'high']:.2f})"
            for c in MEASURED
        ]
        lines.append(
            f"| {name!s} | {better} | {of.loc[better, 'median']:.3g} | {' | '.join(cells)} |"
        )
    for candidate in MEASURED:
        of = table[table["candidate"] == candidate]
        lost = list(of.loc[~(of["ratio"] <= 1.02), "dataset"])
        lines.append(
            f"{candidate}: at most 2 % above the better default on {len(of) - len(lost)} of "
            f"{len(of)} sets, 10 % or more below it on {int((of['ratio'] <= 0.9).sum())}, diverged "
            f"{of['diverged'].sum()} times, cost {of['fits to find'].median():.1f} trainings "
            f"with model.fit (at most {of['fits to find'].max():.1f}); lost: "
            f"{', '.join(lost) or 'none'}."
        )
    return "\n".join(lines)


def plot(table: pd.DataFrame) -> Axes:
    """Draw each set's loss as a share of the better default's."""
    names = list(table["dataset"].unique())[::-1]
    ax = kt.plots.new_axes(height=1.2 + 0.36 * len(names), width=7.5)[0]
    for shift, colour, candidate in zip((0.14, -0.14), kt.plots.COLORS, MEASURED, strict=False):
        of = table[table["candidate"] == candidate].set_index("dataset").loc[names]
        places = np.arange(len(names)) + shift
        ax.hlines(places, of["low"], of["high"], color=colour, linewidth=1.5)
        ax.plot(of["ratio"], places, "o", color=colour)
        ax.text(0.01 if shift > 0 else 0.3, 1.02, candidate, color=colour, transform=ax.transAxes)
    ax.axvline(1, color="0.3", linewidth=1)
    ax.set_yticks(range(len(names)), names)
    ax.set_xscale("log")
    ticks = [0.03, 0.1, 0.3, 1, 3]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xlabel("validation loss as a share of the better Keras default's, lower is better")
    return ax


ARGUMENTS: dict[str, dict[str, Any]] = {
    "--only": {"nargs": "+", "help": "some data sets"},
    "--seeds": {"type": int, "default": SEEDS, "help": "trainings of each candidate"},
    "--epochs": {"type": int, "default": EPOCHS, "help": "length of each training"},
    "--budget": {"type": int, "default": BUDGET, "help": "trials of tune_optimizer"},
    "--csv": {"default": "optimizers.csv", "help": "where all runs are written"},
}

if __name__ == "__main__":
    show(run, report, plot, rows=pd.DataFrame, arguments=ARGUMENTS, picture="optimizers.png")
