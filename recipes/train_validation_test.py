"""Train, choose, judge: why three parts of the data, and not two?

The training rows teach, so a network looks better on them than it is. The validation rows choose,
between networks, epochs or settings; the best of many is also the luckiest, so it looks better on
them than it is. Only rows that neither taught nor chose, the test rows, judge: once, at the end,
beside a baseline that needs no network. What leaks from one part into another spoils the judgement.

    python -m recipes.train_validation_test --plot three_parts.png

Try next: set `VALIDATION_ROWS = 600`. Ten times the rows leave luck less room: the gap shrinks to
less than a third.
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

CANDIDATES = 40
TRAINING_ROWS = 300
VALIDATION_ROWS = 60
DRAWS = 500  # of which rows validate; the others test
SIGN = "edema"
SEED = 1


def train_candidates(x: Any, y: Any) -> keras.Model:
    """Train many small networks at once, side by side in one model: none sees another."""
    own = keras.initializers.RandomNormal(stddev=0.2, seed=SEED)
    first = keras.layers.EinsumDense(
        "bi,nih->bnh", (CANDIDATES, 8), "relu", bias_axes="nh", kernel_initializer=own
    )
    last = keras.layers.EinsumDense(
        "bnh,nh->bn", CANDIDATES, "sigmoid", bias_axes="n", kernel_initializer=own
    )
    model = keras.Sequential([keras.Input(x.shape[1:]), first, last])
    model.compile(kt.adam(0.01), "binary_crossentropy")
    kt.fit(model, x, np.repeat(y[:, None], CANDIDATES, 1), epochs=20, seed=SEED, verbose=0)
    return model


def choose(right: NDArray[np.bool_]) -> pd.DataFrame:
    """Choose the best of ever more candidates on some rows, judge it on the others; on average.

    `right` says for each row and candidate whether the answer was right.
    """
    dice = np.random.default_rng(SEED)
    scores = np.zeros((DRAWS, CANDIDATES, 2))
    for draw in range(DRAWS):
        rows, names = dice.permutation(len(right)), dice.permutation(CANDIDATES)
        validation = right[rows[:VALIDATION_ROWS]][:, names].mean(axis=0)
        test = right[rows[VALIDATION_ROWS:]][:, names].mean(axis=0)
        best = [validation[: tried + 1].argmax() for tried in range(CANDIDATES)]
        scores[draw, :, 0], scores[draw, :, 1] = validation[best], test[best]
    columns = ["validation", "test"]
    table = pd.DataFrame(scores.mean(axis=0), columns=columns)
    return table.assign(part="choosing", tried=np.arange(1, CANDIDATES + 1))


def recall_of(order: str) -> dict[str, Any]:
    """Copy the rare patients until they are no longer rare, before or after the split."""
    liver = kt.load_dataset("liver")
    x, y = liver.x, liver.y[:, liver.target_names.index(SIGN)]
    times = np.where(y == 1, 6, 1)
    rows = np.random.default_rng(SEED).permutation(len(y))
    if order == "copied, then split":
        rows = np.random.default_rng(SEED).permutation(np.repeat(rows, times[rows]))
    half = len(rows) // 2
    learn, judge = rows[:half], rows[half:]
    if order == "split, then copied":
        learn = np.repeat(learn, times[learn])

    def build_model(choice: kt.LossChoice) -> keras.Model:
        scaling = keras.layers.Normalization()
        scaling.adapt(x[learn])  # on the training rows only, or the others leak into the means
        last = keras.layers.Dense(choice.units, choice.activation)
        return keras.Sequential([scaling, keras.layers.Dense(64, "relu"), last])

    settings: dict[str, Any] = {"epochs": 40, "optimizer": kt.adam(0.01), "seed": SEED}
    settings |= {"check": "off", "verbose": 0}
    trained = kt.train(build_model, x[learn], y[learn], **settings)
    sick = judge[y[judge] == 1]
    return {"part": "leak", "order": order, "recall": float((trained.predict(x[sick]) == 1).mean())}


def run() -> pd.DataFrame:
    """Choose rain networks on few rows, and let copies leak from training into validation."""
    rain = kt.load_dataset("rain")
    mean, spread = rain.x[:TRAINING_ROWS].mean(axis=0), rain.x[:TRAINING_ROWS].std(axis=0)
    x = (rain.x - mean) / spread
    model = train_candidates(x[:TRAINING_ROWS], rain.y[:TRAINING_ROWS])
    later, today = rain.y[TRAINING_ROWS:], rain.x[TRAINING_ROWS:, -1]
    said = np.asarray(model(x[TRAINING_ROWS:])) > 0.5
    table = choose(said == later[:, None])
    table["as_today"] = (today == later).mean()
    leaks = [recall_of(order) for order in ("copied, then split", "split, then copied")]
    return pd.concat([table, pd.DataFrame(leaks)], ignore_index=True)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the chosen network's two scores, the more are tried."""
    tried = table["tried"].isin((1, 2, 5, 10, 20, CANDIDATES))
    return table.loc[tried, ["tried", "validation", "test", "as_today"]].round(3)


def report(table: pd.DataFrame) -> str:
    """Say how much too good the chosen network looks, and what the leak promises."""
    all_tried = table[table["tried"] == CANDIDATES].iloc[0]
    leaky, honest = table.loc[table["part"] == "leak", "recall"]
    return (
        f"Copies of rare patients on both sides of the split: {leaky:.0%} of those with {SIGN} "
        f"seem to be found. Split first, and it is {honest:.0%}.\n"
        f"The best of {CANDIDATES} networks is right on {all_tried['validation']:.1%} of the "
        f"{VALIDATION_ROWS} validation days that chose it, and on {all_tried['test']:.1%} of the "
        f"test days; saying 'as today' is right on {all_tried['as_today']:.1%}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the best network's two scores over the number of candidates, and the leak.

    The validation score of the chosen network rises with every network tried, its test score
    stays flat, below the baseline. Copies before the split promise to find nearly all.
    """
    upper, lower = kt.plots.new_axes(2, width=5.6, height=6.0)
    rows = table[table["part"] == "choosing"]
    for colour, split in zip(kt.plots.COLORS[1::-1], ("validation", "test"), strict=True):
        upper.plot(rows["tried"], rows[split], color=colour, linewidth=2, label=split)
    upper.axhline(rows["as_today"].iloc[0], color="0.4", linestyle=":")
    upper.annotate(
        "baseline: as today",
        (CANDIDATES, rows["as_today"].iloc[0]),
        xytext=(0, 4),
        textcoords="offset points",
        ha="right",
        color="0.3",
    )
    upper.set(
        xlabel="networks tried; the best on validation is kept", ylabel="accuracy of the chosen"
    )
    upper.set_title(
        "the more you try, the better the chosen one only looks", loc="left", fontsize=10
    )
    kt.plots.label_lines(upper, size=10)
    leaks = table[table["part"] == "leak"]
    bars = lower.barh(
        leaks["order"], leaks["recall"], 0.5, color=[kt.plots.COLORS[1], kt.plots.COLORS[0]]
    )
    lower.bar_label(bars, [f"{value:.0%}" for value in leaks["recall"]], padding=4)
    lower.set(xlabel="share of the rare patients that are found", xlim=(0, 1.15))
    lower.set_title("a leak: copies on both sides of the split", loc="left", fontsize=10)
    return upper


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
