# mypy: disable-error-code="import-not-found,misc"
"""Time other libraries on the benchmark's networks.

Run it as `python recipes/benchmarks/peers.py PEER FOLDER`. It runs in a process of its own, perhaps
of another environment, and needs neither kerastrain nor TensorFlow. FOLDER holds the data, one file
a workload. Each line of the output is one workload.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

EPOCHS, TURNS = 6, 5


def median_epoch(epoch: Callable[[], Any]) -> float:
    """Time an epoch, after some to warm up."""
    seconds = []
    for turn in range(TURNS * EPOCHS + 2):
        begin = time.perf_counter()
        epoch()
        if turn >= 2:
            seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds))


def time_keras(name: str, x: Any, y: Any) -> float:
    """Time `model.fit` on the backend that the environment names."""
    import keras
    from workloads import WORKLOADS, build

    seconds: list[float] = []
    begin = [0.0]

    def start(epoch: int, logs: Any) -> None:
        begin[0] = time.perf_counter()

    def stop(epoch: int, logs: Any) -> None:
        seconds.append(time.perf_counter() - begin[0])

    clock = keras.callbacks.LambdaCallback(on_epoch_begin=start, on_epoch_end=stop)
    build(name).fit(
        x,
        y,
        epochs=TURNS * EPOCHS // 2,
        verbose=0,
        callbacks=[clock],
        batch_size=WORKLOADS[name].batch_size,
    )
    return float(np.median(seconds[2:]))


def time_sklearn(name: str, x: Any, y: Any) -> float | None:
    """Time MLPClassifier and MLPRegressor, which have plain MLPs only."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from workloads import CLASSES, WORKLOADS

    work = WORKLOADS[name]
    if not work.widths:
        return None
    kind = MLPClassifier if work.loss == CLASSES else MLPRegressor
    warnings.simplefilter("ignore", ConvergenceWarning)
    patient = {"tol": 0.0, "n_iter_no_change": 10**6, "alpha": 0.0}
    target = y.ravel() if y.shape[-1] == 1 else y

    def seconds(epochs: int) -> float:
        model = kind(
            hidden_layer_sizes=work.widths[1:-1],
            batch_size=work.batch_size,
            max_iter=epochs,
            **patient,
        )
        begin = time.perf_counter()
        model.fit(x, target)
        return time.perf_counter() - begin

    seconds(1)
    return float(np.median([(seconds(11) - seconds(1)) / 10 for _ in range(TURNS)]))


def torch_network(name: str) -> Any:
    """Write the network of a row in PyTorch; it ends in logits where the loss wants them."""
    from torch import nn
    from workloads import WORKLOADS

    widths = WORKLOADS[name].widths
    if widths:
        parts: list[Any] = []
        for before, after in pairwise(widths):
            parts += [nn.Linear(before, after), nn.ReLU()]
        return nn.Sequential(*parts[:-1], *([nn.Sigmoid()] if name == "autoencoder" else []))
    return nn.Sequential(*torch_layers()[name]())


def torch_layers() -> dict[str, Callable[[], list[Any]]]:
    """Write the layers of the rows that are no plain MLP."""
    from torch import nn

    class Take(nn.Module):
        """Take the mean over the tokens, or the last turn of a recurrent layer."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

        def forward(self, x: Any) -> Any:
            return x.mean(1) if self.what == "mean" else x[0][:, -1]

    class Block(nn.Module):
        """Attend, add, normalize; a dense pair, add, normalize."""

        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(32, 2, batch_first=True)
            self.dense = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32))
            self.first, self.second = nn.LayerNorm(32), nn.LayerNorm(32)

        def forward(self, x: Any) -> Any:
            x = self.first(x + self.attention(x, x, x, need_weights=False)[0])
            return self.second(x + self.dense(x))

    def normed(before: int) -> list[Any]:
        return [nn.Linear(before, 64), nn.ReLU(), nn.BatchNorm1d(64), nn.Dropout(0.3)]

    def cnn() -> list[Any]:
        first = [nn.Flatten(), nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 16, 3, padding=1)]
        second = [nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU()]
        return [*first, *second, nn.Flatten(), nn.Linear(512, 10)]

    def embedding() -> list[Any]:
        head = [nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1)]
        return [nn.Embedding(1000, 16), Take("mean"), *head]

    return {
        "norm and dropout": lambda: [*normed(30), *normed(64), nn.Linear(64, 1)],
        "cnn": cnn,
        "lstm": lambda: [nn.LSTM(8, 32, batch_first=True), Take("last"), nn.Linear(32, 1)],
        "embedding": embedding,
        "transformer": lambda: [nn.Embedding(1000, 32), Block(), Take("mean"), nn.Linear(32, 1)],
    }


def time_torch(name: str, x: Any, y: Any) -> float:
    """Time a plain PyTorch loop. One thread: two fight over two cores and are many times slower."""
    import torch
    from torch import nn
    from workloads import BINARY, CLASSES, WORKLOADS

    torch.set_num_threads(1)
    work = WORKLOADS[name]
    losses = {CLASSES: nn.CrossEntropyLoss(), BINARY: nn.BCEWithLogitsLoss(), "mse": nn.MSELoss()}
    loss_of = losses[work.loss]
    inputs, targets = torch.tensor(x), torch.tensor(y)
    if work.loss == BINARY:
        targets = targets.reshape(-1, 1).float()
    network = torch_network(name)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, fused=True)

    def epoch() -> float:
        total = torch.zeros(())
        for rows in torch.randperm(len(inputs)).split(work.batch_size):
            optimizer.zero_grad()
            loss = loss_of(network(inputs[rows]), targets[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return float(total)

    return median_epoch(epoch)


def time_jax_scan(name: str, x: Any, y: Any) -> float | None:
    """Time a hand-written epoch of plain MLPs: one compiled `jax.lax.scan`. It is the floor."""
    import jax
    import jax.numpy as jnp
    from workloads import CLASSES, WORKLOADS

    work = WORKLOADS[name]
    if not work.widths:
        return None
    rng = np.random.default_rng(0)
    pairs = zip(work.widths, work.widths[1:], strict=False)
    weights = [
        (jnp.array(rng.normal(0, n**-0.5, (n, m)), "float32"), jnp.zeros(m)) for n, m in pairs
    ]
    zeros = jax.tree.map(jnp.zeros_like, weights)
    batches = len(x) // work.batch_size
    inputs, targets = jnp.array(x), jnp.array(y)

    def loss_of(weights: Any, x: Any, y: Any) -> Any:
        for kernel, bias in weights[:-1]:
            x = jax.nn.relu(x @ kernel + bias)
        out = x @ weights[-1][0] + weights[-1][1]
        if work.loss == CLASSES:
            return -jnp.take_along_axis(jax.nn.log_softmax(out), y[:, None], 1).mean()
        return ((jax.nn.sigmoid(out) if name == "autoencoder" else out) - y).__pow__(2).mean()

    def step(state: Any, rows: Any) -> Any:
        weights, first, second, count = state
        loss, slope = jax.value_and_grad(loss_of)(weights, inputs[rows], targets[rows])
        count += 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        weights = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, first, second
        )
        return (weights, first, second, count), loss

    whole = jax.jit(lambda state, order: jax.lax.scan(step, state, order))
    state = (weights, zeros, zeros, jnp.zeros((), "float32"))

    def epoch() -> float:
        nonlocal state
        order = rng.permutation(len(x))[: batches * work.batch_size].reshape(batches, -1)
        state, losses = whole(state, order)
        return float(losses.mean())

    return median_epoch(epoch)


TIMERS = {
    "keras-jax": time_keras,
    "keras-torch": time_keras,
    "torch": time_torch,
    "sklearn": time_sklearn,
    "jax-scan": time_jax_scan,
}

if __name__ == "__main__":
    peer, folder = sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).parent))
    if peer == "keras-torch":
        import torch

        torch.set_num_threads(1)
    for file in sorted(Path(folder).glob("*.npz")):
        data = np.load(file)
        took = TIMERS[peer](file.stem, data["x"], data["y"])
        if took is not None:
            print(json.dumps({"workload": file.stem, "ms": 1000 * took}), flush=True)
