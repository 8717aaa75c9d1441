"""Run the code of a Markdown page, and compare what it prints with the page.

A block of `python` is followed by a block of `text` where it prints something; `...` stands for
digits that hang on the machine. All blocks of a page share their names, as in one session.
"""

import contextlib
import doctest
import io
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\s*^```text\n(.*?)^```$)?", re.M | re.S)
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(page):
    """The code blocks of a page: the line that each starts on, the code, what it prints."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        (text[: found.start(1)].count("\n"), found[1], found[2] or "")
        for found in BLOCK.finditer(text)
    ]


def run(page):
    """Run a page from top to bottom; a block that prints something else is an error."""
    names = {"__name__": "__main__"}  # so that functions of a page may go to other processes
    for line, code, expected in blocks(page):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * line + code, page, "exec"), names)
        if not doctest.OutputChecker().check_output(expected, printed.getvalue(), LOOSE):
            message = f"{page}, line {line}, prints\n\n{printed.getvalue()}\nand not\n\n{expected}"
            raise AssertionError(message)
    return names
