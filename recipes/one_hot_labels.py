"""Is a Gentoo more than an Adelie? Ids have an order that classes do not: one-hot labels.

As ids, species 2 looks twice as far from species 0 as species 1 does. One-hot encoding gives each
class a column of its own: 1 in the column of the class, 0 elsewhere, so that all classes are
equally far apart. Statistics calls such columns dummy variables, and pandas makes the same ones.

    python -m recipes.one_hot_labels --plot one_hot.png

Try next: set `DATA = "wine"`. Its three classes are called 1, 2 and 3, and the same rows come out.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import show

DATA = "penguins"


def by_hand(ids: NDArray[np.int64], num_classes: int) -> NDArray[np.float32]:
    """Write a 1 into each row, at the column of its class."""
    rows = np.zeros((len(ids), num_classes), dtype=np.float32)
    rows[np.arange(len(ids)), ids] = 1
    return rows


def run() -> pd.DataFrame:
    """Encode the labels of all rows in three ways: one row a label and way."""
    labels = kt.load_dataset(DATA).y
    classes, ids = np.unique(labels, return_inverse=True)
    ways = {
        "by hand": by_hand(ids, len(classes)),
        "one_hot": kt.one_hot(ids),
        "get_dummies": pd.get_dummies(pd.Series(labels)).to_numpy(dtype=np.float32),
    }
    tables = []
    for way, rows in ways.items():
        table = pd.DataFrame(rows, columns=[str(name) for name in classes])
        table.insert(0, "id", ids)
        table.insert(0, "label", labels)
        tables.append(table.assign(way=way))
    return pd.concat(tables, ignore_index=True)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show one label of each class."""
    return table.drop_duplicates("label").sort_values("id").drop(columns="way")


def report(table: pd.DataFrame) -> str:
    """Say that each row holds a single 1, and where."""
    columns = table.columns.drop(["label", "id", "way"])
    rows = table[columns].to_numpy()
    hits = int((rows.argmax(axis=1) == table["id"]).sum())
    ways = [rows[table["way"] == way] for way in table["way"].unique()]
    equal = sum(np.array_equal(ways[0], other) for other in ways)
    codes = np.unique(rows, axis=0)
    apart = {f"{np.linalg.norm(one - other):.2f}" for one, other in combinations(codes, 2)}
    return (
        f"Of {len(rows)} rows, {int((rows.sum(axis=1) == 1).sum())} sum to 1. Any two classes lie "
        f"{' or '.join(sorted(apart))} apart.\n"
        f"One-hot rows lose nothing: argmax, the place of the largest entry, gives the id back in "
        f"{hits} of {len(rows)} rows, and {equal} of {len(ways)} ways to encode agree."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw one label of each class as squares: dark is 1, pale is 0."""
    ax = kt.plots.new_axes(height=3.2)[0]
    first = table.drop_duplicates("label").sort_values("id")
    columns = list(table.columns.drop(["label", "id", "way"]))
    rows = first[columns].to_numpy()
    ax.imshow(rows, cmap="Blues", vmin=-0.2, vmax=1.2, aspect="auto")
    ax.grid(visible=False)
    for (row, column), value in np.ndenumerate(rows):
        ink = "white" if value else "0.3"
        ax.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=14, color=ink)
    names = [f"{label} (id {i})" for label, i in zip(first["label"], first["id"], strict=True)]
    ax.set_yticks(range(len(names)), names)
    ax.set_xticks(range(len(columns)), [f"{name}?" for name in columns])
    ax.set(xlabel="column of the one-hot label", ylabel="label")
    return ax


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
