"""How does the ground look that an optimizer walks on?  Curves and contours with the path on them.

The style is that of `plots`. Every function draws on the axes that it is given, or on new ones,
and returns them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerastrain.plots.pictures import COLORS, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["plot_descent", "plot_landscape"]


def plot_descent(
    function: Callable[..., Any],
    walks: pd.DataFrame,
    *,
    by: str | None = None,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a function and the walks on it: a curve for one variable, contour lines for two.

    Contour lines lie closer together near the bottom, so that a flat valley shows too.

    Args:
        function: The function that was walked on, as given to `trace_descent`.
        walks: What `trace_descent` returned; several walks stand below each other.
        by: The column that tells the walks apart; its values are written beside them. Left out,
            the table is one walk.
        xlim: Least and greatest `x` to draw. Left out, all points of the walks fit in.
        ylim: The same for the vertical axis.
        ax: Axes to draw on. Left out, new ones.

    Returns:
        The axes.
    """
    axes = new_axes()[0] if ax is None else ax
    names = [None] if by is None else list(walks[by].unique())
    groups: list[tuple[Any, pd.DataFrame]] = [
        (name, walks if by is None else walks.loc[walks[by] == name]) for name in names
    ]
    heights = "y" if "y" in walks else "value"
    xlim = xlim or _limits(walks["x"])
    if "y" in walks:
        ylim = ylim or _limits(walks["y"])
        _draw_contour(axes, *_evaluate(function, xlim, ylim))
    else:
        xs = np.linspace(*xlim, 401)
        axes.plot(xs, _numbers(function(_tensor(xs))), color="0.65", zorder=1)
    starts = [(rows["x"].iloc[0], rows[heights].iloc[0]) for _, rows in groups]
    at = 0 if len(set(starts)) == len(starts) else -1
    for color, (name, rows) in zip(COLORS, groups, strict=False):
        rows = rows.replace([np.inf, -np.inf], np.nan).dropna(subset=["x", heights])
        axes.plot(rows["x"], rows[heights], ".-", color=color, linewidth=1.2, markersize=5)
        axes.plot(rows["x"].iloc[0], rows[heights].iloc[0], "o", color=color, markersize=7)
        seen = rows[rows["x"].between(*xlim) & rows[heights].between(*(ylim or (-np.inf, np.inf)))]
        if name is not None and len(seen):
            _write(axes, str(name), seen["x"].iloc[at], seen[heights].iloc[at], color)
    axes.set_xlim(*xlim)
    if ylim is not None:
        axes.set_ylim(*ylim)
    axes.set_xlabel("x")
    axes.set_ylabel("y" if "y" in walks else "f(x)")
    return axes


def plot_landscape(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the loss around a trained network as contour lines, with its training path.

    Args:
        table: What `loss_landscape` returned.
        ax: Axes to draw on. Left out, new ones.

    Returns:
        The axes.
    """
    axes = new_axes()[0] if ax is None else ax
    grid = table.pivot_table(index="b", columns="a", values="loss", dropna=False)
    lines = _draw_contour(
        axes, grid.columns.to_numpy(float), grid.index.to_numpy(float), grid.to_numpy()
    )
    axes.clabel(lines, lines.levels[::2], fontsize=7, fmt="%.3g")
    path = table.attrs.get("path")
    if path is not None:
        axes.plot(*zip(*path, strict=True), ".-", color=COLORS[1], linewidth=1.2, markersize=5)
        axes.plot(*path[0], "o", color=COLORS[1], markersize=7)
    axes.plot(0, 0, "*", color=COLORS[0], markersize=12)
    axes.set_xlabel("along direction a")
    axes.set_ylabel("along direction b")
    return axes


def _limits(values: pd.Series) -> tuple[float, float]:
    """Leave a margin around the finite values."""
    finite = values[np.isfinite(values)]
    margin = 0.15 * float(finite.max() - finite.min()) or 1.0
    return float(finite.min()) - margin, float(finite.max()) + margin


def _evaluate(
    function: Callable[..., Any], xlim: tuple[float, float], ylim: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Evaluate a function of two variables on a grid."""
    xs, ys = np.linspace(*xlim, 121), np.linspace(*ylim, 121)
    grid_x, grid_y = np.meshgrid(xs, ys)
    return xs, ys, _numbers(function(_tensor(grid_x), _tensor(grid_y)))


def _draw_contour(
    axes: Axes, xs: NDArray[np.float64], ys: NDArray[np.float64], heights: NDArray[np.float64]
) -> Any:
    """Draw pale heights with grey contour lines, denser near the bottom."""
    low, high = np.nanmin(heights), np.nanmax(heights[np.isfinite(heights)])
    levels = low + (high - low) * np.linspace(0, 1, 13) ** 2
    axes.grid(visible=False)
    axes.contourf(xs, ys, heights, levels, cmap="Greys", alpha=0.35)
    return axes.contour(xs, ys, heights, levels, colors="0.55", linewidths=0.7, linestyles="solid")


def _write(axes: Axes, text: str, x: float, y: float, color: str) -> None:
    """Write a walk's name beside a point, legible on any ground."""
    from matplotlib.patheffects import withStroke

    note = axes.annotate(
        text, (x, y), xytext=(6, 5), textcoords="offset points", color=color, fontsize=9
    )
    note.set_path_effects([withStroke(linewidth=2.5, foreground="white")])


def _tensor(values: NDArray[np.float64]) -> Any:
    """Hand numbers to the backend, as training would see them."""
    import keras

    return keras.ops.convert_to_tensor(values, keras.config.floatx())


def _numbers(tensor: Any) -> NDArray[np.float64]:
    """Bring a tensor back to NumPy."""
    import keras

    return np.asarray(keras.ops.convert_to_numpy(tensor), float)
