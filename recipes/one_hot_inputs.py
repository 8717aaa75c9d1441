"""Is an island a number? Ids as inputs put classes on a line; one-hot columns do not.

An input can be a class too: the island on which a penguin lives. As an id 0, 1, 2 it lies on a line
for the network, and one weight must serve all islands: from the first to the last the prediction
can only rise or only fall. One-hot encoding gives each island a column and a weight of its own, so
that each may have its own answer.

    python -m recipes.one_hot_inputs --plot one_hot_inputs.png

Try next: set `SPECIES = "Gentoo"`. All Gentoos live on the island with id 0, at one end of the
line: there the ids happen to do as well as the columns.
"""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import show

SPECIES = "Chinstrap"  # they live on the island in the middle of the line only
EPOCHS = 300
SEED = 1
IDS, COLUMNS = "ids 0, 1, 2", "one-hot columns"


def learn(x: NDArray[np.float32], y: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Train one layer (logistic regression); give the probability that it predicts for each row."""
    keras.utils.set_random_seed(SEED)
    model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Dense(1, "sigmoid")])
    model.compile(kt.adam(0.1), "binary_crossentropy")
    kt.fit(model, x, y, epochs=EPOCHS, batch_size=len(x), seed=SEED, verbose=0)
    return np.asarray(model(x))[:, 0]


def run() -> pd.DataFrame:
    """Which share of the penguins on each island is of the species? One row an island."""
    data = kt.load_dataset("penguins")
    places = [i for i, name in enumerate(data.feature_names) if name.startswith("island_")]
    one_hot = data.x[:, places]
    ids = one_hot.argmax(axis=1)
    y = data.y == SPECIES
    table = pd.DataFrame(
        {
            "island": [data.feature_names[place].removeprefix("island_") for place in places],
            "share": [y[ids == i].mean() for i in range(len(places))],
        }
    )
    for way, x in ((IDS, ids[:, None].astype(np.float32)), (COLUMNS, one_hot)):
        predicted = learn(x, y)
        table[way] = [predicted[ids == i].mean() for i in range(len(places))]
    table["island"] = table["island"].str.capitalize()
    return table.assign(species=SPECIES)


def farthest(table: pd.DataFrame) -> pd.Series[float]:
    """Find how far each model is off on the island where it is off most."""
    return table[[IDS, COLUMNS]].sub(table["share"], axis=0).abs().max()


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show all islands."""
    return table.drop(columns="species")


def report(table: pd.DataFrame) -> str:
    """Say how far off each model is."""
    off = 100 * farthest(table)
    home = table.loc[table["share"].idxmax()]
    return (
        f"With the island as an id, the model gives {home['island']} {home[IDS]:.0%} "
        f"{home['species']}s where {home['share']:.0%} live, and it is off by {off[IDS]:.0f} "
        f"points at most; with a column for each island it gives {home[COLUMNS]:.0%} and is off "
        f"by {off[COLUMNS]:.1f} points at most."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw the share on each island as a bar, and what both models predict as lines over it."""
    ax = kt.plots.new_axes(width=6.4, height=4.0)[0]
    ax.bar(table["island"], table["share"], color="0.85", width=0.6)
    ax.plot(table["island"], table[IDS], "o-", color=kt.plots.COLORS[1], label=f"as {IDS}")
    ax.plot(table["island"], table[COLUMNS], "D", color=kt.plots.COLORS[0], label=f"as {COLUMNS}")
    ax.set_ylabel(f"share of {table['species'].iloc[0]}s (gray: counted)")
    ax.set_xlabel("island, in the order of its id")
    ax.legend(frameon=False, fontsize=11)
    return ax


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
