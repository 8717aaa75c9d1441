"""Real trainings of known cause, and healthy ones: what the verdict is measured on.

Each set-up is a data set, the layers, and the arguments of `train`; the seed decides the split, the
initial weights and the order of rows. The cause is what was done to the set-up, not what the
verdict says of it.
"""

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

import kerastrain as kt


@dataclass(frozen=True)
class Training:
    """One training: what is trained, and why it goes wrong; `cause` is "" where it does not."""

    cause: str
    data: str
    hidden: tuple[Any, ...] = (32,)
    optimizer: Any = None
    epochs: int = 30
    unit: bool = True  # the last layers give the unit of numeric targets
    shuffled: bool = False  # the labels belong to other rows
    raw: bool = False  # the inputs are not scaled
    rows: int | None = None
    bias: float = 0.0  # where the hidden layers start
    penalty: float = 0.0
    rare: float | None = None  # the share of the second class that is left
    arguments: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        how = self.optimizer if isinstance(self.optimizer, str) else ""
        return f"{self.cause or 'healthy'}-{self.data}-{len(self.hidden)}{how}"

    def run(self, seed: int) -> kt.TrainingRun:
        """Train."""
        data = kt.load_dataset(self.data)
        random = np.random.default_rng(seed)
        x, y = np.asarray(data.x, "float32"), data.y
        if not self.raw:
            x = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-9)
        order = random.permutation(len(x))[: self.rows]
        if self.rare is not None:
            classes, counts = np.unique(np.asarray(y), return_counts=True)
            other = np.asarray(y)[order] == classes[counts.argmin()]
            keep = ~other | (np.cumsum(other) <= self.rare * (~other).sum())
            order = order[keep]
        x, y = x[order], y.iloc[order] if hasattr(y, "iloc") else y[order]
        if self.shuffled:
            y = y.iloc[random.permutation(len(y))] if hasattr(y, "iloc") else random.permutation(y)

        def build(choice: Any) -> Any:
            layers = [
                layer(part, self.bias, self.penalty) if not callable(part) else part()
                for part in self.hidden
            ]
            ends = choice.last_layers()
            return keras.Sequential([keras.Input(x.shape[1:]), *layers, *ends[: 1 + self.unit]])

        given: dict[str, Any] = {"validation_split": 0.25, "verbose": 0, **self.arguments}
        optimizer = self.optimizer() if callable(self.optimizer) else self.optimizer
        return kt.train(
            build,
            x,
            y,
            optimizer=optimizer,
            epochs=self.epochs,
            seed=seed,
            task=data.task,
            check="off",
            **given,
        )


def layer(units: int, bias: float, penalty: float) -> Any:
    return keras.layers.Dense(
        units,
        "relu",
        bias_initializer=keras.initializers.Constant(bias),
        kernel_regularizer=keras.regularizers.L2(penalty) if penalty else None,
    )


def dropout(share: float) -> Any:
    return lambda: keras.layers.Dropout(share)


def adam(rate: float) -> Any:
    return lambda: keras.optimizers.Adam(rate)


def sgd(rate: float) -> Any:
    return lambda: keras.optimizers.SGD(rate)


PATIENT = {"patience": 10}

FAULTY = [
    Training("rate-too-low", "fuel", unit=False, epochs=10),
    Training("rate-too-low", "penguin_mass", unit=False, epochs=10),
    Training("rate-too-low", "engel", (64,), unit=False, epochs=10),
    Training("rate-too-low", "digits", (64,), sgd(1e-5), 10),
    Training("rate-too-low", "wine", (32,), keras.optimizers.Adadelta, 10),
    Training("rate-too-low", "iris", (16,), adam(1e-5), 15),
    Training("rate-too-high", "digits", (64,), adam(1.0), 15),
    Training("rate-too-high", "rain", (64,), adam(1.0), 15),
    Training("rate-too-high", "fuel", (64, 64), adam(2.0), 20),
    Training("rate-too-high", "penguin_mass", (64, 64), adam(2.0), 20),
    Training("rate-too-high", "party", (64,), adam(1.0), 15),
    Training("rate-too-high", "weather", (64, 64), adam(1.0), 15),
    Training("diverged", "fuel", (64,), sgd(0.5), 5, unit=False),
    Training("diverged", "penguin_mass", (64,), sgd(0.1), 5, unit=False),
    Training("diverged", "diamonds", (64, 64), sgd(0.01), 5, unit=False),
    Training("diverged", "engel", (64,), sgd(0.1), 5, unit=False),
    Training("diverged", "weather", (64, 64), sgd(30.0), 5, unit=False),
    Training("overfits", "rain", (256, 256), adam(1e-3), 40),
    Training("overfits", "party", (128,), adam(3e-3), 60, rows=400),
    Training("overfits", "party", (256, 256), adam(1e-3), 60),
    Training("overfits", "liver", (256, 256), adam(2e-3), 60),
    Training("overfits", "rain", (128,), adam(3e-3), 80, rows=500),
    Training("underfits", "digits", (1,), adam(1e-2), 40),
    Training("underfits", "digits", (64, dropout(0.97)), adam(3e-3), 30),
    Training("underfits", "penguins", (32,), adam(1e-2), 80, penalty=30.0),
    Training("underfits", "wine", (32,), adam(1e-2), 40, penalty=30.0),
    Training("underfits", "fuel", (16, dropout(0.95)), adam(1e-2), 60),
    Training("still-falling", "digits", (32,), adam(1e-3), 3),
    Training("still-falling", "penguins", (16,), adam(1e-3), 8),
    Training("still-falling", "wine", (16,), adam(1e-3), 8),
    Training("still-falling", "fuel", (32,), adam(1e-3), 5),
    Training("still-falling", "breast_cancer", (16,), adam(1e-3), 3),
    Training("knows-nothing", "iris", (16,), adam(1e-2), 30, shuffled=True),
    Training("knows-nothing", "breast_cancer", (32,), adam(1e-3), 30, shuffled=True),
    Training("knows-nothing", "fuel", (32,), adam(1e-2), 30, shuffled=True),
    Training("knows-nothing", "digits", (32,), adam(1e-3), 30, shuffled=True),
    Training("knows-nothing", "diamonds", (32,), adam(1e-3), 15, shuffled=True),
    Training("one-class", "rain", (32,), adam(1e-4), 10, rare=0.04),
    Training("one-class", "breast_cancer", (8,), sgd(1e-3), 10, rare=0.05),
    Training("one-class", "breast_cancer", (16,), sgd(0.1), 20, raw=True),
    Training("dead-units", "digits", (64, 64), adam(1e-3), 20, bias=-30.0),
    Training("dead-units", "wine", (32, 32), adam(1e-3), 30, bias=-20.0),
    Training("dead-units", "fuel", (32, 32), adam(1e-3), 30, bias=-20.0),
]

HEALTHY = [
    Training("", "iris", (16,), adam(1e-2), 60),
    Training("", "penguins", (32,), adam(3e-3), 40),
    Training("", "wine", (32,), "auto", 20),
    Training("", "digits", (64,), adam(1e-3), 20),
    Training("", "digits", (128, dropout(0.3)), adam(2e-3), 30),
    Training("", "breast_cancer", (32,), adam(1e-3), 30),
    Training("", "fuel", (64,), adam(3e-3), 60),
    Training("", "penguin_mass", (32,), adam(3e-3), 80, arguments=PATIENT),
    Training("", "diamonds", (64, 64), "auto", 15),
    Training("", "weather", (64,), "auto", 15, arguments={"patience": 4}),
    Training("", "rain", (16,), adam(1e-3), 60, arguments=PATIENT),
    Training("", "doctor_visits", (32,), adam(1e-3), 30, arguments=PATIENT),
    Training("", "liver", (32,), adam(1e-3), 100, arguments=PATIENT),
    Training("", "party", (32,), adam(1e-3), 60, arguments=PATIENT),
    Training("", "engel", (16,), adam(1e-2), 80, arguments=PATIENT),
    Training("", "fuel", (), adam(3e-2), 60),
]
