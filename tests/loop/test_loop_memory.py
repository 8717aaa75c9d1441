"""Memory: a file of any size trains within that of a small one, and models are let go."""

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


SPLIT = """
import resource, sys
import keras, numpy as np, kerastrain as kt

rows = int(sys.argv[1])
x = np.random.default_rng(0).random((rows, 100), np.float32)
y = (x[:, 0] > 0.5).astype("int64")
model = keras.Sequential([keras.Input((100,)), keras.layers.Dense(1, "sigmoid")])
kt.train(model, x, y, epochs=1, batch_size=256, validation_split=0.2, verbose=0)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - x.nbytes) / 2**30)
"""


def test_a_training_with_a_split_holds_no_second_copy_of_the_inputs():
    def peak_beside_the_data(rows):
        command = [sys.executable, "-c", SPLIT, str(rows)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout)

    small, large = map(peak_beside_the_data, (800_000, 2_000_000))  # 0.30 and 0.75 GiB
    assert large < small + 0.25  # a copy takes 0.45 more


MANY_MODELS = """
import gc, resource, sys, weakref
import keras, numpy as np, kerastrain as kt

def megabytes():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * resource.getpagesize() / 2**20

x, y = np.ones((64, 8), "float32"), np.ones((64, 1), "float32")
kept, start = [], 0.0
for number in range(int(sys.argv[1])):
    keras.utils.clear_session()
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    kt.fit(model, x, y, epochs=2) if sys.argv[2] == "kt" else model.fit(x, y, epochs=2, verbose=0)
    kept.append(weakref.ref(model))
    del model
    if number == 19:
        gc.collect()
        start = megabytes()
gc.collect()
print((megabytes() - start) / (number - 19), sum(model() is not None for model in kept))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_many_models_cost_little_memory_and_none_is_kept_alive():
    def cost(fit):
        command = [sys.executable, "-c", MANY_MODELS, "60", fit]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        megabytes, alive = done.stdout.split()
        return float(megabytes), int(alive)

    ours, theirs = cost("kt"), cost("keras")
    assert ours[1] == 0
    assert ours[0] < max(3.0, theirs[0])
