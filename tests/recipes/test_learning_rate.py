import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def walk(table, rate):
    return table[(table["problem"] == "parabola") & (table["rate"] == rate)]["x"].abs().to_numpy()


def losses(table, rate):
    return table[(table["problem"] == "network") & (table["rate"] == rate)]["value"].to_numpy()


def test_each_step_multiplies_the_distance_by_1_minus_rate_times_curvature(lesson, table):
    for name, share in lesson.SHARES.items():
        factor = abs(1 - share * lesson.BORDER * lesson.CURVATURE)
        distances = walk(table, name)[:30]
        np.testing.assert_allclose(distances, factor ** np.arange(30), rtol=1e-4)


def test_exactly_on_the_border_it_comes_no_nearer_and_goes_no_farther(lesson, table):
    assert lesson.BORDER == 2 / lesson.CURVATURE
    assert (walk(table, "on the border") == 1).all()


def test_below_the_border_it_arrives_and_above_it_diverges(table):
    assert walk(table, "right")[-1] < 1e-6
    assert walk(table, "too large")[-1] > 5
    assert 0.1 < walk(table, "too small")[-1] < 0.2


def test_a_real_network_knows_the_same_three(table):
    small, right, large = (losses(table, rate) for rate in ("too small", "right", "too large"))
    assert small[-1] > 0.9 * small[0]  # hardly moves
    assert right[-1] < 0.3 * small[-1]
    assert not large[-1] < 100 * small[0]  # far off, or no number any more
