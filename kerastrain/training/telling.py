"""What is there to say after a training?  The baseline, and what the history shows."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerastrain.arrays.rows import count_rows
from kerastrain.arrays.samples import sample_batches
from kerastrain.arrays.sources import is_data_set
from kerastrain.checks.findings import Finding, Findings
from kerastrain.checks.trained import Trained, look_at_model
from kerastrain.checks.verdict import Outcome, diagnose
from kerastrain.losses.baseline import cost_range
from kerastrain.losses.outputs import Choices, each
from kerastrain.losses.preparation import Rows
from kerastrain.models.private_names import loss_weights_of

if TYPE_CHECKING:
    import keras

__all__ = ["overlapping_windows", "tell"]

WINDOWS = 50  # rows that are compared, one after the other
_log = logging.getLogger(__name__)


def tell(
    model: keras.Model,
    history: pd.DataFrame,
    choice: Choices | None,
    rows: Rows,
    validation: Rows | None,
    *,
    epochs: int | None = None,
    batch_size: int = 32,
    patience: int | None = None,
    kept_best: bool = False,
    weighted: bool = False,
    silence: Sequence[str] = (),
) -> tuple[float | None, Findings]:
    """Work out the baseline, look at the trained model, and ask the rules of the verdict.

    Args:
        model: The trained model.
        history: The tidy table of its training.
        choice: The loss.
        rows: What was trained on, with encoded labels, or a data set.
        validation: What was validated on, likewise; None without validation.
        epochs: How many epochs were asked for.
        batch_size: Rows in one step.
        patience: As in `train`.
        kept_best: Whether the model holds the weights of its best epoch.
        weighted: Whether classes had weights: the loss of a constant answer is not the measure
            then, and a lower accuracy may be what was asked for.
        silence: Names of rules that are not to speak.

    Returns:
        The cost of the best constant answer, None where it is not known; and the findings.
    """
    judged = rows if validation is None else validation
    trained, costs = Trained(), None
    try:  # a finished training is worth more than what can be said about it
        y, y_judged = _labels(rows, choice), _labels(judged, choice)
        if _is_mean(model.loss) and not weighted:
            weights = loss_weights_of(model)
            costs = cost_range(choice, y, y_judged, weight=judged.weight, loss_weights=weights)
        x = None if is_data_set(judged.x) else judged.x
        trained = look_at_model(model, x, judged.y, choice)
    except Exception:  # whatever a user's own layers, losses or data sets raise
        _log.debug("the trained model could not be looked at", exc_info=True)
    done = int((history["split"] == "train").sum())
    steps = None if is_data_set(rows.x) else done * -(-count_rows(rows.x) // batch_size)
    outcome = Outcome(history, costs, epochs, patience, kept_best, steps, trained)
    quiet = (*silence, "accuracy-of-one-class") if weighted else silence  # it is not the aim then
    return None if costs is None else costs[1], diagnose(outcome, silence=quiet)


def _labels(rows: Rows, choice: Choices | None) -> Any:
    """Find the labels, of a data set by a sample of its batches."""
    if not is_data_set(rows.x) or choice is None:
        return rows.y
    labels = sample_batches(rows.x)
    return None if labels is None else each(lambda one, y: one.encode(y), choice, labels)


def _is_mean(loss: Any) -> bool:
    """Tell whether a loss is a mean over the rows, as that of the baseline is."""
    import keras

    parts = [part for part in keras.tree.flatten(loss) if hasattr(part, "reduction")]
    return all("mean" in str(p.reduction) or "sum_over" in str(p.reduction) for p in parts)


def overlapping_windows(x: Any, share: float, silence: Sequence[str] = ()) -> list[Finding]:
    """Find rows that are windows over one series, of which a random share is to be validated on.

    Neighbours then hold nearly the same numbers: the model has seen the days around those that it
    is judged on, and the validation is far too good.

    Args:
        x: Inputs of shape `(n, k)` or `(n, steps, measures)`.
        share: What part of the rows is drawn for the validation; 0 for none.
        silence: Names of rules that are not to speak.
    """
    if not share or "overlapping-windows" in silence or not isinstance(x, np.ndarray):
        return []
    rows, width = x[:WINDOWS], x.shape[1] if x.ndim > 1 else 0
    if x.ndim not in (2, 3) or len(rows) < 10 or width < 3 or x.dtype.kind not in "iuf":
        return []
    most = 1 if x.ndim == 3 else width // 2
    shift = next((s for s in range(1, most + 1) if _shifted(rows, s)), None)
    if shift is None:
        return []
    n = round(len(x) * (1 - share))
    message = (
        f"Rows to validate on must be apart from those trained on, but each row of x is the row "
        f"before moved on by {shift}: windows over one series, of which validation_split={share} "
        "draws some at random."
    )
    way = f"Pass the last rows: validation_data=(x[{n}:], y[{n}:]), with x[:{n}] and y[:{n}]."
    return [Finding("overlapping-windows", "warning", message, way, "validation_split")]


def _shifted(rows: Any, shift: int) -> bool:
    """Tell whether each row begins with what the row before ends with, and is not constant."""
    varied = np.mean(rows[:, :-1] != rows[:, 1:]) > 0.1
    return bool(varied and np.array_equal(rows[:-1, shift:], rows[1:, :-shift]))
