"""The main job, in small: losses compared on real data."""

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def finer(table, name):
    """The rows of the measure that decides on one data set."""
    rows = table[table["dataset"] == name]
    return rows[rows["measure"] == rows["measure"].iloc[-1]]


def losses_only(table):
    return table[table["candidate"] != "baseline"]


def test_every_loss_of_the_labels_is_judged_by_shared_measures_and_equal_ones_once(table):
    iris = table[table["dataset"] == "iris"]
    assert set(iris["measure"]) == {"accuracy", "log_loss"}
    names = set(iris["candidate"])
    assert "sparse_categorical_crossentropy" in names
    assert "categorical_crossentropy" not in names
    losses = losses_only(table)  # the baseline's log-loss is equal each time: no interval
    assert ((losses["low"] <= losses["mean"]) & (losses["mean"] <= losses["high"])).all()
    assert iris["mean"].iloc[0] > 0.8


def test_the_first_line_says_which_loss_to_take_and_the_table_fits_a_terminal(lesson, table):
    said = lesson.report(table)
    assert said.splitlines()[0].startswith("iris: Take sparse_categorical_crossentropy:")
    assert max(map(len, said.splitlines()[:-1])) <= 80
    assert said.count("(categorical_crossentropy on one-hot labels is") == 1


def test_the_report_ends_with_the_lowest_scores_and_how_many_are_clearly_worse(lesson, table):
    last = lesson.report(table).splitlines()[-1]
    for name, measure, unit in (("iris", "log_loss", "nats"), ("engel", "rmse", "Belgian francs")):
        rows = losses_only(table[table["dataset"] == name])
        best = losses_only(finer(table, name)).sort_values("mean").iloc[0]
        assert f"on {name} the lowest {measure} is {best['mean']:.3g} {unit}" in last
        worse = (rows["verdict"] == "worse").sum()
        assert f"{best['candidate']}), and {worse} of {len(rows)} scores are clearly" in last


def test_numeric_targets_are_judged_in_the_unit_of_the_data_set(table, axes):
    rows = table[table["measure"] == "mae"].set_index("candidate")
    assert rows["mean"]["baseline"] > 100  # francs; in standard deviations it would be 0.7
    assert rows["mean"]["mean_squared_error"] < rows["mean"]["baseline"]
    assert "Belgian francs" in axes[1].get_xlabel()


def test_the_picture_has_a_row_a_loss(table, axes):
    for ax, name in zip(axes, ("iris", "engel"), strict=True):
        shown = {label.get_text() for label in ax.get_yticklabels()}
        assert shown == set(finer(table, name)["candidate"])
        assert ax.get_title(loc="left") == f"{name}, 5 seeds"


def test_the_scale_is_learned_from_the_rows_of_the_training_alone(lesson):
    import kerastrain as kt

    iris = kt.load_dataset("iris")
    rows, later = iris.x[::2], iris.x[1::2] + 100
    settings = {"epochs": 40, "optimizer": kt.adam(0.01), "seed": 0, "verbose": 0}
    settings |= {"validation_data": (later, iris.y[1::2])}
    model = kt.train(lesson.builder(4), rows, iris.y[::2], **settings).model
    mean, variance = model.layers[0].get_weights()
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=0.1)
    np.testing.assert_allclose(variance, rows.var(axis=0), rtol=0.3)


def test_from_two_seeds_no_loss_is_clearly_worse(table, tried):
    assert (losses_only(table)["verdict"] == "worse").any()
    assert not (losses_only(tried)["verdict"] == "worse").any()
