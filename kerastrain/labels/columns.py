"""What is one output's column of labels? An array, and what its container knew besides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.labels.refusals import refuse_mixed_types

__all__ = ["Column", "as_objects", "column_of_sequences", "column_of_sets"]

PADDING = -1  # the id of the places that were added to rows of unequal length


@dataclass(frozen=True)
class Column:
    """Labels of one output, as an array.

    Attributes:
        array: Numbers, bools, or objects (text); ids where there are `categories`.
        dtype: The type as the user sees it.
        categories: Classes that the container declared, in the order of their ids.
        ordered: Whether the container declared an order of the classes.
        names: What the columns of the last axis are called.
        sampled: Whether these are only some of the rows.
        rows_are: "sets" or "sequences" when each row was a collection of names.
    """

    array: NDArray[Any]
    dtype: str
    categories: tuple[Any, ...] | None = None
    ordered: bool = False
    names: tuple[Any, ...] | None = None
    sampled: bool = False
    rows_are: str = ""

    def plain(self) -> NDArray[Any]:
        """Give the user's own values, also where a container held ids; None for padding."""
        if self.categories is None:
            return self.array
        plain: NDArray[Any] = as_objects([*self.categories, None])[self.array]
        return plain


def as_objects(items: Iterable[Any]) -> NDArray[Any]:
    """Put items into an array of objects, also when they are sequences themselves."""
    listed = list(items)
    array = np.empty(len(listed), object)
    array[:] = listed
    return array


def column_of_sets(rows: Sequence[Any]) -> Column:
    """Write each set of names as a row of 0 and 1.

    Examples:
        >>> column_of_sets([{"red", "blue"}, set(), {"red"}]).array.tolist()
        [[1, 1], [0, 0], [0, 1]]
    """
    items = set(chain.from_iterable(rows))
    if len({type(item) for item in items}) > 1:
        refuse_mixed_types(as_objects(chain.from_iterable(rows)))
    names, place = _numbered(items)
    flags = np.zeros((len(rows), len(names)), np.int8)
    for flag, row in zip(flags, rows, strict=True):
        flag[[place[item] for item in row]] = 1
    return Column(flags, "sets of names", names=names, rows_are="sets")


def column_of_sequences(rows: Sequence[Any]) -> Column:
    """Write sequences of names as ids, filled up with -1 to the longest row.

    Examples:
        >>> column_of_sequences([["DET", "NOUN"], ["NOUN"]]).array.tolist()
        [[0, 1], [1, -1]]
    """
    names, place = _numbered(set(chain.from_iterable(rows)))
    ids = np.full((len(rows), max(len(row) for row in rows)), PADDING)
    for line, row in zip(ids, rows, strict=True):
        line[: len(row)] = [place[item] for item in row]
    return Column(ids, "lists of names", categories=names, rows_are="sequences")


def _numbered(items: set[Any]) -> tuple[tuple[Any, ...], dict[Any, int]]:
    names = tuple(sorted(items))
    return names, {name: i for i, name in enumerate(names)}
