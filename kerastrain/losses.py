"""Which loss, last layer and metrics go with these labels? Two tables, and how they are read.

`KINDS` says which losses each kind of labels admits, the usual one first, and why. `LOSSES` says
what each loss wants: the form of the labels, the last activation, the metrics. To add a loss is to
add a row.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from kerastrain.choices import LossChoice
from kerastrain.errors import LabelError, LossError
from kerastrain.heads import Head, read_head
from kerastrain.kinds import TASKS
from kerastrain.labels import Labels, inspect_labels

__all__ = ["LossChoice", "admitted_losses", "choice_for", "choose_loss"]


@dataclass(frozen=True)
class Loss:
    """A row of the table of losses.

    Attributes:
        keras_class: Its class in `keras.losses`.
        form: The form of the labels that it wants.
        activation: The last activation that makes its predictions.
        metrics: What is worth seeing beside it.
        logits: Whether it takes `from_logits`.
        formula: The loss of one row, with y the label and p the prediction.
    """

    keras_class: str
    form: str
    activation: str
    metrics: tuple[str, ...]
    formula: str
    logits: bool = False


# fmt: off
LOSSES = {
    #                                             class in keras.losses            labels     activation     metrics          loss of one row
    "binary_crossentropy":             Loss("BinaryCrossentropy",            "flags",   "sigmoid",     ("accuracy",), "-(y log p + (1 - y) log(1 - p))", True),
    "binary_focal_crossentropy":       Loss("BinaryFocalCrossentropy",       "flags",   "sigmoid",     ("accuracy",), "-(y (1 - p)² log p + (1 - y) p² log(1 - p))", True),
    "sparse_categorical_crossentropy": Loss("SparseCategoricalCrossentropy", "ids",     "softmax",     ("accuracy",), "-log p[y]", True),
    "categorical_crossentropy":        Loss("CategoricalCrossentropy",       "one-hot", "softmax",     ("accuracy",), "-sum(y log p)", True),
    "categorical_focal_crossentropy":  Loss("CategoricalFocalCrossentropy",  "one-hot", "softmax",     ("accuracy",), "-0.25 sum(y (1 - p)² log p)", True),
    "kl_divergence":                   Loss("KLDivergence",                  "one-hot", "softmax",     ("accuracy",), "sum(y log(y / p))"),
    "categorical_hinge":               Loss("CategoricalHinge",              "one-hot", "linear",      ("accuracy",), "max(0, 1 + largest wrong p - p[y])"),
    "hinge":                           Loss("Hinge",                         "signs",   "linear",      (),            "max(0, 1 - y p)"),
    "squared_hinge":                   Loss("SquaredHinge",                  "signs",   "linear",      (),            "max(0, 1 - y p)²"),
    "dice":                            Loss("Dice",                          "flags",   "sigmoid",     ("accuracy",), "1 - 2 sum(y p) / (sum(y) + sum(p))"),
    "mean_squared_error":              Loss("MeanSquaredError",              "amounts", "linear",      ("mae",),      "(y - p)²"),
    "mean_absolute_error":             Loss("MeanAbsoluteError",             "amounts", "linear",      ("mae",),      "|y - p|"),
    "huber":                           Loss("Huber",                         "amounts", "linear",      ("mae",),      "(y - p)² / 2 up to delta, then delta (|y - p| - delta / 2)"),
    "log_cosh":                        Loss("LogCosh",                       "amounts", "linear",      ("mae",),      "log cosh(y - p)"),
    "mean_squared_logarithmic_error":  Loss("MeanSquaredLogarithmicError",   "amounts", "softplus",    ("mae",),      "(log(1 + y) - log(1 + p))²"),
    "mean_absolute_percentage_error":  Loss("MeanAbsolutePercentageError",   "amounts", "linear",      ("mae",),      "100 |y - p| / |y|"),
    "poisson":                         Loss("Poisson",                       "amounts", "exponential", ("mae",),      "p - y log p"),
}
ALIASES = {
    "mse": "mean_squared_error", "mae": "mean_absolute_error", "msle": "mean_squared_logarithmic_error",
    "mape": "mean_absolute_percentage_error", "bce": "binary_crossentropy", "logcosh": "log_cosh",
    "kld": "kl_divergence", "kullback_leibler_divergence": "kl_divergence",
}
BINARY, SPARSE, CATEGORICAL = "binary_crossentropy", "sparse_categorical_crossentropy", "categorical_crossentropy"
MSE, MAE = "mean_squared_error", "mean_absolute_error"

KINDS = {
    # kind         admitted losses, the usual one first                                     why
    "binary":      ((BINARY, "binary_focal_crossentropy", SPARSE, CATEGORICAL, MSE),        "Each {per} is one of two classes: one unit gives the probability of {last!r}."),
    "integer":     ((SPARSE, CATEGORICAL, "categorical_focal_crossentropy", MSE),           "Each {per} is one of {k} classes, written as one value: a probability for each class, and the id of the right one."),
    "ordered":     ((SPARSE, CATEGORICAL, MAE, MSE),                                        "Each {per} is one of {k} ordered classes. Cross-entropy does not use the order; mean_absolute_error on the ids does."),
    "one-hot":     ((CATEGORICAL, SPARSE, "categorical_focal_crossentropy", MSE),           "Each {per} is one of {k} classes, written as flags of which one is set."),
    "multi-label": ((BINARY, "binary_focal_crossentropy", MSE),                             "Each {per} may have several of {k} classes: one yes or no for each class."),
    "shares":      ((CATEGORICAL, "kl_divergence", MSE),                                    "Each {per} holds {k} shares that sum to 1."),
    "soft":        ((BINARY, MSE, MAE, "huber"),                                            "Each value is a probability between 0 and 1."),
    "continuous":  ((MSE, MAE, "huber", "log_cosh"),                                        "Each {per} has an amount; large errors count most, and the prediction aims at the mean."),
    "counts":      (("poisson", MSE, MAE, "huber"),                                         "Each {per} counts events: never negative, and the spread grows with the mean."),
}
# fmt: on
CLASSES = ("binary", "integer", "ordered", "one-hot")

Answer = LossChoice | dict[Any, LossChoice] | list[LossChoice]
T = TypeVar("T")


def choose_loss(
    y: Any, *, model: Any = None, task: str | None = None, robust: bool = False
) -> Answer:
    """Choose the loss, the last layer and the metrics for these labels.

    Args:
        y: Labels in any container; see `inspect_labels`.
        model: A Keras model whose last layer decides where the labels can be read in two ways,
            and whether the loss gets logits. Left out, the choice says which last layer to build.
        task: What the labels are, where that can be read in two ways; see `inspect_labels`.
        robust: Let single far-off amounts pull less: Huber's loss in place of squared errors.

    Returns:
        The choice; for several outputs a dict or a list of choices, as the labels came.

    Raises:
        LabelError: the labels cannot be learnt from, or do not suit `task`.

    Examples:
        >>> print(choose_loss([0, 1, 2, 1, 0, 2]))
        loss        "sparse_categorical_crossentropy"
        last layer  keras.layers.Dense(3, activation="softmax")
        metrics     accuracy
        formula     -log p[y]
        why         Each row is one of 3 classes, written as one value: a probability for each class, and the id of the right one.
        >>> choose_loss([1.5, 2.25, 8.0], robust=True).loss
        'huber'

    References:
        Keras, Losses, https://keras.io/api/losses/.
        Peter J. Huber, Robust estimation of a location parameter, The Annals of Mathematical
        Statistics 35(1), 1964.
    """
    labels = inspect_labels(y, task=task)
    if model is None:
        return _for_each(labels, lambda one: _usual(one, robust))
    heads = read_head(model)
    if isinstance(labels, dict) and isinstance(heads, Head) and not isinstance(y, Mapping):
        labels = _as_one_output(y, labels, heads)
    pairs = _pair(labels, heads, y, task)
    return _for_each(pairs, lambda pair: _with_head(*pair, robust))


def admitted_losses(labels: Labels) -> tuple[str, ...]:
    """List every loss that suits these labels, the usual one first.

    Args:
        labels: What `inspect_labels` answered for one output.

    Examples:
        >>> admitted_losses(inspect_labels([0.5, 1.5, 2.25]))
        ('mean_squared_error', 'mean_absolute_error', 'huber', 'log_cosh')
    """
    losses = KINDS[_row(labels)][0]
    if labels.ignore is not None:
        return (SPARSE,)  # the one loss of Keras that leaves a class out
    if labels.kind == "continuous" and labels.whole and labels.low is not None and labels.low >= 0:
        return (*losses, "poisson")
    return losses


def choice_for(labels: Labels, loss: str, *, model: Any = None) -> LossChoice:
    """Put these labels under another loss: the last layer and their form follow from it.

    Args:
        labels: What `inspect_labels` answered for one output.
        loss: Keras' name of the loss.
        model: A Keras model that ends in one output; its head tells whether the loss gets logits.

    Returns:
        The choice with this loss.

    Raises:
        LossError: no loss has this name, or it does not suit these labels.

    Examples:
        >>> choice = choice_for(inspect_labels([0, 1, 1, 0]), "categorical_crossentropy")
        >>> choice.units, choice.activation, choice.encode([1]).tolist()
        (2, 'softmax', [[0.0, 1.0]])
    """
    name = ALIASES.get(loss, loss)
    if name not in LOSSES:
        near = difflib.get_close_matches(name, [*LOSSES, *ALIASES], n=1, cutoff=0.5)
        hint = (
            f"Did you mean {near[0]!r}?"
            if near
            else f"These labels admit {', '.join(admitted_losses(labels))}."
        )
        msg = f"No loss {loss!r} in the table of losses. {hint}"
        raise LossError(msg)
    choice = _build(labels, name)
    head = read_head(model) if model is not None else None
    return _use_head(choice, head) if isinstance(head, Head) else choice


# ------------------------------------------------------------------ one output, without a model
def _usual(labels: Labels, robust: bool) -> LossChoice:  # noqa: FBT001
    name = KINDS[_row(labels)][0][0]
    if robust and labels.kind in ("continuous", "counts"):
        name = "huber"
    choice = _build(labels, name)
    far = labels.outliers
    if labels.kind == "continuous" and name == MSE and far >= 0.01:
        tail = f"{far:.0%} of the labels lie far out; so that they do not decide the fit, pass robust=True, or learn the logarithm."
        return replace(choice, note=f"{choice.note} {tail}".strip())
    return choice


def _row(labels: Labels) -> str:
    return "shares" if labels.kind == "soft" and labels.shares else labels.kind


def _build(labels: Labels, name: str) -> LossChoice:
    """Fill in what a loss needs for these labels."""
    row = LOSSES[name]
    form, activation, metrics = row.form, row.activation, row.metrics
    if form == "amounts" and labels.kind in CLASSES and labels.kind != "ordered":
        form, activation = (
            ("flags", "sigmoid") if labels.kind == "binary" else ("one-hot", "softmax")
        )
        metrics = ("accuracy",)
    elif form == "amounts" and labels.kind in ("multi-label", "soft"):
        form, activation = ("one-hot", "softmax") if labels.shares else ("flags", "sigmoid")
    _must_go_together(labels, name, form)
    if labels.kind == "multi-label":
        metrics = ("binary_accuracy",)
    if labels.kind == "soft":
        metrics = ("accuracy",) if labels.shares else ("mae",)
    options = _options(labels, name)
    if "ignore_class" in options:
        metrics = ("mean_iou",)
    units = labels.num_classes or 1 if form in ("ids", "one-hot") else labels.width
    classes = labels.classes or ()
    reason = KINDS[_row(labels)][1].format(
        per=labels.per, k=len(classes), last=classes[-1] if classes else ""
    )
    if name != KINDS[_row(labels)][0][0]:
        reason = WHY_OTHER.get(name, "").format(**options) or reason
    return LossChoice(
        loss=name,
        options=options,
        activation=activation,
        units=units,
        metrics=metrics,
        reason=reason,
        note=labels.note,
        labels=labels,
        form=form,
        keras_class=row.keras_class,
        formula=row.formula,
    )


WHY_OTHER = {
    "huber": "Amounts with errors up to delta squared and larger ones only as they are, so that far-off labels pull less. delta is in the unit of the labels: their interquartile range.",
    MAE: "Amounts; each error counts as it is, and the prediction aims at the median.",
    "poisson": "Counts of events: never negative, and the spread grows with the mean.",
}


def _options(labels: Labels, name: str) -> dict[str, Any]:
    if labels.ignore is not None and name == SPARSE:
        return {"ignore_class": labels.ignore}
    if name == "huber" and labels.spread:
        return {"delta": float(f"{labels.spread:.2g}")}
    return {}


def _must_go_together(labels: Labels, name: str, form: str) -> None:
    classes = labels.kind in CLASSES
    two = labels.num_classes == 2 and labels.kind == "binary"
    fits = {
        "ids": classes,
        "one-hot": classes or labels.shares,
        "flags": two or labels.kind in ("multi-label", "soft"),
        "signs": two,
        "amounts": labels.kind in ("continuous", "counts", "ordered"),
    }[form]
    negative = name in ("poisson", "mean_squared_logarithmic_error") and (labels.low or 0) < 0
    if labels.ignore is not None and name != SPARSE:
        fits = False
    if not fits or negative:
        what = f"{labels.kind} labels" + (
            f" down to {labels.low}"
            if negative
            else f" with the mark {labels.ignore!r}"
            if labels.ignore is not None
            else ""
        )
        msg = f"The loss must suit the labels: {name} does not go with {what}. Take one of {', '.join(map(repr, admitted_losses(labels)))}."
        raise LossError(msg)


# ------------------------------------------------------------------ the model's last layer decides
def _with_head(
    labels: Labels, head: Head | None, y: Any, task: str | None, robust: bool
) -> LossChoice:  # noqa: FBT001
    if head is None:
        return _usual(labels, robust)
    if task is None and labels.other_tasks and head.activation != "unknown":
        labels = _as_the_head_says(labels, head, y)
    labels = _with_unseen_classes(labels, head)
    choice = _usual(labels, robust)
    if labels.kind == "binary" and head.units == 2:
        choice = _build(labels, SPARSE)
    return _use_head(choice, head)


def _as_the_head_says(labels: Labels, head: Head, y: Any) -> Labels:
    """Take the first reading that the last layer could have been built for."""
    if _suits(labels, head):
        return replace(labels, note="")
    for task in labels.other_tasks:
        other = inspect_labels(y, task=task)
        if isinstance(other, Labels) and _suits(other, head):
            last = f"{head.units} unit{'s' if head.units != 1 else ''}, {head.activation}"
            note = f"The last layer ({last}) decides: read as {TASKS[task]}."
            return replace(other, note=note)
    return labels


def _suits(labels: Labels, head: Head) -> bool:
    """Tell whether a last layer could have been built for these labels."""
    if head.activation == "unknown" and head.units is None:
        return True
    linear = head.activation in ("linear", "unknown")
    if labels.kind in CLASSES and labels.kind != "binary":
        enough = head.units is None or head.units >= (labels.num_classes or 0)
        return enough and (linear or head.activation == "softmax")
    if labels.kind == "binary":
        return head.units in (None, 1, 2)
    same = head.units is None or head.units == labels.width
    if labels.kind == "continuous":
        return same and head.activation not in ("softmax", "sigmoid", "exponential", "softplus")
    if labels.kind == "counts":
        return same and head.activation in ("exponential", "softplus", "relu")
    return same and head.activation in ("sigmoid", "softmax", "linear")


def _with_unseen_classes(labels: Labels, head: Head) -> Labels:
    """Keep ids as they are when the model has units for ids that do not occur.

    Ten units and the ids 0 to 8 mean that class 9 is missing here, not that there are nine.
    """
    units, classes = head.units, labels.classes or ()
    if (
        labels.kind not in ("integer", "binary", "ordered")
        or units is None
        or units <= max(len(classes), 2)
    ):
        return labels
    if not all(isinstance(c, int) and not isinstance(c, bool) and 0 <= c < units for c in classes):
        return labels
    seen = dict(zip(classes, labels.counts or (), strict=False))
    kind = "integer" if labels.kind == "binary" else labels.kind
    return replace(
        labels,
        kind=kind,
        classes=tuple(range(units)),
        counts=tuple(seen.get(i, 0) for i in range(units)),
    )


def _use_head(choice: LossChoice, head: Head) -> LossChoice:
    """Take activation and units from the model, and logits from a linear head."""
    if head.activation == "unknown":
        return choice
    options = dict(choice.options)
    metrics = choice.metrics
    if head.activation == "linear" and LOSSES[choice.loss].logits:
        options["from_logits"] = True
        if choice.labels.kind == "soft" and not choice.labels.shares:
            metrics = ()  # no metric of Keras compares shares with logits
    activation = head.activation if _is_last_activation(choice, head) else choice.activation
    return replace(choice, options=options, metrics=metrics, activation=activation)


def _is_last_activation(choice: LossChoice, head: Head) -> bool:
    """Tell whether the model's activation is as right as that of the table."""
    positive = choice.loss == "poisson" and head.activation in ("softplus", "relu")
    return positive or (head.activation == "linear" and LOSSES[choice.loss].logits)


# ------------------------------------------------------------------ several outputs
def _for_each(items: Any, function: Any) -> Any:
    if isinstance(items, dict):
        return {name: function(item) for name, item in items.items()}
    return [function(item) for item in items] if isinstance(items, list) else function(items)


def _pair(labels: Any, heads: Any, y: Any, task: str | None) -> Any:
    """Put each output's labels beside the head that predicts them."""
    if isinstance(labels, Labels):
        if not isinstance(heads, Head):
            msg = f"There must be labels for each of the model's {len(heads)} outputs; y holds those of one. Pass a dict or a list with {len(heads)} of them."
            raise LabelError(msg)
        return (labels, heads, y, task)
    named = {head.name: head for head in heads} if isinstance(heads, list) else heads
    if isinstance(labels, list):
        in_order = (
            list(heads.values())
            if isinstance(heads, dict)
            else heads
            if isinstance(heads, list)
            else [heads]
        )
        _same_number(len(labels), in_order)
        return [
            (one, head, part, task) for one, head, part in zip(labels, in_order, y, strict=True)
        ]
    if isinstance(named, Head):
        named = {next(iter(labels)): named}
    _same_number(len(labels), named)
    columns = y if isinstance(y, Mapping | pd.DataFrame) else dict.fromkeys(labels)
    in_order = dict(zip(labels, named.values(), strict=True))
    return {
        name: (one, named.get(name, in_order[name]), columns[name], task)
        for name, one in labels.items()
    }


def _same_number(count: int, heads: Any) -> None:
    if count != len(heads):
        msg = f"There must be labels for each output; the model has {len(heads)} outputs, y holds {count}."
        raise LabelError(msg)


def _as_one_output(y: Any, labels: dict[Any, Labels], head: Head) -> Any:
    """Read a table as one output when the model has only one."""
    if head.shape is not None and len(head.shape) == 3:  # a class for each step
        steps = inspect_labels(np.asarray(y)[..., np.newaxis], task="classification")
        return replace(steps, shape=steps.shape[:-1]) if isinstance(steps, Labels) else labels
    if head.units == len(labels) and head.activation not in ("softmax", "sigmoid"):
        return inspect_labels(y, task="regression")
    return labels
