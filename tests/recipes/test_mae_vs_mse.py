import numpy as np
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow


def slopes_of(table, loss):
    return table[(table["part"] == "loss") & (table["loss"] == loss)].set_index("error")["slope"]


def moved(table):
    """How far leaving the outlier out turns each line, as a share of its slope."""
    lines = table[table["part"] == "line"].pivot_table(index="loss", columns="rows", values="slope")
    return (lines["all"] / lines["without outliers"] - 1).abs()


@pytest.mark.parametrize("loss", ["mae", "huber", "mse"])
def test_the_slopes_are_those_of_keras_losses(lesson, table, loss):
    for error, slope in slopes_of(table, loss).items():
        sides = [np.full((1, 1), error + step) for step in (-0.01, 0.01)]
        low, high = (float(lesson.LOSSES[loss](np.zeros((1, 1)), side)[0]) for side in sides)
        assert slope == pytest.approx((high - low) / 0.02, abs=0.01)


def test_mae_grows_evenly_and_mse_with_the_square(table):
    assert (slopes_of(table, "mae") == 1).all()
    assert slopes_of(table, "mse").to_dict() == {e: 2 * e for e in (0.25, 0.5, 1, 2, 4, 8)}
    assert slopes_of(table, "huber").to_dict() == {0.25: 0.25, 0.5: 0.5, 1: 1, 2: 1, 4: 1, 8: 1}


def test_an_outlier_drags_mse_most_and_mae_least(table):
    turned = moved(table)
    assert turned["mse"] > 1.5 * turned["huber"] > 1.5 * turned["mae"]
    assert turned["mse"] > 0.1


def test_the_outlier_pulls_at_mse_with_far_more_than_its_share(table):
    pulls = table[table["rows"] == "all"].set_index("loss")["pull_of_richest"]
    assert pulls["mae"] == pytest.approx(1 / 235)
    assert pulls["mae"] < pulls["huber"] < pulls["mse"]


def test_the_line_of_mse_is_that_of_least_squares(table):
    data = kt.load_dataset("engel")
    slope, level = np.polyfit(data.x[:, 0], data.y, 1)
    line = table[(table["loss"] == "mse") & (table["rows"] == "all")].iloc[0]
    assert line["slope"] == pytest.approx(slope, rel=1e-3)
    assert line["level"] == pytest.approx(level, rel=1e-2)


def test_the_line_of_mae_is_the_one_of_koenker_and_bassett(table):
    # Quantile regression at the median, from R's quantreg: rq(foodexp ~ income, data = engel)
    line = table[(table["loss"] == "mae") & (table["rows"] == "all")].iloc[0]
    assert line["slope"] == pytest.approx(0.5601806, rel=1e-3)
    assert line["level"] == pytest.approx(81.4822, rel=1e-2)
