"""The main job, in small: losses compared on real data."""

import matplotlib.pyplot as plt
import pytest

from recipes import compare_losses

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def table():
    return compare_losses.run(["iris"], seeds=2)


def test_every_loss_of_the_labels_is_judged_by_shared_measures_and_equal_ones_once(table):
    assert set(table["measure"]) == {"accuracy", "log_loss"}
    names = set(table["candidate"])
    assert "sparse_categorical_crossentropy" in names
    assert "categorical_crossentropy" not in names
    assert ((table["low"] <= table["mean"]) & (table["mean"] <= table["high"])).all()
    best = table[table["measure"] == "accuracy"].iloc[0]
    assert best["mean"] > 0.8


def test_the_first_line_says_which_loss_to_take_and_the_table_fits_a_terminal(table):
    said = compare_losses.report(table)
    assert said.splitlines()[0].startswith("iris: Take sparse_categorical_crossentropy:")
    assert max(map(len, said.splitlines()[:-1])) <= 80
    assert said.count("(categorical_crossentropy on one-hot labels is") == 1
    best = table[table["measure"] == "log_loss"].iloc[0]
    assert f"the lowest log_loss is {best['mean']:.3g} nats" in said.splitlines()[-1]


def test_amounts_are_judged_in_the_unit_of_the_data_set():
    table = compare_losses.run(["engel"], seeds=2)
    rows = table[table["measure"] == "mae"].set_index("candidate")
    assert rows["mean"]["baseline"] > 100  # francs; in standard deviations it would be 0.7
    assert rows["mean"]["mean_squared_error"] < rows["mean"]["baseline"]
    axes = compare_losses.plot(table)
    assert "Belgian francs" in axes.get_xlabel()
    plt.close("all")


def test_the_picture_has_a_row_a_loss(table):
    axes = compare_losses.plot(table)
    shown = {label.get_text() for label in axes.get_yticklabels()}
    assert shown == set(table["candidate"])
    plt.close("all")
