import keras
import numpy as np
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow

PLAIN, SLOW_MOMENTUM, MOMENTUM = "plain SGD (0.19)", "momentum 0.9 (0.03)", "momentum 0.8 (0.19)"
ADAM, FAST_ADAM = "Adam (0.1)", "Adam (0.3)"


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


def test_in_the_first_stretch_plain_sgd_is_not_behind(lesson, table):
    near = lesson.epochs_needed(table)[10.0]
    assert near[PLAIN] <= near.min() + 1
    assert near[PLAIN] < 0.7 * near[ADAM]


def test_in_the_last_stretch_plain_sgd_is_last_and_tuned_momentum_first(lesson, table):
    nearest = lesson.epochs_needed(table)[0.2]
    assert nearest.notna().all()
    assert nearest[PLAIN] == nearest.max()
    assert nearest[MOMENTUM] == nearest.min()
    assert nearest[MOMENTUM] < nearest[PLAIN] / 3


def test_the_settings_decide_between_momentum_and_adam(lesson, table):
    nearest = lesson.epochs_needed(table)[0.2]
    assert nearest[MOMENTUM] < 0.5 * nearest[FAST_ADAM] < 0.5 * nearest[SLOW_MOMENTUM]
    assert nearest[SLOW_MOMENTUM] < nearest[ADAM]


def test_the_rate_of_plain_sgd_lies_just_below_the_border(lesson):
    data = kt.load_dataset("fuel")
    x = data.x[:, :-1]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    largest = np.linalg.eigvalsh(2 * x.T @ x / len(x))[-1]  # of the mean squared error
    assert 0.9 < 0.19 / (2 / largest) < 1
    assert len(x) == lesson.BATCH_SIZE


def test_no_optimizer_beats_linear_algebra(table):
    assert table["percent_above"].min() > -1e-3


def test_the_report_counts_the_epochs_near_and_nearest(lesson, table):
    needed, last = lesson.epochs_needed(table), lesson.report(table).splitlines()[-1]
    for name in (PLAIN, MOMENTUM, ADAM):
        assert f"{needed.loc[name, 10.0]:.0f} for {name}" in last
        assert f"{needed.loc[name, 0.2]:.0f}" in last.partition("within 0.2 %")[2]


def test_the_picture_shows_the_lines_cross(lesson, table, axes):
    needed = lesson.epochs_needed(table)
    lines = {line.get_label(): line.get_ydata() for line in axes[0].get_lines()}
    for name, epochs in needed.iterrows():
        np.testing.assert_array_equal(lines[name], epochs)
    order = [needed[level].sort_values().index.tolist() for level in lesson.LEVELS]
    assert order[0] != order[-1]


def test_in_batches_of_49_each_is_sooner_near_and_noise_keeps_some_from_the_end(
    lesson, table, tried
):
    before, after = lesson.epochs_needed(table), lesson.epochs_needed(tried)
    assert (after[10.0] < before[10.0]).all()
    assert after.loc[[PLAIN, MOMENTUM], 0.2].isna().all()
