import ast
import re
import runpy
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from recipes.__main__ import index
from recipes.lesson import (
    FOLDER,
    LESSONS,
    benchmarks,
    changes,
    lessons,
    moral,
    pick_rows,
    tell,
    wrap,
)

COURSE = [
    "six_steps",
    "what_a_loss_is",
    "label_formats",
    "one_hot_labels",
    "cross_entropy",
    "mae_vs_mse",
    "gradient_descent",
    "convex_or_not",
    "saddle_point",
    "learning_rate",
    "sgd_and_adam",
    "metric_names",
    "overfitting",
    "tuned_optimizer",
    "cpu_or_gpu",
]


def test_the_index_lists_the_course_in_reading_order():
    text = index()
    places = [text.index(f"  {name} ") for name in LESSONS]
    assert places == sorted(places)
    assert [name for name in LESSONS if name in COURSE] == COURSE


def test_every_recipe_stands_in_the_index():
    files = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py")}
    assert {name for name, text in files.items() if "\n    show(" in text} == set(LESSONS)
    assert set(benchmarks()) == {"checkpoints", "loop", "optimizers", "workers"}
    assert all(f"  {name} " in index() for name in benchmarks())


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.stem)
def test_recipes_use_public_names_only(path):
    used = re.findall(r"^\s*(?:from|import) (kerastrain\S*)", path.read_text("utf-8"), re.M)
    assert set(used) - {"kerastrain.experiments.intervals"} <= {"kerastrain"}


@pytest.mark.process
def test_the_index_needs_neither_keras_nor_tensorflow():
    code = "import sys, recipes.__main__ as m; m.index(); print('keras' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=FOLDER.parent
    )
    assert answer.stdout.strip() == "False"


@pytest.mark.parametrize("name", LESSONS)
def test_each_title_is_one_line(name):
    assert 20 < len(lessons()[name]) < 100
    assert lessons()[name].endswith(("?", "."))


@pytest.mark.parametrize("name", COURSE)
def test_each_lesson_has_the_same_parts_in_the_same_order(name):
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    doc = ast.get_docstring(tree)
    assert re.search(rf"python -m recipes\.{name} --plot \w+\.png", doc)
    assert doc.split("\n\n")[-1].startswith("Try next:")
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    order = [functions.index(part) for part in ("run", "report", "plot")]
    assert order == sorted(order)
    last = r'if __name__ == "__main__":\n    show\(run, report, plot(, rows=rows)?\)\n$'
    assert re.search(last, source)


def test_the_moral_is_the_last_line():
    assert moral("A table.\n\nIt shows this.\n") == "It shows this."


LESSON = """Bowl or pass?

The idea in a long sentence that goes on and on, well beyond the 80 columns of a terminal,
and over two lines.

    python -m recipes.bowl --plot bowl.png

Try next: set `NUDGE = 1e-6` and `STARTS = (-1, 1)`. Both escape.
"""


def test_what_a_lesson_prints():
    table = pd.DataFrame({"step": range(100), "the_gap": [-0.0, 1e-3, np.nan, *[2.0] * 97]})
    said = f"A table:\n  a  {'b ' * 50}\nThe moral is 3."
    assert tell(LESSON, pick_rows(table), said).splitlines() == [
        "Bowl or pass?",
        "",
        "The idea in a long sentence that goes on and on, well beyond the 80 columns of a",
        "terminal, and over two lines.",
        "",
        "A table:",
        "  a  " + ("b " * 38)[:-1],
        "  " + ("b " * 12)[:-1],
        "The moral is 3.",
        "",
        " step  the gap",
        "    0        0",
        *[f"   {step}        2" for step in (14, 28, 42, 57, 71, 85, 99)],
        "",
        "Try next: set `NUDGE = 1e-6` and `STARTS = (-1, 1)`. Both escape.",
    ]


def test_an_exercise_names_the_constants_that_it_changes():
    assert changes(LESSON) == {"NUDGE": 1e-6, "STARTS": (-1, 1)}
    assert changes("Title.\n\nIdea with `NUDGE = 1`.\n\nNo exercise.") == {}


def test_a_lesson_runs_from_the_command_line(monkeypatch, capsys, tmp_path):
    picture = tmp_path / "one_hot.png"
    monkeypatch.setattr(sys, "argv", ["one_hot_labels", "--plot", str(picture)])
    runpy.run_module("recipes.one_hot_labels", run_name="__main__")
    said = capsys.readouterr().out
    assert said.startswith(wrap(lessons()["one_hot_labels"]))
    assert picture.read_bytes().startswith(b"\x89PNG")
