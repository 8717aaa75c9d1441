"""Which callbacks can the fast loop serve?  Those that act on epochs, and those that look idle."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kerastrain.models.private_names import profiles_steps

if TYPE_CHECKING:
    import keras

__all__ = ["acts_on_batches"]

# What model.fit calls around each step. The fast loop has no Python between two steps.
_BATCH_HOOKS = (
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
    "on_batch_begin",
    "on_batch_end",
)


def acts_on_batches(callback: keras.callbacks.Callback) -> bool:
    """Tell whether a callback has something to do between two steps.

    Hooks are compared as functions, since LambdaCallback sets its own on the object. A subclass
    that leaves the hooks of Keras' class as they are is as idle as that class.
    """
    import keras

    idle_where = _idle_settings()
    for hook in _BATCH_HOOKS:
        method = getattr(callback, hook, None)
        function = getattr(method, "__func__", method)
        idle = function is getattr(keras.callbacks.Callback, hook) or any(
            isinstance(callback, kind) and function is getattr(kind, hook) and is_idle(callback)
            for kind, is_idle in idle_where.items()
        )
        if not idle:
            return True
    return False


def _idle_settings() -> dict[type, Callable[[Any], bool]]:
    """Name Keras' callbacks whose batch hooks do nothing under their usual settings."""
    from keras import callbacks

    return {
        # It does act; the block looks at the loss itself, after each step.
        callbacks.CallbackList: lambda _: True,  # those in it are asked one by one
        callbacks.TerminateOnNaN: lambda _: True,
        callbacks.ModelCheckpoint: lambda callback: callback.save_freq == "epoch",
        callbacks.BackupAndRestore: lambda callback: callback.save_freq == "epoch",
        callbacks.TensorBoard: lambda callback: (
            callback.update_freq == "epoch"
            and not callback.write_steps_per_second
            and not profiles_steps(callback)
        ),
    }
