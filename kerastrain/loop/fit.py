"""Which loop trains the model?  The fast one where it gives the same numbers, else `model.fit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerastrain.history import Recorder, tidy

if TYPE_CHECKING:
    import keras

__all__ = ["TrainingInterrupted", "fit"]


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C during a training; the model stands after a whole number of steps.

    Args:
        history: The tidy table of the epochs that were completed.
    """

    def __init__(self, history: pd.DataFrame) -> None:
        super().__init__(f"interrupted after {history['epoch'].nunique()} full epochs")
        self.history = history


def fit(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: str | int = "auto",
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool | str = True,
    class_weight: dict[int, float] | None = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: Any = 1,
    loop: str = "auto",
    seed: int | None = None,
) -> pd.DataFrame:
    """Train a compiled model, as `model.fit` does, and return the tidy history."""
    import keras

    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = callbacks.callbacks
    seed = int(np.random.default_rng().integers(2**31)) if seed is None else seed
    recorder = Recorder()
    attrs = {"loop": "model.fit", "device": "cpu:0", "seed": seed}
    try:
        model.fit(
            x,
            y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=[recorder.callback(model), *keras.tree.flatten(callbacks or [])],
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            sample_weight=sample_weight,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
            validation_freq=validation_freq,
        )
    except KeyboardInterrupt as stop:
        raise TrainingInterrupted(tidy(recorder.records, **attrs)) from stop
    return tidy(recorder.records, **attrs)
