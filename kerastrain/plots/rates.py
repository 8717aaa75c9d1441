"""How do learning rates look? The range test, and the trials of a tuning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from kerastrain.plots.pictures import COLORS, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_rates", "plot_trials"]


def plot_rates(
    table: pd.DataFrame, suggestion: float, limits: tuple[float, float], *, ax: Axes | None = None
) -> Axes:
    """Draw the loss over the learning rate, with the suggestion marked.

    Args:
        table: A row for each step: `learning_rate`, `loss`, `smoothed_loss`, `val_loss`.
        suggestion: Is marked with a line.
        limits: The range to shade.
        ax: Where to draw. Left out, on a new figure.

    Returns:
        The axes.
    """
    ax = new_axes()[0] if ax is None else ax
    rates, smoothed = table["learning_rate"], table["smoothed_loss"]
    ax.plot(rates, table["loss"], color="0.75", linewidth=1)
    ax.plot(rates, smoothed, color=COLORS[0], linewidth=2)
    names = [("range", COLORS[2]), ("loss of a batch", "0.5"), ("smoothed", COLORS[0])]
    bottom = smoothed.min()
    if table["val_loss"].notna().all():
        ax.plot(rates, table["val_loss"], color=COLORS[3], linewidth=2)
        names.append(("validation rows", COLORS[3]))
        bottom = min(bottom, table["val_loss"].min())
    fall = smoothed.iloc[0] - bottom
    ax.set_xscale("log")
    ax.set_ylim(bottom - 0.15 * fall, smoothed.iloc[0] + 0.6 * fall)
    ax.axvspan(*limits, color=COLORS[2], alpha=0.12, linewidth=0)
    ax.axvline(suggestion, color=COLORS[1], linestyle="--")
    ax.annotate(
        f"suggestion {suggestion:.2g}",
        (suggestion, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -10),
        textcoords="offset points",
        fontsize=9,
        color=COLORS[1],
    )
    for place, (text, color) in enumerate(names):
        height = 0.05 + 0.07 * place
        ax.text(0.02, height, text, transform=ax.transAxes, fontsize=9, color=color)
    ax.set_xlabel("learning rate, rising with each step")
    ax.set_ylabel("loss")
    return ax


def plot_trials(table: pd.DataFrame) -> Axes:
    """Draw the trials of a tuning: the validation loss at each rung over the learning rate.

    Args:
        table: A row for each trial: `optimizer`, `learning_rate`, `epochs` (that it was given),
            `val_loss`, `best`.

    Returns:
        The axes.
    """
    ax = new_axes()[0]
    finite = table[table["val_loss"].notna()]
    for color, (name, rows) in zip(COLORS, finite.groupby("optimizer"), strict=False):
        size = 12 + 80 * rows["epochs"] / table["epochs"].max()
        ax.scatter(rows["learning_rate"], rows["val_loss"], s=size, color=color, alpha=0.7)
        ax.plot([], [], color=color)
        place = rows["learning_rate"].median(), rows["val_loss"].max()
        ax.annotate(str(name), place, xytext=(0, 8), textcoords="offset points", color=color)
    best = table[table["best"]].iloc[0]
    ax.annotate(
        "best",
        (best["learning_rate"], best["val_loss"]),
        xytext=(0, -16),
        textcoords="offset points",
        ha="center",
        fontsize=9,
    )
    ax.set_xscale("log")
    if (finite["val_loss"] > 0).all():
        ax.set_yscale("log")
    ax.set_xlabel("learning rate")
    ax.set_ylabel("validation loss (larger dots: more epochs)")
    return ax
