import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def walks(table):
    return table[table["part"] == "walk"].groupby("inputs")


def best(table):
    return table[table["part"] == "training"].groupby("inputs")["loss"].min()


def assert_a_ravine_and_a_bowl(table):
    curvatures = walks(table)["curvatures"].first()
    assert curvatures["raw"] > 100
    assert curvatures["scaled"] < 4
    ends = walks(table)["value"].last()
    assert ends["scaled"] < 0.6 * ends["raw"]


def test_the_raw_surface_is_a_ravine_and_the_scaled_one_a_bowl(table):
    assert_a_ravine_and_a_bowl(table)


def test_in_the_bowl_the_walk_ends_at_the_minimum(lesson, table):
    data, x, y = lesson.load_wines()
    pair = x[:, [data.feature_names.index(name) for name in lesson.COLUMNS]]
    columns, target = lesson.scale(pair)[: lesson.ROWS], np.where(y[: lesson.ROWS] == 1, 1, -1)
    lowest = np.linalg.lstsq(columns, target, rcond=None)[0]
    end = table[(table["part"] == "walk") & (table["inputs"] == "scaled")].iloc[-1]
    assert (end["x"], end["y"]) == pytest.approx(tuple(lowest), abs=1e-4)


def test_only_training_rows_scale(lesson):
    _, x, _ = lesson.load_wines()
    scaled = lesson.scale(x)
    np.testing.assert_allclose(scaled[: lesson.ROWS].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(scaled[: lesson.ROWS].std(axis=0), 1, atol=1e-4)
    other = np.concatenate([x[: lesson.ROWS], 1e3 + x[lesson.ROWS :]])
    np.testing.assert_array_equal(lesson.scale(other)[: lesson.ROWS], scaled[: lesson.ROWS])


def test_no_rate_makes_up_for_raw_inputs(lesson, table):
    assert best(table)["raw"] > 4 * best(table)["scaled"]
    raw = table[(table["part"] == "training") & (table["inputs"] == "raw")].set_index("rate")
    # Ten times more and ten times less than the best rate are worse.
    assert raw["loss"].idxmin() == lesson.RATES["raw"][1]


def test_the_picture_has_the_walk_on_both_surfaces(axes):
    assert [ax.get_title(loc="left").split(":")[0] for ax in axes] == [
        "raw inputs",
        "scaled inputs",
    ]
    assert all(len(ax.get_lines()) >= 3 for ax in axes)


def test_two_large_columns_make_a_deeper_ravine(table, tried):
    assert_a_ravine_and_a_bowl(tried)
    assert walks(tried)["curvatures"].first()["raw"] > walks(table)["curvatures"].first()["raw"]
