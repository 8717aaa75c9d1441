"""How does a lesson become a notebook that runs anywhere?

The cells hold the recipe's own code, cut at its functions; only the docstring, the import of
`lesson` and the last two lines stay behind. Picture and sentence stand first, then the code of
`run`; `report` and `plot` are folded. The cells are executed here, one after the other, in one
namespace, as a kernel would do it.
"""

from __future__ import annotations

import ast
import base64
import codeop
import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path
from types import CodeType
from typing import Any

import pandas as pd

from .lesson import FOLDER, docstring, exercise, idea

SHOWN = ("rows", "report", "plot")  # the first of these ends what a reader has to see
LAST = "table = run()\nprint(report(table))\nplot(table);"


def code_cells(name: str) -> list[str]:
    """Cut the code of a recipe in two: what computes, and what reports and draws."""
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    first, *body, last = ast.parse(source).body  # the docstring and the call of `show` stay behind
    lines = source.splitlines()
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.level:
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    cut = next(node.lineno for node in body if getattr(node, "name", None) in SHOWN) - 1
    parts = lines[first.end_lineno : cut], lines[cut : last.lineno - 1]
    return [re.sub(r"\n{4,}", "\n\n\n", "\n".join(part)).strip() for part in parts] + [LAST]


def execute(cells: list[str]) -> tuple[dict[str, Any], str]:
    """Run cells in one namespace; give it back, with what the last cell printed."""
    compiler = codeop.Compile()  # keeps `from __future__` from one cell to the next, as IPython
    space: dict[str, Any] = {"__name__": "__main__"}
    said = io.StringIO()
    for cell in cells:
        said.seek(0)
        said.truncate()
        with redirect_stdout(said):
            code: CodeType = compiler(cell + "\n", "<cell>", "exec")  # type: ignore[assignment]
            exec(code, space)
    return space, said.getvalue()


def run_lesson(name: str) -> tuple[pd.DataFrame, str, Any]:
    """Execute the cells of a lesson: its table, its report, the axes of its picture."""
    cells = code_cells(name)
    space, said = execute([*cells[:-1], LAST.replace("plot(table);", "axes = plot(table)")])
    return space["table"], said.strip(), space["axes"]


def write_notebook(path: Path, name: str, said: str, picture: bytes, seen: str) -> None:
    """Write the executed notebook of a lesson.

    Args:
        path: The file.
        name: The lesson.
        said: What its report said.
        picture: Its picture, as PNG.
        seen: What the picture shows.
    """
    image = base64.b64encode(picture).decode()
    title, moral = docstring(name).splitlines()[0], said.splitlines()[-1]
    words = (
        f"# {title}\n\n{idea(docstring(name))}\n\n**{moral}**\n\n![{seen}](attachment:{name}.png)"
    )
    work, draw, last = code_cells(name)
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": _lines(said + "\n")},
        {"output_type": "display_data", "data": {"image/png": image}, "metadata": {}},
    ]
    install = "To run it: `pip install kerastrain`, then run all cells. The next cell computes."
    folded = {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
    cells = [
        _markdown(words, {f"{name}.png": {"image/png": image}}),
        _markdown(install),
        _code(work, 1),
        _markdown("The next cell, folded, says in words what was found, and draws it."),
        _code(draw, 2, metadata=folded),
        _code(last, 3, outputs),
        _markdown(exercise(docstring(name)) + "\n\nChange it above, and run all cells again."),
    ]
    for at, cell in enumerate(cells):
        cell["id"] = f"{name.replace('_', '-')}-{at}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    book = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(book, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _markdown(text: str, attachments: dict[str, Any] | None = None) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": "markdown", "metadata": {}, "source": _lines(text)}
    return cell | ({"attachments": attachments} if attachments else {})


def _code(
    text: str,
    number: int,
    outputs: list[dict[str, Any]] | None = None,
    metadata: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": number,
        "metadata": metadata or {},
        "outputs": outputs or [],
        "source": _lines(text),
    }
