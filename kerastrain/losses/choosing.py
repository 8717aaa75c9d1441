"""Which loss, last layer and metrics go with these labels?"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from kerastrain.arrays.sources import is_data_set
from kerastrain.errors import LabelError, LossError
from kerastrain.labels.coding import Labels
from kerastrain.labels.inspection import inspect_labels, split_outputs
from kerastrain.losses.choice import LossChoice
from kerastrain.losses.filling import admitted_losses, build_choice, usual_loss
from kerastrain.losses.head_decides import (
    as_one_output,
    read_as_head_says,
    use_head,
    with_unseen_classes,
)
from kerastrain.losses.outputs import Choices
from kerastrain.losses.table import ALIASES, LOSSES, MSE, SPARSE
from kerastrain.models.heads import Head, read_head

__all__ = ["LOSSES", "LossChoice", "admitted_losses", "choice_for", "choose_loss"]

MANY_OUTLIERS = 0.01  # in normally distributed numbers the share is 0.000002


def choose_loss(
    y: Any, *, model: Any = None, task: str | None = None, robust: bool = False
) -> Choices:
    """Choose the loss, the last layer and the metrics for these labels.

    Args:
        y: Labels in any container; see `inspect_labels`.
        model: A Keras model. Its last layer decides where the labels can be read in two ways, and
            whether the loss gets logits. Left out, the choice says which last layer to build.
        task: What the labels are, where that can be read in two ways; see `inspect_labels`.
        robust: Whether outliers are to count less: Huber's loss for squared errors.
            Its delta is the interquartile range of the labels, 1.35 standard deviations if they
            are normally distributed; Huber's own constant for errors is 1.345.

    Returns:
        The choice; for several outputs a dict or a list of choices, as the labels came.

    Raises:
        LabelError: the labels cannot be learnt from, or do not suit `task`, or there are not as
            many as the model has outputs.

    Examples:
        >>> print(choose_loss([0, 1, 2, 1, 0, 2]))
        loss        "sparse_categorical_crossentropy"
        last layer  keras.layers.Dense(3, activation="softmax")
        metrics     accuracy
        formula     -log p[y]
        why         Each row is one of 3 classes, written as one value.
        >>> choose_loss([1.5, 2.25, 8.0, 3.5], robust=True).options
        {'delta': 2.6}

    References:
        Keras, Losses, https://keras.io/api/losses/.
        Peter J. Huber, Robust estimation of a location parameter, The Annals of Mathematical
        Statistics 35(1), 1964.
    """
    labels = inspect_labels(y, task=task)
    if model is None:
        return _of_each(labels, lambda one: _usual(one, robust=robust))
    heads = read_head(model)
    if isinstance(labels, dict) and isinstance(heads, Head) and not isinstance(y, Mapping):
        labels = as_one_output(y, labels, heads)
    parts = y if isinstance(labels, Labels) else label_parts(y, labels)
    pairs = _beside(labels, heads, parts)
    return _of_each(pairs, lambda pair: _under_head(*pair, task=task, robust=robust))


def choice_for(
    labels: Labels, loss: str, *, model: Any = None, head: Head | None = None
) -> LossChoice:
    """Put these labels under another loss: the last layer and their form follow from it.

    Args:
        labels: What `inspect_labels` answered for one output.
        loss: Keras' name of the loss.
        model: A Keras model with one output; its last layer tells whether the loss gets logits.
            Left out, the last layer is that of the table.
        head: That last layer, where it has been read already.

    Returns:
        The choice with this loss.

    Raises:
        LossError: no loss has this name, or it does not suit these labels.

    Examples:
        >>> choice = choice_for(inspect_labels([0, 1, 1, 0]), "categorical_crossentropy")
        >>> choice.units, choice.activation, choice.encode([1]).tolist()
        (2, 'softmax', [[0.0, 1.0]])
        >>> choice_for(inspect_labels([0, 1, 1, 0]), "poison")
        Traceback (most recent call last):
        ...
        kerastrain.errors.LossError: No loss 'poison'. Did you mean 'poisson'?
    """
    name = ALIASES.get(loss, loss)
    if name not in LOSSES:
        raise no_such_loss(loss, admitted_losses(labels))
    found = read_head(model) if model is not None else head
    if not isinstance(found, Head):
        return build_choice(labels, name)
    head = found
    return use_head(build_choice(with_unseen_classes(labels, head), name), head)


def no_such_loss(name: str, admitted: tuple[str, ...]) -> LossError:
    """Say that no loss has this name, and which one was perhaps meant."""
    near = [
        *difflib.get_close_matches(name, admitted, n=1, cutoff=0.5),
        *difflib.get_close_matches(name, [*LOSSES, *ALIASES], n=1, cutoff=0.5),
    ]
    others = ", ".join(map(repr, admitted))
    hint = f"Did you mean {near[0]!r}?" if near else f"Take one of {others}."
    return LossError(f"No loss {name!r}. {hint}")


# ------------------------------------------------------------------ one output
def _usual(labels: Labels, *, robust: bool) -> LossChoice:
    amounts = labels.traits.numeric
    choice = build_choice(labels, "huber" if robust and amounts else usual_loss(labels))
    if choice.loss == MSE and labels.outliers >= MANY_OUTLIERS:
        tail = (
            f"{labels.outliers:.0%} of the labels lie far out and would decide the fit: pass "
            "robust=True, or learn their logarithm."
        )
        return replace(choice, note=f"{choice.note} {tail}".strip())
    return choice


def _under_head(
    labels: Labels, head: Head | None, y: Any, *, task: str | None, robust: bool
) -> LossChoice:
    if head is None:
        return _usual(labels, robust=robust)
    if task is None:
        labels = read_as_head_says(labels, head, y)
    labels = with_unseen_classes(labels, head)
    if labels.kind == "binary" and head.units == 2:
        return use_head(build_choice(labels, SPARSE), head)
    return use_head(_usual(labels, robust=robust), head)


# ------------------------------------------------------------------ several outputs
def _of_each(items: Any, choose: Callable[[Any], LossChoice]) -> Choices:
    if isinstance(items, dict):
        return {name: choose(item) for name, item in items.items()}
    return [choose(item) for item in items] if isinstance(items, list) else choose(items)


def label_parts(y: Any, labels: Any) -> Any:
    """Give the labels of each output, None where they cannot be taken out of a data set."""
    if isinstance(labels, list):
        return list(y) if isinstance(y, list | tuple) else [None] * len(labels)
    if isinstance(y, Mapping | pd.DataFrame):
        return y
    return dict.fromkeys(labels) if is_data_set(y) else split_outputs(y, labels)


def _beside(labels: Any, heads: Any, parts: Any) -> Any:
    """Put each output's labels beside the head that predicts them, by name or else in order."""
    count = 1 if isinstance(heads, Head) else len(heads)
    given = 1 if isinstance(labels, Labels) else len(labels)
    if count != given:
        msg = (
            f"There must be labels for each output; the model has {count}, y holds {given}. "
            "Pass a dict {name: labels} or a list with one entry for each output."
        )
        raise LabelError(msg)
    ordered = in_order(heads)
    if isinstance(labels, Labels):
        return (labels, ordered[0], parts)
    if isinstance(labels, list):
        return list(zip(labels, ordered, parts, strict=True))
    named = dict(heads) if isinstance(heads, dict) else {head.name: head for head in ordered}
    if set(named) != set(labels):
        named = dict(zip(labels, ordered, strict=True))
    return {name: (one, named[name], parts[name]) for name, one in labels.items()}


def in_order(heads: Head | dict[str, Head] | list[Head]) -> list[Head]:
    """Give the last layer of each output in the order of the model."""
    if isinstance(heads, Head):
        return [heads]
    return list(heads.values()) if isinstance(heads, dict) else heads
