"""The README's list of rooms against the code: an import only ever points down the list."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kerastrain"


def listed_rooms():
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("## The rooms")[1]
    return re.findall(r"^([a-z_]+)(?:\.py|/) ", text.split("```")[1], re.M)


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path):
    """Rooms that a file imports, also inside functions, but not for types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = ("kerastrain", *path.relative_to(PACKAGE).parent.parts)
                parts = parts[: len(parts) - node.level + 1]
                base = ".".join([*parts, *([base] if base else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("kerastrain.")}
    return found


def test_every_room_is_listed_and_every_listed_room_is_there():
    there = {room_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__"}
    assert sorted(listed_rooms()) == sorted(there)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.stem)
def test_imports_point_down_the_list(path):
    rooms = listed_rooms()
    room = room_of(path)
    if room == "__init__":
        return
    below = set(rooms[rooms.index(room) :])
    assert imported_rooms(path) & set(rooms) <= below
