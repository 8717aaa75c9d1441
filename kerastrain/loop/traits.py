"""What does a model bring to its training?  Steps, layers and metrics of Keras' own, or others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

__all__ = [
    "all_layers",
    "has_plain_metrics",
    "has_plain_steps",
    "is_built_of_keras",
    "make_variables",
]


def all_layers(model: keras.Model) -> Iterable[Any]:
    """Give the layers of a model and of the models in it."""
    for layer in model.layers:
        yield layer
        yield from all_layers(layer) if hasattr(layer, "layers") else ()


def make_variables(model: keras.Model, step: Callable[..., Any], specs: list[Any]) -> None:
    """Make the variables that a built model still lacks: those of metrics and of the optimizer.

    A trace in which variables are made has to be made twice, which costs as much as some epochs.
    In a stateless scope a step only looks as if it were made: no variable changes, neither weights
    nor the state of random generators.
    """
    import keras
    import tensorflow as tf

    with keras.StatelessScope([(variable, variable.value) for variable in model.variables]):
        tf.function(step, autograph=False).get_concrete_function(*specs)
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def has_plain_steps(model: keras.Model) -> bool:
    """Tell whether a model computes its steps as Keras does, and nothing of its own."""
    import keras

    names = ("train_step", "test_step", "compute_metrics", "reset_metrics", "get_metrics_result")
    return all(
        getattr(getattr(model, name), "__func__", None) is getattr(keras.Model, name)
        for name in names
    )


def is_built_of_keras(model: keras.Model) -> bool:
    """Tell whether all layers are Keras' own and have their weights."""
    return all(
        layer.built and type(layer).__module__.startswith("keras.")
        for layer in (model, *all_layers(model))
    )


def has_plain_metrics(model: keras.Model) -> bool:
    """Tell whether all that a model's metrics know lies in variables, as in those of Keras."""
    metrics = [part for one in model.metrics for part in (one, *getattr(one, "metrics", ()))]
    return all(type(metric).__module__.startswith("keras.") for metric in metrics)
