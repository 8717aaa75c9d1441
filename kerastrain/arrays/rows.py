"""How many rows are there, and which of them are for validation?

Inputs, labels and weights may be one array or a dict or list of arrays (several inputs or
outputs); these functions treat both in the same way and never change them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.arrays.arguments import check_number, check_whole
from kerastrain.arrays.containers import Selection, container_of
from kerastrain.errors import DataError

__all__ = ["as_arrays", "count_rows", "split_rows", "take_rows"]

_LARGE = 2**26  # bytes


def as_arrays(data: Any, name: str) -> Any:
    """Turn inputs into arrays, so that Keras takes them.

    Args:
        data: Numbers in any container: an array of shape `(n, ...)`, pandas, polars, pyarrow,
            nested lists, a tensor; or text of shape `(n,)` or `(n, k)` for a layer that reads it;
            or a dict, list or tuple of those for several inputs.
        name: What the user calls it, for the messages.

    Returns:
        The same structure with arrays in it. Tuples become lists; sparse matrices of SciPy become
        float32 rows in the format CSR, text becomes a tensor; other tensors stay as they are.

    Raises:
        DataError: a column that holds no numbers, lists of different lengths, or a container that
            holds no rows.

    Examples:
        >>> as_arrays(pd.DataFrame({"age": [31, 47], "smokes": [True, False]}), "x").tolist()
        [[31.0, 1.0], [47.0, 0.0]]
    """
    if isinstance(data, dict):
        return {key: as_arrays(value, f"{name}[{key!r}]") for key, value in data.items()}
    if isinstance(data, list | tuple) and data and all(hasattr(part, "shape") for part in data):
        if np.ndim(data[0]) > 0:
            return [as_arrays(part, f"{name}[{i}]") for i, part in enumerate(data)]
        data = [np.asarray(part) for part in data]
    container = container_of(data)
    if container.refusal and not hasattr(data, "shape"):
        raise DataError(container.refusal.format(name=name, kind=type(data).__name__))
    opened = container.open(data)
    if isinstance(opened, pd.DataFrame):
        opened = _frame_to_array(opened, name)
    if hasattr(opened, "shape") and not isinstance(opened, np.ndarray | pd.Series):
        return opened
    try:
        array = np.asarray(opened)
        if array.dtype.kind in "US" or (array.dtype == object and _is_text(array)):
            return _text_tensor(array)
        return np.asarray(array, dtype="float32" if array.dtype == object else None)
    except (TypeError, ValueError) as error:
        message = (
            f"{name} must hold numbers, the same number of them in each row, but it is a "
            f"{type(data).__name__} that NumPy cannot read so: {error}. "
            "Encode categories as numbers first, as in pandas.get_dummies(frame, dtype='float32')."
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
    lengths = {part: container_of(array).count(array) for part, array in _parts(data, name)}
    if len(set(lengths.values())) > 1:
        seen = ", ".join(f"{part} has {length}" for part, length in lengths.items())
        message = f"All parts must have the same number of rows, but {seen}."
        raise DataError(message)
    rows = next(iter(lengths.values()), 0)
    if rows == 0:
        message = f"{name} must have rows to learn from, but it has none. Look at {name}.shape."
        raise DataError(message)
    return rows


def take_rows(data: Any, rows: NDArray[np.integer[Any]], *, copy: bool = True) -> Any:
    """Take some rows of an array, or of each array in a dict or list.

    Args:
        data: An array, tensor, DataFrame or Series, a dict or list of them, or None.
        rows: Which rows, in which order, shape `(m,)`.
        copy: Whether large arrays are copied too, not only small ones.

    Returns:
        The same structure with `m` rows.
    """
    if data is None:
        return None
    if isinstance(data, dict):
        return {key: take_rows(value, rows, copy=copy) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [take_rows(value, rows, copy=copy) for value in data]
    if not copy and type(data) in (np.ndarray, np.memmap) and data.nbytes > _LARGE:
        return Selection(data, rows)
    return container_of(data).take(data, rows)


def split_rows(
    count: int, fraction: float, *, seed: int, stratify: NDArray[Any] | None = None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split rows at random into training and validation, with the same share of each class.

    Keras' own `validation_split` takes the last rows, so that sorted labels lose whole classes.
    Here the rows are shuffled, sorted by class, and then taken at even distances.

    Args:
        count: Number of rows, 2 or more.
        fraction: Share of the rows to validate on, between 0 and 1.
        seed: Equal seeds give equal splits; 0 or more.
        stratify: Class of each row, shape `(count,)`. A class of one row stays in training. Left
            out, classes play no part.

    Returns:
        The row numbers for training and for validation, each in a random order.

    Raises:
        DataError: an argument of another type or range, or one of the two parts would be empty.

    Examples:
        >>> train, val = split_rows(100, 0.2, seed=0, stratify=np.repeat([0, 1], [90, 10]))
        >>> len(train), len(val), int((val >= 90).sum())
        (80, 20, 2)
    """
    count, seed = check_whole("count", count, 2), check_whole("seed", seed, 0, 2**64)
    fraction = check_number("validation_split", fraction, high=1, open_low=True)
    validating = round(count * fraction)
    if not 0 < validating < count:
        message = (
            f"Both parts must have rows, but validation_split={fraction} of {count} rows validates "
            f"on {validating}. Pass validation_data=(x_val, y_val) or more rows."
        )
        raise DataError(message)
    classes = None if stratify is None else _class_numbers(stratify, count)
    random = np.random.default_rng([seed, 0x5B117])  # a stream apart from that of the row order
    order = random.permutation(count)
    if classes is not None:
        sizes = np.bincount(classes)
        order = order[np.argsort(classes[order], kind="stable")]
        order = order[sizes[classes[order]] > 1]
        validating = min(validating, len(order))
    if validating == 0:
        message = "Each class has one row only, so no row is left to validate on. "
        raise DataError(message + "Pass validation_split=0.")
    places = (np.arange(validating) + random.random()) * (len(order) / validating)
    validation = order[places.astype(np.intp)]
    held_out = np.zeros(count, np.bool_)
    held_out[validation] = True
    return random.permutation(np.flatnonzero(~held_out)), random.permutation(validation)


def _class_numbers(stratify: Any, count: int) -> NDArray[np.intp]:
    """Number the classes of the rows."""
    try:
        classes: NDArray[Any] = np.asarray(stratify)
        if classes.shape == (count,):
            return np.unique(classes, return_inverse=True)[1]
    except (TypeError, ValueError):  # values that cannot be sorted, rows of unequal length
        classes = np.empty(0)
    message = (
        f"stratify must give the class of each row, shape ({count},), but it is "
        f"{stratify!r:.80}, shape {classes.shape}. Pass the labels of the rows, or leave it out."
    )
    raise DataError(message)


def _parts(data: Any, name: str) -> list[tuple[str, Any]]:
    if isinstance(data, dict):
        return [part for key, value in data.items() for part in _parts(value, f"{name}[{key!r}]")]
    if isinstance(data, list | tuple):
        return [part for i, value in enumerate(data) for part in _parts(value, f"{name}[{i}]")]
    if np.ndim(data) == 0:
        message = (
            f"{name} must have a row for each example, but it is the single value {data!r:.80}."
        )
        raise DataError(message)
    return [(name, data)]


def _frame_to_array(frame: pd.DataFrame, name: str) -> NDArray[Any]:
    text = [pd.api.types.is_string_dtype(kind) and kind.name != "category" for kind in frame.dtypes]
    if frame.size and all(text):
        return frame.to_numpy(dtype=object)
    kinds = {column: kind for column, kind in frame.dtypes.items() if not _is_numeric(kind)}
    if kinds:
        seen = ", ".join(f"{column!r} ({kind})" for column, kind in list(kinds.items())[:5])
        message = (
            f"{name} must hold numbers, but it has the columns {seen}. "
            f"Write categories as 0 and 1: pandas.get_dummies({name}, dtype='float32')."
        )
        raise DataError(message)
    return np.asarray(frame.to_numpy(dtype="float32", na_value=np.nan))


def _is_numeric(kind: Any) -> bool:
    return getattr(kind, "kind", "O") in "biuf" and not hasattr(kind, "categories")


def _is_text(array: NDArray[Any]) -> bool:
    return bool(array.size) and all(isinstance(value, str | bytes) for value in array.flat)


def _text_tensor(array: NDArray[Any]) -> Any:
    """Give text as Keras takes it; of arrays of text it takes one dimension of objects only."""
    import tensorflow as tf

    return tf.constant(array.astype(object) if array.dtype.kind == "U" else array)
