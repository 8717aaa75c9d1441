"""A model that a strategy of TensorFlow mirrors is trained as by model.fit, and told of as ever."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.tensorflow, pytest.mark.process]

MIRRORED = """
import tensorflow as tf
[cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras, numpy as np, kerastrain as kt
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
names = np.where(x[:, 0] > 0, "yes", "no")
parts = (x[:48], names[:48]), (x[48:], names[48:])

def made(units=1):
    keras.utils.set_random_seed(1)
    with strategy.scope():
        last = keras.layers.Dense(units, "sigmoid" if units == 1 else "softmax")
        return keras.Sequential([keras.Input((4,)), last])

plain = made()
with strategy.scope():
    plain.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
as_numbers = [(a, (b == "yes").astype("float32")) for a, b in parts]
settings = {"epochs": 3, "batch_size": 16, "shuffle": False, "verbose": 0}
expected = plain.fit(*as_numbers[0], validation_data=as_numbers[1], **settings).history
with strategy.scope():
    optimizer = kt.adam(0.01)
    inside = kt.train(made(), *parts[0], optimizer="adam", seed=0, **settings)
assert kt.train(made(), *parts[0], optimizer="adam", seed=0, **settings).history["loss"].equals(
    inside.history["loss"]
)
run = kt.train(
    made(), *parts[0], validation_data=parts[1], optimizer=optimizer, seed=0, **settings
)
assert run.loss.loss == "binary_crossentropy" and list(run.classes) == ["no", "yes"], run.loss
assert "distribution" in run.history.attrs["loop"], run.history.attrs
columns = ["epoch", "split", "loss", "accuracy", "learning_rate", "seconds"]
assert list(run.history.columns) == columns, run.history.columns
for split, name in (("train", ""), ("val", "val_")):
    rows = run.history[run.history["split"] == split]
    for column in ("loss", "accuracy"):
        assert np.allclose(rows[column], expected[name + column], rtol=1e-6, atol=0), (split, rows)
for mine, theirs in zip(run.model.get_weights(), plain.get_weights(), strict=True):
    assert mine.tolist() == theirs.tolist()
assert set(run.predict(x)) <= {"no", "yes"}
try:
    kt.train(made(3), *parts[0], verbose=0)
except kt.KerastrainError as error:
    assert "(n, 3)" in str(error), error
else:
    raise AssertionError("a last layer of three units for two classes")
"""


def test_a_mirrored_model_is_trained_as_by_model_fit_with_choice_checks_and_tidy_history():
    subprocess.run([sys.executable, "-c", MIRRORED], check=True)
