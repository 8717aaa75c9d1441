"""Run Keras' own tests with `Model.fit` replaced by `kerastrain.fit`.

    git clone --depth 1 --branch v3.15.1 https://github.com/keras-team/keras
    python tests/loop/keras_tests.py keras

A test that fails is run again with Keras' own `fit`; what fails only with the replacement is
printed, and makes the exit code 1, unless it stands below with its reason. Folders or files in
the checkout may follow its name, to run these only. Keras' tests import JAX as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve()
PARTS = ["trainers", "models", "callbacks", "metrics", "losses", "layers", "optimizers"]
# Tests that cannot pass, and why.
EXPECTED: dict[str, str] = {}


def pytest_configure(config):
    """Replace `Model.fit`, as a plugin of the process that runs Keras' tests."""
    if os.environ.get("KERASTRAIN_REPLACES_FIT") != "1":
        return
    import keras

    import kerastrain as kt

    trainer = next(part for part in keras.Model.__mro__ if "fit" in vars(part))
    keras_fit, inside = trainer.fit, []

    def fit(self, x=None, y=None, batch_size=None, epochs=1, **options):
        if inside:  # kerastrain asks Keras
            return keras_fit(self, x, y, batch_size, epochs, **options)
        inside.append(True)
        CALLED.add(os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0])
        try:
            kt.fit(self, x, y, batch_size=batch_size, epochs=epochs, **options)
        finally:
            inside.pop()
        return self.history

    trainer.fit = fit


CALLED: set[str] = set()


def pytest_sessionfinish(session):
    """Write which tests called `fit`."""
    if target := os.environ.get("KERASTRAIN_CALLED"):
        Path(target).write_text("\n".join(sorted(CALLED)), encoding="utf-8")


def run(folder, tests, *, replaced, called=""):
    """Run tests of the checkout; return the names of those that fail."""
    variables = {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERASTRAIN_REPLACES_FIT": "1" if replaced else "0",
        "KERASTRAIN_CALLED": called,
        "PYTHONPATH": os.pathsep.join(
            [str(HERE.parent), str(HERE.parents[2]), os.environ.get("PYTHONPATH", "")]
        ),
    }
    command = [sys.executable, "-m", "pytest", "-p", HERE.stem, "-q", "--tb=no", "-rfE", *tests]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | variables, capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    print(lines[-1] if lines else done.stderr[-2000:])
    found = [line.split(" ", 1)[1] for line in lines if line.startswith(("FAILED ", "ERROR "))]
    return [line.split(" - ")[0] for line in found]


def main(folder, *parts):
    """Run them with the replacement, and what fails also without."""
    root = Path(folder).resolve()
    tests = list(parts)
    if not tests:
        files = (path for part in PARTS for path in (root / "keras/src" / part).rglob("*_test.py"))
        words = (".fit(", "run_layer_test", "run_training_check")
        tests = [
            str(path.relative_to(root))
            for path in files
            if any(word in path.read_text(encoding="utf-8") for word in words)
        ]
    with tempfile.TemporaryDirectory() as place:
        called = Path(place) / "called"
        failed = run(root, tests, replaced=True, called=str(called))
        names = called.read_text(encoding="utf-8").splitlines()
    print(f"{len(names)} tests call fit; {len(failed)} tests fail")
    both = set(run(root, failed, replaced=False)) if failed else set()
    only_here = [name for name in failed if name not in both]
    for name in only_here:
        print(f"only with kerastrain.fit: {name}  {EXPECTED.get(name, '')}")
    return 1 if set(only_here) - set(EXPECTED) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
