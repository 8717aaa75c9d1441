"""Do the values of the labels go with the loss?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kerastrain.arrays.summary import Summary
from kerastrain.checks.findings import Problem
from kerastrain.checks.settings import (
    AMOUNTS,
    BINARY,
    CATEGORICAL,
    CROSSENTROPIES,
    HINGE,
    ID_LOSSES,
)
from kerastrain.checks.setup import Output, Setup
from kerastrain.losses.table import SPARSE

RENUMBER = "np.unique(y, return_inverse=True)[1]"


def _labelled(setup: Setup) -> Iterator[tuple[Output, Summary]]:
    """Go over the outputs whose labels are numbers."""
    for output in setup.outputs:
        if output.y is not None and output.y.numeric:
            yield output, output.y


def label_reading(setup: Setup) -> Iterator[Problem]:
    """Labels that `train` refuses to read: ids of rows, prices as text, marks of missing values."""
    if setup.refused is not None:
        yield Problem(str(setup.refused), "See choose_loss(y).")


def labels_are_numbers(setup: Setup) -> Iterator[Problem]:
    """Labels that are text, objects, dates or plain lists.

    Keras raises "Invalid dtype: object" or "Unrecognized data type" in `fit`.
    """
    for output in setup.outputs:
        y = output.y
        if y is None or y.numeric or y.kind == "unknown" or setup.own_step:
            continue
        regression = output.loss.name in AMOUNTS
        if (y.kind == "text" or _holds_names(y)) and not regression:
            way = f"Number the names: classes, y = {RENUMBER[:-3]}."
        elif y.shape:
            way = "Convert them: y = np.asarray(y, dtype='float32')."
        else:
            way = "Make an array of it: y = np.asarray(y)."
        yield Problem(f"{output.called} must be an array of numbers, but got {y.dtype}.", way)


def _holds_names(y: Summary) -> bool:
    """Say whether labels of any type are names: pandas categories, Python objects."""
    try:
        np.asarray(y.array).astype("float32")
    except (TypeError, ValueError):
        return bool(y.shape)
    return False


def labels_missing(setup: Setup) -> Iterator[Problem]:
    """A loss and no labels: y left out, or a data set that yields inputs only.

    Keras raises "None values not supported" in the first step.
    """
    spec, compared = setup.data.spec, any(o.loss.keras_loss is not None for o in setup.outputs)
    absent = setup.data.x is not None and setup.data.y is None
    absent = absent or (setup.data.x is None and spec is not None and not isinstance(spec, tuple))
    if absent and compared and not setup.own_step and "y" not in setup.trouble:
        yield Problem(
            "A loss compares with labels, but got inputs only.",
            "Pass y: check(model, x, y). A data set must yield (x, y); an autoencoder has y=x.",
        )


def labels_cut(setup: Setup) -> Iterator[Problem]:
    """Fractions where class ids are asked for.

    A sparse loss casts labels to integers: 1.9 becomes class 1 without a word, and what was
    a regression becomes a classification of whole parts.
    """
    for output, y in _labelled(setup):
        if output.loss.name in ID_LOSSES and not y.whole:
            yield Problem(
                f"{output.loss.shown} takes whole class ids, but got fractions from {y.low:g} to "
                f"{y.high:g} in {output.called}, which Keras cuts to integers.",
                "Numeric targets: end in Dense(1) with loss='mse'. Class probabilities: "
                "loss='categorical_crossentropy'.",
            )


def label_range(setup: Setup) -> Iterator[Problem]:
    """Class ids below 0 or beyond the last unit.

    On a CPU TensorFlow raises in the midst of an epoch; on a GPU the loss becomes NaN.
    """
    for output, y in _labelled(setup):
        units = output.units
        if output.loss.name not in ID_LOSSES or not y.whole or units is None or units < 2:
            continue
        if not np.isfinite(y.low):
            continue  # no rows
        ignored = output.loss.options.get("ignore_class")
        values = sorted(set(y.counts) - {ignored}) or [int(y.low), int(y.high)]
        low, high = values[0], values[-1]
        if (low >= 0 and high < units) or _is_wide(y, output):
            continue
        yield Problem(
            f"Class ids must be whole numbers from 0 to {units - 1}, one for each of the {units} "
            f"units, but got {low} to {high} in {output.called}.",
            _range_fix(y, values, units),
        )


def _is_wide(y: Summary, output: Output) -> bool:
    """Say whether the labels have a column for each unit, so that they are no ids."""
    shape = output.shape or ()
    return len(y.shape) == len(shape) and len(shape) > 1 and y.shape[-1] == shape[-1] != 1


def _range_fix(y: Summary, values: list[int], units: int) -> str:
    """Say what to do, as far as the values show it."""
    low, high, count = values[0], values[-1], len(values)
    if y.dtype == "int8" and low < 0 and units > 127:
        return "int8 holds -128 to 127, so ids have wrapped: make them with dtype='int32'."
    if low == 1 and high == units:
        return f"Start at 0: y - 1. By names: {RENUMBER}."
    for odd in (255, -1):
        others = [v for v in values if v != odd]
        if odd in values and len(others) > 1 and others[0] >= 0 and others[-1] < units:
            return (
                f"If {odd} means unlabelled: loss=keras.losses.SparseCategoricalCrossentropy("
                f"ignore_class={odd}). Else renumber: {RENUMBER}."
            )
    if count <= units:
        return f"Number the classes from 0: {RENUMBER}."
    return f"End the model in one unit for each class: Dense({max(high + 1, count)}, 'softmax')."


def label_overflow(setup: Setup) -> Iterator[Problem]:
    """More classes than the labels' type can hold.

    uint8 ends at 255 and int8 at 127: class 256 became class 0 when the array was made, and
    two classes share an id without a word.
    """
    room = {"uint8": 256, "int8": 128}
    for output, y in _labelled(setup):
        units = output.units
        if output.loss.name in ID_LOSSES and units and units > room.get(y.dtype, units):
            yield Problem(
                f"{output.called} is {y.dtype}, which holds the ids 0 to {room[y.dtype] - 1}; the "
                f"model has {units} units, so larger ids have wrapped.",
                "Make the labels with dtype='int32', before they are cut.",
            )


def binary_range(setup: Setup) -> Iterator[Problem]:
    """Targets of a binary cross-entropy outside 0 to 1.

    The loss is then without a lower end: with labels -1/+1 it falls to minus hundreds, and
    accuracy counts half of the right answers as wrong.
    """
    for output, y in _labelled(setup):
        if output.loss.name not in BINARY or (y.low >= -1e-3 and y.high <= 1.001):
            continue
        kinds = sorted(y.counts)
        many = output.shape is not None and len(kinds) > 2 and y.shape[-1:] != output.shape[-1:]
        if len(kinds) == 2:
            one = kinds[-1]
            way = f"Map {kinds[0]} and {one} to 0 and 1: y = (y == {one}).astype('float32')."
        elif len(two := np.unique(y.rows)) == 2:
            way = (
                f"Two different values are two classes (were 0/1 labels standardized?): "
                f"y = (y > {two.mean():.3g}).astype('float32')."
            )
        elif kinds and kinds[0] == 0 and kinds[-1] == 255:
            way = "Scale the masks: y = (y > 127).astype('float32')."
        elif kinds and (many or len(kinds) <= 100):
            way = (
                f"{len(kinds)} classes: end in Dense({max(kinds) + 1}, 'softmax') with "
                "loss='sparse_categorical_crossentropy'."
            )
        else:
            way = "Numeric targets: a linear last layer with loss='mse'; pictures: y / 255."
        yield Problem(
            f"{output.loss.shown} takes targets from 0 to 1, but got {y.low:g} to {y.high:g} in "
            f"{output.called}.",
            way,
        )


def one_class(setup: Setup) -> Iterator[Problem]:
    """Labels that are all of one class.

    The model learns to answer always the same, with accuracy 1.00.
    """
    for output, y in _labelled(setup):
        classes = output.loss.name in CROSSENTROPIES | HINGE | ID_LOSSES
        if not classes or not y.complete or not y.whole or (y.shape[0] or 0) < 2:
            continue
        one_id = (len(y.counts) == 1 and (output.units or 1) <= 2) or (
            len(y.counts) == 1 and output.loss.name in ID_LOSSES
        )  # fmt: skip
        one_row = y.constant and output.loss.name in CATEGORICAL and y.zero_or_one
        if one_id or one_row:
            yield Problem(
                f"{output.called} must hold two classes or more, but got only "
                f"{next(iter(y.counts)) if one_id else 'one'} in {y.shape[0]} rows.",
                "Look at how the labels were read: np.unique(y, return_counts=True).",
            )


def hinge_labels(setup: Setup) -> Iterator[Problem]:
    """Hinge labels that are neither -1/+1 nor 0/1.

    Keras turns 0/1 into -1/+1 only when there is nothing else; 1/2 are taken as they are, and
    every row is pushed to the same side.
    """
    for output, y in _labelled(setup):
        fits = y.whole and (set(y.counts) <= {-1, 1} or set(y.counts) <= {0, 1})
        if output.loss.name in HINGE and not fits:
            yield Problem(
                f"{output.loss.shown} takes labels -1/+1 (or 0/1), but got {y.low:g} to "
                f"{y.high:g}.",
                "Two classes: y = 2 * (y == y.max()) - 1. More: "
                "loss='sparse_categorical_crossentropy' with a softmax.",
            )


def exclusive_labels(setup: Setup) -> Iterator[Problem]:
    """Rows with several 1s under a softmax, or under a loss for one class a row.

    A softmax divides 1 among the classes. Under binary cross-entropy Keras trains on the
    logits as if they were sigmoids, so the loss falls and it is the predictions that are wrong.
    """
    for output, y in _labelled(setup):
        wide = len(y.shape) > 1 and (y.shape[-1] or 0) > 1 and y.zero_or_one
        if not wide or not y.row_sums.size or y.row_sums.max() < 1.5:
            continue
        softmax = output.activation == "softmax" and output.loss.name in (
            BINARY | CATEGORICAL | AMOUNTS
        )
        if softmax or output.loss.name in CATEGORICAL:
            several = float(np.mean(y.row_sums > 1.5))
            yield Problem(
                f"A softmax or a categorical loss takes one class a row; {several:.0%} of the rows "
                f"of {output.called} hold several 1s.",
                "End in Dense(..., activation='sigmoid') with loss='binary_crossentropy'.",
            )


def empty_rows(setup: Setup) -> Iterator[Problem]:
    """One-hot rows without a 1.

    The categorical loss of such a row is 0 whatever the model says: it is not trained on.
    pandas.get_dummies(drop_first=True) makes them, and a label that was not in the list.
    """
    for output, y in _labelled(setup):
        one_row = len(y.shape) == 2 and (y.shape[1] or 0) > 1
        if output.loss.name not in CATEGORICAL or not one_row or not y.row_sums.size:
            continue
        empty = np.abs(y.rows).sum(axis=-1) < 1e-6
        if empty.any():
            yield Problem(
                f"Every one-hot row must hold a 1; {float(np.mean(empty)):.1%} of the rows of "
                f"{output.called} are all zero and are not trained on.",
                "Drop these rows: keep = y.any(axis=1); x, y = x[keep], y[keep]. Or encode all "
                "classes, as in one_hot(ids).",
            )


def rows_sum_to_one(setup: Setup) -> Iterator[Problem]:
    """Target rows of a categorical loss that are no probabilities.

    The loss then has its least value at other predictions than the targets; negative ones
    have none at all.
    """
    for output, y in _labelled(setup):
        wide = len(y.shape) > 1 and (y.shape[-1] or 0) > 1 and y.row_sums.size
        seen = output.seen
        softmax = output.activation == "softmax" and output.loss.name in BINARY | AMOUNTS and (
            seen is not None and np.allclose(seen.sum(axis=-1), 1, atol=1e-3))  # fmt: skip
        if not (output.loss.name in CATEGORICAL or softmax) or not wide or y.zero_or_one:
            continue
        sums = y.row_sums[np.abs(y.row_sums) > 1e-6]
        if softmax and output.units != y.shape[-1]:
            continue  # told by label_shape
        if y.low < -1e-3 or (sums.size and np.abs(sums - 1).max() > 0.02):
            yield Problem(
                f"{output.loss.shown}{' under a softmax' if softmax else ''} takes rows of "
                "probabilities that sum to 1, but got sums from "
                f"{y.row_sums.min():g} to {y.row_sums.max():g} and values from {y.low:g}.",
                "Divide each row by its sum: y / y.sum(axis=-1, keepdims=True). Several numbers a "
                f"row: Dense({output.units}) without activation, loss='mse'.",
            )


def positive_targets(setup: Setup) -> Iterator[Problem]:
    """Targets that a loss divides by or takes the logarithm of.

    mape divides by y: one zero makes the loss 1e7 and the rest does not count. poisson and
    msle take logarithms of what must not be negative.
    """
    for output, y in _labelled(setup):
        name = output.loss.name
        zero = name == "mean_absolute_percentage_error" and y.low <= 0 <= y.high and (
            y.counts.get(0) or np.any(np.abs(y.rows) < 1e-7))  # fmt: skip
        negative = name in ("poisson", "mean_squared_logarithmic_error") and y.low < 0
        if zero or negative:
            yield Problem(
                f"{output.loss.shown} takes targets {'other than' if zero else 'from'} 0, but got "
                f"{'zeros' if zero else f'{y.low:g}'} in {output.called}.",
                "Use loss='mae' or loss='mse'.",
            )


def numbers_as_classes(setup: Setup) -> Iterator[Problem]:
    """Very many integer classes with few rows each, as ages.

    A classification does not know that 40 is near 41, so it learns less from the same rows.
    """
    for output, y in _labelled(setup):
        if (
            output.loss.name != SPARSE
            or len(y.shape) > 2
            or not y.complete
            or (y.shape[-1] != y.shape[0] and len(y.shape) == 2 and y.shape[1] != 1)
        ):
            continue
        kinds, rows = len(y.counts), y.shape[0] or 0
        if kinds < 20 or rows / kinds > 15:
            continue
        times = np.array([y.counts[k] for k in sorted(y.counts)], dtype=float)
        middle = times[kinds // 4 : -(kinds // 4)].mean()
        edges = np.r_[times[: kinds // 8], times[-(kinds // 8) :]].mean()
        if middle > 2 * edges:  # a hill around the middle: numbers; ids of classes have no order
            yield Problem(
                f"{kinds} classes with {rows / kinds:.0f} rows each, most of them around the "
                f"middle of {y.low:g} to {y.high:g}: these look like numeric targets.",
                "Numeric targets: Dense(1) with loss='mae'. Classes: "
                "silence=['numbers-as-classes'].",
            )
