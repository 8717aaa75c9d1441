import numpy as np
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow


def ends(lesson, table):
    return lesson.rows(table).set_index("way")


def test_the_gap_opens(lesson, table):
    gap = lesson.gap(table)
    assert gap.iloc[-1] > gap.iloc[0] + 0.5
    assert gap.iloc[-1] > gap.iloc[len(gap) // 2] > gap.iloc[0]


def test_the_training_loss_falls_on_while_the_validation_loss_turns(lesson, table):
    losses = lesson.curves(table)
    assert losses["train"].iloc[-1] < 0.1 * losses["train"].iloc[0]
    assert losses["val"].iloc[-1] > 1.5 * losses["val"].min()


def test_the_loss_doubles_while_the_accuracy_falls_by_three_points_at_most(lesson, table):
    loss, right = lesson.curves(table)["val"], lesson.curves(table, "accuracy")["val"]
    assert loss.iloc[-1] > 2 * loss.min()
    assert abs(right.iloc[-1] - right[loss.idxmin()]) < 0.03


def test_as_wrong_answers_grow_sure(lesson, table):
    sure = ends(lesson, table)["sure_when_wrong"]
    assert sure["to the end"] > sure["early stopping"] + 0.1
    assert abs(np.diff(ends(lesson, table)["test_accuracy"])[0]) < 0.03


def test_early_stopping_gains_on_test_days_but_hardly_beats_the_baseline(lesson, table):
    both = ends(lesson, table)
    assert both["test_loss"]["early stopping"] < 0.6 * both["test_loss"]["to the end"]
    rain = kt.load_dataset("rain")
    as_today = (rain.x[-400:, -1] == rain.y[-400:]).mean()
    assert table["as_today"].iloc[0] == pytest.approx(as_today)
    assert abs(both["test_accuracy"]["early stopping"] - as_today) < 0.02
    assert both["test_accuracy"]["to the end"] < as_today


def test_training_validation_and_test_days_lie_apart_and_the_first_alone_give_the_scale(lesson):
    training, validation, test = lesson.three_parts()
    assert [len(y) for _, y in (training, validation, test)] == [300, 400, 400]
    np.testing.assert_allclose(training[0].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(training[0].std(axis=0), 1, atol=1e-5)  # in float32
    raw = kt.load_dataset("rain")
    for part, rows in ((validation, slice(-800, -400)), (test, slice(-400, None))):
        mean, spread = raw.x[:300].mean(axis=0), raw.x[:300].std(axis=0)
        np.testing.assert_allclose(part[0], (raw.x[rows] - mean) / spread, rtol=1e-6)
        np.testing.assert_array_equal(part[1], raw.y[rows])


def test_the_kept_epoch_is_the_best_on_validation_and_the_training_ends_a_patience_later(
    lesson, table
):
    early = table[(table["way"] == "early stopping") & (table["split"] == "val")]
    kept = early.loc[early["kept"], "epoch"].iloc[0]
    assert early.loc[early["loss"].idxmin(), "epoch"] == kept
    assert early["epoch"].max() == kept + lesson.PATIENCE


def test_both_ways_begin_alike(table):
    first = table[table["epoch"] == 1].groupby("split")["loss"]
    assert (first.max() == first.min()).all()


def test_the_report_names_the_measured_numbers_and_the_baseline(lesson, table):
    early = ends(lesson, table).loc["early stopping"]
    said = lesson.report(table).splitlines()[-1]
    assert f"a loss of {early['test_loss']:.2f} and are right on {early['test_accuracy']:.1%}" in (
        said
    )
    assert said.endswith(f"'as today' is right on {table['as_today'].iloc[0]:.1%}.")


def test_the_picture_has_both_losses_and_both_accuracies(lesson, table, axes):
    for ax, column in zip(axes, ("loss", "accuracy"), strict=True):
        for line, split in zip(ax.get_lines(), ("train", "val"), strict=False):
            np.testing.assert_array_equal(line.get_ydata(), lesson.curves(table, column)[split])


def test_with_more_rows_the_gap_stays_smaller(lesson, table, tried):
    assert lesson.gap(tried).iloc[-1] < 0.8 * lesson.gap(table).iloc[-1]
