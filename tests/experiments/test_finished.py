"""With a checkpoint no training is done twice, and the numbers are those of one call."""

import multiprocessing
import random
import time

import keras
import numpy as np
import pandas as pd
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow

X = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
Y = np.where(X[:, 0] > 0, "yes", "no")
CANDIDATES = ["binary_crossentropy", "binary_focal_crossentropy"]
BUILT = []


def build(choice):
    BUILT.append(choice.loss)
    if len(BUILT) == build.stop:
        raise KeyboardInterrupt
    layers = [keras.layers.Dropout(0.2), keras.layers.Dense(choice.units, choice.activation)]
    return keras.Sequential([keras.Input((4,)), *layers])


build.stop = None


def compare(**settings):
    return kt.compare(build, X, Y, CANDIDATES, **{"seeds": 3, "epochs": 2, **settings})


def assert_equal(one, other):
    for mine, theirs in ((one.history, other.history), (one.scores, other.scores)):
        pd.testing.assert_frame_equal(
            mine.drop(columns="seconds"), theirs.drop(columns="seconds"), check_exact=True
        )


def test_a_comparison_that_was_interrupted_trains_only_what_is_missing(tmp_path):
    whole = compare()
    BUILT.clear()
    build.stop = 5  # one for the description, and three trainings that come to an end
    try:
        assert "3 of 6" in compare(checkpoint=tmp_path).notes[-1]
    finally:
        build.stop = None
    BUILT.clear()
    assert_equal(compare(checkpoint=tmp_path), whole)
    assert len(BUILT) == 1 + 3
    BUILT.clear()
    more = compare(checkpoint=tmp_path, seeds=4)
    assert len(BUILT) == 1 + 2
    assert_equal(more, compare(seeds=4))


@pytest.mark.parametrize(
    ("change", "seen"),
    [({"epochs": 3}, "epochs was 2 and is 3"), ({"validation_split": 0.3}, "validation_split was")],
    ids=str,
)
def test_the_folder_of_another_comparison_is_refused(change, seen, tmp_path):
    compare(checkpoint=tmp_path, seeds=2)
    with pytest.raises(kt.RunError, match=seen):
        compare(checkpoint=tmp_path, **change)
    with pytest.raises(kt.RunError, match="x was"):
        kt.compare(build, X + 1, Y, CANDIDATES, seeds=2, epochs=2, checkpoint=tmp_path)


def test_a_damaged_result_is_named(tmp_path):
    compare(checkpoint=tmp_path, seeds=2)
    file = next(path for path in tmp_path.iterdir() if path.name != "experiment.json")
    file.write_text(file.read_text().replace("0.", "1.", 1))
    with pytest.raises(kt.RunError, match=file.name):
        compare(checkpoint=tmp_path, seeds=2)


# ---------------------------------------------------------------- tune_optimizer
def tune(**settings):
    return kt.tune_optimizer(build, X, Y, **{"budget": 5, "epochs": 4, "seed": 1, **settings})


def test_a_tuning_that_was_interrupted_runs_only_what_is_missing(tmp_path):
    whole = tune()
    for stop, seeds in ((4, 0), (7, 2)):  # in the first round of trials, and in the finals
        BUILT.clear()
        build.stop = stop
        try:
            assert len(tune(checkpoint=tmp_path).scores) == seeds
        finally:
            build.stop = None
    for models in (1 + 4 + 2, 1):  # one to be described, four more seeds, and two compiled
        BUILT.clear()
        again = tune(checkpoint=tmp_path)
        assert again.table.equals(whole.table)
        assert again.scores.equals(whole.scores)
        assert len(BUILT) == models
    with pytest.raises(kt.RunError, match="epochs was 4 and is 5"):
        tune(checkpoint=tmp_path, epochs=5)


# ---------------------------------------------------------------- kills
def compare_all(folder):
    comparison = compare(checkpoint=folder)
    return comparison.history.drop(columns="seconds"), comparison.scores.drop(columns="seconds")


def tune_all(folder):
    tuning = tune(checkpoint=folder)
    return tuning.table, tuning.scores


def write_down(work, folder, result):
    text = "".join(table.to_csv() for table in work(folder))
    result.with_suffix(".new").write_text(text)
    result.with_suffix(".new").rename(result)


def killed_until_done(work, folder, draw, seconds):
    """Start work again and again, kill it at random moments; count the kills."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", "keras", "pandas", "pytest"])
    folder.mkdir()
    result, kills = folder / "result.csv", 0
    while not result.exists():
        job = work, folder / "checkpoint", result
        process = context.Process(target=write_down, args=job, daemon=True)
        process.start()
        process.join(draw.uniform(0, seconds))
        if process.is_alive():
            process.kill()
            kills += 1
        process.join()
    return kills, result.read_text()


@pytest.mark.process
@pytest.mark.parametrize("work", [compare_all, tune_all])
@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_what_is_killed_again_and_again_gives_the_same_bits(work, kills, tmp_path):
    draw, done, turn = random.Random(0), 0, 0
    seconds = 600
    for name in ("cold", "whole"):  # the second time the server of processes is up
        begin = time.monotonic()
        _, whole = killed_until_done(work, tmp_path / name, random.Random(7), seconds)
        seconds = 600 if name == "cold" else time.monotonic() - begin
    while done < kills:
        turn += 1
        found, text = killed_until_done(work, tmp_path / str(turn), draw, 1.2 * seconds)
        assert text == whole
        done += found
