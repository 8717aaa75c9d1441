"""What do all lessons have in common?

A lesson is a module of 40 to 90 lines with the same parts in the same order: a docstring, named
constants, one to three small functions, `run`, `report`, `plot`, and these two lines::

    if __name__ == "__main__":
        show(run, report, plot)

- The docstring's first line is the lesson's title: a contrast or a question, on one line. It
  stands in the index. Then the idea in three sentences, the command, and one thing to try next.
- The last paragraph is the exercise: "Try next: set `NUDGE = 0.5`. Then this happens." The code
  between the backticks changes one constant of the module, or several. `--try-next` runs the
  lesson with it, and so does its test, which asserts what the paragraph promises.
- `run() -> DataFrame` computes: seeded, prints nothing.
- `report(table) -> str` says what the table shows. Its last line is the moral: one sentence that
  holds the measured numbers. `python -m recipes.all` prints that line.
- `plot(table) -> Axes` draws one picture. The gallery saves the figure of these axes.
- `rows(table) -> DataFrame`, where a lesson has it and passes it to `show(…, rows=rows)`, picks the
  rows (eight at most) and columns that are worth reading. Left out, eight rows are printed that
  lie equally far apart.

A new lesson joins the course by its name in `LESSONS`. A module in `benchmarks/` needs no entry.
"""

from __future__ import annotations

import argparse
import ast
import re
import textwrap
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import kerastrain as kt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LESSONS = (
    "first_model",
    "six_steps",
    "what_a_loss_is",
    "label_formats",
    "one_hot_labels",
    "one_hot_inputs",
    "softmax_and_logits",
    "cross_entropy",
    "soft_labels",
    "mae_vs_mse",
    "two_falls",
    "compare_losses",
    "gradient_descent",
    "convex_or_not",
    "saddle_point",
    "learning_rate",
    "scale_your_inputs",
    "initial_weights",
    "batches_and_noise",
    "sgd_and_adam",
    "schedules",
    "metric_names",
    "accuracy_is_not_all",
    "train_validation_test",
    "read_a_loss_curve",
    "overfitting",
    "regularization",
    "tuned_optimizer",
    "silent_mistakes",
    "cpu_or_gpu",
)
FOLDER = Path(__file__).parent
WIDTH = 80  # columns of a terminal
MOST_ROWS = 8


def lessons() -> dict[str, str]:
    """Name the lessons in reading order, each with its title."""
    return {name: docstring(name).splitlines()[0] for name in LESSONS}


def benchmarks() -> dict[str, str]:
    """Name the benchmarks, each with its title."""
    files = sorted((FOLDER / "benchmarks").glob("[!_]*.py"))
    texts = {path.stem: docstring(f"benchmarks.{path.stem}") for path in files}
    return {name: text.splitlines()[0] for name, text in texts.items() if "python -m" in text}


@cache
def docstring(name: str) -> str:
    """Read a recipe's docstring without importing the recipe."""
    source = (FOLDER / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(source)) or name


def idea(text: str) -> str:
    """Take the paragraph of a docstring that says what the lesson is about."""
    return text.strip().split("\n\n")[1]


def exercise(text: str) -> str:
    """Take the last paragraph of a docstring where it is one to try; otherwise nothing."""
    last = text.strip().split("\n\n")[-1]
    return last if last.startswith("Try next:") else ""


def changes(text: str) -> dict[str, Any]:
    """Read which constants the exercise of a docstring sets, and to what.

    >>> changes("Try next: set `SMALL = 0.05`. It takes longer.")
    {'SMALL': 0.05}
    """
    settings = re.findall(r"`([A-Z][A-Z_]*) = ([^`]+)`", exercise(text))
    return {name: ast.literal_eval(" ".join(value.split())) for name, value in settings}


def moral(text: str) -> str:
    """Take the last line of a report: the sentence that the lesson proves."""
    return text.strip().splitlines()[-1]


def wrap(text: str) -> str:
    """Break each line of a text that is longer than a terminal is wide."""
    lines = [
        textwrap.fill(line, WIDTH, subsequent_indent=" " * (len(line) - len(line.lstrip())))
        for line in text.splitlines()
    ]
    return "\n".join(lines)


def number(value: float) -> str:
    """Write a number with four digits: no minus before 0, and nothing where there is none."""
    return "" if np.isnan(value) else f"{value:.4g}" if value else "0"


def pick_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Take the first row, the last one and some between, equally far apart, eight at most."""
    places = np.linspace(0, len(table) - 1, min(len(table), MOST_ROWS)).round().astype(int)
    return table.iloc[places]


def tell(text: str, table: pd.DataFrame | None, said: str) -> str:
    """Write what a lesson prints: its idea, what it found, a few rows, the exercise.

    Args:
        text: The docstring.
        table: The rows to print; None where the report has a table and is to come first.
        said: The report.
    """
    if table is None:
        after = [" ".join(part.split()) for part in (idea(text), exercise(text))]
        return "\n\n".join(wrap(part) for part in [said, *after] if part)
    rows = table.rename(columns=lambda name: str(name).replace("_", " "))
    printed = rows.to_string(index=False, na_rep="", float_format=number)
    title = text.strip().splitlines()[0]
    paragraphs = [title, " ".join(idea(text).split()), said, " ".join(exercise(text).split())]
    first, *rest, last = [wrap(paragraph) for paragraph in paragraphs]
    return "\n\n".join(part for part in [first, *rest, printed, last] if part)


def show(
    run: Callable[..., pd.DataFrame],
    report: Callable[[pd.DataFrame], str],
    plot: Callable[[pd.DataFrame], Axes],
    *,
    rows: Callable[[pd.DataFrame], pd.DataFrame] | None = pick_rows,
    arguments: Mapping[str, dict[str, Any]] | None = None,
    picture: str | None = None,
) -> None:
    """Run one recipe from the command line: print what it tells, draw its picture.

    Args:
        run: Computes the table.
        report: Says what the table shows.
        plot: Draws the table. It is called only with `--plot FILE`.
        rows: Picks the rows and columns to print; None where the report says all, and first.
        arguments: What `run` takes from the command line, by name, each with the options of
            `argparse.ArgumentParser.add_argument`: `{"name": {"nargs": "?", "default": "iris"}}`.
            Left out, `run` is called without arguments.
        picture: File for the picture where `--plot` names none. Left out, none is drawn then.
    """
    constants: dict[str, Any] = run.__globals__
    text = constants["__doc__"]
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--plot", metavar="FILE", default=picture, help="draw the picture into this file"
    )
    if changes(text):
        parser.add_argument(
            "--try-next", action="store_true", help="run with the exercise's change"
        )
    for name, options in (arguments or {}).items():
        parser.add_argument(name, **options)
    chosen = vars(parser.parse_args())
    file = chosen.pop("plot")
    if chosen.pop("try_next", False):
        constants.update(changes(text))
    table = run(**chosen)
    print(tell(text, rows and rows(table), report(table)))
    if file is not None:
        kt.plots.save_picture(plot(table), file, dpi=150)
        print(f"\nThe picture is in {file}.")
