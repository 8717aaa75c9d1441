"""How is something done for each output?  Once, or by key, or in the order of a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerastrain.labels.inspection import split_outputs
from kerastrain.losses.choice import LossChoice

__all__ = ["Choices", "each", "each_saved"]

Choices = LossChoice | dict[Any, LossChoice] | list[LossChoice]


def each(function: Callable[..., Any], choices: Any, *data: Any) -> Any:
    """Call a function for each output: once, or for each key of a dict, or for each list item."""
    if choices is None:  # the model has a loss of its own, and takes labels as they are
        return data[0] if data else None
    if isinstance(choices, dict):
        parts = [_by_name(part, choices) for part in data]
        return {key: function(choices[key], *(part[key] for part in parts)) for key in choices}
    if isinstance(choices, list):
        return [function(*row) for row in zip(choices, *data, strict=True)]
    return function(choices, *data)


def each_saved(function: Callable[[Any], Any], saved: Any) -> Any:
    """Do the same for choices that came back from JSON, where a choice is a dict itself."""
    if saved is None:
        return None
    if isinstance(saved, list):
        return [function(part) for part in saved]
    if "labels" in saved and "loss" in saved and isinstance(saved["loss"], str):
        return function(saved)
    return {key: function(part) for key, part in saved.items()}


def _by_name(part: Any, choices: dict[Any, LossChoice]) -> Any:
    """Name what a model with a list of outputs gives, and the columns of a table of labels."""
    if isinstance(part, list) and len(part) == len(choices):
        return dict(zip(choices, part, strict=True))
    return split_outputs(part, choices)
