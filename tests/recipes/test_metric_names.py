import pytest

pytestmark = pytest.mark.tensorflow


def test_every_metric_stands_in_the_history_under_the_name_that_was_passed(table):
    assert len(table) == 17
    assert table["in_history"].all()


@pytest.mark.parametrize("name", ["accuracy", "acc"])
@pytest.mark.parametrize(
    ("labels", "metric"),
    [
        ("two classes", "binary_accuracy"),
        ("ids", "sparse_categorical_accuracy"),
        ("one-hot", "categorical_accuracy"),
        ("several signs", "categorical_accuracy"),
    ],
)
def test_which_accuracy_accuracy_becomes(table, labels, metric, name):
    row = table[(table["labels"] == labels) & (table["passed"] == name)].iloc[0]
    assert row["same_as"] == metric


def test_mae_is_the_short_name_of_the_mean_absolute_error(table):
    rows = table[table["labels"] == "amount"]
    assert rows["value"].nunique() == 1


def test_a_metric_is_reported_and_not_minimised(table):
    assert table.attrs["weight_gap"] == 0


def test_the_report_says_what_accuracy_became_and_the_picture_marks_it(lesson, table, axes):
    said = lesson.report(table)
    assert "'accuracy' with one-hot and Dense(3, 'softmax') is categorical_accuracy." in said
    assert "17 of 17 metrics" in said
    crosses = [line.get_xdata()[0] for line in axes[0].get_lines() if line.get_marker() == "x"]
    named = table[(table["passed"] == "accuracy")]["value"].tolist()
    assert crosses == named


def test_another_short_name_stands_for_its_long_one_as_well(tried):
    rows = tried[tried["labels"] == "amount"]
    assert rows["passed"].tolist() == ["mape", "mean_absolute_percentage_error"]
    assert rows["in_history"].all()
    assert rows["value"].nunique() == 1
