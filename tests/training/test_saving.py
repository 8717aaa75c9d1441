"""A folder holds one saved run or the other, whole, whatever happens while it is saved."""

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import time
import warnings
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow

X = np.random.default_rng(0).normal(size=(40, 20)).astype("float32")
FILES = ["history.csv", "model.keras", "run.json", "state.npz"]


def train(seed, names, **settings):
    def build(choice):
        layers = [keras.layers.Dense(200, "relu"), keras.layers.Dense(choice.units, "sigmoid")]
        return keras.Sequential([keras.Input((20,)), *layers])

    y = np.where(X[:, 0] > 0, *names)
    settings |= {"epochs": seed, "validation_split": 0.25, "seed": seed, "verbose": 0}
    return kt.train(build, X, y, **settings)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs that differ in everything, by the number of their epochs; and their folders."""
    folder = tmp_path_factory.mktemp("runs")
    both = {1: train(1, ("yes", "no")), 2: train(2, ("cat", "dog"))}
    return both, {seed: run.save(folder / str(seed)) for seed, run in both.items()}


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_whole(loaded, runs):
    """What was loaded is one of the two runs, in all its parts."""
    run = runs[0][loaded.history["epoch"].iloc[-1]]
    assert loaded.seed == run.seed
    assert loaded.classes == run.classes
    assert loaded.predict(X).tolist() == run.predict(X).tolist()
    pd.testing.assert_frame_equal(loaded.history, run.history, check_exact=True)


# ---------------------------------------------------------------- what is not ours stays
@pytest.mark.parametrize("name", ["model.keras", "history.csv", "run.json"])
def test_a_file_that_no_run_wrote_is_not_replaced(runs, tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(kt.RunError, match=rf"holds a {name} that it did not write"):
        runs[0][1].save(tmp_path)
    assert (tmp_path / name).read_text() == "mine"
    assert names_in(tmp_path) == [name]


@pytest.mark.parametrize("name", ["notes.txt", "model.weights.h5", ".saving"])
def test_other_files_in_the_folder_stay(runs, tmp_path, name):
    (tmp_path / name).write_text("mine")
    for seed in (1, 2, 1):
        runs[0][seed].save(tmp_path)
    assert (tmp_path / name).read_text() == "mine"


def test_weights_that_an_earlier_save_wrote_go_with_its_run(runs, tmp_path):
    model = keras.Sequential([keras.Input((20,)), keras.layers.Lambda(abs), keras.layers.Dense(1)])
    with pytest.warns(kt.KerastrainWarning, match="Keras does not load"):
        kt.train(model, X, X[:, 0], epochs=1, verbose=0, check="off").save(tmp_path)
    assert "model.weights.h5" in names_in(tmp_path)
    runs[0][1].save(tmp_path)
    assert "model.weights.h5" not in names_in(tmp_path)


def test_a_folder_named_as_a_model_file_is_refused_with_the_right_call(runs, tmp_path):
    with pytest.raises(kt.RunError, match=r"run\.model\.save\('.*digits\.keras'\)"):
        runs[0][1].save(tmp_path / "digits.keras")
    assert names_in(tmp_path) == []


# ---------------------------------------------------------------- where it cannot be written
def test_a_file_in_the_path_is_an_error_that_names_the_folder(runs, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(kt.RunError, match=r"can be written, but .*below' cannot"):
        runs[0][1].save(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "mine"


@contextlib.contextmanager
def mounted(folder, *options):
    """Lay a small disk over a folder, where this machine lets us."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this user may not mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_cannot_be_written_is_named_and_its_run_loads(runs, tmp_path):
    with mounted(tmp_path / "disk", "size=10m") as disk:
        runs[0][1].save(disk / "run")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(kt.RunError, match="Read-only"):
            runs[0][2].save(disk / "run")
        with pytest.raises(kt.RunError, match="Read-only"):
            runs[0][2].save(disk / "new")
        with pytest.raises(kt.RunError, match="Read-only"):
            train(3, ("yes", "no"), checkpoint=disk / "run")
        assert_whole(kt.load_run(disk / "run"), runs)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do anything")
def test_a_folder_without_write_permission_is_named_and_its_run_loads(runs, tmp_path):
    runs[0][1].save(tmp_path)
    tmp_path.chmod(0o555)
    with pytest.raises(kt.RunError, match="Permission denied"):
        runs[0][2].save(tmp_path)
    assert_whole(kt.load_run(tmp_path), runs)


def test_a_disk_that_fills_up_at_any_point_leaves_the_old_run_whole(runs, tmp_path):
    need = sum((runs[1][2] / name).stat().st_size + 4096 for name in FILES)
    with mounted(tmp_path / "disk", "size=1m") as disk:
        folder = runs[0][1].save(disk / "run")
        for point in range(20):
            free = shutil.disk_usage(disk).free - need * point // 20
            (disk / "filler").write_bytes(b"-" * free)
            with pytest.raises(kt.RunError, match="the disk is full") as error:
                runs[0][2].save(folder)
            assert str(folder) in str(error.value)
            with pytest.raises(kt.RunError, match="the disk is full"):
                runs[0][2].save(disk / "new")
            (disk / "filler").unlink()
            assert names_in(disk) == ["run"]
            assert names_in(folder) == FILES
            assert_whole(kt.load_run(folder), runs)
        runs[0][2].save(folder)
        assert kt.load_run(folder).seed == 2


# ---------------------------------------------------------------- damage
def truncate(data):
    return data[: len(data) // 2]


def flip(data):
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


DAMAGES = {
    "truncated": truncate,
    "one bit": flip,
    "longer": lambda data: data + b" ",
    "empty": lambda data: b"",
    "last byte": lambda data: data[:-1],
    "other": lambda data: b"{}",
    "zeros": lambda data: bytes(len(data)),
    "nested": lambda data: b"[" * 100_000,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_an_error_that_names_it(runs, tmp_path, name, damage):
    runs[0][1].save(tmp_path)
    path = tmp_path / name
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(kt.RunError, match=name.replace(".", r"\.")):
        kt.load_run(tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_an_error_that_names_it(runs, tmp_path, name):
    runs[0][1].save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(kt.RunError, match=name.replace(".", r"\.")):
        kt.load_run(tmp_path)


def test_any_changed_number_of_a_history_is_noticed(runs, tmp_path):
    runs[0][1].save(tmp_path)
    path = tmp_path / "history.csv"
    text = path.read_text()
    for place in [i for i, letter in enumerate(text) if letter.isdigit()][::7]:
        path.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :])
        with pytest.raises(kt.RunError, match=r"history\.csv"):
            kt.load_run(tmp_path)


@pytest.mark.parametrize("name", ["../model.keras", "/etc/passwd", "notes.txt"])
def test_run_json_cannot_name_files_elsewhere(runs, tmp_path, name):
    """Its digest is made right, as somebody who means harm would make it."""
    runs[0][1].save(tmp_path)
    rest = json.loads((tmp_path / "run.json").read_text())
    rest["files"][name] = rest["files"]["model.keras"]
    sign(tmp_path / "run.json", rest)
    with pytest.raises(kt.RunError, match=r"run\.json"):
        kt.load_run(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"loss": 3},
        {"loss": {"labels": {}, "loss": "mse"}},
        {"findings": [{"no": "finding"}]},
        {"findings": None},
        {"history": 7},
        {"files": {"history.csv": None, "model.keras": None}},
        {"files": ["model.keras", "history.csv"]},
        {"seed": ...},
    ],
    ids=str,
)
def test_strange_contents_of_run_json_are_errors_that_name_it(runs, tmp_path, change):
    runs[0][1].save(tmp_path)
    rest = json.loads((tmp_path / "run.json").read_text()) | change
    sign(tmp_path / "run.json", {key: value for key, value in rest.items() if value is not ...})
    with pytest.raises(kt.RunError, match=r"run\.json"):
        kt.load_run(tmp_path)


def sign(path, rest):
    import hashlib

    text = json.dumps(rest | {"sha256": "0" * 64})
    path.write_text(text.replace("0" * 64, hashlib.sha256(text.encode()).hexdigest()))


def test_the_helper_that_signs_makes_a_file_that_loads(runs, tmp_path):
    runs[0][1].save(tmp_path)
    sign(tmp_path / "run.json", json.loads((tmp_path / "run.json").read_text()))
    assert_whole(kt.load_run(tmp_path), runs)


# ---------------------------------------------------------------- kills
def save_for_ever(folders, target, ready):
    """Save one run over the other, until somebody kills this process."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    both = [kt.load_run(folder) for folder in folders.values()]
    both[0].save(target)
    ready.set()
    while True:
        for run in both:
            run.save(target)


def started(*args):
    """Start a process from one that has loaded TensorFlow, and used nothing of it, already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", "keras", "pandas", "pytest"])
    ready = context.Event()
    process = context.Process(target=save_for_ever, args=(*args, ready), daemon=True)
    process.start()
    assert ready.wait(120)
    return process


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    process.join()


@pytest.mark.process
@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_kills_during_a_save_leave_one_of_two_runs_whole(runs, tmp_path, kills):
    draw = random.Random(0)
    target, told = tmp_path / "run", 0
    for _ in range(kills):
        process = started(runs[1], target)
        time.sleep(draw.uniform(0, 0.3))
        kill(process)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert_whole(kt.load_run(target), runs)
        told += any("was interrupted" in str(warning.message) for warning in caught)
        assert names_in(target) == FILES
    assert told > kills / 10  # or else the kills did not hit what they should


@pytest.mark.process
def test_two_processes_that_save_to_one_folder_leave_one_of_two_runs_whole(runs, tmp_path):
    target = tmp_path / "run"
    processes = [started(runs[1], target) for _ in range(2)]
    for _ in range(15):
        assert_whole(kt.load_run(target), runs)
    for process in processes:
        kill(process)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_whole(kt.load_run(target), runs)


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_a_complete_save_that_was_not_moved_into_place_is_finished(runs, tmp_path, moved):
    """The state between the deciding rename and the last of the moves after it."""
    runs[0][1].save(tmp_path)
    shutil.copytree(runs[1][2], tmp_path / ".kerastrain-written")
    for name in FILES[:moved]:
        (tmp_path / ".kerastrain-written" / name).rename(tmp_path / name)
    with pytest.warns(kt.KerastrainWarning, match="complete and has been put in place"):
        loaded = kt.load_run(tmp_path)
    assert loaded.seed == 2
    assert_whole(loaded, runs)
    assert names_in(tmp_path) == FILES


def test_an_incomplete_save_is_removed_and_told(runs, tmp_path):
    runs[0][1].save(tmp_path)
    (tmp_path / ".kerastrain-writing-x").mkdir()
    (tmp_path / ".kerastrain-writing-x" / "model.keras").write_text("half")
    with pytest.warns(kt.KerastrainWarning, match="not complete and is removed"):
        assert_whole(kt.load_run(tmp_path), runs)
    assert names_in(tmp_path) == FILES
    assert Path(tmp_path / "model.keras").stat().st_size > 1000
