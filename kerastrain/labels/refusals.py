"""What is said when labels cannot be learnt from? One message a function, with the way out."""

from __future__ import annotations

from collections.abc import Iterator, MappingView, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.summary import SHOWN, describe_rows
from kerastrain.errors import LabelError

__all__ = [
    "complex_numbers",
    "dates",
    "empty",
    "infinite_values",
    "missing_values",
    "mixed_types",
    "one_class",
    "ragged",
    "refuse_container",
    "single_value",
    "structured",
    "too_large",
    "type_of",
    "unequal_outputs",
]


def type_of(y: Any) -> str:
    """Name the type of a value as a user would."""
    return type(y).__name__


# ------------------------------------------------------------------ containers
def refuse_container(y: Any) -> None:
    """Refuse what holds no labels, or none that can be looked at.

    Raises:
        LabelError: says what to pass instead.
    """
    message = _about_python(y) or _about_tensors(y)
    if message:
        raise LabelError(message)


def _about_python(y: Any) -> str:
    kind = type_of(y)
    if y is None:
        return "y must hold the labels; it is None. The function that makes them may lack a return."
    if isinstance(y, set | frozenset):
        return "Labels must stand in the order of the rows of x; a set has no order. Pass a list."
    if isinstance(y, MappingView):
        return f"Labels must be an array or a list; y is a {kind}. Pass list(y)."
    if isinstance(y, Iterator):
        return (
            f"Labels must stay there when they are looked at; y is a {kind}, which looking uses "
            "up. Look at one batch yourself, kerastrain.choose_loss(next(y)[1]), or pass a "
            "tf.data.Dataset or a keras.utils.PyDataset."
        )
    if callable(y) and not hasattr(y, "__array__"):
        return f"y is a function ({getattr(y, '__name__', kind)}), not labels. Call it: y()."
    ways = ("__array__", "__len__", "detach", "dtype")
    if not isinstance(y, int | float | complex) and not any(hasattr(y, way) for way in ways):
        return f"Labels must be an array, a list, pandas or a data set; y is of the type {kind}."
    return ""


def _about_tensors(y: Any) -> str:
    kind, module = type_of(y), type(y).__module__
    if "scipy.sparse" in module:
        return f"Labels must be dense; y is a {kind} of shape {y.shape}. Pass y.toarray()."
    if kind == "RaggedTensor":
        return (
            "Rows must be equally long; y is a RaggedTensor. Fill it up, "
            "y.to_tensor(default_value=-1); for sets of classes pass y.to_list() with "
            "task='multi-label'."
        )
    if kind in ("SparseTensor", "IndexedSlices"):
        return f"Labels must be a dense tensor; y is a {kind}. Pass tf.sparse.to_dense(y)."
    symbolic = "tensorflow" in module and kind.endswith("Tensor") and not hasattr(y, "numpy")
    if kind == "KerasTensor" or symbolic:
        return "Labels must have values; y is a symbolic tensor. Pass the array of labels itself."
    return ""


def unequal_outputs(lengths: Sequence[int]) -> LabelError:
    """Say that outputs have different numbers of rows."""
    return LabelError(
        "Each output must have a label for each row of x; the outputs in y have "
        f"{', '.join(map(str, lengths))} rows. Take the same rows for each of them."
    )


def single_value(value: Any) -> LabelError:
    """Say that one value is no column."""
    shown = f"{value!r:.60}"
    return LabelError(
        f"Labels must be one for each row; y is a single {type_of(value)}, {shown}. "
        f"Pass an array or a list: [{shown}, ...]."
    )


def empty(shape: tuple[int, ...]) -> LabelError:
    """Say that there are no rows or no columns."""
    what = "has no columns" if shape[0] else "has no rows"
    return LabelError(
        f"There must be at least one label; y {what} (shape {shape}). "
        "Look at the step that selects them."
    )


def structured(fields: tuple[str, ...]) -> LabelError:
    """Say what to do with an array of records."""
    first = fields[0] if fields else "name"
    return LabelError(
        f"Labels must be plain values; y is a structured array with the fields {fields}. "
        f"Pass one of them, y[{first!r}], or a dict: {{name: y[name] for name in y.dtype.names}}."
    )


def ragged(rows: Sequence[Any]) -> LabelError:
    """Say what to do with rows of unequal length."""
    lengths = [len(row) for row in rows]
    return LabelError(
        f"Rows must be equally long; y has rows of {min(lengths)} to {max(lengths)} values. "
        "If each row is a set of classes, pass task='multi-label'; if a sequence, fill it up: "
        "keras.utils.pad_sequences(y, padding='post', value=-1)."
    )


# ------------------------------------------------------------------ values
def missing_values(rows: Any, total: int, of: int) -> LabelError:
    """Say which rows have no label."""
    where = describe_rows([int(row) for row in rows[:SHOWN]], total, of)
    return LabelError(
        f"Each row must have a label; y is missing (NaN, None, NA or masked) in {where}. "
        "Keep the labelled rows: keep = ~pd.isna(y); x, y = x[keep], y[keep]."
    )


def infinite_values(rows: Any, total: int, of: int) -> LabelError:
    """Say which rows are infinite."""
    return LabelError(
        f"Labels must be finite; y is infinite in {describe_rows(rows, total, of)}. "
        "Keep the finite rows: keep = np.isfinite(y); x, y = x[keep], y[keep]."
    )


def too_large(value: float) -> LabelError:
    """Say that a loss would be infinite."""
    return LabelError(
        f"Labels must be below 3.4e38, the largest float32; y reaches {value:.3g}. Scale them: "
        "y / np.abs(y).max(), or learn their logarithm."
    )


def one_class(value: Any) -> LabelError:
    """Say that there is nothing to learn."""
    value = value.item() if isinstance(value, np.generic) else value
    return LabelError(
        f"There must be two different labels at least; every label of y is {value!r}, so that "
        "there is nothing to learn. Look at the step that selects the rows: "
        "np.unique(y, return_counts=True)."
    )


def dates(
    kind: str, example: Any, code: str = "pd.to_datetime(pd.Series(y).astype(str))"
) -> LabelError:
    """Say what to do with dates, given the code that makes a pandas Series of them."""
    seen = f"Labels must be classes or amounts; y holds dates or times ({kind}, such as {example})."
    if "delta" in kind:
        return LabelError(f"{seen} For an amount: pd.Series(y) / pd.Timedelta(days=1).")
    if kind == "time":
        return LabelError(
            f"{seen} For an amount, count the hours: t = {code}; t.dt.hour + t.dt.minute / 60. "
            "For classes, pass pd.Categorical(y)."
        )
    return LabelError(
        f"{seen} For an amount, count the days from the first: t = {code}; (t - t.min()).dt.days. "
        "For a class, take a part of it: t.dt.month."
    )


def complex_numbers() -> LabelError:
    """Say what to do with complex numbers."""
    return LabelError(
        "Labels must be real numbers; y is complex. For two amounts pass "
        "np.stack([y.real, y.imag], axis=1); for one, np.abs(y)."
    )


def mixed_types(array: NDArray[Any]) -> LabelError:
    """Say which types are mixed, and where each is seen first."""
    first: dict[str, str] = {}
    for row, items in enumerate(array.reshape(len(array), -1)):
        for item in items:
            first.setdefault(type_of(item), f"{item!r:.40} in row {row}")
    if len(first) == 1:
        kind, where = next(iter(first.items()))
        table = "Pass a table: pd.DataFrame(list(y))."
        text = "Write them as text: [str(label) for label in y]."
        return LabelError(
            f"Labels must be numbers, text or sets of names; y holds objects of the type {kind}, "
            f"such as {where}. {table if kind == 'dict' else text}"
        )
    seen = "; ".join(f"{kind}: {where}" for kind, where in list(first.items())[:SHOWN])
    return LabelError(
        f"Labels must be of one type; y mixes {seen}. Write all of them in one way; for classes: "
        "[str(label) for label in y]."
    )
