"""How is a row of the table filled in for these labels? Form, units, settings and metrics."""

from __future__ import annotations

from typing import Any

from kerastrain.errors import LossError
from kerastrain.labels.coding import Labels
from kerastrain.losses.choice import LossChoice
from kerastrain.losses.table import ADMITTED, LOSSES, SPARSE, WHY

__all__ = ["admitted_losses", "build_choice", "usual_loss"]

RARE = 0.95  # a class with this share of the rows makes the accuracy say little


def usual_loss(labels: Labels) -> str:
    """Name the loss that stands first in the table for these labels."""
    return ADMITTED[_row_of(labels)][0][0]


def admitted_losses(labels: Labels) -> tuple[str, ...]:
    """List every loss that suits these labels, the usual one first.

    Args:
        labels: What `inspect_labels` answered for one output.

    Examples:
        >>> from kerastrain.labels.inspection import inspect_labels
        >>> admitted_losses(inspect_labels([0.5, 1.5, 2.25]))
        ('mean_squared_error', 'mean_absolute_error', 'huber', 'log_cosh')
    """
    if labels.ignore is not None:
        return (SPARSE,)  # the one loss of Keras that leaves a class out
    losses = ADMITTED[_row_of(labels)][0]
    counts = labels.kind == "continuous" and labels.whole and labels.low >= 0
    return (*losses, "poisson") if counts else losses


def build_choice(labels: Labels, loss: str) -> LossChoice:
    """Say what this loss needs for these labels.

    Args:
        labels: What `inspect_labels` answered for one output.
        loss: A name in the table.

    Raises:
        LossError: the loss and the labels do not go together.
    """
    row = LOSSES[loss]
    form, activation = _form_and_activation(labels, loss)
    _must_go_together(labels, loss, form)
    options = _options(labels, loss)
    usual = loss == usual_loss(labels)
    classes = labels.classes or ()
    last = classes[-1] if classes else ""
    why = ADMITTED[_row_of(labels)][1].format(per=labels.per, k=len(classes), last=last)
    return LossChoice(
        loss=loss,
        options=options,
        activation=activation,
        units=len(classes) if form in ("ids", "one-hot") else labels.width,
        metrics=_metrics(labels, form, row.metrics),
        reason=why if usual else WHY.get(loss, why),
        note=" ".join(part for part in (labels.note, _absent(labels), _rare(labels, form)) if part),
        labels=labels,
        form=form,
        keras_class=row.keras_class,
        formula=row.formula,
    )


def _absent(labels: Labels) -> str:
    """Name the classes of which there are no labels, though columns or units are there for them."""
    named = zip(labels.classes or (), labels.counts or (), strict=False)
    absent = [repr(name) for name, count in named if not count]
    names = ", ".join(absent[:8]) + (", …" if len(absent) > 8 else "")
    return f"y holds no {names}, so nothing can be learned of it." if absent else ""


def _rare(labels: Labels, form: str) -> str:
    """Say what a constant answer reaches where one class is nearly all, and what else to watch."""
    counts = labels.counts or ()
    if sum(counts) < 100 or max(counts) < RARE * sum(counts):
        return ""
    common = (labels.classes or range(len(counts)))[counts.index(max(counts))]
    second = 'keras.metrics.AUC(curve="PR")'
    if form in ("ids", "one-hot"):
        second = f"keras.metrics.MeanIoU({len(counts)}, sparse_y_pred=False)"
        second = second if form == "ids" else 'keras.metrics.F1Score(average="macro")'
    return (
        f"Always answering {common!r} is right in {max(counts) / sum(counts):.1%} of the rows: "
        f'pass metrics=["accuracy", {second}].'
    ).replace("%", " %")


def _row_of(labels: Labels) -> str:
    return "shares" if labels.kind == "soft" and labels.shares else labels.kind


def _form_and_activation(labels: Labels, loss: str) -> tuple[str, str]:
    """Let a loss for numeric targets compare probabilities where the labels are classes."""
    row = LOSSES[loss]
    if row.form != "amounts" or (labels.traits.numeric or labels.kind == "ordered"):
        return row.form, row.activation
    if labels.kind in ("integer", "one-hot") or labels.shares:
        return "one-hot", "softmax"
    return "flags", "sigmoid"


def _metrics(labels: Labels, form: str, usual: tuple[str, ...]) -> tuple[str, ...]:
    if labels.ignore is not None:
        return ("mean_iou",)  # the one metric of Keras that leaves a class out
    if labels.kind == "multi-label":
        return ("binary_accuracy",)
    if labels.kind == "soft":
        return ("accuracy",) if labels.shares else ("mae",)
    return ("accuracy",) if form != "amounts" and usual == ("mae",) else usual


def _options(labels: Labels, loss: str) -> dict[str, Any]:
    if labels.ignore is not None:
        return {"ignore_class": labels.ignore}
    if loss == "huber" and labels.spread:
        return {"delta": float(f"{labels.spread:.2g}")}
    return {}


def _must_go_together(labels: Labels, loss: str, form: str) -> None:
    classes, two = labels.traits.one_class, labels.kind == "binary"
    fits = {
        "ids": classes,
        "one-hot": classes or labels.shares,
        "flags": two or labels.kind in ("multi-label", "soft", "one-hot"),
        "signs": two,
        "amounts": (labels.traits.numeric or labels.kind == "ordered"),
    }
    below = loss in ("poisson", "mean_squared_logarithmic_error") and (labels.low or 0) < 0
    ignores = labels.ignore is not None and loss != SPARSE
    if fits[form] and not below and not ignores:
        return
    seen = f"{labels.kind} labels"
    if below or ignores:
        seen += f" down to {labels.low}" if below else f" with {labels.ignore!r} to be left out"
    others = ", ".join(map(repr, admitted_losses(labels)))
    msg = f"The loss must suit the labels: {loss} does not go with {seen}. Take one of {others}."
    raise LossError(msg)
