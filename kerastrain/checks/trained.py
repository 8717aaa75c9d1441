"""What does a trained model do on a few rows?  Looked at once, after training, for the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerastrain.checks.trial import run_once, small_batch, worth_running
from kerastrain.losses.choice import LossChoice
from kerastrain.losses.classes import answered_ids, label_ids
from kerastrain.losses.outputs import Choices
from kerastrain.models.copies import has_graph, layers_of

__all__ = ["Trained", "look_at_model"]

ROWS = 256
HIDDEN = ("Dense", "Conv1D", "Conv2D", "Conv3D", "LSTM", "GRU", "SimpleRNN")
NOISY = ("Dropout", "SpatialDropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "Random")


@dataclass(frozen=True)
class Trained:
    """Hold what a trained model showed on a few rows.

    Attributes:
        predicted: How often it answers with each class; empty where rows have no class.
        true: How often each class occurs in these rows.
        dead: Layers with relu and the share of their units that are 0 for every row.
        slopes: Layers in order with the size of their gradient, root mean square a weight.
        penalty: What regularizers add to the loss.
        dropout: The largest share that a layer drops.
        noisy: The kinds of layers that act in training only.
        narrowest: The units of the narrowest hidden layer; None without one.
        outputs: The units of the last layer.
    """

    predicted: tuple[int, ...] = ()
    true: tuple[int, ...] = ()
    dead: tuple[tuple[str, float], ...] = ()
    slopes: tuple[tuple[str, float], ...] = ()
    penalty: float = 0.0
    dropout: float = 0.0
    noisy: tuple[str, ...] = field(default=())
    narrowest: int | None = None
    outputs: int = 1


def look_at_model(model: Any, x: Any, y: Any, choice: Choices | None) -> Trained:
    """Look at a trained model; nothing in it changes.

    Args:
        model: A trained Keras model.
        x: Inputs as arrays, those of the validation if there are any; None where they cannot be
            looked at.
        y: Labels of these rows, in the form of the loss.
        choice: The loss; only a single output has classes and gradients here.

    Returns:
        What it showed; of a model that cannot be looked at, less.
    """
    import keras

    layers = list(layers_of(model))
    kinds = [type(layer).__name__ for layer in layers]
    hidden = [
        int(getattr(layer, "units", None) or getattr(layer, "filters", None) or 0)
        for layer, kind in zip(layers, kinds, strict=True)
        if kind in HIDDEN
    ]
    facts: dict[str, Any] = {
        "penalty": float(sum(float(loss) for loss in model.losses)),
        "dropout": max([float(getattr(layer, "rate", 0) or 0) for layer in layers], default=0.0),
        "noisy": tuple(dict.fromkeys(kind for kind in kinds if kind.startswith(NOISY))),
        "narrowest": min(hidden[:-1], default=None),
        "outputs": hidden[-1] if hidden else 1,
    }
    if x is None or y is None or not isinstance(choice, LossChoice) or not worth_running(model):
        return Trained(**facts)
    count = len(keras.tree.flatten(y)[0])
    batch, targets = small_batch((x, y), count, min(ROWS, count))
    with keras.StatelessScope():
        answers = np.asarray(model(batch, training=False))
        facts["dead"] = _dead_units(model, layers, batch)
    facts["predicted"], facts["true"] = _classes(choice, answers, targets)
    loss = choice.build_loss() if choice.keras_class else None
    shot = run_once(model, batch, [targets], lambda out, flat: [loss])
    owners = {id(v): layer.name for layer in layers for v in layer.trainable_variables}
    facts["slopes"] = tuple(
        (owners.get(id(v), v.path), float(np.sqrt(np.mean(np.square(g, dtype=np.float64)))))
        for v, g in zip(shot.variables, shot.gradients, strict=False)
        if g is not None and len(v.shape) > 1
    )
    return Trained(**facts)


def _dead_units(model: Any, layers: list[Any], batch: Any) -> tuple[tuple[str, float], ...]:
    """Find the units behind a relu that are 0 for every row."""
    import keras

    relus = [
        layer
        for layer in layers
        if getattr(getattr(layer, "activation", None), "__name__", "") == "relu"
        or type(layer).__name__ == "ReLU"
    ]
    if not relus or not has_graph(model) or relus != [la for la in relus if la in model.layers]:
        return ()
    inputs = model.inputs[0] if len(model.inputs) == 1 else model.input
    inner = keras.Model(inputs, [layer.output for layer in relus])
    values = keras.tree.flatten(inner(batch, training=False))
    alive = [np.asarray(value).reshape(-1, value.shape[-1]).any(axis=0) for value in values]
    return tuple((la.name, 1 - float(a.mean())) for la, a in zip(relus, alive, strict=True))


def _classes(choice: LossChoice, answers: Any, y: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Count the classes that are answered and those that are right."""
    if choice.labels.kind not in ("binary", "integer", "ordered", "one-hot"):
        return (), ()
    size = max(2, len(choice.labels.classes or ()))
    ids = [answered_ids(choice, answers), label_ids(choice, y)]
    counts = [np.bincount(part[(part >= 0) & (part < size)], minlength=size) for part in ids]
    return tuple(map(int, counts[0])), tuple(map(int, counts[1]))
