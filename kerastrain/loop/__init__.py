"""How is a compiled model trained, fast, with the numbers of `model.fit`?"""

from kerastrain.loop.fit import TrainingInterrupted, fit

__all__ = ["TrainingInterrupted", "fit"]
