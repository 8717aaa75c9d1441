import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def gaps(lesson, table):
    last = lesson.ends(table)
    return last["validation"] - last["training"]


def test_without_a_remedy_the_network_knows_less_than_a_coin(lesson, table):
    nothing = lesson.ends(table).loc["nothing"]
    assert nothing["training"] < 0.1
    assert nothing["validation"] > 1.5 * np.log(2)


def test_each_remedy_at_least_nearly_halves_the_loss_and_the_gap(lesson, table):
    last = lesson.ends(table).drop("nothing")
    nothing = lesson.ends(table).loc["nothing"]
    assert (last["validation"] < 0.6 * nothing["validation"]).all()
    assert (gaps(lesson, table).drop("nothing") < 0.5 * gaps(lesson, table)["nothing"]).all()


def test_what_they_save_is_false_certainty_for_as_many_answers_are_right(lesson, table):
    accuracy = lesson.ends(table)["accuracy"]
    assert np.ptp(accuracy) < 0.08


def test_all_take_as_many_steps(lesson):
    steps = [int(np.ceil(rows / (rows // 6))) for rows in (lesson.ROWS, lesson.MORE_ROWS)]
    assert max(steps) - min(steps) <= 1


def test_the_picture_shows_the_gap_of_each_way(lesson, table, axes):
    training, validation = (line.get_xdata() for line in axes[0].get_lines()[:2])
    np.testing.assert_allclose((validation - training)[::-1], gaps(lesson, table))


def test_more_dropout_leaves_a_smaller_gap_and_a_higher_training_loss(lesson, table, tried):
    assert gaps(lesson, tried)["dropout"] < gaps(lesson, table)["dropout"]
    before, after = (lesson.ends(one).loc["dropout", "training"] for one in (table, tried))
    assert after > before
