"""Are the arguments of `fit` what they must be?  Asked before anything is read or touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerastrain.arrays.arguments import check_data, check_whole
from kerastrain.arrays.sources import is_data_set
from kerastrain.errors import DataError
from kerastrain.loop.modes import MODES
from kerastrain.models.copies import has_own_step

__all__ = ["LOOPS", "check_labels", "check_rows", "checked"]

LOOPS = ("auto", *MODES, "model.fit")
# The least whole number that each may be; those that may be left out are None then.
_LEAST = {
    "epochs": 0,
    "initial_epoch": 0,
    "batch_size": 1,
    "steps_per_epoch": 1,
    "validation_steps": 1,
    "validation_batch_size": 1,
}
_CHOICES: dict[str, tuple[Any, ...]] = {
    "loop": LOOPS,
    "verbose": ("auto", 0, 1, 2),
    "shuffle": (True, False, "batch"),
}
_PLAIN = {str, bool, int, np.bool_, np.int64, np.str_}


def check_rows(**given: Any) -> None:
    """Refuse x, labels, weights or validation data that hold no rows."""
    for name, value in given.items():
        check_data(name, value)
    if given["x"] is None:
        message = "x must be arrays or a data set, but it is None. Pass fit(model, x, y)."
        raise DataError(message)


def check_labels(model: Any, x: Any, y: Any) -> None:
    """Refuse y=None where the loss compares with labels; a data set brings them along."""
    if (
        y is None
        and not is_data_set(x)
        and getattr(model, "loss", None)
        and not has_own_step(model)
    ):
        message = (
            f"y must be the targets of loss={model.loss!r:.80}, but it is None. Pass "
            "fit(model, x, y); an autoencoder has y=x."
        )
        raise DataError(message)


def checked(arguments: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    """Give the arguments with their numbers as Python's own.

    Raises:
        DataError: one of them is none that `fit` can use; the message names it.
    """
    found = {**arguments, **others}
    for name, least in _LEAST.items():
        if found[name] is not None or name in ("epochs", "initial_epoch"):
            found[name] = check_whole(name, found[name], least)
    for name, choices in _CHOICES.items():
        if not any(type(found[name]) in _PLAIN and found[name] == choice for choice in choices):
            listed = ", ".join(map(str, choices))
            _refuse(name, f"one of {listed}", found[name], f"{name}={choices[0]!r}")
    _check_others(found)
    if found["initial_epoch"] and found["initial_epoch"] >= found["epochs"]:
        message = (
            f"epochs is the number of the last epoch, so it must be above initial_epoch, but "
            f"epochs={found['epochs']} and initial_epoch={found['initial_epoch']}. The number of "
            "epochs in a history is history['epoch'].max(), not its number of rows."
        )
        raise DataError(message)
    return found


def _check_others(found: dict[str, Any]) -> None:
    split = found["validation_split"]
    if split is not None and not (isinstance(split, float | int) and 0 <= split < 1):
        _refuse("validation_split", "a number from 0 to below 1", split, "validation_split=0.2")
    turns = found["validation_freq"]
    if isinstance(turns, list | tuple | set | range):
        found["validation_freq"] = [check_whole("validation_freq", turn, 1) for turn in turns]
    else:
        found["validation_freq"] = check_whole("validation_freq", turns, 1)
    weights = found["class_weight"]
    if weights is not None and not isinstance(weights, Mapping):
        _refuse("class_weight", "a dict from class id to weight", weights, "class_weight={0: 2.0}")
    for callback in found["callbacks"]:
        if not hasattr(callback, "set_model"):
            _refuse("callbacks", "a list of Keras callbacks", callback, "callbacks=None")


def _refuse(name: str, wanted: str, value: Any, mended: str) -> None:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"a {type(value).__name__}"
    message = f"{name} must be {wanted}, but is {shown}. Pass {mended}."
    raise DataError(message)
