"""Settings that all tests share: quiet TensorFlow, pictures without a screen."""

import os

import pytest
from forced_xla import compile_as_on_a_gpu

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")


def pytest_ignore_collect(collection_path, config):
    """Leave out modules that load TensorFlow where nobody wants their tests.

    Loading it takes longer than all other tests together.
    """
    if "not tensorflow" not in config.option.markexpr or collection_path.suffix != ".py":
        return None
    is_test = collection_path.name.startswith(("test_", "conftest"))
    all_marked = "\npytestmark = pytest.mark.tensorflow" in collection_path.read_text("utf-8")
    return all_marked or not is_test or None


@pytest.fixture(autouse=True, scope="session")
def as_on_a_gpu():
    """Before all fixtures of modules, so that what they train is compared with its like."""
    compile_as_on_a_gpu()
