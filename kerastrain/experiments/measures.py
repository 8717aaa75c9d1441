"""How good are predictions, by measures that do not depend on the loss?

scikit-learn's `accuracy_score`, `log_loss`, `mean_absolute_error` and
`root_mean_squared_error` give the same numbers (the tests compare).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.losses.baseline import best_constant
from kerastrain.losses.choosing import LossChoice, admitted_losses, choice_for
from kerastrain.losses.table import MAE, MSE

__all__ = ["MEASURES", "OWN_LOSSES", "measure", "measure_baseline", "probabilities"]

# measure -> which direction is better
MEASURES = {"accuracy": +1, "log_loss": -1, "mae": -1, "rmse": -1}
# A loss is at an advantage where it is itself the measure, up to a root or a name.
OWN_LOSSES = {"log_loss": "cross-entropy", "mae": MAE, "rmse": f"the root of {MSE}"}
SMALLEST = 1e-7  # Keras cuts probabilities here before it takes their logarithm


def measure(choice: LossChoice, y_true: NDArray[Any], y_pred: NDArray[Any]) -> dict[str, float]:
    """Judge predictions: accuracy and log-loss of classes, mae and rmse of numeric targets.

    Args:
        choice: Says what kind of labels these are and what the model's outputs mean.
        y_true: True labels as `choice.encode` writes them.
        y_pred: Outputs of the model, shape `(n, units)`.

    Returns:
        `accuracy` (share of right classes, or of right cells for multi-label) and `log_loss` (mean
        of -log p of the truth, in nats; NaN where the outputs are no probabilities); or `mae` and
        `rmse`, in the unit of the labels.
    """
    if choice.labels.traits.numeric:
        error = np.asarray(y_pred, float).reshape(np.shape(y_true)) - y_true
        return {"mae": float(np.abs(error).mean()), "rmse": float(np.sqrt((error**2).mean()))}
    if choice.form == "amounts":  # ordered classes whose ids were learned as numbers
        hits = np.rint(y_pred).reshape(np.shape(y_true)) == y_true
        return {"accuracy": float(hits.mean()), "log_loss": np.nan}
    if choice.form == "ids" and np.ndim(y_pred) > 2:  # a class for each step or pixel
        y_true, y_pred = np.reshape(y_true, -1), np.reshape(y_pred, (-1, choice.units))
        known = y_true != choice.options.get("ignore_class")
        y_true, y_pred = y_true[known], y_pred[known]
    p = probabilities(choice, y_pred)
    if _is_cells(choice):
        scores = np.asarray(y_pred) if p is None else p - 0.5
        hits = (scores > 0) == (np.asarray(y_true) > 0.5)
    else:
        scores = _two_columns(np.asarray(y_pred, float), total=0.0) if p is None else p
        y_true = _as_shares(y_true, scores.shape[-1])
        hits = scores.argmax(-1) == y_true.argmax(-1)
    log_loss = np.nan if p is None else _log_loss(choice, np.asarray(y_true, float), p)
    return {"accuracy": float(hits.mean()), "log_loss": float(log_loss)}


def measure_baseline(choice: LossChoice, y_train: Any, y_val: Any) -> dict[str, float]:
    """Judge the best constant answer, by each measure the best: the majority, the median, the mean.

    Args:
        choice: The usual one for these labels.
        y_train: Labels that decide the answer, as `choice.encode` writes them.
        y_val: Labels to judge it on, likewise.

    Returns:
        As `measure` does.
    """
    numeric = choice.labels.traits.numeric
    losses = {"mae": MAE, "rmse": MSE} if numeric else {"accuracy": "", "log_loss": ""}
    result = {}
    for name, loss in losses.items():
        usual = choice_for(choice.labels, loss or admitted_losses(choice.labels)[0])
        constant = best_constant(usual, y_train)
        assert constant is not None
        ids = usual.form == "ids"
        inner = np.shape(y_val) if ids and np.shape(y_val)[1:] != (1,) else np.shape(y_val)[:-1]
        answers = np.broadcast_to(constant, (*inner, usual.units))
        result[name] = measure(usual, y_val, answers)[name]
    return result


def probabilities(choice: LossChoice, y_pred: NDArray[Any]) -> NDArray[np.float64] | None:
    """Turn a model's outputs into probabilities.

    Args:
        choice: Says what the outputs are: probabilities, or logits.
        y_pred: Outputs of the model, shape `(n, units)`.

    Returns:
        A probability for each class, shape `(n, classes)`, also where one sigmoid unit stands for
        two classes; for multi-label one for each label. None where the outputs are neither
        probabilities nor logits, as under a hinge loss.
    """
    p = np.asarray(y_pred, dtype=float)
    if choice.options.get("from_logits"):
        if _is_cells(choice) or p.shape[-1] == 1:
            p = 1 / (1 + np.exp(-p))
        else:
            p = np.exp(p - p.max(-1, keepdims=True))
            p /= p.sum(-1, keepdims=True)
    elif choice.activation not in ("softmax", "sigmoid"):
        return None
    return p if _is_cells(choice) else _two_columns(p, total=1.0)


def _is_cells(choice: LossChoice) -> bool:
    """Tell whether each output is a yes or no of its own."""
    return choice.form == "flags" and choice.units > 1


def _two_columns(scores: NDArray[Any], *, total: float) -> NDArray[Any]:
    """Add the other class where one unit stands for two."""
    if scores.shape[-1] > 1:
        return scores
    return np.concatenate([total - scores, scores], axis=-1)


def _as_shares(y_true: NDArray[Any], classes: int) -> NDArray[np.float64]:
    """Write ids, one-hot rows or soft labels as one share for each class."""
    y_true = np.asarray(y_true)
    if y_true.ndim > 1 and y_true.shape[-1] == classes:
        return y_true.astype(float)
    shares = y_true.astype(float).ravel()
    if classes == 2:  # 0, 1 or a share between, as smoothed labels have
        return np.stack([1 - shares, shares], axis=-1)
    rows: NDArray[np.float64] = np.eye(classes)[shares.astype(int)]
    return rows


def _log_loss(choice: LossChoice, target: NDArray[Any], p: NDArray[Any]) -> float:
    p = np.clip(p, SMALLEST, 1 - SMALLEST)
    if _is_cells(choice):
        return float(-(target * np.log(p) + (1 - target) * np.log(1 - p)).mean())
    return float(-(target * np.log(p)).sum(-1).mean())
