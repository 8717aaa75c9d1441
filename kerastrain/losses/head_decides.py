"""What does the last layer say about the labels? Which reading, which units, logits or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from kerastrain.errors import LabelError
from kerastrain.labels.coding import Labels
from kerastrain.labels.inspection import inspect_labels
from kerastrain.labels.kinds import TASKS
from kerastrain.losses.choice import LossChoice
from kerastrain.losses.table import LOSSES
from kerastrain.models.heads import Head

__all__ = ["as_one_output", "read_as_head_says", "use_head", "with_unseen_classes"]


def read_as_head_says(labels: Labels, head: Head, y: Any) -> Labels:
    """Take the first reading of the labels that the last layer could have been built for.

    Args:
        labels: The likeliest reading.
        head: The last layer.
        y: The labels themselves, None where they cannot be taken out of a data set.
    """
    if head.activation == "unknown" or not labels.other_tasks or y is None:
        return labels
    if _suits(labels, head):
        return replace(labels, note="")
    for task in labels.other_tasks:
        try:
            other = inspect_labels(y, task=task)
        except LabelError:  # the values rule this reading out after all
            continue
        if isinstance(other, Labels) and _suits(other, head):
            units = f"{head.units} unit{'s' if head.units != 1 else ''}"
            note = (
                f"The last layer ({units}, {head.activation}) decides: read as {TASKS[task].words}."
            )
            return replace(other, note=note)
    return labels


def _suits(labels: Labels, head: Head) -> bool:
    """Tell whether a last layer could have been built for these labels."""
    units, activation = head.units, head.activation
    same = units is None or units == labels.width
    if labels.kind == "binary":
        return units in (None, 1, 2)
    if labels.traits.one_class:
        enough = units is None or units >= len(labels.classes or ())
        return enough and activation in ("softmax", "linear")
    if labels.kind == "continuous":
        return same and activation not in ("softmax", "sigmoid", "exponential", "softplus")
    if labels.kind == "counts":
        return same and activation in ("exponential", "softplus", "relu")
    return same and activation in ("sigmoid", "softmax", "linear")


def use_head(choice: LossChoice, head: Head) -> LossChoice:
    """Give the loss logits when the last layer is linear; say so when that cannot be read.

    A loss without `from_logits` and a last layer of another kind stay as the table has them.
    """
    row = LOSSES[choice.loss]
    if head.activation == "linear" and row.logits:
        options = {**choice.options, "from_logits": True}
        # No metric of Keras compares shares with logits.
        metrics = () if choice.metrics == ("mae",) else choice.metrics
        note = choice.note.replace('curve="PR"', 'curve="PR", from_logits=True')
        return replace(choice, options=options, metrics=metrics, activation="linear", note=note)
    if head.activation == "unknown" and row.logits:
        logits = replace(choice, options={**choice.options, "from_logits": True}).code
        unread = (
            f"How the model ends cannot be read: the loss takes the output of {row.activation}; "
            f"if it ends without, pass loss={logits}."
        )
        return replace(choice, note=f"{choice.note} {unread}".strip())
    if choice.loss == "poisson" and head.activation in ("softplus", "relu"):
        return replace(choice, activation=head.activation)
    return choice


def with_unseen_classes(labels: Labels, head: Head) -> Labels:
    """Keep ids as they are when the model has units for ids that do not occur.

    Ten units and the ids 0 to 8 mean that class 9 is missing here, not that there are nine.
    """
    units, classes = head.units, labels.classes or ()
    ids = labels.traits.form == "value" and head.activation != "unknown"
    if not ids or units is None or units <= max(len(classes), 2):
        return labels
    if not all(type(c) is int and 0 <= c < units for c in classes):
        return labels
    seen = dict(zip(classes, labels.counts or (), strict=False))
    counts = tuple(seen.get(i, 0) for i in range(units))
    kind = "integer" if labels.kind == "binary" else labels.kind
    return replace(labels, kind=kind, classes=tuple(range(units)), counts=counts)


def as_one_output(y: Any, labels: dict[Any, Labels], head: Head) -> Labels | dict[Any, Labels]:
    """Read a table of several outputs as one output, when the model has only one."""
    found: Any = labels
    if head.shape is not None and len(head.shape) == 3:  # a class for each step
        found = inspect_labels(np.asarray(y)[..., np.newaxis], task="classification")
        return replace(found, shape=found.shape[:-1]) if isinstance(found, Labels) else labels
    if head.units == len(labels) and head.activation not in ("softmax", "sigmoid"):
        found = inspect_labels(y, task="regression")
    return found if isinstance(found, Labels) else labels
