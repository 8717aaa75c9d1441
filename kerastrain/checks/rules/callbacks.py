"""Will the callbacks find what they watch?"""

from __future__ import annotations

import difflib
import inspect
import string
from collections.abc import Iterator
from typing import Any

from kerastrain.checks.findings import Problem
from kerastrain.checks.setup import Setup
from kerastrain.models.private_names import direction_of, metrics_added


def logged_names(setup: Setup) -> set[str]:
    """Name all that will stand in the logs at the end of an epoch.

    Keras takes a metric's name as it was written in `compile`, the object's own name, or the
    function's; with several outputs it puts the output's name in front.
    """
    import keras

    names = {"loss"}
    several = len(setup.outputs) > 1
    for output in setup.outputs:
        if several and output.loss.given is not None:
            names.add(f"{output.name}_loss")
        seen: dict[str, int] = {}
        for metric in output.metrics:
            name = metric if isinstance(metric, str) else _object_name(metric)
            full = f"{output.name}_{name}" if several else name
            count = seen.get(full, 0)
            seen[full] = count + 1
            names.add(f"{full}_{count}" if count else full)
            names.add(f"weighted_{full}")
    names |= {metric.name for layer in setup.layers for metric in metrics_added(layer)}
    rated = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    if setup.validates:
        names |= {f"val_{name}" for name in names}
    return names | (
        {"learning_rate"} if any(isinstance(c, rated) for c in setup.callbacks) else set()
    )


def _object_name(metric: Any) -> str:
    """Name a metric object, a class or a function as Keras will."""
    import keras

    if inspect.isclass(metric):
        return str(keras.metrics.get(metric).name)
    return str(getattr(metric, "name", None) or getattr(metric, "__name__", type(metric).__name__))


def _open_logs(setup: Setup) -> bool:
    """Say whether somebody else may write into the logs: an own training step, own callbacks."""
    own = any(not type(c).__module__.startswith("keras.") for c in setup.callbacks)
    return setup.own_step or own or bool(setup.trouble)


def callback_object(setup: Setup) -> Iterator[Problem]:
    """Callbacks that are none: a class without brackets, a name, a function.

    Keras raises an AttributeError about `set_model`, or about a missing argument.
    """
    import keras

    for callback in setup.callbacks:
        if isinstance(callback, keras.callbacks.Callback):
            continue
        if inspect.isclass(callback) and issubclass(callback, keras.callbacks.Callback):
            way = f"Call it: {callback.__name__}()."
        elif hasattr(callback, "set_model") and hasattr(callback, "on_epoch_end"):
            continue
        else:
            way = "Pass objects: callbacks=[keras.callbacks.EarlyStopping(patience=5)]."
        yield Problem(f"callbacks must hold callback objects, but got {callback!r}.", way)


def watched_name(setup: Setup) -> Iterator[Problem]:
    """A callback that watches what will not be there: `val_acc`, or `val_loss` without validation.

    EarlyStopping never stops and ModelCheckpoint never saves, with one line of warning an
    epoch; where Keras cannot tell whether less is better, it raises.
    """
    names = logged_names(setup)
    for callback in setup.callbacks:
        watched = getattr(callback, "monitor", None)
        if not isinstance(watched, str) or watched in names or _open_logs(setup):
            continue
        if not getattr(callback, "save_best_only", True):
            continue  # a ModelCheckpoint that saves every epoch watches nothing
        kind = type(callback).__name__
        if watched.startswith("val_") and not setup.validates:
            way = f"Pass validation_split=0.2, or watch {watched[4:]!r}."
        else:
            near = difflib.get_close_matches(watched, sorted(names), n=1, cutoff=0.3)
            way = f"monitor={near[0]!r}." if near else "monitor='loss'."
        shown = ", ".join(sorted(n for n in names if "weighted_" not in n))
        yield Problem(
            f"{kind} must watch a name in the history, but got {watched!r}, there will be {shown}.",
            way,
        )


def watched_direction(setup: Setup) -> Iterator[Problem]:
    """A callback that takes the worst epoch for the best: accuracy with 'min', loss with 'max'.

    EarlyStopping stops after `patience` epochs of progress, and the checkpoint is the worst.
    """
    for callback in setup.callbacks:
        watched, mode = getattr(callback, "monitor", ""), getattr(callback, "mode", "auto")
        operation = getattr(getattr(callback, "monitor_op", None), "__name__", "")
        mode = (
            mode
            if mode in ("min", "max")
            else {"less": "min", "greater": "max"}.get(operation, "auto")
        )
        if not isinstance(watched, str) or getattr(callback, "save_best_only", True) is False:
            continue
        up = any(part in watched for part in ("acc", "auc", "precision", "recall", "f1"))
        down = watched.endswith("loss") or any(p in watched for p in ("error", "mae", "mse"))
        if (up and not down and mode == "min") or (down and not up and mode == "max"):
            yield Problem(
                f"{type(callback).__name__} must know which way is better, but got mode={mode!r} "
                f"for {watched!r}.",
                f"mode={'max' if up else 'min'!r}.",
            )


def unknown_direction(setup: Setup) -> Iterator[Problem]:
    """A callback with mode='auto' on a metric of which Keras does not know whether more is better.

    It raises after the first epoch: for a function of your own, and for every metric and loss of
    one of several outputs, whose name in the history Keras does not find among the metrics.
    """
    known = {m.name: direction_of(m) for o in setup.outputs for m in o.metric_copies if m}
    for callback in setup.callbacks:
        watched = getattr(callback, "monitor", None)
        asks = hasattr(callback, "monitor_op") and getattr(callback, "mode", "") == "auto"
        asks = asks and callback.monitor_op is None and getattr(callback, "save_best_only", True)
        name = str(watched).removeprefix("val_")
        if not asks or _open_logs(setup) or watched not in logged_names(setup):
            continue
        if name != "loss" and known.get(name) is None and name != "learning_rate":
            less = any(part in name for part in ("loss", "error", "mae", "mse"))
            kind = type(callback).__name__
            place = f"{callback.filepath!r}, " if kind == "ModelCheckpoint" else ""
            yield Problem(
                f"{kind} must know which way is better, but mode='auto' does not know "
                f"it of {watched!r}.",
                f"{kind}({place}monitor={watched!r}, mode={'min' if less else 'max'!r}).",
            )


def file_names(setup: Setup) -> Iterator[Problem]:
    """A file name with a value that will not be there, as `{val_acc:.2f}`.

    Keras raises a KeyError at the end of the first epoch.
    """
    names = logged_names(setup) | {"epoch", "batch"}
    for callback in setup.callbacks:
        path = getattr(callback, "filepath", None)
        if not isinstance(path, str) or _open_logs(setup):
            continue
        try:
            fields = [field for _, field, _, _ in string.Formatter().parse(path) if field]
        except ValueError:
            continue
        for field in fields:
            if field not in names:
                near = difflib.get_close_matches(field, sorted(names), n=1, cutoff=0.3)
                yield Problem(
                    f"The file name must use names in the history, but got {{{field}}} in "
                    f"{path!r}.",
                    f"Use {{{near[0] if near else 'epoch'}}}.",
                )


def patience_too_long(setup: Setup) -> Iterator[Problem]:
    """Early stopping that cannot stop: it starts after the last epoch.

    The best weights are then not put back either: Keras keeps none before it starts.
    """
    import keras

    epochs = setup.given["epochs"]
    for callback in setup.callbacks:
        if isinstance(callback, keras.callbacks.EarlyStopping) and isinstance(epochs, int):
            start = getattr(callback, "start_from_epoch", 0)
            if epochs > 1 and start >= epochs:
                yield Problem(
                    "EarlyStopping must start before the last epoch, but got "
                    f"start_from_epoch={start} and epochs={epochs}.",
                    f"start_from_epoch={epochs // 4}.",
                )


def backup_not_whole(setup: Setup) -> Iterator[Problem]:
    """BackupAndRestore, which does not restore the bits of a training that was never stopped.

    It keeps neither the history nor the states of dropout and early stopping, and a kill while it
    writes leaves a file that the next start cannot read.
    """
    import keras

    for callback in setup.callbacks:
        if isinstance(callback, keras.callbacks.BackupAndRestore):
            folder = str(callback.backup_dir)
            yield Problem(
                "A training that goes on after a kill needs its whole state, but BackupAndRestore "
                "keeps neither the history nor the states of dropout and early stopping.",
                f"kerastrain.train(model, x, y, checkpoint={folder!r}) keeps all of it.",
            )
