"""Oracles: hand-made values, and scikit-learn for the stratified split."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.model_selection import train_test_split

from kerastrain.arrays.containers import Selection, container_of
from kerastrain.arrays.rows import as_arrays, count_rows, split_rows, take_rows
from kerastrain.arrays.summary import summarize
from kerastrain.errors import DataError


class FilesOfRows:
    """A data set in the manner of PyTorch: one row for each number."""

    def __len__(self):
        return 3

    def __getitem__(self, i):
        return np.zeros(4), i


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
        (np.zeros((0, 3)), "it has none"),
        (np.float32(3), "single value"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(data, seen):
    with pytest.raises(DataError, match=seen):
        count_rows(data)


def test_large_arrays_may_be_selected_from_instead_of_copied(monkeypatch):
    monkeypatch.setattr("kerastrain.arrays.rows._LARGE", 50)
    data = {"large": np.arange(20.0).reshape(10, 2), "small": np.arange(3)}
    taken = take_rows(data, np.array([2, 0]), copy=False)
    assert isinstance(taken["large"], Selection)
    assert taken["large"].array is data["large"]
    assert np.asarray(taken["large"]).tolist() == [[4, 5], [0, 1]]
    assert taken["small"].tolist() == [2, 0]
    assert count_rows(taken) == 2
    assert summarize(taken["large"]).high == 5


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
        ([[1, 2], [3]], "the same number of them in each row"),
        (np.array([["a", 2.0], ["b", 1.0]], dtype=object), "Encode categories"),
        (FilesOfRows(), r"one row at a time.*DataLoader"),
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
    with pytest.raises(DataError, match=r"must (be a number above 0|have rows)"):
        split_rows(10, fraction, seed=0)


ODD = [None, "abc", np.nan, np.inf, -1, 2**70, True, [], [1], {}, 2.5, np.zeros(0), object, pd.NA]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        (argument, value)
        for argument in ["count", "fraction", "seed", "stratify"]
        for value in ODD
        if argument != "stratify" or value is not None
    ],
    ids=repr,
)
def test_an_odd_argument_is_refused_by_name_and_value(argument, value):
    arguments = {"count": 10, "fraction": 0.3, "seed": 0} | {argument: value}
    name = "validation_split" if argument == "fraction" else argument
    with pytest.raises(DataError, match=rf"{name} must .* but it is"):
        split_rows(arguments.pop("count"), arguments.pop("fraction"), **arguments)


@pytest.mark.tensorflow
@pytest.mark.parametrize("shape", [(2,), (2, 1)], ids=str)
@pytest.mark.parametrize("of", [object, str, bytes, pd.Series, pd.DataFrame, list])
def test_text_becomes_a_tensor_that_keras_takes(shape, of):
    import tensorflow as tf

    words = np.array(["good film", "bad film"]).reshape(shape)
    if of is pd.Series and shape == (2, 1):
        text = pd.DataFrame(words)
    else:
        text = of(words) if of in (pd.Series, pd.DataFrame) else words.astype(of)
    text = words.tolist() if of is list else text
    tensor = as_arrays(text, "x")
    assert tensor.dtype == tf.string
    assert tensor.shape == ((2, 1) if of is pd.DataFrame else shape)
    assert take_rows(tensor, np.array([1])).numpy().ravel().tolist() == [b"bad film"]


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_a_sparse_matrix_stays_sparse_in_rows(form):
    dense = np.array([[0, 2, 0], [1, 0, 0], [0, 0, 3]])
    matrix = as_arrays(sparse.coo_array(dense).asformat(form), "x")
    assert (matrix.format, matrix.dtype) == ("csr", np.float32)
    assert count_rows(matrix) == 3
    assert take_rows(matrix, np.array([2, 0])).toarray().tolist() == [[0, 0, 3], [0, 2, 0]]


def test_masked_places_become_nan():
    masked = np.ma.masked_array([[1, 2], [3, 4]], [[False, True], [False, False]])
    assert np.isnan(as_arrays(masked, "x")).tolist() == [[False, True], [False, False]]


def test_tables_of_polars_and_pyarrow_are_read_like_those_of_pandas():
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    frame = pd.DataFrame(
        {"age": [31, 47, 5], "height": [1.5, None, 1.1], "smokes": [True, False, True]}
    )
    columns = frame.astype(object).where(frame.notna(), None).to_dict("list")
    for table in (pl.DataFrame(columns), pa.table(columns)):
        found = as_arrays(table, "x")
        np.testing.assert_array_equal(found, as_arrays(frame, "x"))
        assert count_rows(table) == 3
        assert container_of(table).columns(table) == ("age", "height", "smokes")
        assert take_rows(table, np.array([2, 0]))["age"].tolist() == [5, 31]
        assert as_arrays(table["age"], "x").tolist() == [31, 47, 5]
    with pytest.raises(DataError, match=r"x\.collect\(\)"):
        as_arrays(pl.LazyFrame(columns), "x")


def test_the_summary_of_a_table_knows_its_columns():
    assert summarize(pd.DataFrame({"age": [31, 47]}), "x").columns == ("age",)
    assert summarize(np.zeros((2, 1)), "x").columns is None
