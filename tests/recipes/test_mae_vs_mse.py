import numpy as np
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow


def slopes_of(table, loss):
    return table[(table["part"] == "loss") & (table["loss"] == loss)].set_index("error")["slope"]


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


def test_one_wrong_label_turns_the_line_of_mse_and_not_that_of_mae_or_huber(lesson, table):
    turned = lesson.turned(table)
    assert turned["mse"] > 1
    assert max(turned["mae"], turned["huber"]) < 0.01


def test_the_wrong_row_has_half_of_the_force_that_turns_the_line_of_mse(table):
    pulls = table[table["data"] == "typing error"].set_index("loss")["pull"]
    assert pulls["mae"] < pulls["huber"] < pulls["mse"]
    assert pulls["mse"] > 0.4
    # At the minimum the forces to both sides are equal.
    assert pulls["mse"] <= 0.5 + 1e-3


def test_the_line_of_mse_is_that_of_least_squares(table):
    data = kt.load_dataset("engel")
    slope, level = np.polyfit(data.x[:, 0], data.y, 1)
    line = table[(table["loss"] == "mse") & (table["data"] == "right")].iloc[0]
    assert line["slope"] == pytest.approx(slope, rel=1e-3)
    assert line["level"] == pytest.approx(level, rel=1e-2)


def test_the_line_of_mae_is_the_one_of_koenker_and_bassett(table):
    # Quantile regression at the median, from R's quantreg: rq(foodexp ~ income, data = engel)
    line = table[(table["loss"] == "mae") & (table["data"] == "right")].iloc[0]
    assert line["slope"] == pytest.approx(0.5601806, rel=1e-3)
    assert line["level"] == pytest.approx(81.4822, rel=1e-2)


def test_the_report_ends_with_how_far_each_line_turns(lesson, table):
    turned = lesson.turned(table)
    assert lesson.report(table).endswith(
        f"turns the line of MSE by {turned['mse']:.0%}, of Huber's loss by {turned['huber']:.1%}, "
        f"of MAE by {turned['mae']:.1%}."
    )


def test_the_picture_shows_the_losses_and_the_lines_with_the_outlier(lesson, table, axes):
    left, right = axes
    for line, loss in zip(left.get_lines(), lesson.LOSSES, strict=True):
        assert line.get_ydata()[-1] == pytest.approx({"mae": 3, "huber": 2.5, "mse": 9}[loss])
    slopes = table[table["data"] == "typing error"].set_index("loss")["slope"]
    for line in right.get_lines()[1:]:
        rise = np.ptp(line.get_ydata()) / np.ptp(line.get_xdata())
        assert rise == pytest.approx(slopes[line.get_label()], rel=1e-3)


def test_an_outlier_in_x_turns_the_line_of_every_loss(lesson, tried):
    assert (lesson.turned(tried) > 0.1).all()
