import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def gap(table):
    last = table[table["part"] == "choosing"].iloc[-1]
    return last["validation"] - last["test"]


def test_with_one_candidate_both_scores_agree(table):
    first = table.iloc[0]
    assert first["validation"] == pytest.approx(first["test"], abs=0.01)


def test_the_best_of_many_looks_better_on_the_rows_that_chose_it(table):
    rows = table[table["part"] == "choosing"]
    assert rows["validation"].is_monotonic_increasing
    assert gap(table) > 0.05


def test_trying_more_networks_hardly_helps_on_test_rows(table):
    assert np.ptp(table.loc[table["part"] == "choosing", "test"]) < 0.01


def test_the_baseline_beats_the_network_that_looked_better_than_it(table):
    last = table[table["part"] == "choosing"].iloc[-1]
    assert last["test"] < last["as_today"] < last["validation"]


def test_choosing_among_coins_promises_what_luck_gives(lesson):
    right = np.random.default_rng(0).random((1000, lesson.CANDIDATES)) < 0.5
    chosen = lesson.choose(right).iloc[-1]
    assert chosen["validation"] > 0.6
    assert chosen["test"] == pytest.approx(0.5, abs=0.01)


def test_copies_on_both_sides_of_the_split_promise_too_much(table):
    leaky, honest = table.loc[table["part"] == "leak", "recall"]
    assert leaky > 0.9
    assert honest < 0.5


def test_the_report_ends_with_the_scores_of_the_chosen_network(lesson, table):
    before, last = lesson.report(table).splitlines()
    chosen = table[table["part"] == "choosing"].iloc[-1]
    assert f"right on {chosen['validation']:.1%} of the 60 validation days" in last
    assert f"on {chosen['test']:.1%} of the test days" in last
    assert last.endswith(f"saying 'as today' is right on {chosen['as_today']:.1%}.")
    leaky, honest = table.loc[table["part"] == "leak", "recall"]
    assert f"split: {leaky:.0%} of those with edema seem to be found" in before
    assert before.endswith(f"it is {honest:.0%}.")


def test_the_picture_has_both_scores_the_baseline_and_the_leak(table, axes):
    rows = table[table["part"] == "choosing"]
    validation, test, baseline = (line.get_ydata() for line in axes[0].get_lines())
    np.testing.assert_array_equal(validation, rows["validation"])
    np.testing.assert_array_equal(test, rows["test"])
    assert baseline[0] == rows["as_today"].iloc[0]
    leaks = table.loc[table["part"] == "leak", "recall"]
    assert [bar.get_width() for bar in axes[1].patches] == list(leaks)


def test_ten_times_the_validation_rows_leave_less_than_a_third_of_the_gap(table, tried):
    assert gap(tried) < gap(table) / 3
