"""Which random numbers?  One seed for a whole training, and the caller's generators untouched.

Keras draws the seed of every initializer and of every random layer from Python's `random` when a
layer is made. So seeding `random` while a model is built decides its initial weights, and setting
the state of its seed generators decides its dropout.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from kerastrain.errors import DataError
from kerastrain.models.private_names import seed_source

if TYPE_CHECKING:
    import keras

__all__ = ["choose_seed", "seed_model", "seeded", "seeded_apart"]

LARGEST = 2**31 - 1
# The generators belong to the process: threads that set them would change each other's numbers.
ONE_AT_A_TIME = threading.RLock()


def choose_seed(seed: int | None) -> int:
    """Check a seed, or draw one.

    Args:
        seed: A whole number from 0 to 2**31 - 1. Left out (None), a fresh one is drawn, from the
            operating system, so that no generator of the caller moves.

    Returns:
        The seed.

    Raises:
        DataError: it is no such number.

    Examples:
        >>> choose_seed(7)
        7
    """
    if seed is None:
        return int(np.random.SeedSequence().generate_state(1)[0]) & LARGEST
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= LARGEST:
        message = f"seed must be a whole number from 0 to {LARGEST}, but got {seed!r}. Pass seed=0."
        raise DataError(message)
    return int(seed)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python's and NumPy's global generators for a while, then put them back.

    Args:
        seed: A whole number from 0.
    """
    with ONE_AT_A_TIME:
        before = random.getstate(), np.random.get_state()  # noqa: NPY002 - the caller's own
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - a user's build_model may draw from it
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])  # noqa: NPY002


@contextmanager
def seeded_apart(seed: int) -> Iterator[None]:
    """Seed as `seeded` does, and let Keras draw where no other thread of the process draws.

    The threads of a Dask worker use Python's generator too. One at a time may be in here.

    Args:
        seed: A whole number from 0.
    """
    source = seed_source()
    usual = source.python_random
    with seeded(seed):
        source.python_random = random.Random(seed)  # the numbers of `random` after this seed
        try:
            yield
        finally:
            source.python_random = usual


def seed_model(model: keras.Model, seed: int) -> None:
    """Start the random layers of a model (dropout, noise, augmentation) from a seed.

    Args:
        model: Its seed generators are set; its weights stay.
        seed: A whole number from 0.
    """
    states = [v for v in model.non_trainable_variables if v.path.endswith("seed_generator_state")]
    for i, state in enumerate(states):
        key = np.random.SeedSequence([seed, i]).generate_state(1)[0] & LARGEST
        state.assign(np.array([key, 0], dtype=state.dtype))
