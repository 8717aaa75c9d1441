"""The packages of CONTRIBUTING.md against the code: an import only ever points down the list."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kerastrain"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def listed_packages():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## The packages")[1]
    return re.findall(r"^  ([a-z_]+)(?:\.py|/) ", text.split("```")[1], re.M)


def imported_modules(path):
    """Modules of kerastrain that a file imports, also inside functions, but not for types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("kerastrain.")}


def module_of(name):
    """The file that an imported name stands in."""
    parts = name.split(".")
    for count in (len(parts), len(parts) - 1):
        path = ROOT.joinpath(*parts[:count])
        if path.with_suffix(".py").is_file():
            return path.with_suffix(".py")
        if (path / "__init__.py").is_file():
            return path / "__init__.py"
    raise AssertionError(name)


def test_every_package_is_listed_and_every_listed_package_is_there():
    there = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.glob("*/")}
    assert sorted(set(listed_packages()) - {"errors"}) == sorted(there - {"__pycache__"})


def test_the_folder_is_seen_at_a_glance():
    tracked = {path.name for path in PACKAGE.iterdir()} - {"__pycache__"}
    assert len(tracked) <= 14


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE).with_suffix("")))
def test_imports_point_down_the_list(path):
    packages = listed_packages()
    below = set(packages[packages.index(path.relative_to(PACKAGE).parts[0]) :])
    assert {name.split(".")[1] for name in imported_modules(path)} <= below


def test_no_modules_import_each_other_in_a_circle():
    arrows = {path: set(map(module_of, imported_modules(path))) - {path} for path in FILES}
    while leaves := [path for path, targets in arrows.items() if not targets & arrows.keys()]:
        for path in leaves:
            del arrows[path]
    assert not arrows


def test_no_attribute_hides_a_module_and_no_file_is_called_after_what_it_imports():
    import kerastrain

    stems = {path.stem for path in FILES} - {"__init__"}
    functions = {name for name in kerastrain.__all__ if callable(getattr(kerastrain, name))}
    assert not stems & functions
    assert not stems & {"keras", "tensorflow", "numpy", "pandas", "matplotlib", "utils", "helpers",
                        "common", "base"}  # fmt: skip


@pytest.mark.process
@pytest.mark.parametrize("package", [p.name for p in PACKAGE.glob("*/") if p.name[0] != "_"])
def test_each_package_imports_alone_and_loads_neither_keras_nor_tensorflow(package):
    code = (
        f"import kerastrain.{package} as package, pkgutil, importlib, sys\n"
        "for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    importlib.import_module(found.name)\n"
        "assert not {'keras', 'tensorflow', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
