"""The wheel: what a user installs has the data and the types, and runs far from the checkout."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[1]
SETS = (ROOT / "data" / "datasets.csv").read_text(encoding="utf-8").splitlines()[1:]

ELSEWHERE = """
import sys
import tarfile
from pathlib import Path
import kerastrain
from kerastrain.arrays.datasets import list_datasets, load_dataset

home = Path(sys.argv[1]).resolve()
assert Path(kerastrain.__file__).resolve().is_relative_to(home), kerastrain.__file__
assert Path(kerastrain.__file__).with_name("py.typed").exists()
for name in list_datasets()["name"]:
    data = load_dataset(name)
    print(name, *data.x.shape)
assert "tensorflow" not in sys.modules
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run_pip("wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    (path,) = folder.glob("kerastrain-*.whl")
    return path


def run_pip(command: str, *arguments: str) -> None:
    line = [sys.executable, "-m", "pip", command, "--no-deps", "--no-index", "--quiet", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_installed_wheel_loads_every_data_set_far_from_the_checkout(wheel, tmp_path):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    elsewhere.mkdir()
    run_pip("install", "--target", str(home), str(wheel))
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(home)],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "iris 150 4" in done.stdout.splitlines()
    assert len(done.stdout.splitlines()) == len(SETS)


def test_the_wheel_holds_the_library_and_its_data_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    folders = {name.split("/")[0] for name in names}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == {"kerastrain"}
    assert {path.name for path in (ROOT / "data").iterdir() if path.is_file()} == {
        Path(name).name for name in names if name.startswith("kerastrain/arrays/data/")
    }
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_the_source_distribution_holds_what_its_tests_read(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with tarfile.open(next(tmp_path.glob("kerastrain-*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    top = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "pyproject.toml"}
    assert top <= names
    files = [path for folder in ("tests", "recipes") for path in (ROOT / folder).rglob("*.py")]
    assert {str(path.relative_to(ROOT)) for path in files} <= names
