"""The main job, in small: losses compared on real data."""

import matplotlib.pyplot as plt
import pytest

from recipes import compare_losses

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def table():
    return compare_losses.run(["iris"], seeds=2)


def test_every_loss_of_the_labels_is_judged_by_shared_measures(table):
    assert set(table["measure"]) == {"accuracy", "log_loss"}
    names = set(table["candidate"])
    assert {"sparse_categorical_crossentropy", "categorical_crossentropy"} <= names
    assert len(names) > 2
    assert ((table["low"] <= table["mean"]) & (table["mean"] <= table["high"])).all()
    best = table[table["measure"] == "accuracy"].iloc[0]
    assert best["mean"] > 0.8
    assert best["verdict"] == "best mean"


def test_losses_that_are_the_same_show_no_difference(table):
    rows = table[table["measure"] == "log_loss"].set_index("candidate")
    sparse, categorical = (
        rows.loc[f"{name}categorical_crossentropy", "mean"] for name in ("sparse_", "")
    )
    assert sparse == pytest.approx(categorical, rel=1e-3)


def test_the_sentence_holds_the_numbers_of_the_table(table):
    best = table.iloc[0]
    said = compare_losses.report(table)
    assert f"iris: {best['candidate']} has the best mean accuracy, {best['mean']:.3f}" in said
    assert "over 2 seeds" in said


def test_the_picture_has_a_row_a_loss(table):
    axes = compare_losses.plot(table)
    shown = {label.get_text() for label in axes.get_yticklabels()}
    assert shown == set(table["candidate"])
    plt.close("all")
