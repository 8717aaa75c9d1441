"""What kind of labels are these? One function for each shape that the values can have.

The order of the questions is that of an expert: two values only? rows that sum to one? whole
numbers? Each answer is a `Reading`; what speaks for another reading goes into its note.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.containers import Column
from kerastrain.errors import LabelError
from kerastrain.hints import hint_of_amounts, hint_of_flags, hint_of_ids, hint_of_names
from kerastrain.readings import (
    FEW,
    Meaning,
    meaning,
    parse_numbers,
    refuse_ids,
    refuse_text,
    without_ignored,
)
from kerastrain.scan import Scan, scan

__all__ = ["TASKS", "Reading", "read"]

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
MASK_CLASSES = 200  # more different values in an image of bytes are shades of grey, not classes
CLOSE = 1e-2  # rows of half-precision shares sum to 1 within this


@dataclass(frozen=True)
class Reading:
    """How the values of one output are to be understood.

    Attributes:
        kind: One of the kinds of `Labels`.
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
        seen: What the scan saw.
    """

    kind: str
    seen: Scan
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
    text: bool = False


def read(column: Column, task: str | None) -> Reading:
    """Decide what the values of a column are.

    Args:
        column: The labels of one output.
        task: What the caller said that they are; None to look.

    Raises:
        LabelError: they cannot be labels, or not for this task.

    Examples:
        >>> from kerastrain.containers import open_labels
        >>> read(open_labels([[1, 0], [0, 1], [0, 1]]), None).kind
        'one-hot'
    """
    seen = scan(column.values)
    _refuse_missing(seen)
    if column.categories is not None:
        return _read_categories(column, seen, task)
    if column.values.dtype.kind != "O":
        _refuse_constant(seen)
        return _read_numbers(seen, column, task)
    return _read_text(column, seen, task)


# ------------------------------------------------------------------ text and categories
def _read_text(column: Column, seen: Scan, task: str | None) -> Reading:
    sample = seen.values if seen.values is not None else column.values.reshape(-1)[:1000]
    if parse_numbers(sample) is not None and (numbers := _all_numbers(column)) is not None:
        as_numbers = scan(numbers)
        _refuse_constant(as_numbers)
        reading = _read_numbers(as_numbers, replace(column, values=numbers), task)
        return replace(_in_text(reading, seen), text=True)
    if task is None or task in ("classification", "ordered", "binary"):
        refuse_text(seen, column.values)
    _refuse_amounts_of(column, task)
    _refuse_constant(seen)
    if seen.values is None or seen.counts is None:
        msg = f"Classes must repeat; y holds more than {seen.different:,} different texts."
        raise LabelError(msg)
    try:
        order = sorted(range(len(seen.values)), key=seen.values.__getitem__)
    except TypeError:
        order = sorted(range(len(seen.values)), key=lambda i: str(seen.values[i]))  # type: ignore[index]
    values, counts = seen.values[order], seen.counts[order]
    reading = _read_classes(replace(seen, values=values, counts=counts), column, task)
    return replace(reading, hint=reading.hint or hint_of_names(values))


def _all_numbers(column: Column) -> NDArray[np.float64] | None:
    try:
        numbers = column.values.astype(np.float64)
    except (ValueError, TypeError):
        return None
    return numbers if np.isfinite(numbers).all() else None


def _in_text(reading: Reading, seen: Scan) -> Reading:
    """Let the classes of numbers that were written as text be the text."""
    if seen.values is None or (reading.classes is None and reading.pair is None):
        return reading
    texts = sorted(seen.values, key=float)
    if reading.pair is not None:
        return replace(reading, pair=(texts[0], texts[-1]))
    if reading.classes is not None and len(texts) != len(reading.classes):  # "1" and "1.0"
        msg = f"Each class must have one name; y writes the same number in several ways: {texts[:4]}. Pass numbers: pd.to_numeric(y)."
        raise LabelError(msg)
    return replace(reading, classes=tuple(texts))


def _read_categories(column: Column, seen: Scan, task: str | None) -> Reading:
    _refuse_amounts_of(column, task)
    names = column.categories or ()
    values, counts = seen.values, seen.counts
    if values is None or counts is None:
        msg = f"Classes must be few enough to learn; y declares {len(names):,}."
        raise LabelError(msg)
    ids = np.arange(len(names))
    per_class = np.zeros(len(names), np.int64)
    per_class[values[values >= 0]] = counts[values >= 0]
    if np.count_nonzero(per_class) < 2:
        raise one_class(names[int(per_class.argmax())])
    seen = replace(seen, values=ids, counts=per_class)
    reading = _read_classes(seen, replace(column, categories=None), task)
    if column.rows_are == "sequences":
        because = "lists in which names repeat: a sequence each"
        return replace(
            reading,
            classes=names,
            kind="integer",
            per="step",
            ignore=-1,
            because=because,
            other_tasks=("multi-label",),
        )
    ordered = reading.kind == "integer" and (column.ordered or task == "ordered")
    return replace(
        reading, classes=names, kind="ordered" if ordered else reading.kind, other_tasks=()
    )


def _refuse_amounts_of(column: Column, task: str | None) -> None:
    if task in ("regression", "counts", "soft"):
        first = column.plain().reshape(-1)[0]
        msg = f"For task={task!r} labels must be numbers; y holds {first!r}. Turn them into numbers, pd.to_numeric(y), or leave task out."
        raise LabelError(msg)


def _read_classes(seen: Scan, column: Column, task: str | None) -> Reading:
    """Read values that are certainly classes, since they are text or declared."""
    assert seen.values is not None
    if len(seen.values) == 2:
        return _read_pair(seen, column, task)
    return _class_ids(seen, column, Meaning(classes=True), task)


# ------------------------------------------------------------------ numbers
def _read_numbers(seen: Scan, column: Column, task: str | None) -> Reading:
    if task in ("regression", "counts"):
        return _amounts(seen, counts=task == "counts")
    if task == "soft":
        return _read_soft(seen)
    if task is None and _is_row(seen):
        refuse_ids(seen)
    if seen.whole and seen.values is not None and len(seen.values) == 2:
        return _read_pair(seen, column, task)
    if not seen.whole and task is None:
        return _read_fractions(seen)
    return _read_whole(seen, column, task)


def _read_pair(seen: Scan, column: Column, task: str | None) -> Reading:
    """Read two different values: two classes, or flags."""
    assert seen.values is not None
    assert seen.counts is not None
    off, on = (value.item() if isinstance(value, np.generic) else value for value in seen.values)
    shape, width = seen.shape, seen.shape[-1] if len(seen.shape) > 1 else 1
    number = isinstance(off, int | float) and not isinstance(off, bool)
    sure = not number or (off, on) in SURE_PAIRS
    if _is_row(seen) or width == 1 or task == "binary":
        if not sure and seen.size < 4 and task is None:
            return _amounts(
                seen, ("classification",), f"the two values {off} and {on} in {seen.size} rows"
            )
        other, because = ((), "") if sure else (("regression",), f"only the values {off} and {on}")
        if task == "multi-label":
            raise _not_for(task, f"one column of {off!r} and {on!r}", "Leave task out")
        counts = tuple(seen.counts.tolist())
        return Reading(
            "binary",
            seen,
            per=_per(shape),
            classes=(off, on),
            counts=counts,
            other_tasks=other,
            because=because,
        )
    if number and not column.rows_are and task is None and not sure:
        return _read_whole(seen, column, task)
    hot = _hot_rows(seen, off, on) if number or isinstance(off, bool) else None
    names = column.names or tuple(range(width))
    if hot is not None and task != "multi-label" and column.rows_are != "sets":
        if np.count_nonzero(hot) < 2:
            raise one_class(names[int(hot.argmax())])
        per = {2: "row", 3: "step"}.get(len(shape), "pixel")
        return Reading(
            "one-hot", seen, per=per, classes=names, counts=tuple(hot.tolist()), pair=(off, on)
        )
    if len(shape) == 3 and min(shape[1:]) >= 8 and task != "multi-label":
        because = "two values in a square of pixels each row"
        return Reading(
            "binary",
            seen,
            per="pixel",
            classes=(off, on),
            counts=tuple(seen.counts.tolist()),
            other_tasks=("multi-label",),
            because=because,
        )
    per = {2: "row", 3: "step"}.get(len(shape), "pixel")
    hint = hint_of_flags(seen, off, on) if number else ""
    return Reading("multi-label", seen, per=per, classes=names, pair=(off, on), hint=hint)


def _hot_rows(seen: Scan, off: float, on: float) -> NDArray[np.int64] | None:
    """Count the rows of each column, when each row has exactly one flag set."""
    if seen.row_sums is None or seen.column_sums is None:
        return None
    width = seen.shape[-1]
    one = float(off) * (width - 1) + float(on)
    if seen.row_sums != (one, one) or width < 2:
        return None
    rows = seen.size // width
    hot: NDArray[np.int64] = np.rint(
        (seen.column_sums - float(off) * rows) / (float(on) - float(off))
    ).astype(np.int64)
    return hot


def _read_fractions(seen: Scan) -> Reading:
    """Read numbers with fractions: probabilities, or amounts."""
    within = seen.low >= 0 and seen.high <= 1
    if within and seen.row_sums is not None and seen.shape[-1] > 1:
        least, most = seen.row_sums
        if abs(least - 1) < CLOSE and abs(most - 1) < CLOSE:
            return Reading(
                "soft",
                seen,
                per=_per_matrix(seen),
                classes=tuple(range(seen.shape[-1])),
                shares=True,
                other_tasks=("regression",),
                because="rows that sum to 1",
            )
    few = seen.values is not None and len(seen.values) <= FEW
    if within and seen.values is not None and seen.counts is not None:
        if (
            len(seen.values) == 2
            and seen.low <= 0.25
            and abs(float(seen.values.astype(np.float64).sum()) - 1) < CLOSE
        ):
            low, high = (f"{value:.3g}" for value in seen.values)
            return Reading(
                "soft",
                seen,
                per=_per_matrix(seen),
                other_tasks=("regression",),
                because=f"only {low} and {high}, smoothed 0 and 1",
            )
        ends = seen.counts[(seen.values == 0) | (seen.values == 1)].sum() / seen.size
        if ends >= 0.5 and seen.low == 0 and seen.high == 1 and len(seen.shape) < 3:
            return Reading(
                "soft",
                seen,
                per=_per_matrix(seen),
                other_tasks=("regression",),
                because="numbers from 0 to 1, most of them 0 or 1",
            )
    if within:
        return _amounts(seen, ("soft",), f"numbers from {seen.low:.3g} to {seen.high:.3g}")
    if few and seen.values is not None and _is_row(seen) and seen.size >= 5 * len(seen.values):
        return _amounts(seen, ("classification",), f"only {len(seen.values)} different numbers")
    return _amounts(seen)


def _read_soft(seen: Scan) -> Reading:
    if seen.low < 0 or seen.high > 1:
        raise _not_for(
            "soft",
            f"numbers from {seen.low} to {seen.high}",
            "Divide them by what makes 1: y / y.sum(axis=-1, keepdims=True)",
        )
    shares = (
        seen.row_sums is not None
        and seen.shape[-1] > 1
        and abs(seen.row_sums[0] - 1) < CLOSE
        and abs(seen.row_sums[1] - 1) < CLOSE
    )
    return Reading(
        "soft",
        seen,
        per=_per_matrix(seen),
        classes=tuple(range(seen.shape[-1])) if shares else None,
        shares=shares,
    )


def _read_whole(seen: Scan, column: Column, task: str | None) -> Reading:
    """Read whole numbers of three or more values: class ids, or amounts."""
    values, counts, ignore = seen.values, seen.counts, None
    if task == "multi-label":
        raise _not_for(
            task, f"{seen.different:,} different values", "Write each class as a column of 0 and 1"
        )
    if task == "binary":
        raise _not_for(
            task, f"{seen.different:,} different values", "Leave task out, or keep two of them"
        )
    if values is not None and counts is not None and not _is_row(seen) and task is None:
        values, counts, ignore = without_ignored(values, counts)
    if task in ("classification", "ordered"):
        if values is None:
            raise _not_for(
                task, "more than 65,536 different values", "Group them into fewer classes"
            )
        found = Meaning(classes=True)
    elif len(seen.shape) > 2:
        found = _meaning_of_pixels(seen, values)
    elif not _is_row(seen) and seen.shape[1] > OUTPUTS:
        found = _meaning_of_steps(values, counts)
    else:
        found = meaning(values, counts)
    if not found.classes or values is None or counts is None:
        return _amounts(seen, found.other_tasks, found.because)
    return _class_ids(replace(seen, values=values, counts=counts), column, found, task, ignore)


def _meaning_of_pixels(seen: Scan, values: NDArray[Any] | None) -> Meaning:
    """Tell a mask of class ids from a picture.

    A picture has three channels, or many shades; a mask has no fractions even in its type.
    """
    different = MASK_CLASSES + 1 if values is None else len(values)
    because = (
        f"{different:,} whole numbers"
        if values is None
        else f"{different} whole numbers from {values[0]:.0f} to {values[-1]:.0f}"
    )
    channels = len(seen.shape) > 3 and seen.shape[-1] > 1
    complete = (
        values is not None
        and int(values[-1]) - int(values[0]) + 1 == different
        and values[0] in (0, 1)
    )
    exact = seen.values is not None and seen.values.dtype.kind in "iu"
    if channels or different > MASK_CLASSES or not (different <= FEW + 2 or (complete and exact)):
        return Meaning(False, () if channels else ("classification",), because)
    sure = exact and complete and different <= FEW + 2
    return Meaning(True, () if sure else ("regression",), because)


def _meaning_of_steps(values: NDArray[Any] | None, counts: NDArray[np.int64] | None) -> Meaning:
    """Tell a sequence of ids from many amounts a row: ids use up nearly all their numbers."""
    found = meaning(values, counts)
    if values is None or found.classes or len(values) <= 5 * FEW:
        return found
    dense = len(values) >= 0.5 * (int(values[-1]) + 1) and values[0] in (0, 1)
    return Meaning(True, ("regression",), f"{len(values)} ids") if dense else found


def _class_ids(
    seen: Scan, column: Column, found: Meaning, task: str | None, ignore: Any = None
) -> Reading:
    """Read classes that are written as one value each, in whatever shape."""
    assert seen.values is not None
    assert seen.counts is not None
    classes, counts = tuple(seen.values.tolist()), tuple(seen.counts.tolist())
    kind = "ordered" if task == "ordered" else "integer"
    reading = Reading(
        kind,
        seen,
        per=_per(seen.shape),
        classes=classes,
        counts=counts,
        ignore=ignore,
        hint=hint_of_ids(classes, ignore),
        other_tasks=found.other_tasks,
        because=found.because,
    )
    if len(seen.shape) == 2 and seen.shape[1] > 1:
        outputs = seen.shape[1] <= OUTPUTS or column.names is not None
        because = found.because or f"{len(classes)} classes in {seen.shape[1]} columns"
        return replace(reading, per="row" if outputs else "step", outputs=outputs, because=because)
    return reading


def _amounts(
    seen: Scan, other_tasks: tuple[str, ...] = (), because: str = "", *, counts: bool = False
) -> Reading:
    if counts and (not seen.whole or seen.low < 0):
        fractions = "" if seen.whole else " with fractions"
        raise _not_for(
            "counts", f"numbers from {seen.low} to {seen.high}{fractions}", "Pass task='regression'"
        )
    kind = "counts" if counts else "continuous"
    return Reading(
        kind,
        seen,
        per=_per_matrix(seen),
        other_tasks=other_tasks,
        because=because,
        hint=hint_of_amounts(seen),
    )


# ------------------------------------------------------------------ shapes and refusals
def _is_row(seen: Scan) -> bool:
    return len(seen.shape) == 1 or (len(seen.shape) == 2 and seen.shape[1] == 1)


def _per(shape: tuple[int, ...]) -> str:
    """Name what one class id belongs to."""
    if len(shape) < 3:
        return "row" if len(shape) == 1 or shape[1] == 1 else "step"
    return "step" if len(shape) == 3 and shape[-1] == 1 else "pixel"


def _per_matrix(seen: Scan) -> str:
    """Name what one row of the last axis belongs to."""
    return {1: "row", 2: "row", 3: "step"}.get(len(seen.shape), "pixel")


def _refuse_missing(seen: Scan) -> None:
    from kerastrain.containers import missing_values

    if seen.missing[1]:
        raise missing_values(*seen.missing, seen.shape[0])
    if seen.infinite[1]:
        from kerastrain.scan import describe_rows

        where = describe_rows(*seen.infinite, seen.shape[0])
        msg = f"Labels must be finite; y is infinite in {where}. Keep the finite rows: keep = np.isfinite(y); x, y = x[keep], y[keep]."
        raise LabelError(msg)


def _refuse_constant(seen: Scan) -> None:
    if seen.values is not None and len(seen.values) == 1:
        raise one_class(seen.values[0])


def one_class(value: Any) -> LabelError:
    """Say that there is nothing to learn."""
    value = value.item() if isinstance(value, np.generic) else value
    return LabelError(
        f"There must be two different labels at least; every label of y is {value!r}, so that there is nothing to learn. Look at the step that selects the rows, and at np.unique(y, return_counts=True)."
    )


def _not_for(task: str, seen: str, way_out: str) -> LabelError:
    return LabelError(f"task={task!r} needs {TASKS[task]}; y holds {seen}. {way_out}.")
