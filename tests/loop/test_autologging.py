"""Where another package has replaced `keras.Model.fit`, it must see the training."""

import functools

import keras
import numpy as np
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow
X = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
Y = X[:, :1] * 2


def model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.fixture
def recorded(monkeypatch):
    """Replace fit as autologging does: by a function that wraps Keras' own and keeps a record."""
    own, record = keras.Model.fit, []

    @functools.wraps(own)
    def fit(self, *args, **kwargs):
        history = own(self, *args, **kwargs)
        record.append(history.history["loss"])
        return history

    monkeypatch.setattr(keras.Model, "fit", fit)
    return record


def test_the_training_goes_through_it_with_one_warning(recorded):
    with pytest.warns(kt.KerastrainWarning, match="has replaced keras.Model.fit") as told:
        history = kt.fit(model(), X, Y, epochs=3, seed=0)
    assert len([w for w in told if issubclass(w.category, kt.KerastrainWarning)]) == 1
    assert recorded == [history["loss"].tolist()]
    assert "has replaced keras.Model.fit" in history.attrs["loop"]


def test_train_goes_through_it_too_and_says_nothing_where_it_is_asked_for(recorded):
    run = kt.train(model(), X, Y, epochs=2, seed=0, verbose=0, loop="model.fit")
    assert recorded == [run.history["loss"].tolist()]


def test_with_keras_own_fit_the_fast_loop_trains():
    history = kt.fit(model(), X, Y, epochs=2, seed=0)
    assert history.attrs["loop"].startswith(("graph", "xla"))
