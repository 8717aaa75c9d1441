"""The oracle is scipy, which comes with scikit-learn."""

import math

import numpy as np
import pytest
from scipy import stats

from kerastrain.experiments.intervals import mean_interval, t_quantile


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 9, 10, 29, 100])
@pytest.mark.parametrize("inside", [0.5, 0.9, 0.95, 0.99, 0.999])
def test_the_quantile_is_that_of_scipy(degrees, inside):
    assert t_quantile(inside, degrees) == pytest.approx(
        stats.t.ppf((1 + inside) / 2, degrees), rel=1e-9
    )


def test_the_interval_is_that_of_scipy():
    values = np.random.default_rng(0).normal(3, 2, size=7)
    expected = stats.t.interval(0.95, 6, loc=values.mean(), scale=stats.sem(values))
    assert mean_interval(values)[1:] == pytest.approx(expected, rel=1e-9)


def test_more_comparisons_widen_the_interval_as_bonferroni_says():
    values = np.array([1.0, 2.0, 4.0])
    expected = stats.t.interval(1 - 0.05 / 4, 2, loc=values.mean(), scale=stats.sem(values))
    assert mean_interval(values, comparisons=4)[1:] == pytest.approx(expected, rel=1e-9)


def test_95_of_100_intervals_hold_the_true_mean():
    random = np.random.default_rng(1)
    held = [(mean_interval(random.normal(size=5) - 0.0)).holds_zero for _ in range(2000)]
    assert 0.93 < np.mean(held) < 0.97


def test_one_value_gives_no_bound():
    assert mean_interval([2.0]) == (2.0, -math.inf, math.inf)
