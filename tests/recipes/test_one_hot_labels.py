import numpy as np
import pytest

WAYS = ("by hand", "one_hot", "get_dummies")


def rows_of(table, way):
    return table[table["way"] == way].drop(columns=["label", "id", "way"]).to_numpy()


@pytest.mark.parametrize("way", WAYS)
def test_rows_sum_to_one_and_argmax_gives_the_ids_back(table, way):
    rows = rows_of(table, way)
    assert rows.shape == (333, 3)
    assert set(np.unique(rows)) == {0, 1}
    assert (rows.sum(axis=1) == 1).all()
    assert (rows.argmax(axis=1) == table.loc[table["way"] == way, "id"]).all()


@pytest.mark.parametrize("way", WAYS[1:])
def test_all_ways_give_the_same_rows(table, way):
    np.testing.assert_array_equal(rows_of(table, way), rows_of(table, WAYS[0]))
