"""A comparison with a checkpoint does no training twice, and gives the numbers of one call."""

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
