"""The label benchmark on few rows: that it measures, not how fast."""

import pytest

from recipes import benchmark_labels

pytestmark = pytest.mark.process


def test_the_benchmark_measures_time_memory_and_imports():
    table = benchmark_labels.run(rows=2_000_000, repeats=1)
    assert {"look", "memory", "import"} <= set(table["kind"])
    assert (table["median"] > -1).all()
    peaks = table.loc[table["kind"] == "memory", "median"]
    assert peaks.iloc[1] == pytest.approx(peaks.iloc[0], rel=0.2)  # it does not grow with the rows
    assert "times as long as np.bincount" in benchmark_labels.report(table)
    assert benchmark_labels.plot(table).get_xlabel().startswith("time")
