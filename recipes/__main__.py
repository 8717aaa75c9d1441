"""List the course in reading order: `python -m recipes`."""

from __future__ import annotations

from .lesson import benchmarks, lessons


def index() -> str:
    """Write one line a lesson: its number, its name, its title."""
    names = [*lessons(), *benchmarks()]
    width = max(map(len, names))
    lines = ["The course, in reading order. Run a lesson with python -m recipes.NAME", ""]
    lines += [f"{i:3}  {n:{width}}  {t}" for i, (n, t) in enumerate(lessons().items(), start=1)]
    if benchmarks():
        lines += ["", "Benchmarks: python -m recipes.benchmarks.NAME", ""]
        lines += [f"     {n:{width}}  {t}" for n, t in benchmarks().items()]
    lines += ["", "The whole course: python -m recipes.all. Its pictures: recipes/README.md"]
    return "\n".join(lines)


if __name__ == "__main__":
    print(index())
