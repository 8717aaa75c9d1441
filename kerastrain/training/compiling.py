"""With which loss, optimizer and metrics is a model compiled?

A model that was compiled keeps what it has, unless the arguments of `train` say otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerastrain.errors import OptimizerError
from kerastrain.losses.choice import LossChoice
from kerastrain.losses.outputs import each
from kerastrain.losses.resolve import Plan, is_auto
from kerastrain.optimizers.builders import get_optimizer, with_schedule

if TYPE_CHECKING:
    import keras

__all__ = ["compile_settings", "schedule_settings"]


def compile_settings(
    model: keras.Model, plan: Plan, loss: Any, optimizer: Any, metrics: Any
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
    settings["loss"] = plan.loss
    if not is_auto(metrics):
        settings["metrics"] = metrics
    elif own and own.get("metrics") is not None:
        settings["metrics"] = deserialize_keras_object(own["metrics"])
    elif not own:
        settings["metrics"] = each(LossChoice.build_metrics, plan.choice)
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
            f"warmup_epochs must lie from 0 to below epochs={epochs}, but got {warmup_epochs}. "
            f"Pass warmup_epochs={max(1, epochs // 10) if epochs > 1 else 0}."
        )
        raise OptimizerError(message)
    warmup = round(warmup_epochs * steps)
    before = settings.get("optimizer") or model.optimizer
    name = schedule or "constant"
    after = with_schedule(before, name, max(epochs * steps - warmup, 1), warmup)
    if settings:
        return {"optimizer": after}
    return compile_settings(model, Plan(None, model.loss), "auto", after, "auto")
