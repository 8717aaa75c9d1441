"""What kind of labels are these? Text and declared classes here, numbers in `number_kinds`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.summary import Summary, summarize
from kerastrain.errors import LabelError
from kerastrain.labels.columns import PADDING, Column
from kerastrain.labels.hints import hint_of_names
from kerastrain.labels.non_labels import parse_numbers, refuse_text
from kerastrain.labels.number_kinds import Reading, read_ids, read_numbers, read_pair
from kerastrain.labels.readings import Meaning
from kerastrain.labels.refusals import infinite_values, missing_values, one_class, too_large

__all__ = ["read"]


def read(column: Column, task: str | None) -> Reading:
    """Decide what the values of a column are.

    Args:
        column: The labels of one output.
        task: What the caller said that they are; None to look.

    Returns:
        The kind, the classes, and what speaks for another reading.

    Raises:
        LabelError: they cannot be labels, or not for this task.

    Examples:
        >>> from kerastrain.labels.containers import open_labels
        >>> read(open_labels([[1, 0], [0, 1], [0, 1]]), None).kind
        'one-hot'
    """
    seen = summarize(column.array, labels=True)
    for places, refuse in ((seen.missing_at, missing_values), (seen.infinite_at, infinite_values)):
        if places.rows:
            raise refuse(list(places.first), places.rows, seen.shape[0])
    if max(-seen.low, seen.high) > float(np.finfo(np.float32).max):
        raise too_large(max(-seen.low, seen.high))
    if column.categories is not None:
        return _read_categories(column, column.categories, seen, task)
    if seen.values is not None and len(seen.values) == 1:
        raise one_class(seen.values[0])
    if column.array.dtype.kind == "O":
        return _read_text(column, seen, task)
    return read_numbers(seen, column, task)


# ------------------------------------------------------------------ text
def _read_text(column: Column, seen: Summary, task: str | None) -> Reading:
    numbers = _as_numbers(column.array, seen)
    if numbers is not None:
        found = summarize(numbers, labels=True)
        if found.values is not None and len(found.values) == 1:
            raise one_class(column.array.reshape(-1)[0])
        return _in_text(read_numbers(found, column, task), seen)
    _must_be_numbers(column, task)
    refuse_text(seen, column.array)
    values, counts = _in_order(seen)
    reading = _read_classes(replace(seen, values=values, times=counts), column, task)
    return replace(reading, hint=reading.hint or hint_of_names(values))


def _as_numbers(texts: NDArray[Any], seen: Summary) -> NDArray[np.float64] | None:
    """Read a column of text as numbers, when each of them is a plain number."""
    some = seen.values if seen.values is not None else texts.reshape(-1)[:1000]
    if parse_numbers(some) is None:
        return None
    try:
        numbers = texts.astype(np.float64)
    except (ValueError, TypeError):
        return None
    return numbers if np.isfinite(numbers).all() else None


def _in_text(reading: Reading, seen: Summary) -> Reading:
    """Let the classes of numbers that were written as text be the text."""
    if seen.values is None or (reading.counts is None and reading.pair is None):
        return reading
    texts = tuple(sorted(seen.values, key=float))
    if reading.pair is not None:
        return replace(reading, pair=(texts[0], texts[-1]))
    if len(texts) != len(reading.counts or ()):
        msg = (
            f"Each class must have one name; y writes one number in several ways: {texts[:4]}. "
            "Pass numbers: pd.to_numeric(pd.Series(y))."
        )
        raise LabelError(msg)
    return replace(reading, classes=texts)


def _in_order(seen: Summary) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Sort names, and how often each occurs, by name."""
    values, counts = seen.values, seen.times
    assert values is not None  # `refuse_text` refuses too many values
    assert counts is not None
    try:
        order = sorted(range(len(values)), key=values.__getitem__)
    except TypeError:  # values that know no order among themselves
        order = sorted(range(len(values)), key=lambda i: str(values[i]))
    return values[order], counts[order]


# ------------------------------------------------------------------ declared classes
def _read_categories(
    column: Column, names: tuple[Any, ...], seen: Summary, task: str | None
) -> Reading:
    """Read ids of classes that the container declared; classes without rows stay classes."""
    _must_be_numbers(column, task)
    ids = column.array[column.array != PADDING]
    counts = np.bincount(ids, minlength=len(names))
    if np.count_nonzero(counts) < 2:
        raise one_class(names[int(counts.argmax())])
    seen = replace(seen, values=np.arange(len(names)), times=counts, low=np.nan, high=np.nan)
    reading = replace(_read_classes(seen, column, task), classes=names, other_tasks=())
    if column.rows_are == "sequences":
        because = "lists in which names repeat, a sequence each"
        other = () if task else ("multi-label",)
        kind, ignore = "integer", PADDING
        return replace(
            reading, kind=kind, per="step", ignore=ignore, because=because, other_tasks=other
        )
    ordered = reading.kind == "integer" and column.ordered
    return replace(reading, kind="ordered") if ordered else reading


def _read_classes(seen: Summary, column: Column, task: str | None) -> Reading:
    """Read values that are certainly classes, since they are text or declared."""
    assert seen.values is not None
    if len(seen.values) == 2 and column.rows_are != "sequences":
        return read_pair(seen, column, task)
    return read_ids(seen, column, Meaning(classes=True), task)


def _must_be_numbers(column: Column, task: str | None) -> None:
    if task in ("regression", "counts", "soft"):
        first = column.plain().reshape(-1)[0]
        msg = (
            f"For task={task!r} labels must be numbers; y holds {first!r}. Turn them into "
            "numbers, pd.to_numeric(pd.Series(y)), or leave task out."
        )
        raise LabelError(msg)
