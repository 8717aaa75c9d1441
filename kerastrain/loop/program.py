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

import time
import weakref
from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.errors import OptimizerError
from kerastrain.loop.lookups import looking
from kerastrain.loop.modes import (
    MODES,
    StepSize,
    is_written_otherwise_for_xla,
    measure_step,
)
from kerastrain.loop.packing import Rows, model_dtype
from kerastrain.loop.traits import (
    has_plain_metrics,
    has_plain_steps,
    is_built_of_keras,
    make_variables,
)
from kerastrain.models.private_names import (
    flat_layers,
    trainable_at_compile,
    weights_known_to,
    xla_context,
)

if TYPE_CHECKING:
    import keras

__all__ = ["Program", "program_for", "take_up_freezing"]

# Ctrl-C is answered, and the progress moves, after this time at the latest.
_BLOCK_SECONDS = 0.15


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
        self._batch_size = min(rows.batch_size, rows.count)
        self._types = [(tuple(leaf.shape[1:]), model_dtype(leaf)) for leaf in rows.leaves]
        # With a partial batch at the end the size of a batch is left open, as model.fit leaves it.
        self._open = rows.count % rows.batch_size != 0
        self._has_tail = self._open and rows.count > rows.batch_size
        self._traces: dict[bool, Any] = {}  # for XLA and not
        self._blocks: dict[tuple[str, bool], Any] = {}
        self._steps_a_call = dict.fromkeys(MODES, 1)
        self._ran: set[str] = set()
        self.refusal = ""  # why XLA cannot take this step

    @cached_property
    def keeps_metrics(self) -> bool:
        """Whether metrics start anew inside the block, and their values come out of it.

        Those of Keras do. Others may keep something in Python, so that they have to be asked there.
        """
        assert self._traces  # Keras makes metrics when it first sees data
        model = self._model()
        return model is not None and has_plain_steps(model) and has_plain_metrics(model)

    def size(self, *, for_xla: bool = False) -> StepSize:
        """Count what one step does, for the rule that chooses the mode."""
        trace, model = self.trace(for_xla=for_xla), self._model()
        assert model is not None
        return measure_step(trace.graph, model.variables, self._batch_size)

    @cached_property
    def looking(self) -> Callable[..., Any]:
        """A pass through the model that only looks whether ids are in range."""
        return looking(self._model, self._structure)

    def has_run(self, mode: str) -> bool:
        """Tell whether a block of this mode has come to its end, so that it compiles."""
        return mode in self._ran

    def run(
        self,
        mode: str,
        leaves: list[Any],
        order: NDArray[Any],
        first: int,
        last: int,
        *,
        fresh: bool = False,
        stop_on_nan: bool = False,
        tick: Callable[[int], None] = lambda step: None,
    ) -> tuple[int, bool, Any]:
        """Run steps over rows that lie in memory.

        Args:
            mode: `"graph"`, `"xla-step"` or `"xla-loop"`.
            leaves: Tensors, shape `(n, ...)` each.
            order: The row numbers of all batches, one after the other.
            first: Number of the first step.
            last: Number after that of the last step.
            fresh: Whether an epoch begins, so that metrics start anew where `keeps_metrics`.
            stop_on_nan: Whether to end after a step whose loss is not finite.
            tick: Called with the steps done, after each block.

        Returns:
            The number of the step after the last one that ran, whether its loss ended the run, and
            what it returned.
        """
        import tensorflow as tf

        block = self._block(mode, stop_on_nan)
        count = len(order)
        if mode != "graph":  # XLA compiles for sizes that never change
            order = np.resize(order, int(leaves[0].shape[0]))
        rows = tf.constant(order)
        step, stopped, logs = first, False, None
        while step < last and not stopped:
            ahead = min(last, step + self._steps_a_call[mode])
            begin = time.perf_counter()
            span = tf.constant([step, ahead, count, fresh], tf.int32)
            reached, halted, logs = block(leaves, rows, span)
            done, stopped, fresh = int(reached), bool(halted), False
            self._ran.add(mode)
            self._set_pace(mode, done - step, time.perf_counter() - begin)
            step = done
            tick(step)
        return step, stopped, logs

    def _set_pace(self, mode: str, steps: int, seconds: float) -> None:
        """Choose how many steps the next block has, so that it is short for any model."""
        fitting = int(max(steps, 1) * _BLOCK_SECONDS / max(seconds, 1e-6))
        self._steps_a_call[mode] = max(1, min(fitting, 16 * max(steps, 1)))

    def trace(self, *, for_xla: bool) -> Any:
        """Trace one step, once: all parts of a block are this trace, its last batch too.

        TensorFlow writes loops and conditions otherwise where XLA is to compile them.
        """
        plain = self._traces.get(False)
        if for_xla and plain is not None and not is_written_otherwise_for_xla(plain.graph):
            return plain
        if for_xla not in self._traces:
            import tensorflow as tf

            specs = self._specs(None if self._open else self._batch_size)
            model = self._model()
            assert model is not None
            training = self._step_name == "train_step" and not self._traces
            if training and has_plain_steps(model) and is_built_of_keras(model):
                make_variables(model, self._on_leaves("test_step"), specs)
            step = tf.function(self._on_leaves(self._step_name), autograph=False)
            with xla_context() if for_xla else nullcontext():
                self._traces[for_xla] = step.get_concrete_function(*specs)
        return self._traces[for_xla]

    def _on_leaves(self, step_name: str) -> Callable[..., Any]:
        """Write a step of the model as a function of flat arrays."""
        from keras import tree

        model_ref, structure = self._model, self._structure

        def step(*leaves: Any) -> Any:
            data = tree.map_structure(lambda place: leaves[place], structure)
            return getattr(model_ref(), step_name)(data)

        return step

    def _specs(self, rows: int | None) -> list[Any]:
        import tensorflow as tf

        return [tf.TensorSpec((rows, *shape), dtype) for shape, dtype in self._types]

    def _block(self, mode: str, stop_on_nan: bool) -> Any:
        """Compile the loop around a step, and what stands before and after it."""
        key = mode, stop_on_nan
        if key not in self._blocks:
            import tensorflow as tf

            block = tf.function(self._write(mode, stop_on_nan), autograph=False)
            order, span = tf.TensorSpec((None,), tf.int32), tf.TensorSpec((4,), tf.int32)
            self._blocks[key] = block.get_concrete_function(self._specs(None), order, span)
        return self._blocks[key]

    def _write(self, mode: str, stop_on_nan: bool) -> Callable[..., Any]:
        import tensorflow as tf

        open_size = mode == "graph" and self._open
        step = trace = self.trace(for_xla=mode != "graph")
        if mode == "xla-step":
            step = tf.function(trace, autograph=False, jit_compile=True)
        loop = _loop_around(step, self._batch_size, open_size=open_size, stop_on_nan=stop_on_nan)
        if mode == "xla-loop":
            loop = tf.function(loop, autograph=False, jit_compile=True)
        # The partial batch at the end runs as a graph, which is quicker than compiling it too; but
        # under XLA other random numbers are drawn.
        tail = trace if self._has_tail and not open_size else None
        if tail is not None and self.size(for_xla=True).draws:
            tail = tf.function(trace, autograph=False, jit_compile=True)
        model_ref, batch_size, keeps_metrics = self._model, self._batch_size, self.keeps_metrics

        def reset() -> Any:
            model_ref().reset_metrics()  # type: ignore[union-attr]
            return 0

        def block(leaves: Any, order: Any, span: Any) -> Any:
            first, last, count, fresh = tf.unstack(span)
            if keeps_metrics:
                tf.cond(fresh > 0, reset, lambda: 0)
            full = last if tail is None else tf.minimum(last, count // batch_size)
            begin = first, tf.constant(False), _zeros_like(trace.structured_outputs)
            number, halted, logs = loop(leaves, order, full, *begin)
            if tail is None:
                return number, halted, logs

            def one_more() -> Any:
                rows = order[full * batch_size : count]
                logs = tail(*[tf.gather(leaf, rows) for leaf in leaves])
                return full + 1, stop_on_nan & _diverged(logs), logs

            goes_on = (last > full) & ~halted
            return tf.cond(goes_on, one_more, lambda: (number, halted, logs))

        return block


def _loop_around(
    step: Any, batch_size: int, *, open_size: bool, stop_on_nan: bool
) -> Callable[..., Any]:
    """Write the loop in the graph: rows are gathered, a step is made, until `last`."""
    import tensorflow as tf

    def loop(leaves: Any, order: Any, last: Any, *state: Any) -> Any:
        def goes_on(number: Any, halted: Any, logs: Any) -> Any:
            return (number < last) & ~halted

        def one_step(number: Any, halted: Any, logs: Any) -> Any:
            begin = number * batch_size
            if open_size:
                rows = order[begin : begin + batch_size]  # the last batch may be shorter
            else:
                rows = tf.slice(order, [begin], [batch_size])
            logs = step(*[tf.gather(leaf, rows) for leaf in leaves])
            return number + 1, stop_on_nan & _diverged(logs), logs

        return tf.while_loop(goes_on, one_step, state)

    return loop


def _diverged(logs: Any) -> Any:
    """Tell whether a step reports a loss that is not finite."""
    import tensorflow as tf

    loss = logs.get("loss") if isinstance(logs, dict) else None
    return tf.constant(False) if loss is None else ~tf.reduce_all(tf.math.is_finite(loss))


def _zeros_like(logs: Any) -> Any:
    """Make zeros in the shape of what a step returns, for the loop to begin with."""
    import tensorflow as tf

    return tf.nest.map_structure(
        lambda log: tf.zeros([size or 0 for size in log.shape], log.dtype), logs
    )


# A program is kept for as long as Keras keeps its own compiled function: `compile` makes Keras drop
# `model.train_function`, and with it goes the program. So what makes model.fit trace anew makes the
# fast loop trace anew; and so does freezing a layer, see `take_up_freezing`.
_programs: weakref.WeakKeyDictionary[Any, dict[Any, Program]] = weakref.WeakKeyDictionary()
_trainable_then: weakref.WeakKeyDictionary[Any, dict[int, bool]] = weakref.WeakKeyDictionary()
# Programs of one compiled model: for other batch sizes and types of data. The oldest goes first.
_MOST_PROGRAMS = 8


def program_for(model: keras.Model, step_name: str, rows: Rows) -> Program:
    """Find the program of a model's step for such data, or make it."""
    # Cheap: Keras traces when the function is first called.
    if step_name == "train_step":
        model.make_train_function()
        programs = _programs.setdefault(model.train_function, {})
    else:
        model.make_test_function()
        programs = _programs.setdefault(model.test_function, {})
    types = tuple((tuple(leaf.shape[1:]), str(model_dtype(leaf))) for leaf in rows.leaves)
    size, partial = min(rows.batch_size, rows.count), rows.count % rows.batch_size != 0
    key = (step_name, str(rows.structure), types, size, partial, rows.count > rows.batch_size)
    if key in programs:
        programs[key] = programs.pop(key)  # the last used stands last
    else:
        programs[key] = Program(model, step_name, rows)
    while len(programs) > _MOST_PROGRAMS:
        del programs[next(iter(programs))]
    return programs[key]


def take_up_freezing(model: keras.Model) -> None:
    """Have steps traced anew where layers were frozen or unfrozen since they were traced.

    Keras' own function goes on with what was trainable when it was traced.

    Raises:
        OptimizerError: a layer was unfrozen that the optimizer has never known.
    """
    model.make_train_function()
    state = {id(layer): layer.trainable for layer in flat_layers(model)}
    compiled = {id(layer): was for layer, was in trainable_at_compile(model).items()}
    then = _trainable_then.get(model.train_function, compiled)
    if any(then.get(layer, now) != now for layer, now in state.items()):
        known = {id(variable) for variable in weights_known_to(model.optimizer)}
        new = [v.path for v in model.trainable_variables if known and id(v) not in known]
        if new:
            message = (
                "The optimizer must know every weight that it is to train, but "
                f"{new[0]!r} was frozen when it was built. Compile the model again: "
                "model.compile(optimizer=..., loss=...)."
            )
            raise OptimizerError(message)
        model.make_train_function(force=True)
    _trainable_then[model.train_function] = state
