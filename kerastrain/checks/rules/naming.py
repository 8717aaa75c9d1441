"""Do names and arguments exist, and does each output get its part of them?"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator

from kerastrain.checks.findings import Problem
from kerastrain.checks.settings import nearest
from kerastrain.checks.setup import Setup
from kerastrain.models.private_names import flat_layers

OLD_ARGUMENTS = {
    "nb_epoch": "Keras 2 renamed it: epochs=10",
    "nb_epochs": "epochs=10",
    "lr": "It belongs to the optimizer: optimizer=keras.optimizers.Adam(learning_rate=0.001)",
    "learning_rate": "It belongs to the optimizer: optimizer=keras.optimizers.Adam(0.001)",
    "decay": "Use a schedule: keras.optimizers.schedules.InverseTimeDecay(0.01, 1, 0.1)",
    "samples_per_epoch": "steps_per_epoch=len(x) // batch_size",
    "show_accuracy": "metrics=['accuracy']",
    "workers": "Keras 3 takes it in the data: class MyData(keras.utils.PyDataset), workers=4",
    "use_multiprocessing": "Keras 3 takes it in the data: keras.utils.PyDataset",
    "max_queue_size": "Keras 3 takes it in the data: keras.utils.PyDataset",
    "class_mode": "The loss decides: loss='binary_crossentropy'",
    "sample_weight_mode": "Keras 3 reads it from the weights' shape: leave it out",
    "target_tensors": "Keras 3 dropped it: pass y",
    "validation_set": "validation_data=(x_val, y_val)",
}


def unknown_argument(setup: Setup) -> Iterator[Problem]:
    """Arguments that neither compile nor fit has, as `nb_epoch` or `lr` of older Keras.

    Keras raises a TypeError that names no way out.
    """
    for name in setup.unknown:
        near = difflib.get_close_matches(name, setup.given, n=1)
        way = OLD_ARGUMENTS.get(name) or (f"{near[0]}=..." if near else "Leave it out")
        yield Problem(f"compile and fit have no argument {name!r}.", f"{way}.", name)


def loss_name(setup: Setup) -> Iterator[Problem]:
    """A loss that Keras does not know, as `'categorical_cross_entropy'`.

    Keras finds out in `fit`, not in `compile`, and does not say what is near.
    """
    for output in setup.outputs:
        given, trouble = output.loss.given, output.loss.problem
        if not trouble:
            continue
        near = nearest(given, "losses") if isinstance(given, str) else ""
        way = f"Did you mean loss={near!r}?" if near else (
            "choose_loss(y) says which, as in loss='mse' or 'sparse_categorical_crossentropy'."
        )  # fmt: skip
        if inspect.isclass(given):
            way = f"Make one: loss={given.__name__}(...)."
        yield Problem(f"Keras must know the loss, but got {given!r}: {trouble}.", way)


def loss_missing(setup: Setup) -> Iterator[Problem]:
    """No loss at all, in a model that adds none of its own.

    Keras raises "No loss to compute" in the first step.
    """
    if setup.own_step or any(o.loss.given is not None for o in setup.outputs):
        return
    seen, shot = setup.seen, setup.shot
    adds = shot.added > 0 or (seen is not None and any(map(_adds_loss, flat_layers(seen))))
    if seen is not None and not adds and setup.given["loss"] in (None, [], {}):
        yield Problem(
            "The model must have a loss, but loss is None, and no layer adds one.",
            "choose_loss(y) says which, as in loss='sparse_categorical_crossentropy'.",
        )


def _adds_loss(layer: object) -> bool:
    """Say whether a layer adds a loss: a regularizer, or a user's own class in training."""
    own = not type(layer).__module__.startswith("keras.") and "add_loss" in (
        getattr(getattr(type(layer), "call", None), "__code__", None) or compile("", "", "exec")
    ).co_names  # fmt: skip
    return own or any(getattr(v, "regularizer", None) for v in getattr(layer, "weights", ()))


def metric_name(setup: Setup) -> Iterator[Problem]:
    """A metric that Keras does not know, as `'acuracy'`.

    Keras finds out in the first step, and does not say what is near.
    """
    import keras

    for output in setup.outputs:
        for metric in output.metrics:
            if isinstance(metric, str) and metric.lower() in (
                "accuracy",
                "acc",
                "crossentropy",
                "ce",
            ):
                continue
            try:
                found = keras.metrics.get(metric)
                trouble = "" if found is not None and callable(found) else "it cannot be called"
            except Exception as error:  # whatever Keras or a user's class raises
                trouble = str(error).splitlines()[0]
            if trouble:
                near = nearest(metric, "metrics") if isinstance(metric, str) else ""
                near = _with_arguments(near) if near else ""
                way = f"Did you mean metrics=[{near}]?" if near else "See dir(keras.metrics)."
                yield Problem(f"Keras must know each metric, but got {metric!r}: {trouble}.", way)


def _with_arguments(name: str) -> str:
    """Write a metric as it can be pasted: by name, or as an object if it needs arguments."""
    import keras

    kind = getattr(keras.metrics, name, None)
    needs = [
        p.name
        for p in (inspect.signature(kind).parameters.values() if inspect.isclass(kind) else ())
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    return f"keras.metrics.{name}({', '.join(f'{n}=...' for n in needs)})" if needs else repr(name)


def optimizer_name(setup: Setup) -> Iterator[Problem]:
    """An optimizer that Keras cannot take: misspelt, a class that is not called, another library's.

    `compile` raises; for a class the message does not say that the brackets are missing.
    """
    given, trouble = setup.given["optimizer"], setup.optimizer.problem
    if not trouble:
        return
    if inspect.isclass(given):
        way = f"Call it: optimizer=keras.optimizers.{given.__name__}()."
    elif isinstance(given, str) and nearest(given, "optimizers"):
        way = f"Did you mean optimizer={nearest(given, 'optimizers')!r}?"
    else:
        way = "Pass one of Keras: optimizer=keras.optimizers.Adam(0.001)."
    yield Problem(f"Keras must know the optimizer, but got {given!r}: {trouble[:120]}.", way)


def parts_matched(setup: Setup) -> Iterator[Problem]:
    """Labels, losses or metrics that do not go one to one with the model's outputs.

    Keras raises about keys, paths or structures; metrics for outputs that have none are lost.
    """
    if setup.own_step:
        return
    names = ", ".join(f"{o.name!r}: ..." for o in setup.outputs)
    for what, trouble in setup.trouble.items():
        fix = f"Pass {what}={{{names}}}." if len(setup.outputs) > 1 else f"Pass one {what}."
        fix = "Pass metrics=['accuracy']." if "must be a list" in trouble else fix
        yield Problem(f"Every output needs its own part: {trouble}.", fix, what)


def loss_weights(setup: Setup) -> Iterator[Problem]:
    """Loss weights that do not match the losses, or are negative.

    Keras raises for a wrong number; a negative weight makes training climb that loss.
    """
    weights, count = setup.given["loss_weights"], len(setup.outputs)
    if weights is None:
        return
    values = weights.values() if isinstance(weights, dict) else weights
    values = list(values) if isinstance(weights, dict | list | tuple) else [weights]
    names = {o.name for o in setup.outputs}
    wrong = isinstance(weights, dict) and count > 1 and not set(weights) <= names
    if len(values) > count or wrong:
        yield Problem(
            f"loss_weights must have one number for each output ({count}), but got {weights!r}.",
            "Pass loss_weights=[1.0, 0.5], in the order of the outputs.",
        )
    elif any(isinstance(v, int | float) and v < 0 for v in values):
        yield Problem(
            f"A loss weight must not be negative: training climbs that loss, but got {weights!r}.",
            "Pass weights of 0 or more.",
        )
