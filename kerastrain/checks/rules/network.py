"""Can the network learn at all, as it stands?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from kerastrain.checks.findings import Problem
from kerastrain.checks.settings import CROSSENTROPIES
from kerastrain.checks.setup import Setup
from kerastrain.models.copies import layers_of
from kerastrain.models.private_names import loss_of, metrics_added, trainable_at_compile

_LINEAR = {"InputLayer", "Flatten", "Reshape", "Dropout", "Permute", "BatchNormalization",
           "Rescaling", "Normalization", "Identity", "ZeroPadding1D", "ZeroPadding2D",
           "AveragePooling1D", "AveragePooling2D", "GlobalAveragePooling1D",
           "GlobalAveragePooling2D"}  # fmt: skip
_TINY = 0.06  # times 1 / sqrt(units): first weights far below those of Keras' initializers
_WEIGHTED = {"Dense", "Conv1D", "Conv2D", "Conv3D"}


def nothing_trainable(setup: Setup) -> Iterator[Problem]:
    """A model in which every weight is frozen, or that has none.

    `fit` runs, or raises about an empty list of gradients; the loss does not move.
    """
    if setup.seen is not None and not setup.own_step and not setup.seen.trainable_variables:
        frozen = bool(setup.seen.weights)
        yield Problem(
            "The model must have weights to train; "
            + ("all of them are frozen." if frozen else "it has none."),
            "Before compile: model.trainable = True; model.layers[-1].trainable = True."
            if frozen
            else "Add a layer with weights, as keras.layers.Dense(...)."
        )  # fmt: skip


def no_gradient(setup: Setup) -> Iterator[Problem]:
    """A loss without a gradient: round, argmax, a comparison, a cast to int.

    Their slope is 0 or none everywhere. Keras raises "No gradients provided for any variable",
    or trains without moving a weight. Seen by trying one small batch.
    """
    shot = setup.shot
    if (
        shot.stage != "done"
        or not shot.variables
        or np.all(np.isnan(shot.losses))
        or setup.own_step
    ):
        return
    if all(g is None for g in shot.gradients):
        yield Problem(
            "The loss must have a gradient; none reaches any weight.",
            "Leave round, argmax, casts and comparisons to the metrics, and train on "
            "loss='binary_crossentropy', 'sparse_categorical_crossentropy' or 'mse'.",
        )


def lost_gradient(setup: Setup) -> Iterator[Problem]:
    """Weights that the gradient does not reach, while it reaches others.

    A round, an argmax or a layer that is not used cuts them off: they keep their first values.
    """
    shot = setup.shot
    if shot.stage != "done" or setup.own_step or any(o.loss.given is None for o in setup.outputs):
        return
    lost = [v for v, g in zip(shot.variables, shot.gradients, strict=True) if g is None]
    if lost and len(lost) < len(shot.gradients):
        names = ", ".join(dict.fromkeys(v.path.split("/")[-2] for v in lost if "/" in v.path))
        yield Problem(
            f"The gradient must reach every weight to be trained; it does not reach {names}.",
            "Take out what has no slope (round, argmax, a cast), or freeze these layers.",
        )


def dead_start(setup: Setup) -> Iterator[Problem]:
    """A start at which no kernel has a gradient: all-zero weights, or relus that are all 0.

    Weights that are all zero stay zero, and weights that are all equal stay equal, since they
    get the same gradient: one hundred units then learn what one could.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 8.4.
    """
    shot = setup.shot
    if shot.stage != "done" or setup.own_step or np.all(np.isnan(shot.losses)):
        return
    if any(x.constant or x.missing or x.infinite for x in setup.x) or _told_of_head(setup):
        return  # told by another rule
    kernels = [
        (v, g) for v, g in zip(shot.variables, shot.gradients, strict=True)
        if g is not None and g.ndim > 1
    ]  # fmt: skip
    if not kernels or np.nansum(np.abs(shot.losses)) < 1e-6:  # it is right already
        return
    if not any(np.any(g) for _, g in kernels):
        yield Problem(
            "The first step must move the weights; the gradient of every kernel is 0 on a batch "
            f"of {len(shot.outputs[0])} rows.",
            _slope_back(setup, [v for v, _ in kernels]),
        )
        return
    for variable, gradient in kernels:
        values = np.asarray(variable)
        twins = gradient.shape[-1] > 1 and bool(np.all(values == values.flat[0]))
        slopes = gradient.reshape(-1, gradient.shape[-1])
        if twins and np.any(slopes) and np.allclose(slopes, slopes[:, :1], rtol=1e-4, atol=0):
            yield Problem(
                f"Units must start differently; all weights of {variable.path!r} are "
                f"{values.flat[0]:g} and get the same gradient, so they stay equal.",
                "Leave kernel_initializer out, so that Keras draws them.",
            )
            return


def _slope_back(setup: Setup, kernels: list[Any]) -> str:
    """Say what to do: other first weights if these are all the same, else a loss with a slope."""
    if any(np.ptp(np.asarray(kernel)) == 0 for kernel in kernels):
        return "Keep the initial weights that Keras draws: leave kernel_initializer out."
    if any(o.loss.given is not None and not o.loss.name for o in setup.outputs):
        return (
            "Leave round, sign and comparisons to the metrics: train on "
            "loss='binary_crossentropy', 'sparse_categorical_crossentropy' or 'mse'."
        )
    return "Scale x to size 1, and let the last layers end without relu."


def _told_of_head(setup: Setup) -> bool:
    """Say whether an output has no gradient for a reason that the rules of heads tell."""
    return any(
        (o.units == 1 and o.activation == "softmax")
        or (o.no_probability and o.loss.name in CROSSENTROPIES)
        for o in setup.outputs
    )


def all_linear(setup: Setup) -> Iterator[Problem]:
    """Several layers with weights in a row and no activation between them.

    A product of matrices is a matrix: the network can learn nothing that one Dense could not.
    A narrow layer in the middle may be meant: a factorisation, an autoencoder.
    """
    layers = list(layers_of(setup.graph)) if setup.graph is not None else []
    weighted = [layer for layer in layers if type(layer).__name__ in _WEIGHTED]
    others = {type(layer).__name__ for layer in layers[:-1]} - _WEIGHTED
    copies = any(o.y is not None and o.y.array is x.array for o in setup.outputs for x in setup.x)
    if len(weighted) < 2 or others - _LINEAR or copies:  # an autoencoder is meant to be so
        return
    if len(setup.outputs) != 1 or _own_graph(setup, layers):
        return
    if type(layers[-1]).__name__ not in {"Activation", "Softmax", *_WEIGHTED, *_LINEAR}:
        return
    hidden = weighted[:-1]
    if any(_activation(layer) != "linear" for layer in hidden):
        return
    widths = [layer.kernel.shape for layer in weighted]
    if any(shape[-1] < min(widths[0][-2], widths[-1][-1]) for shape in widths[:-1]):
        return
    names = ", ".join(repr(layer.name) for layer in hidden)
    yield Problem(
        f"Hidden layers must bend what passes through; {names} have no activation, so the "
        "network as a whole is one linear layer.",
        f"{type(hidden[0]).__name__}(..., activation='relu').",
    )


def _activation(layer: Any) -> str:
    """Name the activation of a layer."""
    return str(getattr(layer.activation, "__name__", type(layer.activation).__name__))


def _own_graph(setup: Setup, layers: list[Any]) -> bool:
    """Say whether a model is more than its layers in a row, so that a bend may hide in it."""
    import keras

    if isinstance(setup.graph, keras.Sequential):
        return False
    operations = getattr(setup.graph, "operations", None)
    return operations is None or len(operations) != len(layers)


def vanishing(setup: Setup) -> Iterator[Problem]:
    """A gradient that has all but vanished on its way to the first layer, as of sigmoids in a row.

    Measured on a small batch: the root mean square of the gradient per weight, of the first layer
    against the last. The slope of a sigmoid is at most 1/4, and small first weights multiply.
    Source: Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS, 2010.
    """
    shot = setup.shot
    if shot.stage != "done" or setup.own_step or setup.graph is None:
        return
    slopes: dict[int, Any] = {
        id(v): g for v, g in zip(shot.variables, shot.gradients, strict=False)
    }
    hidden = [layer for layer in layers_of(setup.graph) if type(layer).__name__ in _WEIGHTED
              and slopes.get(id(layer.kernel)) is not None]  # fmt: skip
    ends = [_activation(layer) for layer in hidden[:-1]]
    flat = sum(end in ("sigmoid", "hard_sigmoid", "tanh", "softsign") for end in ends)
    small = any(np.std(np.asarray(la.kernel).ravel()[:4096]) < _TINY / np.sqrt(la.kernel.shape[-1])
                for la in hidden[:-1])  # fmt: skip
    if len(hidden) < 3 or not (flat >= 2 or small):
        return
    first, last = (float(np.sqrt(np.mean(np.square(slopes[id(layer.kernel)], dtype=np.float64))))
                   for layer in (hidden[0], hidden[-1]))  # fmt: skip
    if not 0 < first < 1e-3 * last:
        return
    why = (
        f"{flat} layers of {max(set(ends), key=ends.count)}" if flat >= 2 else "tiny first weights"
    )
    yield Problem(
        f"The gradient must reach the first layer, but at {hidden[0].name!r} it is "
        f"{first / last:.0e} of that of the last layer: {why}.",
        "Dense(..., activation='relu', kernel_initializer='he_normal'), or a BatchNormalization "
        "layer between them.",
    )


def heavy_dropout(setup: Setup) -> Iterator[Problem]:
    """Dropout of 0.7 and more: of ten units seven are set to 0 in every step."""
    for layer in setup.layers:
        rate = getattr(layer, "rate", None)
        if "Dropout" in type(layer).__name__ and isinstance(rate, int | float) and rate >= 0.7:
            yield Problem(
                f"Dropout must leave most units in, but {layer.name!r} has a rate of {rate:g}: "
                "rate is the share that is dropped, not the share that is kept.",
                f"Dropout({round(1 - rate, 2) if rate < 1 else 0.2:g}).",
            )


def heavy_regularizer(setup: Setup) -> Iterator[Problem]:
    """Regularizers that cost far more at the start than the loss: the weights go to 0 first."""
    if setup.seen is None or setup.shot.stage != "done" or setup.own_step:
        return
    loss = float(np.nansum(setup.shot.losses)) if setup.shot.losses else 0.0
    terms = [float(v.regularizer(v)) for v in setup.shot.variables
             if getattr(v, "regularizer", None) is not None]  # fmt: skip
    if terms and loss > 0 and sum(terms) > 10 * loss:
        yield Problem(
            f"The loss must outweigh the regularizers, but at the start they cost {sum(terms):.3g} "
            f"and the loss {loss:.3g}.",
            "kernel_regularizer=keras.regularizers.L2(1e-4).",
        )


def two_activations(setup: Setup) -> Iterator[Problem]:
    """Two activations in a row inside the network, as Dense(..., 'relu') and then LeakyReLU.

    The second works on what the first has cut off already.
    """
    bends = {"LeakyReLU", "PReLU", "ELU", "ReLU", "Activation"}
    layers = list(layers_of(setup.graph)) if setup.graph is not None else []
    if not layers or _own_graph(setup, layers):
        return
    for one, two in itertools.pairwise(layers[:-1]):
        first = _activation(one) if hasattr(one, "activation") else "linear"
        kind = type(two).__name__
        second = _activation(two) if kind == "Activation" else kind
        idle = first == second or (first == "relu" and second in ("ReLU", "relu"))
        if first not in ("linear", "softmax") and kind in bends and second != "linear" and not idle:
            yield Problem(
                f"There must be one activation after each layer, but {one.name!r} has {first!r} "
                f"and {two.name!r} follows with {second!r}.",
                f"{type(one).__name__}(...) without activation, then {kind}.",
            )


def changed_since_compile(setup: Setup) -> Iterator[Problem]:
    """What was set too late and has no effect: model.loss, a metric, a regularizer, lr.

    `fit` runs the program that it made before, with the loss and metrics of `compile`. What does
    have an effect at any time: weights, and optimizer.learning_rate. A new model.optimizer has one
    before the first `fit`.
    """
    model, optimizer = setup.model, setup.given["optimizer"]
    for layer in setup.layers:
        late = getattr(layer, "kernel_regularizer", None)
        if late is not None and late is not getattr(
            getattr(layer, "kernel", None), "regularizer", late
        ):
            yield Problem(
                f"A regularizer must be there when its layer is built, but that of {layer.name!r} "
                "was set later and costs nothing.",
                "model = keras.models.clone_model(model)",
            )
            return
    late = getattr(optimizer, "__dict__", {}).get("lr")
    if late is not None and late != float(np.asarray(optimizer.learning_rate)):
        yield Problem(
            f"The learning rate is called learning_rate in Keras 3, but lr={optimizer.lr!r} was "
            "set, which nobody reads.",
            f"optimizer.learning_rate = {optimizer.lr!r}",
            "optimizer",
        )
    if not getattr(model, "compiled", False) or optimizer is not model.optimizer or setup.own_step:
        return
    # equal, not the same: Keras keeps a dict of losses in a dict of its own
    set_later = setup.given["loss"] is model.loss and model.loss != loss_of(model)
    # what a model of a user's own class measures, its call may update
    idle = metrics_added(model) if type(model).__module__.startswith("keras.") else []
    traced = getattr(model, "train_function", None) is not None
    swapped = traced and not getattr(optimizer, "built", True)
    if set_later or swapped or idle:
        what = "model.loss" if set_later else "model.optimizer" if swapped else (
            f"the metric {idle[0].name!r}")  # fmt: skip
        anew = "loss = model.loss; model = keras.models.clone_model(model); " if idle else ""
        loss = "loss" if idle else "model.loss"
        yield Problem(
            f"Changes must come before compile, but {what} was changed after it and has no effect.",
            f"Compile again: {anew}model.compile(optimizer='adam', loss={loss}).",
        )


def frozen_since_compile(setup: Setup) -> Iterator[Problem]:
    """Layers frozen or unfrozen since `model.fit` made its program.

    `model.fit` goes on with the program that it has; `kt.fit` and `kt.train` make it anew.
    """
    model = setup.model
    if getattr(model, "train_function", None) is None or setup.own_step:
        return
    changed = [layer.name for layer, state in trainable_at_compile(model).items()
               if layer.trainable != state]  # fmt: skip
    if changed:
        yield Problem(
            f"model.fit must be told of frozen layers by compile, but trainable of {changed[0]!r} "
            "was changed after it and has no effect there. kt.fit and kt.train take it up.",
            "Compile again: model.compile(optimizer='adam', loss=model.loss).",
        )


def trained_before(setup: Setup) -> Iterator[Problem]:
    """A model that was trained already, with a new optimizer at full speed.

    It goes on from its weights, so the first epoch looks too good. Keras does not start anew
    by itself. With a smaller learning rate, or with other layers frozen, it is fine-tuning.
    """
    old, new = getattr(setup.model, "optimizer", None), setup.given["optimizer"]
    if old is None or new is old or setup.own_step or not getattr(old, "built", False):
        return
    steps = int(np.asarray(old.iterations))
    rate = getattr(old, "learning_rate", None)
    before = trainable_at_compile(setup.model)
    frozen = any(layer.trainable != state for layer, state in before.items())
    slower = rate is not None and setup.optimizer.learning_rate < 0.99 * float(np.asarray(rate))
    if steps > 0 and not slower and not frozen:
        yield Problem(
            f"A fresh run must start from fresh weights; this model has taken {steps} steps.",
            "For a new start: keras.models.clone_model(model). To go on: keep its optimizer, "
            "optimizer=model.optimizer.",
        )


def keras_raises(setup: Setup) -> Iterator[Problem]:
    """Anything else that makes the loss raise on a small batch, as it would in `fit`."""
    shot = setup.shot
    if shot.error is None or shot.stage == "forward" or setup.own_step:
        return
    lines = [line.strip() for line in str(shot.error).splitlines() if line.strip()]
    if "DistributedVariable" in lines[0]:  # nothing can be tried in the scope of a strategy
        return
    yield Problem(
        f"The loss must take y and the output; it raised {type(shot.error).__name__}: "
        f"{(lines or [''])[0][:200]}",
        "Compare y.shape with model.output_shape, and the loss with choose_loss(y).",
    )
