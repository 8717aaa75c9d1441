"""Are these values classes or amounts? Small questions, asked in order.

Nothing in a column of numbers says what it means: 1, 2, 3 may be species, stars, or visits to a
doctor. An expert looks at how often each value occurs, and so does `meaning`. Its answer names the
other reading wherever there is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.errors import LabelError
from kerastrain.scan import FAR, Scan

__all__ = ["Meaning", "meaning", "parse_numbers", "refuse_ids", "refuse_text", "without_ignored"]

# How many different values are few? Ten digits, ten stars, seven days: what people list by hand.
FEW = 10
# A class that is to be learnt has several rows. Amounts that are measured rarely repeat so often.
ROWS_PER_CLASS = 5
PERCENT = 100  # the largest of 101 numbers from 0: percent, or points in a test
# Values of a mask that mark pixels or tokens without a label: Pascal VOC, padding, Hugging Face.
IGNORED = (255, -1, -100)


@dataclass(frozen=True)
class Meaning:
    """What whole numbers mean: classes or amounts, the tasks of the other readings, and why."""

    classes: bool
    other_tasks: tuple[str, ...] = ()
    because: str = ""


def meaning(values: NDArray[Any] | None, counts: NDArray[np.int64] | None) -> Meaning:
    """Tell class ids from amounts by how often each whole number occurs.

    Args:
        values: The different values in order, None when there are too many.
        counts: How often each occurs.

    Examples:
        >>> meaning(np.array([0, 1, 2]), np.array([50, 50, 50])).classes
        True
        >>> meaning(np.array([0, 1, 2, 3, 5, 9]), np.array([80, 30, 12, 5, 2, 1]))  # doctor visits
        Meaning(classes=False, other_tasks=('counts', 'classification'), because='whole numbers from 0 with a long thin tail')
    """
    if values is None or counts is None:
        return Meaning(classes=False)
    low, high, different = int(values[0]), int(values[-1]), len(values)
    rows_each = counts.sum() / different
    from_start = low in (0, 1)
    complete = from_start and high - low + 1 == different
    dense = from_start and different >= 0.8 * (high - low + 1)
    numbers = f"{different} whole numbers from {low} to {high}"
    if from_start and _thins_out(values, counts):
        tail = f"whole numbers from {low} with a long thin tail"
        return Meaning(False, ("counts", "classification"), tail)
    if complete and (high == PERCENT or (different > FEW and _is_hill(values, counts))):
        return Meaning(False, ("classification", "counts"), numbers)
    if complete and (different <= FEW or rows_each >= 2):
        sure = low == 0 and different <= FEW and not _is_hill(values, counts)
        return Meaning(True, () if sure else ("regression",), numbers)
    if different <= FEW and rows_each >= ROWS_PER_CLASS:
        return Meaning(True, ("regression",), numbers)
    if dense and rows_each >= 4 * ROWS_PER_CLASS and not _is_hill(values, counts):
        return Meaning(True, ("regression",), numbers)
    if from_start:
        return Meaning(False, ("counts", "classification"), numbers)
    return Meaning(False, ("classification",) if rows_each >= ROWS_PER_CLASS else (), numbers)


def _thins_out(values: NDArray[Any], counts: NDArray[np.int64]) -> bool:
    """Tell whether frequencies rise to one top and then fall to a thin tail, as counts do."""
    line = _line(values, counts)
    if len(values) < 4:
        return False
    top = int(line.argmax())
    steps = np.diff(line)
    noise = 2 * np.sqrt(np.maximum(line[:-1], line[1:])) + 2  # two standard deviations of a count
    one_top = bool((steps[:top] >= -noise[:top]).all() and (steps[top:] <= noise[top:]).all())
    upper_half = line[(len(line) + 1) // 2 :].sum() / line.sum()
    last_quarter = line[-(len(line) // 4) :].sum() / line.sum() if len(line) >= 4 else 1
    # Six classes in any order have one top in 4 % of all orders, and rarely a thin end as well.
    thin = upper_half <= 0.1 or (len(values) >= 6 and last_quarter <= 0.05)
    return one_top and top < len(line) / 2 and bool(thin)


def _is_hill(values: NDArray[Any], counts: NDArray[np.int64]) -> bool:
    """Tell whether frequencies form a hill along the numbers, as scores and ages do.

    The numbers of classes have no order, so neighbours are not alike and both ends are as full as
    the middle. Five values at least, else a hill can be chance.
    """
    line = _line(values, counts)
    if len(line) < 5:
        return False
    fifth = max(1, len(line) // 5)
    thin_ends = (line[:fifth].sum() + line[-fifth:].sum()) / line.sum() < 0.15
    if len(line) <= 2 * FEW or line.std() == 0:
        return bool(thin_ends)
    alike = np.corrcoef(line[:-1], line[1:])[0, 1] > 0.8
    return bool(thin_ends or (alike and line.argmax() > 0.05 * len(line)))


def _line(values: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Lay the frequencies out along the numbers, with 0 for numbers that never occur."""
    low = int(values[0])
    span = int(values[-1]) - low + 1
    if span > 1000 or span > 50 * len(values):  # a few numbers far apart: their gaps say nothing
        return counts.astype(np.float64)
    line = np.zeros(span)
    line[values.astype(np.int64) - low] = counts
    return line


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


# ------------------------------------------------------------------ numbers that are neither
def refuse_ids(seen: Scan) -> None:
    """Refuse numbers that only tell rows apart, or that write a date.

    Raises:
        LabelError: each row has a number of its own out of a full range, or all are YYYYMMDD.
    """
    if not seen.whole or seen.size < 2 * FEW:
        return
    span = int(seen.high) - int(seen.low) + 1
    all_different = seen.different == seen.counted
    far = max(abs(int(seen.low)), abs(int(seen.high))) >= FAR
    if all_different and (span <= 2 * seen.size or far):
        msg = (
            f"Labels must repeat or be amounts; y holds {seen.size:,} different whole numbers "
            f"from {seen.low} to {seen.high}, one for each row: ids or row numbers, which "
            "cannot be learnt. Pass another column; if they are amounts, pass task='regression'."
        )
        raise LabelError(msg)
    for unit, second in (("s", 1), ("ms", 1000)):
        if (
            1e9 * second <= seen.low < seen.high < 2e9 * second
            and seen.different > seen.counted / 2
        ):
            msg = (
                f"Labels must be classes or amounts; y holds times as {unit} since 1970, such as "
                f"{pd.Timestamp(int(seen.low), unit=unit)}. Take a part of them, pd.to_datetime(y, "
                f"unit={unit!r}).hour, or a duration; if they are amounts, pass task='regression'."
            )
            raise LabelError(msg)
    if seen.values is not None and 19000101 <= seen.low and seen.high <= 21001231:
        days = seen.values.astype(np.int64)
        months = days // 100 % 100
        if ((months >= 1) & (months <= 12) & (days % 100 >= 1) & (days % 100 <= 31)).all():
            msg = (
                f"Labels must be classes or amounts; y holds dates written as numbers, such as "
                f"{int(seen.low)}. Count days instead: "
                "(pd.to_datetime(y, format='%Y%m%d') - pd.Timestamp('2000-01-01')).days"
            )
            raise LabelError(msg)


# ------------------------------------------------------------------ text
MISSING = {"", "nan", "na", "n/a", "#n/a", "<na>", "nat", "null", "?"}
DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}( .*)?")
PRICE = re.compile(
    r"\s*[-+(]?\s*([$€£¥₹]|USD|EUR|GBP)?\s*[-+]?\d[\d,.' ]*\s*([$€£¥₹%]|USD|EUR|GBP)?\)?\s*"
)


def parse_numbers(texts: NDArray[Any]) -> NDArray[np.float64] | None:
    """Read text as plain numbers, or None where one of them is none.

    Digits after a leading 0 are a code, such as a postcode, and no number.

    Examples:
        >>> parse_numbers(np.array(["24.0", "7"], object)).tolist()
        [24.0, 7.0]
        >>> parse_numbers(np.array(["$24", "7"], object)) is None
        True
    """
    if not all(isinstance(text, str | bytes) and text[:1] not in ("", b"") for text in texts):
        return None
    try:
        numbers = np.array([float(text) for text in texts])
    except ValueError:
        return None
    codes = any(len(text) > 1 and text[:1] in ("0", b"0") and text[1:2].isdigit() for text in texts)
    return None if codes or not np.isfinite(numbers).all() else numbers


def refuse_text(seen: Scan, rows: NDArray[Any]) -> None:
    """Refuse text that is no set of classes: prices, dates, free text, marks of missing values.

    Raises:
        LabelError: says what the text is and how to make labels of it.
    """
    values = seen.values
    if values is None:
        raise _too_many(seen, rows)
    if all(isinstance(value, str) for value in values):
        _refuse_strings(values, rows)
    if seen.size > FEW and len(values) > seen.size / 2:
        raise _too_many(seen, rows)


def _refuse_strings(values: NDArray[Any], rows: NDArray[Any]) -> None:
    marks = [value for value in values if value.strip().lower() in MISSING]
    if marks:
        where = int(np.flatnonzero(rows.reshape(-1) == marks[0])[0]) // max(
            1, rows[0].size if rows.ndim > 1 else 1
        )
        msg = (
            f"Each row must have a label; y holds {marks[0]!r}, which marks a missing value, "
            f"first in row {where}. Keep the labelled rows: keep = y != {marks[0]!r}; "
            "x, y = x[keep], y[keep]. If it is a class of its own, pass pd.Categorical(y)."
        )
        raise LabelError(msg)
    marked = any(not set(value) <= set("0123456789.- ") for value in values)
    if marked and all(PRICE.fullmatch(value) for value in values):
        msg = (
            f"Amounts must be numbers; y holds text such as {values[0]!r} and {values[1]!r}. "
            "Turn it into numbers: pd.Series(y).str.replace(r'[^0-9.-]', '', regex=True)"
            ".astype(float). If these are names of classes, pass pd.Categorical(y)."
        )
        raise LabelError(msg)
    if all(DATE.fullmatch(value) for value in values):
        msg = (
            f"Labels must be classes or amounts; y holds dates as text, such as {values[0]!r}. "
            "For an amount: (pd.to_datetime(y) - pd.Timestamp('2000-01-01')).days; "
            "for a class, a part of it: pd.to_datetime(y).month."
        )
        raise LabelError(msg)
    numbers = [value for value in values if parse_numbers(np.array([value], object)) is not None]
    if len(numbers) > FEW and len(numbers) > len(values) / 2:
        odd = next(value for value in values if value not in numbers)
        msg = (
            f"Labels must be of one type; most of y are numbers written as text, but not {odd!r}. "
            "Mark those as missing, pd.to_numeric(y, errors='coerce'), and drop them."
        )
        raise LabelError(msg)


def _too_many(seen: Scan, rows: NDArray[Any]) -> LabelError:
    examples = " and ".join(repr(str(text)[:40]) for text in rows.reshape(-1)[:2])
    different = "more than 65,536" if seen.values is None else f"{len(seen.values):,}"
    return LabelError(
        f"Classes must repeat; y holds {different} different texts in {seen.size:,} rows, such as "
        f"{examples}: names, ids or free text, which cannot be learnt as classes. Pass the column "
        "of classes, or group these first: pd.Series(y).where(lambda s: s.map(s.value_counts()) >= 10, 'other')."
    )
