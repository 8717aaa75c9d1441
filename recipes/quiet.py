"""How are TensorFlow's start-up lines kept from between the reader and the lesson?

TensorFlow 2.21 writes them past Python, straight to the error stream of the process, and
`TF_CPP_MIN_LOG_LEVEL` does not silence them all. So that stream goes through a pipe, and all other
lines go on to where they were meant to.
"""

from __future__ import annotations

import atexit
import os
import re
import sys
import threading

NOISE = re.compile(
    rb"[IWEF]\d{4} \d\d:\d\d:|WARNING: All log messages before absl|To enable the following instr"
)


def drop_startup_lines() -> None:
    """Leave out of the error stream, from now on, what TensorFlow writes about itself."""
    kept = os.dup(2)
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)

    def pass_on() -> None:
        with os.fdopen(reading, "rb") as lines:
            for line in lines:
                if not NOISE.match(line):
                    os.write(kept, line)

    thread = threading.Thread(target=pass_on, daemon=True)
    thread.start()

    def end() -> None:
        sys.stderr.flush()
        os.dup2(kept, 2)  # closes the pipe, so that the thread reads to its end
        thread.join(timeout=1)

    atexit.register(end)


def started_from_the_command_line() -> bool:
    """Tell `python -m recipes.NAME` from an import, as in a test."""
    return any(part.split(".")[0] == "recipes" for part in sys.orig_argv[1:])
