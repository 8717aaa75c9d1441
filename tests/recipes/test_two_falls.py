import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def walk(table, loss):
    return table.loc[table["loss"] == loss, "w"].to_numpy()


def assert_even_steps_that_never_settle(lesson, table):
    w = walk(table, "|w|")
    np.testing.assert_allclose(np.abs(np.diff(w)), lesson.LEARNING_RATE, atol=1e-5)
    assert w[-1] == pytest.approx(-w[-2], abs=1e-4)
    assert abs(w[-1]) == pytest.approx(lesson.LEARNING_RATE / 2, abs=1e-4)


def test_under_mae_the_steps_are_even_and_never_settle(lesson, table):
    assert_even_steps_that_never_settle(lesson, table)
    assert abs(walk(table, "|w|")[-1]) == pytest.approx(0.2, abs=1e-5)


def test_under_mse_each_step_is_a_fixed_share_of_the_way_that_is_left(lesson, table):
    w = walk(table, "w²")
    share = 1 - 2 * lesson.LEARNING_RATE
    np.testing.assert_allclose(w[:20], lesson.START * share ** np.arange(20), rtol=1e-4)
    assert 0 < abs(w[-1]) < 1e-29


def test_from_far_off_mse_is_faster(table):
    assert abs(walk(table, "w²")[1]) < abs(walk(table, "|w|")[1]) / 4


def test_the_report_ends_with_the_measured_places(lesson, table):
    last = lesson.report(table).splitlines()[-1]
    assert "|w| ends up jumping between 0.20 and -0.20 for ever" in last
    assert f"{abs(walk(table, 'w²')[-1]):.0e} from the bottom" in last


def test_the_picture_shows_both_walks(table, axes):
    drawn = [line.get_ydata() for line in axes[0].get_lines()[:2]]
    for line, loss in zip(drawn, ("w²", "|w|"), strict=True):
        np.testing.assert_array_equal(line, walk(table, loss)[:21])


def test_at_a_fifth_of_the_rate_the_jumps_are_a_fifth_as_long(lesson, table, tried):
    assert_even_steps_that_never_settle(lesson, tried)
    assert abs(walk(table, "|w|")[-1] / walk(tried, "|w|")[-1]) == pytest.approx(5, rel=1e-3)
