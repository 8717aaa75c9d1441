"""Run all lessons and write their pictures, notebooks and pages: `python -m recipes.gallery`.

The pages are `README.md` and, from the same sources and with the same numbers, `README.ko.md`.
With names only these lessons are run: `python -m recipes.gallery saddle_point`. The sentences of
the others stay as they are; `--pages` runs none, and only writes the pages anew.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import re
import sys
import tomllib
from collections.abc import Callable

from PIL import Image  # matplotlib needs it too

import kerastrain as kt

from .lesson import FOLDER, docstring, exercise, idea, lessons, moral
from .notebook import run_lesson, write_notebook

PICTURES, NOTEBOOKS = FOLDER / "pictures", FOLDER / "notebooks"
PAGE, KOREAN_PAGE = FOLDER / "README.md", FOLDER / "README.ko.md"
KOREAN, GLOSSARY = FOLDER / "korean.toml", FOLDER / "GLOSSARY.md"
HEADS = {PAGE: FOLDER / "head.md", KOREAN_PAGE: FOLDER / "head.ko.md"}
DPI = 90
PALETTE = 256  # colors are enough for lines and text on white, in a third of the bytes
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?%?")


def seen(name: str) -> str:
    """Say what is to be seen in a lesson's picture: the docstring of its `plot`."""
    body = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8")).body
    plot = next(one for one in body if isinstance(one, ast.FunctionDef) and one.name == "plot")
    text = " ".join((ast.get_docstring(plot) or "").split()).removeprefix("Draw ")
    return text[:1].upper() + text[1:]


def draw(name: str) -> str:
    """Run a lesson, write its picture and its notebook, and give the sentence that it proves."""
    _, said, axes = run_lesson(name)
    file = PICTURES / f"{name}.png"
    kt.plots.save_picture(axes, str(file), dpi=DPI)
    with Image.open(file) as picture:
        small = picture.convert("RGB").quantize(PALETTE, dither=Image.Dither.NONE)
    bytes_of_picture = io.BytesIO()
    small.save(bytes_of_picture, "PNG", optimize=True)
    file.write_bytes(bytes_of_picture.getvalue())
    notebook = NOTEBOOKS / f"{name}.ipynb"
    write_notebook(notebook, name, said, bytes_of_picture.getvalue(), seen(name))
    return moral(said)


def read_sentences() -> dict[str, str]:
    """Read the sentence of each lesson off its notebook, as it was executed last."""
    sentences = {}
    for path in NOTEBOOKS.glob("*.ipynb"):
        said = json.loads(path.read_text(encoding="utf-8"))["cells"][-2]["outputs"][0]["text"]
        sentences[path.stem] = moral("".join(said))
    return sentences


def words(name: str, sentence: str) -> dict[str, str]:
    """Give what the English page says of a lesson."""
    text = docstring(name)
    return {
        "title": text.splitlines()[0],
        "idea": " ".join(idea(text).split()),
        "moral": sentence,
        "seen": seen(name),
        "exercise": " ".join(exercise(text).split()),
    }


def fingerprint(english: dict[str, str]) -> str:
    """Tell whether a translation still belongs to its text; measured numbers may change."""
    text = english | {"moral": NUMBER.sub("#", english["moral"])}
    return hashlib.sha256("\n".join(text.values()).encode()).hexdigest()[:8]


def korean_words(name: str, sentence: str) -> dict[str, str]:
    """Give what the Korean page says of a lesson: `{0}` is the first number of the sentence."""
    korean: dict[str, str] = tomllib.loads(KOREAN.read_text(encoding="utf-8")).get(name, {})
    english = words(name, sentence)
    if korean.get("translates") != fingerprint(english):
        print(f"Translate {name} in {KOREAN.name}: translates = {fingerprint(english)!r}")
    if not korean:
        return english
    said = korean["moral"].format(*NUMBER.findall(sentence)) or sentence
    return korean | {"moral": re.sub(r"([\d%])\(으\)로", _with_particle, said)}


def _with_particle(found: re.Match[str]) -> str:
    """Write 으로 after 0, 3 and 6, which are read with a final consonant, and 로 after the rest."""
    return found[1] + ("으로" if found[1] in "036" else "로")


def terms() -> dict[str, tuple[str, str]]:
    """Read the glossary: the anchor of each term, with the English and the Korean word."""
    text = GLOSSARY.read_text(encoding="utf-8")
    found = re.findall(r'<a id="([\w-]+)"></a>\*\*(.+?)\*\* · \*\*(.+?)\*\*', text)
    return {anchor: (english, korean) for anchor, english, korean in found}


def linker(language: int) -> Callable[[str], str]:
    """Link each term of the glossary where it first occurs, in the texts as they come."""
    left = {anchor: both[language] for anchor, both in terms().items()}

    def link(text: str) -> str:
        pieces = re.split(r"(`[^`]*`|\[[^\]]*\]\([^)]*\))", text)
        for anchor, term in sorted(left.items(), key=lambda item: -len(item[1])):
            ends = ("(?<!\\w)", "s?(?!\\w)") if language == 0 else ("", "")
            pattern = re.compile(ends[0] + re.escape(term) + ends[1], re.IGNORECASE)
            for at, piece in enumerate(pieces):
                found = None if piece[:1] in ("`", "[") else pattern.search(piece)
                if found:
                    linked = f"[{found[0]}]({GLOSSARY.name}#{anchor})"
                    rest = (piece[: found.start()], linked, piece[found.end() :])
                    pieces[at : at + 1] = rest
                    del left[anchor]
                    break
        return "".join(pieces)

    return link


def section(number: int, name: str, text: dict[str, str], link: Callable[[str], str]) -> str:
    """Write one lesson of a page: title, idea, sentence, picture, exercise, links."""
    links = (
        f"`python -m recipes.{name}` · [{name}.py]({name}.py) · [notebook](notebooks/{name}.ipynb)"
    )
    parts = [
        f"## {number}. {text['title']}",
        link(text["idea"]),
        f"> {text['moral']}",
        f"![{text['seen']}](pictures/{name}.png)",
        text["exercise"],
        links,
    ]
    return "\n\n".join(parts) + "\n"


def write_pages(sentences: dict[str, str]) -> None:
    """Write the English and the Korean page."""
    for language, (page, speak) in enumerate(((PAGE, words), (KOREAN_PAGE, korean_words))):
        link = linker(language)
        parts = [HEADS[page].read_text(encoding="utf-8")]
        for number, name in enumerate(lessons(), start=1):
            if name in sentences:
                parts.append(section(number, name, speak(name, sentences[name]), link))
        page.write_text("\n".join(parts), encoding="utf-8")


def main(names: list[str]) -> None:
    """Run these lessons, or all, and write the pages."""
    PICTURES.mkdir(exist_ok=True)
    NOTEBOOKS.mkdir(exist_ok=True)
    sentences = read_sentences()
    for name in names:
        sentences[name] = draw(name)
        print(f"{name}: {sentences[name]}", flush=True)
    write_pages(sentences)


if __name__ == "__main__":
    main([] if sys.argv[1:] == ["--pages"] else sys.argv[1:] or list(lessons()))
