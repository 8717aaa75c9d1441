"""How is a compiled model trained, fast, with the numbers of `model.fit`?

- `fitting` is the entrance; `arguments` are checked first, `decide` says which loop can train this
- `program` is the fast loop, `modes` how it is compiled, `lookups` what XLA would not notice
- `epochs` is what happens around it, `history` and `progress` what is told of it
- `packing` lays out the rows and their order, `windows` bring them into memory
- `fallback` is the other loop, `model.fit` itself; `reuse` trains one compiled model many times
"""

from kerastrain.loop.arguments import LOOPS
from kerastrain.loop.fitting import TrainingInterrupted, fit
from kerastrain.loop.reuse import start_over

__all__ = ["LOOPS", "TrainingInterrupted", "fit", "start_over"]
