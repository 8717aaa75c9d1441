import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def losses(lesson, table):
    return lesson.curves(table)


def test_the_healthy_curve_falls_far_below_the_one_who_knows_nothing(losses):
    healthy = losses["healthy"]
    assert healthy.iloc[-1].max() < 0.1 * np.log(10)
    assert abs(healthy["train"].iloc[-1] - healthy["val"].iloc[-1]) < 0.1


def test_with_a_rate_too_low_the_loss_stays_on_that_line(losses):
    low = losses["rate too low"]
    assert (low - np.log(10)).abs().to_numpy().max() < 0.1
    assert (low["train"].diff().dropna() < 0).all()


def test_with_a_rate_too_high_the_loss_jumps_and_stays_high(losses):
    high = losses["rate too high"]
    assert (high["val"].diff() > 0).sum() >= 3
    assert high.iloc[-1].min() > 10 * losses["healthy"].iloc[-1].max()


def test_overfitting_the_validation_loss_turns_and_climbs_above_that_line(losses):
    over = losses["overfitting"]
    assert over["train"].iloc[-1] < 0.3 * over["train"].iloc[0]
    assert over["val"].iloc[-1] > np.log(2) > 1.1 * over["val"].min()


def test_underfitting_both_losses_stay_high_and_together(losses):
    under = losses["underfitting"]
    assert (under["train"] - under["val"]).abs().max() < 0.15
    assert 0.5 * np.log(10) < under.iloc[-1].min() < np.log(10)
    assert under["train"].diff().iloc[-1] > -0.05


def test_sorted_rows_put_the_validation_loss_far_above_the_training_loss(losses):
    rows = losses["sorted rows"]
    assert (rows["val"] > 1.3 * rows["train"]).all()
    assert rows["val"].max() > np.log(10) > rows["train"].max()


def test_dropout_puts_the_validation_loss_below_the_training_loss(losses):
    dropout = losses["validation below training"]
    assert (dropout["val"] < 0.8 * dropout["train"]).all()


def test_shuffled_labels_are_learned_by_heart_at_most(losses):
    shuffled = losses["shuffled labels"]
    assert shuffled["train"].iloc[-1] < np.log(10) < shuffled["val"].min()
    assert shuffled["val"].iloc[-1] > shuffled["val"].iloc[0]


NAMES = {
    "healthy": "",
    "rate too low": "rate-too-low",
    "rate too high": "rate-too-high",
    "overfitting": "overfits",
    "underfitting": "underfits",
    "sorted rows": "sorted-rows",
    "validation below training": "validation-below-training",
    "shuffled labels": "knows-nothing",
}


@pytest.mark.parametrize("case", NAMES)
def test_the_findings_of_the_run_name_what_is_wrong(table, case):
    named = table.loc[table["case"] == case, "findings"].iloc[0].split(", ")
    assert NAMES[case] in named


def test_the_healthy_run_has_no_finding(lesson, table):
    assert set(table.loc[table["case"] == "healthy", "findings"]) == {""}
    assert "in 7 of 7 cases" in lesson.report(table)


def test_the_report_names_the_measured_losses(lesson, table, losses):
    said = lesson.report(table)
    assert f"ends at {losses['healthy']['val'].iloc[-1]:.2f}" in said
    assert f"still at {losses['rate too low']['val'].iloc[-1]:.2f}" in said


def test_the_picture_has_the_line_of_the_one_who_knows_nothing_in_each(lesson, axes):
    assert len(axes) == 8
    lines = [ax.get_lines()[0].get_ydata()[0] for ax in axes]
    assert sorted(set(np.round(lines, 4))) == [0.6931, 2.3026]


def test_a_higher_rate_falls_in_every_epoch(lesson, tried):
    low = lesson.curves(tried)["rate too low"]["train"]
    assert (low.diff().dropna() < 0).all()
    assert low.iloc[-1] < 0.7 * np.log(10)
