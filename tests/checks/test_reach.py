"""How far the steps of an optimizer take a weight: Keras' own steps are the oracle."""

import keras
import numpy as np
import pytest

from kerastrain.checks.reach import loss_reach, share_of_way, weight_moves

pytestmark = pytest.mark.tensorflow
SLOPES = np.array([0.01, 0.3, 4.0], "float32")


@pytest.mark.parametrize(
    ("optimizer", "tolerance"),
    [
        (keras.optimizers.SGD(0.01), 1e-3),
        (keras.optimizers.SGD(0.01, momentum=0.5), 0.05),
        (keras.optimizers.Adam(0.01), 0.02),
        (keras.optimizers.AdamW(0.01, weight_decay=0.0), 0.02),
        (keras.optimizers.RMSprop(0.01), 0.2),  # its first steps are longer
        (keras.optimizers.Lion(0.01), 1e-3),
        (keras.optimizers.Adagrad(0.01), 0.15),
        (keras.optimizers.Adadelta(0.001), 0.12),  # near 7, float32 rounds steps of 1e-6
        (keras.optimizers.Adadelta(1.0), 1e-3),
        (keras.optimizers.Adamax(0.01), 0.02),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, float) else "",
)
def test_a_weight_moves_as_far_as_keras_moves_it(optimizer, tolerance):
    variable = keras.Variable(np.full(3, 7.0, "float32"))
    optimizer.build([variable])
    for _ in range(100):
        optimizer.apply([keras.ops.convert_to_tensor(SLOPES)], [variable])
    moved = 7.0 - np.asarray(variable.value)
    rates = np.full(100, float(optimizer.learning_rate))
    (expected,) = weight_moves(optimizer, rates, [SLOPES], [np.full(3, 7.0)])
    np.testing.assert_allclose(moved, expected, rtol=max(tolerance, 2e-3))


def test_a_weight_without_a_gradient_stays():
    ways = weight_moves(keras.optimizers.Adam(), [0.1] * 5, [None], [np.ones(2)])
    assert ways[0].tolist() == [0, 0]


def test_what_is_within_reach_of_two_layers():
    slopes = [np.array([[3.0], [1.0]]), np.array([2.0]), np.array([[5.0]])]
    weights = [np.ones((2, 1)), np.zeros(1), np.full((1, 1), 0.5)]
    moves = [np.full(w.shape, 0.1) for w in weights]
    assert loss_reach(slopes[:2], weights[:2], moves[:2]) == pytest.approx(0.4 + 0.2)
    # The second kernel grows by 0.1 / 0.5, in the mean over the way by half of that; the first by
    # sqrt(2) · 0.1 / 1. A kernel gains from the growth of the other, a bias of what comes after it.
    grown = (0.4 + 0.2) * 1.1 + 0.5 * (1 + 2**0.5 * 0.05)
    assert loss_reach(slopes, weights, moves) == pytest.approx(grown)
    assert loss_reach([None, *slopes[1:]], weights, moves) < grown


@pytest.mark.parametrize(
    ("optimizer", "rate", "reaches"),
    [
        (keras.optimizers.SGD(), 0.01, True),
        (keras.optimizers.SGD(), 1e-5, False),
        (keras.optimizers.Adam(), 0.1, True),
        (keras.optimizers.Adam(), 0.001, False),
        (keras.optimizers.Adadelta(), 0.001, False),
    ],
)
def test_the_share_tells_whether_a_bias_reaches_the_mean(optimizer, rate, reaches):
    y, steps = np.full((64, 1), 10.0), 400
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    slopes, weights = [np.zeros((1, 1)), np.array([-20.0])], [np.zeros((1, 1)), np.zeros(1)]
    model.compile(type(optimizer)(rate), "mse")
    model.fit(np.zeros((64, 1)), y, batch_size=64, epochs=steps, verbose=0)
    moved = float(np.asarray(model.layers[-1].bias.value)[0])
    assert (moved > 9) is reaches  # Keras is the oracle
    assert (share_of_way(optimizer, [rate] * steps, slopes, weights, fall=100.0) >= 1) is reaches
