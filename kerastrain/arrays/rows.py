"""How many rows are there, and which of them are held out?

Inputs, labels and weights may be one array or a dict or list of arrays (several inputs or
outputs); these functions treat both alike and never change them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.errors import DataError

__all__ = ["as_arrays", "count_rows", "split_rows", "take_rows"]


def as_arrays(data: Any, name: str) -> Any:
    """Turn frames, series and nested lists into NumPy arrays; leave arrays and tensors alone.

    Args:
        data: An array, a DataFrame of numbers, nested lists of numbers, or a dict, list or tuple
            of those for several inputs.
        name: What the user calls it, for the messages.

    Returns:
        The same structure with arrays in it. Tuples become lists.

    Raises:
        DataError: a column that holds no numbers, or lists of different lengths.
    """
    if isinstance(data, dict):
        return {key: as_arrays(value, f"{name}[{key!r}]") for key, value in data.items()}
    if isinstance(data, list | tuple) and data and all(hasattr(part, "shape") for part in data):
        if np.ndim(data[0]) > 0:
            return [as_arrays(part, f"{name}[{i}]") for i, part in enumerate(data)]
        data = [np.asarray(part) for part in data]
    if hasattr(data, "dtypes") and hasattr(data, "columns"):
        return _frame_to_array(data, name)
    if hasattr(data, "shape") and not hasattr(data, "to_numpy") and not _is_object(data):
        return data
    try:
        return np.asarray(data, dtype="float32" if _is_object(data) else None)
    except (TypeError, ValueError) as error:
        message = (
            f"{name} must hold numbers, as many in each row; saw {type(data).__name__}: {error}. "
            "Encode text as numbers first, as in pandas.get_dummies(frame, dtype='float32')."
        )
        raise DataError(message) from None


def count_rows(data: Any, name: str = "x") -> int:
    """Count the rows of an array or of several arrays of equal length.

    Args:
        data: An array or tensor, or a dict, list or tuple of them.
        name: What the user calls it, for the messages.

    Returns:
        The number of rows.

    Raises:
        DataError: no rows, or parts of different lengths.

    Examples:
        >>> count_rows({"image": np.zeros((3, 8, 8)), "age": np.zeros(3)})
        3
    """
    lengths = {part: len(array) for part, array in _parts(data, name)}
    if len(set(lengths.values())) > 1:
        seen = ", ".join(f"{part} has {length}" for part, length in lengths.items())
        message = f"All inputs must have the same number of rows; saw {seen}."
        raise DataError(message)
    rows = next(iter(lengths.values()), 0)
    if rows == 0:
        message = f"{name} must hold rows to learn from; saw none. Look at {name}.shape."
        raise DataError(message)
    return rows


def take_rows(data: Any, rows: NDArray[np.integer[Any]]) -> Any:
    """Copy some rows of an array, or of each array in a dict or list.

    Args:
        data: An array, tensor, DataFrame or Series, a dict or list of them, or None.
        rows: Which rows, in which order, shape `(m,)`.

    Returns:
        The same structure with `m` rows.
    """
    if data is None:
        return None
    if isinstance(data, dict):
        return {key: take_rows(value, rows) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [take_rows(value, rows) for value in data]
    if hasattr(data, "iloc"):
        return data.iloc[rows]
    return np.asarray(data)[rows]


def split_rows(
    count: int, fraction: float, *, seed: int, stratify: NDArray[Any] | None = None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Hold out a random part of the rows, with the same share of each class.

    Keras' own `validation_split` takes the last rows, so that labels in order leave whole classes
    out. Here the rows are shuffled, sorted by class, and then taken at even distances.

    Args:
        count: Number of rows, 2 or more.
        fraction: Share to hold out, between 0 and 1.
        seed: Equal seeds give equal splits.
        stratify: Class of each row, shape `(count,)`. A class of one row stays in training. Left
            out, classes play no part.

    Returns:
        The row numbers for training and for validation, each in a random order.

    Raises:
        DataError: a fraction that leaves one of the parts empty.

    Examples:
        >>> train, val = split_rows(100, 0.2, seed=0, stratify=np.repeat([0, 1], [90, 10]))
        >>> len(train), len(val), int((val >= 90).sum())
        (80, 20, 2)
    """
    if not isinstance(fraction, int | float) or not 0 < fraction < 1:
        message = f"validation_split must lie between 0 and 1; saw {fraction!r}. Pass 0.2."
        raise DataError(message)
    held_out = round(count * fraction)
    if not 0 < held_out < count:
        message = (
            f"Both parts must hold rows; saw validation_split={fraction} of {count} rows, which "
            f"holds out {held_out}. Pass validation_data=(x_val, y_val) or more rows."
        )
        raise DataError(message)
    random = np.random.default_rng([seed, 0x5B117])  # a stream apart from that of the row order
    order = random.permutation(count)
    if stratify is not None:
        _, dense, sizes = np.unique(stratify, return_inverse=True, return_counts=True)
        order = order[np.argsort(dense[order], kind="stable")]
        order = order[sizes[dense[order]] > 1]
        held_out = min(held_out, len(order))
    if held_out == 0:
        message = "Each class has one row only, so none can be held out. Pass validation_split=0."
        raise DataError(message)
    places = (np.arange(held_out) + random.random()) * (len(order) / held_out)
    validation = order[places.astype(np.intp)]
    training = np.setdiff1d(np.arange(count), validation)
    return random.permutation(training), random.permutation(validation)


def _parts(data: Any, name: str) -> list[tuple[str, Any]]:
    if isinstance(data, dict):
        return [part for key, value in data.items() for part in _parts(value, f"{name}[{key!r}]")]
    if isinstance(data, list | tuple):
        return [part for i, value in enumerate(data) for part in _parts(value, f"{name}[{i}]")]
    if np.ndim(data) == 0:
        message = f"{name} must have a row for each example; saw the single value {data!r}."
        raise DataError(message)
    return [(name, data)]


def _frame_to_array(frame: Any, name: str) -> NDArray[np.float32]:
    kinds = {column: kind for column, kind in frame.dtypes.items() if not _is_numeric(kind)}
    if kinds:
        seen = ", ".join(f"{column!r} ({kind})" for column, kind in list(kinds.items())[:5])
        message = (
            f"{name} must hold numbers; saw the columns {seen}. "
            f"Write categories as 0 and 1: pandas.get_dummies({name}, dtype='float32')."
        )
        raise DataError(message)
    return np.asarray(frame.to_numpy(dtype="float32", na_value=np.nan))


def _is_numeric(kind: Any) -> bool:
    return getattr(kind, "kind", "O") in "biuf" and not hasattr(kind, "categories")


def _is_object(data: Any) -> bool:
    return getattr(data, "dtype", None) == np.dtype(object)
