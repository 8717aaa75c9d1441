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
