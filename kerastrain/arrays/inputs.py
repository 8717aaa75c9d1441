"""What did the inputs look like in training, and do these look the same?

A model takes any numbers of the right shape. So training leaves a description of x in the run, and
`predict` and `evaluate` look at x through it: columns are matched by name, and what training
did not meet (gaps, other columns, text) is refused before it becomes a wrong answer.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, field, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.arrays.containers import container_of
from kerastrain.arrays.rows import as_arrays
from kerastrain.arrays.sources import is_data_set, read_data
from kerastrain.errors import DataError, KerastrainWarning

__all__ = ["Inputs", "Part", "describe_inputs", "saved_inputs"]

MOST_COLUMNS = 4096  # of wider inputs, one range for all columns is kept
SHOWN = 5


@dataclass(frozen=True)
class Part:
    """One input as it was in training.

    Attributes:
        name: How a user writes it: `x`, or `x['age']` for one of several.
        shape: The shape of one row; None where a size may vary.
        text: Whether it holds text.
        gaps: Whether it held NaN, which the model must then be able to read.
        columns: The names of the columns; None where they had none.
        low: The smallest value, for each column of inputs of shape `(n, k)`; () where unknown.
        high: The largest value, likewise.
    """

    name: str
    shape: tuple[int | None, ...]
    text: bool = False
    gaps: bool = False
    columns: tuple[Any, ...] | None = None
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """The x of the training, input by input.

    Attributes:
        parts: One part for each input.
        keys: The keys of a dict of inputs; None for one input, `()` for a list of them.
    """

    parts: tuple[Part, ...]
    keys: tuple[str, ...] | None = None
    _noted: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def look(self, x: Any) -> Any:
        """Check that x is like that in training, and give it as arrays in the order of training.

        Args:
            x: Inputs in any container that `train` takes, or one row of shape `(k,)`.

        Returns:
            Arrays, as `model.predict` takes them.

        Raises:
            DataError: no rows; columns that are missing or new; another number of columns; text
                for numbers; NaN or infinity, with the numbers of the rows.
        """
        if self.keys is None:
            return self._look(x, self.parts[0])
        if self.keys:
            names = list(x) if hasattr(x, "keys") else []
            if set(names) != set(self.keys):
                message = (
                    f"x must have the inputs {list(self.keys)}, as in training, but it has "
                    f"{names or type(x).__name__}. Pass a dict of them."
                )
                raise DataError(message)
            x = [x[key] for key in self.keys]
        if len(x) != len(self.parts):
            message = f"x must have {len(self.parts)} inputs, as in training, but it has {len(x)}."
            raise DataError(message + " Pass a list of them.")
        looked = [self._look(part, known) for part, known in zip(x, self.parts, strict=True)]
        return dict(zip(self.keys, looked, strict=True)) if self.keys else looked

    def as_saved(self) -> dict[str, Any]:
        """Write it as JSON can hold it; `saved_inputs` reads it."""
        return {"parts": [asdict(part) for part in self.parts], "keys": self.keys}

    def _look(self, x: Any, known: Part) -> Any:
        array = as_arrays(_in_order(_as_rows(x, known), known), known.name)
        shape = tuple(array.shape)
        if not shape or shape[0] == 0:
            message = f"{known.name} must have rows, but it has none. Look at {known.name}.shape."
            raise DataError(message)
        inner = shape[1:] if len(shape) > 1 or not known.shape else (1,)
        fits = len(inner) == len(known.shape) and all(
            b is None or a == b for a, b in zip(inner, known.shape, strict=True)
        )
        if not fits and known.shape not in ((), (1,)):
            message = (
                f"{known.name} must have rows of shape {known.shape}, as in training, but it has "
                f"the shape {shape}. Pass the columns that were trained on, in their order."
            )
            raise DataError(message)
        text = "string" in str(array.dtype)
        if text != known.text:
            seen, wanted = ("text", "numbers") if text else ("numbers", "text")
            way = f"{known.name}.astype('float32')" if text else "the texts themselves"
            message = (
                f"{known.name} must hold {wanted}, as in training, but it holds {seen}. Pass {way}."
            )
            raise DataError(message)
        if not text:
            self._look_at_numbers(array, known, framed=hasattr(x, "dropna"))
        return array

    def _look_at_numbers(self, array: Any, known: Part, *, framed: bool) -> None:
        values = array if isinstance(array, np.ndarray) else _dense_rows(array)
        if values.dtype.kind == "f" and not np.isfinite(values.sum(dtype=np.float64)):
            bad = np.isinf(values) if known.gaps else ~np.isfinite(values)
            rows = np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))
            if len(rows):
                raise DataError(_gaps(bad, rows, known, framed))
        low, high = np.array(known.low), np.array(known.high)
        if known.name in self._noted or not len(low):
            return
        flat = values.reshape(len(values), -1) if len(low) > 1 else values.reshape(-1, 1)
        span = high - low
        outside = (flat < low - span) | (flat > high + span)
        columns = np.flatnonzero(outside.any(axis=0))
        if len(columns):
            self._noted.add(known.name)
            first = int(columns[0])
            names = known.columns or [f"column {i}" for i in range(len(low))]
            called = f"{names[first]!r}" if known.columns else names[first]
            row = int(np.argmax(outside[:, first]))
            message = (
                f"{known.name} must be like that in training, but {called} has the value "
                f"{float(flat[row, first]):.4g}, and in training it had {low[first]:.4g} to "
                f"{high[first]:.4g}. If the unit or the scaling differs, apply that of training."
            )
            warnings.warn(message, KerastrainWarning, stacklevel=6)


def describe_inputs(x: Any) -> Inputs | None:
    """Describe the inputs of a training.

    Args:
        x: Inputs in any container: what the user passed to `train`.

    Returns:
        The description; None where x cannot be looked at, as with generators.

    Examples:
        >>> frame = pd.DataFrame({"age": [31.0, 47.0], "height": [1.7, 1.8]})
        >>> describe_inputs(frame).look(frame[["height", "age"]]).tolist()[0]
        [31.0, 1.7000000476837158]
    """
    if is_data_set(x):
        data = read_data(x)
        found = None if data.x is None else describe_inputs(data.x)
        if found is None or data.complete:
            return found
        return Inputs(tuple(replace(part, low=(), high=()) for part in found.parts), found.keys)
    if isinstance(x, dict):
        parts = tuple(_describe(value, f"x[{key!r}]") for key, value in x.items())
        return Inputs(parts, tuple(x))
    several = isinstance(x, list | tuple) and len(x) and all(np.ndim(part) > 0 for part in x)
    if several and all(hasattr(part, "shape") for part in x):
        return Inputs(tuple(_describe(part, f"x[{i}]") for i, part in enumerate(x)), ())
    return Inputs((_describe(x, "x"),))


def _describe(x: Any, name: str) -> Part:
    columns = container_of(x).columns(x)
    array = as_arrays(x, name)
    shape = tuple(array.shape[1:])
    if "string" in str(array.dtype):
        return Part(name, shape, text=True, columns=columns)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf" or not array.size:
        return Part(name, shape, columns=columns)
    wide = len(shape) == 1 and shape[0] <= MOST_COLUMNS
    axis: Any = 0 if wide else None
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # a column of NaN only
        low, high = np.nanmin(array, axis=axis), np.nanmax(array, axis=axis)
    gaps = array.dtype.kind == "f" and bool(np.isnan(array.sum(dtype=np.float64)))
    ranges = [tuple(float(v) for v in np.atleast_1d(part)) for part in (low, high)]
    known = bool(np.isfinite(ranges).all())
    return Part(name, shape, gaps=gaps, columns=columns, low=ranges[0] if known else (),
                high=ranges[1] if known else ())  # fmt: skip


def _as_rows(x: Any, known: Part) -> Any:
    """Make one row of shape `(1, k)` of a single row that came without its axis."""
    width = known.shape[0] if len(known.shape) == 1 else None
    if isinstance(x, pd.Series) and known.columns and set(x.index) & set(known.columns):
        return x.to_frame().T
    single = width is not None and width > 1 and not known.text and np.ndim(x) == 1
    return np.asarray(x)[None] if single and len(x) == width else x


def _in_order(x: Any, known: Part) -> Any:
    """Put the columns into the order of training, by their names."""
    columns = container_of(x).columns(x)
    if columns is None or known.columns is None or columns == known.columns:
        return x
    missing = [name for name in known.columns if name not in columns]
    extra = [name for name in columns if name not in known.columns]
    if not missing and not extra:
        return container_of(x).open(x)[list(known.columns)]
    seen = [f"{_names(missing)} missing"] * bool(missing) + [f"{_names(extra)} new"] * bool(extra)
    way = f"Pass {known.name}[{list(known.columns)}]"
    near: dict[Any, Any] = {}
    for name in missing:
        if any(str(name).startswith(f"{other}_") for other in extra):
            continue  # a column of get_dummies is no other name of the column it was made from
        found = get_close_matches(str(name), [str(other) for other in extra], n=1, cutoff=0.5)
        near |= {found[0]: name} if found else {}
    if missing:
        made = f"pd.get_dummies({known.name}, dtype='float32')" if extra else known.name
        way = (
            f"If they are columns of 0 and 1 made of categories that do not occur here: "
            f"{known.name} = {made}.reindex(columns={list(known.columns)}, fill_value=0)"
        )
    if near:
        way = f"Rename them: {known.name} = {known.name}.rename(columns={near})"
    message = f"{known.name} must have the columns of training, but {' and '.join(seen)}. {way}."
    raise DataError(message)


def _names(names: list[Any]) -> str:
    shown = ", ".join(map(repr, names[:SHOWN])) + (" …" if len(names) > SHOWN else "")
    return f"{shown} {'are' if len(names) > 1 else 'is'}"


def _gaps(bad: NDArray[np.bool_], rows: NDArray[np.intp], known: Part, framed: bool) -> str:
    """Say in which rows and columns values are missing."""
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    shown = ", ".join(map(str, rows[:SHOWN])) + more
    where = ""
    if bad.ndim == 2:
        columns = np.flatnonzero(bad.any(axis=0))[:SHOWN]
        named = [repr(known.columns[i]) if known.columns else str(i) for i in columns]
        where = f", in the column{'s' if len(named) > 1 else ''} {', '.join(named)}"
    name = known.name
    drop = f"{name}[np.isfinite({name}).reshape(len({name}), -1).all(axis=1)]"
    drop = f"{name}.dropna()" if framed else drop
    return (
        f"{name} must have finite numbers, as in training, but row{'s' if len(rows) > 1 else ''} "
        f"{shown} ha{'ve' if len(rows) > 1 else 's'} NaN or infinity{where}. Leave them out, "
        f"{drop}, or fill them in as before training."
    )


def _dense_rows(array: Any) -> NDArray[Any]:
    """Give the numbers of a sparse matrix or a tensor as an array."""
    if hasattr(array, "toarray"):
        return np.asarray(array.toarray())
    return np.asarray(array if not hasattr(array, "numpy") else array.numpy())


def saved_inputs(saved: Any) -> Inputs | None:
    """Make again what `Inputs.as_saved` and JSON wrote."""
    if saved is None:
        return None
    parts = []
    for part in saved["parts"]:
        lists: dict[str, Any] = {k: tuple(v) for k, v in part.items() if isinstance(v, list)}
        parts.append(Part(**part | lists))
    return Inputs(tuple(parts), None if saved["keys"] is None else tuple(saved["keys"]))
