import keras
import numpy as np
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(
    ("optimizer", "settings"),
    [
        (kt.sgd(0.2, momentum=0.8, nesterov=True), {"learning_rate": 0.2, "momentum": 0.8}),
        (kt.adam(0.1, beta_1=0.5, clipnorm=2.0), {"beta_1": 0.5, "clipnorm": 2.0}),
    ],
)
def test_the_settings_arrive_in_keras(optimizer, settings):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse")
    assert model.optimizer is optimizer
    config = model.optimizer.get_config()
    assert {name: config[name] for name in settings} == pytest.approx(settings)


def test_the_problem_is_ill_conditioned(table):
    assert table.attrs["condition"] > 100


def test_momentum_and_adam_need_fewer_epochs_than_plain_sgd(lesson, table):
    epochs = lesson.epochs_needed(table)
    assert np.isfinite(epochs["momentum"])
    assert np.isfinite(epochs["adam"])
    assert epochs["momentum"] < 0.75 * epochs["plain sgd"]
    assert epochs["adam"] < 0.75 * epochs["plain sgd"]


def test_no_optimizer_beats_linear_algebra(table):
    assert table["loss"].min() > table.attrs["least_loss"] * (1 - 1e-5)


def test_the_plane_shows_nearly_all_of_the_path_of_sgd(table):
    start = np.array(table.attrs["path"][0])
    assert len(table.attrs["path"]) == 141
    assert np.linalg.norm(start) > 0.3
    np.testing.assert_allclose(table.attrs["path"][-1], (0, 0), atol=1e-6)
