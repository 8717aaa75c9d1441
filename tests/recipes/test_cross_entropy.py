import keras
import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow

ROUNDING = 2e-6  # float32, on losses up to 16


def test_minus_log_p_is_what_keras_computes(table):
    uncut = table[table["p"] >= 1e-6]
    for name in ("sparse", "categorical", "logits", "binary"):
        np.testing.assert_allclose(uncut[name], uncut["formula"], rtol=0, atol=ROUNDING)


def test_sparse_on_ids_equals_categorical_on_one_hot(table):
    np.testing.assert_allclose(table["sparse"], table["categorical"], rtol=0, atol=ROUNDING)


def test_it_is_0_when_right_and_grows_as_p_falls(table):
    assert table["formula"].iloc[0] == 0
    assert (table["formula"].diff().dropna() > 0).all()


def test_keras_cuts_probabilities_at_1e_7_and_its_loss_ends_at_16(lesson, table):
    assert keras.config.epsilon() == lesson.CUT
    below = table[table["p"] < lesson.CUT]
    for name in ("sparse", "categorical", "binary"):
        np.testing.assert_allclose(below[name], -np.log(1e-7), atol=1e-4)  # 16.118
    assert below["formula"].max() > 23


def test_on_logits_it_does_not_end(table):
    np.testing.assert_allclose(table["logits"], table["formula"], rtol=0, atol=ROUNDING)


def test_the_binary_formula_is_the_one_of_keras_for_both_labels(lesson):
    p = np.array([0.01, 0.3, 0.5, 0.99], dtype=np.float32)
    for y in (0, 1):
        by_hand = [lesson.binary_formula(y, float(value)) for value in p]
        by_keras = keras.losses.binary_crossentropy(np.full((4, 1), y, "float32"), p[:, None])
        np.testing.assert_allclose(by_hand, np.asarray(by_keras), rtol=0, atol=ROUNDING)
