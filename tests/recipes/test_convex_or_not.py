import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def test_all_starts_meet_in_the_bowl(lesson, table):
    ends = lesson.ends(table).set_index("problem")
    assert ends.loc["bowl", "x"].abs().max() < 1e-3


def test_starts_end_in_different_valleys_where_there_are_two(lesson, table):
    ends = lesson.ends(table)
    ends = ends[ends["problem"] == "two valleys"]
    # the roots of 4 w³ - 6 w + 0.5 that are minima
    roots = np.sort(np.roots([4, 0, -6, lesson.TILT]).real)[[0, 2]]
    expected = [roots[0] if start < 0 else roots[1] for start in ends["start"]]
    np.testing.assert_allclose(ends["x"], expected, atol=1e-3)
    assert np.ptp(ends["value"]) > 1


def test_logistic_regression_meets_from_all_seeds_and_a_deep_network_does_not(lesson, table):
    spread = lesson.ends(table).groupby("problem")["value"].agg(np.ptp)
    assert spread["logistic regression"] < 1e-4
    assert spread["deep network"] > 30 * spread["logistic regression"]


def test_the_loss_of_logistic_regression_never_bends_down(table):
    row = table[table["problem"] == "logistic regression"].iloc[-1]
    assert row["lowest_bend"] > -row["rounding"]


def test_the_loss_of_a_deep_network_bends_down(table):
    row = table[table["problem"] == "deep network"].iloc[-1]
    assert row["lowest_bend"] < -1000 * row["rounding"]
