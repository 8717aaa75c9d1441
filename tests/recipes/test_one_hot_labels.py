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


def test_the_report_counts_rows_and_distances(lesson, table):
    said = lesson.report(table)
    assert "Any two classes lie 1.41 apart." in said  # the square root of 2
    assert said.endswith("gives the id back in 999 of 999 rows, and 3 of 3 ways to encode agree.")


def test_the_picture_shows_a_1_in_the_column_of_each_class(axes):
    np.testing.assert_array_equal(axes[0].get_images()[0].get_array(), np.eye(3))
    names = [text.get_text() for text in axes[0].get_yticklabels()]
    assert names == ["Adelie (id 0)", "Chinstrap (id 1)", "Gentoo (id 2)"]


def test_classes_called_1_to_3_give_the_same_rows(lesson, tried):
    assert list(lesson.rows(tried)["label"]) == [1, 2, 3]
    np.testing.assert_array_equal(lesson.rows(tried).drop(columns=["label", "id"]), np.eye(3))
