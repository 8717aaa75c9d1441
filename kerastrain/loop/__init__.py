"""How is a compiled model trained, fast, with the numbers of `model.fit`?

- `fit` is the entrance; `decide` says which loop can train this, `modes` how it is compiled
- `tensorflow` is the fast loop; `epochs` what happens around it; `models` what a model brings to it
- `arrays` are the rows and their order; `windows` bring them into memory
- `keras` is the other loop, `model.fit` itself; `reuse` trains one compiled model many times
"""

from kerastrain.loop.fitting import TrainingInterrupted, fit
from kerastrain.loop.reuse import start_over

__all__ = ["TrainingInterrupted", "fit", "start_over"]
