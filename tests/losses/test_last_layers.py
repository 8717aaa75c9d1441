"""The last layers of a choice: the right end, in the unit of the labels."""

import keras
import numpy as np
import pytest

import kerastrain as kt
from kerastrain.models.heads import read_head

pytestmark = pytest.mark.tensorflow


def layers_of(name, **options):
    data = kt.load_dataset(name)
    return kt.choose_loss(data.y, task=data.task, **options).last_layers()


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("iris", ["Dense(3, softmax)"]),
        ("breast_cancer", ["Dense(1, sigmoid)"]),
        ("liver", ["Dense(4, sigmoid)"]),
        ("fuel", ["Dense(1, linear)", "Rescaling"]),
        ("weather", ["Dense(2, linear)", "Rescaling"]),
        ("doctor_visits", ["Dense(1, exponential)"]),
    ],
)
def test_the_layers_are_those_of_the_table(name, written):
    def write(layer):
        kind = type(layer).__name__
        return f"Dense({layer.units}, {layer.activation.__name__})" if kind == "Dense" else kind

    assert [write(layer) for layer in layers_of(name)] == written


def test_numbers_near_1_need_no_unit():
    y = np.random.default_rng(0).normal(0.3, 1.2, size=200)
    assert len(kt.choose_loss(y).last_layers()) == 1


def test_pixels_end_in_a_convolution():
    y = np.random.default_rng(0).integers(0, 3, size=(10, 6, 6))
    (layer,) = kt.choose_loss(y, task="classification").last_layers()
    assert (type(layer).__name__, layer.filters) == ("Conv2D", 3)


@pytest.mark.parametrize("name", ["fuel", "weather"])
def test_the_model_starts_at_the_mean_and_answers_in_the_unit_when_it_is_saved(name, tmp_path):
    data = kt.load_dataset(name)
    x, y = np.asarray(data.x, "float32"), np.asarray(data.y, "float32").reshape(len(data.x), -1)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    choice = kt.choose_loss(data.y)
    model = keras.Sequential([keras.Input(x.shape[1:]), *choice.last_layers()])
    start = model.predict(x, verbose=0)
    assert np.all(np.abs(start.mean(axis=0) - y.mean(axis=0)) < y.std(axis=0))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), start, rtol=1e-6)
    assert kt.check(model, x, data.y) == []
    assert kt.choose_loss(data.y, model=model).loss == choice.loss
    code = eval(f"[{choice.last_layer}]", {"keras": keras})
    assert [layer.get_config() | {"name": ""} for layer in code][1:] == [
        layer.get_config() | {"name": ""} for layer in choice.last_layers()
    ][1:]


def test_counts_in_hundreds_start_near_their_mean_and_stay_positive():
    y = np.random.default_rng(0).poisson(300, size=200)
    choice = kt.choose_loss(y, task="counts")
    model = keras.Sequential([keras.Input((2,)), *choice.last_layers()])
    answers = model.predict(np.random.default_rng(1).normal(size=(50, 2)), verbose=0)
    assert answers.min() > 0
    assert 100 < np.median(answers) < 1000
    assert read_head(model).activation == "exponential"
