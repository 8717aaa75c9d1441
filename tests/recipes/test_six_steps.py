import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow

ROUNDING = 1e-6  # a few hundred float32 steps on numbers around 1


def assert_the_same_training(table):
    assert table["loss_by_hand"].to_numpy() == pytest.approx(table["loss_of_train"], abs=ROUNDING)
    assert table["largest_gap_of_weights"].max() < ROUNDING


def assert_it_ended_when_the_loss_was_small(lesson, table):
    assert (table["loss_by_hand"].iloc[:-1] > lesson.SMALL).all()
    assert table["loss_by_hand"].iloc[-1] <= lesson.SMALL


def test_the_six_steps_by_hand_give_the_losses_and_the_weights_of_train(table):
    assert_the_same_training(table)


def test_the_loop_ends_when_the_loss_is_small(lesson, table):
    assert_it_ended_when_the_loss_was_small(lesson, table)
    assert len(table) >= 3


def test_the_steps_are_those_of_keras_own_sgd_which_has_no_momentum(lesson, monkeypatch):
    import keras

    from_helper = lesson.kt.sgd
    used = []

    def keep(*arguments, **settings):
        used.append(from_helper(*arguments, **settings))
        return used[-1]

    monkeypatch.setattr(lesson.kt, "sgd", keep)
    monkeypatch.setattr(lesson, "SMALL", 1.0)
    lesson.run()
    settings = keras.optimizers.SGD(lesson.LEARNING_RATE).get_config()
    assert [optimizer.momentum for optimizer in used] == [settings["momentum"]] * 2


def test_the_report_says_how_far_the_weights_lie_apart(lesson, table):
    assert f"fallen from {table['loss_by_hand'].iloc[0]:.2f} to" in lesson.report(table)
    same = lesson.report(table.assign(largest_gap_of_weights=0.0))
    assert same.endswith(f"after {len(table)} epochs they are equal to the last digit.")
    other = lesson.report(table.assign(largest_gap_of_weights=2e-7))
    assert other.endswith("they are no more than 2.0e-07 apart.")


def test_the_picture_has_the_dots_on_the_line(table, axes):
    line, dots = axes[0].get_lines()[:2]
    np.testing.assert_array_equal(line.get_ydata(), table["loss_of_train"])
    np.testing.assert_array_equal(dots.get_ydata(), table["loss_by_hand"])


def test_a_smaller_loss_takes_more_epochs(lesson, table, tried):
    assert_it_ended_when_the_loss_was_small(lesson, tried)
    assert len(tried) > len(table)
    assert_the_same_training(tried)
