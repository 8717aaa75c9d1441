import math

import keras
import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow

ONE, HIDDEN = "logistic regression", "two tanh units"


def end_values(lesson, table, problem):
    ends = lesson.ends(table)
    return ends.loc[ends["problem"] == problem, "value"]


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


def test_logistic_regression_meets_from_all_starts(lesson, table):
    values = end_values(lesson, table, ONE)
    assert len(values) == lesson.SEEDS
    assert np.ptp(values) < 1e-5


def test_two_tanh_units_come_to_rest_at_three_different_losses(lesson, table):
    # all four right; two right and two a coin toss; one right and three at 1/3
    places = np.array([0, math.log(2) / 2, (2 * math.log(3 / 2) + math.log(3)) / 4])
    values = end_values(lesson, table, HIDDEN).to_numpy()
    nearest = np.abs(values[:, None] - places).argmin(axis=1)
    np.testing.assert_allclose(values, places[nearest], atol=3e-3)
    assert set(nearest) == {0, 1, 2}


def test_the_trainings_have_ended_and_not_just_stopped(lesson, table):
    for name in lesson.NETWORKS:
        losses = table[table["problem"] == name].pivot_table(
            index="step", columns="start", values="value"
        )
        late = losses.loc[losses.index[-1] * 3 // 4 :]
        assert np.ptp(late, axis=0).max() < 2e-3


def test_the_networks_train_as_they_would_alone(lesson, table):
    x, y = lesson.XOR
    keras.utils.set_random_seed(1)
    model = lesson.build_model(2)
    kernel, bias, last, last_bias = model.get_weights()
    hidden = np.tanh(x @ kernel[:, 0] + bias[0])
    p = 1 / (1 + np.exp(-(hidden @ last[0] + last_bias[0])))
    by_hand = -np.log(np.where(y == 1, p, 1 - p)).mean()
    start = table[(table["problem"] == HIDDEN) & (table["step"] == 0) & (table["start"] == 0)]
    assert start["value"].iloc[0] == pytest.approx(by_hand, rel=1e-5)


def test_only_the_loss_of_logistic_regression_never_bends_down_half_way(table):
    assert table.attrs["bends_down"][ONE] == 0
    assert table.attrs["bends_down"][HIDDEN] > 0.1


def test_the_report_ends_with_who_met(lesson, table):
    last = lesson.report(table).splitlines()[-1]
    learned = (end_values(lesson, table, HIDDEN) < 0.01).sum()
    assert 0 < learned < lesson.SEEDS
    assert f"always ends at {end_values(lesson, table, ONE).max():.4f}" in last
    assert f"{learned} learn XOR" in last
    assert f"{lesson.SEEDS - learned} rest at 0.35 or more" in last


def test_the_picture_draws_every_start(lesson, table, axes):
    for ax, name in zip(axes[2:], lesson.NETWORKS, strict=True):
        ends = sorted(line.get_ydata()[-1] for line in ax.get_lines())
        np.testing.assert_allclose(ends, sorted(end_values(lesson, table, name)))


def test_with_more_tilt_all_starts_meet_though_no_bowl_is_left(lesson, tried):
    ends = lesson.ends(tried)
    assert np.ptp(ends.loc[ends["problem"] == "two valleys", "x"]) < 1e-2
    curve = lesson.CURVES["two valleys"]
    assert curve(0.0) > (curve(-0.5) + curve(0.5)) / 2  # above the line between two of its points
