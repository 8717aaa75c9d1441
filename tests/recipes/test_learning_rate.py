import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def walk(table, rate):
    return table[(table["problem"] == "parabola") & (table["rate"] == rate)]["x"].abs().to_numpy()


def losses(table, rate):
    return table[(table["problem"] == "network") & (table["rate"] == rate)]["value"].to_numpy()


def test_each_step_multiplies_the_distance_by_1_minus_rate_times_curvature(lesson, table):
    for name, rate in lesson.RATES.items():
        factor = abs(1 - rate * lesson.CURVATURE)
        np.testing.assert_allclose(walk(table, name)[:30], factor ** np.arange(30), rtol=1e-4)


def test_exactly_on_the_border_it_comes_no_nearer_and_goes_no_farther(lesson, table):
    assert lesson.RATES["on the border"] == 2 / lesson.CURVATURE
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


def test_the_report_says_what_the_network_ended_with_be_it_no_number(lesson, table):
    first, last = lesson.report(table).splitlines()
    for rate in lesson.NETWORK_RATES:
        end = losses(table, rate)[-1]
        assert ("nan" if np.isnan(end) else f"{end:.4g}") in first
    assert f"0 at 0.2, 1 at 0.5 and {walk(table, 'too large')[-1]:.4g} at 0.505." in last


def test_the_rows_keep_the_end_of_every_walk(lesson, table):
    rows = lesson.rows(table)
    assert len(rows) == len(lesson.RATES) + len(lesson.NETWORK_RATES)
    assert float(rows["last_loss"].iloc[2]) == lesson.CURVATURE / 2


def test_the_picture_shows_the_steps_of_each_rate_on_the_parabola(lesson, table, axes):
    assert len(axes) == len(lesson.RATES)
    for ax, (name, rate) in zip(axes, lesson.RATES.items(), strict=True):
        assert f"{rate:g}: {name}" in ax.get_title(loc="left")
        steps = ax.get_lines()[1]
        np.testing.assert_allclose(
            np.abs(steps.get_xdata()), walk(table, name)[: len(steps.get_xdata())]
        )
        np.testing.assert_allclose(
            steps.get_ydata(), lesson.CURVATURE / 2 * steps.get_xdata() ** 2, rtol=1e-5
        )


def test_at_twice_the_curvature_the_border_is_half_as_far(lesson, table, tried):
    assert lesson.RATES["right"] < 2 / lesson.CURVATURE < lesson.RATES["on the border"]
    assert walk(tried, "right")[-1] < 1e-6
    assert not np.isfinite(walk(tried, "on the border")[-1])
    assert "nan at 0.5 and" in lesson.report(tried)
    assert (walk(table, "on the border") == 1).all()
