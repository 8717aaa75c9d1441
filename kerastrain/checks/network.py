"""What does a model do to a batch? One forward and gradient pass that nothing notices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Pass",
    "fresh_model",
    "has_graph",
    "has_own_step",
    "layers_of",
    "looked_at",
    "output_names",
    "run_once",
    "unfolded",
]

ROWS = 16
NUMBERS = 1 << 20  # numbers in the batch at most, so that wide inputs get fewer rows
STEPS = 24  # steps of time, over all layers, beyond which an eager run costs more than it tells


@dataclass(frozen=True)
class Pass:
    """Hold what one pass over a small batch showed.

    Attributes:
        outputs: What each output gave, in the model's order.
        from_logits: Whether the logits still hang on each output, where Keras' losses find them.
        losses: The loss of each output; NaN where there is none.
        gradients: The gradient of each trainable variable; `None` where none arrives.
        variables: Those variables.
        stage: How far it came: `"forward"`, `"loss"`, `"gradient"` or `"done"`.
        error: What was raised at that stage.
    """

    outputs: tuple[NDArray[Any], ...] = ()
    from_logits: tuple[bool, ...] = ()
    losses: tuple[float, ...] = ()
    gradients: tuple[NDArray[Any] | None, ...] = ()
    variables: tuple[Any, ...] = ()
    stage: str = "none"
    error: Exception | None = None
    structure: Any = field(default=None, repr=False)


def has_own_step(model: Any) -> bool:
    """Say whether the model trains in a way of its own, so that `compile` does not tell all."""
    import keras

    names = ("train_step", "compute_loss", "fit", "compile", "compute_metrics")
    return any(getattr(type(model), n, None) is not getattr(keras.Model, n) for n in names)


def has_graph(model: Any) -> bool:
    """Say whether a model is a graph of layers that Keras knows: Sequential or functional."""
    inner = getattr(model, "_functional", None) or model
    return getattr(inner, "_outputs_struct", None) is not None


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
            return _twin(value)
        if isinstance(value, keras.Model):
            return fresh_model(value, keep_built=keep_built)
        return type(value).from_config(value.get_config())

    if keep_built and type(model) is keras.Sequential:
        return keras.Sequential([fresh(layer) for layer in model._layers])
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
    layers = [layer for layer in model._flatten_layers() if layer.built]
    states = [v for layer in layers for v in layer._non_trainable_variables]
    states += [seed.state for layer in layers for seed in layer._seed_generators]
    before = [np.array(state) for state in states]
    try:
        yield
    finally:
        for state, value in zip(states, before, strict=True):
            state.assign(value)


def _twin(layer: Any) -> Any:
    """Make a layer that shares everything with another but its place in a graph of layers."""
    twin: Any = object.__new__(type(layer))
    vars(twin).update(vars(layer), _inbound_nodes=[], _outbound_nodes=[])
    return twin


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


def run_once(model: Any, batch: Any, targets: Any, losses: Any) -> Pass:
    """Run a built model forward and back on one batch, without a trace.

    Args:
        model: A model with weights.
        batch: A few rows of inputs, in the model's own structure.
        targets: The labels of these rows for each output; `None` where there are none.
        losses: A function of the outputs, as they are and in a row, that gives a
            `keras.losses.Loss` or `None` for each; it may fill `targets`.

    Returns:
        What it showed, and what it raised if it did.
    """
    import keras
    import tensorflow as tf

    variables = tuple(model.trainable_variables)
    stage = "forward"
    flat: list[Any] = []
    values: list[float] = []
    out: Any = None
    try:
        # a stateless scope catches every assignment: moving averages, seeds, metrics
        with keras.StatelessScope(), tf.GradientTape() as tape:
            out = model(batch, training=True)
            flat = keras.tree.flatten(out)
            stage = "loss"
            total = tf.constant(0.0)
            for output, target, loss in zip(flat, targets, losses(out, flat), strict=False):
                value = None if loss is None or target is None else loss(target, output)
                values.append(np.nan if value is None else float(np.mean(value)))
                total = (
                    total if value is None else total + tf.cast(tf.reduce_mean(value), "float32")
                )
            stage = "gradient"
        gradients: list[Any] = [None] * len(variables)
        if variables and not np.all(np.isnan(values)):
            gradients = tape.gradient(total, [v.value for v in variables])
        stage = "done"
        error = None
    except Exception as raised:  # whatever the model or a loss raises is what `fit` would raise
        gradients, error = [], raised
    return Pass(
        outputs=tuple(np.asarray(keras.ops.convert_to_numpy(output)) for output in flat),
        from_logits=tuple(hasattr(output, "_keras_logits") for output in flat),
        losses=tuple(values),
        gradients=tuple(None if g is None else _dense(g) for g in gradients),
        variables=variables,
        stage=stage,
        error=error,
        structure=out,
    )


def _dense(gradient: Any) -> NDArray[Any]:
    """Write a gradient as an array; that of an embedding comes as a few rows."""
    import tensorflow as tf

    return np.asarray(tf.convert_to_tensor(gradient))


def small_batch(structure: Any, count: int, rows: int | None = None) -> Any:
    """Take a few evenly spaced rows of every array, as Keras would feed them.

    Args:
        structure: Arrays of equal length, in any nesting.
        count: Their length.
        rows: How many to take. Left out, at most 16, fewer of wide ones.
    """
    import keras

    from .facts import take

    flat = [part for part in keras.tree.flatten(structure) if hasattr(part, "shape")]
    width = sum(int(np.prod(part.shape[1:], dtype=float)) for part in flat) or 1
    rows = rows or int(max(2, min(ROWS, NUMBERS // width, count)))
    where = np.unique(np.linspace(0, count - 1, rows).astype(int))

    def part(array: Any) -> Any:
        if not hasattr(array, "shape"):
            return array
        taken = take(array, where)
        if hasattr(array, "iloc") and taken.ndim == 1:
            taken = taken[:, None]  # Keras reads a Series as a column
        return taken.astype("float32") if taken.dtype == np.float64 else taken

    return keras.tree.map_structure(part, structure)


def worth_running(model: Any) -> bool:
    """Say whether an eager pass is cheap next to the first epoch: not for long recurrences."""
    import keras

    steps = 0
    for layer in layers_of(model):
        both = isinstance(layer, keras.layers.Bidirectional)
        if both or isinstance(layer, keras.layers.RNN):
            shape = getattr(getattr(layer, "input", None), "shape", None)
            if shape is not None and len(shape) > 1:
                steps += (STEPS + 1 if shape[1] is None else shape[1]) * (1 + both)
    return steps <= STEPS
