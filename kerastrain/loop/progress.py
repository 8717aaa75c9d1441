"""How far is the training?  One line on a terminal or in a notebook, with the time left."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerastrain.loop.history import as_numbers

if TYPE_CHECKING:
    import keras

__all__ = ["Progress"]

_REDRAW_SECONDS = 0.1
_KNOWN_SECONDS = 0.5  # of training after the first step, before the time left is told


class Progress:
    """Draw one line that moves, or one line an epoch, or nothing.

    Numbers stand beside the epoch that they belong to. When training ends, the line that stays
    shows the last epoch that was completed.

    Args:
        verbose: `"auto"` draws on a terminal and in a notebook only. 0 is silent, 1 draws, 2
            writes a line an epoch.
        epochs: The number of the last epoch.
        initial_epoch: Epochs that were done before.
    """

    def __init__(self, verbose: str | int, epochs: int, initial_epoch: int = 0) -> None:
        self.verbose = (1 if _is_watched() else 0) if verbose == "auto" else int(verbose)
        self._epochs = epochs
        self._begin = self._drawn = time.monotonic()
        self._epoch, self._done, self._steps = initial_epoch, initial_epoch, 0
        self._logs, self._width = "", 0
        self._first: tuple[float, float] | None = None  # when, and after how many epochs

    def begin_epoch(self, epoch: int, steps: int | None) -> None:
        """Note that an epoch begins."""
        self._epoch, self._steps = epoch, steps or 0

    def steps_done(self, step: int) -> None:
        """Move the line, at most ten times a second."""
        now = time.monotonic()
        part = min(step / self._steps, 1.0) if self._steps else 0.0
        left = self._time_left(self._epoch + part, now)
        if self.verbose == 1 and now - self._drawn > _REDRAW_SECONDS:
            words = [f"epoch {self._epoch + 1}/{self._epochs}", f"{part:.0%}", left]
            words.append(f"(epoch {self._done}: {self._logs})" if self._logs else "")
            self._draw(words, now)

    def end_epoch(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Show what an epoch reported."""
        self._logs = "  ".join(f"{name} {x:.4g}" for name, x in as_numbers(logs or {}).items())
        self._done, now = epoch + 1, time.monotonic()
        words = [f"epoch {self._done}/{self._epochs}", self._logs]
        if self.verbose == 2:
            print("  ".join(words), flush=True)  # noqa: T201
        elif self.verbose == 1:
            self._draw([*words, self._time_left(self._done, now)], now)

    def close(self, *, interrupted: bool = False) -> None:
        """Write the line that stays, once: the last full epoch and the time that it all took."""
        if self.verbose != 1 or (not self._width and not interrupted):
            return
        now = time.monotonic()
        words = [f"epoch {self._done}/{self._epochs}", self._logs, f"{now - self._begin:.0f} s"]
        if interrupted:
            words.append("stopped by Ctrl-C: the weights and the history up to here are kept")
        self._draw(words, now, whole=True)
        sys.stdout.write("\n")
        sys.stdout.flush()
        self.verbose = 0

    def _time_left(self, done: float, now: float) -> str:
        """Estimate from the steps after the first, which alone waits for TensorFlow to compile."""
        if self._first is None:
            self._first = (now, done)
        spent, gone = now - self._first[0], done - self._first[1]
        if spent < _KNOWN_SECONDS or gone <= 0 or done >= self._epochs:
            return ""
        return f"{spent / gone * (self._epochs - done):.0f} s left"

    def _draw(self, words: list[str], now: float, *, whole: bool = False) -> None:
        line = "  ".join(filter(None, words))
        line = line if whole else line[: shutil.get_terminal_size((120, 24)).columns - 1]
        sys.stdout.write("\r" + line.ljust(self._width))
        sys.stdout.flush()
        self._drawn, self._width = now, len(line)

    def callback(self) -> keras.callbacks.Callback:
        """Make a callback that moves the line at the end of epochs, and of steps in `model.fit`."""
        import keras

        def begin(epoch: int, logs: Any = None) -> None:
            self.begin_epoch(epoch, self._steps)

        return keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=self.end_epoch)


def _is_watched() -> bool:
    # ipykernel is loaded in a notebook's process only, and stdout is no terminal there.
    return sys.stdout.isatty() or "ipykernel" in sys.modules
