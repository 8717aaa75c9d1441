import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def test_the_loop_by_hand_is_the_walk_of_keras(table):
    np.testing.assert_allclose(table["by_hand"], table["x"], rtol=1e-6)


def test_where_the_slope_is_0_nothing_moves(lesson, table):
    rest = table[table["start"] == lesson.BOTTOM]
    assert (rest["gradient_norm"] == 0).all()
    assert (rest["x"] == lesson.BOTTOM).all()


def test_the_walk_follows_the_slope_and_slows_down_until_nothing_changes(lesson, table):
    walk = table[table["start"] == lesson.STARTS[0]]
    steps = walk["x"].diff().dropna().to_numpy()
    np.testing.assert_allclose(steps, lesson.LEARNING_RATE * walk["gradient_norm"][:-1], rtol=1e-3)
    assert (np.diff(steps) < 0).all()
    assert steps[-1] < 2e-4
    assert walk["value"].iloc[-1] == pytest.approx(1, abs=1e-6)
