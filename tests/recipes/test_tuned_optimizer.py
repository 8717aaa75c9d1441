import matplotlib.pyplot as plt
import numpy as np
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def losses(table):
    return table.pivot_table(index="seed", columns="candidate", values="loss")


def test_the_measured_rate_beats_the_default_from_every_seed(lesson, losses):
    assert len(losses) == lesson.SEEDS
    assert (losses[lesson.MEASURED] < 0.5 * losses[lesson.GUESSED]).all()


def test_so_does_the_tuned_optimizer_and_the_tuning_says_how_sure_it_is(lesson, table, losses):
    assert (losses[lesson.TUNED] < 0.5 * losses[lesson.GUESSED]).all()
    assert "95 % interval" in table.attrs["tuned"]


def test_the_suggestion_lies_where_the_loss_falls(table):
    curve, suggestion = table.attrs["curve"], table.attrs["suggestion"]
    losses = dict(zip(curve["learning_rate"], curve["val_loss"], strict=True))
    there = min(losses, key=lambda rate: abs(rate - suggestion))
    assert min(losses.values()) < losses[there] < 0.5 * curve["val_loss"][0]
    low, high = table.attrs["range"]
    assert low <= suggestion <= high


def test_the_report_ends_with_the_measured_numbers(lesson, table):
    means = table.groupby("candidate")["loss"].mean()
    last = lesson.report(table).splitlines()[-1]
    assert f"{means[lesson.GUESSED]:.2f} with the default" in last
    assert f"{means[lesson.TUNED]:.2f} with the tuned" in last


def test_the_picture_shows_the_range_test_and_the_candidates(lesson, table):
    left = lesson.plot(table)
    right = left.figure.axes[1]
    assert left.get_xscale() == "log"
    names = [text.get_text() for text in right.get_xticklabels()]
    assert names == [lesson.GUESSED, lesson.MEASURED, lesson.TUNED]
    plt.close("all")


def test_the_test_wines_decide_nothing_not_even_the_scale(lesson):
    x, y, test_x, test_y = lesson.two_parts()
    assert len(y) + len(test_y) == len(kt.load_dataset("wine").y)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=0), 1, atol=1e-5)
    assert abs(test_x.mean(axis=0)).max() > 0.05


def test_in_a_longer_training_the_default_rate_is_good_enough(lesson, losses, tried):
    means = tried.groupby("candidate")["loss"].mean()
    assert means[lesson.GUESSED] < 0.2 < losses[lesson.GUESSED].mean()
