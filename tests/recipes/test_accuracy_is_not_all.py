import numpy as np
import pytest
from sklearn import metrics

pytestmark = pytest.mark.tensorflow


def liver(table):
    return table[table["data"] == "liver"].set_index("way")


def tumours(table):
    return table[table["data"] == "breast_cancer"].set_index("threshold")


def test_the_measures_are_those_of_scikit_learn(lesson):
    dice = np.random.default_rng(0)
    sick, probability = dice.random(200) < 0.3, dice.random(200).round(1)
    measured = lesson.measure(sick, probability, 0.5)
    alarm = probability >= 0.5
    counts = metrics.confusion_matrix(sick, alarm)
    assert counts.tolist() == [
        [measured["in_peace"], measured["false_alarms"]],
        [measured["missed"], measured["found"]],
    ]
    for name in ("accuracy", "precision", "recall"):
        assert measured[name] == pytest.approx(getattr(metrics, f"{name}_score")(sick, alarm))
    assert measured["auc"] == pytest.approx(metrics.roc_auc_score(sick, probability))


def test_saying_no_to_everyone_is_nearly_always_right_and_finds_nobody(table):
    no = liver(table).loc["say 'no' to everyone"]
    assert no["accuracy"] > 0.92
    assert (no["found"], no["recall"], no["auc"]) == (0, 0, 0.5)


def test_class_weights_find_far_more_at_a_lower_accuracy(table):
    plain, weighted = (liver(table).loc[way] for way in liver(table).index[1:])
    assert weighted["found"] > 3 * plain["found"]
    assert weighted["accuracy"] < plain["accuracy"] <= liver(table)["accuracy"].iloc[0]


def test_a_network_no_more_accurate_than_no_knows_a_good_deal(table):
    assert liver(table)["auc"].iloc[1] > 0.8


def test_a_lower_threshold_finds_more_and_alarms_more(table):
    rows = tumours(table)
    assert rows["found"].is_monotonic_decreasing
    assert rows["false_alarms"].is_monotonic_decreasing
    assert rows.loc[0.1, "missed"] < rows.loc[0.5, "missed"]
    assert rows.loc[0.1, "precision"] < rows.loc[0.5, "precision"]
    assert rows["auc"].nunique() == 1


def test_the_picture_shows_accuracy_beside_recall(table, axes):
    heights = [bar.get_height() for bar in axes[0].patches]
    assert heights == [*liver(table)["accuracy"], *liver(table)["recall"]]


def test_the_report_ends_with_what_each_way_finds(lesson, table):
    before, last = lesson.report(table).splitlines()
    no, plain, weighted = (row for _, row in liver(table).iterrows())
    assert f"right in {no['accuracy']:.0%} of cases and finds 0 of {no['missed']};" in last
    assert f"right in {plain['accuracy']:.0%} and finds {plain['found']};" in last
    assert last.endswith(f"right in {weighted['accuracy']:.0%} and finds {weighted['found']}.")
    middle, low = tumours(table).loc[0.5], tumours(table).loc[0.1]
    assert f"of 0.5 {middle['missed']:.0f} of 212 malignant ones are missed" in before
    assert f"with {middle['false_alarms']:.0f} false alarms; at 0.1 {low['missed']:.0f}" in before
    assert f"The AUC is {middle['auc']:.3f}" in before


def test_the_lower_picture_shows_precision_and_recall_over_the_threshold(table, axes):
    for line, measured in zip(axes[1].get_lines(), ("precision", "recall"), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), tumours(table).index)
        np.testing.assert_array_equal(line.get_ydata(), tumours(table)[measured])


def test_a_sign_twice_as_common_is_still_missed_without_weights(table, tried):
    no, plain, weighted = (liver(tried).loc[way] for way in liver(tried).index)
    assert no["accuracy"] < liver(table)["accuracy"].iloc[0] - 0.05
    assert no["missed"] > 2 * liver(table)["missed"].iloc[0]
    assert plain["recall"] < 0.5 < weighted["recall"]
