"""In which containers do labels come, and how do they become columns?

A container is opened into NumPy or pandas by `arrays.containers`; here lists, tables, sets of
names and data sets become a `Column` for each output.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from itertools import chain
from numbers import Real
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.arrays.containers import container_of
from kerastrain.arrays.samples import sample_batches
from kerastrain.arrays.summary import Places, describe_places
from kerastrain.errors import LabelError
from kerastrain.labels.columns import Column, as_objects, column_of_sequences, column_of_sets
from kerastrain.labels.refusals import refuse, refuse_container, refuse_dates, refuse_mixed_types

__all__ = ["Columns", "open_labels"]

Columns = Column | dict[Any, Column] | list[Column]


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
        >>> open_labels(["cat", "dog"]).array.tolist()
        ['cat', 'dog']
        >>> list(open_labels({"age": [31.5], "name": ["Ann"]}))
        ['age', 'name']
    """
    if isinstance(y, Mapping):
        return _open_each(y, task)
    batches = sample_batches(y)
    if batches is not None:
        return _as_sample(open_labels(batches, task=task))
    refuse_container(y)
    if isinstance(y, list | tuple | range):
        return _open_list(list(y), task)
    opened = container_of(y).open(y)
    if isinstance(opened, pd.DataFrame):
        return _open_frame(opened, task)
    if isinstance(opened, pd.Series):
        return _open_series(opened, task)
    return _open_array(_to_array(opened), task)


def _open_each(y: Mapping[Any, Any], task: str | None) -> dict[Any, Column]:
    if not y:
        refuse("no outputs")
    outputs: dict[Any, Column] = {}
    for name, labels in y.items():
        try:
            opened = open_labels(labels, task=task)
        except LabelError as error:
            msg = f"y[{name!r}]: {error}"
            raise LabelError(msg) from None
        if not isinstance(opened, Column):
            refuse("several columns", name=f"y[{name!r}]", count=len(opened))
        outputs[name] = opened
    lengths = [len(column.array) for column in outputs.values()]
    if len(set(lengths)) > 1:
        refuse("unequal outputs", lengths=", ".join(map(str, lengths)))
    return outputs


def _as_sample(columns: Columns) -> Columns:
    if isinstance(columns, Column):
        return replace(columns, sampled=True)
    if isinstance(columns, dict):
        return {name: replace(column, sampled=True) for name, column in columns.items()}
    return [replace(column, sampled=True) for column in columns]


# ------------------------------------------------------------------ pandas
def _open_frame(frame: pd.DataFrame, task: str | None) -> Columns:
    """Open a table: one array where all columns are numbers or the same two words."""
    if not frame.size:
        _refuse_empty(frame.shape)
    names = tuple(frame.columns)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        refuse("column names", name=twice, count=names.count(twice))
    columns = [_open_series(frame[name], task, name) for name in names]
    if len(columns) == 1:
        return replace(columns[0], array=columns[0].array.reshape(-1, 1))
    numbers = [c.categories is None and c.array.dtype.kind in "biuf" for c in columns]
    if all(numbers) or (not any(numbers) and _hold_one_pair(columns)):
        values = np.stack([column.array for column in columns], axis=1)
        return Column(values, "DataFrame", names=names)
    return dict(zip(names, columns, strict=True))


def _hold_one_pair(columns: list[Column]) -> bool:
    """Tell whether all columns hold the same two words, such as yes and no."""
    if any(column.categories is not None for column in columns):
        return False
    return len(set(chain.from_iterable(pd.unique(column.array) for column in columns))) == 2


def _open_series(series: pd.Series[Any], task: str | None, name: Any = None) -> Column:
    kind, types = series.dtype, pd.api.types
    if not len(series):
        _refuse_empty((0,))
    _refuse_missing(series.isna().to_numpy(), name)
    if isinstance(kind, pd.CategoricalDtype):
        codes = series.cat.codes.to_numpy().astype(np.int64)
        categories = tuple(series.cat.categories.tolist())
        return Column(codes, str(kind), categories=categories, ordered=bool(series.cat.ordered))
    if isinstance(kind, pd.PeriodDtype) or types.is_datetime64_any_dtype(kind):
        refuse_dates(str(kind), series.iloc[0])
    if not isinstance(kind, np.dtype):  # nullable numbers as NumPy's own
        for is_kind, dtype in (
            (types.is_bool_dtype, np.bool_),
            (types.is_unsigned_integer_dtype, np.uint64),
            (types.is_integer_dtype, np.int64),
            (types.is_float_dtype, np.float64),
        ):
            if is_kind(kind):
                return Column(series.to_numpy(dtype), str(kind))
    column = _open_array(series.to_numpy(), task)
    return column if column.rows_are else replace(column, dtype=str(kind))


def _refuse_missing(absent: NDArray[np.bool_], name: Any = None) -> None:
    rows = np.flatnonzero(absent.reshape(len(absent), -1).any(axis=1))
    if len(rows):
        names = None if name is None else (name,)
        places = Places(len(rows), len(rows), tuple(rows[:5].tolist()), None if name is None else 0)
        refuse("missing", where=describe_places(places, len(absent), names))


def _refuse_empty(shape: tuple[int, ...]) -> NoReturn:
    refuse("empty", what="has no columns" if shape[0] else "has no rows", shape=shape)


# ------------------------------------------------------------------ lists and arrays
def _open_list(y: list[Any], task: str | None) -> Columns:
    arrays = [item for item in y if getattr(item, "ndim", 0)]
    if arrays and len(arrays) == len(y) and all(len(y) < len(item) for item in arrays):
        return list(_open_each(dict(enumerate(y)), task).values())  # an output each, as in Keras
    try:
        array = np.asarray(y)
    except (ValueError, TypeError):  # rows of unequal length
        return _open_rows(y, task)
    if array.dtype.kind in "biufcmM":
        return _open_array(array, task)
    # NumPy makes text of everything beside text; only the objects tell.
    objects = np.array(y, dtype=object)
    return _open_array(objects if objects.shape == array.shape else as_objects(y), task)


def _to_array(y: Any) -> NDArray[Any]:
    try:
        return y if isinstance(y, np.ndarray) else np.asarray(y)
    except (TypeError, ValueError, RuntimeError, NotImplementedError) as error:
        refuse("unreadable", kind=type(y).__name__, error=error)


def _open_array(array: NDArray[Any], task: str | None) -> Column:
    name, kind = str(array.dtype), array.dtype.kind
    if array.ndim == 0:
        value = array.item()
        refuse("single value", kind=type(value).__name__, shown=f"{value!r:.60}")
    if not array.size:
        _refuse_empty(array.shape)
    if kind in "biuf":
        return Column(np.asarray(array), name)
    if kind in "mM":
        refuse_dates(name, array.reshape(-1)[0])
    if kind == "c":
        refuse("complex")
    fields = array.dtype.names
    if fields is not None:
        refuse("structured", fields=fields, first=fields[0] if fields else "name")
    if kind == "V" and "float" in name:  # bfloat16, which NumPy does not know itself
        return Column(array.astype(np.float32), name)
    column = _open_objects(np.asarray(array).astype(object), task)
    return column if column.rows_are else replace(column, dtype=name)


def _open_objects(array: NDArray[Any], task: str | None) -> Column:
    """Look at the Python objects: numbers, text, or one collection for each row."""
    flat = array.reshape(-1)
    found = pd.api.types.infer_dtype(flat, skipna=True)
    mixed = found in ("mixed", "mixed-integer")
    if not mixed:
        _refuse_missing(np.asarray(pd.isna(array)))
    if found in ("integer", "boolean", "floating", "mixed-integer-float", "decimal"):
        return _open_numbers(array, found)
    if found in ("string", "bytes", "interval"):
        return Column(array, "object")
    if found == "complex":
        refuse("complex")
    if not mixed:
        refuse_dates(found, flat[0])
    if all(isinstance(item, Real) for item in flat):
        return _open_numbers(array, "floating")
    if array.ndim > 1:
        refuse_mixed_types(array)
    return _open_rows(list(array), task)


def _open_numbers(array: NDArray[Any], found: str) -> Column:
    dtype = {"integer": np.int64, "boolean": np.bool_}.get(found, np.float64)
    try:
        return Column(array.astype(dtype), "object")
    except OverflowError:
        refuse("beyond 64 bits", value=max(array.reshape(-1)))


# ------------------------------------------------------------------ one collection for each row
def _open_rows(rows: list[Any], task: str | None) -> Column:
    """Read rows that are collections themselves: arrays, sets of names, or sequences."""
    if not all(isinstance(row, set | frozenset | list | tuple | np.ndarray) for row in rows):
        refuse_mixed_types(as_objects(rows))
    if not any(len(row) for row in rows):
        _refuse_empty((len(rows), 0))
    sets = any(isinstance(row, set | frozenset) for row in rows) or task == "multi-label"
    if sets and all(isinstance(item, Hashable) for item in chain.from_iterable(rows)):
        return column_of_sets(rows)
    stacked = _stack(rows)
    if stacked is not None:
        return _open_objects(stacked, task)
    items = list(chain.from_iterable(rows))
    if not all(isinstance(item, str) for item in items):
        lengths = [len(row) for row in rows]
        refuse("ragged", least=min(lengths), most=max(lengths))
    # Tags are named once a row; a row that repeats a name is a sequence.
    repeats = any(len(set(row)) < len(row) for row in rows)
    return column_of_sequences(rows) if repeats or task is not None else column_of_sets(rows)


def _stack(rows: list[Any]) -> NDArray[Any] | None:
    """Put rows of equal shape into one array."""
    if len({len(row) for row in rows}) > 1:
        return None
    try:
        stacked = np.array([list(row) for row in rows], dtype=object)
    except ValueError:
        return None
    return stacked if stacked.size and stacked.ndim > 1 else None
