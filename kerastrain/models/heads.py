"""How does this model end? Its last activation, its units, and what stands after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastrain.models.private_names import graph_of, inputs_of, origin_of, output_tensors

__all__ = ["Head", "read_head"]

# Layers that move, drop or average values: what they give has the range that the layer before had.
PASSING = {
    "AveragePooling1D", "AveragePooling2D", "Cast", "Cropping1D", "Cropping2D", "Cropping3D",
    "Dropout", "ExpandDims", "Flatten", "GetItem", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "GlobalMaxPooling3D", "Identity", "MaxPooling1D", "MaxPooling2D",
    "Permute", "RepeatVector", "Reshape", "SpatialDropout1D", "SpatialDropout2D",
    "SpatialDropout3D", "Squeeze", "Transpose", "UpSampling1D", "UpSampling2D", "UpSampling3D",
}  # fmt: skip
# Layers and operations that are an activation themselves.
ACTIVATIONS = {
    "Softmax": "softmax", "ReLU": "relu", "LeakyReLU": "leaky_relu", "PReLU": "prelu", "ELU": "elu",
    "Sigmoid": "sigmoid", "Tanh": "tanh", "Exp": "exponential", "Relu": "relu",
    "Softplus": "softplus", "LogSoftmax": "log_softmax", "Selu": "selu", "Elu": "elu",
}  # fmt: skip
# Layers that put several inputs together: read for each input, see `_merged`.
MERGING = {"Add", "Average", "Concatenate", "Subtract"}
# Operations that scale all values by the same factor: what was linear stays linear.
SCALING = {"Divide", "Multiply", "Negative", "Rescaling", "TrueDivide"}
# Layers that scale and shift each value by weights of their own.
LINEAR = {"BatchNormalization", "GroupNormalization", "LayerNormalization"}
# Activations that a function without a known name is compared with.
KNOWN = ("linear", "softmax", "sigmoid", "tanh", "relu", "exponential", "softplus")


@dataclass(frozen=True)
class Head:
    """The end of a model, for one output.

    Attributes:
        name: What Keras calls the output.
        activation: The name of the last activation; "linear" for none; "unknown" where it cannot
            be read, as in a subclassed model.
        units: Values of the last axis, None where it is not known yet.
        shape: The output's shape with None for the rows, None where it is not known yet.
        layer: The layer that computes the output, such as "Dense(10)"; "" where it is not known.
        after: Kinds of the layers after the activation that change nothing but the shape, last
            one first.
        axis: The axis along which a softmax runs, None for other activations.
        below: The activation right below the last one, where no weights stand between them; ""
            for none.
    """

    name: str = ""
    activation: str = "unknown"
    units: int | None = None
    shape: tuple[int | None, ...] | None = None
    layer: str = ""
    after: tuple[str, ...] = ()
    axis: int | None = None
    below: str = ""


def read_head(model: Any) -> Head | dict[str, Head] | list[Head]:
    """Describe the last layer of a model, or of each output.

    Nothing is computed and nothing is built: a model without weights stays without weights.

    Args:
        model: A `keras.Model`: Sequential, functional, nested or subclassed.

    Returns:
        The head; for several outputs a dict or a list, as the model gives them. In a subclassed
        model, where the last layer cannot be read, the activation is "unknown".

    Examples:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
        >>> read_head(model).activation
        'softmax'
    """
    structure = output_tensors(model)
    if structure is None:
        return _read_unbuilt(model)
    names = list(getattr(graph_of(model), "output_names", []))
    if isinstance(structure, dict):
        return {name: _read_tensor(tensor, name) for name, tensor in structure.items()}
    if isinstance(structure, list | tuple) and len(structure) > 1:
        return [_read_tensor(t, n) for t, n in zip(structure, names, strict=False)]
    single = structure[0] if isinstance(structure, list | tuple) else structure
    return _read_tensor(single, names[0] if names else "")


def _read_tensor(tensor: Any, name: str) -> Head:
    """Walk back from an output to the layer that computes it."""
    shape = tuple(tensor.shape)
    after: list[str] = []
    while True:
        operation, node_index, position = origin_of(tensor)
        inner = output_tensors(operation)
        if inner is not None:  # a model inside the model
            tensor = _flat(inner)[position]
            continue
        if operation is None or type(operation).__name__ == "InputLayer":
            return Head(name, "linear", shape[-1], shape, after=tuple(after))
        if type(operation).__name__ in MERGING | SCALING:
            activation = _merged(operation, node_index)
            return Head(name, activation, shape[-1], shape, _written(operation), tuple(after))
        activation, axis = _activation(operation)
        if activation != "linear" or not _passes(operation):
            below = _below(operation, node_index)
            layer = _written(operation)
            return Head(name, activation, shape[-1], shape, layer, tuple(after), axis, below)
        after.append(type(operation).__name__)
        tensor = _flat(inputs_of(operation, node_index))[0]


def _below(operation: Any, node_index: int) -> str:
    """Name the activation that feeds an activation layer; a layer with weights has none below."""
    inputs = _flat(inputs_of(operation, node_index))
    if getattr(operation, "weights", None) or len(inputs) != 1:
        return ""
    activation = _read_tensor(inputs[0], "").activation
    return "" if activation in ("linear", "unknown") else activation


def _merged(operation: Any, node_index: int) -> str:
    """Name the activation of inputs that are put together, when it outlives that.

    The mean of probabilities is a probability, and a sum of weighted sums is one; the sum of two
    probabilities is none, nor is a scaled one.
    """
    inputs = _flat(inputs_of(operation, node_index))
    found = {_read_tensor(tensor, "").activation for tensor in inputs}
    kind = type(operation).__name__
    if kind in SCALING:
        kept = {"linear"}
        if (
            kind == "Rescaling"
            and not np.any(operation.offset)
            and np.all(np.asarray(operation.scale) > 0)
        ):
            kept |= {"exponential", "relu", "softplus"}  # positive numbers in another unit
        return found.pop() if len(inputs) == 1 and found <= kept else "unknown"
    kept = {"linear"} if kind in ("Add", "Subtract") else {"linear", "sigmoid", "relu", "tanh"}
    kept |= {"softmax"} if kind == "Average" else set()
    return found.pop() if len(found) == 1 and found <= kept else "unknown"


def _flat(tensors: Any) -> list[Any]:
    import keras

    return list(keras.tree.flatten(tensors))


def _passes(operation: Any) -> bool:
    """Tell whether a layer leaves the activation before it as it is."""
    kind = type(operation).__name__
    return kind in PASSING or kind in ("Activation", "Lambda")  # these come here only as linear


def _activation(layer: Any) -> tuple[str, int | None]:
    """Name the activation that a layer ends with, and the axis of a softmax."""
    kind = type(layer).__name__
    if kind in ACTIVATIONS:
        axis = getattr(layer, "axis", None) if kind == "Softmax" else None
        return ACTIVATIONS[kind], axis
    if kind in ("TimeDistributed", "Bidirectional"):
        return _activation(getattr(layer, "layer", None) or layer.forward_layer)
    function = getattr(layer, "function" if kind == "Lambda" else "activation", None)
    if function is not None:
        return _name_of(function)
    if kind in LINEAR or kind in PASSING or hasattr(layer, "kernel_initializer"):
        return "linear", None
    return "unknown", None


def _name_of(function: Any) -> tuple[str, int | None]:
    """Name an activation function; one that is no function of Keras by what it does."""
    kind = type(function).__name__
    if kind in ACTIVATIONS:  # a layer that is used as an activation
        return ACTIVATIONS[kind], getattr(function, "axis", None)
    name = getattr(function, "__name__", "")
    if name not in KNOWN and "keras" not in str(getattr(function, "__module__", "")):
        name = _recognise(function)
    return name, -1 if name == "softmax" else None


def _recognise(function: Any) -> str:
    """Compare what a function does to three values with the activations that Keras has."""
    import keras

    probe = keras.ops.convert_to_tensor([[-1.5, 0.5, 2.0]])
    try:
        given = keras.ops.convert_to_numpy(function(probe))
    except Exception:  # a user's own function may refuse these values with any error
        return "unknown"
    for name in KNOWN:
        wanted = keras.ops.convert_to_numpy(getattr(keras.activations, name)(probe))
        if given.shape == wanted.shape and np.allclose(given, wanted, atol=1e-5):
            return name
    return "unknown"


def _written(layer: Any) -> str:
    """Write a layer as its kind and its size."""
    size = getattr(layer, "units", None) or getattr(layer, "filters", None)
    return f"{type(layer).__name__}({size if size else ''})"


def _read_unbuilt(model: Any) -> Head:
    """Read a model that has no input shape yet, as far as its list of layers goes.

    Only in a Sequential model the last in the list is the last to be called.
    """
    if type(model).__name__ != "Sequential":
        return Head()
    after: list[str] = []
    for layer in reversed(model.layers):
        if type(layer).__name__ in ("Sequential", "Functional"):
            inner = read_head(layer)
            return inner if isinstance(inner, Head) else Head()
        activation, axis = _activation(layer)
        if activation == "linear" and _passes(layer):
            after.append(type(layer).__name__)
            continue
        units = getattr(layer, "units", None) or getattr(layer, "filters", None)
        if units is None and activation != "unknown":
            before = _size_before(model.layers, layer)
            return Head("", activation, before, None, _written(layer), tuple(after), axis)
        return Head("", activation, units, None, _written(layer), tuple(after), axis)
    return Head()


def _size_before(layers: list[Any], layer: Any) -> int | None:
    """Find the units that an activation layer gets from the layers before it."""
    for earlier in reversed(layers[: layers.index(layer)]):
        size = getattr(earlier, "units", None) or getattr(earlier, "filters", None)
        if size is not None:
            return int(size)
    return None
