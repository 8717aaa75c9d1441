"""Draw the pictures of all lessons and write recipes/README.md: `python -m recipes.gallery`.

With names only these lessons are drawn anew: `python -m recipes.gallery saddle_point`. The
sentences of the others stay as they are.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module

from PIL import Image  # matplotlib needs it too

import kerastrain as kt

from .lesson import FOLDER, lessons, moral

PICTURES = FOLDER / "pictures"
README = FOLDER / "README.md"
DPI = 90
PALETTE = 256  # colours are enough for lines and text on white, in a third of the bytes
HEAD = """\
# The course

Every concept of training as a short recipe that runs, draws and proves its own claim. Read them in
this order; each takes a few seconds.

    python -m recipes                                   lists the lessons
    python -m recipes.six_steps --plot six_steps.png    runs one and draws its picture
    python -m recipes.all                               runs them all and prints what each shows
    python -m recipes.gallery                           makes this page and its pictures anew

The sentence under each title is what the lesson measured when this page was made; a test asserts
it. Each lesson's own text ends with one thing to try.
"""


def draw(name: str) -> str:
    """Run a lesson, save its picture with few colours, and give its moral."""
    lesson = import_module(f"recipes.{name}")
    table = lesson.run()
    file = PICTURES / f"{name}.png"
    kt.plots.save_picture(lesson.plot(table), str(file), dpi=DPI)
    with Image.open(file) as picture:
        small = picture.convert("RGB").quantize(PALETTE, dither=Image.Dither.NONE)
    small.save(file, optimize=True)
    return moral(lesson.report(table))


def read_sentences() -> dict[str, str]:
    """Read the sentence of each lesson off the page as it stands."""
    if not README.exists():
        return {}
    pattern = r"^`python -m recipes\.(\w+)`\n\n(.+)$"
    return dict(re.findall(pattern, README.read_text(encoding="utf-8"), flags=re.MULTILINE))


def main(names: list[str]) -> None:
    """Draw these lessons, or all, and write the page."""
    PICTURES.mkdir(exist_ok=True)
    sentences = read_sentences()
    for name in names or lessons():
        sentences[name] = draw(name)
        print(f"{PICTURES.name}/{name}.png", flush=True)
    parts = [HEAD]
    for number, (name, title) in enumerate(lessons().items(), start=1):
        if name in sentences:
            command = f"`python -m recipes.{name}`"
            picture = f"![{title}](pictures/{name}.png)"
            parts.append(f"## {number}. {title}\n\n{command}\n\n{sentences[name]}\n\n{picture}\n")
    README.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
