"""Are these whole numbers classes or numeric targets? Small questions, asked in order.

Nothing in a column of numbers says what it means: 1, 2, 3 may be species, stars, or visits to a
doctor. An expert looks at how often each value occurs, and so does `meaning`. Its answer names the
other reading wherever there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEW", "ROWS_PER_CLASS", "Meaning", "meaning", "meaning_of_pixels", "meaning_of_steps",
           "without_ignored"]  # fmt: skip

# How many different values are few? Ten digits, ten stars, seven days: what people list by hand.
FEW = 10
# A class that is to be learned has several rows. Measured numbers rarely repeat so often.
ROWS_PER_CLASS = 5
MASK_CLASSES = 200  # more values than this are shades of grey; large sets of masks have 150, 171
# Values of a mask that mark pixels or tokens without a label: Pascal VOC, padding, Hugging Face.
IGNORED = (255, -1, -100)


@dataclass(frozen=True)
class Meaning:
    """What whole numbers mean: classes or not, the tasks of the other readings, and why."""

    classes: bool
    other_tasks: tuple[str, ...] = ()
    because: str = ""


def meaning(values: NDArray[Any] | None, counts: NDArray[np.int64] | None) -> Meaning:
    """Tell class ids from numeric targets by how often each whole number occurs.

    Args:
        values: The different values in order, None when there are too many.
        counts: How often each occurs.

    Examples:
        >>> meaning(np.array([0, 1, 2]), np.array([50, 50, 50])).classes
        True
        >>> visits, patients = np.array([0, 1, 2, 3, 5, 9]), np.array([80, 30, 12, 5, 2, 1])
        >>> meaning(visits, patients).other_tasks
        ('counts', 'classification')
    """
    if values is None or counts is None:
        return Meaning(classes=False)
    low, high, different = int(values[0]), int(values[-1]), len(values)
    rows_each = counts.sum() / different
    from_start = low in (0, 1)
    complete = from_start and high - low + 1 == different
    numbers = f"{different} whole numbers from {low} to {high}"
    line = _line(values, counts)
    some = line[1:] if low == 0 and line.argmax() == 0 else line  # where most have none
    if from_start and _thins_out(line):
        tail = f"whole numbers from {low} with a long thin tail"
        return Meaning(False, ("counts", "classification"), tail)
    if from_start and _rises_and_falls(some):
        return Meaning(False, ("counts", "classification"), f"{numbers}, few at both ends")
    if complete and different > FEW and _is_hill(line):
        return Meaning(False, ("classification", "counts"), numbers)
    if complete:
        falls = different > 3 and bool((np.diff(counts) < 0).all())  # as counts do from 0 on
        rare = different > 2 and line[0] >= 0.9 * line.sum()  # most have none: events that are rare
        sure = low == 0 and different <= FEW and not (falls or rare)
        marks = ("regression", "ordered") if 3 <= different <= FEW else ("regression",)
        return Meaning(True, () if sure else marks, numbers)
    if different <= FEW and rows_each >= ROWS_PER_CLASS:
        return Meaning(True, ("regression",), numbers)
    if from_start:
        return Meaning(False, ("counts", "classification"), numbers)
    return Meaning(False, ("classification",) if rows_each >= ROWS_PER_CLASS else (), numbers)


def _thins_out(line: NDArray[np.float64]) -> bool:
    """Tell whether frequencies rise to one top and then fall to a thin tail, as counts do."""
    different = np.count_nonzero(line)
    if different < 4:
        return False
    upper_half = line[(len(line) + 1) // 2 :].sum() / line.sum()
    last_quarter = line[-(len(line) // 4) :].sum() / line.sum()
    # Six classes in any order have one top in 4 % of all orders, and rarely a thin end as well.
    thin = upper_half <= 0.1 or (different >= 6 and last_quarter <= 0.05)
    return bool(thin and _has_one_top(line))


def _has_one_top(line: NDArray[np.float64]) -> bool:
    """Tell whether frequencies rise to one top and fall from there, but for chance."""
    top = int(line.argmax())
    steps = np.diff(line)
    noise = 2 * np.sqrt(np.maximum(line[:-1], line[1:])) + 2  # two standard deviations of a count
    return bool((steps[:top] >= -noise[:top]).all() and (steps[top:] <= noise[top:]).all())


def _rises_and_falls(line: NDArray[np.float64]) -> bool:
    """Tell whether frequencies rise to one top between thin ends, as numbers of children do.

    Seven values at least: with fewer, ratings look the same.
    """
    return len(line) >= 7 and _has_one_top(line) and _has_thin_ends(line)


def _has_thin_ends(line: NDArray[np.float64]) -> bool:
    fifth = max(1, len(line) // 5)
    return bool((line[:fifth].sum() + line[-fifth:].sum()) / line.sum() < 0.15)


def _is_hill(line: NDArray[np.float64]) -> bool:
    """Tell whether frequencies form a hill along the numbers, as scores and ages do.

    The numbers of classes have no order, so neighbors are not similar and both ends are as full as
    the middle. Five values at least, else a hill can be chance.
    """
    if len(line) < 5:
        return False
    return _has_thin_ends(line) or (len(line) > FEW and _is_smooth(line))


def _is_smooth(line: NDArray[np.float64]) -> bool:
    """Tell whether neighbors are similar, as durations and ages are, by von Neumann's ratio.

    The ratio of the mean squared step to twice the variance is 1 for numbers in any order. Where
    frequencies hardly differ, or never rise, the order may be that of the classes.

    References:
        John von Neumann, Distribution of the ratio of the mean square successive difference to
        the variance, The Annals of Mathematical Statistics 12(4), 1941.
    """
    differ = line.var() > 4 * line.mean()  # by chance alone the variance is the mean
    if not differ or (np.diff(line) <= 0).all():
        return False
    heights = np.log1p(line)
    ratio = (np.diff(heights) ** 2).mean() / (2 * heights.var())
    return bool(ratio < min(0.4, 1 - 2.5 / np.sqrt(len(line))))  # 2.5 standard deviations below 1


def _line(values: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Lay the frequencies out along the numbers, with 0 for numbers that never occur."""
    low = int(values[0])
    span = int(values[-1]) - low + 1
    if span > 50 * len(values):  # a few numbers far apart: their gaps say nothing
        return counts.astype(np.float64)
    line = np.zeros(span)
    line[values.astype(np.int64) - low] = counts
    return line


def meaning_of_pixels(values: NDArray[Any] | None, shape: tuple[int, ...]) -> Meaning:
    """Tell a mask of class ids from a picture: that has three channels, or many shades.

    Examples:
        >>> meaning_of_pixels(np.arange(11), (100, 8, 8)).classes
        True
        >>> meaning_of_pixels(np.arange(256), (100, 8, 8)).classes
        False
    """
    if values is None or (len(shape) > 3 and shape[-1] > 1):
        return Meaning(classes=False)
    low, high, different = int(values[0]), int(values[-1]), len(values)
    because = f"{different} whole numbers from {low} to {high}"
    complete = low in (0, 1) and high - low + 1 == different and values.dtype.kind in "iu"
    if different > MASK_CLASSES or not (complete or different <= FEW + 2):
        return Meaning(False, ("classification",), because)
    return Meaning(True, () if complete and different <= FEW + 2 else ("regression",), because)


def meaning_of_steps(values: NDArray[Any] | None, counts: NDArray[np.int64] | None) -> Meaning:
    """Tell sequences of ids from rows of numeric targets: ids use up most of their numbers.

    Few ids are told by their order as well: vocabularies number tokens by how often they occur,
    from 2 on where 0 and 1 stand for padding and for unknown tokens.
    """
    found = meaning(values, counts)
    if values is None or counts is None or found.classes or len(values) <= FEW:
        return found
    used = len(values) / (int(values[-1]) + 1) if values[0] in (0, 1, 2) else 0
    ranked = used >= 0.9 and bool((np.diff(counts[1:]) <= 0).all())
    ids = ranked or (used >= 0.5 and len(values) > 5 * FEW)
    return Meaning(True, ("regression",), f"{len(values)} different ids") if ids else found


def without_ignored(
    values: NDArray[Any], counts: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64], int | None]:
    """Take out the one value that marks pixels or tokens without a label.

    It lies further from the class ids than any two of them from each other.

    Examples:
        >>> without_ignored(np.array([0, 1, 2, 255]), np.array([9, 5, 3, 1]))[2]
        255
        >>> without_ignored(np.array([0, 128, 255]), np.array([9, 5, 3]))[2] is None
        True
    """
    for mark in IGNORED:
        at = -1 if mark > 0 else 0
        rest = np.delete(values, at)
        if len(rest) < 2 or values[at] != mark or rest[0] not in (0, 1):
            continue
        gap = abs(int(mark) - int(rest[at]))
        if mark == -1 or gap > np.diff(rest.astype(np.int64)).max():
            return rest, np.delete(counts, at), int(mark)
    return values, counts, None
