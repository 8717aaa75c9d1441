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


def test_the_report_ends_with_the_noises_and_the_losses(lesson, table):
    *_, before, last = lesson.report(table).splitlines()
    walk = table[(table["part"] == "walk") & (table["step"] > lesson.STEPS / 2)]
    full, small = walk.groupby("batch", sort=False)["value"].mean()
    assert f"is {full:.3f} with full batches and {small:.3f} with" in before
    assert "each of which costs 1/58 of a full one" in before  # 235 households, 4 a step
    noises = table[table["part"] == "noise"].set_index("rows")["noise"]
    assert f"from 1 row is off by {noises[1]:.2f}, from 4 by {noises[4]:.2f}" in last
    ends = table[table["epoch"] == lesson.EPOCHS].set_index("rows")["loss"]
    assert f"528 steps of 16 rows and end at a loss of {ends[16]:.2f}, or 6 steps" in last
    assert last.endswith(f"of all 1400 and end at {ends[1400]:.2f}.")


def test_the_picture_has_both_walks_and_the_losses_of_each_batch_size(lesson, table, axes):
    drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in axes[0].get_lines()]
    for _, walk in table[table["part"] == "walk"].groupby("batch"):
        assert (list(walk["x"]), list(walk["y"])) in drawn
    training = table[table["part"] == "training"].groupby("rows")["loss"]
    for line, rows in zip(axes[1].get_lines(), lesson.BATCH_SIZES, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), training.get_group(rows))
        assert line.get_label().startswith(f"{rows} rows a step")


def test_more_rows_stay_closer_to_the_minimum(table, tried):
    assert 0 < rest(tried) < 0.5 * rest(table)
    assert tried.loc[tried["part"] == "noise", "noise"].min() > 0
