"""What will `compile` make of a loss, an optimizer and metrics? Read without compiling."""

from __future__ import annotations

import contextlib
import difflib
import dis
import functools
import inspect
import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.loop.history import as_array
from kerastrain.losses.table import ALIASES, LOSSES
from kerastrain.models.private_names import given_rate, is_keras_loss, loss_options, loss_wrapper

__all__ = ["Loss", "Optimizer", "copy_metric", "nearest", "read_loss", "read_optimizer"]

# Losses by what they want of labels and output, by the table's columns.
CROSSENTROPIES = {name for name, row in LOSSES.items() if row.logits}
ID_LOSSES = {name for name, row in LOSSES.items() if row.form == "ids"}
ID_LOSSES |= {"categorical_generalized_cross_entropy"}  # no row: Keras takes it as an object only
CATEGORICAL = {n for n, r in LOSSES.items() if r.form == "one-hot" and r.activation == "softmax"}
BINARY = {name for name, row in LOSSES.items() if row.form == "flags"}
PROBABILITIES = ID_LOSSES | CATEGORICAL | BINARY
HINGE = {name for name, row in LOSSES.items() if row.form == "signs"}
AMOUNTS = {name for name, row in LOSSES.items() if row.form == "amounts"}


@dataclass(frozen=True)
class Loss:
    """Hold what a loss is, whatever form it was given in.

    Attributes:
        given: As the user wrote it.
        name: The name of Keras' own function, as `"mean_squared_error"`; empty for a user's own.
        keras_loss: The `keras.losses.Loss` that `compile` would make; `None` if there is none.
        options: What differs from the function's defaults, as `{"from_logits": True}`.
        problem: Why Keras cannot take it; empty when it can.
    """

    given: Any
    name: str = ""
    keras_loss: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def from_logits(self) -> bool:
        """Whether it takes raw scores, not probabilities."""
        return bool(self.options.get("from_logits", False))

    @property
    def shown(self) -> str:
        """The loss as a user writes it."""
        if isinstance(self.given, str):
            return repr(self.given)
        name = self.name or getattr(self.given, "__name__", type(self.given).__name__)
        return f"{name}({', '.join(f'{k}={v!r}' for k, v in self.options.items())})"


def read_loss(given: Any, y_shape: tuple[Any, ...] = (), out_shape: tuple[Any, ...] = ()) -> Loss:
    """Resolve a loss as `compile` does: a name, a function, a class or an object.

    Args:
        given: What the user passed for one output.
        y_shape: The labels' shape: `"crossentropy"` is decided by it.
        out_shape: The output's shape.

    Returns:
        What the loss is, or why Keras cannot take it.
    """
    import keras

    if given is None:
        return Loss(None)
    if isinstance(given, str) and given.lower() in ("crossentropy", "ce"):
        given_name = _crossentropy(y_shape, out_shape)
        return Loss(given, given_name, _wrap(keras.losses.get(given_name)))
    try:
        found = keras.losses.get(given)
    except Exception as error:  # whatever a user's class raises when Keras makes one of it
        return Loss(given, problem=str(error).splitlines()[0])
    if found is None or not callable(found):
        return Loss(given, problem="it cannot be called")
    options: dict[str, Any] = {}
    function = found
    if isinstance(found, keras.losses.Loss) and hasattr(found, "fn"):
        if type(found).call is loss_wrapper().call:
            options = loss_options(found)
            function = found.fn
    elif isinstance(found, functools.partial):
        options, function = dict(found.keywords), found.func
    name = getattr(function, "__name__", "")
    name = name if is_keras_loss(function) and hasattr(keras.losses, name) else ""
    return Loss(given, name, _wrap(found), _changed(function, options) if name else {})


def _wrap(found: Any) -> Any:
    """Make a loss object of a function, as `compile` does."""
    import keras

    if isinstance(found, keras.losses.Loss):
        return found
    return loss_wrapper()(found, name="loss")


def _changed(function: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Keep the options that differ from the function's own defaults."""
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
    }
    return {k: v for k, v in options.items() if k not in defaults or (defaults[k] is not v
            and defaults[k] != v)}  # fmt: skip


def _crossentropy(y_shape: tuple[Any, ...], out_shape: tuple[Any, ...]) -> str:
    """Choose as Keras does for `"crossentropy"`: by shapes."""
    if not out_shape or out_shape[-1] == 1:
        return "binary_crossentropy"
    if len(y_shape) < len(out_shape) or (y_shape and y_shape[-1] == 1):
        return "sparse_categorical_crossentropy"
    return "categorical_crossentropy"


def copy_metric(given: Any, y_shape: tuple[Any, ...], out_shape: tuple[Any, ...]) -> Any:
    """Make the metric that `compile` would make, without touching the user's own.

    Args:
        given: A metric as the user wrote it.
        y_shape: The labels' shape: plain 'accuracy' is decided by it.
        out_shape: The output's shape.

    Returns:
        A fresh metric; `None` where Keras can make none.
    """
    import keras

    try:
        if isinstance(given, str) and given.lower() in ("accuracy", "acc"):
            return _accuracy(given, y_shape, out_shape)
        found = keras.metrics.get(given)
        if isinstance(found, keras.metrics.Metric):
            return type(found).from_config(found.get_config())
        return keras.metrics.MeanMetricWrapper(found, name=getattr(found, "__name__", "metric"))
    except Exception:  # a user's own class, or a name that another rule tells of
        return None


def _accuracy(name: str, y_shape: tuple[Any, ...], out_shape: tuple[Any, ...]) -> Any:
    """Choose as Keras does for `"accuracy"`: by shapes."""
    import keras

    kind = {
        "binary_crossentropy": keras.metrics.BinaryAccuracy,
        "sparse_categorical_crossentropy": keras.metrics.SparseCategoricalAccuracy,
        "categorical_crossentropy": keras.metrics.CategoricalAccuracy,
    }[_crossentropy(y_shape, out_shape)]
    return kind(name=name)


@dataclass(frozen=True)
class Optimizer:
    """Hold a copy of the optimizer, for looking at.

    Attributes:
        given: As the user wrote it.
        copy: A fresh optimizer with the same settings; `None` if Keras cannot make one.
        schedule: Its learning rate schedule, if it has one.
        learning_rate: The rate of the first step; NaN when unknown.
        problem: Why Keras cannot take it; empty when it can.
    """

    given: Any
    copy: Any = None
    schedule: Any = None
    learning_rate: float = float("nan")
    problem: str = ""

    @property
    def kind(self) -> str:
        """The class, as `"SGD"` or `"Adam"`; empty without one."""
        return type(self.copy).__name__ if self.copy is not None else ""


def read_optimizer(given: Any) -> Optimizer:
    """Resolve an optimizer as `compile` does, and look at a copy made from its settings."""
    import keras

    try:
        found = keras.optimizers.get(given)
    except Exception as error:  # whatever Keras or a user's class raises
        return Optimizer(given, problem=str(error).splitlines()[0])
    try:
        copied = type(found).from_config(found.get_config())
    except Exception:  # a user's own optimizer without settings: nothing to look at
        return Optimizer(given)
    inner = getattr(copied, "inner_optimizer", copied)
    schedule = given_rate(inner)
    rate = float("nan")
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        rate = float(schedule(0))
    else:
        schedule = None
        own = getattr(getattr(found, "inner_optimizer", found), "learning_rate", None)
        rate = float(as_array(own)) if own is not None else rate
    return Optimizer(given, inner, schedule, rate)


def planned_rates(
    optimizer: Optimizer, callbacks: list[Any], steps: int | None, epochs: Any
) -> NDArray[np.float64]:
    """Add up what schedule and LearningRateScheduler will make of the rate, step by step.

    Args:
        optimizer: As it was read.
        callbacks: Of the training.
        steps: How many steps there will be; `None` if that is not known.
        epochs: How many epochs.

    Returns:
        The rate of each step, at most the first 100 000; empty where it cannot be known.
    """
    import keras

    setters = [c for c in callbacks if isinstance(c, keras.callbacks.LearningRateScheduler)]
    if not steps or not np.isfinite(optimizer.learning_rate):
        return np.empty(0)
    where = np.unique(np.linspace(0, steps - 1, 33).astype(int))
    rate = optimizer.learning_rate
    rates = [rate] * len(where)
    if setters:
        if len(setters) > 1 or optimizer.schedule is not None or not _is_plain(setters[0].schedule):
            return np.empty(0)
        by_epoch = []
        for epoch in range(min(epochs, 1000)):
            rate = _call_scheduler(setters[0].schedule, epoch, rate)
            by_epoch.append(rate)
        rates = [by_epoch[min(step * epochs // steps, len(by_epoch) - 1)] for step in where]
    elif optimizer.schedule is not None:
        rates = [float(optimizer.schedule(int(step))) for step in where]
    return np.asarray(np.interp(np.arange(min(steps, 100_000)), where, rates))


def _is_plain(function: Any) -> bool:
    """Say whether a function can be called without a trace: it keeps and changes nothing."""
    code = getattr(function, "__code__", None)
    kept = ("STORE_GLOBAL", "STORE_DEREF", "STORE_ATTR", "STORE_SUBSCR")
    changing = {"append", "add", "pop", "next", "update", "assign", "write"}
    return code is not None and not changing & set(code.co_names) and not any(
        step.opname in kept for step in dis.get_instructions(code))  # fmt: skip


def _call_scheduler(function: Any, epoch: int, rate: float) -> float:
    """Call a function of the epoch as LearningRateScheduler does; NaN where it fails."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            return float(function(epoch, rate))
        except TypeError:  # it takes the epoch alone
            try:
                return float(function(epoch))
            except Exception:  # whatever a user's function raises, `fit` will raise too
                return float("nan")
        except Exception:
            return float("nan")


@functools.cache
def known_names(registry: str) -> dict[str, str]:
    """List what Keras calls losses, metrics or optimizers, by the name written small."""
    import keras

    module = getattr(keras, registry)
    skip = {"get", "deserialize", "serialize", "Loss", "Metric", "Mean", "Sum", "MeanMetricWrapper",
            "Optimizer", "LossScaleOptimizer", "schedules", "legacy"}  # fmt: skip
    names = {n for n in vars(module) if not n.startswith("_")} - skip
    if registry == "metrics":
        names |= {"accuracy", "mse", "mae"}
    if registry == "optimizers":
        names = {n.lower() for n in names}
    return {_plain(n): n for n in sorted(names, key=lambda n: (n.islower(), n))}


def nearest(name: str, registry: str) -> str:
    """Find the nearest right name in one of Keras' registries; empty if none is near.

    Args:
        name: What the user wrote.
        registry: `"losses"`, `"metrics"` or `"optimizers"`.
    """
    known = known_names(registry)
    short = {**ALIASES, "acc": "accuracy", "cce": "categorical_crossentropy",
             "scce": "sparse_categorical_crossentropy", "f1": "f1_score", "rmse":
             "RootMeanSquaredError", "r2": "r2_score", "iou": "mean_io_u"}  # fmt: skip
    plain = _plain(name)
    if plain in known:
        return known[plain]
    if plain in short and _plain(short[plain]) in known:
        return short[plain]
    if registry == "losses" and plain == "rmse":
        return "mean_squared_error"  # the same minimum; the root is a metric
    near = difflib.get_close_matches(plain, known, n=1, cutoff=0.7)
    return known[near[0]] if near else ""


def _plain(name: str) -> str:
    """Write a name without case, spaces and signs, so that spellings meet."""
    return "".join(c for c in name.lower() if c.isalnum())
