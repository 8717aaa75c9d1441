"""What kind of labels are these? The questions of an expert, in the order of asking.

Declared classes? Text? Two values only? Fractions, and rows that sum to one? Whole numbers? Each
answer is a description of the labels, and what speaks for another reading goes into its note.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.summary import Summary, describe_places, summarize
from kerastrain.labels.coding import Labels
from kerastrain.labels.columns import PADDING, Column
from kerastrain.labels.kinds import KINDS, TASKS
from kerastrain.labels.meaning import (
    FEW,
    ROWS_PER_CLASS,
    Meaning,
    meaning,
    meaning_of_pixels,
    meaning_of_steps,
    without_ignored,
)
from kerastrain.labels.refusals import refuse
from kerastrain.labels.suspects import (
    hint_of_flags,
    hint_of_ids,
    hint_of_names,
    hint_of_numbers,
    parse_numbers,
    refuse_ids,
    refuse_missing_code,
    refuse_text,
)

__all__ = ["read"]

SURE_PAIRS = {(0, 1), (-1, 1), (1, 2), (0, 255)}  # how two classes are written as numbers
OUTPUTS = 4  # up to so many columns of class ids are taken for outputs, more for a sequence
SQUARE = 8  # pixels a side, from which on (n, h, w) of two values is a mask and not flags
MOST_SMOOTHING = 0.25  # what label smoothing may make of a 0; more is no label any more
CLOSE = 1e-2  # rows of half-precision shares sum to 1 within this


def read(column: Column, task: str | None) -> Labels | None:
    """Decide what the values of a column are.

    Args:
        column: The labels of one output.
        task: What the caller said that they are; None to look.

    Returns:
        What is known about them; None where each column of a table is an output of its own.

    Raises:
        LabelError: they cannot be labels, or not for this task.

    Examples:
        >>> from kerastrain.labels.containers import open_labels
        >>> read(open_labels([[1, 0], [0, 1], [0, 1]]), None).kind
        'one-hot'
    """
    seen = summarize(column.array, labels=True)
    for places, name in ((seen.missing_at, "missing"), (seen.infinite_at, "infinite")):
        if places.rows:
            refuse(name, where=describe_places(places, seen.shape[0], column.names))
    if max(-seen.low, seen.high) > float(np.finfo(np.float32).max):
        refuse("too large", value=max(-seen.low, seen.high))
    reader = _Reader(seen, column, task)
    if column.categories is not None:
        return reader.declared(column.categories)
    if seen.values is not None and len(seen.values) == 1:
        _refuse_one_class(seen.values[0])
    return reader.text() if column.array.dtype.kind == "O" else reader.numbers()


def _refuse_one_class(value: Any) -> NoReturn:
    refuse("one class", value=value.item() if isinstance(value, np.generic) else value)


@dataclass(frozen=True)
class _Reader:
    """The values of one output, and what the caller said that they are."""

    seen: Summary
    column: Column
    task: str | None

    # ------------------------------------------------------------------ text, declared classes
    def text(self) -> Labels | None:
        texts, seen = self.column.array, self.seen
        numbers = _as_numbers(texts, seen)
        if numbers is not None:
            found = summarize(numbers, labels=True)
            if found.values is not None and len(found.values) == 1:
                _refuse_one_class(texts.reshape(-1)[0])
            return _in_text(replace(self, seen=found).numbers(), seen)
        self._must_be_numbers()
        refuse_text(seen, texts)
        values, times = _in_order(seen)
        labels = replace(self, seen=replace(seen, values=values, times=times))._classes()
        hint = hint_of_names(values)
        return replace(labels, note=hint) if labels and hint and not labels.note else labels

    def declared(self, names: tuple[Any, ...]) -> Labels | None:
        """Read ids of classes that the container declared; classes without rows stay classes."""
        self._must_be_numbers()
        column, task = self.column, self.task
        times = np.bincount(column.array[column.array != PADDING], minlength=len(names))
        if np.count_nonzero(times) < 2:
            _refuse_one_class(names[int(times.argmax())])
        known = replace(self.seen, values=np.arange(len(names)), times=times, low=np.nan)
        reader = replace(self, seen=replace(known, high=np.nan))
        if column.rows_are == "sequences":
            because = "lists in which names repeat, a sequence each"
            other = () if task else ("multi-label",)
            return reader._labels(
                "integer", "step", because=because, other_tasks=other, ignore=PADDING,
                classes=names, counts=tuple(times.tolist()),
            )  # fmt: skip
        labels = reader._classes()
        if labels is None:
            return None
        ordered = labels.kind == "integer" and column.ordered
        return replace(labels, classes=names, kind="ordered" if ordered else labels.kind)

    def _classes(self) -> Labels | None:
        """Read values that are certainly classes, since they are text or declared."""
        assert self.seen.values is not None
        return self._pair() if len(self.seen.values) == 2 else self._ids(Meaning(classes=True))

    def _must_be_numbers(self) -> None:
        if self.task is not None and TASKS[self.task].form == "numbers":
            refuse("text", task=self.task, value=self.column.plain().reshape(-1)[0])

    # ------------------------------------------------------------------ numbers
    def numbers(self) -> Labels | None:
        seen, task = self.seen, self.task
        if task == "regression":
            return self._numeric()
        if task == "counts":
            if not seen.whole or seen.low < 0:
                numbers = "fractions" if not seen.whole else f"numbers from {seen.low}"
                self._refuse_task(numbers, "Pass task='regression'")
            return self._numeric("counts")
        if task == "soft":
            return self._probabilities()
        if task is None and self.one_a_row:
            refuse_ids(seen)
            refuse_missing_code(seen)
        if self.two and (seen.whole or task is not None):
            return self._pair()
        if task is None and not seen.whole:
            return self._fractions()
        if task in ("binary", "multi-label"):
            way = "[set(row) for row in y]" if task == "multi-label" else "y[np.isin(y, [0, 1])]"
            self._refuse_task(f"{seen.different:,} different values", f"Pass {way}")
        return self._whole()

    def _pair(self) -> Labels | None:
        """Read two different values: two classes, or flags."""
        seen, column, task = self.seen, self.column, self.task
        off, on = (v.item() if isinstance(v, np.generic) else v for v in _known(seen.values))
        number = isinstance(off, int | float) and not isinstance(off, bool)
        sure = not number or (off, on) in SURE_PAIRS
        if self.one_a_row or seen.shape[-1] == 1 or task == "binary":
            return self._two_classes(off, on, sure=sure)
        if not sure and task is None:
            return self._whole()
        names = column.names or tuple(range(seen.shape[-1]))
        flags: dict[str, Any] = {"classes": names, "pair": (off, on)}
        if task == "multi-label" or column.rows_are == "sets":
            return self._labels("multi-label", self.per_line, **flags)
        hot = _hot_rows(seen, off, on) if number or isinstance(off, bool) else None
        if hot is not None:
            if np.count_nonzero(hot) < 2:
                _refuse_one_class(names[int(hot.argmax())])
            return self._labels("one-hot", self.per_line, counts=tuple(hot.tolist()), **flags)
        if len(seen.shape) == 3 and min(seen.shape[1:]) >= SQUARE:
            other, because = ("multi-label",), "two values in a square of pixels"
            return self._labels(
                "binary", "pixel", because=because, other_tasks=other, classes=(off, on),
                counts=tuple(_known(seen.times).tolist()),
            )  # fmt: skip
        hint = hint_of_flags(seen, off, on) if number else ""
        return self._labels("multi-label", self.per_line, hint=hint, **flags)

    def _two_classes(self, off: Any, on: Any, *, sure: bool) -> Labels:
        seen, task = self.seen, self.task
        if task == "multi-label":
            self._refuse_task(f"one column of {off!r} and {on!r}", "Leave task out")
        if not sure and task is None and seen.size < 4:  # each value once or twice: too few to tell
            return self._numeric(
                "continuous", ("classification",), f"{seen.size} rows of {off} and {on}"
            )
        return self._labels(
            "binary", self.per_value, classes=(off, on), counts=tuple(_known(seen.times).tolist()),
            other_tasks=() if sure or task else ("regression",),
            because=f"only the values {off} and {on}",
        )  # fmt: skip

    def _fractions(self) -> Labels:
        """Read numbers with fractions: probabilities, or numeric targets."""
        seen = self.seen
        between = f"numbers from {seen.low:.3g} to {seen.high:.3g}"
        if seen.low >= 0 and seen.high <= 1:
            if _sums_to_one(seen):
                return self._probabilities("rows that sum to 1")
            # A 0 and a 1 that label smoothing moved inwards by the same step.
            if self.two and seen.low <= MOST_SMOOTHING and abs(seen.low + seen.high - 1) < CLOSE:
                ends = f"only {seen.low:.3g} and {seen.high:.3g}, smoothed 0 and 1"
                return self._probabilities(ends)
            if _is_mostly_sure(seen):
                return self._probabilities(f"{between}, most of them 0 or 1")
            return self._numeric("continuous", ("soft",), between)
        few = seen.values is not None and seen.different <= FEW
        if few and self.one_a_row and seen.size >= ROWS_PER_CLASS * seen.different:
            because = f"only {seen.different} different numbers"
            return self._numeric("continuous", ("classification",), because)
        return self._numeric()

    def _whole(self) -> Labels | None:
        """Read whole numbers: class ids, or numeric targets."""
        seen, task = self.seen, self.task
        values, times, ignore = seen.values, seen.times, None
        if values is not None and times is not None and task is None and not self.one_a_row:
            values, times, ignore = without_ignored(values, times)
        if task is not None:
            once = seen.size > FEW and seen.different > seen.size / 2
            if values is None or once:
                several = f"{seen.different:,} different values in {seen.size:,} labels"
                self._refuse_task(several, "Group them into fewer classes: pd.qcut(y, 5)")
            found = Meaning(classes=True)
        elif len(seen.shape) > 2:
            found = meaning_of_pixels(values, seen.shape)
        elif not self.one_a_row and seen.shape[1] > OUTPUTS:
            found = meaning_of_steps(values, times)
        else:
            found = meaning(values, times)
        if not found.classes or values is None or times is None:
            return self._numeric("continuous", found.other_tasks, found.because)
        return replace(self, seen=replace(seen, values=values, times=times))._ids(found, ignore)

    def _ids(self, found: Meaning, ignore: int | None = None) -> Labels | None:
        """Read classes that are written as one value each, in whatever shape."""
        seen, column = self.seen, self.column
        table = len(seen.shape) == 2 and seen.shape[1] > 1 and not column.rows_are
        if table and (seen.shape[1] <= OUTPUTS or column.names is not None):
            return None
        classes = tuple(_known(seen.values).tolist())
        return self._labels(
            "ordered" if self.task == "ordered" else "integer", self.per_value, classes=classes,
            counts=tuple(_known(seen.times).tolist()), ignore=ignore,
            because=found.because, other_tasks=found.other_tasks, hint=hint_of_ids(classes, ignore),
        )  # fmt: skip

    def _numeric(
        self, kind: str = "continuous", other_tasks: tuple[str, ...] = (), because: str = ""
    ) -> Labels:
        hint = hint_of_numbers(self.seen)
        return self._labels(
            kind, self.per_line, because=because, other_tasks=other_tasks, hint=hint
        )

    def _probabilities(self, because: str = "") -> Labels:
        seen = self.seen
        if seen.low < 0 or seen.high > 1:
            way_out = "Divide each row by its sum: y / y.sum(axis=-1, keepdims=True)"
            self._refuse_task(f"numbers from {seen.low} to {seen.high}", way_out)
        shares = _sums_to_one(seen)
        classes = tuple(range(seen.shape[-1])) if shares else None
        other = ("regression",) if because else ()
        known: dict[str, Any] = {"because": because, "other_tasks": other, "classes": classes}
        return self._labels("soft", self.per_line, shares=shares, **known)

    # ------------------------------------------------------------------ what is common
    @property
    def two(self) -> bool:
        return self.seen.values is not None and len(self.seen.values) == 2

    @property
    def one_a_row(self) -> bool:
        shape = self.seen.shape
        return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)

    @property
    def per_value(self) -> str:
        """What one value belongs to."""
        shape = self.seen.shape
        single = len(shape) == 2 or (len(shape) == 3 and shape[-1] == 1)
        return "row" if self.one_a_row else "step" if single else "pixel"

    @property
    def per_line(self) -> str:
        """What one line of the last axis belongs to."""
        return {1: "row", 2: "row", 3: "step"}.get(len(self.seen.shape), "pixel")

    def _refuse_task(self, seen: str, way_out: str) -> NoReturn:
        needs = TASKS[self.task or ""].words
        refuse("task", task=self.task, needs=needs, seen=seen, way_out=way_out)

    def _labels(
        self, kind: str, per: str, *, because: str = "", other_tasks: tuple[str, ...] = (),
        hint: str = "", **known: Any,
    ) -> Labels:  # fmt: skip
        """Describe the labels; the note names the other readings and what decides for them."""
        seen, sampled = self.seen, self.column.sampled
        known |= _describe_numbers(seen.rows) if KINDS[kind].numeric else {}
        now = KINDS[kind].words if KINDS[kind].form == "numbers" else "classes"
        others = "; ".join(
            f"if they are {TASKS[task].words}, pass task={task!r}" for task in other_tasks
        )
        either = f"{because}: read as {now}; {others}." if others else ""
        sample = f"Judged by a sample of {seen.shape[0]:,} rows." if sampled else ""
        return Labels(
            kind=kind,
            per=per,
            shape=(None if sampled else seen.shape[0], *seen.shape[1:]),
            dtype=self.column.dtype,
            whole=seen.whole,
            low=None if np.isnan(seen.low) else seen.low,
            high=None if np.isnan(seen.high) else seen.high,
            sampled=sampled,
            other_tasks=other_tasks,
            note=" ".join(part for part in (either, hint, sample) if part),
            **known,
        )


def _known(array: NDArray[Any] | None) -> NDArray[Any]:
    assert array is not None  # the values are so few that all were counted
    return array


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


def _in_text(labels: Labels | None, seen: Summary) -> Labels | None:
    """Let the classes of numbers that were written as text be the text."""
    if labels is None or seen.values is None or (labels.counts is None and labels.pair is None):
        return labels
    texts = tuple(sorted(seen.values, key=float))
    if labels.pair is not None:
        return replace(labels, pair=(texts[0], texts[-1]))
    if len(texts) != len(labels.counts or ()):
        refuse("one number twice", texts=texts[:4])
    return replace(labels, classes=texts)


def _in_order(seen: Summary) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Sort names, and how often each occurs, by name."""
    values, times = _known(seen.values), _known(seen.times)
    try:
        order = sorted(range(len(values)), key=values.__getitem__)
    except TypeError:  # values that know no order among themselves
        order = sorted(range(len(values)), key=lambda i: str(values[i]))
    return values[order], times[order]


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


def _sums_to_one(seen: Summary) -> bool:
    if seen.sum_range is None or seen.shape[-1] < 2:
        return False
    return max(abs(total - 1) for total in seen.sum_range) < CLOSE


def _is_mostly_sure(seen: Summary) -> bool:
    """Tell whether most values are exactly 0 or 1, as when two rows are mixed now and then."""
    if seen.values is None or seen.times is None or seen.different <= FEW or len(seen.shape) > 2:
        return False
    sure = seen.times[(seen.values == 0) | (seen.values == 1)].sum()
    return (seen.low, seen.high) == (0, 1) and bool(sure >= seen.size / 2)


def _describe_numbers(rows: NDArray[np.float64]) -> dict[str, Any]:
    """Measure the spread of numeric targets, the share of outliers, and each column's mean."""
    lower, upper = np.quantile(rows, [0.25, 0.75])
    spread = float(upper - lower)
    far = (rows < lower - 3 * spread) | (rows > upper + 3 * spread)
    outliers = float(far.mean()) if spread else 0.0
    mean, std = _columns(rows.mean(axis=0)), _columns(rows.std(axis=0))
    return {"spread": spread, "outliers": outliers, "mean": mean, "std": std}


def _columns(numbers: Any) -> tuple[float, ...]:
    """Round the number of each column to four digits; steps and pixels share one."""
    flat = numbers if np.ndim(numbers) < 2 else numbers.mean(axis=tuple(range(numbers.ndim - 1)))
    return tuple(float(f"{number:.4g}") for number in np.atleast_1d(flat))
