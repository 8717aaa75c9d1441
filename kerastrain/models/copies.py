"""How is a Keras model copied, and how can its layers be read, so that nothing notices?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from kerastrain.models.private_names import (
    flat_layers,
    output_tensors,
    stack_of,
    states_of,
    twin_of,
)

__all__ = [
    "fresh_model",
    "has_graph",
    "has_own_step",
    "layers_of",
    "looked_at",
    "output_names",
    "unfolded",
]


def has_own_step(model: Any) -> bool:
    """Say whether the model trains in a way of its own, so that `compile` does not tell all."""
    import keras

    names = ("train_step", "compute_loss", "fit", "compile", "compute_metrics")
    return any(getattr(type(model), n, None) is not getattr(keras.Model, n) for n in names)


def has_graph(model: Any) -> bool:
    """Say whether a model is a graph of layers that Keras knows: Sequential or functional."""
    return output_tensors(model) is not None


def layers_of(model: Any) -> Iterator[Any]:
    """Walk over the layers in order, into nested models too."""
    for layer in getattr(model, "layers", ()):
        if getattr(layer, "layers", None):
            yield from layers_of(layer)
        else:
            yield layer


def output_names(model: Any, count: int) -> list[str]:
    """Name the outputs as Keras does in its history."""
    names = list(getattr(model, "output_names", None) or [])
    return names if len(names) == count else [f"output_{i}" for i in range(count)]


def looked_at(model: Any, batch: Any) -> tuple[Any, Exception | None]:
    """Give a model with weights to look at: itself if it is built, else a built likeness.

    Args:
        model: Never changed.
        batch: Inputs to build the likeness on.

    Returns:
        The model, the likeness, or `None` where there is none; then also what building it raised,
        if that tells of the inputs and not of a class that cannot be copied.
    """
    if model.built and all(layer.built for layer in layers_of(model)):
        return model, None
    try:
        likeness = fresh_model(model, keep_built=True)
    except Exception:  # a user's own class may refuse in any way; then it is not looked at
        return None, None
    try:
        if not all(layer.built for layer in layers_of(likeness)) or not likeness.built:
            with _states_kept(model):
                _build(likeness, batch)
    except Exception as raised:  # with Keras' own layers `fit` would raise it too
        parts = [likeness, *layers_of(likeness)]
        own = any(not type(part).__module__.startswith("keras.") for part in parts)
        return None, None if own else raised
    return likeness, None


def fresh_model(model: Any, *, keep_built: bool = False) -> Any:
    """Make a fresh model like another.

    A subclass is copied attribute by attribute: the configuration that Keras writes for it
    holds the defaults of its constructor, not what it was called with.

    Args:
        model: Never changed.
        keep_built: Whether layers that have weights or were adapted stay as they are. They are
            then shared, for a model that is only looked at.
    """
    import keras

    def fresh(value: Any) -> Any:
        if not isinstance(value, keras.layers.Layer):
            return value
        if keep_built and (value.built or hasattr(value, "adapt")):
            return twin_of(value)
        if isinstance(value, keras.Model):
            return fresh_model(value, keep_built=keep_built)
        return type(value).from_config(value.get_config())

    if keep_built and type(model) is keras.Sequential:
        return keras.Sequential([fresh(layer) for layer in stack_of(model)])
    own = type(model).get_config is keras.Model.get_config
    if not own or isinstance(model, keras.Sequential):
        return type(model).from_config(model.get_config())
    plain = keras.Model()
    plain.compile()  # a compiled model has attributes more, none of them its layers
    clone: Any = object.__new__(type(model))
    keras.Model.__init__(clone)
    for name, value in vars(model).items():
        if name not in vars(plain):
            setattr(clone, name, keras.tree.map_structure(fresh, value))
    return clone


def _build(likeness: Any, batch: Any) -> None:
    """Make the weights of a model: from shapes alone, else by running it."""
    import keras

    try:
        likeness(keras.tree.map_structure(_placeholder, batch))
    except Exception:  # a user's `call` that needs values; what fails twice is told
        likeness(batch)


def _placeholder(part: Any) -> Any:
    """Stand in for an array: its shape and type."""
    import keras

    text = np.dtype(part.dtype).kind in "OSUT"
    kind = "string" if text else keras.backend.standardize_dtype(part.dtype)
    return keras.Input(part.shape[1:], dtype=kind)


@contextmanager
def _states_kept(model: Any) -> Iterator[None]:
    """Put states and seeds of a model's layers back, which its likeness shares."""
    states = [v for layer in flat_layers(model) if layer.built for v in states_of(layer)]
    before = [np.array(state) for state in states]
    try:
        yield
    finally:
        for state, value in zip(states, before, strict=True):
            state.assign(value)


def unfolded(model: Any, batch: Any) -> Any:
    """Write a subclassed model as a graph of its layers, so that its end can be read.

    The layers of the graph are twins: the user's own do not notice.

    Args:
        model: A model with weights.
        batch: Inputs, for their shapes.

    Returns:
        A functional model; `None` where `call` does more than Keras' layers and operations.
    """
    import inspect

    import keras

    try:
        likeness = fresh_model(model, keep_built=True)
        inputs = keras.tree.map_structure(_placeholder, batch)
        named = inspect.signature(likeness.call).parameters
        told = {"training": True} if "training" in named else {}
        return keras.Model(inputs, likeness.call(inputs, **told))
    except Exception:  # a user's own code may refuse in any way; then its values must do
        return None
