"""The oracle is Keras: the same settings by hand."""

import math

import keras
import numpy as np
import pytest

import kerastrain as kt
from kerastrain.optimizers.builders import decay, get_optimizer, with_schedule

pytestmark = pytest.mark.tensorflow


def settings_of(optimizer):
    return {key: value for key, value in optimizer.get_config().items() if key != "name"}


def test_sgd_is_keras_sgd_with_momentum():
    assert type(kt.sgd()) is keras.optimizers.SGD
    assert settings_of(kt.sgd()) == settings_of(keras.optimizers.SGD(0.01, momentum=0.9))


def test_adam_is_keras_adam_with_its_own_defaults():
    assert type(kt.adam()) is keras.optimizers.Adam
    assert settings_of(kt.adam()) == settings_of(keras.optimizers.Adam())


@pytest.mark.parametrize("make", [kt.sgd, kt.adam])
def test_every_setting_arrives_in_keras(make):
    given = {"weight_decay": 1e-4, "global_clipnorm": 2.0, "use_ema": True}
    config = make(0.5, **given).get_config()
    assert {key: config[key] for key in given} == given
    assert config["learning_rate"] == 0.5


def test_an_int_learning_rate_is_converted_where_keras_refuses_it():
    with pytest.raises(ValueError, match="should be float"):
        keras.optimizers.SGD(1)
    assert kt.sgd(1).get_config()["learning_rate"] == 1.0


@pytest.mark.parametrize("make", [kt.sgd, kt.adam])
@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        ({"learning_rate": -0.1}, "learning_rate must be a number above 0, but it is -0.1"),
        ({"learning_rate": 0.0}, "learning_rate must be a number above 0, but it is 0.0"),
        ({"learning_rate": math.nan}, "it is nan"),
        ({"learning_rate": math.inf}, "it is inf"),
        ({"learning_rate": "fast"}, "it is 'fast'"),
        ({"learning_rate": True}, "it is True"),
        ({"weight_decay": -1e-4}, "weight_decay must be a number 0 or more"),
        ({"clipnorm": 0}, "clipnorm must be a number above 0, but it is 0"),
        ({"clipvalue": -1}, "clipvalue must be a number above 0, but it is -1"),
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "but clipnorm and clipvalue are passed"),
        ({"schedule": "cosin", "decay_steps": 10}, "Pass schedule='cosine'"),
        ({"schedule": "cosine"}, "decay_steps is None"),
        ({"decay_steps": 10}, "needs a schedule"),
        (
            {"schedule": "cosine", "decay_steps": 0},
            "decay_steps must be a whole number of 1 or more",
        ),
        ({"schedule": "step", "decay_steps": 9, "warmup_steps": -1}, "warmup_steps must be"),
    ],
)
def test_settings_that_cannot_train_are_refused_at_once(make, settings, seen):
    with pytest.raises(kt.OptimizerError, match=seen):
        make(**settings)


@pytest.mark.parametrize("momentum", [1.0, 1.5, -0.1, math.nan, "0.9"])
def test_momentum_stays_below_1(momentum):
    with pytest.raises(kt.OptimizerError, match="momentum must be a number 0 or more and below 1"):
        kt.sgd(momentum=momentum)


@pytest.mark.parametrize("setting", [{"beta_1": 1.0}, {"beta_2": -0.1}, {"epsilon": 0.0}])
def test_adam_refuses_settings_outside_their_range(setting):
    with pytest.raises(kt.OptimizerError, match=next(iter(setting))):
        kt.adam(**setting)


def test_two_schedules_are_refused():
    cosine = keras.optimizers.schedules.CosineDecay(0.1, 100)
    assert kt.sgd(cosine).get_config()["learning_rate"]["class_name"] == "CosineDecay"
    with pytest.raises(kt.OptimizerError, match="Two schedules"):
        kt.sgd(cosine, schedule="step", decay_steps=10)
    with pytest.raises(kt.OptimizerError, match="Two schedules"):
        with_schedule(kt.sgd(cosine), "step", 10)


def rates(schedule, steps):
    return np.array([float(schedule(step)) for step in range(steps)])


def test_cosine_falls_along_half_a_cosine():
    expected = 0.1 * (1 + np.cos(np.pi * np.arange(100) / 100)) / 2
    np.testing.assert_allclose(rates(decay("cosine", 0.1, 100), 100), expected, atol=1e-7)


def test_exponential_falls_to_a_hundredth():
    expected = 0.1 * 0.01 ** (np.arange(101) / 100)
    np.testing.assert_allclose(rates(decay("exponential", 0.1, 100), 101), expected, rtol=1e-5)


def test_step_is_divided_by_ten_after_one_half_and_three_quarters():
    expected = np.repeat([0.1, 0.01, 0.001], [50, 25, 25])
    np.testing.assert_allclose(rates(decay("step", 0.1, 100), 100), expected, rtol=1e-6)


def test_cosine_rises_evenly_in_its_warm_up():
    found = rates(decay("cosine", 0.1, 100, warmup_steps=20), 120)
    np.testing.assert_allclose(found[:20], 0.1 * np.arange(20) / 20, atol=1e-8)
    assert found[20] == pytest.approx(0.1)
    assert found[-1] < 1e-4


def test_a_constant_rate_can_have_a_warm_up():
    found = rates(decay("constant", 0.1, 1, warmup_steps=20), 30)
    assert (
        kt.sgd(0.1, warmup_steps=20).get_config()["learning_rate"]["class_name"]
        == "PolynomialDecay"
    )
    np.testing.assert_allclose(found[:20], 0.1 * np.arange(20) / 20, atol=1e-8)
    np.testing.assert_allclose(found[20:], 0.1)


@pytest.mark.parametrize("name", ["exponential", "step"])
def test_the_other_schedules_rise_in_stairs(name):
    found = rates(decay(name, 0.1, 100, warmup_steps=20), 120)
    assert (np.diff(found[:20]) >= 0).all()
    np.testing.assert_allclose(found[:20], 0.1 * np.arange(20) / 20, atol=0.1 / 10)
    assert found[20] == pytest.approx(0.1)
    plain = rates(decay(name, 0.1, 100), 100)
    # a stair of the exponential is a twentieth of the way, a factor of 100 ** (1 / 20)
    tolerance = 0.26 if name == "exponential" else 1e-6
    np.testing.assert_allclose(found[20:], plain, rtol=tolerance)


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("name", ["cosine", "exponential", "step", "constant"])
@pytest.mark.parametrize("warmup", [0, 1, 5])
def test_short_schedules_work(name, steps, warmup):
    found = rates(decay(name, 0.1, steps, warmup), steps + warmup)
    assert np.isfinite(found).all()
    assert found.max() <= 0.1 + 1e-8


def test_a_schedule_is_set_on_a_copy():
    optimizer = kt.adam(0.01, beta_1=0.8)
    copy = with_schedule(optimizer, "cosine", 50)
    assert copy is not optimizer
    assert copy.get_config()["beta_1"] == 0.8
    assert copy.get_config()["learning_rate"]["config"]["decay_steps"] == 50
    assert optimizer.get_config()["learning_rate"] == pytest.approx(0.01)


def test_names_stand_for_optimizers():
    assert settings_of(get_optimizer("SGD")) == settings_of(kt.sgd())
    assert isinstance(get_optimizer("rmsprop"), keras.optimizers.RMSprop)
    with pytest.raises(kt.OptimizerError, match="nearest is 'adam'"):
        get_optimizer("adm")
    with pytest.raises(kt.OptimizerError, match="got 3"):
        get_optimizer(3)


def test_a_saved_model_opens_with_keras_alone(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(kt.sgd(0.1, schedule="exponential", decay_steps=9, warmup_steps=3), "mse")
    model.save(tmp_path / "m.keras")
    optimizer = keras.saving.load_model(tmp_path / "m.keras").optimizer
    assert settings_of(optimizer) == settings_of(model.optimizer)
