import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def part(table, name):
    return table[table["part"] == name].reset_index(drop=True)


def test_the_loss_falls_in_every_epoch_and_the_accuracy_rises(table):
    epochs = part(table, "training")
    assert (epochs["loss"].diff().dropna() < 0).all()
    assert epochs["loss"].iloc[-1] < epochs["loss"].iloc[0] / 10
    assert epochs["accuracy"].iloc[-1] > epochs["accuracy"].iloc[0] + 0.3


def test_a_nudge_changes_the_loss_as_its_slope_says_and_the_accuracy_not_at_all(lesson, table):
    nudges = part(table, "nudge")
    change = np.ptp(nudges["loss"])
    assert change == pytest.approx(2 * lesson.NUDGE * abs(table.attrs["slope"]), rel=0.02)
    assert change > 100 * 2e-9  # float32 is right to 2e-9 here
    assert nudges["accuracy"].nunique() == 1


def test_the_rows_show_the_change_and_not_the_same_number_again(lesson, table):
    rows = lesson.rows(table)
    printed = {f"{value:.3g}" for value in rows["change_of_loss"]}
    assert len(printed) == len(rows) == 7
    np.testing.assert_allclose(rows["change_of_loss"], rows["slope_times_move"], atol=2e-8)


def test_the_report_ends_with_the_measured_numbers(lesson, table):
    last = lesson.report(table).splitlines()[-1]
    assert f"changes by {np.ptp(part(table, 'nudge')['loss']):.1e}" in last
    assert last.endswith("and the accuracy by 0: only the loss shows the way.")


def assert_smooth_loss_and_accuracy_in_steps(moves):
    steps = np.diff(moves["loss"])
    assert np.abs(np.diff(steps)).max() < 0.1 * np.ptp(moves["loss"])
    jumps = np.diff(moves["accuracy"])
    assert np.count_nonzero(jumps) > 1
    assert np.mean(jumps == 0) > 0.5


def test_the_picture_shows_a_smooth_loss_above_an_accuracy_in_steps(table, axes):
    far = part(table, "far")
    assert_smooth_loss_and_accuracy_in_steps(far)
    for ax, name in zip(axes, ("loss", "accuracy"), strict=True):
        np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), far[name])
    assert axes[1].get_lines()[0].get_drawstyle() == "steps-mid"


def test_farther_out_the_accuracy_moves_in_jumps(tried):
    assert_smooth_loss_and_accuracy_in_steps(part(tried, "nudge"))
