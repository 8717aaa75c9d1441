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


def test_the_picture_has_three_temperatures_and_two_slopes(axes):
    assert len(axes[0].patches) == 9
    assert len(axes[1].get_lines()) == 4


def test_without_a_wrong_opinion_both_learn_alike(lesson, tried):
    last = accuracies(tried, lesson.EPOCHS)
    assert last.min() > 0.95
    assert abs(last["mse"] - last["cross-entropy"]) < 0.02
