import importlib

import pytest


@pytest.fixture(scope="module")
def lesson(request):
    """The recipe that a module named `test_<recipe>` tests."""
    name = request.module.__name__.rpartition("test_")[2]
    return importlib.import_module(f"recipes.{name}")


@pytest.fixture(scope="module")
def table(lesson):
    """What the recipe measured; it runs once for all tests of its module."""
    return lesson.run()
