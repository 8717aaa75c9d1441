import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def rest(table):
    """The mean loss over all rows in the second half of each walk, above that of full batches."""
    walk = table[(table["part"] == "walk") & (table["step"] > table["step"].max() / 2)]
    means = walk.groupby("batch")["value"].mean()
    return means.drop("all rows").iloc[0] - means["all rows"]


def test_four_times_the_rows_halve_the_noise(table):
    noises = table[table["part"] == "noise"].set_index("rows")["noise"]
    ratios = noises.to_numpy()[:-1] / noises.to_numpy()[1:]
    np.testing.assert_allclose(ratios, 2, rtol=0.06)


def test_the_noise_of_one_row_is_the_spread_of_the_slopes(lesson, table):
    x, y = lesson.load_households()
    noises = table[table["part"] == "noise"].set_index("rows")["noise"]
    assert noises[1] == pytest.approx(np.std(-2 * x * y), rel=0.1)


def test_the_slope_from_a_batch_is_right_on_average(lesson):
    x, y = lesson.load_households()
    slopes = -2 * x * y
    batches = np.random.default_rng(0).integers(0, len(x), (lesson.DRAWS, 4))
    means = slopes[batches].mean(axis=1)
    assert abs(means.mean() - slopes.mean()) < 4 * means.std() / np.sqrt(lesson.DRAWS)


def test_few_rows_keep_the_weights_in_motion(table):
    assert rest(table) > 0.005
    full = table[(table["part"] == "walk") & (table["batch"] == "all rows")]
    assert full["gradient_norm"].iloc[-1] < 1e-4


def test_in_the_same_epochs_small_batches_get_further(lesson, table):
    ends = table[table["epoch"] == lesson.EPOCHS].sort_values("rows")
    assert ends["loss"].is_monotonic_increasing
    assert ends["loss"].iloc[0] < 0.2 * ends["loss"].iloc[-1]
    assert ends["steps"].tolist() == [528, 66, 6]


def test_the_picture_has_two_walks_and_three_batch_sizes(axes):
    assert len(axes) == 2
    assert len(axes[1].get_lines()) == 3


def test_more_rows_stay_closer_to_the_minimum(table, tried):
    assert 0 < rest(tried) < 0.5 * rest(table)
    assert tried.loc[tried["part"] == "noise", "noise"].min() > 0
