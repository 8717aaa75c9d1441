"""Which optimizer, with which settings?  SGD and Adam as real Keras objects.

Both functions return Keras' own optimizer, with Keras' own schedule inside, so a model saved
with one opens without kerastrain. What they add: the settings are checked when the object is
made (Keras takes a negative or NaN learning rate without a word), and a schedule needs no more
than its name and its length.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerastrain.arrays.arguments import check_name, check_number, check_whole
from kerastrain.errors import OptimizerError

if TYPE_CHECKING:
    import keras

__all__ = ["adam", "decay", "get_optimizer", "sgd", "with_schedule"]

# name -> what it does to the learning rate over the training
SCHEDULES: Mapping[str, str] = {
    "cosine": "falls along half a cosine, to 0",
    "exponential": "falls by the same factor at each step, to 1/100",
    "step": "is divided by 10 after one half and again after three quarters",
}
WARMUP_STAIRS, DECAY_STAIRS = 10, 20


def sgd(
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.01,
    *,
    momentum: float = 0.9,
    nesterov: bool = False,
    weight_decay: float | None = None,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
    global_clipnorm: float | None = None,
    schedule: str | None = None,
    decay_steps: int | None = None,
    warmup_steps: int = 0,
    **settings: Any,
) -> keras.optimizers.SGD:
    """Build stochastic gradient descent with momentum.

    Each step moves the weights `w` by a velocity `v` that remembers earlier gradients `g`::

        v = momentum * v - learning_rate * g
        w = w + v

    The plain Keras call is `keras.optimizers.SGD(learning_rate, momentum=0.9)`.

    Args:
        learning_rate: Length of a step, above 0; or a Keras schedule. Left out, 0.01 as in Keras.
        momentum: Share of the velocity that stays, in [0, 1). Left out, 0.9, the value of
            Sutskever et al. (Keras' default, 0, is plain gradient descent).
        nesterov: Take the gradient where the velocity leads, not where the weights stand.
        weight_decay: Share of each weight that is taken away a step, times the learning rate;
            0 or more. Left out, none.
        clipnorm: Longest gradient for one weight array; longer ones are shortened.
        clipvalue: Largest gradient for one weight; larger ones are cut.
        global_clipnorm: Longest gradient over all weights together. Only one of the three.
        schedule: `"cosine"`, `"exponential"` or `"step"`, with its length in `decay_steps`;
            `train(schedule=...)` takes the length in epochs instead. Left out, constant.
        decay_steps: Steps (batches) over which the schedule falls, after the warm-up.
        warmup_steps: Steps in which the rate first rises evenly from 0.
        **settings: Further settings of `keras.optimizers.SGD`, such as `use_ema`.

    Returns:
        A fresh optimizer; one optimizer serves one model.

    Raises:
        OptimizerError: a setting with which no training can work.

    Examples:
        >>> optimizer = sgd(0.1, schedule="cosine", decay_steps=1000)
        >>> optimizer.momentum
        0.9

    References:
        Sutskever, Martens, Dahl, Hinton, On the importance of initialization and momentum in
        deep learning, ICML 2013.
    """
    import keras

    return keras.optimizers.SGD(
        learning_rate=_rate(learning_rate, schedule, decay_steps, warmup_steps),
        momentum=_number("momentum", momentum, high=1, example=0.9),
        nesterov=nesterov,
        **_shared(weight_decay, clipnorm, clipvalue, global_clipnorm),
        **settings,
    )


def adam(
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.001,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float | None = None,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
    global_clipnorm: float | None = None,
    schedule: str | None = None,
    decay_steps: int | None = None,
    warmup_steps: int = 0,
    **settings: Any,
) -> keras.optimizers.Adam:
    """Build Adam: a step of nearly equal length for each weight.

    The mean `m` of the gradients `g` is divided by the root of the mean `v` of their squares::

        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        w = w - learning_rate * m / (sqrt(v) + epsilon)      (m and v corrected for their start)

    The plain Keras call is `keras.optimizers.Adam(learning_rate)`.

    Args:
        learning_rate: About the change of a weight in one step, above 0; or a Keras schedule.
            Left out, 0.001, the value of Kingma and Ba.
        beta_1: How long the mean of the gradients remembers, in [0, 1). Left out, 0.9.
        beta_2: How long the mean of their squares remembers, in [0, 1). Left out, 0.999.
        epsilon: Keeps the division finite, above 0. Left out, 1e-7 as in Keras.
        weight_decay: Share of each weight that is taken away a step, times the learning rate;
            0 or more. Left out, none.
        clipnorm: Longest gradient for one weight array; longer ones are shortened.
        clipvalue: Largest gradient for one weight; larger ones are cut.
        global_clipnorm: Longest gradient over all weights together. Only one of the three.
        schedule: `"cosine"`, `"exponential"` or `"step"`, with its length in `decay_steps`;
            `train(schedule=...)` takes the length in epochs instead. Left out, constant.
        decay_steps: Steps (batches) over which the schedule falls, after the warm-up.
        warmup_steps: Steps in which the rate first rises evenly from 0.
        **settings: Further settings of `keras.optimizers.Adam`, such as `amsgrad`.

    Returns:
        A fresh optimizer; one optimizer serves one model.

    Raises:
        OptimizerError: a setting with which no training can work.

    Examples:
        >>> float(adam(1e-3).learning_rate.numpy())
        0.001...

    References:
        Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015.
    """
    import keras

    return keras.optimizers.Adam(
        learning_rate=_rate(learning_rate, schedule, decay_steps, warmup_steps),
        beta_1=_number("beta_1", beta_1, high=1, example=0.9),
        beta_2=_number("beta_2", beta_2, high=1, example=0.999),
        epsilon=_number("epsilon", epsilon, open_low=True, example=1e-7),
        **_shared(weight_decay, clipnorm, clipvalue, global_clipnorm),
        **settings,
    )


def decay(
    name: str, learning_rate: float, decay_steps: int, warmup_steps: int = 0
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Build Keras' own schedule from its name and its length.

    `"cosine"` is `CosineDecay`; `"exponential"` is `ExponentialDecay` to 1/100 of the rate;
    `"step"` is `PiecewiseConstantDecay`, divided by 10 after 1/2 and 3/4 of the steps, as He et
    al. train their residual networks. Of the three only `CosineDecay` has a warm-up, so with one
    the other two become a `PiecewiseConstantDecay` that rises in 10 stairs, and `"exponential"`
    then falls in 20; `"constant"` with a warm-up is a `PolynomialDecay` that rises to the rate.

    Args:
        name: `"cosine"`, `"exponential"`, `"step"` or `"constant"`.
        learning_rate: The highest rate, above 0.
        decay_steps: Steps over which it falls, after the warm-up; 1 or more.
        warmup_steps: Steps in which it first rises evenly from 0.

    Returns:
        A schedule that maps a step (from 0) to a learning rate.

    Raises:
        OptimizerError: an unknown name, or a length that is no whole number of steps.

    References:
        Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017.
        He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, CVPR 2016.
    """
    from keras.optimizers import schedules

    check_name("schedule", name, (*SCHEDULES, "constant"), error=OptimizerError)
    decay_steps = check_whole("decay_steps", decay_steps, error=OptimizerError)
    warmup_steps = check_whole("warmup_steps", warmup_steps, 0, error=OptimizerError)
    if name == "constant":
        return schedules.PolynomialDecay(0.0, max(warmup_steps, 1), learning_rate)
    if name == "cosine":
        if not warmup_steps:
            return schedules.CosineDecay(learning_rate, decay_steps)
        return schedules.CosineDecay(
            0.0, decay_steps, warmup_target=learning_rate, warmup_steps=warmup_steps
        )
    if name == "exponential" and not warmup_steps:
        return schedules.ExponentialDecay(learning_rate, decay_steps, 0.01)

    rises = min(WARMUP_STAIRS, warmup_steps)
    ends = [warmup_steps * (i + 1) // rises for i in range(rises)]
    rates = [learning_rate * (i + 0.5) / rises for i in range(rises)] + [learning_rate]
    if name == "step":
        ends += [warmup_steps + decay_steps // 2, warmup_steps + decay_steps * 3 // 4]
        rates += [learning_rate / 10, learning_rate / 100]
    else:
        falls = min(DECAY_STAIRS, decay_steps)
        ends += [warmup_steps + decay_steps * i // falls for i in range(1, falls)]
        rates += [learning_rate * 0.01 ** (i / falls) for i in range(1, falls)]
    # Keras keeps a value up to and including its boundary; steps count from 0
    return schedules.PiecewiseConstantDecay([end - 1 for end in ends], rates)


def get_optimizer(optimizer: str | keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Find the optimizer that a name stands for.

    Args:
        optimizer: `"sgd"` or `"adam"` for the ones of this module, any other name for Keras'
            own; an optimizer object is returned as it is.

    Returns:
        An optimizer object.

    Raises:
        OptimizerError: no optimizer of that name, with the nearest ones.
    """
    import keras

    if not isinstance(optimizer, str):
        if isinstance(optimizer, keras.optimizers.Optimizer):
            return optimizer
        message = (
            f"optimizer= must be a name or a Keras optimizer, but got {optimizer!r}. "
            "Pass adam(1e-3) or 'adam'."
        )
        raise OptimizerError(message)
    name = optimizer.lower()
    if name in ("sgd", "adam"):
        return sgd() if name == "sgd" else adam()
    try:
        return keras.optimizers.get(name)
    except ValueError:
        known = sorted(
            key.lower()
            for key, value in vars(keras.optimizers).items()
            if isinstance(value, type) and issubclass(value, keras.optimizers.Optimizer)
        )
        near = difflib.get_close_matches(name, known, n=1) or ["adam"]
        message = (
            f"No optimizer has the name {optimizer!r}. The nearest is {near[0]!r}; "
            f"Keras has {', '.join(sorted(set(known) - {'optimizer'}))}."
        )
        raise OptimizerError(message) from None


def with_schedule(
    optimizer: keras.optimizers.Optimizer, name: str, decay_steps: int, warmup_steps: int = 0
) -> keras.optimizers.Optimizer:
    """Copy an optimizer, with a schedule in place of its constant learning rate.

    Args:
        optimizer: It stays as it is.
        name: As in `decay`.
        decay_steps: As in `decay`.
        warmup_steps: As in `decay`.

    Returns:
        A fresh optimizer of the same class and settings.

    Raises:
        OptimizerError: the optimizer has a schedule of its own already.
    """
    config = optimizer.get_config()
    if isinstance(config["learning_rate"], Mapping):
        message = (
            f"Two schedules: schedule={name!r}, and the optimizer has a "
            f"{config['learning_rate']['class_name']}. Pass a fresh optimizer=adam(1e-3) too."
        )
        raise OptimizerError(message)
    config["learning_rate"] = decay(name, config["learning_rate"], decay_steps, warmup_steps)
    return type(optimizer).from_config(config)


def _rate(
    learning_rate: Any, schedule: str | None, decay_steps: int | None, warmup_steps: int
) -> Any:
    """The learning rate as Keras wants it: a float or a schedule."""
    from keras.optimizers.schedules import LearningRateSchedule

    if isinstance(learning_rate, LearningRateSchedule):
        if not (schedule or warmup_steps):
            return learning_rate
        message = (
            f"Two schedules: learning_rate is a {type(learning_rate).__name__}, "
            f"schedule={schedule!r}, warmup_steps={warmup_steps}. Leave one of them out."
        )
        raise OptimizerError(message)
    rate = _number("learning_rate", learning_rate, open_low=True)
    check_name("schedule", schedule, (None, *SCHEDULES), error=OptimizerError)
    if schedule is not None and decay_steps is None:
        message = (
            f"schedule={schedule!r} needs its length, but decay_steps is None. Pass decay_steps="
            "epochs * ceil(rows / batch_size), or give the schedule to train(), which knows it."
        )
        raise OptimizerError(message)
    if schedule is None and decay_steps is not None:
        message = f"decay_steps={decay_steps} needs a schedule. Pass schedule='cosine'."
        raise OptimizerError(message)
    if schedule is None and not warmup_steps:
        return rate
    length = 1 if decay_steps is None else decay_steps
    return decay(schedule or "constant", rate, length, warmup_steps)


def _shared(weight_decay: float | None, *clips: float | None) -> dict[str, float | None]:
    """The settings that SGD and Adam share, checked."""
    names = ("clipnorm", "clipvalue", "global_clipnorm")
    given = {name: value for name, value in zip(names, clips, strict=True) if value is not None}
    if len(given) > 1:
        both = " and ".join(given)
        message = f"Gradients are clipped in one way, but {both} are passed. Keep one of them."
        raise OptimizerError(message)
    checked = {name: _number(name, value, open_low=True) for name, value in given.items()}
    if weight_decay is not None:
        checked["weight_decay"] = _number("weight_decay", weight_decay, example=1e-4)
    return dict(checked)


def _number(name: str, value: Any, **bounds: Any) -> float:
    return check_number(name, value, error=OptimizerError, **bounds)
