"""Can the optimizer train with these settings?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kerastrain.checks.findings import Problem
from kerastrain.checks.setup import Setup
from kerastrain.models.private_names import given_rate, weights_known_to

# Steps of these are about the learning rate long for each weight, whatever the gradient.
ADAPTIVE = {"Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Lion", "LossScaleOptimizer"}


def learning_rate_sign(setup: Setup) -> Iterator[Problem]:
    """A learning rate of 0, below 0, NaN or infinite.

    Keras takes it without a word: 0 trains nothing, a negative one climbs the loss.
    """
    rate, schedule = setup.optimizer.learning_rate, setup.optimizer.schedule
    if setup.optimizer.copy is None or (_rate_is_set(setup) and schedule is None):
        return
    if schedule is not None:
        later = [float(schedule(step)) for step in (0, 10, 100, 1000)]
        bad = max(later) <= 0 or min(later) < 0 or not np.isfinite(later).all()
    else:
        own = setup.given["optimizer"]
        bad = not (np.isfinite(rate) and rate > 0) and not callable(given_rate(own))
    if bad:
        yield Problem(
            f"The learning rate must be above 0, but got {rate:g}.",
            "Pass learning_rate=0.01 for SGD, 0.001 for Adam.",
            "optimizer",
        )


def _rate_is_set(setup: Setup) -> bool:
    """Say whether a callback sets the rate anew, so that the optimizer's own never counts."""
    import keras

    return any(isinstance(c, keras.callbacks.LearningRateScheduler) for c in setup.callbacks)


def _momentum(setup: Setup) -> float:
    return float(getattr(setup.optimizer.copy, "momentum", 0.0) or 0.0)


def learning_rate_high(setup: Setup) -> Iterator[Problem]:
    """A learning rate whose first steps overshoot.

    Adam-like steps are about learning_rate long in every weight, and weights start near 0.1:
    0.5 and more throws them away. For SGD the step is measured. Along the gradient g, a parabola
    that stays above 0 curves at least by |g|⁴ / 2L; so with r = learning_rate · |g|² / L the loss
    becomes at least L (1 - r/2)², which is more than L for r above 4. Squared errors follow this;
    cross-entropies bear far more.
    Source: the step r = 2 is that of Polyak, "Introduction to Optimization", 1987, section 5.3.
    """
    rate, kind = setup.optimizer.learning_rate, setup.optimizer.kind
    if not np.isfinite(rate) or rate <= 0 or _rate_is_set(setup):
        return
    if kind in ADAPTIVE and rate >= 0.5:
        yield Problem(
            f"{kind} moves every weight by about the learning rate a step, but got {rate:g}, while "
            "weights start near 0.1.",
            f"Pass learning_rate=0.001: keras.optimizers.{kind}(0.001).",
            "optimizer",
        )
    far = _step_length(setup)
    squares = {o.loss.name for o in setup.outputs} == {"mean_squared_error"}
    if (4 if squares else 300) < far <= (100 if squares else np.inf):
        yield Problem(*_overshoot(setup, far), "optimizer")


def overshoot(setup: Setup) -> Iterator[Problem]:
    """A first step of SGD on squared errors that is many times too long.

    The error of the next step is then larger, its gradient too: the loss is NaN in a few
    steps. Measured as in `learning_rate_high`; here the step is 50 times too long or more.
    """
    far = _step_length(setup)
    if (
        far > 100
        and not _rate_is_set(setup)
        and {o.loss.name for o in setup.outputs} == {"mean_squared_error"}
    ):
        yield Problem(*_overshoot(setup, far), "optimizer")


def _step_length(setup: Setup) -> float:
    """Measure learning_rate · |gradient|² / loss for plain SGD; 0 where it does not apply."""
    shot, copy, rate = setup.shot, setup.optimizer.copy, setup.optimizer.learning_rate
    clipped = any(getattr(copy, n, None) for n in ("clipnorm", "clipvalue", "global_clipnorm"))
    loss = float(np.nansum(shot.losses)) if shot.losses else 0.0
    known = setup.optimizer.kind == "SGD" and shot.stage == "done" and rate > 0 and loss > 1e-3
    if clipped or not known or any(x.missing or x.infinite for x in setup.x):
        return 0.0
    squared = sum(
        float(np.sum(np.square(g, dtype=np.float64))) for g in shot.gradients if g is not None
    )
    return rate * squared / loss if np.isfinite(squared) else 0.0


def _overshoot(setup: Setup, far: float) -> tuple[str, str]:
    """Say how far a step goes, and which rate would do."""
    rate = setup.optimizer.learning_rate
    way = f"learning_rate={min(rate / far, 0.01):.0e}"
    return (
        f"The first step must lower the loss; with learning_rate={rate:g} it is {far / 2:.3g} "
        "times as long as the step that could bring the loss to 0.",
        f"Scale x and y to size 1 first: (x - x.mean(axis=0)) / x.std(axis=0). As they are: {way}.",
    )


def learning_rate_low(setup: Setup) -> Iterator[Problem]:
    """A learning rate so small that all steps together do not move the weights.

    For Adam the way of a weight is at most about learning_rate times steps, and weights start
    near 0.1. A model that was trained before may want small steps.
    """
    rate, kind, steps = setup.optimizer.learning_rate, setup.optimizer.kind, setup.steps
    old = getattr(setup.model, "optimizer", None)
    trained = (
        old is not None and getattr(old, "built", False) and int(np.asarray(old.iterations)) > 0
    )
    if (
        trained
        or _rate_is_set(setup)
        or steps is None
        or not rate > 0
        or setup.optimizer.schedule is not None
    ):
        return
    if any(not layer.trainable for layer in getattr(setup.model, "layers", ())):
        return  # a frozen base: fine-tuning
    adaptive = kind in ADAPTIVE and rate <= 1e-6 and rate * steps < 1e-3
    squared = sum(float(np.sum(np.square(g))) for g in setup.shot.gradients if g is not None)
    loss = float(np.nansum(setup.shot.losses)) if setup.shot.losses else 0.0
    plain = kind == "SGD" and loss > 0 and squared > 0 and rate <= 1e-5
    plain = plain and rate / (1 - min(0.999, _momentum(setup))) * squared * steps < 0.01 * loss
    if adaptive or plain:
        yield Problem(
            f"The steps must add up to something; {steps} steps with learning_rate={rate:g} do "
            "not move the weights.",
            f"Pass learning_rate={0.01 if kind == 'SGD' else 0.001}.",
            "optimizer",
        )


def schedule_and_callback(setup: Setup) -> Iterator[Problem]:
    """A schedule in the optimizer and a callback that sets the rate too.

    Keras raises a TypeError when the callback first sets it, for ReduceLROnPlateau epochs later.
    """
    import keras

    setters = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    for callback in setup.callbacks:
        if setup.optimizer.schedule is not None and isinstance(callback, setters):
            kind = type(callback).__name__
            yield Problem(
                "The learning rate must be set in one place, but got "
                f"{type(setup.optimizer.schedule).__name__} in the optimizer and {kind}.",
                f"Drop {kind}, or give the optimizer a number: learning_rate=0.001.",
                "callbacks",
            )


def two_schedulers(setup: Setup) -> Iterator[Problem]:
    """Two callbacks that set the learning rate.

    LearningRateScheduler sets it anew each epoch, so what ReduceLROnPlateau did is gone.
    """
    import keras

    setters = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    found = [type(c).__name__ for c in setup.callbacks if isinstance(c, setters)]
    if len(found) > 1:
        yield Problem(
            f"The learning rate must be set in one place, but got {' and '.join(found)}.",
            "Keep one of them.",
            "callbacks",
        )


def schedule_length(setup: Setup) -> Iterator[Problem]:
    """A schedule that is over long before the training, as with a length in epochs.

    Keras counts steps, not epochs: decay_steps=10 is over within the first epoch, and the rest
    trains with a rate of about 0.
    """
    schedule, steps = setup.optimizer.schedule, setup.steps
    if schedule is None or steps is None or steps < 20:
        return
    rates = [float(schedule(int(step))) for step in np.linspace(0, steps - 1, 33)]
    top = max(rates)
    if top > 0 and np.mean(np.array(rates) < 1e-3 * top) > 0.5:
        yield Problem(
            f"A schedule must last as long as the training; this one is below a thousandth of "
            f"its highest rate for most of the {steps} steps.",
            f"Give its length in steps: decay_steps={steps}.",
            "optimizer",
        )


def other_model(setup: Setup) -> Iterator[Problem]:
    """An optimizer that was built for another model.

    It holds the weights of that model by name: Keras raises "unknown variable", or, with equal
    shapes, goes on with momenta that belong to other weights.
    """
    given = setup.given["optimizer"]
    if not getattr(given, "built", False) or setup.seen is None:
        return
    own = {id(v) for v in setup.model.variables}
    theirs = weights_known_to(given)
    if theirs and not all(id(v) in own for v in theirs):
        kind = type(given).__name__
        yield Problem(
            "An optimizer belongs to one model; this one was built for another.",
            f"Make a fresh one: keras.optimizers.{kind}.from_config(optimizer.get_config()).",
            "optimizer",
        )
    elif theirs and {id(v) for v in setup.model.trainable_variables} - {id(v) for v in theirs}:
        yield Problem(
            "An optimizer must know all its weights; layers were unfrozen after it was built.",
            "Compile anew with a fresh optimizer: keras.optimizers.Adam(1e-5).",
            "optimizer",
        )


def clipped_to_nothing(setup: Setup) -> Iterator[Problem]:
    """Settings that stop every step, or blow it up: clipping at 0, decay of the size of weights.

    A clip below 0 turns gradients round; learning_rate · weight_decay of 1 or more empties the
    weights in a step.
    """
    copy, rate = setup.optimizer.copy, setup.optimizer.learning_rate
    for name in ("clipnorm", "clipvalue", "global_clipnorm"):
        value = getattr(copy, name, None)
        if value is not None and not value > 0:
            yield Problem(
                f"{name} must be above 0, but got {value:g}.", f"Pass {name}=1.0.", "optimizer"
            )
    decay = getattr(copy, "weight_decay", None)
    if isinstance(decay, int | float) and (decay < 0 or rate * decay >= 0.5):
        yield Problem(
            f"weight_decay must be from 0 to well below 1 / learning_rate, but got {decay:g}.",
            "Pass weight_decay=0.004.",
            "optimizer",
        )
