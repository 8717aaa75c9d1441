"""How sure are we of a mean?  Student's t intervals over seeds, corrected for shared rows.

scipy.stats has the same quantile; it is not needed for this one number (the tests compare).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Interval", "mean_interval", "t_quantile"]


class Interval(NamedTuple):
    """A mean and the two ends of its interval, in the unit of the values."""

    mean: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Say whether 0 lies inside, so that the sign of the mean is not clear."""
        return not (self.low > 0 or self.high < 0)


def mean_interval(
    values: ArrayLike,
    *,
    confidence: float = 0.95,
    comparisons: int = 1,
    overlap: float = 0.0,
    step: float = math.nan,
) -> Interval:
    """Bound the mean of n values: mean ± t * s * sqrt(1 / n + overlap).

    Scores on several splits of one data set are not independent: their training rows overlap, and
    so do their validation rows. More seeds measure the mean over splits of these rows ever more
    closely, and that of new rows no better, so an interval with s / sqrt(n) is too narrow. The
    correction of Nadeau and Bengio adds the rows judged on over the rows trained on.

    Args:
        values: One number for each training, shape `(n,)`.
        confidence: Share of such intervals that hold the true mean, in (0, 1).
        comparisons: How many intervals are looked at together; each is widened so that all of
            them hold with the stated confidence (Bonferroni).
        overlap: Validation rows divided by training rows, where the values come from splits of one
            data set; 0 for independent values.
        step: The spread s to take where all values are equal, which happens by chance where few
            different values are possible: one row's share of an accuracy. Left out, equal values
            say nothing of their spread.

    Returns:
        The mean and its bounds; the bounds are infinite for fewer than two values, and NaN where
        a value is NaN or all are equal.

    Examples:
        >>> interval = mean_interval([1.0, 2.0, 3.0])
        >>> round(interval.low, 2), round(interval.high, 2)
        (-0.48, 4.48)
        >>> interval = mean_interval([1.0, 2.0, 3.0], overlap=1 / 3)
        >>> round(interval.low, 2), round(interval.high, 2)
        (-1.51, 5.51)

    References:
        Student, The Probable Error of a Mean, Biometrika 1908.
        Dunn, Multiple Comparisons Among Means, Journal of the American Statistical
        Association 1961 (several comparisons).
        Nadeau and Bengio, Inference for the Generalization Error, Machine Learning 2003 (overlap).
        Bouckaert and Frank, Evaluating the Replicability of Significance Tests for Comparing
        Learning Algorithms, PAKDD 2004 (the same correction for repeated k-fold).
    """
    values = np.asarray(values, dtype=float)
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, -math.inf, math.inf)
    inside = 1 - (1 - confidence) / comparisons
    equal = np.ptp(values) <= 1e-12 * np.abs(values).max()  # but for rounding
    spread = step if equal else float(values.std(ddof=1))
    error = spread * math.sqrt(1 / len(values) + overlap)
    half = t_quantile(inside, len(values) - 1) * error
    return Interval(mean, mean - half, mean + half)


def t_quantile(inside: float, degrees: int) -> float:
    """Find t such that a Student's t value lies between -t and t with probability `inside`.

    With `angle = atan(t / sqrt(degrees))` the probability is a finite sum of powers of
    `cos(angle)`; it grows with the angle, so halving the range finds it.

    Args:
        inside: The probability, in (0, 1).
        degrees: Degrees of freedom, 1 or more.

    Returns:
        The bound t, above 0.

    Examples:
        >>> round(t_quantile(0.95, 4), 3)
        2.776

    References:
        Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, 26.7.3 and 26.7.4.
    """
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        if _probability(middle, degrees) < inside:
            low = middle
        else:
            high = middle
    return math.tan(low) * math.sqrt(degrees)


def _probability(angle: float, degrees: int) -> float:
    odd = degrees % 2
    term = math.cos(angle) if odd else 1.0
    total = term if degrees > 1 else 0.0
    for i in range(2 + odd, degrees, 2):
        term *= math.cos(angle) ** 2 * (i - 1) / i
        total += term
    total *= math.sin(angle)
    return 2 / math.pi * (angle + total) if odd else total
