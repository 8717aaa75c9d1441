"""The benchmark on one small set of one's own: its table, its sentences, its picture."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from recipes.benchmarks import optimizers as benchmark

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Heights above the sea, in metres, from the temperature: far from 0, so 0.001 is too low."""
    random = np.random.default_rng(0)
    warmth = random.normal(size=80)
    heights = 900.5 - 150 * warmth + random.normal(size=80)
    file = tmp_path_factory.mktemp("data") / "heights.csv"
    columns = {"warmth": warmth, "coast": np.where(warmth > 0, "no", "yes"), "height": heights}
    pd.DataFrame(columns).to_csv(file, index=False)
    runs = file.with_name("runs.csv")
    table = benchmark.run(only=[str(file)], seeds=2, epochs=3, budget=6, csv=str(runs))
    return table.assign(runs=len(pd.read_csv(runs)))


def test_each_candidate_has_its_row_with_ratio_and_interval(table):
    assert list(table["candidate"]) == [*benchmark.DEFAULTS, *benchmark.MEASURED]
    assert (table["runs"] == 8).all()
    better = table.loc[table["ratio"] == 1]
    assert set(better["candidate"]) <= set(benchmark.DEFAULTS)
    measured = table[table["candidate"].isin(benchmark.MEASURED)]
    assert (measured["ratio"] < 0.9).all()
    assert (measured["low"] <= measured["high"]).all()
    assert (measured["diverged"] == 0).all()
    assert (measured["fits to find"] > 0).all()


def test_the_report_counts_what_was_won_and_lost(table):
    rows = benchmark.report(table).splitlines()
    assert rows[-1].startswith("tune_optimizer: at most 2 % above the better default on 1 of 1")
    lost = table.assign(ratio=np.where(table["candidate"] == "tune_optimizer", 1.03, 1.0))
    assert "lost: " in benchmark.report(lost)
    assert not benchmark.report(lost).endswith("lost: none.")
    diverged = table.assign(ratio=np.where(table["candidate"] == "tune_optimizer", np.nan, 1.0))
    assert not benchmark.report(diverged).endswith("lost: none.")


def test_losses_below_zero_get_a_ratio_and_an_interval():
    ends = dict(
        zip((*benchmark.DEFAULTS, *benchmark.MEASURED), (-0.4, -0.5, -0.6, -0.45), strict=True)
    )
    noise = {(name, 2): 0.001 * place for place, name in enumerate(ends)}  # the median stays
    rows = [
        {"dataset": "counts", "candidate": name, "seed": seed}
        | {"val_loss": loss - 0.01 * seed - noise.get((name, seed), 0)}
        | {"seconds_to_find": 1.0, "model_fit_seconds": 2.0, "settings": "", "learning_rate": 0.1}
        for name, loss in ends.items()
        for seed in range(3)
    ]
    of = benchmark.summarise(pd.DataFrame(rows)).set_index("candidate")
    assert of["ratio"].to_dict() == pytest.approx(
        {
            "SGD(0.01)": 1.196,
            "Adam(0.001)": 1,
            "find_learning_rate": 0.804,
            "tune_optimizer": 1.098,
        },
        abs=1e-3,
    )
    assert of.loc["Adam(0.001)", ["low", "high"]].isna().all()  # equal to itself in each seed
    others = of.drop("Adam(0.001)")
    assert (others["low"] <= others["ratio"] + 1e-2).all()
    assert (others["ratio"] <= others["high"] + 1e-2).all()
    assert (others["low"] < others["high"]).all()


def test_the_picture_names_the_sets(table):
    axes = benchmark.plot(table)
    assert [label.get_text() for label in axes.get_yticklabels()] == [table["dataset"].iloc[0]]
    plt.close("all")
