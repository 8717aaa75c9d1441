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


def test_the_report_ends_with_the_loss_before_and_after(lesson, table):
    walk = table[table["start"] == lesson.STARTS[0]]
    last = lesson.report(table).splitlines()[-1]
    assert f"from f = {walk['value'].iloc[0]:g} to f = {walk['value'].iloc[-1]:.4f}" in last
    assert f"{walk['x'].diff().iloc[1]:.2f} long" in lesson.report(table)


def test_the_picture_shows_each_step_on_the_curve(lesson, table, axes):
    walk = table[table["start"] == lesson.STARTS[0]]
    drawn = axes[0].get_lines()[1]
    np.testing.assert_array_equal(drawn.get_xdata(), walk["x"])
    np.testing.assert_allclose(drawn.get_ydata(), lesson.f(walk["x"]), rtol=1e-5)


def test_at_a_rate_of_1_the_walk_jumps_across_the_bottom_for_ever(lesson, tried):
    walk = tried[tried["start"] == lesson.STARTS[0]]
    np.testing.assert_allclose(walk["x"], np.where(walk["step"] % 2, 5, -1))
    np.testing.assert_allclose(tried["by_hand"], tried["x"])
