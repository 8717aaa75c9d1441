"""summarize: one pass, block by block, held against NumPy on the whole array."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from kerastrain.arrays.summary import BLOCK, Places, describe_places, summarize
from kerastrain.labels.inspection import inspect_labels

RNG = np.random.default_rng(0)
SEVERAL_BLOCKS = 3 * BLOCK + 17
COLUMNS = {
    "ids": RNG.integers(0, 10, SEVERAL_BLOCKS),
    "bytes": RNG.integers(0, 256, SEVERAL_BLOCKS).astype(np.uint8),
    "bools": RNG.random(SEVERAL_BLOCKS) < 0.3,
    "whole floats": RNG.integers(-5, 5, SEVERAL_BLOCKS).astype(np.float32),
    "half precision": RNG.integers(0, 9, SEVERAL_BLOCKS).astype(np.float16),
    "fractions": RNG.integers(0, 99, SEVERAL_BLOCKS) / 8,
    "years": RNG.integers(1990, 2020, SEVERAL_BLOCKS),
    "far apart": RNG.choice([-(2**60), 3, 2**60], SEVERAL_BLOCKS),
    "first near, then far": np.concatenate([np.arange(BLOCK) % 7, [10**9, 5, 10**9]]),
    "first low, then negative": np.concatenate([np.arange(BLOCK) % 7, [-3, -3, 4]]),
    "beyond 63 bits": np.array([2**64 - 1, 5, 2**64 - 1], dtype=np.uint64),
    "whole and huge": np.array([1e300, 1.0, 1e300]),
    "other byte order": RNG.integers(0, 10, 99).astype(">i4"),
    "a table": RNG.integers(0, 3, (99, 4)),
}


@pytest.mark.parametrize("array", COLUMNS.values(), ids=COLUMNS)
def test_values_and_counts_are_those_of_numpy(array):
    seen = summarize(array, labels=True)
    values, counts = np.unique(array, return_counts=True)
    assert seen.values.tolist() == values.tolist()
    assert seen.times.tolist() == counts.tolist()
    assert (seen.low, seen.high) == (array.min(), array.max())
    assert seen.different == len(values)
    assert seen.whole == bool((array == np.rint(array)).all() if array.dtype.kind == "f" else True)


def test_text_is_counted_over_all_blocks():
    array = np.array(["a", "b"], dtype=object)[np.arange(SEVERAL_BLOCKS) % 2]
    seen = summarize(array, labels=True)
    assert dict(zip(seen.values, seen.times, strict=True)) == {
        "a": (SEVERAL_BLOCKS + 1) // 2,
        "b": SEVERAL_BLOCKS // 2,
    }


def test_too_many_values_are_no_longer_told_apart():
    seen = summarize(RNG.normal(size=SEVERAL_BLOCKS), labels=True)
    assert seen.values is None
    assert seen.different <= seen.counted == BLOCK


def test_missing_rows_are_found_in_later_blocks():
    array = np.zeros(SEVERAL_BLOCKS)
    array[[5, BLOCK + 1, 3 * BLOCK]] = np.nan
    array[7] = np.inf
    seen = summarize(array, labels=True)
    assert (seen.missing_at.first, seen.missing_at.rows) == ((5, BLOCK + 1, 3 * BLOCK), 3)
    assert (seen.infinite_at.first, seen.infinite, seen.first_bad) == ((7,), 1, 5)


def test_sums_of_rows_and_columns_are_exact():
    array = np.eye(4, dtype=np.float16)[RNG.integers(0, 4, BLOCK)]
    seen = summarize(array, labels=True)
    assert seen.sum_range == (1.0, 1.0)
    assert seen.column_sums.tolist() == array.sum(axis=0, dtype=float).tolist()


def test_the_rows_are_spread_evenly_over_all_blocks():
    array = np.arange(SEVERAL_BLOCKS) + 0.5
    rows = summarize(array).rows
    assert len(rows) == 4096
    assert np.ptp(np.diff(rows)) <= 1
    assert np.median(rows) == pytest.approx(np.median(array), rel=1e-3)


def test_a_missing_value_is_found_by_row_and_column_and_the_rest_is_still_described():
    table = np.arange(12.0).reshape(4, 3)
    table[[2, 3], [1, 0]] = np.nan
    seen = summarize(table, "x")
    assert seen.missing_at == Places(count=2, rows=2, first=(2, 3), column=1)
    assert (seen.low, seen.high, seen.whole) == (0, 11, True)


def test_fractions_of_inputs_are_not_counted_and_whole_numbers_are():
    assert summarize(np.array([0.5, 1.5])).values is None
    assert summarize(np.array([2.0, 7.0, 2.0])).counts == {2: 2, 7: 1}


def pages_of_files() -> int:
    """Count the bytes of files that this process keeps in memory; 0 where Linux does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssFile"))


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_a_file_is_looked_at_block_by_block_and_not_changed(tmp_path, mode):
    rows = RNG.integers(0, 10, 2_000_000).astype(np.int64)
    path = tmp_path / "labels.npy"
    np.save(path, rows)
    labels = np.load(path, mmap_mode=mode)
    if mode != "r":
        labels[:5] = 3  # in memory only for "c": looking must not lose it
    inspect_labels(labels[:1000])  # imports and caches stand aside
    before = pages_of_files()
    tracemalloc.start()
    found = inspect_labels(labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.num_classes == 10
    after = pages_of_files()
    assert peak < 4 * BLOCK * 8 < rows.nbytes / 3
    assert mode == "c" or after - before < rows.nbytes / 3  # copies in memory cannot be dropped
    assert labels[:5].tolist() == (rows[:5].tolist() if mode == "r" else [3] * 5)


@pytest.mark.parametrize(
    ("places", "names", "text"),
    [
        (Places(1, 1, (3,)), None, "row 3 (1 of 1,000)"),
        (Places(2, 2, (3, 4)), None, "rows 3 and 4 (2 of 1,000)"),
        (Places(3, 3, (1, 2, 3)), None, "rows 1, 2 and 3 (3 of 1,000)"),
        (Places(400, 400, (1, 2)), None, "rows 1, 2, … (400 of 1,000)"),
        (Places(1, 1, (3,), column=1), ["age", "sex"], "row 3 (1 of 1,000), column 'sex'"),
        (Places(9, 2, (3, 7), column=1), None, "rows 3 and 7 (2 of 1,000), first in column 1"),
    ],
)
def test_places_are_named_as_in_a_sentence(places, names, text):
    assert describe_places(places, 1000, names) == text
