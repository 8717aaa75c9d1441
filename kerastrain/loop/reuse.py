"""How does one compiled model serve many runs?  It starts over with other weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastrain.errors import DataError

if TYPE_CHECKING:
    import keras

__all__ = ["start_over"]


def start_over(
    model: keras.Model, fresh: keras.Model, *, learning_rate: float | None = None
) -> None:
    """Set a compiled model back to the start, without compiling again.

    What is compiled belongs to one model object. So many runs of one architecture and one loss,
    over seeds or learning rates, are fastest on one object that starts over each time: `fit` then
    traces and compiles for the first run only.

    Args:
        model: The compiled model that has been trained.
        fresh: A built model of the same architecture. Its weights and the state of its random
            generators are copied.
        learning_rate: The rate of the optimizer from now on. Left out, the one it has.

    Raises:
        DataError: the two models have variables of other shapes.
    """
    pairs = list(zip(model.variables, fresh.variables, strict=False))
    same = len(model.variables) == len(fresh.variables)
    if not same or any(own.shape != new.shape for own, new in pairs):
        message = (
            "Both models must have the same architecture, but got "
            f"{len(model.variables)} variables and {len(fresh.variables)}, or other shapes. "
            "Compile and train the fresh model itself."
        )
        raise DataError(message)
    for own, new in pairs:
        own.assign(new.value)
    if model.optimizer is not None and model.optimizer.built:
        # An optimizer made anew knows its own start: averages, moments, the count of steps.
        unused = type(model.optimizer).from_config(model.optimizer.get_config())
        unused.build(model.trainable_variables)
        for own, new in zip(model.optimizer.variables, unused.variables, strict=True):
            own.assign(new.value)
    if learning_rate is not None:
        model.optimizer.learning_rate = learning_rate
    model.reset_metrics()
