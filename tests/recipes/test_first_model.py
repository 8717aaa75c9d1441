"""The lesson `first_model` holds what it says."""

import pytest

pytestmark = pytest.mark.tensorflow


def test_both_losses_fall_and_new_digits_are_read(lesson, table):
    assert table["epoch"].max() == lesson.EPOCHS
    for _, rows in table.groupby("split"):
        assert rows["loss"].iloc[-1] < 0.2 * rows["loss"].iloc[0]
    assert table[table["split"] == "val"]["accuracy"].iloc[-1] > 0.93


def test_the_report_names_the_loss_and_how_far_it_came(lesson, table):
    said = lesson.report(table)
    assert "sparse_categorical_crossentropy" in said
    share = table[table["split"] == "val"]["accuracy"].iloc[-1]
    assert said.endswith(f"{share:.0%}.")
