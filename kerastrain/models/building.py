"""How is a model built by the user's own function?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kerastrain.errors import DataError

if TYPE_CHECKING:
    import keras

__all__ = ["build"]


def build(build_model: Callable[[Any], Any], choice: Any) -> keras.Model:
    """Call the user's function that builds a model, and see that it does.

    Args:
        build_model: Gets the choice of the loss and returns a Keras model.
        choice: What it gets.

    Returns:
        The model.

    Raises:
        DataError: it is no function, or returns no model.
    """
    import keras

    if isinstance(build_model, keras.Model) or not callable(build_model):
        message = (
            "build_model must be a function that builds a model anew each time (train() alone "
            f"takes a model too), but got {build_model!r}. Write def build_model(choice): and "
            "return keras.Sequential([..., keras.layers.Dense(choice.units, choice.activation)])."
        )
        raise DataError(message)
    model = build_model(choice)
    if not isinstance(model, keras.Model):
        message = (
            f"build_model must return a Keras model; {build_model!r} returned {model!r}. "
            "End the function with: return keras.Sequential([...])."
        )
        raise DataError(message)
    return model
