"""Does the model see what it is to find out: the target in x, validation rows, padding?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.containers import container_of
from kerastrain.arrays.summary import summarize
from kerastrain.checks.findings import Problem
from kerastrain.checks.rules.running import validation_data, validation_is_training
from kerastrain.checks.settings import BINARY, CATEGORICAL, ID_LOSSES
from kerastrain.checks.setup import Setup

SAMPLE = 256  # rows that are compared number by number
MOST = 50_000  # rows among which copies are looked for


def _sample(array: Any, count: int) -> NDArray[np.float64]:
    """Take a few evenly spaced rows, each flattened."""
    where = np.unique(np.linspace(0, count - 1, SAMPLE).astype(int))
    rows = np.asarray(container_of(array).take(array, where), np.float64)
    return rows.reshape(len(where), -1)


def target_inside(setup: Setup) -> Iterator[Problem]:
    """A column of x, or one place of its window, that is y itself in every row.

    The model copies it. In use the answer is not there: windows that end one step too late, a
    column computed from the target.
    """
    y = setup.outputs[0].y if len(setup.outputs) == 1 else None
    if y is None or not y.numeric or not y.shape or setup.own_step:
        return
    wide = len(y.shape) == 2 and 1 < (y.shape[1] or 0) <= 64 and not y.whole
    if (len(y.shape) > 1 and y.shape[1:] != (1,) and not wide) or (y.shape[0] or 0) < 30:
        return
    several = 10 if y.whole else 5
    for x in setup.x:
        if not x.numeric or x.shape[:1] != y.shape[:1] or x.shape[1:] in ((), (1,)):
            continue
        rows, targets = (_sample(a.array, int(y.shape[0])).astype("float32") for a in (x, y))
        if rows.shape[1] > 1 << 16 or rows.shape == targets.shape:
            continue
        for k, target in enumerate(targets.T):
            few = len(np.unique(target)) < several and len(target) < 100
            same = np.flatnonzero(np.all(rows == target[:, None], axis=0))
            if few or len(np.unique(target)) < 2 or not len(same):
                continue
            place = np.unravel_index(same[0], x.shape[1:])
            shown = ", ".join(map(str, place))
            if hasattr(x.array, "columns"):
                shown = repr(x.array.columns[same[0]])
            yield Problem(
                f"x must not hold the target, but x[:, {shown}] is equal to {y.where}"
                f"{f'[:, {k}]' if wide else ''} in every row that was looked at.",
                "Drop this column, or end each window before its target: with windows of n steps, "
                "targets=series[n:].",
            )
            return


def validation_copies(setup: Setup) -> Iterator[Problem]:
    """A validation set of which a part is among the training rows, value by value.

    As after drawing new rows of a rare class before splitting, or files that were saved twice.
    """
    data, x = validation_data(setup), setup.x[0] if len(setup.x) == 1 else None
    there = summarize(data.x, "x") if data is not None and hasattr(data.x, "shape") else None
    if x is None or there is None or not (x.complete and x.numeric and there.numeric):
        return
    if x.shape[1:] != there.shape[1:] or not there.shape[0] or int(np.prod(x.shape[1:])) < 3:
        return
    many = x.rows.reshape(len(x.rows), -1)
    column = int(np.argmax([len(np.unique(c)) for c in many[:SAMPLE].T[:64]]))
    if len(np.unique(many[:, column])) < 0.5 * len(many):
        return  # of few values: equal rows are no copies
    head = np.asarray(container_of(x.array).take(x.array, slice(0, MOST)))
    head, asked = head.reshape(len(head), -1), _sample(there.array, int(there.shape[0]))
    asked = asked[np.argsort(asked[:, column])]
    place = np.searchsorted(asked[:, column], head[:, column]).clip(0, len(asked) - 1)
    near = np.flatnonzero(asked[place, column] == head[:, column])
    equal = np.all(head[near] == asked[place[near]], axis=1)
    copies = len(np.unique(place[near[equal]])) / len(asked)
    if copies > 0.02 and not any(validation_is_training(setup)):
        yield Problem(
            f"Validation rows must be other rows than those trained on, but {copies:.0%} of "
            "validation x are rows of x.",
            "Split before rows are drawn again or augmented, then validation_data=(x_val, y_val).",
        )


def padding_counted(setup: Setup) -> Iterator[Problem]:
    """Padding that is trained on and counted as right: one label for the steps with padding.

    The accuracy is high from the start, since padding is easy. A mask, weights or ignore_class
    leave it out.
    """
    output = setup.outputs[0]
    y, x = output.y, setup.x[0] if len(setup.x) == 1 else None
    known = output.loss.name in ID_LOSSES | CATEGORICAL | BINARY and not output.masked
    known = known and "ignore_class" not in output.loss.options and not setup.own_step
    weighted = setup.given["sample_weight"] is not None or setup.data.sample_weight is not None
    if y is None or x is None or not known or weighted or len(setup.outputs) > 1:
        return
    steps = len(y.shape) in (2, 3) and len(x.shape) in (2, 3) and y.shape[1] == x.shape[1]
    if not steps or (y.shape[1] or 0) < 4 or output.shape is None or len(output.shape) != 3:
        return
    places, labels = x.rows, y.rows
    if not len(labels) or len(places) != len(labels) or (places.ndim == 2 and not x.whole):
        return
    labels = labels.argmax(-1) if labels.ndim == 3 and labels.shape[-1] > 1 else (
        labels.reshape(labels.shape[:2]))  # fmt: skip
    pad = 0.0 if places.ndim == 3 else float(places[0, -1])
    padded = np.all(places == pad, axis=-1) if places.ndim == 3 else (
        (places == pad) if np.mean(places[:, -1] == pad) >= np.mean(places[:, 0] == pad) else (
            places == places[0, 0]))  # fmt: skip
    runs = np.mean(padded[:, -1]) > 0.3 or np.mean(padded[:, 0]) > 0.3
    share, of = float(np.mean(padded)), np.unique(labels[padded])
    if runs and share > 0.3 and len(of) == 1 and np.mean(labels[~padded] == of[0]) < 0.5:
        yield Problem(
            f"Padding must be left out of the loss and the metrics, but it is {share:.0%} of the "
            f"steps, all with the label {of[0]:g}, and nothing masks it.",
            "Embedding(..., mask_zero=True), or pass sample_weight=(x != 0).astype('float32').",
        )
