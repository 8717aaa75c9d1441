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


def test_the_report_ends_with_the_loss_of_each_way(lesson, table):
    last = lesson.report(table).splitlines()[-1]
    loss = lesson.ends(table)["validation"]
    assert f"loss is {loss['nothing']:.2f} with nothing" in last
    assert f"{loss['more data']:.2f} with 1000 days instead of 300" in last
    for way in ("weight decay", "dropout"):
        assert f"{loss[way]:.2f} with {way}" in last
    assert f"{loss['smaller network']:.2f} with a smaller network; a coin costs 0.69." in last


def test_the_picture_shows_both_losses_of_each_way(lesson, table, axes):
    training, validation, coin = (line.get_xdata() for line in axes[0].get_lines())
    last = lesson.ends(table)[::-1]
    np.testing.assert_array_equal(training, last["training"])
    np.testing.assert_array_equal(validation, last["validation"])
    assert coin[0] == np.log(2)
    assert [text.get_text() for text in axes[0].get_yticklabels()] == list(last.index)


def test_more_dropout_leaves_a_smaller_gap_and_a_higher_training_loss(lesson, table, tried):
    assert gaps(lesson, tried)["dropout"] < gaps(lesson, table)["dropout"]
    before, after = (lesson.ends(one).loc["dropout", "training"] for one in (table, tried))
    assert after > before
