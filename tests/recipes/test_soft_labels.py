import keras
import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def test_a_soft_label_is_the_one_that_keras_makes(lesson):
    soft = np.array([lesson.soften(3, 0.1)])
    assert soft.sum() == pytest.approx(1)
    p = np.full((1, 10), 0.02)
    p[0, 3] = 0.82
    hard = np.eye(10)[[3]]
    by_keras = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)(hard, p)
    assert float(by_keras) == pytest.approx(float(-(soft * np.log(p)).sum()), rel=1e-5)


def test_the_smoothed_loss_is_lowest_at_the_confidence_that_is_asked_for(lesson):
    confidence = np.linspace(0.5, 0.999, 500)
    rest = (1 - confidence) / (lesson.CLASSES - 1)
    soft = lesson.soften(0, 0.1)
    losses = -soft[0] * np.log(confidence) - sum(soft[1:]) * np.log(rest)
    assert confidence[losses.argmin()] == pytest.approx(lesson.best_confidence(0.1), abs=2e-3)


def assert_as_many_right_with_more_doubt(lesson, table):
    hard, soft = (lesson.scores(table).loc[way] for way in ("hard labels", "soft labels"))
    assert abs(hard["accuracy"] - soft["accuracy"]) < 0.015
    assert hard["confidence"] == pytest.approx(hard["accuracy"], abs=0.02)
    assert soft["confidence"] < soft["accuracy"] - 0.1
    assert soft["where_wrong"] < hard["where_wrong"] - 0.1


def test_as_many_answers_are_right_and_the_network_doubts_more(lesson, table):
    assert_as_many_right_with_more_doubt(lesson, table)


def test_on_training_rows_the_confidence_comes_near_to_what_the_loss_asks_for(lesson, table):
    measured = lesson.scores(table).loc["soft labels", "on_training_rows"]
    assert measured == pytest.approx(lesson.best_confidence(lesson.SMOOTHING), abs=0.05)


def test_the_report_ends_with_accuracy_and_confidence(lesson, table):
    *_, before, last = lesson.report(table).splitlines()
    hard, soft = (lesson.scores(table).loc[way] for way in ("hard labels", "soft labels"))
    assert f"from {hard['where_wrong']:.2f} to {soft['where_wrong']:.2f}." in before
    assert f"hard labels {hard['accuracy']:.1%} of the answers" in last
    assert f"a mean confidence of {hard['confidence']:.1%};" in last
    assert f"soft labels {soft['accuracy']:.1%}, at {soft['confidence']:.1%}:" in last


def test_the_picture_counts_the_confidences_and_marks_the_share_that_is_right(lesson, table, axes):
    for ax, way in zip(axes, ("hard labels", "soft labels"), strict=True):
        rows = table[(table["split"] == "val") & (table["way"] == way)]
        counts, _ = np.histogram(rows["confidence"], np.linspace(0, 1, 26))
        assert [bar.get_height() for bar in ax.patches] == list(counts)
        assert sum(counts) == lesson.VALIDATION_ROWS
        assert ax.get_lines()[0].get_xdata()[0] == rows["right"].mean()


def test_more_smoothing_leaves_less_confidence(lesson, table, tried):
    assert_as_many_right_with_more_doubt(lesson, tried)
    before, after = (lesson.scores(one).loc["soft labels", "confidence"] for one in (table, tried))
    assert after < before - 0.1
