"""Run the whole course in one process and print each moral: `python -m recipes.all`."""

from __future__ import annotations

import time
from importlib import import_module

from .lesson import lessons, moral


def main() -> None:
    """Run each lesson in reading order; print its title, its moral and its seconds."""
    begin = time.perf_counter()
    for number, (name, title) in enumerate(lessons().items(), start=1):
        start = time.perf_counter()
        lesson = import_module(f"recipes.{name}")
        sentence = moral(lesson.report(lesson.run()))
        print(f"{number:2}. {title}  [{name}, {time.perf_counter() - start:.1f} s]")
        print(f"    {sentence}\n", flush=True)
    print(f"{len(lessons())} lessons in {time.perf_counter() - begin:.0f} s.")


if __name__ == "__main__":
    main()
