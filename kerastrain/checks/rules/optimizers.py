"""Can the optimizer train with these settings?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kerastrain.checks.findings import Problem
from kerastrain.checks.reach import share_of_way
from kerastrain.checks.setup import Setup
from kerastrain.models.private_names import given_rate, weights_known_to

# Steps of these are about the learning rate long for each weight, whatever the gradient.
ADAPTIVE = {"Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Lion", "LossScaleOptimizer"}

USUAL = {"SGD": 0.01, "Adadelta": 0.1, "Adagrad": 0.01, "Ftrl": 0.01, "Adafactor": 0.01}


def learning_rate_sign(setup: Setup) -> Iterator[Problem]:
    """A learning rate of 0, below 0, NaN or infinite.

    Keras takes it without a word: 0 trains nothing, a negative one climbs the loss.
    """
    rate, schedule = setup.optimizer.learning_rate, setup.optimizer.schedule
    if setup.optimizer.copy is None or (_rate_is_set(setup) and schedule is None):
        return
    if schedule is not None:
        later = [float(schedule(step)) for step in (0, 10, 100, 1000)]
        if not any(later):  # it may rise and fall within the first ten steps
            later += [float(schedule(step)) for step in range(1, 10)]
        bad = max(later) <= 0 or min(later) < 0 or not np.isfinite(later).all()
    else:
        own = setup.given["optimizer"]
        bad = not (np.isfinite(rate) and rate > 0) and not callable(given_rate(own))
    if bad:
        yield Problem(
            f"The learning rate must be above 0, but got {rate:g}.",
            "Pass learning_rate=0.01 for SGD, 0.001 for Adam.",
        )


def _rate_is_set(setup: Setup) -> bool:
    """Say whether a callback sets the rate anew, so that the optimizer's own never counts."""
    import keras

    return any(isinstance(c, keras.callbacks.LearningRateScheduler) for c in setup.callbacks)


def learning_rate_high(setup: Setup) -> Iterator[Problem]:
    """A learning rate whose first steps overshoot.

    Adam-like steps are about learning_rate long in every weight, and weights start near 0.1:
    0.5 and more throws them away. For SGD the step is measured. Along the gradient g, a parabola
    that stays above 0 curves at least by |g|⁴ / 2L; so with r = learning_rate · |g|² / L the loss
    becomes at least L (1 - r/2)², which is more than L for r above 4. Squared errors follow this;
    cross-entropies stay stable at far higher rates.
    Source: the step r = 2 is that of Polyak, "Introduction to Optimization", 1987, section 5.3.
    """
    kind, rates = setup.optimizer.kind, setup.rates
    first = rates[: max(1, len(rates) // 10)]  # later ones may be meant, as in a range test
    rate = first.max() if len(first) else setup.optimizer.learning_rate
    if not np.isfinite(rate) or rate <= 0 or (_rate_is_set(setup) and not len(first)):
        return
    deep = sum(len(v.shape) > 1 for v in setup.shot.variables) > 2
    if kind in ADAPTIVE and rate >= (0.1 if deep else 0.5):
        yield Problem(
            f"{kind} moves every weight by about the learning rate a step, and weights start near "
            f"0.1, but the rate is {rate:g}.",
            f"Pass learning_rate=0.001: keras.optimizers.{kind}(0.001).",
        )
    far = _step_length(setup)
    squares = {o.loss.name for o in setup.outputs} == {"mean_squared_error"}
    if (4 if squares else 300) < far <= (100 if squares else np.inf):
        yield Problem(*_overshoot(setup, far))


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
        yield Problem(*_overshoot(setup, far))


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
    """Learning rates so small that all steps together do not move the weights.

    How far a step goes is the optimizer's own nature: Keras' default of 0.001 is usual for Adam and
    next to nothing for Adadelta, whose paper has 1.0. A model that was trained before may want
    small steps; its biases are not 0 any more.
    """
    rates, shot, steps = setup.rates, setup.shot, setup.steps
    fresh = all(not np.any(v) for v in setup.seen.weights if v.name in ("bias", "beta")) if (
        setup.seen is not None) else False  # fmt: skip
    frozen = any(not layer.trainable for layer in getattr(setup.model, "layers", ()))
    if not len(rates) or shot.stage != "done" or not fresh or frozen or not shot.gradients:
        return
    kind, top, loss = setup.optimizer.kind, float(rates.max()), float(np.nansum(shot.losses))
    if not 0 < top <= USUAL.get(kind, 0.001) / 50 or not np.isfinite(loss) or _stops(setup):
        return
    weights = [np.asarray(v) for v in shot.variables]
    share = share_of_way(setup.optimizer.copy, rates, shot.gradients, weights, 0.02 * abs(loss))
    if share < 1 or (kind in ADAPTIVE and rates.sum() < 1e-3):
        yield Problem(
            f"The learning rate is too small: {steps} steps of {kind} at {top:g} or less barely "
            "change the weights.",
            f"Pass optimizer=keras.optimizers.{kind}({USUAL.get(kind, 0.001):g}).",
        )


def _stops(setup: Setup) -> bool:
    """Say whether the run may end early, so that `epochs` is not its length."""
    import keras

    return any(isinstance(c, keras.callbacks.EarlyStopping) for c in setup.callbacks)


def _setters(setup: Setup) -> list[str]:
    """Name the callbacks that set the learning rate."""
    import keras

    kinds = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    return [type(c).__name__ for c in setup.callbacks if isinstance(c, kinds)]


def schedule_and_callback(setup: Setup) -> Iterator[Problem]:
    """A schedule in the optimizer and a callback that sets the rate too.

    Keras raises a TypeError when the callback first sets it, for ReduceLROnPlateau epochs later.
    """
    for kind in _setters(setup):
        if setup.optimizer.schedule is not None:
            yield Problem(
                "The learning rate must be set in one place, but got "
                f"{type(setup.optimizer.schedule).__name__} in the optimizer and {kind}.",
                f"Drop {kind}, or give the optimizer a number: learning_rate=0.001.",
            )


def two_schedulers(setup: Setup) -> Iterator[Problem]:
    """Two callbacks that set the learning rate.

    LearningRateScheduler sets it anew each epoch, so what ReduceLROnPlateau did is gone.
    """
    found = _setters(setup)
    if len(found) > 1:
        yield Problem(
            f"The learning rate must be set in one place, but got {' and '.join(found)}.",
            "Keep one of them.",
        )


def schedule_length(setup: Setup) -> Iterator[Problem]:
    """Rates of which nothing is left after a small part of the training.

    Keras counts the steps of a schedule, not epochs: decay_steps=10 is over within the first epoch.
    A LearningRateScheduler that multiplies the rate it is given by 0.9**epoch piles up all factors.
    """
    rates, steps = setup.rates, setup.steps
    if len(rates) < 20 or not np.isfinite(rates).all() or rates.max() <= 0 or _stops(setup):
        return
    after = rates[rates.argmax() :] / rates.max()
    little = np.count_nonzero(after < 1e-3) > 0.5 * len(rates)
    if little or (len(after) > len(rates) / 2 and after[len(rates) // 10 :].mean() < 0.02):
        left = int(np.count_nonzero(after > 0.02))
        yield Problem(
            f"The learning rates must last as long as the training, but of {steps} steps only "
            f"about {left} have more than a fiftieth of the highest rate, {rates.max():g}.",
            "In the function of a LearningRateScheduler: return rate * 0.9. In a schedule, whose "
            f"length is in steps: decay_steps={steps}.",
            "callbacks" if _rate_is_set(setup) else "optimizer",
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
            f"Pass optimizer=keras.optimizers.{kind}.from_config(optimizer.get_config()).",
        )
    elif theirs and {id(v) for v in setup.model.trainable_variables} - {id(v) for v in theirs}:
        yield Problem(
            "An optimizer must know all its weights; layers were unfrozen after it was built.",
            "Pass a fresh one: optimizer=keras.optimizers.Adam(1e-5).",
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
            yield Problem(f"{name} must be above 0, but got {value:g}.", f"Pass {name}=1.0.")
    decay = getattr(copy, "weight_decay", None)
    if isinstance(decay, int | float) and (decay < 0 or rate * decay >= 0.5):
        yield Problem(
            f"weight_decay must be from 0 to well below 1 / learning_rate, but got {decay:g}.",
            "Pass weight_decay=0.004.",
        )
