"""How can a model be looked at so that nothing notices?"""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from kerastrain.models.private_names import eager_draws, global_state, tensorflow_random
from kerastrain.models.seeds import ONE_AT_A_TIME

__all__ = ["untouched"]


@contextmanager
def untouched() -> Iterator[None]:
    """Put every random generator and Keras' own counters back to where they were.

    A clone draws initial weights, a copy of an optimizer counts up Keras' names. Both would
    change the numbers or the names of what the user does next. Warnings that the looking
    itself would cause are not shown: they are told as findings, or by `fit` in its turn.
    """
    with ONE_AT_A_TIME:
        state = global_state()
        python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
        names = copy.copy(state.get_global_attribute("object_name_uids"))
        generator = state.get_global_attribute("global_seed_generator")
        seed = None if generator is None else np.array(generator.state)
        try:
            with warnings.catch_warnings(), _tensorflow_untouched():
                warnings.simplefilter("ignore")
                yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002
            state.set_global_attribute("object_name_uids", names)
            state.set_global_attribute("global_seed_generator", generator)
            if generator is not None:
                generator.state.assign(seed)


@contextmanager
def _tensorflow_untouched() -> Iterator[None]:
    """Put TensorFlow's eager generators back; other backends of Keras hold no state."""
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    draws, module = eager_draws(), tensorflow_random()
    drawn = None if draws is None else draws.getstate()
    generator = module.global_generator
    state = None if generator is None else generator.state.numpy()
    try:
        yield
    finally:
        if draws is not None:
            draws.setstate(drawn)
        module.global_generator = generator
        if generator is not None:
            generator.state.assign(state)
