"""In which containers do labels come, and how do they become arrays?

Lists, pandas, tensors, data sets, sets of names: each is opened into a `Column`, an array of
numbers or of text with what the container knew besides. Containers that hold no labels, or none
that can be looked at, are refused with the way out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.errors import LabelError
from kerastrain.samples import sample_batches
from kerastrain.scan import SHOWN, describe_rows

__all__ = ["Column", "Columns", "open_labels"]

PADDING = -1  # the id of the places that were added to rows of unequal length


@dataclass(frozen=True)
class Column:
    """Labels of one output, as an array.

    Attributes:
        values: Numbers, bools, or objects (text); ids where there are `categories`.
        dtype: The type as the user sees it.
        categories: Classes that the container declared, in the order of their ids.
        ordered: Whether the container declared an order of the classes.
        names: What the columns of the last axis are called.
        sampled: Whether these are only some of the rows.
        rows_are: "sets" or "sequences" when each row was a collection of names.
    """

    values: NDArray[Any]
    dtype: str
    categories: tuple[Any, ...] | None = None
    ordered: bool = False
    names: tuple[Any, ...] | None = None
    sampled: bool = False
    rows_are: str = ""

    def plain(self) -> NDArray[Any]:
        """Give the user's own values, also where a container held ids of categories."""
        if self.categories is None:
            return self.values
        return as_objects(self.categories)[self.values]


Columns = Column | dict[Any, "Column"] | list["Column"]


def as_objects(items: Any) -> NDArray[Any]:
    """Put items into an array of objects, also when they are sequences themselves."""
    items = list(items)
    array = np.empty(len(items), object)
    array[:] = items
    return array


def open_labels(y: Any, *, task: str | None = None) -> Columns:
    """Find the arrays in whatever the labels came in.

    Args:
        y: Labels in any container.
        task: What the caller said that the labels are; decides how rows of names are read.

    Returns:
        A column; for several outputs a dict or a list of columns, as they came.

    Raises:
        LabelError: there are no labels to look at in this container.

    Examples:
        >>> open_labels(["cat", "dog"]).values.tolist()
        ['cat', 'dog']
        >>> list(open_labels({"age": [31.5], "name": ["Ann"]}))
        ['age', 'name']
    """
    if isinstance(y, Mapping):
        return _each_output(y, task)
    if isinstance(y, pd.MultiIndex):
        y = y.to_frame(index=False)
    if isinstance(y, pd.DataFrame):
        return _open_frame(y, task)
    if isinstance(y, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        return _open_series(pd.Series(y), task)
    batches = sample_batches(y)
    if batches is not None:
        return _as_sample(open_labels(batches, task=task))
    _refuse_other_containers(y)
    if isinstance(y, list | tuple | range):
        return _open_list(list(y), task)
    return _open_array(_to_array(y), task)


def _each_output(y: Mapping[Any, Any], task: str | None) -> dict[Any, Column]:
    if not y:
        msg = "y must hold labels; it is an empty dict."
        raise LabelError(msg)
    outputs: dict[Any, Column] = {}
    for name, labels in y.items():
        try:
            opened = open_labels(labels, task=task)
        except LabelError as error:
            msg = f"y[{name!r}]: {error}"
            raise LabelError(msg) from None
        if not isinstance(opened, Column):
            msg = (
                f"Each output must hold one column of labels; y[{name!r}] holds several. "
                "Name each of them in one dict."
            )
            raise LabelError(msg)
        outputs[name] = opened
    _must_be_equally_long(list(outputs.values()))
    return outputs


def _must_be_equally_long(columns: list[Column]) -> None:
    lengths = [len(column.values) for column in columns]
    if len(set(lengths)) > 1:
        msg = (
            "Each output must have a label for each row of x; the outputs in y have "
            f"{', '.join(map(str, lengths))} rows. Take the same rows for each of them."
        )
        raise LabelError(msg)


def _as_sample(columns: Columns) -> Columns:
    if isinstance(columns, Column):
        return replace(columns, sampled=True)
    if isinstance(columns, dict):
        return {name: replace(column, sampled=True) for name, column in columns.items()}
    return [replace(column, sampled=True) for column in columns]


# ------------------------------------------------------------------ pandas
def _open_frame(frame: pd.DataFrame, task: str | None) -> Columns:
    if frame.shape[1] == 1:
        column = _open_series(frame.iloc[:, 0], task)
        return replace(column, values=column.values.reshape(-1, 1))
    if not len(frame) or not frame.shape[1]:
        return _open_array(np.empty(frame.shape), task)
    columns = [_open_series(frame.iloc[:, i], task) for i in range(frame.shape[1])]
    kinds = {
        "number" if c.categories is None and c.values.dtype.kind in "biuf" else "text"
        for c in columns
    }
    names = tuple(frame.columns)
    flags = kinds == {"text"} and len(set(chain.from_iterable(map(_few_values, columns)))) == 2
    if kinds == {"number"} or flags:
        return Column(np.stack([c.values for c in columns], axis=1), "DataFrame", names=names)
    return dict(zip(names, columns, strict=True))


def _few_values(column: Column) -> list[Any]:
    """List the values of a column of text, or more than two where there are more."""
    return pd.unique(column.plain()[:1000]).tolist() if column.categories is None else [0, 1, 2]


def _open_series(series: pd.Series[Any], task: str | None) -> Column:
    name = str(series.dtype)
    absent = series.isna().to_numpy()
    if absent.any() and not pd.api.types.is_float_dtype(series.dtype):
        raise missing_values(np.flatnonzero(absent), int(absent.sum()), len(series))
    if isinstance(series.dtype, pd.CategoricalDtype):
        categories = tuple(series.cat.categories.tolist())
        codes = series.cat.codes.to_numpy().astype(np.int64)
        return Column(codes, name, categories=categories, ordered=bool(series.cat.ordered))
    if isinstance(series.dtype, pd.PeriodDtype) or pd.api.types.is_datetime64_any_dtype(
        series.dtype
    ):
        raise dates(name, series.iloc[0] if len(series) else "")
    for is_kind, dtype in (
        (pd.api.types.is_bool_dtype, np.bool_),
        (pd.api.types.is_unsigned_integer_dtype, np.uint64),
        (pd.api.types.is_integer_dtype, np.int64),
        (pd.api.types.is_float_dtype, np.float64),
    ):
        if is_kind(series.dtype):
            own = isinstance(series.dtype, np.dtype)
            return Column(
                series.to_numpy()
                if own
                else series.to_numpy(dtype, na_value=np.nan)
                if absent.any()
                else series.to_numpy(dtype),
                name,
            )
    column = _open_array(series.to_numpy(), task)
    if not isinstance(column, Column):
        msg = f"A column must hold one label a row; this one has the type {name}."
        raise LabelError(msg)
    return column if column.rows_are else replace(column, dtype=name)


# ------------------------------------------------------------------ lists and arrays
def _open_list(y: list[Any], task: str | None) -> Columns:
    arrays = [item for item in y if getattr(item, "ndim", 0)]
    if arrays and len(arrays) == len(y) and all(len(y) < len(item) for item in arrays):
        return list(_each_output(dict(enumerate(y)), task).values())
    try:
        array = np.asarray(y)
    except (ValueError, TypeError):  # rows of unequal length
        return _open_rows(y, task)
    if array.dtype.kind in "biufcmM":
        return _open_array(array, task)
    objects = np.array(y, dtype=object)
    return _open_array(objects if objects.shape == array.shape else as_objects(y), task)


def _to_array(y: Any) -> NDArray[Any]:
    if isinstance(y, np.ndarray):
        return y
    if hasattr(y, "detach"):  # a torch tensor that may hang on a graph or live on a GPU
        y = y.detach().cpu()
    try:
        return np.asarray(y)
    except (TypeError, ValueError, RuntimeError, NotImplementedError) as error:
        msg = f"Labels must be an array, a list, pandas or a data set; y is a {_type_of(y)}, which NumPy cannot read ({error})."
        raise LabelError(msg) from error


def _open_array(array: NDArray[Any], task: str | None) -> Column:
    name = str(array.dtype)
    if array.ndim == 0:
        msg = f"Labels must be one for each row; y is a single {_type_of(array.item())}, {array.item()!r:.60}. Pass an array or a list: [{array.item()!r:.60}, ...]."
        raise LabelError(msg)
    if array.size == 0:
        what = "has no rows" if not len(array) else "has no columns"
        msg = f"There must be at least one label; y {what} (shape {array.shape}). Look at the step that selects the rows."
        raise LabelError(msg)
    if isinstance(array, np.ma.MaskedArray):
        masked = np.ma.getmaskarray(array).reshape(len(array), -1).any(axis=1)
        if masked.any():
            raise missing_values(np.flatnonzero(masked), int(masked.sum()), len(array), "masked")
        array = array.data
    if array.dtype.kind == "V" and array.dtype.names is None and "float" in name:
        return Column(array.astype(np.float32), name)  # bfloat16, which NumPy does not know itself
    if array.dtype.kind == "V":
        fields = ", ".join(repr(field) for field in array.dtype.names or ())
        msg = f"Labels must be plain values; y is a structured array with the fields {fields}. Pass one of them, y[{(array.dtype.names or ('name',))[0]!r}], or a dict: {{name: y[name] for name in y.dtype.names}}."
        raise LabelError(msg)
    if array.dtype.kind in "mM":
        raise dates(name, array.reshape(-1)[0])
    if array.dtype.kind == "c":
        raise complex_numbers()
    if array.dtype.kind in "biuf":
        return Column(np.asarray(array), name)
    return _open_objects(
        np.asarray(array) if array.dtype.kind in "USO" else array.astype(object), task
    )


def _open_objects(array: NDArray[Any], task: str | None) -> Column:
    """Look at the Python objects: numbers, text, or one collection for each row."""
    name = str(array.dtype)
    flat = array.reshape(-1)
    found = pd.api.types.infer_dtype(flat, skipna=True)
    if found not in ("mixed", "mixed-integer"):
        absent = pd.isna(flat.astype(object) if array.dtype.kind != "O" else flat)
        if absent.any():
            rows = np.flatnonzero(absent.reshape(len(array), -1).any(axis=1))
            raise missing_values(rows, len(rows), len(array))
    if found in ("integer", "boolean", "floating", "mixed-integer-float", "decimal"):
        return Column(_to_numbers(array, found), name)
    if found in ("string", "bytes", "interval", "categorical"):
        return Column(array.astype(object), name)
    if found == "complex":
        raise complex_numbers()
    if found not in ("mixed", "mixed-integer"):
        raise dates(found, flat[0])
    if all(isinstance(item, Real) for item in flat):
        return Column(array.astype(np.float64), name)
    if array.ndim == 1 and all(_is_collection(item) for item in flat):
        opened = _open_rows(list(flat), task)
        return opened if opened.rows_are else replace(opened, dtype=name)
    raise _mixed_types(array)


def _to_numbers(array: NDArray[Any], found: str) -> NDArray[Any]:
    try:
        return array.astype({"integer": np.int64, "boolean": np.bool_}.get(found, np.float64))
    except OverflowError:
        msg = f"Labels must fit in 64 bits; y holds whole numbers as large as {max(array.reshape(-1))}. If they are ids, they cannot be learnt; if amounts, scale them: [float(v) for v in y]."
        raise LabelError(msg) from None


def _is_collection(item: Any) -> bool:
    return isinstance(item, set | frozenset | list | tuple | np.ndarray)


def _open_rows(rows: list[Any], task: str | None) -> Column:
    """Read rows that are collections themselves: sets of names, or sequences."""
    if not all(_is_collection(row) for row in rows):
        raise _mixed_types(as_objects(rows))
    if not any(len(row) for row in rows):
        msg = f"There must be at least one label; y has {len(rows)} empty rows. Look at the step that fills them."
        raise LabelError(msg)
    if any(isinstance(row, set | frozenset) for row in rows) or task == "multi-label":
        return _open_sets(rows)
    if len({len(row) for row in rows}) == 1 and rows[0] is not None:
        try:
            stacked = np.array([list(row) for row in rows], dtype=object)
        except ValueError:
            stacked = np.empty(0)
        if stacked.ndim > 1:
            return _open_objects(stacked, task)
    items = list(chain.from_iterable(rows))
    if not items or not all(isinstance(item, str) for item in items):
        raise ragged(rows)
    repeats = any(len(set(row)) < len(row) for row in rows)
    if not repeats and task is None:
        return _open_sets(rows)
    return _open_sequences(rows)


def _open_sets(rows: list[Any]) -> Column:
    """Write each set of names as a row of 0 and 1."""
    items = set(chain.from_iterable(rows))
    if len({type(item) for item in items}) > 1 or not items:
        raise _mixed_types(as_objects(rows))
    names = tuple(sorted(items))
    place = {name: i for i, name in enumerate(names)}
    flags = np.zeros((len(rows), len(names)), np.int8)
    for flag, row in zip(flags, rows, strict=True):
        flag[[place[item] for item in row]] = 1
    return Column(flags, "sets of names", names=names, rows_are="sets")


def _open_sequences(rows: list[Any]) -> Column:
    """Write sequences of names as ids, filled up to the longest row."""
    names = tuple(sorted(set(chain.from_iterable(rows))))
    place = {name: i for i, name in enumerate(names)}
    ids = np.full((len(rows), max(len(row) for row in rows)), PADDING)
    for line, row in zip(ids, rows, strict=True):
        line[: len(row)] = [place[item] for item in row]
    return Column(ids, "lists of names", categories=names, rows_are="sequences")


# ------------------------------------------------------------------ what is refused
def _refuse_other_containers(y: Any) -> None:
    kind = _type_of(y)
    if y is None:
        msg = "y must hold the labels; it is None. A function that should return them may lack its return."
    elif isinstance(y, set | frozenset):
        msg = "Labels must stand in the order of the rows of x; a set has no order. Pass a list."
    elif isinstance(y, Iterator):
        msg = f"y is a {kind}: looking at its labels would use them up. Look at some of them yourself, kerastrain.inspect_labels(next(iter(make_batches()))[1]), or pass a tf.data.Dataset or a keras.utils.PyDataset."
    elif "scipy.sparse" in type(y).__module__:
        msg = f"Labels must be a dense array; y is a sparse matrix ({kind}, shape {y.shape}). Pass y.toarray()."
    elif kind == "RaggedTensor":
        msg = "Rows must be equally long; y is a RaggedTensor. Fill it up: y.to_tensor(default_value=-1); for sets of class ids pass y.to_list() with task='multi-label'."
    elif kind in ("SparseTensor", "IndexedSlices"):
        msg = f"Labels must be a dense tensor; y is a {kind}. Pass tf.sparse.to_dense(y)."
    elif kind == "KerasTensor" or (
        kind in ("Tensor", "SymbolicTensor")
        and "tensorflow" in type(y).__module__
        and not hasattr(y, "numpy")
    ):
        msg = "Labels must have values; y is a symbolic tensor. Pass the array of labels itself."
    elif (
        not any(hasattr(y, way) for way in ("__array__", "__len__", "detach", "dtype"))
        and not isinstance(y, int | float | complex | np.generic)
        and not callable(y)
    ):
        msg = f"Labels must be an array, a list, pandas or a data set; y is a {kind}, which holds no values."
    elif callable(y) and not hasattr(y, "__array__"):
        msg = f"y is a function ({getattr(y, '__name__', kind)}), not labels. Call it: y()."
    else:
        return
    raise LabelError(msg)


def _type_of(y: Any) -> str:
    return type(y).__name__


def missing_values(rows: Any, total: int, of: int, what: str = "missing") -> LabelError:
    """Say which rows have no label."""
    where = describe_rows([int(row) for row in rows[:SHOWN]], total, of)
    return LabelError(
        f"Each row must have a label; y is {what} (NaN, None or NA) in {where}. Keep the labelled rows: keep = ~pd.isna(y); x, y = x[keep], y[keep]."
    )


def dates(kind: str, example: Any) -> LabelError:
    """Say what to do with dates."""
    return LabelError(
        f"Labels must be classes or amounts; y holds dates or times ({kind}, such as {str(example)!r}). For an amount, count from a fixed day: (y - y.min()) / pd.Timedelta(days=1); for a class, take a part: y.dt.month; for text, pd.to_datetime(y) comes first."
    )


def complex_numbers() -> LabelError:
    """Say what to do with complex numbers."""
    return LabelError(
        "Labels must be real numbers; y is complex. For two amounts: np.stack([y.real, y.imag], axis=1); or np.abs(y)."
    )


def ragged(rows: list[Any]) -> LabelError:
    """Say what to do with rows of unequal length."""
    lengths = [len(row) for row in rows]
    return LabelError(
        f"Rows must be equally long; y has rows of {min(lengths)} to {max(lengths)} values. If each row is a set of classes, pass task='multi-label'; if a sequence, fill it up: keras.utils.pad_sequences(y, padding='post', value=-1)."
    )


def _mixed_types(array: NDArray[Any]) -> LabelError:
    """Say which types are mixed, and where each is seen first."""
    first: dict[str, str] = {}
    for row, item in enumerate(array.reshape(len(array), -1)[:, 0] if array.ndim > 1 else array):
        first.setdefault(_type_of(item), f"{item!r:.40} in row {row}")
    if len(first) == 1:
        msg = f"Labels must be numbers, text or sets of names; y holds objects of the type {next(iter(first))}, such as {next(iter(first.values()))}. Write them as text: [str(label) for label in y]."
        return LabelError(msg)
    seen = "; ".join(f"{kind}: {where}" for kind, where in list(first.items())[:SHOWN])
    return LabelError(
        f"Labels must be of one type; y mixes {seen}. Write all of them in one way; for classes: [str(label) for label in y]."
    )
