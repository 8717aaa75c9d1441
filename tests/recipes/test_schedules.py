import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def test_at_a_high_rate_cosine_helps_and_a_warm_up_helps_more(lesson, table):
    constant, cosine, warm = lesson.ends(table).loc[lesson.HIGH_RATE]
    assert cosine < 0.5 * constant
    assert warm < 0.6 * cosine


def test_at_a_low_rate_both_harm(lesson, table):
    constant, cosine, warm = lesson.ends(table).loc[lesson.LOW_RATE]
    assert min(cosine, warm) > 1.5 * constant


def test_the_rates_are_those_of_the_formulas(lesson, table):
    rates = table.pivot_table(index="epoch", columns=["rate", "way"], values="learning_rate")
    for rate in (lesson.HIGH_RATE, lesson.LOW_RATE):
        assert rates[rate, "constant"].nunique() == 1
        half = rate * (1 + np.cos(np.pi * rates.index / lesson.EPOCHS)) / 2
        np.testing.assert_allclose(rates[rate, "cosine"], half, atol=0.01 * rate)
        warm = rates[rate, "warm-up + cosine"]
        assert warm.iloc[0] == pytest.approx(rate / 2, rel=0.05)
        assert warm.idxmax() == 2


def test_the_report_ends_with_the_losses_at_the_high_rate(lesson, table):
    before, last = lesson.report(table).splitlines()
    constant, cosine, warm = lesson.ends(table).loc[lesson.HIGH_RATE]
    assert f"ends at {constant:.2f} with a constant rate, at {cosine:.2f} with cosine" in last
    assert last.endswith(f"and at {warm:.2f} with a warm-up before it.")
    constant, cosine, _ = lesson.ends(table).loc[lesson.LOW_RATE]
    assert f"at {constant:.2f} without a schedule and at {cosine:.2f} with cosine" in before


def test_the_picture_has_the_losses_of_each_way_at_both_rates(lesson, table, axes):
    for ax, rate in zip(axes, (lesson.HIGH_RATE, lesson.LOW_RATE), strict=True):
        *ways, nothing = ax.get_lines()
        assert nothing.get_ydata()[0] == np.log(10)
        for line, way in zip(ways, lesson.WAYS, strict=True):
            rows = table[(table["rate"] == rate) & (table["way"] == way)]
            np.testing.assert_array_equal(line.get_ydata(), rows["loss"])
            assert line.get_label() == way


def test_at_a_fitting_rate_all_ways_end_below_a_loss_of_a_tenth(lesson, tried):
    ends = lesson.ends(tried).loc[lesson.HIGH_RATE]
    assert (ends < 0.1).all()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_it_is_so_from_other_seeds_too(lesson, monkeypatch, seed):
    monkeypatch.setattr(lesson, "SEED", seed)
    table = lesson.run()
    constant, cosine, warm = lesson.ends(table).loc[lesson.HIGH_RATE]
    assert warm < cosine < constant
    low = lesson.ends(table).loc[lesson.LOW_RATE]
    assert low.idxmin() == "constant"
