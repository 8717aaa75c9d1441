"""What is compared?  Losses, optimizers and pairs of them, by name; equal maths only once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kerastrain.errors import DataError, OptimizerError
from kerastrain.labels.inspection import Labels
from kerastrain.losses.choosing import LOSSES, LossChoice, admitted_losses
from kerastrain.losses.resolve import choice_of
from kerastrain.optimizers.builders import get_optimizer

if TYPE_CHECKING:
    import keras

__all__ = ["BASELINE", "Candidate", "read_candidates"]

BASELINE = "baseline"
# The first is the second on labels written otherwise, or less a constant.
SAME_MATHS = {
    "sparse_categorical_crossentropy": "categorical_crossentropy",
    "kl_divergence": "categorical_crossentropy",
}
FORMS = {"ids": " on integer labels", "one-hot": " on one-hot labels"}


class Candidate(NamedTuple):
    """One of the things compared, in parts that can be sent to another process."""

    choice: LossChoice  # the loss, and the last layer and label format that follow from it
    optimizer: type[keras.optimizers.Optimizer]
    config: dict[str, Any]  # of the optimizer: each training gets a fresh one
    own_loss: Any = None  # a loss that is not in the table

    def settings(self) -> dict[str, Any]:
        """Build what a model is compiled with."""
        loss = self.choice.build_loss() if self.own_loss is None else self.own_loss
        optimizer = self.optimizer.from_config(self.config)
        return {"optimizer": optimizer, "loss": loss, "metrics": self.choice.build_metrics()}

    def maths(self) -> str:
        """Write down what decides the numbers, so that equal candidates have equal texts."""
        loss = SAME_MATHS.get(self.choice.loss, self.choice.loss)
        options = sorted(self.choice.options.items())
        config = sorted((key, value) for key, value in self.config.items() if key != "name")
        own = None if self.own_loss is None else id(self.own_loss)
        return repr((loss, options, self.choice.activation, own, self.optimizer, config))


def read_candidates(
    candidates: Any, labels: Labels, usual: keras.optimizers.Optimizer
) -> tuple[dict[str, Candidate], list[str]]:
    """Read all forms in which candidates are given.

    Args:
        candidates: As `compare` takes them.
        labels: Of the one output.
        usual: The optimizer of those that name none.

    Returns:
        The candidates by name, in their order, and a note for each that others are equal to.

    Raises:
        DataError: fewer than two, or something that is neither a loss nor an optimizer.
        LossError: a loss that does not fit the labels.
    """
    if candidates is None:
        candidates = admitted_losses(labels)
    if isinstance(candidates, str) or not isinstance(candidates, Mapping | Sequence):
        message = f"candidates must be a list or a dict, but it is {candidates!r}. {_EXAMPLE}"
        raise DataError(message)
    pairs: list[tuple[Any, Any]] = [(None, given) for given in candidates]
    if isinstance(candidates, Mapping):
        pairs = list(candidates.items())
    entries: dict[str, Candidate] = {}
    kept: dict[str, str] = {}
    notes: dict[str, list[str]] = {}
    for given_name, given in pairs:
        entry = _candidate(given, labels, usual)
        name = _free_name(str(given_name or _name_of(given)), {BASELINE: 0, **entries})
        first = kept.setdefault(entry.maths(), name)
        if first == name:
            entries[name] = entry
        else:
            form = entry.choice.form if entry.choice.form != entries[first].choice.form else ""
            other = _name_of(given) if given_name is None else given_name
            notes.setdefault(first, []).append(f"{other}{FORMS.get(form, '')}")
    if len(pairs) < 2:
        message = f"A comparison needs two candidates, but it got {list(entries)}. {_EXAMPLE}"
        raise DataError(message)
    same = [f"{name} ({' and '.join(others)} is the same)" for name, others in notes.items()]
    return entries, same


_EXAMPLE = "Pass candidates=['mse', 'mae'], or [sgd(0.1), adam(1e-3)]."


def _candidate(given: Any, labels: Labels, usual: keras.optimizers.Optimizer) -> Candidate:
    loss, optimizer = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    if _is_optimizer(loss):
        loss, optimizer = admitted_losses(labels)[0], loss
    if not (isinstance(loss, str) or callable(loss)):
        message = (
            f"Each candidate must be a loss or an optimizer, but {given!r} is none. {_EXAMPLE}"
        )
        raise DataError(message)
    choice = choice_of(labels, loss)
    built = get_optimizer(optimizer or usual)
    own_loss = None if choice.loss in LOSSES else loss
    return Candidate(choice, type(built), built.get_config(), own_loss)


def _is_optimizer(given: Any) -> bool:
    import keras

    if not isinstance(given, str):
        return isinstance(given, keras.optimizers.Optimizer)
    try:
        get_optimizer(given)
    except OptimizerError:
        return False
    return True


def _name_of(given: Any) -> str:
    """Name a candidate: the loss, or the optimizer with what it was given."""
    if isinstance(given, tuple):
        return " + ".join(_name_of(part) for part in given)
    if isinstance(given, str):
        return given
    config = (
        given.get_config() if hasattr(given, "get_config") and not isinstance(given, type) else {}
    )
    rate = config.get("learning_rate")
    name = getattr(given, "__name__", None) or type(given).__name__.lower()
    return f"{name}({rate:.3g})" if isinstance(rate, float) else str(name)


def _free_name(name: str, taken: Mapping[str, Any]) -> str:
    number = 1
    while f"{name} {number}" in taken or (number == 1 and name in taken):
        number += 1
    return name if number == 1 else f"{name} {number}"
