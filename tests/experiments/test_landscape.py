import dataclasses

import keras
import numpy as np
import pytest
from keras import layers

import kerastrain as kt

pytestmark = pytest.mark.tensorflow

DATA = kt.load_dataset("breast_cancer")
X = (DATA.x - DATA.x.mean(axis=0)) / DATA.x.std(axis=0)
X = X[:, :4]


def train(*hidden, epochs=3, **settings):
    """Train a network with these hidden layers; give the run and the weights of each epoch."""
    path = []

    def build_model(choice):
        last = layers.Dense(choice.units, choice.activation)
        return keras.Sequential([keras.Input((4,)), *hidden, last])

    model = build_model(kt.choose_loss(DATA.y))
    collect = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: path.append(model.get_weights())
    )
    keras.utils.set_random_seed(1)
    run = kt.train(
        model,
        X,
        DATA.y,
        epochs=epochs,
        seed=1,
        verbose=0,
        callbacks=[collect],
        silence=["learning-rate-high"],
        **settings,
    )
    return run, path


@pytest.fixture(scope="module")
def logistic():
    return train(optimizer=kt.adam(0.1))


@pytest.fixture(scope="module")
def deep():
    hidden = (
        layers.Dense(4, "tanh", kernel_regularizer=keras.regularizers.L2(0.01)),
        layers.BatchNormalization(),
        layers.Dropout(0.2),
        layers.Dense(4, "tanh"),
    )
    return train(*hidden, optimizer=kt.adam(0.1), epochs=4)


def bends(table):
    """All second differences along rows, columns and diagonals of the square grid."""
    side = int(len(table) ** 0.5)
    grid = table["loss"].to_numpy().reshape(side, side)
    lines = [*grid, *grid.T]
    for turned in (grid, grid[::-1]):
        lines += [np.diagonal(turned, offset) for offset in range(3 - side, side - 2)]
    return np.concatenate([np.diff(line, 2) for line in lines])


def test_the_model_stays_as_it_was_to_the_bit(deep):
    run, path = deep
    before = [weight.tobytes() for weight in run.model.get_weights()]
    kt.loss_landscape(run, X, DATA.y, points=3)
    kt.loss_landscape(run, X, DATA.y, points=3, path=path)
    assert [weight.tobytes() for weight in run.model.get_weights()] == before


def test_the_middle_is_the_loss_of_the_trained_network(deep):
    run, _ = deep
    table = kt.loss_landscape(run, X, DATA.y, points=5)
    middle = table[(table["a"] == 0) & (table["b"] == 0)]["loss"].item()
    assert middle == pytest.approx(run.evaluate(X, DATA.y)["loss"], rel=1e-5)


def test_batches_of_rows_give_the_same_landscape(deep):
    run, _ = deep
    whole = kt.loss_landscape(run, X, DATA.y, points=3)
    parts = kt.loss_landscape(run, X, DATA.y, points=3, batch_size=100)
    np.testing.assert_allclose(whole["loss"], parts["loss"], rtol=1e-5)


def test_a_corner_is_the_loss_of_the_moved_weights(deep):
    # Along a path the directions have length 1 and are orthogonal, so the last but one point of
    # the path can be reached by hand.
    run, path = deep
    table = kt.loss_landscape(run, X, DATA.y, points=3, path=path)
    assert len(table.attrs["path"]) == len(path)
    np.testing.assert_allclose(table.attrs["path"][-1], (0, 0), atol=1e-6)
    assert 0.5 < table.attrs["explained"] <= 1
    for axis, name in enumerate("ab"):
        places = [point[axis] for point in table.attrs["path"]]
        assert table[name].min() < min(places) < max(places) < table[name].max()


def test_a_plane_holds_a_path_of_two_moves_whole(logistic):
    run, _ = logistic
    weights = run.model.get_weights()
    away = [w + 1 for w in weights], [w + (w.ndim == 2) for w in weights], weights
    table = kt.loss_landscape(run, X, DATA.y, points=3, path=away)
    assert table.attrs["explained"] == pytest.approx(1)
    # five weights moved by 1, then four: the distances are the roots
    lengths = np.linalg.norm(table.attrs["path"], axis=1)
    np.testing.assert_allclose(lengths, [5**0.5, 2, 0], atol=1e-5)


def test_random_directions_are_as_long_as_the_units_they_move(logistic):
    run, _ = logistic
    table = kt.loss_landscape(run, X, DATA.y, points=3, span=1e-3, seed=3)
    kernel = run.model.get_weights()[0]
    direction = np.random.default_rng(3).standard_normal(kernel.shape)
    direction *= np.linalg.norm(kernel) / np.linalg.norm(direction)
    moved = keras.models.clone_model(run.model)
    moved.set_weights([kernel + 1e-3 * direction, run.model.get_weights()[1]])
    moved.compile(loss=run.loss.build_loss())
    expected = moved.evaluate(X, run.loss.encode(DATA.y), verbose=0, return_dict=True)["loss"]
    seen = table[(table["a"] == 1e-3) & (table["b"] == 0)]["loss"].item()
    assert seen == pytest.approx(expected, rel=1e-5)


def test_logistic_regression_is_convex_along_every_line(logistic):
    table = kt.loss_landscape(logistic[0], X, DATA.y, points=21)
    assert bends(table).min() > -4 * np.finfo(np.float32).eps * table["loss"].max()


def test_a_deep_network_is_not_convex(deep):
    assert bends(kt.loss_landscape(deep[0], X, DATA.y, points=21)).min() < -0.01


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"points": 2}, "points=3 or more and span above 0, but got 2"),
        ({"span": 0.0}, "got 21 and 0.0"),
        ({"path": [[np.zeros(3)]] * 3}, r"weights of the shapes .* got \[\(3,\)\]"),
        ({"path": []}, "3 epochs or more, but got 0"),
    ],
)
def test_what_makes_no_plane_is_said(logistic, settings, words):
    with pytest.raises(kt.DataError, match=words):
        kt.loss_landscape(logistic[0], X, DATA.y, **settings)


def test_several_outputs_are_said(logistic):
    run = dataclasses.replace(logistic[0], loss={"one": logistic[0].loss})
    with pytest.raises(kt.DataError, match="one output"):
        kt.loss_landscape(run, X, DATA.y)
