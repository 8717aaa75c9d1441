"""What kind of labels are these numbers? The questions of an expert, in the order of asking.

Two values only? Fractions, and rows that sum to one? Whole numbers? Each answer is a `Reading`;
what speaks for another reading goes into it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.summary import Summary
from kerastrain.errors import LabelError
from kerastrain.labels.columns import Column
from kerastrain.labels.hints import hint_of_amounts, hint_of_flags, hint_of_ids
from kerastrain.labels.non_labels import refuse_ids, refuse_missing_code
from kerastrain.labels.readings import (
    FEW,
    ROWS_PER_CLASS,
    Meaning,
    meaning,
    meaning_of_pixels,
    meaning_of_steps,
    without_ignored,
)
from kerastrain.labels.refusals import one_class

__all__ = ["TASKS", "Reading", "read_ids", "read_numbers", "read_pair"]

TASKS = {
    "classification": "classes",
    "binary": "two classes",
    "multi-label": "several classes a row",
    "soft": "probabilities",
    "regression": "amounts",
    "counts": "counts",
    "ordered": "ordered classes",
}
SURE_PAIRS = {(0, 1), (-1, 1), (1, 2), (0, 255)}  # how two classes are written as numbers
OUTPUTS = 4  # up to so many columns of class ids are taken for outputs, more for a sequence
SQUARE = 8  # pixels a side, from which on (n, h, w) of two values is a mask and not flags
MOST_SMOOTHING = 0.25  # what label smoothing may make of a 0; more is no label any more
CLOSE = 1e-2  # rows of half-precision shares sum to 1 within this


@dataclass(frozen=True)
class Reading:
    """How the values of one output are to be understood.

    Attributes:
        kind: One of the kinds of `Labels`.
        seen: The summary of the values.
        per: "row", "step" or "pixel".
        classes: The user's own values in the order of their ids, None for amounts.
        counts: How many labels each class has.
        pair: The values that stand for no and yes in arrays of flags.
        ignore: The value that marks labels to leave out.
        other_tasks: The `task` of each other reading.
        because: What was seen that lets it be read in another way.
        hint: What an expert would look at once more.
        outputs: Whether each column is an output of its own.
        shares: Whether rows sum to 1.
    """

    kind: str
    seen: Summary
    per: str = "row"
    classes: tuple[Any, ...] | None = None
    counts: tuple[int, ...] | None = None
    pair: tuple[Any, Any] | None = None
    ignore: Any = None
    other_tasks: tuple[str, ...] = ()
    because: str = ""
    hint: str = ""
    outputs: bool = False
    shares: bool = False


def read_numbers(seen: Summary, column: Column, task: str | None) -> Reading:
    """Decide what numbers are; see `kinds.read`."""
    two = seen.values is not None and len(seen.values) == 2
    if task == "regression":
        return _amounts(seen)
    if task == "counts":
        return _counts(seen)
    if task == "soft":
        return _probabilities(seen)
    if task is None and _one_a_row(seen):
        refuse_ids(seen)
        refuse_missing_code(seen)
    if two and (seen.whole or task is not None):
        return read_pair(seen, column, task)
    if task is None and not seen.whole:
        return _read_fractions(seen)
    if task in ("binary", "multi-label"):
        way = "[set(row) for row in y]" if task == "multi-label" else "y[np.isin(y, [0, 1])]"
        _refuse_task(f"{seen.different:,} different values", f"Pass {way}", task=task)
    return _read_whole(seen, column, task)


# ------------------------------------------------------------------ two values
def read_pair(seen: Summary, column: Column, task: str | None) -> Reading:
    """Read two different values: two classes, or flags."""
    assert seen.values is not None
    off, on = (value.item() if isinstance(value, np.generic) else value for value in seen.values)
    number = isinstance(off, int | float) and not isinstance(off, bool)
    sure = not number or (off, on) in SURE_PAIRS
    square = len(seen.shape) == 3 and min(seen.shape[1:]) >= SQUARE
    if _one_a_row(seen) or seen.shape[-1] == 1 or task == "binary":
        return _two_classes(seen, off, on, sure=sure, task=task)
    if not sure and task is None:
        return _read_whole(seen, column, task)
    names = column.names or tuple(range(seen.shape[-1]))
    flags = Reading("multi-label", seen, per=_per_line(seen), classes=names, pair=(off, on))
    if task == "multi-label" or column.rows_are == "sets":
        return flags
    hot = _hot_rows(seen, off, on) if number or isinstance(off, bool) else None
    if hot is not None:
        if np.count_nonzero(hot) < 2:
            raise one_class(names[int(hot.argmax())])
        return replace(flags, kind="one-hot", counts=tuple(hot.tolist()))
    if square:
        mask = _two_classes(seen, off, on, sure=True, task=task)
        because = "two values in a square of pixels"
        return replace(mask, per="pixel", other_tasks=("multi-label",), because=because)
    return replace(flags, hint=hint_of_flags(seen, off, on) if number else "")


def _two_classes(seen: Summary, off: Any, on: Any, *, sure: bool, task: str | None) -> Reading:
    assert seen.times is not None
    if task == "multi-label":
        _refuse_task(f"one column of {off!r} and {on!r}", "Leave task out", task=task)
    if not sure and task is None and seen.size < 4:  # each value once or twice: too few to tell
        return _amounts(seen, ("classification",), f"{seen.size} rows of {off} and {on}")
    other = () if sure or task else ("regression",)
    because = f"only the values {off} and {on}" if other else ""
    return Reading(
        "binary",
        seen,
        per=_per_value(seen),
        classes=(off, on),
        counts=tuple(seen.times.tolist()),
        other_tasks=other,
        because=because,
    )


def _hot_rows(seen: Summary, off: float, on: float) -> NDArray[np.int64] | None:
    """Count the rows of each column, when each row has exactly one flag set."""
    if seen.sum_range is None or seen.column_sums is None or seen.shape[-1] < 2:
        return None
    off, on, width = float(off), float(on), seen.shape[-1]
    one = off * (width - 1) + on
    if seen.sum_range != (one, one):
        return None
    hot: NDArray[np.float64] = (seen.column_sums - off * seen.size / width) / (on - off)
    return np.rint(hot).astype(np.int64)


# ------------------------------------------------------------------ fractions
def _read_fractions(seen: Summary) -> Reading:
    """Read numbers with fractions: probabilities, or amounts."""
    between = f"numbers from {seen.low:.3g} to {seen.high:.3g}"
    if seen.low >= 0 and seen.high <= 1:
        if _sums_to_one(seen):
            return _probabilities(seen, "rows that sum to 1")
        if _is_smoothed(seen):
            return _probabilities(
                seen, f"only {seen.low:.3g} and {seen.high:.3g}, smoothed 0 and 1"
            )
        if _is_mostly_sure(seen):
            return _probabilities(seen, f"{between}, most of them 0 or 1")
        return _amounts(seen, ("soft",), between)
    values = seen.values
    few = values is not None and len(values) <= FEW
    if few and _one_a_row(seen) and seen.size >= ROWS_PER_CLASS * seen.different:
        return _amounts(seen, ("classification",), f"only {seen.different} different numbers")
    return _amounts(seen)


def _sums_to_one(seen: Summary) -> bool:
    if seen.sum_range is None or seen.shape[-1] < 2:
        return False
    return max(abs(total - 1) for total in seen.sum_range) < CLOSE


def _is_smoothed(seen: Summary) -> bool:
    """Tell whether a 0 and a 1 were moved inwards by the same amount."""
    two = seen.values is not None and len(seen.values) == 2
    return two and seen.low <= MOST_SMOOTHING and bool(abs(seen.low + seen.high - 1) < CLOSE)


def _is_mostly_sure(seen: Summary) -> bool:
    """Tell whether most values are exactly 0 or 1, as when two rows are mixed now and then."""
    if seen.values is None or seen.times is None or seen.different <= FEW or len(seen.shape) > 2:
        return False
    sure = seen.times[(seen.values == 0) | (seen.values == 1)].sum()
    return (seen.low, seen.high) == (0, 1) and bool(sure >= seen.size / 2)


def _probabilities(seen: Summary, because: str = "") -> Reading:
    if seen.low < 0 or seen.high > 1:
        way_out = "Divide each row by its sum: y / y.sum(axis=-1, keepdims=True)"
        range_seen = f"numbers from {seen.low} to {seen.high}"
        _refuse_task(range_seen, way_out, task="soft")
    shares = _sums_to_one(seen)
    return Reading(
        "soft",
        seen,
        per=_per_line(seen),
        classes=tuple(range(seen.shape[-1])) if shares else None,
        other_tasks=("regression",) if because else (),
        because=because,
        shares=shares,
    )


# ------------------------------------------------------------------ whole numbers
def _read_whole(seen: Summary, column: Column, task: str | None) -> Reading:
    """Read whole numbers: class ids, or amounts."""
    values, counts, ignore = seen.values, seen.times, None
    if values is not None and counts is not None and task is None and not _one_a_row(seen):
        values, counts, ignore = without_ignored(values, counts)
    if task is not None:
        once = seen.size > FEW and seen.different > seen.size / 2
        if values is None or once:
            several = f"{seen.different:,} different values in {seen.size:,} labels"
            _refuse_task(several, "Group them into fewer classes: pd.qcut(y, 5)", task=task)
        found = Meaning(classes=True)
    elif len(seen.shape) > 2:
        found = meaning_of_pixels(values, seen.shape)
    elif not _one_a_row(seen) and seen.shape[1] > OUTPUTS:
        found = meaning_of_steps(values, counts)
    else:
        found = meaning(values, counts)
    if not found.classes or values is None or counts is None:
        return _amounts(seen, found.other_tasks, found.because)
    return read_ids(replace(seen, values=values, times=counts), column, found, task, ignore)


def read_ids(
    seen: Summary, column: Column, found: Meaning, task: str | None, ignore: int | None = None
) -> Reading:
    """Read classes that are written as one value each, in whatever shape."""
    assert seen.values is not None
    assert seen.times is not None
    classes = tuple(seen.values.tolist())
    reading = Reading(
        "ordered" if task == "ordered" else "integer",
        seen,
        per=_per_value(seen),
        classes=classes,
        counts=tuple(seen.times.tolist()),
        ignore=ignore,
        other_tasks=found.other_tasks,
        because=found.because,
        hint=hint_of_ids(classes, ignore),
    )
    if len(seen.shape) != 2 or seen.shape[1] == 1 or column.rows_are:
        return reading
    outputs = seen.shape[1] <= OUTPUTS or column.names is not None
    return replace(reading, per="row" if outputs else "step", outputs=outputs)


def _amounts(seen: Summary, other_tasks: tuple[str, ...] = (), because: str = "") -> Reading:
    kind, per, hint = "continuous", _per_line(seen), hint_of_amounts(seen)
    return Reading(kind, seen, per=per, other_tasks=other_tasks, because=because, hint=hint)


def _counts(seen: Summary) -> Reading:
    if not seen.whole or seen.low < 0:
        numbers = "fractions" if not seen.whole else f"numbers from {seen.low}"
        _refuse_task(numbers, "Pass task='regression'", task="counts")
    return replace(_amounts(seen), kind="counts")


# ------------------------------------------------------------------ shapes
def _one_a_row(seen: Summary) -> bool:
    return len(seen.shape) == 1 or (len(seen.shape) == 2 and seen.shape[1] == 1)


def _per_value(seen: Summary) -> str:
    """Name what one value belongs to."""
    if _one_a_row(seen):
        return "row"
    single = len(seen.shape) == 2 or (len(seen.shape) == 3 and seen.shape[-1] == 1)
    return "step" if single else "pixel"


def _per_line(seen: Summary) -> str:
    """Name what one line of the last axis belongs to."""
    return {1: "row", 2: "row", 3: "step"}.get(len(seen.shape), "pixel")


def _refuse_task(seen: str, way_out: str, *, task: str) -> NoReturn:
    msg = f"task={task!r} needs {TASKS[task]}; y holds {seen}. {way_out}."
    raise LabelError(msg)
