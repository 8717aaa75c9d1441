"""What do all lessons have in common?

A lesson is a module of 40 to 90 lines with the same parts in the same order: a docstring, named
constants, one to three small functions, `run`, `report`, `plot`, and these two lines::

    if __name__ == "__main__":
        show(run, report, plot)

- The docstring's first line is the lesson's title: a contrast or a question, on one line. It
  stands in the index. Then the idea in three sentences, the command, one thing to try next.
- `run() -> DataFrame` computes: seeded, prints nothing.
- `report(table) -> str` says what the table shows. Its last line is the moral: one sentence that
  holds the measured numbers. `python -m recipes.all` prints that line.
- `plot(table) -> Axes` draws one picture. The gallery saves the figure of these axes.

A new lesson joins the course by its name in `LESSONS`. A module named `benchmark*` needs no entry.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kerastrain.plots.pictures import save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LESSONS = (
    "first_model",
    "six_steps",
    "what_a_loss_is",
    "label_formats",
    "one_hot_labels",
    "cross_entropy",
    "mae_vs_mse",
    "compare_losses",
    "gradient_descent",
    "convex_or_not",
    "saddle_point",
    "learning_rate",
    "sgd_and_adam",
    "metric_names",
    "overfitting",
    "tuned_optimizer",
    "silent_mistakes",
    "cpu_or_gpu",
)
FOLDER = Path(__file__).parent


def lessons() -> dict[str, str]:
    """Name the lessons in reading order, each with its title."""
    return {name: title(name) for name in LESSONS}


def benchmarks() -> dict[str, str]:
    """Name the benchmarks, each with its title."""
    return {path.stem: title(path.stem) for path in sorted(FOLDER.glob("benchmark*.py"))}


@cache
def title(name: str) -> str:
    """Read the first line of a recipe's docstring without importing the recipe."""
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or name).splitlines()[0]


def moral(text: str) -> str:
    """Take the last line of a report: the sentence that the lesson proves."""
    return text.strip().splitlines()[-1]


def show(
    run: Callable[..., pd.DataFrame],
    report: Callable[[pd.DataFrame], str],
    plot: Callable[[pd.DataFrame], Axes],
    *,
    arguments: Mapping[str, dict[str, Any]] | None = None,
    picture: str | None = None,
) -> None:
    """Run one recipe from the command line: print its table and report, draw its picture.

    Args:
        run: Computes the table.
        report: Says what the table shows.
        plot: Draws the table. It is called only with `--plot FILE`.
        arguments: What `run` takes from the command line, by name, each with the options of
            `argparse.ArgumentParser.add_argument`: `{"name": {"nargs": "?", "default": "iris"}}`.
            Left out, `run` is called without arguments.
        picture: File for the picture where `--plot` names none. Left out, none is drawn then.
    """
    parser = argparse.ArgumentParser(
        description=sys.modules[run.__module__].__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--plot", metavar="FILE", default=picture, help="draw the picture into this file"
    )
    for name, options in (arguments or {}).items():
        parser.add_argument(name, **options)
    chosen = vars(parser.parse_args())
    file = chosen.pop("plot")
    table = run(**chosen)
    print(table.to_string(max_rows=24, line_width=120, na_rep="", float_format="{:.4g}".format))
    print()
    print(report(table))
    hint = (sys.modules[run.__module__].__doc__ or "").strip().split("\n\n")[-1]
    if hint.startswith("Try next:"):
        print(f"\n{hint}")
    if file is not None:
        save_picture(plot(table), file, dpi=150)
        print(f"\nThe picture is in {file}.")
