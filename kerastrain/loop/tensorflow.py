"""The fast loop: many training steps in one call into TensorFlow.

`model.fit` returns to Python after each step: it fetches a batch from a pipeline, calls the
compiled step, and runs the callbacks. That costs a millisecond or two a step, whatever the model
does. Here the data lie in memory, and one call runs a whole block of steps::

    while step < last:                      # a loop in the graph, not in Python
        rows = order[step * batch_size : (step + 1) * batch_size]
        logs = model.train_step(gather(data, rows))
        step += 1

`train_step` is the model's own, public method, so what a step computes is what `model.fit`
computes: losses, regularizers, metrics, the optimizer, a `train_step` that the user wrote. As a
plain graph even the bits are the same.

Blocks are short, a fraction of a second: between two of them Python shows the progress and answers
Ctrl-C. How long a block is changes no number.
"""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.loop.arrays import Rows, model_dtype
from kerastrain.loop.modes import StepSize, measure_step

if TYPE_CHECKING:
    import keras

__all__ = ["Program", "program_for", "resident", "windows"]

# Ctrl-C is answered, and the progress moves, after this time at the latest.
_BLOCK_SECONDS = 0.15
# Data up to this size are copied into tensors once; larger ones pass in windows.
_RESIDENT_BYTES = 256 * 2**20
_WINDOW_BYTES = 32 * 2**20


class Program:
    """Compile one kind of step of a model, `train_step` or `test_step`, into blocks of steps.

    Args:
        model: The compiled model. It is held weakly: the program is kept beside the model, and
            should not be what keeps it alive.
        step_name: `"train_step"` or `"test_step"`.
        rows: Data of the structure and types that the steps will get.
    """

    def __init__(self, model: keras.Model, step_name: str, rows: Rows) -> None:
        self._model = weakref.ref(model)
        self._step_name = step_name
        self._structure = rows.structure
        self._batch_size = rows.batch_size
        self._types = [(tuple(leaf.shape[1:]), model_dtype(leaf)) for leaf in rows.leaves]
        # With a partial batch at the end the size of a batch is left open, as model.fit leaves it.
        self._has_partial = rows.count % rows.batch_size != 0
        self._traces: dict[int | None, Any] = {}
        self._blocks: dict[str, Any] = {}
        self._steps_a_call = dict.fromkeys(("graph", "xla-step", "xla-loop"), 1)

    def size(self) -> StepSize:
        """Count what one step does, for the rule that chooses the mode."""
        model, trace = self._model(), self._trace(None if self._has_partial else self._batch_size)
        assert model is not None
        return measure_step(trace.graph, model.variables, self._batch_size)

    def run(
        self,
        mode: str,
        leaves: list[Any],
        order: NDArray[Any],
        first: int,
        last: int,
        *,
        logs: Any = None,
        stop_on_nan: bool = False,
        tick: Callable[[int], None] = lambda step: None,
    ) -> tuple[int, Any]:
        """Run steps over rows that lie in memory.

        Args:
            mode: `"graph"`, `"xla-step"` or `"xla-loop"`.
            leaves: Tensors, shape `(n, ...)` each.
            order: The row numbers of all batches, one after the other.
            first: Number of the first step.
            last: Number after that of the last step.
            logs: What the step before returned.
            stop_on_nan: Whether to end after a step whose loss is not finite.
            tick: Called with the steps done, after each block.

        Returns:
            The number of the step after the last one that ran, and what that one returned.
        """
        import tensorflow as tf

        if mode != "graph":
            # XLA compiles for sizes that never change: full batches, and an order as long as the
            # data. The partial batch at the end runs as a graph, which is quicker than compiling.
            full = min(last, len(order) // self._batch_size)
            parts = [(mode, first, full), ("graph", full, last)]
        else:
            parts = [(mode, first, last)]
        step = first
        for part, start, stop in parts:
            if start >= stop or step < start:
                continue
            block = self._block(part)
            rows = order if part == "graph" else np.resize(order, int(leaves[0].shape[0]))
            logs = self._no_logs() if logs is None else logs
            watch, rows = tf.constant(stop_on_nan), tf.constant(rows)
            while step < stop:
                ahead = min(stop, step + self._steps_a_call[part])
                begin = time.perf_counter()
                done, logs = block(leaves, rows, tf.constant(step), tf.constant(ahead), logs, watch)
                done = int(done)
                self._set_pace(part, done - step, time.perf_counter() - begin)
                step = done
                tick(step)
                if step < ahead:  # a loss was not finite
                    return step, logs
        return step, logs

    def _set_pace(self, mode: str, steps: int, seconds: float) -> None:
        """Choose how many steps the next block has, so that it is short for any model."""
        fitting = int(max(steps, 1) * _BLOCK_SECONDS / max(seconds, 1e-6))
        self._steps_a_call[mode] = max(1, min(fitting, 16 * max(steps, 1)))

    def _trace(self, batch_size: int | None) -> Any:
        """Trace one step. All variables that the model still lacks are made here, as in Keras."""
        if batch_size not in self._traces:
            import tensorflow as tf
            from keras import tree

            model_ref, structure, step_name = self._model, self._structure, self._step_name

            def step(*leaves: Any) -> Any:
                data = tree.map_structure(lambda place: leaves[place], structure)
                return getattr(model_ref(), step_name)(data)

            specs = [tf.TensorSpec((batch_size, *shape), dtype) for shape, dtype in self._types]
            traced = tf.function(step, autograph=False).get_concrete_function(*specs)
            self._traces[batch_size] = traced
        return self._traces[batch_size]

    def _no_logs(self) -> Any:
        """Make zeros in the shape of what a step returns, for the loop to begin with."""
        import tensorflow as tf

        trace = next(iter(self._traces.values()))
        return tf.nest.map_structure(
            lambda log: tf.zeros([size or 0 for size in log.shape], log.dtype),
            trace.structured_outputs,
        )

    def _block(self, mode: str) -> Any:
        """Compile the loop around a step."""
        if mode not in self._blocks:
            import tensorflow as tf

            open_size = mode == "graph" and self._has_partial
            step = self._trace(None if open_size else self._batch_size)
            if mode == "xla-step":
                specs = [
                    tf.TensorSpec((self._batch_size, *shape), dtype) for shape, dtype in self._types
                ]
                compiled = tf.function(step, autograph=False, jit_compile=True)
                step = compiled.get_concrete_function(*specs)
            loop = _loop_around(step, self._batch_size, open_size=open_size)
            number, flag = tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.bool)
            self._blocks[mode] = tf.function(
                loop, autograph=False, jit_compile=mode == "xla-loop" or None
            ).get_concrete_function(
                [tf.TensorSpec((None, *shape), dtype) for shape, dtype in self._types],
                tf.TensorSpec((None,), tf.int32),
                number,
                number,
                tf.nest.map_structure(
                    lambda log: tf.TensorSpec(log.shape, log.dtype), step.structured_outputs
                ),
                flag,
            )
        return self._blocks[mode]


def _loop_around(step: Any, batch_size: int, *, open_size: bool) -> Callable[..., Any]:
    """Write the loop in the graph: rows are gathered, a step is made, until `last`."""
    import tensorflow as tf

    def block(leaves: Any, order: Any, first: Any, last: Any, logs: Any, watch: Any) -> Any:
        def goes_on(number: Any, logs: Any) -> Any:
            loss = logs.get("loss") if isinstance(logs, dict) else None
            if loss is None:
                return number < last
            return (number < last) & (~watch | tf.reduce_all(tf.math.is_finite(loss)))

        def one_step(number: Any, logs: Any) -> Any:
            begin = number * batch_size
            if open_size:
                rows = order[begin : begin + batch_size]  # the last batch may be shorter
            else:
                rows = tf.slice(order, [begin], [batch_size])
            return number + 1, step(*[tf.gather(leaf, rows) for leaf in leaves])

        return tf.while_loop(goes_on, one_step, (first, logs))

    return block


# A program is kept for as long as Keras keeps its own compiled function: `compile` makes Keras drop
# `model.train_function`, and with it goes the program. So what makes model.fit trace anew makes the
# fast loop trace anew, and nothing else does.
_programs: weakref.WeakKeyDictionary[Any, dict[Any, Program]] = weakref.WeakKeyDictionary()


def program_for(model: keras.Model, step_name: str, rows: Rows) -> Program:
    """Find the program of a model's step for such data, or make it."""
    model.make_train_function()  # cheap: Keras traces when it is first called
    programs = _programs.setdefault(model.train_function, {})
    partial = rows.count % rows.batch_size != 0
    types = tuple((tuple(leaf.shape[1:]), str(leaf.dtype)) for leaf in rows.leaves)
    key = (step_name, str(rows.structure), types, rows.batch_size, partial)
    if key not in programs:
        programs[key] = Program(model, step_name, rows)
    return programs[key]


def windows(
    rows: Rows, tensors: list[Any] | None, order: NDArray[Any], first: int, last: int
) -> Iterator[tuple[list[Any], NDArray[Any], int, int]]:
    """Pass the rows of some steps through memory.

    Args:
        rows: The data.
        tensors: All of them, where they are small enough to lie in memory; None where not.
        order: The row numbers of one pass.
        first: Number of the first step.
        last: Number after that of the last step.

    Yields:
        Tensors, the order of their rows, and the first and last step to run on them. Large data
        come a window at a time, gathered by a thread while the window before it is trained on.
    """
    if tensors is not None:
        yield tensors, order, first, last
        return
    batch = rows.batch_size
    length = max(1, _WINDOW_BYTES // (rows.row_bytes * batch))
    starts = range(first, last, length)

    def gather(start: int) -> tuple[list[Any], int]:
        import tensorflow as tf

        chosen = order[start * batch : min(start + length, last) * batch]
        # All windows are filled to one size, so that XLA compiles once. The filling is not used.
        padded = np.resize(chosen, length * batch)
        return [tf.constant(part) for part in rows.take(padded)], len(chosen)

    with ThreadPoolExecutor(max_workers=1) as reader:
        ahead = reader.submit(gather, first)
        for following in [*starts[1:], None]:
            leaves, count = ahead.result()
            if following is not None:
                ahead = reader.submit(gather, following)
            yield leaves, np.arange(count, dtype=np.int32), 0, math.ceil(count / batch)


def resident(rows: Rows) -> list[Any] | None:
    """Copy all rows into tensors, where they are small enough; None where not."""
    return rows.whole() if rows.count * rows.row_bytes <= _RESIDENT_BYTES else None
