"""Which columns are no labels at all, and what would an expert look at once more?

Ids, dates, prices, free text and marks of missing values are told by their values and refused;
what is only likely becomes a hint in the note.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.summary import FAR, Summary
from kerastrain.errors import LabelError
from kerastrain.labels.meaning import FEW
from kerastrain.labels.refusals import refuse_dates

__all__ = ["hint_of_flags", "hint_of_ids", "hint_of_names", "hint_of_numbers", "missing_code",
           "parse_numbers", "refuse_ids", "refuse_missing_code", "refuse_text"]  # fmt: skip

FIRST_DAY, LAST_DAY = 19000101, 21001231  # dates as tables write them, in one number
SINCE_2001, UNTIL_2033 = 1e9, 2e9  # seconds since 1970
# Numbers that tables write where nothing was measured.
CODES = (-99, -999, -9999, -99999, 99, 999, 9999, 99999)


# ------------------------------------------------------------------ numbers
def refuse_ids(seen: Summary) -> None:
    """Refuse whole numbers that only tell rows apart, or that write a time.

    Raises:
        LabelError: each row has a number of its own out of a full range or beyond what a float
            can hold, or all numbers are dates.
    """
    if not seen.whole or seen.size < 2 * FEW:
        return
    low, high = int(seen.low), int(seen.high)
    all_different = seen.different == seen.counted
    full_range = high - low + 1 <= 2 * seen.size
    # Floats that large are always whole: they are ids when none is small.
    exact = isinstance(seen.low, int) or FAR <= low <= high < 2**64
    if all_different and (full_range or (exact and max(abs(low), abs(high)) >= FAR)):
        msg = (
            f"Labels must repeat or be numeric targets, but y holds {seen.size:,} different whole "
            f"numbers from {low} to {high}, one for each row: ids or row numbers, which cannot be "
            "learned. Pass another column; if they are numeric targets, pass task='regression'."
        )
        raise LabelError(msg)
    for unit, second in (("s", 1), ("ms", 1000)):
        since_1970 = SINCE_2001 * second <= low and high < UNTIL_2033 * second
        if since_1970 and seen.different > seen.counted / 2:
            code = f"pd.to_datetime(pd.Series(y), unit={unit!r})"
            refuse_dates(f"{unit} since 1970", low, code)
    if seen.values is not None and low >= FIRST_DAY and high <= LAST_DAY:
        number = seen.values.astype(np.int64)
        month, day = number // 100 % 100, number % 100
        if ((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all():
            kind = "written as numbers"
            refuse_dates(kind, low)


def missing_code(seen: Summary) -> float | None:
    """Find a number such as -999 that lies far from all others and therefore marks missing values.

    Examples:
        >>> from kerastrain.arrays.summary import summarize
        >>> missing_code(summarize(np.array([12, 31, -999, 25])))
        -999
    """
    if seen.values is None or len(seen.values) < 3:
        return None
    for code, next_to_it in ((seen.low, seen.values[1]), (seen.high, seen.values[-2])):
        if code in CODES and float(next_to_it) / code < 0.5:
            return int(code)
    return None


def refuse_missing_code(seen: Summary) -> None:
    """Refuse numbers among which a negative code for missing values stands more than once.

    Raises:
        LabelError: says which code, and how often.
    """
    code = missing_code(seen)
    if code is None or code > 0 or seen.times is None or seen.times[0] < 2:
        return
    msg = (
        f"Each row must have a label, but y holds {code}, far from all other numbers, in "
        f"{seen.times[0]:,} of {seen.size:,} rows: it marks missing values. Keep the rows with "
        f"labels: keep = y != {code}; x, y = x[keep], y[keep]. If it is a numeric target, pass "
        "task='regression'; if a class, task='classification'."
    )
    raise LabelError(msg)


def hint_of_numbers(seen: Summary) -> str:
    """Look for codes of missing values, numbers that name rows, and rows in percent."""
    code = missing_code(seen)
    if code is not None:
        return f"{code} may mark missing values: keep = y != {code}; x, y = x[keep], y[keep]."
    if seen.sum_range is not None and seen.low >= 0 and seen.shape[-1] > 1:
        least, most = seen.sum_range
        if abs(least - 100) < 0.5 and abs(most - 100) < 0.5:
            return "Each row sums to 100; for shares pass y / 100."
    exact = seen.values is not None and seen.values.dtype.kind in "iu"
    if exact and seen.different == seen.size >= 50:
        return "Each row has a number of its own; if they are ids, they cannot be learned."
    return ""


def hint_of_flags(seen: Summary, off: float, on: float) -> str:
    """Look for rows without a class where all others have exactly one."""
    if seen.sum_range is None or seen.column_sums is None:
        return ""
    width = seen.shape[-1]
    none, one = off * width, off * (width - 1) + on
    rows = seen.size // width
    empty = rows - round((float(seen.column_sums.sum()) - none * rows) / (on - off))
    if seen.sum_range == (none, one) and empty <= 0.05 * rows:
        return (
            f"All rows have one class except {empty}, which have none: "
            "keep = y.any(axis=1) leaves one-hot rows."
        )
    return ""


def hint_of_ids(classes: tuple[Any, ...], ignore: Any) -> str:
    """Say what is left out, and look for a class that may be a mark."""
    if ignore is not None:
        return f"{ignore} marks what has no label and is left out."
    numbers = all(isinstance(c, int) and not isinstance(c, bool) for c in classes)
    if numbers and len(classes) > 3 and classes[0] == -1:
        return "-1 may mark rows without a label: keep = y != -1; x, y = x[keep], y[keep]."
    return ""


# ------------------------------------------------------------------ text
MISSING = {"", "nan", "na", "n/a", "n.a.", "#n/a", "<na>", "nat", "null", "?"}
DASHES = {".", "-", "--", "---"}  # the same, unless other values are signs too, as tags are
MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?"  # 2020-01-31T10:00
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}( .*)?"  # 31.1.2020
    rf"|{MONTH}[- ]\d{{1,2}}(,? \d{{4}})?"  # Jan 31, 2020
    rf"|(\d{{1,2}}[- ])?{MONTH}[- ,]+(\d{{4}}|\d\d)"  # 31 Jan 2020
    r"|(19|20)\d\d[-/](0?[1-9]|1[0-2])|(19|20)\d\d[- ]?Q[1-4]",  # 2020-01, 2020 Q1
    re.IGNORECASE,
)
TIME = re.compile(r"\d{1,2}:\d\d(:\d\d)?( ?[ap]\.?m\.?)?", re.IGNORECASE)
MONEY = r"([$€£¥₹]|USD|EUR|GBP|%)?"
PRICE = re.compile(rf"\s*[-+(]?\s*{MONEY}\s*[-+]?\d[\d,.' ]*\s*{MONEY}\)?\s*")
DECIMAL_COMMA = re.compile(r"\d,\d{1,2}\D*$")
UNIT = re.compile(r"\s*[-+]?\d[\d.,]*\s*([a-zµ°²³/]{1,8})\s*", re.IGNORECASE)
PLAIN = set("0123456789.- ")  # without a sign of money, percent or thousands: perhaps a code


def parse_numbers(texts: Any) -> NDArray[np.float64] | None:
    """Read text as plain numbers, or None where one of them is not a number.

    Digits after a leading 0 are a code, such as a postcode, and no number.

    Examples:
        >>> parse_numbers(np.array(["24.0", "7"], object)).tolist()
        [24.0, 7.0]
        >>> parse_numbers(np.array(["$24", "7"], object)) is None
        True
    """
    try:
        words = [text.decode() if isinstance(text, bytes) else text for text in texts]
        numbers = np.array([float(word) for word in words])
    except (ValueError, TypeError):
        return None
    if any(re.match(r"0\d", word) for word in words) or not np.isfinite(numbers).all():
        return None
    return numbers


def refuse_text(seen: Summary, rows: NDArray[Any]) -> None:
    """Refuse text that is no set of classes: prices, dates, free text, marks of missing values.

    Args:
        seen: The summary of the text.
        rows: The text itself, for the rows and examples in the message.

    Raises:
        LabelError: says what the text is and how to make labels of it.
    """
    values = seen.values
    if values is not None and all(isinstance(value, str | bytes) for value in values):
        words = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values]
        _refuse_marks(values, words, rows)
        _refuse_numbers_with_signs(words)
        for pattern, kind in ((DATE, "as text"), (TIME, "time")):
            if all(pattern.fullmatch(word) for word in words):
                refuse_dates(kind, words[0])
    if values is None or (seen.size > FEW and len(values) > seen.size / 2):
        examples = " and ".join(repr(str(text)[:40]) for text in rows.reshape(-1)[:2])
        msg = (
            f"Classes must repeat, but y holds {'over ' if values is None else ''}"
            f"{seen.different:,} different values in {seen.size:,} rows, such as {examples}: "
            "names, ids or free text, which cannot be learned as classes. Pass the column of "
            "classes, or put rare ones together: y = pd.Series(y); "
            "y.where(y.map(y.value_counts()) >= 10, 'other')."
        )
        raise LabelError(msg)


def _refuse_marks(values: NDArray[Any], words: list[str], rows: NDArray[Any]) -> None:
    signs = [word for word in words if not any(map(str.isalnum, word))]
    single = len(signs) == 1 and rows.size == len(rows) and signs[0].strip() in DASHES
    marks = [word for word in words if word.strip().lower() in MISSING]
    if not marks and not single:
        return
    mark = values[words.index((marks or signs)[0])]
    row = int(np.flatnonzero((rows == mark).reshape(len(rows), -1).any(axis=1))[0])
    msg = (
        f"Each row must have a label, but y holds {mark!r}, which marks a missing value, first in "
        f"row {row}. Keep the rows with labels: keep = y != {mark!r}; x, y = x[keep], y[keep]. "
        "If it is a class of its own, pass pd.Categorical(y)."
    )
    raise LabelError(msg)


def _refuse_numbers_with_signs(values: list[str]) -> None:
    """Refuse text that is a number with a sign or unit beside it, or a number in most rows."""
    marked = any(not set(value) <= PLAIN for value in values)
    code = ""
    if marked and all(PRICE.fullmatch(value) for value in values):
        comma = any(DECIMAL_COMMA.search(value) for value in values)
        digits = ".replace(r'[^0-9,-]', '', regex=True).str.replace(',', '.')"
        code = digits if comma else ".replace(r'[^0-9.-]', '', regex=True)"
    units = {unit[1].lower() if (unit := UNIT.fullmatch(value)) else "" for value in values}
    one_unit = "" not in units and (len(units) == 1 or units <= {"k", "m", "b"})
    if not code and len(values) > FEW and one_unit:
        code = ".extract(r'([-+0-9.]+)')[0]"
    if code:
        msg = (
            f"Numeric targets must be numbers, but y holds text such as {values[0]!r}. Turn it "
            f"into numbers: pd.Series(y).str{code}.astype(float). If these are names of classes, "
            "pass pd.Categorical(y)."
        )
        raise LabelError(msg)
    odd = [value for value in values if parse_numbers([value]) is None]
    codes = any(re.match(r"0\d", value) for value in values)
    if not codes and len(values) - len(odd) > FEW and 0 < len(odd) < len(values) / 2:
        msg = (
            "Labels must be of one type, but most of y are numbers written as text, and "
            f"{odd[0]!r} is not. Mark such rows as missing, "
            "pd.to_numeric(pd.Series(y), errors='coerce'), and drop them."
        )
        raise LabelError(msg)


def hint_of_names(values: NDArray[Any]) -> str:
    """Look for names that are lists of names, such as 'Action|Comedy'."""
    words = [v for v in values if isinstance(v, str)]
    for mark in (",", ";", "|"):
        joined = [word for word in words if mark in word]
        parts = Counter(part.strip() for word in words for part in word.split(mark))
        repeated = np.mean([count > 1 for count in parts.values()]) if parts else 0
        if len(joined) >= len(values) / 3 and repeated > 0.5:
            return (
                f"Names such as {joined[0]!r} may be several classes each: "
                f"[set(names.split({mark!r})) for names in y]."
            )
    return ""
