"""Which data can I try this on?  Small real data sets, one or more for each kind of labels.

The files lie in the folder `data/` with a README: columns, units, source, license. To add one, put
a CSV file there and a row in `data/datasets.csv`. Nothing here needs TensorFlow.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.errors import DataError

__all__ = ["Dataset", "list_datasets", "load_dataset"]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Hold one data set: what is known, what is to be predicted, and where it comes from.

    Values are in their own units, not scaled: scaling them is a part of the lesson.

    Attributes:
        name: The name that `load_dataset` knows it by.
        x: What is known, float32, shape `(n, features)`. Images and days are laid out in one row.
        y: What is to be predicted, shape `(n,)`, or `(n, targets)` where there are several. Classes
            are names or whole numbers just as in the source, numeric targets are float64.
        feature_names: One name for each column of `x`.
        target_names: One name for each column of `y`.
        kind: The kind of labels, in the words of `inspect_labels`.
        task: The `task=` under which the labels are read as they are meant.
        unit: The unit of a numeric target or count; empty for classes.
        row_shape: The shape of one row before it was laid out: `(8, 8)` for an image,
            `(14, 5)` for 14 days of 5 measures, else `(features,)`.
        description: What is predicted, in one line.
        source: Who collected it, and the package it was taken from.
        license: The license of the data.

    Examples:
        >>> data = load_dataset("penguins")
        >>> data
        Dataset('penguins': 333 rows, 8 features -> species: Adelie, Chinstrap, Gentoo)
        >>> data.frame.groupby("species")["body_mass_g"].mean().round().to_dict()
        {'Adelie': 3706.0, 'Chinstrap': 3733.0, 'Gentoo': 5092.0}
    """

    name: str
    x: NDArray[np.float32]
    y: NDArray[np.generic]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    kind: str
    task: str
    unit: str
    row_shape: tuple[int, ...]
    description: str
    source: str
    license: str

    @property
    def target(self) -> str:
        """Name what is predicted; several names are joined by commas."""
        return ", ".join(self.target_names)

    @property
    def frame(self) -> pd.DataFrame:
        """Make a table to look at: the columns of `x`, then those of `y`."""
        known = pd.DataFrame(self.x, columns=list(self.feature_names))
        targets = self.y.reshape(len(self.y), -1)
        return known.join(pd.DataFrame(targets, columns=list(self.target_names)))

    def __repr__(self) -> str:
        rows, features = self.x.shape
        return (
            f"Dataset({self.name!r}: {rows} rows, {features} features -> "
            f"{self.target}: {_values(self)})"
        )


def load_dataset(name: str) -> Dataset:
    """Load one of the small real data sets by its name.

    The arrays are read anew on each call, so changing them changes nothing else.

    Args:
        name: One of the names in `list_datasets()`.

    Returns:
        The data set, with `x` and `y` as arrays.

    Raises:
        DataError: there is no data set of that name; the message lists those there are.

    Examples:
        >>> data = load_dataset("iris")
        >>> data.x.shape, data.y[0].item()
        ((150, 4), 'setosa')
        >>> image = load_dataset("digits")
        >>> image.x[0].reshape(image.row_shape).shape
        (8, 8)
    """
    index = _read_index()
    names = list(index)
    if not isinstance(name, str) or name not in names:
        raise DataError(_no_such(name, names))
    row = index[name]
    targets = row["targets"].split()
    path = data_folder() / row["file"]
    if path.suffix == ".npz":
        x, y, features = _read_images(path)
    elif row["window"]:
        x, y, features = _read_days(path, targets, int(row["window"]))
    else:
        x, y, features = _read_rows(path, targets)
    y = y[:, 0] if y.ndim == 2 and len(targets) == 1 else y
    dtype = np.float64 if row["kind"] == "continuous" else y.dtype
    return Dataset(
        name=name,
        x=np.array(x).reshape(len(x), -1),  # copies: what pandas gives may be read-only
        y=np.array(y, dtype=dtype),
        feature_names=features,
        target_names=tuple(targets),
        kind=row["kind"],
        task=row["task"],
        unit=row["unit"],
        row_shape=x.shape[1:],
        description=row["predicts"],
        source=row["source"],
        license=row["license"],
    )


def list_datasets() -> pd.DataFrame:
    """List the data sets that `load_dataset` knows.

    Returns:
        One row a data set: `name`, `rows`, `features`, `kind` (as in `inspect_labels`), `target`,
        `values` (its classes, or its range with the unit), `predicts`, `source`, `license`.

    Examples:
        >>> table = list_datasets()
        >>> table.loc[table["name"] == "fuel", ["rows", "kind", "values"]].values.tolist()
        [[392, 'continuous', '9 to 46.6 miles per US gallon']]
    """
    rows = [
        {
            "name": data.name,
            "rows": len(data.x),
            "features": data.x.shape[1],
            "kind": data.kind,
            "target": data.target,
            "values": _values(data),
            "predicts": data.description,
            "source": data.source,
            "license": data.license,
        }
        for data in map(load_dataset, _read_index())
    ]
    return pd.DataFrame(rows)


def data_folder() -> Path:
    here = Path(__file__).parent
    for folder in (here / "data", here.parents[1] / "data"):  # a wheel's, a checkout's
        if (folder / "datasets.csv").exists():
            return folder
    message = (
        f"The data sets must lie in the folder data/, but there are none in {here / 'data'} "
        f"or {here.parents[1] / 'data'}. Install again: pip install --force-reinstall kerastrain"
    )
    raise DataError(message)


def _read_index() -> dict[str, dict[str, str]]:
    with (data_folder() / "datasets.csv").open(encoding="utf-8", newline="") as lines:
        return {row["name"]: row for row in csv.DictReader(lines)}


def _no_such(name: object, names: list[str]) -> str:
    near = get_close_matches(str(name).lower(), names, n=1)
    way_out = f"Did you mean load_dataset({near[0]!r})?" if near else "See list_datasets()."
    return f"name must be one of {', '.join(names)}, but it is {name!r:.80}. {way_out}"


_Parts = tuple[NDArray[np.float32], NDArray[np.generic], tuple[str, ...]]


def _read_rows(path: Path, targets: list[str]) -> _Parts:
    table = pd.read_csv(path)
    features = [name for name in table.columns if name not in targets]
    y = table[targets].to_numpy()
    if y.dtype == object:
        y = y.astype(np.str_)
    return table[features].to_numpy(np.float32), y, tuple(features)


def _read_images(path: Path) -> _Parts:
    with np.load(path, allow_pickle=False) as arrays:
        x, y = arrays["x"].astype(np.float32), arrays["y"].astype(np.int64)
    names = [f"row {row} column {column}" for row, column in np.ndindex(x.shape[1:])]
    return x, y, tuple(names)


def _read_days(path: Path, targets: list[str], window: int) -> _Parts:
    """Read days in order; `window` days are known and the next day is to be predicted."""
    table = pd.read_csv(path, index_col="date")
    days = np.arange(len(table) - window)[:, None] + np.arange(window)
    x = table.to_numpy(np.float32)[days]
    names = [f"{name} day {day}" for day in range(-window, 0) for name in table.columns]
    return x, table[targets].to_numpy()[window:], tuple(names)


def _values(data: Dataset) -> str:
    if data.kind in ("continuous", "counts"):
        return f"{data.y.min():g} to {data.y.max():g} {data.unit}"
    if data.kind == "multi-label":
        return "0 or 1 each"
    return ", ".join(str(value) for value in np.unique(data.y))
