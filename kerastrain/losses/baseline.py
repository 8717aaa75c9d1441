"""What does the best constant answer cost?  For every loss of the table.

A model that costs as much has learnt nothing from x. The answer comes from the training labels and
is judged on the validation rows, by the Keras loss itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.losses.choice import LossChoice
from kerastrain.losses.outputs import Choices
from kerastrain.losses.table import LOSSES

__all__ = ["CONSTANTS", "best_constant", "cost_range"]

Values = NDArray[np.float64]
MOST_ROWS = 1 << 16  # of more rows, evenly spaced ones are taken
TINY = 1e-7  # Keras' own bound of probabilities


def cost_range(
    choices: Choices | None,
    y_train: Any,
    y_val: Any = None,
    *,
    weight: Any = None,
    loss_weights: Any = None,
) -> tuple[float, float] | None:
    """Tell what the right answers and the best constant answer cost.

    The right answers cost 0 under most losses, but not under Poisson or with soft labels.

    Args:
        choices: The loss, or those of several outputs in a dict or list.
        y_train: Training labels in the form of the loss (`choice.encode(y)`), for each output.
        y_val: Labels to judge the answers on, likewise. Left out, the training labels.
        weight: Weight of each row that is judged, shape `(n,)`.
        loss_weights: Weight of each output's loss, as in `compile`.

    Returns:
        Both losses, to be compared with that of the history; None where a loss is not in the
        table.

    Examples:
        >>> from kerastrain.losses.choosing import choose_loss
        >>> y = [3.5, 1.25, 6.0, 2.5]
        >>> choice = choose_loss(y)  # mean_squared_error, so the best constant is the mean
        >>> cost_range(choice, choice.encode(y)) == (0.0, float(np.var(y)))
        True
    """
    if choices is None or y_train is None:
        return None
    y_val = y_train if y_val is None else y_val
    if isinstance(choices, LossChoice):
        return _judge(choices, y_train, y_val, weight)
    keys = list(choices) if isinstance(choices, dict) else list(range(len(choices)))
    parts = [cost_range(choices[key], y_train[key], y_val[key], weight=weight) for key in keys]
    shares = [1.0 if loss_weights is None else float(loss_weights[key]) for key in keys]
    known = [(share, part) for share, part in zip(shares, parts, strict=True) if part is not None]
    if len(known) < len(parts):
        return None
    return sum(s * low for s, (low, _) in known), sum(s * high for s, (_, high) in known)


def best_constant(choice: LossChoice, y: Any) -> Values | None:
    """Find the answer that costs least when it is given for every row.

    Args:
        choice: The loss of one output, with its settings.
        y: Labels in the form of the loss, shape `(n,)` or `(n, ..., units)`.

    Returns:
        What the output would have to be: probabilities, logits or numbers, shape `(units,)`; None
        where the loss is not in the table.
    """
    if choice.loss not in LOSSES:
        return None
    rows = _rows(choice, _some(y)).astype(np.float64)
    smooth = float(choice.options.get("label_smoothing", 0.0))
    rows = rows * (1 - smooth) + smooth / (2 if choice.form == "flags" else choice.units)
    return _as_scores(choice, CONSTANTS[LOSSES[choice.loss].constant](choice, rows))


def _as_scores(choice: LossChoice, answers: Values) -> Values:
    """Write probabilities as logits where the loss takes those."""
    if not choice.options.get("from_logits"):
        return answers
    inside = np.clip(answers, TINY, 1 - TINY)
    return np.log(inside) if choice.form != "flags" else np.log(inside / (1 - inside))


def _judge(choice: LossChoice, y_train: Any, y_val: Any, weight: Any) -> tuple[float, float] | None:
    constant = best_constant(choice, y_train)
    if constant is None:
        return None
    y, weight = _some(y_val), None if weight is None else _some(weight)
    right = 0.0
    if choice.loss == "poisson" or choice.labels.kind == "soft":
        answers = _as_scores(choice, y.astype(np.float64)).astype(np.float32)
        right = float(choice.build_loss()(y, answers, sample_weight=weight))
    return right, _cost(choice, y, constant, weight)


def _cost(choice: LossChoice, y: NDArray[Any], constant: Values, weight: Any = None) -> float:
    """Ask the Keras loss what one answer for all rows costs."""
    shape = y.shape
    if choice.form == "ids":
        inner = shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape
        shape = (*inner, choice.units)
    answers = np.broadcast_to(constant.astype(np.float32), shape)
    return float(choice.build_loss()(y, answers, sample_weight=weight))


def _some(y: Any) -> NDArray[Any]:
    values: NDArray[Any] = np.asarray(y)
    return values[:: max(1, -(-len(values) // MOST_ROWS))]


def _rows(choice: LossChoice, y: NDArray[Any]) -> NDArray[Any]:
    """Lay labels out as rows of the units; ids as one-hot rows, without those to be ignored."""
    if choice.form != "ids":
        return y.reshape(-1, choice.units)
    ids = y.reshape(-1)
    ids = ids[(ids >= 0) & (ids < choice.units) & (ids != choice.options.get("ignore_class"))]
    return np.bincount(ids.astype(np.int64), minlength=choice.units)[None] / max(1, len(ids))


# ------------------------------------------------------------------ the constants of the table
def _mean(choice: LossChoice, rows: Values) -> Values:
    return np.asarray(rows.mean(axis=0))


def _median(choice: LossChoice, rows: Values) -> Values:
    return np.asarray(np.median(rows, axis=0))


def _log_mean(choice: LossChoice, rows: Values) -> Values:
    return np.asarray(np.expm1(np.log1p(np.maximum(rows, 0)).mean(axis=0)))


def _median_of_shares(choice: LossChoice, rows: Values) -> Values:
    """An error of 1 costs 1 / |y|, so rows weigh as much in the median."""
    order = np.argsort(rows, axis=0)
    weights = 1 / np.maximum(np.abs(np.take_along_axis(rows, order, axis=0)), TINY)
    half = np.argmax(np.cumsum(weights, axis=0) >= weights.sum(axis=0) / 2, axis=0)
    return np.asarray(np.sort(rows, axis=0)[half, np.arange(rows.shape[1])])


def _sign(choice: LossChoice, rows: Values) -> Values:
    return np.where(rows.mean(axis=0) >= 0, 1.0, -1.0)


def _largest_class(choice: LossChoice, rows: Values) -> Values:
    """A margin for one class pays where more than half of the rows are of it."""
    return np.asarray((rows.mean(axis=0) > 0.5).astype(np.float64))


def _all_or_none(choice: LossChoice, rows: Values) -> Values:
    """The overlap is largest at 0 or 1 in each column, the most frequent columns first."""
    order = np.argsort(-rows.mean(axis=0), kind="stable")
    answers = [np.isin(np.arange(rows.shape[1]), order[: k + 1]) for k in range(rows.shape[1])]
    costs = [_cost(choice, rows.astype(np.float32), a.astype(np.float64)) for a in answers]
    return answers[int(np.argmin(costs))].astype(np.float64)


def _search(choice: LossChoice, rows: Values) -> Values:
    """Narrow the range of each column by the golden section; these losses have one valley."""
    found = rows.mean(axis=0)
    golden = (5**0.5 - 1) / 2
    for i, column in enumerate(rows.T.astype(np.float32)):
        low, high = float(column.min()), float(column.max())
        for _ in range(40):
            a, b = high - golden * (high - low), low + golden * (high - low)
            costs = [_cost(choice, column[:, None], np.array([value])) for value in (a, b)]
            low, high = (low, b) if costs[0] <= costs[1] else (a, high)
        found[i] = (low + high) / 2
    return np.asarray(found)


def _focal(choice: LossChoice, rows: Values) -> Values:
    """Go down the slope of sum(f (1 - p)^gamma (-log p)) over the frequencies f of the classes."""
    gamma, share = float(choice.options.get("gamma", 2.0)), rows.mean(axis=0)
    scores = np.log(np.maximum(share, TINY))
    for _ in range(1000):
        p = np.exp(scores - scores.max())
        p = np.clip(p / p.sum(), TINY, 1 - TINY)
        slope = share * (gamma * (1 - p) ** (gamma - 1) * np.log(p) - (1 - p) ** gamma / p)
        scores -= p * (slope - np.sum(p * slope))
    return np.asarray(p)


def _direction(choice: LossChoice, rows: Values) -> Values:
    """The mean of the directions; how long it is makes no difference."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray((rows / np.maximum(lengths, TINY)).mean(axis=0))


CONSTANTS: dict[str, Callable[[LossChoice, Values], Values]] = {
    "mean": _mean,
    "search": _search,
    "focal": _focal,
    "largest class": _largest_class,
    "sign": _sign,
    "all or none": _all_or_none,
    "median": _median,
    "log mean": _log_mean,
    "median of shares": _median_of_shares,
    "direction": _direction,
}
