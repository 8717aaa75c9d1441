"""Guess the learning rate, or measure it?

A library's default rate knows neither your network nor your data. In a range test the rate rises
with each step of one short run: a good rate leads, over a whole training, as far as the test had
come where the loss of rows that it did not learn from was lowest. A tuning goes on from there: it
tries many settings briefly, the best ones longer, and keeps the default unless one clearly beats
it.

    python -m recipes.tuned_optimizer --plot tuned_optimizer.png

Try next: set `EPOCHS = 100`. In a longer training the default rate too reaches a loss below 0.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pandas as pd
from matplotlib.axes import Axes

import kerastrain as kt

from .lesson import show

EPOCHS = 20
TRIALS = 9
SEEDS = 3
SEED = 1
GUESSED, MEASURED, TUNED = "default", "range test", "tuned"


def build_model(choice: kt.LossChoice) -> keras.Model:
    """Build a small network."""
    hidden = keras.layers.Dense(16, "relu")
    last = keras.layers.Dense(choice.units, choice.activation)
    return keras.Sequential([keras.Input((13,)), hidden, last])


def two_parts() -> tuple[Any, Any, Any, Any]:
    """Put wines for testing aside: neither their scale nor their losses are seen before the end."""
    data = kt.load_dataset("wine")
    training, test = kt.split_rows(len(data.x), 0.25, seed=SEED, stratify=data.y)
    mean, spread = data.x[training].mean(axis=0), data.x[training].std(axis=0)
    x = (data.x - mean) / spread
    return x[training], data.y[training], x[test], data.y[test]


def judge(optimizer: Callable[[], Any], parts: tuple[Any, Any, Any, Any]) -> Any:
    """Train from several seeds, and give the losses on the test wines."""
    x, y, test_x, test_y = parts
    choice = kt.choose_loss(y)
    for seed in range(SEEDS):
        keras.utils.set_random_seed(seed)
        model = build_model(choice)
        model.compile(optimizer(), choice.build_loss())
        kt.fit(model, x, choice.encode(y), epochs=EPOCHS, loop="graph", seed=seed, verbose=0)
        yield seed, float(choice.build_loss()(choice.encode(test_y), model(test_x)))


def run() -> pd.DataFrame:
    """From which grape is a wine? Measure, tune, then compare: one row a candidate and seed."""
    parts = two_parts()
    x, y, *_ = parts
    choice = kt.choose_loss(y)
    keras.utils.set_random_seed(SEED)
    curve = kt.find_learning_rate(build_model(choice), x, y, epochs=EPOCHS, seed=SEED)
    settings = {"budget": TRIALS, "epochs": EPOCHS, "seed": SEED}
    tuning = kt.tune_optimizer(build_model, x, y, ("adam",), **settings)
    optimizers: dict[str, Callable[[], Any]] = {
        GUESSED: kt.adam,
        MEASURED: lambda: kt.adam(curve.suggestion),
        TUNED: tuning.optimizer,
    }
    rows = [
        {"candidate": name, "seed": seed, "loss": loss}
        for name, optimizer in optimizers.items()
        for seed, loss in judge(optimizer, parts)
    ]
    table = pd.DataFrame(rows)
    table.attrs = {
        "curve": curve.table.to_dict("list"),
        "suggestion": curve.suggestion,
        "range": (curve.low, curve.high),
        "rule": curve.rule,
        "tuned": str(tuning),
    }
    return table


def report(table: pd.DataFrame) -> str:
    """Say what was measured, what was tuned, and what each is worth on test rows."""
    means = table.groupby("candidate")["loss"].mean()
    return (
        f"Range test: {table.attrs['suggestion']:.2g}; it {table.attrs['rule']}.\n"
        f"Tuning: {table.attrs['tuned']}\n"
        f"Over {table['seed'].nunique()} seeds the loss on test wines is {means[GUESSED]:.2f} "
        f"with the default rate of 0.001, {means[MEASURED]:.2f} with the measured "
        f"{table.attrs['suggestion']:.2g}, and {means[TUNED]:.2f} with the tuned optimizer."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the range test, and the loss of each candidate, a dot a seed."""
    left, right = kt.plots.new_axes(columns=2, width=9.2, height=3.8)
    curve = pd.DataFrame(table.attrs["curve"])
    kt.plots.plot_rates(curve, table.attrs["suggestion"], table.attrs["range"], ax=left)
    left.set_title("the range test", fontsize=10, loc="left")
    for place, (name, colour) in enumerate(
        zip((GUESSED, MEASURED, TUNED), kt.plots.COLORS, strict=False)
    ):
        losses = table.loc[table["candidate"] == name, "loss"]
        right.plot([place] * len(losses), losses, "o", color=colour, alpha=0.5)
        right.plot([place - 0.2, place + 0.2], [losses.mean()] * 2, color=colour, linewidth=2.5)
        right.text(place + 0.24, losses.mean(), f"{losses.mean():.2f}", color=colour, va="center")
    right.set_xticks(range(3), [GUESSED, MEASURED, TUNED])
    right.set(xlim=(-0.5, 2.7), ylim=(0, None), ylabel="loss on test wines (cross-entropy)")
    right.set_title("dots: seeds; lines: their mean", fontsize=10, loc="left")
    return left


if __name__ == "__main__":
    show(run, report, plot)
