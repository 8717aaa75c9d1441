import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow

PLAIN, MOMENTUM = "plain descent", "momentum 0.9"


def test_on_the_ridge_nothing_ever_leaves_it(lesson, table):
    stays = table[table["case"] == "on the ridge"]
    assert (stays["y"] == 0).all()
    for _, walk in stays.groupby(["learning_rate", "momentum"]):
        assert len(walk) == 1 + round(12 / walk["learning_rate"].iloc[0])
        assert walk["gradient_norm"].iloc[-1] < 1e-3 * walk["gradient_norm"].iloc[0]
        assert walk["value"].iloc[-1] == pytest.approx(0, abs=1e-6)
    assert lesson.escape_steps(table).loc["on the ridge"].isna().all(axis=None)


@pytest.mark.parametrize("case", ["after a nudge", "small batches"])
def test_a_nudge_or_the_noise_of_batches_is_enough(lesson, table, case):
    assert lesson.escape_steps(table).loc[case].notna().all(axis=None)


def test_momentum_helps_at_small_rates_and_not_at_the_largest(lesson, table):
    steps = lesson.escape_steps(table).loc["after a nudge"]
    small, large = lesson.RATES[0], lesson.RATES[-1]
    assert steps.loc[small, MOMENTUM] < steps.loc[small, PLAIN] / 3
    assert steps.loc[large, PLAIN] < steps.loc[large, MOMENTUM]
    assert steps[PLAIN].min() < steps[MOMENTUM].min()


def test_the_larger_the_rate_the_fewer_steps_plain_descent_takes(lesson, table):
    steps = lesson.escape_steps(table).loc["after a nudge", PLAIN]
    assert steps.is_monotonic_decreasing
    assert steps.iloc[-1] < steps.iloc[0] / 10


def test_the_walk_grows_away_from_the_ridge_by_the_factor_of_the_curvature(lesson, table):
    rate = lesson.RATES[0]
    nudged = table[(table["case"] == "after a nudge") & (table["learning_rate"] == rate)]
    y = nudged.loc[nudged["momentum"] == 0, "y"].to_numpy()
    np.testing.assert_allclose(y[:40], lesson.NUDGE * (1 + 2 * rate) ** np.arange(40), rtol=1e-3)


def test_the_pull_of_all_examples_is_none_and_of_a_batch_some(lesson):
    batch = lesson.in_small_batches()
    pulls = {float(batch(0.0, 1.0) - lesson.f(0.0, 1.0)) for _ in range(20)}
    assert len(pulls) > 3
    assert max(abs(pull) for pull in pulls) <= 0.01 + 1e-6


def test_the_report_ends_with_both_ways_of_leaving_sooner(lesson, table):
    steps = lesson.escape_steps(table).loc["after a nudge"]
    last = lesson.report(table).splitlines()[-1]
    for name in (PLAIN, MOMENTUM):
        assert f"{steps[name].iloc[0]:.0f}" in last
        assert f"{steps[name].min():.0f}" in last


def test_the_picture_shows_who_leaves_and_how_soon(lesson, table, axes):
    left, right = axes
    ends = [line.get_xydata()[-1] for line in left.get_lines() if len(line.get_xydata()) > 1]
    assert np.allclose(ends[0], (0, 1), atol=0.02)
    assert np.allclose(ends[1], (0, 0), atol=1e-6)
    steps = lesson.escape_steps(table).loc["after a nudge"]
    for line, name in zip(right.get_lines(), (PLAIN, MOMENTUM), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), steps[name])


def test_a_nudge_a_thousand_times_as_small_takes_twice_the_steps(lesson, table, tried):
    before, after = (
        lesson.escape_steps(each).loc["after a nudge", PLAIN] for each in (table, tried)
    )
    assert ((after / before > 1.6) & (after / before < 2.4)).all()
