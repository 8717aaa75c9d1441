"""How do the pictures look?  One palette, direct labels, units on the axes.

matplotlib is loaded when the first picture is asked for. Every function draws on the axes that
it is given, or on new ones, and returns them; it never calls `plt.show()`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLORS",
    "draw_differences",
    "label_lines",
    "new_axes",
    "plot_comparison",
    "plot_history",
    "save_picture",
]

# Eight colors that people with any color vision tell apart, without the yellow, which is too
# pale on white. Okabe and Ito, Color Universal Design, 2008; https://jfly.uni-koeln.de/color/
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

MEASURE_LABELS = {
    "accuracy": "accuracy (share of rows, higher is better)",
    "log_loss": "log-loss (nats, lower is better)",
    "mae": "mean absolute error (unit of y, lower is better)",
    "rmse": "root mean squared error (unit of y, lower is better)",
}


def new_axes(
    rows: int = 1,
    *,
    columns: int = 1,
    width: float = 6.4,
    height: float = 4.0,
    sharex: bool = False,
) -> list[Axes]:
    """Make a figure in the style of the house.

    Args:
        rows: Pictures below each other.
        columns: Pictures beside each other.
        width: Of the whole figure, in inches.
        height: Of the whole figure, in inches.
        sharex: Give the pictures of a column one x axis.

    Returns:
        The axes, row by row.
    """
    import matplotlib.pyplot as plt

    _, grid = plt.subplots(
        rows, columns, figsize=(width, height), sharex=sharex, squeeze=False, layout="constrained"
    )
    axes = list(grid.flat)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(visible=True, color="0.9", linewidth=0.8)
        ax.set_axisbelow(True)
    return axes


def label_lines(ax: Axes, *, size: float = 9) -> None:
    """Write each line's label beside its right end, in its color, so that no legend is needed.

    Labels that would overlap are moved apart.

    Args:
        ax: Axes whose lines carry a `label`; those that begin with `_` are left out.
        size: Of the text, in points.
    """
    ends = []
    for line in ax.get_lines():
        x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
        shown = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        name = str(line.get_label())
        if len(shown) and not name.startswith("_"):
            ends.append((x[shown[-1]], y[shown[-1]], name, line.get_color()))
    if not ends:
        return
    ax.figure.canvas.draw()  # the limits of the axes are settled only when they are drawn
    pixels_per_point = ax.figure.dpi / 72
    gap = size * 1.25 * pixels_per_point
    heights = [ax.transData.transform((x, y))[1] for x, y, _, _ in ends]
    placed = _spread(heights, gap)
    for (x, y, name, color), height, free in zip(ends, heights, placed, strict=True):
        ax.annotate(
            name,
            (x, y),
            xytext=(6, (free - height) / pixels_per_point),
            textcoords="offset points",
            color=color,
            fontsize=size,
            va="center",
            annotation_clip=False,
        )


def plot_history(
    history: pd.DataFrame,
    *,
    best_epoch: int | None = None,
    baseline: float | None = None,
    title: str = "",
    marks: Mapping[str, int] | None = None,
) -> Axes:
    """Draw the loss over the epochs, and the learning rate under it where it changes.

    Args:
        history: A tidy history: `epoch`, `split`, `loss`, …, `learning_rate`.
        best_epoch: Is marked with a dotted line. Left out, none is.
        baseline: What the best constant answer costs, a grey line. Left out, none is drawn.
        title: Stands above the picture.
        marks: Names and the epochs at which they are written, on a grey band up to the end.

    Returns:
        The axes of the loss.
    """
    from matplotlib.ticker import MaxNLocator

    rates = history.loc[history["split"] == "train", ["epoch", "learning_rate"]]
    changes = len(rates["learning_rate"].drop_duplicates()) > 1
    axes = new_axes(2 if changes else 1, height=5.0 if changes else 4.0, sharex=True)
    ax = axes[0]
    names = {"train": "training", "val": "validation"}
    for color, (split, rows) in zip(COLORS, history.groupby("split", sort=False), strict=False):
        marker = "o" if len(rows) < 3 else None
        ax.plot(
            rows["epoch"],
            rows["loss"],
            color=color,
            marker=marker,
            linestyle="-" if split == "train" else "--",
            label=names.get(str(split), str(split)),
        )
    if best_epoch is not None:
        ax.axvline(best_epoch, color="0.4", linestyle=":")
        ax.annotate(
            f"lowest: epoch {best_epoch}",
            (best_epoch, 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -10),
            textcoords="offset points",
            fontsize=9,
            color="0.3",
        )
    if baseline is not None:
        ax.axhline(baseline, color="0.7", zorder=0)
        ax.annotate(
            "baseline",
            (0, baseline),
            xycoords=("axes fraction", "data"),
            xytext=(4, 3),
            textcoords="offset points",
            fontsize=9,
            color="0.5",
        )
    for place, (name, epoch) in enumerate((marks or {}).items()):
        ax.axvspan(epoch, max(history["epoch"].max(), epoch + 0.5), color="0.92", zorder=0)
        ax.annotate(
            name, (epoch, 1), xycoords=("data", "axes fraction"), xytext=(4, -22 - 12 * place),
            textcoords="offset points", fontsize=9, color=COLORS[1],
        )  # fmt: skip
    ax.set_title(title, fontsize=9, loc="left")
    ax.set_ylabel("loss")
    if changes:
        axes[1].plot(rates["epoch"], rates["learning_rate"], color=COLORS[2])
        axes[1].set_ylabel("learning rate")
        axes[1].set_ylim(bottom=0)
    axes[-1].set_xlabel("epoch")
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    label_lines(ax)
    return ax


def save_picture(ax: Axes, path: str, *, dpi: int = 110) -> None:
    """Write the figure of these axes to a file and close it.

    Args:
        ax: Any axes of the figure.
        path: File to write; its ending (`.png`, `.svg`, `.pdf`) decides the format.
        dpi: Dots an inch.
    """
    import matplotlib.pyplot as plt

    figure: Figure = ax.figure.figure  # the whole one, where ax stands in a part
    figure.savefig(path, dpi=dpi, bbox_inches="tight")
    plt.close(figure)


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """Move values apart until neighbours are `gap` apart, in their order, as little as needed."""
    order = np.argsort(heights, kind="stable")
    placed = np.asarray(heights, float)[order]
    for _ in range(100):
        overlap = gap - np.diff(placed)
        if len(overlap) == 0 or overlap.max() < 0.01:
            break
        push = np.clip(overlap, 0, None) / 2
        placed[:-1] -= push
        placed[1:] += push
    back = np.empty(len(placed))
    back[order] = placed
    return [float(value) for value in back]


def plot_comparison(summary: pd.DataFrame) -> Axes:
    """Draw what a comparison decides by, one picture for each measure.

    Args:
        summary: Of a comparison.

    Returns:
        The axes of the first measure.
    """
    groups = [rows for _, rows in summary.groupby("measure", sort=False)]
    height = 0.9 + 0.45 * max(map(len, groups))
    axes = new_axes(len(groups), width=8.5, height=height * len(groups))
    for ax, rows in zip(axes, groups, strict=True):
        draw_differences(ax, rows)
    return axes[0]


def draw_differences(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw each candidate's paired difference to the best, and its mean beside it.

    The baseline's difference would push the others together, so only its mean is told.

    Args:
        ax: Where to draw.
        rows: Of one measure in the summary of a comparison, the first row on top.
    """
    measure = str(rows["measure"].iloc[0])
    places = range(len(rows) - 1, -1, -1)
    for place, row in zip(places, rows.to_dict("records"), strict=True):
        worse = row["verdict"] == "worse"
        color = COLORS[1] if worse else COLORS[0]
        if row["candidate"] != "baseline":
            gap = row["difference"]
            ends = [[gap - row["difference_low"]], [row["difference_high"] - gap]]
            marker = "s" if worse else "o"
            ax.errorbar(gap, place, xerr=ends, fmt=marker, color=color, capsize=4, zorder=3)
        interval = f"({row['low']:.4g} to {row['high']:.4g})".replace("(nan to nan)", "(each time)")
        text = f"{row['mean']:.4g} {interval}  {row['verdict']}"
        ax.annotate(text, (1.02, place), xycoords=("axes fraction", "data"), fontsize=8,
                    va="center", color=color)  # fmt: skip
    ax.axvline(0, color="0.4", linewidth=1)
    ax.set_yticks(list(places), labels=[str(name) for name in rows["candidate"]])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlabel(f"{MEASURE_LABELS.get(measure, measure)}: paired difference to the best")
    ax.set_title("mean (95 % interval)", fontsize=8, loc="right")
    ax.grid(visible=False, axis="y")
