import keras
import numpy as np
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow

ROUNDING = 2e-6  # float32, on losses up to 16


def test_minus_log_p_is_what_keras_computes(table):
    uncut = table[table["p"] >= 1e-6]
    for name in ("sparse", "categorical", "logits", "model", "binary"):
        np.testing.assert_allclose(uncut[name], uncut["formula"], rtol=0, atol=ROUNDING)


def test_sparse_on_ids_equals_categorical_on_one_hot(table):
    np.testing.assert_allclose(table["sparse"], table["categorical"], rtol=0, atol=ROUNDING)


def test_it_is_0_for_a_sure_right_answer_but_not_for_a_coin_toss(table):
    assert table["formula"].iloc[0] == 0
    assert table.loc[table["p"] == 0.5, "formula"].iloc[0] == pytest.approx(np.log(2))
    assert (table["formula"].diff().dropna() > 0).all()


def test_keras_cuts_probabilities_at_1e_7_and_its_loss_ends_at_16(lesson, table):
    assert keras.config.epsilon() == lesson.CUT
    below = table[table["p"] < 0.99 * lesson.CUT]
    for name in ("sparse", "categorical", "binary"):
        np.testing.assert_allclose(below[name], -np.log(1e-7), atol=1e-4)  # 16.118
    assert below["formula"].max() > 23


@pytest.mark.parametrize("column", ["logits", "model"])
def test_on_logits_and_in_a_model_that_ends_in_softmax_it_does_not_end(table, column):
    np.testing.assert_allclose(table[column], table["formula"], rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("train", [keras.Model.fit, kt.fit])
def test_training_takes_the_logits_behind_the_softmax_too(train):
    logits = np.log(np.array([[1e-10, 0.5, 0.5]], dtype=np.float32))
    layer = keras.layers.Dense(3, "softmax", kernel_initializer="identity")
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    history = train(model, logits, np.zeros(1, dtype=np.int32), verbose=0)
    losses = history["loss"] if train is kt.fit else history.history["loss"]
    assert list(losses) == pytest.approx([-np.log(1e-10)], abs=1e-4)  # 23.03, not 16.1


def test_the_binary_formula_is_the_one_of_keras_for_both_labels(lesson):
    p = np.array([0.01, 0.3, 0.5, 0.99], dtype=np.float32)
    for y in (0, 1):
        by_hand = [lesson.binary_formula(y, float(value)) for value in p]
        by_keras = keras.losses.binary_crossentropy(np.full((4, 1), y, "float32"), p[:, None])
        np.testing.assert_allclose(by_hand, np.asarray(by_keras), rtol=0, atol=ROUNDING)


def test_the_report_ends_with_what_a_model_measures(lesson, table):
    last = lesson.report(table).splitlines()[-1]
    assert "0 at p = 1, 0.69 at p = 0.5 and 23.0 at p = 1e-10" in last
    assert "bare probabilities ends at 16.1" in last
    assert last.endswith("a model that ends in softmax reaches 23.0.")


def test_the_picture_is_the_curve_with_its_points(axes):
    curve, *points = axes[0].get_lines()
    np.testing.assert_allclose(curve.get_ydata(), -np.log(curve.get_xdata()))
    assert axes[0].get_xscale() == axes[0].get_yscale() == "linear"
    assert [point.get_xdata()[0] for point in points] == [0.9, 0.5, 0.1, 0.01]
    assert "a coin toss: 0.69" in [text.get_text() for text in axes[0].texts]


def test_at_1e_12_only_bare_probabilities_stay_behind(tried):
    last = tried.iloc[-1]
    assert last["formula"] == pytest.approx(27.63, abs=0.01)
    assert last[["logits", "model"]].tolist() == pytest.approx([last["formula"]] * 2, abs=1e-4)
    assert last[["sparse", "categorical"]].tolist() == pytest.approx([16.118] * 2, abs=1e-3)
