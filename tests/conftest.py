"""Settings that all tests share: quiet TensorFlow, pictures without a screen."""

import os

import pytest

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


def compile_as_on_a_gpu():
    """Compile every model with `jit_compile=True` where KERASTRAIN_JIT_COMPILE=1 asks for it.

    Keras does so itself where there is a GPU; a model that a test compiles otherwise stays so.
    Processes that tests start call this too, so that both have the same bits.
    """
    if os.environ.get("KERASTRAIN_JIT_COMPILE") != "1":
        return
    import keras

    trainer = next(kind for kind in keras.Model.__mro__ if "compile" in vars(kind))
    compile_as_written = trainer.compile

    def compile_for_xla(self, *args, **options):
        if len(args) < 8 and options.get("jit_compile", "auto") == "auto":
            options["jit_compile"] = not options.get("run_eagerly", False)
        return compile_as_written(self, *args, **options)

    trainer.compile = compile_for_xla


@pytest.fixture(autouse=True, scope="session")
def as_on_a_gpu():
    """Before all fixtures of modules, so that what they train is compared with its like."""
    compile_as_on_a_gpu()
