"""Do weights of classes and rows reach what they are meant for?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from kerastrain.arrays.summary import Summary, summarize
from kerastrain.checks.findings import Problem
from kerastrain.checks.settings import AMOUNTS, ID_LOSSES
from kerastrain.checks.setup import Output, Setup


def _number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _all_classes(output: Output) -> str:
    """Write weights for all classes, of which some are changed."""
    return f"class_weight=dict.fromkeys(range({max(2, output.units or 2)}), 1.0) | weights"


def class_weight_form(setup: Setup) -> Iterator[Problem]:
    """Class weights that are no dict of class id to a number of 0 or more.

    scikit-learn gives an array, and Keras raises. Text keys it never finds: all weights are 1
    without a word. A negative weight climbs the loss of that class.
    """
    weights = setup.given["class_weight"]
    if weights is None:
        return
    if not isinstance(weights, Mapping):
        yield Problem(
            f"class_weight must be a dict of class id to weight, but got {type(weights).__name__}.",
            "Pass class_weight=dict(enumerate(weights)).",
        )
        return
    keys = [k for k in weights if not (_number(k) and float(k) == int(k))]
    values = [v for v in weights.values() if not (_number(v) and v >= 0 and np.isfinite(v))]
    if keys:
        yield Problem(
            f"The keys of class_weight must be class ids, but got {keys[0]!r}, which Keras never "
            "finds, so that all weights are 1.",
            "Pass class_weight={0: 1.0, 1: 5.0}.",
        )
    elif values:
        yield Problem(
            f"Class weights must be numbers of 0 or more, but got {values[0]!r}.",
            "Pass class_weight={0: 1.0, 1: 5.0}.",
        )
    elif setup.data.source == "Dataset" and sorted(map(int, weights)) != list(range(len(weights))):
        yield Problem(
            "For a Dataset class_weight must have the keys 0, 1, 2, ..., but got "
            f"{sorted(weights)}.",
            f"Give every class one: {_all_classes(setup.outputs[0])}.",
        )
    elif weights and not any(weights.values()):
        yield Problem("Some class must have a weight above 0, but got only 0.",
                      "Leave class_weight out.")  # fmt: skip


def class_weight_place(setup: Setup) -> Iterator[Problem]:
    """Class weights where Keras cannot apply them: several outputs, steps or pixels, row weights.

    It raises in `fit`, or weighs whole rows by the class of one place.
    """
    weights = setup.given["class_weight"]
    if not isinstance(weights, Mapping):
        return
    y = setup.outputs[0].y
    deep = y is not None and len(y.shape) > 2  # Keras raises, also for (n, t, 1)
    steps = y is not None and _ids_of_steps(setup.outputs[0], y)
    if len(setup.outputs) > 1:
        seen, way = f"{len(setup.outputs)} outputs", "Pass sample_weight={'name': weights}."
    elif setup.given["sample_weight"] is not None or setup.data.sample_weight is not None:
        seen, way = "sample_weight too", "Multiply them: sample_weight * class_weights[y]."
    elif deep or steps:
        assert y is not None
        seen = f"y of {y.shown}, with a class for each step or pixel"
        way = "Pass sample_weight=np.vectorize(class_weight.get)(y)."
    else:
        return
    yield Problem(f"class_weight goes with one output and one class a row, but got {seen}.", way)


def _ids_of_steps(output: Output, y: Summary) -> bool:
    """Say whether labels of shape (n, t) are class ids of steps, and not one-hot columns."""
    return len(y.shape) == 2 and y.shape[-1] != 1 and output.loss.name in ID_LOSSES


def class_weight_classes(setup: Setup) -> Iterator[Problem]:
    """Class weights that leave classes out, or name classes that are not there.

    Keras takes 1.0 for those without a word, which may be far from the others.
    """
    weights = setup.given["class_weight"]
    if not isinstance(weights, Mapping) or not all(map(_number, weights)):
        return
    output = setup.outputs[0]
    y = output.y
    if y is None or not y.numeric or not y.whole or output.loss.name in AMOUNTS:
        return
    if len(y.shape) > 2 or _ids_of_steps(output, y):
        return  # told by class_weight_place
    wide = len(y.shape) > 1 and (y.shape[-1] or 0) > 1
    classes = set(range(y.shape[-1] or 0)) if wide else set(y.counts)
    if not y.complete and not wide:
        classes = set(range(max(output.units or 0, 2)))
    without = sorted(classes - {int(k) for k in weights})
    beyond = sorted(int(k) for k in weights if output.units and int(k) >= max(2, output.units))
    if without or beyond:
        more = ", …" if len(without) > 8 else ""
        missing = f"none for class id {', '.join(map(str, without[:8]))}{more}" if without else (
            f"one for {beyond[0]}, beyond the last class"
        )  # fmt: skip
        yield Problem(
            f"class_weight must have a weight for each class, but got {missing}.",
            f"Give every class one: {_all_classes(output)}.",
        )


def class_weight_unused(setup: Setup) -> Iterator[Problem]:
    """Class weights on a regression, or on rows with several labels.

    Keras rounds numeric targets to class ids and weighs by those; of several labels it takes the
    first.
    """
    if setup.given["class_weight"] is None:
        return
    output = setup.outputs[0]
    y = output.y
    if y is None or not y.numeric:
        return
    amounts = output.loss.name in AMOUNTS and not (y.whole and len(y.counts) <= 2)
    several = len(y.shape) == 2 and y.zero_or_one and y.row_sums.size and y.row_sums.max() > 1.5
    amounts = amounts and not (len(y.shape) == 2 and y.zero_or_one)
    if amounts or several:
        seen = "numeric targets, which Keras rounds to ids" if amounts else (
            "several labels a row, of which Keras takes the first"
        )  # fmt: skip
        yield Problem(
            f"class_weight is for one class a row, but got {seen}.",
            "Leave class_weight out; sample_weight takes one number for each row.",
        )


def sample_weight_form(setup: Setup) -> Iterator[Problem]:
    """Row weights of the wrong length, shape or sign.

    One column for each class does not broadcast with the loss of a row; a negative weight
    climbs the loss of that row; weights that are all 0 train nothing.
    """
    given = setup.given["sample_weight"]
    if given is None or not setup.x:
        return
    parts = list(given.values()) if isinstance(given, Mapping) else (
        list(given) if isinstance(given, list | tuple) and len(setup.outputs) > 1 else [given]
    )  # fmt: skip
    for i, part in enumerate(parts):
        if part is None:
            continue
        if not hasattr(part, "shape"):
            yield Problem(f"sample_weight must be an array, but got {type(part).__name__}.",
                          "sample_weight=np.asarray(weights, dtype='float32').")  # fmt: skip
            continue
        facts = summarize(part, "sample_weight")
        trouble = _weights_trouble(setup, facts, min(i, len(setup.outputs) - 1))
        if trouble:
            yield Problem(*trouble)


def _weights_trouble(setup: Setup, facts: Any, index: int) -> tuple[str, str] | None:
    """Say what is wrong with the weights of one output."""
    rows = setup.x[0].shape[0] if setup.x[0].shape else None
    out = setup.outputs[index].shape
    if not facts.numeric:
        return f"sample_weight must hold numbers, but got {facts.dtype}.", "Convert it to float32."
    if rows is not None and facts.shape[0] != rows:
        return (
            f"sample_weight must have one number a row, but got {facts.shape[0]} for {rows} rows.",
            "Take the same rows of x, y and sample_weight.",
        )
    place = len(facts.shape) > 1 and facts.shape[1:] != (1,)
    losses = out[1:-1] if out is not None else ()
    fits = len(facts.shape) - 1 <= len(losses) and all(
        a in (b, 1) or b is None for a, b in zip(facts.shape[1:], losses, strict=False)
    )
    fits = fits or facts.shape[1:] == (*losses, 1)
    if place and out is not None and not fits:
        return (
            "sample_weight must have one number for each value of the loss, "
            f"(n{', ' if losses else ','}{', '.join(map(str, losses))}), but got {facts.shown}.",
            "One number a row: sample_weight=weights_of_classes[y].",
        )
    if facts.missing or facts.infinite:
        return (
            "sample_weight must be finite, but got NaN or infinity.",
            "Pass sample_weight=np.nan_to_num(sample_weight).",
        )
    if facts.low < 0:
        return (
            f"Row weights must be 0 or more, but got {facts.low:g}: training climbs the loss "
            "there.",
            "Pass sample_weight=np.abs(sample_weight), or drop these rows.",
        )
    if facts.high == 0:
        return "Some row must have a weight above 0, but got only 0.", "Leave sample_weight out."
    return None
