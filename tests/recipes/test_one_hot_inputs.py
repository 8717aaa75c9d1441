import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def test_the_share_peaks_on_the_island_in_the_middle(table):
    assert list(table["island"]) == ["Biscoe", "Dream", "Torgersen"]
    np.testing.assert_allclose(table["share"], [0, 68 / 123, 0])  # counted in the file


def test_ids_can_only_rise_or_fall_and_miss_the_peak(lesson, table):
    steps = np.diff(table[lesson.IDS])
    assert (steps > 0).all() or (steps < 0).all()
    assert lesson.farthest(table)[lesson.IDS] > 0.3


def test_one_hot_columns_learn_each_island_by_itself(lesson, table):
    assert lesson.farthest(table)[lesson.COLUMNS] < 0.02


def test_the_report_ends_with_the_measured_shares(lesson, table):
    dream = table.iloc[1]
    said = lesson.report(table)
    assert f"gives Dream {dream[lesson.IDS]:.0%} Chinstraps where 55% live" in said
    assert f"with a column for each island it gives {dream[lesson.COLUMNS]:.0%}" in said
    assert f"off by {100 * lesson.farthest(table)[lesson.IDS]:.0f} points" in said


def test_the_picture_shows_the_shares_and_both_predictions(lesson, table, axes):
    assert [bar.get_height() for bar in axes[0].patches] == list(table["share"])
    lines = axes[0].get_lines()
    for line, way in zip(lines, (lesson.IDS, lesson.COLUMNS), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), table[way])


def test_a_species_at_the_end_of_the_line_suits_ids_too(lesson, tried):
    assert (lesson.farthest(tried) < 0.03).all()
