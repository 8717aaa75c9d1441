"""Is a plain argument what it must be?  One rule for each sort, which every function asks."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from kerastrain.errors import DataError

__all__ = ["check_data", "check_name", "check_number", "check_whole"]

MOST = 2**31 - 1  # epochs, rows or steps: what TensorFlow counts in


def check_whole(
    name: str, value: Any, least: int = 1, most: int = MOST, *, error: type[Exception] = DataError
) -> int:
    """Give a whole number as an int, or refuse what is none, or out of range.

    Args:
        name: What the user calls it.
        value: What was passed.
        least: The smallest number allowed.
        most: The largest number allowed.
        error: What to raise.

    Examples:
        >>> check_whole("epochs", 3.0)
        3
        >>> check_whole("epochs", 0)
        Traceback (most recent call last):
        ...
        kerastrain.errors.DataError: epochs must be a whole number of 1 or more, but it is 0. ...
    """
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)
    if number and least <= value <= most and value == int(value):
        return int(value)
    small = most == MOST and not (number and value > most)
    upto = f"of {least} or more" if small else f"from {least} to {most}"
    example = {"epochs": 10, "batch_size": 32, "patience": 5, "steps": 200}.get(name, max(least, 1))
    message = (
        f"{name} must be a whole number {upto}, but it is {value!r:.80}. Pass {name}={example}."
    )
    raise error(message)


def check_number(
    name: str,
    value: Any,
    low: float = 0.0,
    high: float = math.inf,
    *,
    open_low: bool = False,
    open_high: bool = True,
    example: float | None = None,
    error: type[Exception] = DataError,
) -> float:
    """Give a finite number as a float, or refuse what is none, or out of range.

    Args:
        name: What the user calls it.
        value: What was passed.
        low: The smallest number allowed.
        high: The largest number allowed.
        open_low: Whether `low` itself is refused.
        open_high: Whether `high` itself is refused.
        example: A number that is allowed, for the message. Left out, one in between.
        error: What to raise.

    Examples:
        >>> check_number("validation_split", 0.2, high=1)
        0.2
    """
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)
    if number and math.isfinite(value):
        above = value > low if open_low else value >= low
        below = value < high if open_high else value <= high
        if above and below:
            return float(value)
    lowest = f"above {low:g}" if open_low else f"{low:g} or more"
    highest = "" if high == math.inf else f" and {'below' if open_high else 'at most'} {high:g}"
    usual = {"validation_split": 0.2, "learning_rate": 0.001}.get(name, max(low, 0.5))
    shown = usual if example is None else example
    message = (
        f"{name} must be a number {lowest}{highest}, but it is {value!r:.80}. "
        f"Pass {name}={shown:g}."
    )
    raise error(message)


def check_data(name: str, value: Any) -> None:
    """Refuse what holds no rows: a single value, or an object of another sort.

    Examples:
        >>> check_data("validation_data", -1)
        Traceback (most recent call last):
        ...
        kerastrain.errors.DataError: validation_data must be arrays or a data set, but it is -1. ...
    """
    several = any(hasattr(value, name) for name in ("shape", "__iter__", "__getitem__"))
    if value is not None and (not several or isinstance(value, str | bytes)):
        message = (
            f"{name} must be arrays or a data set, but it is {value!r:.80}. "
            "Pass arrays with the same number of rows."
        )
        raise DataError(message)


def check_name(
    name: str, value: Any, allowed: Iterable[Any], *, error: type[Exception] = DataError
) -> Any:
    """Give one of the values that are allowed, or refuse it and name the nearest.

    Examples:
        >>> check_name("loop", "graf", ("auto", "graph"))
        Traceback (most recent call last):
        ...
        kerastrain.errors.DataError: loop must be 'auto' or 'graph', but it is 'graf'. ...
    """
    known = list(allowed)
    if any(value is one or (type(value) is type(one) and value == one) for one in known):
        return value
    texts = [one for one in known if isinstance(one, str)]
    near = difflib.get_close_matches(value, texts, n=1) if isinstance(value, str) else []
    shown = [repr(one) for one in known]
    several = f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else shown[0]
    message = (
        f"{name} must be {several}, but it is {value!r:.80}. Pass {name}={(near or known)[0]!r}."
    )
    raise error(message)
