import math

import keras
import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def accuracies(table, epoch):
    return table[table["epoch"] == epoch].set_index("loss")["accuracy"]


def test_softmax_is_that_of_keras(lesson):
    logits = np.array([[2.0, -1.0, 0.5], [1000.0, 0.0, 999.0]])
    np.testing.assert_allclose(lesson.softmax(logits), keras.ops.softmax(logits), rtol=1e-5)


def test_only_differences_of_logits_count(lesson):
    logits = np.array([2.0, -1.0, 0.5])
    np.testing.assert_allclose(lesson.softmax(logits + 100), lesson.softmax(logits))


def test_a_low_temperature_makes_surer_and_a_high_one_more_doubtful(table):
    bars = table[table["part"] == "temperature"]
    sure = bars.groupby("temperature")["probability"].max()
    assert sure.is_monotonic_decreasing
    assert bars.groupby("temperature")["probability"].sum().to_numpy() == pytest.approx(1)
    assert bars.groupby("temperature")["probability"].idxmax().diff().dropna().eq(3).all()


def test_the_slopes_are_those_of_the_formulas(table):
    rows = table[table["part"] == "slope"]
    p = 1 / (1 + np.exp(-rows["logit"]))
    formulas = {"cross-entropy": p - 1, "mse": -2 * (1 - p) * p * (1 - p)}
    for name, formula in formulas.items():
        chosen = rows["loss"] == name
        np.testing.assert_allclose(rows.loc[chosen, "slope"], formula[chosen], atol=2e-6)


def test_at_a_logit_of_minus_ten_the_slopes_are_minus_1_and_minus_0_00009(table):
    steep = table[table["logit"] == -10].set_index("loss")["slope"]
    assert steep["cross-entropy"] == pytest.approx(-1, abs=1e-4)
    assert steep["mse"] == pytest.approx(-2 * math.exp(-10), rel=0.01)
    assert f"{steep['mse']:.5f}" == "-0.00009"


def test_started_from_a_mistake_only_cross_entropy_learns(lesson, table):
    first, last = accuracies(table, 1), accuracies(table, lesson.EPOCHS)
    assert last["cross-entropy"] > 0.9
    assert last["mse"] - first["mse"] < 0.01  # "benign" for all, as at the start


def test_the_report_ends_with_the_slopes_and_the_accuracies(lesson, table):
    *_, before, last = lesson.report(table).splitlines()
    bars = table[table["part"] == "temperature"].groupby("temperature")["probability"].max()
    for temperature, words in zip(
        lesson.TEMPERATURES, ("makes it", "gets", "one of 4"), strict=True
    ):
        assert f"{words} {bars[temperature]:.2f}" in before
    slopes = table[table["logit"] == -10].set_index("loss")["slope"]
    assert f"is {slopes['cross-entropy']:.1f} with cross-entropy" in last
    assert f"and {slopes['mse']:.5f} with mse" in last
    ends = accuracies(table, lesson.EPOCHS)
    assert last.endswith(f"an accuracy of {ends['cross-entropy']:.0%} and of {ends['mse']:.0%}.")


def test_the_picture_shows_the_probabilities_and_both_slopes(lesson, table, axes):
    bars = table[table["part"] == "temperature"]
    assert [bar.get_height() for bar in axes[0].patches] == list(bars["probability"])
    slopes = table[table["part"] == "slope"].groupby("loss")["slope"]
    lines = axes[1].get_lines()
    for line, name in zip(lines[::2], lesson.LOSSES, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), slopes.get_group(name))
    at = table[table["logit"] == -10].set_index("loss")["slope"]
    assert [dot.get_ydata()[0] for dot in lines[1::2]] == [at[name] for name in lesson.LOSSES]


def test_without_a_wrong_opinion_both_learn_alike(lesson, tried):
    last = accuracies(tried, lesson.EPOCHS)
    assert last.min() > 0.95
    assert abs(last["mse"] - last["cross-entropy"]) < 0.02
