"""What is wrong with this set-up? Mistakes found before the first step, with the fix.

The rooms, top to bottom; each one only ever uses the ones below it:

- `check`, here: gathers the set-up and asks every rule
- `rules`: one table of small functions, one file a theme
- `setup`: all that the rules look at: data, heads, losses, one pass over a small batch
- `network`, `settings`, `sources`, `facts`: how each of these is read
- `untouched`: how a model can be looked at so that nothing notices
- `findings`: what a check gives
"""

from __future__ import annotations

import dataclasses
import inspect
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerastrain.arrays.arguments import check_name
from kerastrain.arrays.sources import is_data_set
from kerastrain.checks.findings import Finding, Findings, Rule, enforce
from kerastrain.checks.rules import RULES, list_checks
from kerastrain.checks.setup import Setup, gather
from kerastrain.errors import KerastrainError, LabelError, LossError
from kerastrain.losses.resolve import Plan, is_auto, read_with
from kerastrain.models.private_names import loss_weights_of, metrics_of
from kerastrain.models.untouched import untouched

if TYPE_CHECKING:
    import keras

__all__ = ["RULES", "Finding", "check", "check_plan", "enforce", "list_checks"]

_log = logging.getLogger(__name__)


def check(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    loss: Any = "auto",
    optimizer: Any = "auto",
    metrics: Any = "auto",
    weighted_metrics: Any = None,
    loss_weights: Any = None,
    run_eagerly: Any = False,
    steps_per_execution: Any = 1,
    jit_compile: Any = "auto",
    auto_scale_loss: Any = True,
    epochs: Any = 1,
    batch_size: Any = None,
    verbose: Any = "auto",
    callbacks: Any = None,
    validation_split: Any = 0.0,
    validation_data: Any = None,
    shuffle: Any = True,
    class_weight: Any = None,
    sample_weight: Any = None,
    initial_epoch: Any = 0,
    steps_per_epoch: Any = None,
    validation_steps: Any = None,
    validation_batch_size: Any = None,
    validation_freq: Any = 1,
    silence: Sequence[str] = (),
    **unknown: Any,
) -> list[Finding]:
    """Find what is wrong with a training set-up before its first step.

    Nothing is changed: not the weights, the metrics, the optimizer or any random generator, and
    a model that was not built is not built afterwards. `model.fit` gives the same numbers as
    without it.

    Args:
        model: A Keras model, compiled or not.
        x: Inputs as `fit` takes them: arrays, frames, a data set, a generator.
        y: Labels as `fit` takes them. Left out with a data set.
        loss: As in `compile`. Left out, that of the compiled model, or else the one that
            `choose_loss` takes for these labels, which are then looked at as `train` writes them.
        optimizer: As in `compile`. Left out, that of the compiled model, or else Adam.
        metrics: As in `compile`. Left out, those of the compiled model, or else none.
        weighted_metrics: As in `compile`, like all below to `auto_scale_loss`.
        loss_weights: Weight of each output's loss.
        run_eagerly: Whether to train without compiling.
        steps_per_execution: Steps in one call.
        jit_compile: Whether to compile with XLA.
        auto_scale_loss: Whether to scale the loss in float16.
        epochs: As in `fit`, like all below to `validation_freq`.
        batch_size: Rows in one step.
        verbose: How much to print.
        callbacks: Keras callbacks.
        validation_split: Share of the last rows to validate on.
        validation_data: `(x, y)`, `(x, y, sample_weight)` or a data set.
        shuffle: Whether to mix the rows.
        class_weight: Weight of each class id.
        sample_weight: Weight of each row.
        initial_epoch: Epochs done before.
        steps_per_epoch: Batches in an epoch.
        validation_steps: Batches in a validation.
        validation_batch_size: Rows in one step of validation.
        validation_freq: Epochs between validations.
        silence: Names of rules that are not to speak.
        **unknown: Any other argument; it is told as a finding.

    Returns:
        The findings, errors first; an empty list when all is well.

    Examples:
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])
        >>> x, y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 3
        >>> [finding.rule for finding in check(model, x, y, loss="binary_crossentropy")]
        ['binary-range']
    """
    arguments = dict(locals())
    given = {
        k: v for k, v in arguments.items() if k not in ("model", "x", "y", "silence", "unknown")
    }
    if silence is not None and not isinstance(silence, str | list | tuple | set | frozenset):
        check_name("silence", silence, sorted(rule.name for rule in RULES))
    silent = {silence} if isinstance(silence, str) else set(silence or ())
    with untouched():
        try:
            model, plan, refused = _plan(model, x, y, loss)
            given |= _left_out(model, plan, given)
            setup = gather(model, x, _seen(y, plan), given, unknown, refused)
            return _ask(dataclasses.replace(setup, y_given=y), silent)
        except Exception as error:  # whatever a user's objects raise; `fit` would raise it too
            _log.debug("the set-up could not be read", exc_info=True)
            return Findings([_unread(error)])


def check_plan(
    model: keras.Model,
    x: Any,
    plan: Plan,
    y: Any,
    given: Mapping[str, Any],
    silence: Sequence[str] = (),
    whole: Any = None,
) -> Findings:
    """Check what `train` is about to do: the plan is made, and nothing is read again.

    Args:
        model: Built, and not compiled with these settings yet.
        x: Inputs as they go into `fit`.
        plan: How the labels are read.
        y: Labels as the loss wants them.
        given: The arguments for `compile` and `fit`.
        silence: Names of rules that are not to speak.
        whole: The user's own x, with the validation rows in it, in which a message counts rows.
    """
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(check).parameters.items()
        if parameter.default is not parameter.empty and name not in ("y", "silence")
    }
    with untouched():
        settings = {**defaults, **given}
        settings |= _left_out(model, plan, settings)
        setup = gather(model, x, y, settings)
        return _ask(dataclasses.replace(setup, x_given=whole), set(silence))


def _plan(model: Any, x: Any, y: Any, loss: Any) -> tuple[Any, Plan, KerastrainError | None]:
    """Read the labels as `train` does; where it would refuse them, leave them as they are."""
    own = loss if not is_auto(loss) else getattr(model, "loss", None)
    if own is not None and is_data_set(x):  # reading its labels would move what it draws next
        return model, Plan(None, own, y), None
    try:
        return *read_with(model, x, y, loss=loss), None
    except (LabelError, LossError) as error:
        return model, Plan(None, own, y), error


def _seen(y: Any, plan: Plan) -> Any:
    """Look at the user's own labels where encoding leaves them as they are.

    Categories and the labels of a function of the user's own are looked at as `train` passes them.
    """
    kinds = list(y.dtypes) if hasattr(y, "columns") else [getattr(y, "dtype", None)]
    coded = any(isinstance(kind, pd.CategoricalDtype) for kind in kinds)
    coded = coded or getattr(plan.choice, "keras_class", None) == ""
    same = hasattr(y, "index") and getattr(plan.y, "shape", None) == getattr(y, "shape", 0)
    return y if same and not coded and np.array_equal(np.asarray(y), plan.y) else plan.y


def _left_out(model: Any, plan: Plan, given: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what was left out: from the compiled model, or as `train` would choose."""
    compiled = bool(getattr(model, "compiled", False))
    found: dict[str, Any] = {}
    if given["optimizer"] is None or is_auto(given["optimizer"]):
        found["optimizer"] = getattr(model, "optimizer", None) or "adam"
    if is_auto(given["loss"]):
        found["loss"] = plan.loss
        if compiled and given["loss_weights"] is None:
            found["loss_weights"] = loss_weights_of(model)
    if is_auto(given["metrics"]):
        found["metrics"] = metrics_of(model) if compiled and is_auto(given["loss"]) else None
    return found


def _ask(setup: Setup, silent: set[str]) -> Findings:
    """Ask every rule, the serious ones first; the general words only where no rule has better."""
    found = [f for r in RULES if r.name not in silent for f in _findings_of(r, setup)]
    if any(f.rule == "label-reading" for f in found):  # without labels there is no loss either
        found = [f for f in found if f.rule not in ("loss-missing", "label-numbers")]
    for general in ("keras-raises", "label-reading"):
        if any(f.severity == "error" and f.rule != general for f in found):
            found = [f for f in found if f.rule != general]
    return Findings(found)


def _findings_of(rule: Rule, setup: Setup) -> list[Finding]:
    """Ask one rule. One that trips over a set-up nobody thought of must not stop a training."""
    try:
        return rule.ask(setup)
    except Exception:  # a rule's own fault; the log has it, and the tests look there
        _log.debug("rule %s failed", rule.name, exc_info=True)
        return []


def _unread(error: Exception) -> Finding:
    """Tell that a set-up is beyond reading."""
    line = (str(error).splitlines() or [""])[0][:200]
    return Finding(
        "keras-raises",
        "error",
        f"x, y and the model must be what fit takes; looking raised {type(error).__name__}: {line}",
        "Pass arrays: check(model, np.asarray(x), np.asarray(y)).",
        "x",
    )
