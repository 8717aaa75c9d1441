"""Does the last layer go with the loss and the labels?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kerastrain.checks.findings import Problem
from kerastrain.checks.settings import (
    AMOUNTS,
    BINARY,
    CATEGORICAL,
    CROSSENTROPIES,
    HINGE,
    ID_LOSSES,
    PROBABILITIES,
)
from kerastrain.checks.setup import Output, Setup
from kerastrain.losses.table import LOSSES, SPARSE


def no_probabilities(setup: Setup) -> Iterator[Problem]:
    """A cross-entropy on something that is no probability: a missing softmax or sigmoid.

    Keras clips the outputs to 1e-7..1 before the logarithm. A clipped number has no gradient,
    so some classes are never learnt, and some starts are stuck for good.
    """
    for output in setup.outputs:
        name = output.loss.name
        if name not in PROBABILITIES or output.loss.from_logits or not output.no_probability:
            continue
        end = "sigmoid" if name in BINARY or output.units == 1 else "softmax"
        other = (
            name in LOSSES
            and f", or loss=keras.losses.{LOSSES[name].keras_class}(from_logits=True)"
        )
        linear = output.activation == "linear" and name in CROSSENTROPIES
        seen = f"activation {output.activation!r}"
        if output.activation == "unknown" and output.seen is not None:
            seen = f"values from {output.seen.min():.3g} to {output.seen.max():.3g}"
        yield Problem(
            f"{output.loss.shown} takes probabilities; the output has {seen}.",
            f"End in activation={end!r}{other if linear else ''}.",
        )


def logits_named_twice(setup: Setup) -> Iterator[Problem]:
    """`from_logits=True` after a softmax or sigmoid that Keras can look behind.

    Keras on TensorFlow warns and takes the raw scores, so it trains right; other backends and
    a later Reshape do not.
    """
    for output in setup.outputs:
        ends = output.activation in ("softmax", "sigmoid")
        if output.loss.from_logits and ends and output.logits:
            yield Problem(
                f"{output.loss.shown} takes raw scores; the output has activation "
                f"{output.activation!r}.",
                "Drop from_logits=True, or the activation.",
            )


def softmax_twice(setup: Setup) -> Iterator[Problem]:
    """A softmax or sigmoid applied to what is a probability already.

    The second one squeezes scores between 0 and 1, so no class can get a probability near 1,
    and training is slow and stops early: a second activation layer, or `from_logits=True`
    after a softmax with a Reshape or Dropout between, where Keras cannot find the scores.
    """
    for output in setup.outputs:
        ends = output.activation in ("softmax", "sigmoid")
        hidden = output.loss.from_logits and ends and output.seen is not None and not output.logits
        twice = ends and output.head.below in ("softmax", "sigmoid")
        if hidden or twice:
            yield Problem(
                "Scores must pass one softmax or sigmoid, but got "
                + (f"{output.head.below!r} and then " if twice else "")
                + f"{output.activation!r}"
                + ("" if twice else f" under {output.loss.shown}, behind another layer")
                + ".",
                "Keep one of the two." if twice else "Drop from_logits=True.",
            )


def squashed_scores(setup: Setup) -> Iterator[Problem]:
    """A relu or tanh right below the softmax or sigmoid.

    relu takes the negative scores, and with them their gradient; tanh keeps scores in -1..1,
    so that no class of ten gets a probability above 0.45.
    """
    for output in setup.outputs:
        if output.activation in ("softmax", "sigmoid") and output.head.below in ("relu", "tanh"):
            yield Problem(
                f"The scores below a {output.activation} must be free, but got "
                f"{output.head.below!r}.",
                f"Take it out of the last Dense: Dense({output.units}), then the "
                f"{output.activation}.",
            )


def squashed_logits(setup: Setup) -> Iterator[Problem]:
    """`from_logits=True` on an output that cannot be any score: relu, tanh.

    relu has no negative scores and no gradient there; tanh ends at 1, so that no class of ten
    gets a probability above 0.45.
    """
    for output in setup.outputs:
        ends = output.activation in (
            "relu",
            "tanh",
            "softplus",
            "softsign",
            "hard_sigmoid",
            "relu6",
        )
        if output.loss.from_logits and ends:
            yield Problem(
                f"{output.loss.shown} takes raw scores of any size; the output has activation "
                f"{output.activation!r}.",
                f"Leave the last activation out: Dense({output.units}).",
            )


def one_unit_softmax(setup: Setup) -> Iterator[Problem]:
    """A softmax over one unit, or a categorical or sparse loss of one unit.

    The softmax of one number is 1, whatever the number: the prediction never changes, and the
    loss is reported as 0.00.
    """
    for output in setup.outputs:
        if output.shape is None or output.units != 1 or setup.own_step:
            continue
        softmax = output.activation == "softmax"
        ones = (
            output.seen is not None and output.seen.size > 1 and bool(np.allclose(output.seen, 1))
        )
        categorical = output.loss.name in CATEGORICAL | ID_LOSSES
        if (softmax and (ones or output.seen is None)) or categorical:
            seen = "a softmax over one unit" if softmax else f"{output.loss.shown} over one unit"
            message = f"A softmax must choose between units, but got {seen}."
            yield Problem(message, _instead_of_one(output))


def _instead_of_one(output: Output) -> str:
    """Say how a model ends that tells these labels apart."""
    y = output.y
    if output.loss.name in AMOUNTS and not (y and y.zero_or_one):
        return "Numeric targets: Dense(1) without activation."
    if output.loss.name in ID_LOSSES and y is not None and y.whole and y.high > 1:
        return f"{y.high + 1:.0f} classes: Dense({y.high + 1:.0f}, activation='softmax')."
    return "Two classes: Dense(1, activation='sigmoid') with loss='binary_crossentropy'."


def softmax_axis(setup: Setup) -> Iterator[Problem]:
    """A softmax that sums to 1 over another axis than the classes.

    The cross-entropy reads the last axis. Softmax(axis=1) on (n, steps, classes) makes the
    steps compete, not the classes.
    """
    for output in setup.outputs:
        seen = output.seen
        if output.loss.name not in CROSSENTROPIES | CATEGORICAL | ID_LOSSES:
            continue
        if seen is None or seen.ndim < 2 or len(seen) < 2 or output.activation != "softmax":
            continue
        last = np.allclose(seen.sum(axis=-1), 1.0, atol=1e-3)
        others = [a for a in range(seen.ndim - 1) if np.allclose(seen.sum(axis=a), 1, atol=1e-3)]
        if not last and others and not output.head.after:
            yield Problem(
                "The probabilities of one place must sum to 1 over the last axis; they do over "
                f"axis {others[0]}.",
                "Use Softmax(axis=-1).",
            )


def out_of_reach(setup: Setup) -> Iterator[Problem]:
    """Targets that the last activation cannot reach: tanh for 0 to 100, relu for negatives.

    The outputs stop at the end of their range, where the gradient is 0.
    """
    for output in setup.outputs:
        y = output.y
        if y is None or not y.numeric or output.loss.name not in AMOUNTS or not y.rows.size:
            continue
        if output.loss.name == "cosine_similarity" or y.shape[-1:] == () or setup.own_step:
            continue
        low, high = output.reach
        if output.seen is not None and output.seen.size:
            low, high = min(low, output.seen.min()), max(high, output.seen.max())
        width = min(high - low, y.high - y.low) or 1.0
        room = 0.01 * width
        outside = float(np.mean((y.rows < low - room) | (y.rows > high + room)))
        if outside > 0.01:
            yield Problem(
                f"{output.activation} gives {low:g} to {high:g}, but got targets from {y.low:g} to "
                f"{y.high:g} in {output.called}, {outside:.0%} of them out of reach.",
                _reaching(output, y.low, low, high),
            )


def _reaching(output: Output, lowest: float, low: float, high: float) -> str:
    """Say which last layer reaches the targets."""
    if output.loss.name == "poisson" and lowest >= 0:
        return "End in activation='softplus' or 'exponential'."
    scaled = f", or scale y to {low:g}..{high:g}" if np.isfinite([low, high]).all() else ""
    return f"End without activation: Dense({output.units}){scaled}."


def positive_output(setup: Setup) -> Iterator[Problem]:
    """A poisson loss on outputs that may be negative.

    It takes the logarithm of the output; the first negative one makes the loss NaN.
    """
    for output in setup.outputs:
        positive = output.reach[0] >= 0
        known = output.activation != "unknown"
        negative = output.seen is not None and bool(np.any(output.seen < 0))
        if output.loss.name == "poisson" and ((known and not positive) or (not known and negative)):
            yield Problem(
                f"poisson takes the logarithm of the output; it has activation "
                f"{output.activation!r}, which gives negative numbers.",
                "End in activation='softplus' or 'exponential'.",
            )


def hinge_head(setup: Setup) -> Iterator[Problem]:
    """A hinge loss on an output that cannot be negative: sigmoid, softmax, relu.

    Hinge compares with -1 and +1. Where the output ends at 0, rows of class -1 can never be
    on their side, and every prediction has the sign of class +1.
    """
    for output in setup.outputs:
        if output.loss.name in HINGE and output.reach[0] >= 0:
            yield Problem(
                f"{output.loss.shown} takes scores of both signs; the output has activation "
                f"{output.activation!r}.",
                "End in Dense(1) without activation, or activation='tanh'.",
            )


def cosine_of_one(setup: Setup) -> Iterator[Problem]:
    """A cosine similarity over one unit.

    It compares directions; one number has only a sign, so the gradient is 0 everywhere.
    """
    for output in setup.outputs:
        if output.loss.name == "cosine_similarity" and output.units == 1:
            yield Problem(
                "cosine_similarity compares directions of vectors; the output is one number.",
                "Numeric targets: loss='mse' or loss='mae'.",
            )


def sigmoid_for_classes(setup: Setup) -> Iterator[Problem]:
    """A sigmoid where each row is of one class: under its losses, or under binary cross-entropy.

    Keras takes the raw scores behind it, so the arg max is right; the predicted probabilities
    are not, and do not sum to 1.
    """
    for output in setup.outputs:
        y, name, units = output.y, output.loss.name, output.units or 0
        wide = name in CATEGORICAL | {SPARSE} and units > 1
        one = name == "binary_crossentropy" and units > 2 and y is not None and (
            len(y.shape) == 2 and len(y.row_sums) >= 30 and np.allclose(y.row_sums, 1)
            and y.zero_or_one)  # fmt: skip
        if (wide or one) and output.activation in ("sigmoid", "hard_sigmoid"):
            why = f"{output.loss.shown} takes" if wide else "Labels of one class a row ask for"
            yield Problem(
                f"{why} probabilities that sum to 1; a sigmoid gives each class its own.",
                f"End in Dense({units}, activation='softmax')"
                + ("." if wide else " with loss='categorical_crossentropy'."),
            )


def softmax_for_two_sided(setup: Setup) -> Iterator[Problem]:
    """A binary cross-entropy on a softmax with one class a row.

    Keras trains the raw scores as if they were sigmoids; 'accuracy' and the predictions are
    those of a softmax that was not trained. With binary_accuracy ten classes give 0.9 for
    knowing nothing.
    """
    for output in setup.outputs:
        y = output.y
        binary = output.loss.name in ("binary_crossentropy", "binary_focal_crossentropy")
        several = output.units is not None and output.units > 1
        one_hot = y is not None and (not y.row_sums.size or y.row_sums.max() < 1.5)
        if binary and several and output.activation == "softmax" and one_hot:
            yield Problem(
                f"{output.loss.shown} takes each unit for itself; a softmax makes them compete.",
                "One class a row: loss='categorical_crossentropy'.",
            )


def dropout_last(setup: Setup) -> Iterator[Problem]:
    """Dropout or noise after the last activation.

    It sets predictions themselves to 0 and scales the others up: they are no probabilities any
    more, the logits are lost, and every drop of the right class costs the highest loss there is.
    """
    for output in setup.outputs:
        if any("Dropout" in kind for kind in output.head.after) and output.loss.given is not None:
            yield Problem(
                "Nothing random may follow the last activation, but got Dropout or noise behind "
                f"{output.activation!r}.",
                "Move it before the last Dense.",
            )
