import importlib
from functools import cache

import pytest

from recipes.lesson import changes


@cache
def run_lesson(name):
    """What a recipe measured; it runs once for all tests. They leave the table as it is."""
    return importlib.import_module(f"recipes.{name}").run()


@pytest.fixture(scope="module")
def lesson(request):
    """The recipe that a module named `test_<recipe>` tests."""
    name = request.module.__name__.rpartition("test_")[2]
    return importlib.import_module(f"recipes.{name}")


@pytest.fixture(scope="module")
def table(lesson):
    """What the recipe measured."""
    return run_lesson(lesson.__name__.rpartition(".")[2])


@pytest.fixture
def tried(lesson, monkeypatch):
    """What the recipe measures with the change that its exercise asks for."""
    settings = changes(lesson.__doc__)
    assert settings, "the exercise changes no constant"
    for name, value in settings.items():
        assert getattr(lesson, name) != value
        monkeypatch.setattr(lesson, name, value)
    return lesson.run()


@pytest.fixture
def axes(lesson, table):
    """The axes of the recipe's picture, in the order in which they were made."""
    import matplotlib.pyplot as plt

    yield lesson.plot(table).figure.axes
    plt.close("all")
