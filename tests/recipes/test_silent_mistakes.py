"""The lesson `silent_mistakes` holds what it says."""

import warnings

import pytest

from recipes import silent_mistakes

pytestmark = pytest.mark.tensorflow


def test_keras_trains_six_mistakes_in_silence_and_check_names_each(table):
    right, wrong = table.iloc[0], table.iloc[1:]
    assert right["set_up"] == "right"
    assert right["accuracy"] > 0.95
    assert right["rule"] == ""
    assert wrong["accuracy"].max() < 0.3
    assert wrong["rule"].tolist() == [
        "no-probabilities",
        "no-probabilities",
        "binary-range",
        "label-shape",
        "dead-start",
        "index-order",
    ]


def test_the_report_ends_with_the_accuracies_and_the_picture_shows_each(lesson, table, axes):
    last = lesson.report(table).splitlines()[-1]
    wrong = table["accuracy"].iloc[1:]
    assert f"between {wrong.min():.2f} and {wrong.max():.2f} instead of" in last
    assert f"{table['accuracy'].iloc[0]:.2f}; check names 6 of 6" in last
    assert [bar.get_width() for bar in axes[0].patches] == list(table["accuracy"])[::-1]
    names = [text.get_text() for text in axes[0].get_yticklabels()]
    assert names == list(table["set_up"])[::-1]


@pytest.mark.parametrize("name", silent_mistakes.MISTAKES)
def test_keras_itself_says_nothing(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    x, y = silent_mistakes.digits()
    model, x, y = silent_mistakes.set_up(x[:64], y[:64], silent_mistakes.MISTAKES[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(x, y, verbose=0)
    assert capfd.readouterr().out == ""


def test_the_loss_falls_in_four_of_six_and_ends_at_ln_10_in_three(lesson, table):
    wrong = table.iloc[1:].set_index("set_up")
    falls = wrong[lesson.loss_falls(wrong)].index.tolist()
    assert falls == [
        "no softmax",
        "relu instead of softmax",
        "ids into one sigmoid",
        "y in another order",
    ]
    blind = wrong[lesson.ends_at_ln_10(wrong)].index.tolist()
    assert blind == ["no softmax", "relu instead of softmax", "zero initial weights"]
    said = lesson.report(table)
    assert "The loss falls in 4 of 6." in said
    assert "in 3: no softmax, relu instead of softmax, zero initial weights." in said
    assert wrong.loc["ids into one sigmoid", "last_loss"] < 0
    assert lesson.rows(table)["falls"].tolist()[1:] == ["yes", "yes", "yes", "no", "no", "yes"]


def test_training_twice_as_long_mends_none(tried):
    assert tried["accuracy"].iloc[0] > 0.95
    assert tried["accuracy"].iloc[1:].max() < 0.3
