import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def walks(table):
    return table[table["part"] == "walk"].groupby("inputs")


def best(table):
    return table[table["part"] == "training"].groupby("inputs")["loss"].min()


def assert_a_ravine_and_a_bowl(table):
    curvatures = walks(table)["curvatures"].first()
    assert curvatures["raw"] > 100
    assert curvatures["scaled"] < 4
    ends = walks(table)["value"].last()
    assert ends["scaled"] < 0.6 * ends["raw"]


def test_the_raw_surface_is_a_ravine_and_the_scaled_one_a_bowl(table):
    assert_a_ravine_and_a_bowl(table)


def test_in_the_bowl_the_walk_ends_at_the_minimum(lesson, table):
    data, x, y = lesson.load_wines()
    pair = x[:, [data.feature_names.index(name) for name in lesson.COLUMNS]]
    columns, target = lesson.scale(pair)[: lesson.ROWS], np.where(y[: lesson.ROWS] == 1, 1, -1)
    lowest = np.linalg.lstsq(columns, target, rcond=None)[0]
    end = table[(table["part"] == "walk") & (table["inputs"] == "scaled")].iloc[-1]
    assert (end["x"], end["y"]) == pytest.approx(tuple(lowest), abs=1e-4)


def test_only_training_rows_scale(lesson):
    _, x, _ = lesson.load_wines()
    scaled = lesson.scale(x)
    np.testing.assert_allclose(scaled[: lesson.ROWS].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(scaled[: lesson.ROWS].std(axis=0), 1, atol=1e-4)
    other = np.concatenate([x[: lesson.ROWS], 1e3 + x[lesson.ROWS :]])
    np.testing.assert_array_equal(lesson.scale(other)[: lesson.ROWS], scaled[: lesson.ROWS])


def test_no_rate_makes_up_for_raw_inputs(lesson, table):
    assert best(table)["raw"] > 4 * best(table)["scaled"]
    raw = table[(table["part"] == "training") & (table["inputs"] == "raw")].set_index("rate")
    # Ten times more and ten times less than the best rate are worse.
    assert raw["loss"].idxmin() == lesson.RATES["raw"][1]


def test_the_report_ends_with_the_losses_at_the_best_rates(lesson, table):
    *_, before, last = lesson.report(table).splitlines()
    shape, ends = walks(table)["curvatures"].first(), walks(table)["value"].last()
    assert f"bends {shape['raw']:,.0f} times" in before
    assert f"scaled, {shape['scaled']:.1f} times" in before
    assert f"lead to {ends['raw']:.2f} in the ravine and to {ends['scaled']:.2f} in" in before
    training = table[table["part"] == "training"].sort_values("loss").groupby("inputs").first()
    raw, scaled = (training.loc[name] for name in ("raw", "scaled"))
    assert f"loss of {raw['loss']:.2f} at the best of its rates, {raw['rate']:g};" in last
    assert last.endswith(f"ends at {scaled['loss']:.2f}, at a rate of {scaled['rate']:g}.")


def test_the_picture_has_the_walk_and_its_end_on_both_surfaces(table, axes):
    for ax, name in zip(axes, ("raw", "scaled"), strict=True):
        walk = walks(table).get_group(name)
        drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in ax.get_lines()]
        assert (list(walk["x"]), list(walk["y"])) in drawn
        title = ax.get_title(loc="left")
        assert title.startswith(f"{name} inputs: ")
        assert title.endswith(f": {walk['value'].iloc[-1]:.2f})")


def test_two_large_columns_make_a_deeper_ravine(table, tried):
    assert_a_ravine_and_a_bowl(tried)
    assert walks(tried)["curvatures"].first()["raw"] > walks(table)["curvatures"].first()["raw"]
