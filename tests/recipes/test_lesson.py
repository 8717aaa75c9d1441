import ast
import re
import subprocess
import sys

import pytest

from recipes.__main__ import index
from recipes.lesson import FOLDER, LESSONS, lessons, moral

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
    shown = {name for name, text in files.items() if "\n    show(" in text}
    assert {name for name in shown if not name.startswith("benchmark")} == set(LESSONS)


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
    assert source.rstrip().endswith('if __name__ == "__main__":\n    show(run, report, plot)')


def test_the_moral_is_the_last_line():
    assert moral("A table.\n\nIt shows this.\n") == "It shows this."
