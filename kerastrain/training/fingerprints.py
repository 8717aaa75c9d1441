"""Is this the training of before?  Its settings in plain words, its data and model as digests."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastrain.arrays.sources import is_data_set
from kerastrain.models.copies import layers_of

if TYPE_CHECKING:
    import keras

__all__ = ["differences", "fingerprint", "model_fingerprint", "plain"]

_READ_WHOLE = 2**24  # bytes: of larger arrays, evenly spaced rows of this size together are read
_NAMES = ("name", "build_config", "registered_name")  # they differ from one process to the next


def fingerprint(data: Any) -> str:
    """Describe data in a few letters: type and shape for people, a digest for the rest.

    Args:
        data: Arrays in any container. A data set is described by its form alone, as reading it
            would use it up.

    Examples:
        >>> fingerprint([1, 2, 3]), fingerprint([1, 2, 4])
        ('int64 (3,) e2e2033a', 'int64 (3,) 1bfa1506')
    """
    if data is None:
        return "none"
    if is_data_set(data):
        return f"{type(data).__name__} {getattr(data, 'element_spec', '')}"
    if isinstance(data, Mapping):
        return "; ".join(f"{key}: {fingerprint(part)}" for key, part in data.items())
    if isinstance(data, tuple | list) and any(hasattr(part, "shape") for part in data):
        return "; ".join(map(fingerprint, data))
    try:
        array = np.asarray(data)
    except Exception:  # what Keras takes and NumPy does not, such as ragged tensors
        return f"{type(data).__name__} {getattr(data, 'shape', '')}"
    if array.ndim:
        array = array[:: max(1, math.ceil(array.nbytes / _READ_WHOLE))]
    text = array.dtype.kind in "OUST"
    content = json.dumps(array.tolist(), default=str).encode() if text else array.tobytes()
    shape = tuple(getattr(data, "shape", array.shape))
    return f"{array.dtype} {shape} {_digest(content)}"


def model_fingerprint(model: keras.Model) -> str:
    """Describe the layers of a model and their settings, not its weights and names."""
    layers = [[type(layer).__name__, _config_of(layer)] for layer in layers_of(model)]
    kind = type(model).__name__
    return f"{kind} of {len(layers)} layers {_digest(json.dumps([kind, layers]).encode())}"


def plain(value: Any) -> Any:
    """Write settings as JSON gives them back: Keras objects by class and configuration."""
    return json.loads(json.dumps(value, default=_as_json, skipkeys=True))


def differences(before: Mapping[str, Any], now: Mapping[str, Any], of: str = "") -> list[str]:
    """Name what differs between two descriptions, in words.

    Examples:
        >>> differences({"seed": 1, "loss": {"delta": 1.0}}, {"seed": 1, "loss": {"delta": 2.0}})
        ['loss delta was 1.0 and is 2.0']
    """
    found = []
    for name in {**before, **now}:
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found += differences(old, new, f"{of}{name} ")
        elif old != new:
            found.append(f"{of}{name} was {old} and is {new}")
    return found


def _as_json(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    name = getattr(value, "__name__", type(value).__name__)
    config = _config_of(value)
    return {"class": name, **config} if config else name


def _config_of(thing: Any) -> Any:
    try:
        config = json.dumps(thing.get_config(), default=lambda v: type(v).__name__, skipkeys=True)
    except Exception:  # a user's own class may have none, or one that raises
        return {}
    return _without_names(json.loads(config))


def _without_names(config: Any) -> Any:
    if isinstance(config, list):
        return [_without_names(part) for part in config]
    if isinstance(config, dict):
        return {key: _without_names(part) for key, part in config.items() if key not in _NAMES}
    return config


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:8]
