"""How can a model be looked at so that nothing notices?"""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = ["untouched"]


@contextmanager
def untouched() -> Iterator[None]:
    """Put every random generator and Keras' own counters back to where they were.

    A clone draws initial weights, a copy of an optimizer counts up Keras' names. Both would
    change the numbers or the names of what the user does next. Warnings that the looking
    itself would cause are not shown: they are told as findings, or by `fit` in its turn.
    """
    from keras.src.backend.common import global_state

    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    names = copy.copy(global_state.get_global_attribute("object_name_uids"))
    generator = global_state.get_global_attribute("global_seed_generator")
    seed = None if generator is None else np.array(generator.state)
    try:
        with warnings.catch_warnings(), _tensorflow_untouched():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        global_state.set_global_attribute("object_name_uids", names)
        global_state.set_global_attribute("global_seed_generator", generator)
        if generator is not None:
            generator.state.assign(seed)


@contextmanager
def _tensorflow_untouched() -> Iterator[None]:
    """Put TensorFlow's eager generators back; other backends of Keras hold no state."""
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    from tensorflow.python.eager import context
    from tensorflow.python.ops import stateful_random_ops

    draws = getattr(context.context(), "_rng", None)
    drawn = None if draws is None else draws.getstate()
    generator = stateful_random_ops.global_generator
    state = None if generator is None else generator.state.numpy()
    try:
        yield
    finally:
        if draws is not None:
            draws.setstate(drawn)
        stateful_random_ops.global_generator = generator
        if generator is not None:
            generator.state.assign(state)
