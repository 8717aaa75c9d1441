"""What would an expert look at once more? One small question for each kind of column."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.summary import Summary
from kerastrain.labels.non_labels import missing_code

__all__ = ["hint_of_amounts", "hint_of_flags", "hint_of_ids", "hint_of_names"]


def hint_of_amounts(seen: Summary) -> str:
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
        return "Each row has a number of its own; if they are ids, they cannot be learnt."
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
            f"All rows have one class but {empty}, which have none: "
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


def hint_of_names(values: NDArray[Any]) -> str:
    """Look for names that are lists of names, such as 'Action|Comedy'."""
    for mark in (",", ";", "|"):
        joined = [v for v in values if isinstance(v, str) and mark in v]
        parts = Counter(
            part.strip() for v in values if isinstance(v, str) for part in v.split(mark)
        )
        repeated = np.mean([count > 1 for count in parts.values()]) if parts else 0
        if len(joined) >= len(values) / 3 and repeated > 0.5:
            return (
                f"Names such as {joined[0]!r} may be several classes each: "
                f"[set(names.split({mark!r})) for names in y]."
            )
    return ""
