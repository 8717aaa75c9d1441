"""What stands between a model's last weights and its output?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Head", "read_heads"]

BOUNDS = {
    "softmax": (0.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, np.inf),
    "exponential": (0.0, np.inf),
    "log_sigmoid": (-np.inf, 0.0),
    "log_softmax": (-np.inf, 0.0),
}
_SHAPING = {"Reshape", "Flatten", "Permute", "Cropping1D", "Cropping2D", "Cropping3D", "Identity",
            "Squeeze", "ExpandDims", "Transpose", "GetItem", "Cast", "Unmasking"}  # fmt: skip
_RANDOM = {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout",
           "GaussianDropout", "GaussianNoise"}  # fmt: skip
_FUNCTIONS = {"Softmax": "softmax", "Sigmoid": "sigmoid", "ReLU": "relu", "Relu": "relu",
              "Tanh": "tanh", "Softplus": "softplus", "Exp": "exponential", "LogSoftmax":
              "log_softmax", "LogSigmoid": "log_sigmoid", "HardSigmoid": "hard_sigmoid",
              "LeakyReLU": "leaky_relu", "LeakyRelu": "leaky_relu", "ELU": "elu", "Elu": "elu",
              "Relu6": "relu6", "PReLU": "leaky_relu", "Gelu": "gelu", "Silu": "silu"}  # fmt: skip


@dataclass(frozen=True)
class Head:
    """Hold one output of a model, read from the output back to the last weights.

    Attributes:
        steps: What the values pass through, last first: names of activations, and `"reshape"`,
            `"dropout"` or `"unknown"`. It ends at a layer with weights.
        shape: The shape of the output; `None` where unknown.
        layer: The name of the last layer with weights.
    """

    steps: tuple[str, ...] = ("unknown",)
    shape: tuple[int | None, ...] | None = None
    layer: str = ""

    @property
    def activation(self) -> str:
        """The last activation, below any reshape or dropout."""
        return next((s for s in self.steps if s not in ("reshape", "dropout")), "unknown")

    @property
    def after(self) -> tuple[str, ...]:
        """What still follows the last activation: reshape, dropout."""
        return self.steps[: self.steps.index(self.activation)] if self.activation in self.steps else ()

    @property
    def before(self) -> str:
        """The activation right below the last one, without weights between them."""
        rest = [s for s in self.steps[len(self.after) + 1 :] if s not in ("reshape", "dropout")]
        return rest[0] if rest else ""

    @property
    def bounds(self) -> tuple[float, float]:
        """The range that the activation can reach."""
        return BOUNDS.get(self.activation, (-np.inf, np.inf))

    @property
    def units(self) -> int | None:
        """The length of the last axis."""
        return self.shape[-1] if self.shape else None


def read_heads(model: Any) -> list[Head]:
    """Read every output of a model; of one without a graph, nothing is known.

    Args:
        model: A Keras model of any kind.
    """
    outputs = getattr(model, "outputs", None)
    if not outputs:
        return []
    heads = []
    for tensor in outputs:
        steps, layer = [], ""
        for operation in _back(tensor):
            found = list(_steps(operation))
            steps += found
            layer = operation.name
            if "end" in found:
                break
        steps = [s for s in steps if s != "end"] or ["unknown"]
        heads.append(Head(tuple(steps), tuple(tensor.shape), layer))
    return heads


def _back(tensor: Any) -> Iterator[Any]:
    """Walk from a tensor back over the operations that made it, while there is one way."""
    for _ in range(50):
        operation, node_index, tensor_index = tensor._keras_history
        if getattr(operation, "layers", None) and getattr(operation, "outputs", None):
            yield from _back(operation.outputs[tensor_index])
            return
        yield operation
        inputs = operation._inbound_nodes[node_index].input_tensors
        if len(inputs) != 1:
            return
        tensor = inputs[0]


def _steps(operation: Any) -> Iterator[str]:
    """Name what one layer or operation does to the values; `"end"` where weights are."""
    kind = type(operation).__name__
    inner = getattr(operation, "layer", None)
    if inner is not None and kind in ("TimeDistributed", "SpectralNormalization"):
        yield from _steps(inner)
    elif kind in _SHAPING:
        yield "reshape"
    elif kind in _RANDOM:
        yield "dropout"
    elif kind in _FUNCTIONS:
        yield _FUNCTIONS[kind]
    elif callable(getattr(operation, "activation", None)) and _is_keras(operation):
        yield _name(operation.activation)
        if kind != "Activation":
            yield "end"
    elif kind == "InputLayer":
        yield from ("linear", "end")
    else:
        yield from ("unknown", "end")


def _name(activation: Any) -> str:
    """Name an activation of Keras; one of the user's own is unknown."""
    name = getattr(activation, "__name__", type(activation).__name__)
    return _FUNCTIONS.get(name, name) if _is_keras(activation) else "unknown"


def _is_keras(thing: Any) -> bool:
    """Say whether Keras itself wrote a function or class."""
    module = getattr(thing, "__module__", "") or type(thing).__module__
    return str(module).startswith("keras.src")
