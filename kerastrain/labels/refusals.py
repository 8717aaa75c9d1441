"""What is said when labels cannot be learned from? A message for each reason, with what to do."""

from __future__ import annotations

from collections.abc import MappingView
from typing import Any, NoReturn

from numpy.typing import NDArray

from kerastrain.arrays.containers import container_of
from kerastrain.arrays.sources import source_of
from kerastrain.errors import LabelError

__all__ = ["refuse", "refuse_container", "refuse_dates", "refuse_mixed_types"]

MESSAGES = {
    # ---------------------------------------------------------------- containers
    "none": "y must hold the labels, but it is None. Does the function that makes them return y?",
    "set": "Labels must be in the order of the rows of x, but y is a set. Pass a list.",
    "view": "Labels must be an array or a list, but y is a {kind}. Pass list(y).",
    "iterator": (
        "Labels must stay in place while they are looked at, but y is a {kind}, which can be read "
        "once. Pass one batch of labels, next(y)[1], a tf.data.Dataset or a keras.utils.PyDataset."
    ),
    "function": "y must be labels, but it is a function ({name}). Call it: y().",
    "type": "Labels must be an array, a list, pandas or a data set, but y is of the type {kind}.",
    "unreadable": (
        "Labels must be an array, a list, pandas or a data set, but y is of the type {kind}, "
        "which NumPy cannot read ({error}). Pass np.array([...])."
    ),
    "single value": (
        "There must be one label for each row, but y is a single {kind}, {shown}. "
        "Pass an array or a list: [{shown}, ...]."
    ),
    "empty": (
        "There must be at least one label, but y {what} (shape {shape}). "
        "Look at the step that selects them."
    ),
    "no outputs": "There must be labels for at least one output, but y is empty. "
    "Pass {{'name': labels}}.",
    "unequal outputs": (
        "Each output must have a label for each row of x, but the outputs in y have {lengths} "
        "rows. Take the same rows for each of them."
    ),
    "several columns": (
        "Each output must have one column of labels, but {name} has {count}. "
        "Give each column a name of its own in one dict."
    ),
    "column names": (
        "Each column of y must have a name of its own, but {count} columns are called {name!r}. "
        "Rename them: y.columns = [...]."
    ),
    "structured": (
        "Labels must be plain values, but y is a structured array with the fields {fields}. "
        "Pass one of them, y[{first!r}], or a dict: {{name: y[name] for name in y.dtype.names}}."
    ),
    "ragged": (
        "Rows must have the same length, but y has rows of {least} to {most} values. "
        "If each row is a set of classes, pass task='multi-label'; if a sequence, fill it up: "
        "keras.utils.pad_sequences(y, padding='post', value=-1)."
    ),
    # ---------------------------------------------------------------- values
    "missing": (
        "Each row must have a label, but y is missing (NaN, None, NA or masked) in {where}. "
        "Keep the rows with labels: keep = ~pd.isna(y); x, y = x[keep], y[keep]."
    ),
    "infinite": (
        "Labels must be finite, but y is infinite in {where}. "
        "Keep the finite rows: keep = np.isfinite(y); x, y = x[keep], y[keep]."
    ),
    "objects": (
        "Labels must be numbers, text or sets of names, but y holds objects of the type {kind}, "
        "such as {where}. {way_out}"
    ),
    "mixed types": (
        "Labels must be of one type, but y mixes {seen}. Write all of them in one way; for "
        "classes: [str(label) for label in y]."
    ),
    "too large": (
        "Labels must be below 3.4e38, the largest float32, but y reaches {value:.3g}. Scale them, "
        "y / np.abs(y).max(), or learn their logarithm."
    ),
    "beyond 64 bits": (
        "Labels must fit in 64 bits, but y holds {value}. Ids cannot be learned; numeric targets "
        "can be scaled: [float(value) for value in y]."
    ),
    "one class": (
        "There must be at least two different labels, but every label of y is {value!r}, so there "
        "is nothing to learn. Look at the step that selects the rows: "
        "np.unique(y, return_counts=True)."
    ),
    "complex": (
        "Labels must be real numbers, but y is complex. For two numeric targets pass "
        "np.stack([y.real, y.imag], axis=1); for one, np.abs(y)."
    ),
    "dates": (
        "Labels must be classes or numeric targets, but y holds dates or times ({kind}, such as "
        "{example}). {way_out}"
    ),
    "text": (
        "For task={task!r} labels must be numbers, but y holds {value!r}. Turn them into numbers, "
        "pd.to_numeric(pd.Series(y)), or leave task out."
    ),
    "one number twice": (
        "Each class must have one name, but y writes one number in several ways: {texts}. "
        "Pass numbers: pd.to_numeric(pd.Series(y))."
    ),
    "task": "task={task!r} needs {needs}, but y holds {seen}. {way_out}.",
    "unknown task": "task must be one of {tasks}, but it is {task!r:.80}. Pass task={first!r}.",
}


def refuse(reason: str, **known: Any) -> NoReturn:
    """Refuse labels for a reason.

    Raises:
        LabelError: the message of that reason.

    Examples:
        >>> refuse("one class", value="cat")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        kerastrain.errors.LabelError: There must be at least two different labels, but every ...
    """
    raise LabelError(MESSAGES[reason].format(**known))


def refuse_dates(
    kind: str, example: Any, code: str = "pd.to_datetime(pd.Series(y).astype(str))"
) -> NoReturn:
    """Say what to do with dates, given the code that makes a pandas Series of them."""
    if "delta" in kind:
        way_out = "For a numeric target: pd.Series(y) / pd.Timedelta(days=1)."
    elif kind == "time":
        way_out = (
            f"For a numeric target, count the hours: t = {code}; t.dt.hour + t.dt.minute / 60. "
            "For classes, pass pd.Categorical(y)."
        )
    else:
        way_out = (
            f"For a numeric target, count the days from the first: t = {code}; "
            "(t - t.min()).dt.days. For a class, take a part of it: t.dt.month."
        )
    refuse("dates", kind=kind, example=example, way_out=way_out)


def refuse_container(y: Any) -> None:
    """Refuse what holds no labels, or none that can be looked at.

    Raises:
        LabelError: says what to pass instead.
    """
    container, kind = container_of(y), type(y).__name__
    if container.refusal:
        shape = getattr(y, "shape", None)
        raise LabelError(container.refusal.format(name="y", kind=kind, shape=shape))
    readable = isinstance(y, int | float | complex) or any(
        hasattr(y, way) for way in ("__array__", "__len__", "detach", "dtype")
    )
    reasons = {
        "none": y is None,
        "set": isinstance(y, set | frozenset),
        "view": isinstance(y, MappingView),
        "iterator": source_of(y) in ("generator", "loader"),
        "function": callable(y) and not hasattr(y, "__array__"),
        "type": not readable,
    }
    for reason, holds in reasons.items():
        if holds:
            refuse(reason, kind=kind, name=getattr(y, "__name__", kind))


def refuse_mixed_types(array: NDArray[Any]) -> NoReturn:
    """Say which types are mixed, and where each is seen first."""
    first: dict[str, str] = {}
    for row, items in enumerate(array.reshape(len(array), -1)):
        for item in items:
            first.setdefault(type(item).__name__, f"{item!r:.40} in row {row}")
    if len(first) == 1:
        kind, where = next(iter(first.items()))
        table = "Pass a table: pd.DataFrame(list(y))."
        text = "Write them as text: [str(label) for label in y]."
        refuse("objects", kind=kind, where=where, way_out=table if kind == "dict" else text)
    seen = "; ".join(f"{kind}: {where}" for kind, where in list(first.items())[:5])
    refuse("mixed types", seen=seen)
