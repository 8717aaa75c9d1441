"""The course: every concept of training as a recipe that runs, draws and proves its claim.

`python -m recipes` lists the lessons in reading order.
"""

import os

from .quiet import drop_startup_lines, started_from_the_command_line

# TensorFlow's start-up lines would stand between the reader and the lesson.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if started_from_the_command_line():
    drop_startup_lines()
