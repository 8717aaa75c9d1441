import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerastrain import DataError, OptimizerError, adam, sgd, trace_descent

pytestmark = pytest.mark.tensorflow


def hill(x, y):
    return ops.sin(3 * x) + x**2 * y**2


def eager_walk(function, start, optimizer, steps):
    """The same walk as Keras takes it: one eager call a step, one number a variable."""
    point = keras.Variable(start)
    rows = []
    for _ in range(steps + 1):
        with tf.GradientTape() as tape:
            value = function(*[point[i] for i in range(len(start))])
        gradient = tape.gradient(value, point.value)
        norm = np.linalg.norm(gradient.numpy())
        rows.append([*point.numpy(), float(value), norm])
        optimizer.apply([gradient], [point])
    return np.array(rows)


@pytest.mark.parametrize(
    "make",
    [
        lambda: sgd(0.05, momentum=0.0),
        lambda: sgd(0.02, momentum=0.9, nesterov=True),
        lambda: sgd(0.05, schedule="cosine", decay_steps=20),
        lambda: adam(0.1, clipnorm=0.5),
        lambda: keras.optimizers.RMSprop(0.05),
        lambda: keras.optimizers.AdamW(0.1, weight_decay=0.1),
    ],
)
def test_it_walks_as_the_keras_optimizer_does_step_by_step(make):
    table = trace_descent(hill, (1.0, 2.0), make(), steps=20)
    expected = eager_walk(hill, [1.0, 2.0], make(), 20)
    walked = table[["x", "y", "value", "gradient_norm"]].to_numpy()
    np.testing.assert_allclose(walked, expected, rtol=2e-5, atol=1e-6)


def test_plain_gradient_descent_on_a_parabola_has_a_closed_form():
    table = trace_descent(lambda x: 2 * x**2, 1.0, sgd(0.1, momentum=0.0), steps=10)
    assert list(table.columns) == ["step", "x", "value", "gradient_norm"]
    np.testing.assert_allclose(table["x"], 0.6 ** np.arange(11), rtol=1e-5)  # 1 - 0.1 * 4 = 0.6
    np.testing.assert_allclose(table["gradient_norm"], 4 * table["x"], rtol=1e-6)


def test_the_optimizer_stays_as_it_was():
    optimizer = adam(0.1)
    before = optimizer.get_config()
    first = trace_descent(hill, (1.0, 2.0), optimizer, steps=5)
    assert optimizer.get_config() == before
    assert int(optimizer.iterations) == 0
    assert not optimizer.built
    assert first.equals(trace_descent(hill, (1.0, 2.0), optimizer, steps=5))


def test_a_walk_that_diverges_says_so_in_its_numbers():
    table = trace_descent(lambda x: x**4, 10.0, sgd(1.0, momentum=0.0), steps=10)
    assert len(table) == 11
    assert np.isfinite(table["x"].iloc[0])
    assert not np.isfinite(table["value"].iloc[-1])


def test_where_nothing_slopes_nothing_moves():
    table = trace_descent(lambda x: 3.0, 1.5, sgd(0.1), steps=3)
    assert table["x"].tolist() == [1.5] * 4
    assert table["gradient_norm"].tolist() == [0.0] * 4


def test_no_step_is_the_start():
    assert trace_descent(lambda x: x**2, 3.0, sgd(), steps=0)["value"].tolist() == [9.0]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"start": (1.0, 2.0, 3.0)}, DataError, "one finite number or a pair"),
        ({"start": float("nan")}, DataError, "one finite number or a pair, but got nan"),
        ({"start": None}, DataError, "got None"),
        ({"steps": -1}, DataError, "0 or more, but got -1"),
        ({"optimizer": "adam"}, OptimizerError, "got 'adam'"),
        (
            {"function": lambda x: ops.stack([x, x])},
            DataError,
            r"one number, but got the shape \(2,\)",
        ),
    ],
)
def test_what_cannot_be_walked_is_said(arguments, error, words):
    settings = {"function": lambda x: x**2, "start": 1.0, "optimizer": sgd(), "steps": 3}
    with pytest.raises(error, match=words):
        trace_descent(**(settings | arguments))
