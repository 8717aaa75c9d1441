"""Oracles: hand-made values, and scikit-learn for the stratified split."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from kerastrain.arrays.rows import as_arrays, count_rows, split_rows, take_rows
from kerastrain.errors import DataError


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (np.zeros((5, 2)), 5),
        ({"a": np.zeros(4), "b": np.zeros((4, 8, 8))}, 4),
        ([np.zeros(3), {"c": np.zeros(3)}], 3),
        (pd.DataFrame({"a": [1, 2]}), 2),
    ],
)
def test_rows_are_counted_in_all_parts(data, rows):
    assert count_rows(data) == rows


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        ({"a": np.zeros(4), "b": np.zeros(3)}, r"x\['a'\] has 4, x\['b'\] has 3"),
        (np.zeros((0, 3)), "saw none"),
        (np.float32(3), "single value"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(data, seen):
    with pytest.raises(DataError, match=seen):
        count_rows(data)


def test_taking_rows_copies():
    data = {"a": np.arange(5), "b": [pd.Series(range(5), index=list("vwxyz"))], "c": None}
    taken = take_rows(data, np.array([3, 0]))
    assert taken["a"].tolist() == [3, 0]
    assert taken["b"][0].tolist() == [3, 0]
    assert taken["c"] is None
    taken["a"][0] = 99
    assert data["a"].tolist() == [0, 1, 2, 3, 4]


def test_frames_and_lists_become_arrays():
    frame = pd.DataFrame({"a": [1, 2], "b": [True, False]})
    assert as_arrays(frame, "x").tolist() == [[1.0, 1.0], [2.0, 0.0]]
    assert as_arrays([[1, 2], [3, 4]], "x").shape == (2, 2)
    several = as_arrays((np.zeros((2, 3)), frame), "x")
    assert [part.shape for part in several] == [(2, 3), (2, 2)]
    array = np.zeros((2, 2))
    assert as_arrays(array, "x") is array


def test_missing_values_of_nullable_columns_become_nan():
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64")})
    assert np.isnan(as_arrays(frame, "x")[1, 0])


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (pd.DataFrame({"sex": ["m", "f"], "n": [1, 2]}), r"'sex' .*get_dummies"),
        (pd.DataFrame({"day": pd.to_datetime(["2020-01-01"])}), "'day'"),
        ([[1, 2], [3]], "as many in each row"),
        (np.array([["a"], ["b"]], dtype=object), "Encode text"),
    ],
)
def test_inputs_that_are_no_numbers_are_refused(data, seen):
    with pytest.raises(DataError, match=seen):
        as_arrays(data, "x")


@pytest.mark.parametrize("seed", range(5))
def test_each_class_has_the_same_share_in_both_parts_as_in_scikit_learn(seed):
    ids = np.random.default_rng(seed).choice(4, size=203, p=[0.5, 0.3, 0.15, 0.05])
    training, held_out = split_rows(203, 0.2, seed=seed, stratify=ids)
    theirs = train_test_split(np.arange(203), test_size=0.2, stratify=ids, random_state=0)[1]
    found = np.bincount(ids[held_out], minlength=4)
    assert np.abs(found - np.bincount(ids[theirs], minlength=4)).max() <= 1
    assert sorted([*training, *held_out]) == list(range(203))


def test_sorted_labels_lose_no_class():
    ids = np.repeat([0, 1, 2], 50)
    training, held_out = split_rows(150, 0.2, seed=0, stratify=ids)
    assert np.bincount(ids[held_out]).tolist() == [10, 10, 10]
    assert np.bincount(ids[training]).tolist() == [40, 40, 40]


def test_a_class_of_one_row_stays_in_training():
    ids = np.array([0] * 20 + [1])
    for seed in range(20):
        assert 20 in split_rows(21, 0.5, seed=seed, stratify=ids)[0]


def test_equal_seeds_give_equal_splits_and_others_do_not():
    first, again, other = (split_rows(100, 0.3, seed=seed)[1] for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert sorted(first) != sorted(other)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 0.001, "0.2"])
def test_a_part_without_rows_is_refused(fraction):
    with pytest.raises(DataError, match=r"must (lie between|hold rows)"):
        split_rows(10, fraction, seed=0)
