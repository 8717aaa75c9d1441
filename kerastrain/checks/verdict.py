"""What does this history say?  One small function a rule, in the form of the rules of `check`.

Losses are measured as a share of the way from the right answers (0) to the best constant answer
(1), so that a threshold means the same for every loss and every unit. The thresholds were set on
real trainings of known cause, `tests/checks/histories.py`; where one has another source, its rule
names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.checks.findings import Findings, Problem, Rule
from kerastrain.checks.trained import Trained

__all__ = ["VERDICTS", "Outcome", "diagnose"]

NOTHING = 0.98  # a loss of this share of the baseline or more is that of knowing nothing
BETTER = 0.9  # below this share it is certain that something was learnt
FEW_STEPS = 200  # after fewer steps and less than three epochs no training has to know anything
DEAD = 0.9  # a layer with this share of dead units passes next to nothing on
LOW = 0.3  # below this share most of the way is done, as with R² above 0.7
BEND = 0.05  # a rise or fall of this share of the baseline can be seen in a picture


@dataclass(frozen=True)
class Outcome:
    """Hold all that the rules look at.

    Attributes:
        history: The tidy table of the training.
        cost_range: What the right answers and the best constant answer cost on the rows that are
            judged; None where that is not known.
        epochs: How many epochs were asked for.
        patience: As in `train`.
        kept_best: Whether the model holds the weights of its best epoch.
        steps: How many steps were taken in all; None where that is not known.
        model: What the model showed on a few rows.
    """

    history: pd.DataFrame
    cost_range: tuple[float, float] | None = None
    epochs: int | None = None
    patience: int | None = None
    kept_best: bool = False
    steps: int | None = None
    model: Trained = field(default_factory=Trained)

    def losses(self, split: str) -> NDArray[np.float64]:
        """Give the loss of each epoch without what regularizers add."""
        rows = self.history[self.history["split"] == split]
        return np.asarray(rows["loss"], np.float64) - self.model.penalty

    def costs(self, split: str) -> NDArray[np.float64]:
        """Give the loss of each epoch, 0 for the right answers and 1 for the baseline."""
        losses = self.losses(split)
        low, high = self.cost_range or (0.0, float(np.abs(self.losses("train")[:1]).sum()))
        return (losses - low) / (high - low or 1.0)

    @property
    def judged(self) -> NDArray[np.float64]:
        """The costs of the validation, or of the training where there is none."""
        costs = self.costs("val")
        return costs if len(costs) else self.costs("train")

    @property
    def called(self) -> str:
        """How the loss that is judged is called."""
        return "validation loss" if (self.history["split"] == "val").any() else "training loss"

    @property
    def best(self) -> int:
        """The number of the epoch with the lowest loss, from 1."""
        return int(np.argmin(self.judged)) + 1

    @property
    def rate(self) -> float:
        """The learning rate of the first epoch."""
        return float(self.history["learning_rate"].iloc[0])

    def loss_at(self, epoch: int) -> float:
        """Give the loss that is judged, of an epoch from 1."""
        split = "val" if (self.history["split"] == "val").any() else "train"
        return float(self.losses(split)[epoch - 1]) + self.model.penalty

    @property
    def worse(self) -> bool:
        """Whether it is no better than the baseline; not so where that is not known."""
        recent = float(np.median(self.judged[-max(1, len(self.judged) // 3) :]))
        few = len(self.judged) < 3 and (self.steps or 0) < FEW_STEPS
        if self.cost_range is None or few:
            return False
        return bool(self.judged.min() >= NOTHING - 0.02 and (self.kept_best or recent >= NOTHING))


def _recent_fall(costs: NDArray[np.float64]) -> float:
    """Tell how far the costs fell in the last fifth of the epochs, at least the last one."""
    back = max(1, round(len(costs) / 5))
    return float(costs[-1 - back] - costs[-1]) if len(costs) > back else 0.0


def _is_blown(costs: NDArray[np.float64]) -> bool:
    """Tell whether the first steps went far beyond, or later ones jumped or bounced."""
    rises = np.diff(costs)
    after = costs[int(np.argmin(costs)) :]
    far = costs[:-1] > max(5, 5 * costs[-1])  # and back with a jump, not step by step
    overshot = np.any(far & (costs[1:] < costs[:-1] / 2))
    stayed = len(after) > 2 and float(np.min(after[1:])) > costs.min() + 0.3
    bounced = np.sum(rises > np.maximum(0.15, 0.15 * costs[:-1])) >= max(2, len(costs) / 5)
    return bool(overshot or stayed or bounced)


def _is_slow(costs: NDArray[np.float64]) -> bool:
    """Tell whether the costs fall in nearly every epoch, at the end about as fast as before."""
    if len(costs) < 3:
        return False
    falls = -np.diff(costs)
    half = len(costs) // 2
    first, second = costs[0] - costs[half], costs[half] - costs[-1]
    return bool(np.mean(falls > 0) >= 0.8 and first > 0 and second > 0.4 * first)


def _is_far_off(outcome: Outcome) -> bool:
    """Tell whether a classifier has left all sense: it starts near the baseline, and never is."""
    return bool(len(outcome.model.true) and outcome.costs("train").min() > 10)


def _lower(rate: float) -> str:
    """Write a rate for Adam that is lower, and no higher than its usual one."""
    return f"{min(rate / 10, 0.001):.1g}"


def diverged(outcome: Outcome) -> Iterator[Problem]:
    """A loss that is no number any more: training stopped there."""
    losses = outcome.losses("train")
    if len(losses) and not np.isfinite(losses[-1]):
        epoch, rate = len(losses), outcome.rate
        yield Problem(
            f"The loss must stay a finite number, but it became {losses[-1]:g} in epoch {epoch}, "
            f"and training stopped there. The learning rate of {rate:.3g} is probably too high.",
            f'Pass optimizer="auto", or optimizer=kt.adam({_lower(rate)}, clipnorm=1.0), and '
            "scale x and numeric targets to about -1 to 1.",
        )


def rate_too_high(outcome: Outcome) -> Iterator[Problem]:
    """A training loss that bounces, or jumps and stays, or starts far above the baseline.

    Where the first steps throw the weights far off, the loss comes back from many times the
    baseline and does not get below it.
    """
    costs = outcome.costs("train")
    if outcome.model.penalty:  # which is large in the first epochs, and is not the steps' fault
        costs = costs[len(costs) // 4 :]
    if not _is_far_off(outcome) and (
        len(costs) < 2 or not _is_blown(costs) or outcome.judged.min() < LOW
    ):
        return
    if costs.max() == costs[0] and outcome.judged.min() < BETTER and not _is_blown(costs[1:]):
        return  # it started far off and arrived
    yield Problem(
        f"The training loss must fall, but it went from {costs.max():.3g} times the baseline to "
        f"{costs[-1]:.3g} times, with the lowest at {costs.min():.3g}: the steps are too long at a "
        f"learning rate of {outcome.rate:.3g}.",
        f'Pass optimizer="auto", or a lower rate: optimizer=kt.adam({_lower(outcome.rate)}).',
    )


def rate_too_low(outcome: Outcome) -> Iterator[Problem]:
    """A loss that falls evenly and is still that of knowing nothing: all steps are too short."""
    costs = outcome.costs("train")
    dead = any(share >= DEAD for _, share in outcome.model.dead)
    slow = outcome.worse and costs[-1] > BETTER and _is_slow(costs)
    if slow and not dead and not _is_far_off(outcome):
        yield Problem(
            f"The steps must be long enough to get below the baseline, but the training loss fell "
            f"evenly from {costs[0]:.3g} to {costs[-1]:.3g} times the baseline: a learning rate of "
            f"{outcome.rate:.3g} is too low for these targets.",
            'Pass optimizer="auto". For numeric targets, end the model with '
            "*kt.choose_loss(y).last_layers(), which gives the unit of the labels.",
        )


def knows_nothing(outcome: Outcome) -> Iterator[Problem]:
    """A loss that is no better than that of the best constant answer."""
    if not outcome.worse or outcome.cost_range is None:
        return
    costs = outcome.costs("train")
    way = 'Pass optimizer="auto", and epochs=50 if the loss still falls.'
    if costs[-1] < BETTER or not (_is_slow(costs) or _is_blown(costs)):
        way = (
            "Check that row i of x belongs to row i of y, and that x is scaled. If so, x may say "
            'little about y: pass optimizer="auto" and a smaller model to see.'
        )
    yield Problem(
        f"The model must do better than always giving the same answer, but its {outcome.called} is "
        f"{outcome.loss_at(outcome.best):.4g} at best, and the best constant answer costs "
        f"{outcome.cost_range[1]:.4g}.",
        way,
    )


def one_class_only(outcome: Outcome) -> Iterator[Problem]:
    """A classifier that gives one class for every row, or is right as often as that."""
    predicted, true = np.array(outcome.model.predicted), np.array(outcome.model.true)
    if not len(true) or true.sum() < 20 or np.sort(true)[-2] < 3:
        return
    share = true.max() / true.sum()
    if np.count_nonzero(predicted) == 1:
        way = 'Pass optimizer="auto", and scale x.'
        if share > 0.8:
            way = 'Pass class_weight="balanced"; a constant answer already has a high accuracy.'
        yield Problem(
            f"The model must tell the classes apart, but it gives the same class for all "
            f"{predicted.sum()} rows looked at; the largest class is {share:.0%} of them.",
            way,
        )


def accuracy_of_one_class(outcome: Outcome) -> Iterator[Problem]:
    """An accuracy that never exceeds the share of the largest class."""
    true = np.array(outcome.model.true)
    rows = outcome.history[outcome.history["split"] == "val"]
    if "accuracy" not in rows or len(true) == 0 or true.sum() < 50 or len(rows) < 2:
        return
    share, reached = true.max() / true.sum(), float(rows["accuracy"].max())
    if np.count_nonzero(outcome.model.predicted) > 1 and reached <= share and share > 0.5:
        yield Problem(
            f"The accuracy must exceed the share of the largest class, but it is {reached:.3g} at "
            f"best, and always answering that class gives {share:.3g}.",
            'Pass class_weight="balanced", or watch metrics=["AUC"].',
        )


def dead_units(outcome: Outcome) -> Iterator[Problem]:
    """A layer with relu whose units are 0 for every row: nothing passes, and no gradient returns.

    Source: Lu, Shin, Su, Karniadakis, "Dying ReLU and Initialization: Theory and Numerical
    Examples", Communications in Computational Physics, 2020.
    """
    dead = [(name, share) for name, share in outcome.model.dead if share >= DEAD]
    if dead:
        name, share = dead[0]
        yield Problem(
            f"The units of a layer must answer to some rows, but {share:.0%} of those of {name!r} "
            "are 0 for every row that was looked at. Most often the first steps were too long.",
            'Build the model anew and pass optimizer="auto", or use activation="leaky_relu".',
        )


def vanishing_gradient(outcome: Outcome) -> Iterator[Problem]:
    """A first layer whose slopes are a tiny part of those of the last, in a model that is stuck.

    Source: Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS, 2010.
    """
    slopes = outcome.model.slopes
    dead = any(share >= DEAD for _, share in outcome.model.dead)
    if len(slopes) < 3 or dead or outcome.judged.min() < 0.5:
        return
    (first, least), (_, most) = min(slopes[:-1], key=lambda pair: pair[1]), slopes[-1]
    if most > 1e-8 and least < 1e-4 * most:
        yield Problem(
            f"The gradient must reach every layer, but that of {first!r} is {least / most:.1g} "
            "times that of the last layer.",
            'Use activation="relu" in the hidden layers, or fewer of them, and build it anew.',
        )


def overfits(outcome: Outcome) -> Iterator[Problem]:
    """A validation loss that rises from some epoch on, while the training loss falls."""
    costs, train = outcome.costs("val"), outcome.costs("train")
    if len(costs) < 5 or len(train) != len(costs) or outcome.kept_best or outcome.worse:
        return
    best, end = outcome.best, float(np.median(costs[-max(1, len(costs) // 10) :]))
    rise = end - costs[best - 1]
    if (
        best <= len(costs) - 2
        and rise > max(0.1, 0.2 * costs[best - 1])
        and train[-1] < train[best - 1]
    ):
        yield Problem(
            f"The validation loss must fall with the training loss, but it rises from epoch {best} "
            f"({outcome.loss_at(best):.4g}) to {outcome.loss_at(len(costs)):.4g}: the model only "
            "gets better on the training rows.",
            f"Pass patience={max(3, best // 2)}, which stops then and keeps the weights of the "
            "best epoch. More rows, dropout or fewer units help too."
        )  # fmt: skip


def still_falling(outcome: Outcome) -> Iterator[Problem]:
    """A loss that falls by a good part of the baseline in the last fifth of the epochs."""
    costs, train = outcome.judged, outcome.costs("train")
    stopped = outcome.epochs is not None and len(train) < outcome.epochs
    other = any(rate_too_low(outcome)) or (outcome.worse and _is_blown(train))
    at_the_end = len(costs) >= 2 and costs[-1] <= costs.min() + 0.01
    if not stopped and at_the_end and not other and _recent_fall(costs) > BEND and costs[-1] > LOW:
        yield Problem(
            f"Training must last until the loss is flat, but the {outcome.called} still fell from "
            f"{outcome.loss_at(len(costs) - 1):.4g} to {outcome.loss_at(len(costs)):.4g} in the "
            "last epoch.",
            f"Pass epochs={3 * len(train)}, or train further: kt.train(run, x, y, "
            f"epochs={2 * len(train)}).",
        )


def underfits(outcome: Outcome) -> Iterator[Problem]:
    """A training loss that is high and flat, in a model that something holds back."""
    train, costs, model = outcome.costs("train"), outcome.judged, outcome.model
    fifth = len(train) // 5
    flat = fifth and abs(np.mean(train[-2 * fifth : -fifth]) - np.mean(train[-fifth:])) < BEND
    overfitted = costs[-1] > train[-1] + 0.15
    if not flat or overfitted or np.median(train[-3:]) < LOW:
        return
    reasons = []
    if model.dropout >= 0.6:
        reasons.append((f"a layer drops {model.dropout:.0%} of its inputs", "Dropout(0.2)"))
    if model.penalty > 0.1 * abs(outcome.losses("train")[-1]):
        reasons.append(
            (f"the regularizers add {model.penalty:.3g} to the loss", "a regularizer of 1e-4")
        )
    if model.narrowest is not None and model.narrowest <= max(1, model.outputs // 3):
        wide = max(16, 2 * model.outputs)
        reasons.append((f"a hidden layer has {model.narrowest} unit(s)", f"Dense({wide})"))
    if reasons:
        why, way = reasons[0]
        yield Problem(
            f"The training loss must come well below the baseline, but it is flat at "
            f"{train[-1]:.2g} times of it: {why}.",
            f"Build the model with {way}."
        )  # fmt: skip


def stopped_in_the_noise(outcome: Outcome) -> Iterator[Problem]:
    """An early stop with little patience while the training loss was still falling."""
    costs, train = outcome.costs("val"), outcome.costs("train")
    early = outcome.epochs is not None and len(train) <= outcome.epochs / 2
    if outcome.patience is None or outcome.patience > 3 or not early or len(costs) < 3:
        return
    noise = float(np.median(np.abs(np.diff(costs))))
    back = max(1, len(train) // 4)
    falls = len(train) > back and train[-1 - back] - train[-1] > BEND / 2
    if falls and costs[-1] - costs.min() < max(3 * noise, BEND):
        yield Problem(
            f"Training must not stop in the noise, but patience={outcome.patience} ended it in "
            f"epoch {len(train)}, while the training loss was falling and the validation loss "
            f"changed by about {noise:.2g} times the baseline from epoch to epoch anyway.",
            "Pass patience=10.",
        )


def validation_below_training(outcome: Outcome) -> Iterator[Problem]:
    """A validation loss far below the training loss, and why."""
    costs, train = outcome.costs("val"), outcome.costs("train")
    if len(costs) < 3 or len(train) != len(costs):
        return
    gap = train - costs
    if np.mean(gap > 0) < 2 / 3 or gap[-1] < 0.1 or costs[-1] > 0.75 * train[-1]:
        return
    if outcome.model.noisy:
        why = f"{outcome.model.noisy[0]} acts in training only"
    elif train[-2] - train[-1] > gap[-1] / 2:
        why = "the training loss is the mean during an epoch, the validation loss that at its end"
    else:
        why = "weights of classes or rows count in training only, or the validation rows are easier"
    yield Problem(
        f"The validation loss is {costs[-1] / train[-1]:.0%} of the training loss: {why}.",
        "Compare with run.evaluate(x, y) on the training rows.",
    )


VERDICTS = (
    Rule("diverged", "error", "optimizer", diverged),
    Rule("knows-nothing", "warning", "model", knows_nothing),
    Rule("rate-too-high", "warning", "optimizer", rate_too_high),
    Rule("rate-too-low", "warning", "optimizer", rate_too_low),
    Rule("one-class-only", "warning", "model", one_class_only),
    Rule("accuracy-of-one-class", "warning", "metrics", accuracy_of_one_class),
    Rule("dead-units", "warning", "model", dead_units),
    Rule("vanishing-gradient", "warning", "model", vanishing_gradient),
    Rule("overfits", "warning", "epochs", overfits),
    Rule("still-falling", "warning", "epochs", still_falling),
    Rule("underfits", "warning", "model", underfits),
    Rule("stopped-in-the-noise", "warning", "patience", stopped_in_the_noise),
    Rule("validation-below-training", "note", "history", validation_below_training),
)


def diagnose(outcome: Outcome, *, silence: Any = ()) -> Findings:
    """Ask every rule what a training says; of a training that diverged, only that.

    Args:
        outcome: The history and what goes with it.
        silence: Names of rules that are not to speak.

    Returns:
        The findings, the most serious first; none where nothing is to be mended.

    Examples:
        >>> flat = pd.DataFrame({"split": ["train", "val"] * 3, "loss": [1.1, 1.0] * 3,
        ...                      "learning_rate": 0.01})
        >>> [finding.rule for finding in diagnose(Outcome(flat, cost_range=(0.0, 1.0)))]
        ['knows-nothing']
    """
    found = Findings()
    for rule in VERDICTS:
        if rule.name not in silence and len(outcome.history):
            found += rule.ask(outcome)
        if rule.name == "diverged" and found:
            break
    return found
