"""Data larger than memory: a file of any size trains within the memory of a small one."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

# Peak memory is one number a process, so each size has a process of its own.
SCRIPT = """
import resource, sys, time
import keras, numpy as np, kerastrain as kt

rows, file = int(sys.argv[1]), sys.argv[2]
np.lib.format.open_memmap(file, "w+", np.float32, (rows, 1024))  # sparse: takes no disk
x = np.load(file, mmap_mode="r")
y = np.zeros((rows, 1), np.float32)
model = keras.Sequential([keras.Input((1024,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
begin = time.perf_counter()
kt.fit(model, x, y, batch_size=1024)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, time.perf_counter() - begin)
"""


def peak_megabytes(rows, tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(rows), str(tmp_path / f"{rows}.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0])


def test_a_memmap_of_8_gb_needs_less_than_1_gb_more_than_a_tenth_of_it(tmp_path):
    small, large = (peak_megabytes(rows, tmp_path) for rows in (200_000, 2_000_000))
    assert large < small + 1024
