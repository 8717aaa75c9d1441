import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def accuracy(table):
    return table.loc[table["split"] == "val", "accuracy"].iloc[-1]


def test_both_losses_fall_and_new_digits_are_read(lesson, table):
    assert table["epoch"].max() == lesson.EPOCHS
    for _, rows in table.groupby("split"):
        assert rows["loss"].iloc[-1] < 0.4 * rows["loss"].iloc[0]
    assert accuracy(table) > 0.93


def test_the_report_names_the_loss_and_how_far_it_came(lesson, table):
    said = lesson.report(table)
    assert "sparse_categorical_crossentropy" in said
    assert "validation rows of digits" in said
    assert said.endswith(f"to {accuracy(table):.0%}.")


def test_the_picture_shows_both_splits(table, axes):
    for ax, column in zip(axes, ("loss", "accuracy"), strict=True):
        for line, split in zip(ax.get_lines(), ("train", "val"), strict=True):
            drawn = table.loc[table["split"] == split, column]
            np.testing.assert_array_equal(line.get_ydata(), drawn)


def test_with_another_data_set_nothing_else_has_to_change(lesson, tried):
    assert accuracy(tried) > 0.9  # a third of the flowers is what guessing gives
    assert "validation rows of iris" in lesson.report(tried)
