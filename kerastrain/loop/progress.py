"""How far is the training?  One line on a terminal or in a notebook, with the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

__all__ = ["Progress"]

_REDRAW_SECONDS = 0.1


class Progress:
    """Draw one line that moves, or one line an epoch, or nothing.

    Args:
        verbose: `"auto"` draws where somebody looks on: on a terminal and in a notebook. 0 is
            silent, 1 draws, 2 writes a line an epoch.
        epochs: The number of the last epoch.
        initial_epoch: Epochs that were done before.
    """

    def __init__(self, verbose: str | int, epochs: int, initial_epoch: int = 0) -> None:
        self.verbose = (1 if _somebody_looks_on() else 0) if verbose == "auto" else int(verbose)
        self._epochs = epochs
        self._initial = initial_epoch
        self._begin = self._drawn = time.monotonic()
        self._epoch, self._steps, self._logs, self._width = initial_epoch, 0, "", 0

    def begin_epoch(self, epoch: int, steps: int | None) -> None:
        """Note that an epoch begins."""
        self._epoch, self._steps = epoch, steps or 0

    def steps_done(self, step: int) -> None:
        """Move the line, not more often than the eye sees."""
        now = time.monotonic()
        if self.verbose == 1 and now - self._drawn > _REDRAW_SECONDS:
            self._drawn = now
            part = step / self._steps if self._steps else 0.0
            self._draw(self._epoch + min(part, 1.0), now)

    def end_epoch(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Show what an epoch reported."""
        self._logs = "  ".join(f"{name} {value:.4g}" for name, value in (logs or {}).items())
        now = time.monotonic()
        if self.verbose == 2:
            print(f"epoch {epoch + 1}/{self._epochs}  {self._logs}", flush=True)  # noqa: T201
        elif self.verbose == 1 and (now - self._drawn > _REDRAW_SECONDS):
            self._drawn = now
            self._draw(epoch + 1.0, now)

    def close(self) -> None:
        """End the line."""
        if self.verbose == 1 and self._width:
            sys.stdout.write("\n")
            sys.stdout.flush()

    def _draw(self, done: float, now: float) -> None:
        spent, gone = now - self._begin, done - self._initial
        left = spent / gone * (self._epochs - done) if gone > 0 else 0.0
        line = f"epoch {min(int(done) + 1, self._epochs)}/{self._epochs}  {self._logs}  "
        line += f"{left:.0f} s left"
        self._width = max(self._width, len(line))
        sys.stdout.write("\r" + line.ljust(self._width))
        sys.stdout.flush()

    def callback(self) -> keras.callbacks.Callback:
        """Make a callback that moves the line at the end of epochs, and of steps in `model.fit`."""
        import keras

        def begin(epoch: int, logs: Any = None) -> None:
            self.begin_epoch(epoch, None)

        return keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=self.end_epoch)


def _somebody_looks_on() -> bool:
    # ipykernel is loaded in a notebook's process only, and stdout is no terminal there.
    return sys.stdout.isatty() or "ipykernel" in sys.modules
