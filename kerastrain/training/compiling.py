"""With which loss, optimizer and metrics is a model compiled?

A model that was compiled keeps what it has, unless the arguments of `train` say otherwise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kerastrain.errors import DataError, OptimizerError
from kerastrain.labels.inspection import Labels
from kerastrain.losses.choosing import LOSSES, LossChoice, admitted_losses, choice_for
from kerastrain.losses.outputs import Choices, each
from kerastrain.optimizers.builders import get_optimizer, with_schedule

if TYPE_CHECKING:
    import keras

__all__ = ["build", "choice_of", "compile_settings", "is_auto", "schedule_settings"]

YOURS = "You passed this loss."


def choice_of(labels: Labels, loss: Any, *, model: keras.Model | None = None) -> LossChoice:
    """Read a loss that the user passed: its row in the table, with its own settings.

    Args:
        labels: Of one output.
        loss: A Keras name, loss object, class or function, or one of the user's own.
        model: A Keras model whose head tells whether a loss given by name gets logits.

    Returns:
        The choice; for a loss that is not in the table, the usual choice under that loss's name.

    Raises:
        LossError: a name that no loss has, or a loss that does not suit the labels.
    """
    if isinstance(loss, str):
        return choice_for(labels, loss, model=model)
    kind = loss if isinstance(loss, type) else type(loss)
    name = getattr(loss, "__name__", None) or getattr(loss, "name", kind.__name__)
    for row, known in LOSSES.items():
        if name == row or kind.__name__ == known.keras_class:
            choice = choice_for(labels, row)
            return dataclasses.replace(choice, options=_options(loss), reason=YOURS)
    usual = choice_for(labels, admitted_losses(labels)[0], model=model)
    return dataclasses.replace(usual, loss=str(name), options={}, reason=YOURS)


def _options(loss: Any) -> dict[str, Any]:
    """Tell in which settings a loss object differs from Keras' defaults."""
    if not hasattr(loss, "get_config") or isinstance(loss, type):
        return {}
    usual = type(loss)().get_config()
    return {
        key: value
        for key, value in loss.get_config().items()
        if key not in ("name", "dtype", "fn", "reduction") and value != usual.get(key)
    }


def build(build_model: Callable[[Any], Any], choice: Choices | None) -> keras.Model:
    """Call the user's function that builds a model, and see that it does.

    Args:
        build_model: Gets the choice of the loss and returns a Keras model.
        choice: What it gets.

    Returns:
        The model.

    Raises:
        DataError: it is no function, or returns no model.
    """
    import keras

    if isinstance(build_model, keras.Model) or not callable(build_model):
        message = (
            "build_model must be a function that builds a model anew each time (train() alone "
            f"takes a model too); saw {build_model!r}. Write def build_model(choice): and "
            "return keras.Sequential([..., keras.layers.Dense(choice.units, choice.activation)])."
        )
        raise DataError(message)
    model = build_model(choice)
    if not isinstance(model, keras.Model):
        message = (
            f"build_model must return a Keras model; {build_model!r} returned {model!r}. "
            "End the function with: return keras.Sequential([...])."
        )
        raise DataError(message)
    return model


def compile_settings(
    model: keras.Model, choice: Choices | None, loss: Any, optimizer: Any, metrics: Any
) -> dict[str, Any]:
    """Collect what to compile with; nothing where a compiled model stays as it is."""
    from keras.saving import deserialize_keras_object

    own = model.get_compile_config() if model.compiled else {}
    if own and is_auto(loss) and optimizer is None and is_auto(metrics):
        return {}
    settings: dict[str, Any] = {}
    if optimizer is not None:
        settings["optimizer"] = get_optimizer(optimizer)
    else:
        settings["optimizer"] = model.optimizer if own else get_optimizer("adam")
    if not is_auto(loss):
        usual = isinstance(loss, str | LossChoice) and choice is not None
        settings["loss"] = each(LossChoice.build_loss, choice) if usual else loss
    else:
        settings["loss"] = model.loss if own else each(LossChoice.build_loss, choice)
    if not is_auto(metrics):
        settings["metrics"] = metrics
    elif own and own.get("metrics") is not None:
        settings["metrics"] = deserialize_keras_object(own["metrics"])
    elif not own:
        settings["metrics"] = each(LossChoice.build_metrics, choice)
    kept = ("loss_weights", "weighted_metrics", "run_eagerly", "steps_per_execution", "jit_compile")
    return settings | {name: own[name] for name in kept if own.get(name)}


def schedule_settings(
    model: keras.Model,
    settings: dict[str, Any],
    schedule: str | None,
    steps: int,
    epochs: int,
    warmup_epochs: float,
) -> dict[str, Any]:
    """Set the learning rate's course over these epochs on a copy of the optimizer."""
    if schedule is None and not warmup_epochs:
        return {}
    if not 0 <= warmup_epochs < epochs:
        message = (
            f"warmup_epochs must lie from 0 to below epochs={epochs}; saw {warmup_epochs}. "
            f"Pass warmup_epochs={max(1, epochs // 10) if epochs > 1 else 0}."
        )
        raise OptimizerError(message)
    warmup = round(warmup_epochs * steps)
    before = settings.get("optimizer") or model.optimizer
    name = schedule or "constant"
    after = with_schedule(before, name, max(epochs * steps - warmup, 1), warmup)
    if settings:
        return {"optimizer": after}
    return compile_settings(model, None, "auto", after, "auto")


def is_auto(value: Any) -> bool:
    """Tell whether an argument was left for kerastrain to decide."""
    return isinstance(value, str) and value == "auto"
