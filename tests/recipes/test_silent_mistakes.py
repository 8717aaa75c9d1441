"""The lesson `silent_mistakes` holds what it says."""

import warnings

import pytest

from recipes import silent_mistakes

pytestmark = pytest.mark.tensorflow


def test_keras_trains_six_mistakes_in_silence_and_check_names_each() -> None:
    table = silent_mistakes.run().set_index("set_up")
    right, wrong = table.loc["right"], table.drop("right")
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
    said = silent_mistakes.report(table.reset_index()).splitlines()[-1]
    assert "check names 6 of 6" in said
    axes = silent_mistakes.plot(table.reset_index())
    assert len(axes.patches) == len(table)


@pytest.mark.parametrize("name", silent_mistakes.MISTAKES)
def test_keras_itself_says_nothing(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    x, y = silent_mistakes.digits()
    model, x, y = silent_mistakes.set_up(x[:64], y[:64], silent_mistakes.MISTAKES[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(x, y, verbose=0)
    assert capfd.readouterr().out == ""
