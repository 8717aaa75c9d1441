"""How do the pictures look?  matplotlib is imported when one is asked for."""

from kerastrain.plots.pictures import (
    COLORS,
    draw_differences,
    label_lines,
    new_axes,
    plot_comparison,
    plot_history,
    save_picture,
)
from kerastrain.plots.rates import plot_rates, plot_trials
from kerastrain.plots.surfaces import plot_descent, plot_landscape

__all__ = [
    "COLORS",
    "draw_differences",
    "label_lines",
    "new_axes",
    "plot_comparison",
    "plot_descent",
    "plot_history",
    "plot_landscape",
    "plot_rates",
    "plot_trials",
    "save_picture",
]
