"""What worker processes are sent: they import it from here, as they would from a user's module."""

import os
import signal
from pathlib import Path

import keras
from forced_xla import compile_as_on_a_gpu

MARK = "KERASTRAIN_TEST_MARK"  # names a file that says how often a worker has died

compile_as_on_a_gpu()


def build(choice):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Dropout(0.2),
            layers.Flatten(),
            *choice.last_layers(),
        ]
    )


def die(choice, times):
    path = Path(os.environ[MARK])
    deaths = len(path.read_text()) if path.exists() else 0
    if choice.loss == "mean_squared_error" and deaths < times:
        path.write_text("x" * (deaths + 1))
        os.kill(os.getpid(), signal.SIGKILL)
    return build(choice)


def die_once(choice):
    return die(choice, 1)


def die_of_the_first(choice):
    return die(choice, 2)
