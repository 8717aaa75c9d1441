"""The best constant answer of every loss, against the constants around it and closed forms."""

import dataclasses

import keras
import numpy as np
import pytest

from kerastrain.labels.inspection import inspect_labels
from kerastrain.losses.baseline import CONSTANTS, best_constant, cost_range
from kerastrain.losses.choosing import choice_for
from kerastrain.losses.table import LOSSES

pytestmark = pytest.mark.tensorflow
RANDOM = np.random.default_rng(0)
CLASSES = RANDOM.choice(["a", "b", "c", "d"], size=400, p=[0.55, 0.25, 0.15, 0.05])
TWO = RANDOM.choice(["no", "yes"], size=400, p=[0.7, 0.3])
SEVERAL = RANDOM.random((400, 3)) < [0.7, 0.2, 0.4]
NUMBERS = RANDOM.gamma(2.0, 3.0, size=400) + 0.1
LABELS = {
    "ids": CLASSES,
    "one-hot": CLASSES,
    "flags": TWO,
    "signs": TWO,
    "amounts": NUMBERS,
}


def baseline(*labels, **weights):
    return cost_range(*labels, **weights)[1]


def choice_and_labels(loss, y=None):
    y = LABELS[LOSSES[loss].form] if y is None else y
    if loss == "kl_divergence" and y is CLASSES:
        y = RANDOM.dirichlet([3, 2, 1], size=400)
    choice = choice_for(inspect_labels(y), loss)
    return choice, choice.encode(y)


def test_every_loss_of_the_table_has_a_constant():
    assert {row.constant for row in LOSSES.values()} == set(CONSTANTS)


def near(choice, constant):
    """Give constants around this one, of the kind that the last layer can answer."""
    for size in (0.01, 0.1):
        for _ in range(20):
            moved = constant + RANDOM.normal(size=constant.shape) * size * (1 + abs(constant))
            if choice.activation in ("sigmoid", "softmax"):
                moved = np.clip(moved, 1e-6, 1)
        if choice.activation in ("softplus", "exponential"):
            moved = np.maximum(moved, 1e-6)
            yield moved / moved.sum() if choice.activation == "softmax" else moved


@pytest.mark.parametrize("loss", LOSSES)
def test_no_other_constant_costs_less(loss):
    choice, y = choice_and_labels(loss)
    constant = best_constant(choice, y)
    cost = baseline(choice, y)
    function = choice.build_loss()
    shape = (len(y), choice.units)
    assert cost == pytest.approx(float(function(y, np.tile(constant, (len(y), 1)))), rel=1e-5)
    for other in near(choice, constant):
        answers = np.broadcast_to(other.astype("float32"), shape)
        assert cost <= float(function(y, answers)) + 1e-5 * abs(cost)


def test_it_is_the_entropy_and_the_variance_and_the_poisson_mean():
    shares = np.array([0.5, 0.25, 0.25])
    y = np.repeat(["a", "b", "c"], [20, 10, 10])
    choice = choice_for(inspect_labels(y), "sparse_categorical_crossentropy")
    assert baseline(choice, choice.encode(y)) == pytest.approx(-np.sum(shares * np.log(shares)))
    choice, encoded = choice_and_labels("mean_squared_error")
    assert baseline(choice, encoded) == pytest.approx(np.var(NUMBERS), rel=1e-5)
    choice, encoded = choice_and_labels("mean_absolute_error")
    expected = np.mean(np.abs(NUMBERS - np.median(NUMBERS)))
    assert baseline(choice, encoded) == pytest.approx(expected, rel=1e-5)


def test_the_answer_comes_from_the_training_labels_and_is_judged_on_the_others():
    choice, y = choice_and_labels("mean_squared_error")
    other = y + 10
    expected = np.mean((other - y.mean()) ** 2)
    assert baseline(choice, y, other) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", ["binary_crossentropy", "sparse_categorical_crossentropy"])
def test_logits_and_label_smoothing_are_heard(loss):
    choice, y = choice_and_labels(loss)
    logits = dataclasses.replace(choice, options={"from_logits": True})
    assert baseline(logits, y) == pytest.approx(baseline(choice, y), rel=1e-4)
    if loss == "binary_crossentropy":
        smooth = dataclasses.replace(choice, options={"label_smoothing": 0.2})
        p = float(best_constant(smooth, y)[0])
        assert p == pytest.approx(0.8 * y.mean() + 0.1)


def test_several_flags_have_a_constant_each():
    choice = choice_for(inspect_labels(SEVERAL), "binary_crossentropy")
    y = choice.encode(SEVERAL)
    np.testing.assert_allclose(best_constant(choice, y), SEVERAL.mean(axis=0))


def test_pixels_that_are_to_be_left_out_do_not_count():
    pixels = RANDOM.choice([0, 1, 2, 255], size=(20, 4, 4), p=[0.5, 0.3, 0.1, 0.1])
    choice = choice_for(inspect_labels(pixels), "sparse_categorical_crossentropy")
    assert choice.options == {"ignore_class": 255}
    y = choice.encode(pixels)
    counted = pixels[pixels != 255]
    shares = np.bincount(counted) / len(counted)
    ours = best_constant(choice, y)
    np.testing.assert_allclose(ours[:3], shares, atol=1e-6)


def test_several_outputs_add_up_with_their_weights():
    choice, y = choice_and_labels("mean_squared_error")
    other, ids = choice_and_labels("sparse_categorical_crossentropy")
    parts = {"a": y, "b": ids}
    total = baseline({"a": choice, "b": other}, parts, loss_weights={"a": 1.0, "b": 0.5})
    assert total == pytest.approx(baseline(choice, y) + 0.5 * baseline(other, ids))


def test_a_loss_of_the_users_own_has_none():
    choice, y = choice_and_labels("mean_squared_error")
    assert cost_range(dataclasses.replace(choice, loss="my_loss"), y) is None
    assert cost_range(None, y) is None


def test_a_model_that_gets_only_noise_ends_at_the_baseline():
    choice, y = choice_and_labels("sparse_categorical_crossentropy")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(4, "softmax")])
    model.compile(keras.optimizers.Adam(0.05), choice.build_loss())
    model.fit(np.zeros((len(y), 1)), y, epochs=40, batch_size=400, verbose=0)
    assert model.evaluate(np.zeros((len(y), 1)), y, verbose=0) == pytest.approx(
        baseline(choice, y), rel=0.01
    )
