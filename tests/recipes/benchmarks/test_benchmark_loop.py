"""The benchmark on its smallest row: the same losses, and faster."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from recipes.benchmarks import loop as benchmark
from recipes.benchmarks.workloads import WORKLOADS, build

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def table():
    return benchmark.run(only=["iris"], turns=1)


def test_the_fast_loop_is_faster_and_gives_the_same_losses(table):
    row = table.iloc[0]
    assert row["ratio"] > 1.5
    assert row["difference"] < 1e-5
    assert row["loop"] == "xla-loop"
    assert row["loop of 20"] == "graph"


def test_the_report_and_the_picture_name_the_rows(table):
    peers = table.assign(**{"torch ms": table["kerastrain ms"] / 2})
    assert "iris: 2.00 times the fastest peer's time." in benchmark.report(peers)
    assert "geometric mean" in benchmark.report(table)
    axes = benchmark.plot(peers)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["iris"]
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {
        "model.fit",
        "kerastrain",
        "torch",
    }
    plt.close("all")


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_data_of_each_row_fit_its_network(name):
    x, y = benchmark.load(name)
    model = build(name)
    assert model.evaluate(x[:32], y[:32], verbose=0) > 0
    assert np.isfinite(np.asarray(x, float)).all()
    assert len(x) == len(y)
