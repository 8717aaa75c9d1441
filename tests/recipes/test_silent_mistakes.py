"""The lesson `silent_mistakes` holds what it says."""

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
