"""Which class does an output answer with, and how likely is each?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.errors import DataError
from kerastrain.losses.choice import LossChoice

__all__ = ["answered_ids", "balanced_weights", "label_ids", "probabilities"]


def label_ids(choice: LossChoice, y: Any) -> NDArray[np.intp]:
    """Give the class ids of labels in the form of the loss (`choice.encode(y)`), flat."""
    numbers = np.asarray(y)
    if choice.form == "one-hot":
        numbers = numbers.argmax(axis=-1)
    elif choice.form in ("flags", "signs"):
        numbers = numbers > 0
    return numbers.reshape(-1).astype(np.intp)


def answered_ids(choice: LossChoice, y_pred: Any) -> NDArray[np.intp]:
    """Give the class ids that an output answers with, flat."""
    return choice.answers(np.asarray(y_pred)).reshape(-1)


def probabilities(choice: LossChoice, y_pred: Any) -> NDArray[np.float64]:
    """Give the probability of each class, shape `(n, ..., classes)`.

    Raises:
        DataError: the loss leads to no probabilities.
    """
    answers = np.asarray(y_pred, np.float64)
    if choice.labels.classes is None or choice.activation not in ("softmax", "sigmoid"):
        message = (
            f"Probabilities need classes and a loss that leads to them, but the loss is "
            f"{choice.loss} on {choice.labels.kind} labels. Use run.predict(x)."
        )
        raise DataError(message)
    answers = choice.as_probabilities(answers)
    if choice.form == "flags" and choice.labels.kind == "binary":
        answers = np.concatenate([1 - answers, answers], axis=-1)
    return answers


def balanced_weights(choice: Any, y: Any) -> dict[int, float]:
    """Weigh classes so that each counts as much as another: rows / (classes · rows of the class).

    Args:
        choice: The loss of one output whose rows have one class each.
        y: The training labels in the form of the loss.

    Returns:
        The weight of each class id that occurs.

    Raises:
        DataError: the rows have no single class, as with numeric targets.
    """
    kinds = ("binary", "integer", "ordered", "one-hot")
    single = isinstance(choice, LossChoice) and choice.labels.kind in kinds
    if y is None or not single or choice.labels.per != "row" or choice.form == "amounts":
        message = (
            'class_weight="balanced" needs arrays with one class for each row, but y has none. '
            "Pass the weight of each class yourself: class_weight={0: 1.0, 1: 10.0}."
        )
        raise DataError(message)
    ids, counts = np.unique(label_ids(choice, y), return_counts=True)
    weights = counts.sum() / (len(counts) * counts)
    return {int(i): float(weight) for i, weight in zip(ids, weights, strict=True)}
