import pytest

pytestmark = pytest.mark.tensorflow

ROUNDING = 1e-6  # a few hundred float32 steps on numbers around 1


def test_the_six_steps_by_hand_give_the_history_of_train(table):
    assert table["loss_by_hand"].to_numpy() == pytest.approx(table["loss_of_train"], abs=ROUNDING)


def test_they_give_the_weights_of_train(table):
    assert table["largest_gap_of_weights"].max() < ROUNDING


def test_the_loop_ends_when_the_loss_is_small(lesson, table):
    assert (table["loss_by_hand"].iloc[:-1] > lesson.SMALL).all()
    assert table["loss_by_hand"].iloc[-1] <= lesson.SMALL
    assert len(table) >= 3
