"""How does this model end? Its last activation, its units, and what stands after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Head", "read_head"]

# Layers that only move values or drop some of them: the activation is that of the layer before.
PASSING = {
    "Cropping1D", "Cropping2D", "Cropping3D", "Dropout", "Flatten", "GaussianDropout",
    "GaussianNoise", "Identity", "InputLayer", "Lambda_identity", "Permute", "RepeatVector",
    "Reshape", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "ZeroPadding2D",
    "ExpandDims", "Squeeze", "Cast", "Transpose", "GetItem",
}  # fmt: skip
# Layers and operations that are an activation themselves.
ACTIVATIONS = {
    "Softmax": "softmax", "ReLU": "relu", "LeakyReLU": "leaky_relu", "PReLU": "prelu", "ELU": "elu",
    "Sigmoid": "sigmoid", "Tanh": "tanh", "Exp": "exponential", "Relu": "relu",
    "Softplus": "softplus", "LogSoftmax": "log_softmax", "Selu": "selu", "Elu": "elu",
}  # fmt: skip
# Layers that compute a weighted sum and have no `activation` of their own.
LINEAR = {"BatchNormalization", "LayerNormalization", "Add", "Average", "Concatenate", "Subtract"}


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
    """

    name: str = ""
    activation: str = "unknown"
    units: int | None = None
    shape: tuple[int | None, ...] | None = None
    layer: str = ""
    after: tuple[str, ...] = ()
    axis: int | None = None


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
        >>> read_head(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])).activation
        'softmax'
    """
    outputs = getattr(model, "_functional", None) or model
    structure = getattr(outputs, "_outputs_struct", None)
    if structure is None:
        return _read_unbuilt(model)
    names = list(getattr(outputs, "output_names", []))
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
        operation, node_index, position = _origin(tensor)
        inner = getattr(operation, "_functional", None) or operation
        if getattr(inner, "_outputs_struct", None) is not None:  # a model inside the model
            tensor = _flat(inner._outputs_struct)[position]
            continue
        if operation is None or type(operation).__name__ == "InputLayer":
            return Head(name, "linear", shape[-1], shape, after=tuple(after))
        activation, axis = _activation(operation)
        if activation != "linear" or not _passes(operation):
            return Head(name, activation, shape[-1], shape, _written(operation), tuple(after), axis)
        after.append(type(operation).__name__)
        tensor = _flat(operation._inbound_nodes[node_index].input_tensors)[0]


def _origin(tensor: Any) -> tuple[Any, int, int]:
    history = getattr(tensor, "_keras_history", None)
    if history is None:
        return None, 0, 0
    return history.operation, history.node_index, history.tensor_index


def _flat(tensors: Any) -> list[Any]:
    import keras

    return list(keras.tree.flatten(tensors))


def _passes(operation: Any) -> bool:
    """Tell whether a layer leaves the activation before it as it is."""
    kind = type(operation).__name__
    return kind in PASSING or kind == "Activation"  # an Activation reaches here only as linear


def _activation(layer: Any) -> tuple[str, int | None]:
    """Name the activation that a layer ends with, and the axis of a softmax."""
    kind = type(layer).__name__
    if kind in ACTIVATIONS:
        axis = getattr(layer, "axis", None) if kind == "Softmax" else None
        return ACTIVATIONS[kind], axis
    if kind in ("TimeDistributed", "Bidirectional"):
        return _activation(getattr(layer, "layer", None) or layer.forward_layer)
    function = getattr(layer, "activation", None)
    if function is not None:
        name = getattr(function, "__name__", None) or type(function).__name__.lower()
        return name, -1 if name == "softmax" else None
    if kind in LINEAR or kind in PASSING or hasattr(layer, "kernel_initializer"):
        return "linear", None
    return "unknown", None


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
