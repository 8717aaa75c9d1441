"""The oracle is scipy, which comes with scikit-learn, and learners that are equally good."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kerastrain.experiments.comparison import Comparison
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


def test_equal_values_say_nothing_of_their_spread_unless_a_step_is_known():
    for values in ([0.3, 0.3], [0.9 - 0.8, 0.8 - 0.7, 0.1]):
        assert mean_interval(values)[1:] == pytest.approx((math.nan, math.nan), nan_ok=True)
        assert mean_interval(values).holds_zero
    half = stats.t.ppf(0.975, 1) * 0.02 * np.sqrt(1 / 2 + 1 / 3)
    interval = mean_interval([0.3, 0.3], overlap=1 / 3, step=0.02)
    assert interval[1:] == pytest.approx((0.3 - half, 0.3 + half), rel=1e-9)


def test_splits_of_one_data_set_widen_the_interval_as_nadeau_and_bengio_say():
    values = np.random.default_rng(0).normal(3, 2, size=10)
    scale = values.std(ddof=1) * np.sqrt(1 / 10 + 0.25 / 0.75)
    expected = stats.t.interval(0.95, 9, loc=values.mean(), scale=scale)
    assert mean_interval(values, overlap=0.25 / 0.75)[1:] == pytest.approx(expected, rel=1e-9)


def scores_of_equal_learners(random, rows, seeds, shared, learners=2, folds=None):
    """Least squares on five columns each: `shared` ones and others that tell as much about y."""
    own = 5 - shared
    x = random.normal(size=(rows, shared + own * learners))
    y = x.sum(axis=1) + 2 * random.normal(size=rows)
    table = []
    for seed in range(seeds):
        order = random.permutation(rows)
        for fold in range(folds or 1):
            val = order[: rows // 4] if folds is None else order[fold::folds]
            train = np.setdiff1d(order, val)
            for learner in range(learners):
                first = shared + own * learner
                part = x[:, [*range(shared), *range(first, first + own)]]
                a = part[train]
                error = y[val] - part[val] @ np.linalg.solve(a.T @ a, a.T @ y[train])
                place = {"candidate": str(learner), "seed": seed, "fold": fold, "seconds": 0.0}
                sizes = {"train_rows": len(train), "val_rows": len(val)}
                table.append(place | {"rmse": np.sqrt(np.mean(error**2))} | sizes)
    return pd.DataFrame(table)


def share_of_false_calls(times, *settings, **options):
    random = np.random.default_rng(3)
    calls = 0
    for _ in range(times):
        scores = scores_of_equal_learners(random, *settings, **options)
        summary = Comparison(pd.DataFrame(), scores).summary()
        calls += (summary["verdict"] == "worse").any()
    return calls / times


@pytest.mark.slow
@pytest.mark.parametrize("shared", [0, 4], ids=["uncorrelated", "correlated"])
@pytest.mark.parametrize("seeds", [5, 10])
@pytest.mark.parametrize("rows", [235, 2000])
def test_equal_learners_are_called_different_in_5_of_100_comparisons(rows, seeds, shared):
    assert 0.03 < share_of_false_calls(1000, rows, seeds, shared) < 0.07


@pytest.mark.slow
def test_nor_more_often_by_repeated_folds_or_among_more_learners():
    assert share_of_false_calls(1000, 235, 2, 0, folds=5) < 0.07
    assert 0.03 < share_of_false_calls(1000, 235, 5, 0, learners=4) < 0.07


def test_equal_learners_are_rarely_called_different():
    assert share_of_false_calls(200, 100, 10, 0) < 0.11  # without the correction: 0.3
