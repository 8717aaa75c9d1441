"""What is timed in `recipes.benchmarks.loop`: nine small networks and their data.

This file imports Keras and NumPy only, so that `recipes/benchmarks/peers.py` can use it under other
backends and in other environments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

__all__ = ["WORKLOADS", "Workload", "build"]


@dataclass(frozen=True)
class Workload:
    """Hold one row of the benchmark: what is built, for which loss, on batches of which size."""

    layers: Callable[[], list[Any]]
    loss: str
    batch_size: int = 32
    widths: tuple[int, ...] = ()  # of a plain MLP, for the peers that build their own


def transformer() -> list[Any]:
    """Write one block of attention over 64 tokens."""

    def block(x: Any) -> Any:
        attended = layers.MultiHeadAttention(num_heads=2, key_dim=16)(x, x)
        x = layers.LayerNormalization(epsilon=1e-6)(x + attended)
        hidden = layers.Dense(64, activation="relu")(x)
        return layers.LayerNormalization(epsilon=1e-6)(x + layers.Dense(32)(hidden))

    tokens = keras.Input((64, 32))
    return [
        keras.Input((64,)),
        layers.Embedding(1000, 32),
        keras.Model(tokens, block(tokens)),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    ]


def mlp(*widths: int, head: str) -> Callable[[], list[Any]]:
    """Write dense layers of these widths."""

    def make() -> list[Any]:
        hidden = [layers.Dense(width, activation="relu") for width in widths[1:-1]]
        return [keras.Input((widths[0],)), *hidden, layers.Dense(widths[-1], activation=head)]

    return make


def normed() -> list[Any]:
    """Write an MLP with BatchNorm and Dropout after each hidden layer."""
    hidden: list[Any] = []
    for _ in range(2):
        hidden += [layers.Dense(64, activation="relu")]
        hidden += [layers.BatchNormalization(), layers.Dropout(0.3)]
    return [keras.Input((30,)), *hidden, layers.Dense(1, activation="sigmoid")]


def cnn() -> list[Any]:
    """Write two convolutions for images of 8 by 8 points."""
    return [
        keras.Input((8, 8, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]


def lstm() -> list[Any]:
    """Write one recurrent layer over 32 steps."""
    return [keras.Input((32, 8)), layers.LSTM(32), layers.Dense(1)]


def pooled_tokens() -> list[Any]:
    """Write the mean of word vectors, and an MLP on it."""
    return [
        keras.Input((64,)),
        layers.Embedding(1000, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]


CLASSES, BINARY = "sparse_categorical_crossentropy", "binary_crossentropy"
AUTOENCODER = (64, 32, 8, 32, 64)
WORKLOADS = {
    "iris": Workload(mlp(4, 3, head="softmax"), CLASSES, 16, (4, 3)),
    "regression": Workload(mlp(13, 64, 64, 1, head="linear"), "mse", widths=(13, 64, 64, 1)),
    "wide mlp": Workload(mlp(784, 512, 512, 10, head="softmax"), CLASSES, 128, (784, 512, 512, 10)),
    "norm and dropout": Workload(normed, BINARY),
    "cnn": Workload(cnn, CLASSES),
    "lstm": Workload(lstm, "mse"),
    "embedding": Workload(pooled_tokens, BINARY),
    "transformer": Workload(transformer, BINARY),
    "autoencoder": Workload(mlp(*AUTOENCODER, head="sigmoid"), "mse", widths=AUTOENCODER),
}


def build(name: str, seed: int = 0) -> keras.Model:
    """Build and compile the network of one row, with the weights that the seed decides."""
    keras.utils.set_random_seed(seed)
    workload = WORKLOADS[name]
    model = keras.Sequential(workload.layers())
    model.compile(keras.optimizers.Adam(1e-3), workload.loss)
    return model


def random_data(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Draw data for a row that needs sizes which no sample data set has."""
    rng = np.random.default_rng(0)
    if name == "wide mlp":
        return rng.random((4096, 784), np.float32), rng.integers(0, 10, 4096)
    if name == "regression":
        x = rng.normal(size=(2000, 13)).astype(np.float32)
        return x, np.tanh(x @ rng.normal(size=(13, 1))).astype(np.float32)
    if name == "lstm":
        x = rng.normal(size=(1024, 32, 8)).astype(np.float32)
        return x, x.mean(axis=(1, 2), keepdims=False)[:, None]
    rows = {"embedding": 2048, "transformer": 512}[name]
    tokens = rng.integers(0, 1000, (rows, 64)).astype(np.int32)
    return tokens, (tokens < 500).mean(axis=1).round()[:, None].astype(np.float32)
