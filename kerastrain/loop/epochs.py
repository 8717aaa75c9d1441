"""What happens around the blocks of steps?  Epochs, validation and callbacks, as in `model.fit`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kerastrain.loop.lookups import look_up_extremes
from kerastrain.loop.modes import choose_mode
from kerastrain.loop.packing import Rows, row_order
from kerastrain.loop.program import Program, program_for
from kerastrain.loop.progress import Progress
from kerastrain.loop.windows import resident, windows
from kerastrain.models.private_names import initial_epoch_of

if TYPE_CHECKING:
    import keras

__all__ = ["Job", "train"]


@dataclass(frozen=True)
class Job:
    """Hold what is to be done, in the words of `model.fit`."""

    rows: Rows
    val_rows: Rows | None
    epochs: int
    initial_epoch: int
    steps_per_epoch: int | None
    validation_steps: int | None
    validation_freq: Any
    shuffle: bool | str
    seed: int
    loop: str
    steps_per_execution: int = 1

    def validates(self, epoch: int) -> bool:
        """Tell whether an epoch, counted from 0, ends with a validation."""
        if self.val_rows is None:
            return False
        if isinstance(self.validation_freq, int):
            return (epoch + 1) % self.validation_freq == 0
        return epoch + 1 in self.validation_freq

    def rounded(self, steps: int) -> int:
        """Round steps up to whole executions of `steps_per_execution` steps, as Keras does."""
        return math.ceil(steps / self.steps_per_execution) * self.steps_per_execution

    def segments(self) -> Iterator[tuple[int, int, int]]:
        """Give each epoch its pass over the data, its first step and the step after its last.

        With `steps_per_epoch` an epoch goes on where the last one ended, and ends with the data.
        """
        turn, begin = self.initial_epoch, 0
        while True:
            wanted = self.rounded(self.steps_per_epoch or self.rows.batches)
            end = min(begin + wanted, self.rows.batches)
            if self.steps_per_epoch and end - begin < self.steps_per_epoch:
                warnings.warn(
                    f"The data hold {self.rows.batches} batches, and steps_per_epoch={wanted} asks "
                    f"for more: this epoch has {end - begin}.",
                    stacklevel=2,
                )
            yield turn, begin, end
            turn, begin = (turn + 1, 0) if end == self.rows.batches else (turn, end)


@dataclass
class Phase:
    """Run one kind of step over one set of rows, in the mode that was chosen at its first use."""

    model: keras.Model
    step_name: str
    rows: Rows
    loop: str
    steps_in_all: int
    mode: str = ""
    why: str = ""
    _program: Program | None = None
    _tensors: list[Any] | None = field(default=None, repr=False)
    _keeps_metrics: bool = False

    def run(self, order: Any, first: int, last: int, *, stop_on_nan: bool, tick: Any) -> Any:
        """Run the steps `first` to `last`; return the steps done and what is to be reported."""
        program = program_for(self.model, self.step_name, self.rows)
        if program is not self._program or not self._keeps_metrics:
            self.model.reset_metrics()  # as Keras does, before a first trace makes the metrics
        if program is not self._program:  # the first, or a callback has compiled the model anew
            self._tensors = self._tensors or resident(self.rows)
            self._program = program
            self.mode, self.why = self._choose(program)
            self._keeps_metrics = program.keeps_metrics
        logs, done = None, 0
        for leaves, part, begin, end in windows(self.rows, self._tensors, order, first, last):
            base = done - begin
            options = {
                "fresh": done == 0,
                "stop_on_nan": stop_on_nan,
                "tick": lambda step, base=base: tick(base + step),
            }
            step, stopped, logs = self._attempt(leaves, part, begin, end, **options)
            done = base + step
            if stopped:
                break
        return done, logs if self._keeps_metrics else _report(self.model, logs)

    def _choose(self, program: Program) -> tuple[str, str]:
        for_xla = self.model.jit_compile if self.loop == "auto" else self.loop != "graph"
        size = program.size(for_xla=bool(for_xla) and not program.refusal)
        mode, why = self.loop, f"loop={self.loop!r}"
        if self.loop == "auto":
            mode, why = choose_mode(self.model, size, self.steps_in_all)
            if mode != "graph" and program.refusal:
                mode, why = "graph", program.refusal
        if mode != "graph" and size.looks_up:
            look_up_extremes(self.model, self.rows, program.looking)
        return mode, why

    def _attempt(self, *args: Any, **options: Any) -> Any:
        """Run steps; as a graph where XLA cannot compile them and nobody asked for it."""
        import tensorflow as tf

        assert self._program is not None
        try:
            return self._program.run(self.mode, *args, **options)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
            # XLA refuses before the first step, so that nothing has changed. What is wrong with the
            # data, and not with XLA, is raised again by the graph.
            if self.mode == "graph" or self.loop != "auto" or self._program.has_run(self.mode):
                raise
            self._program.refusal = f"XLA cannot compile it: {_last_words(error)}"
            self.mode, self.why = "graph", self._program.refusal
            return self._program.run(self.mode, *args, **options)


def train(
    model: keras.Model, job: Job, callbacks: keras.callbacks.CallbackList, progress: Progress
) -> Phase:
    """Train through blocks of steps; the order of events is that of `model.fit`."""
    import keras

    # All epochs count, those before initial_epoch too: a training that goes on keeps its mode.
    steps = (job.steps_per_epoch or job.rows.batches) * job.epochs
    training = Phase(model, "train_step", job.rows, job.loop, steps)
    validation = _validation_phase(model, job)
    nan_stops = [
        callback
        for callback in callbacks.callbacks
        if isinstance(callback, keras.callbacks.TerminateOnNaN)
    ]
    model.stop_training = False
    callbacks.on_train_begin()
    initial_epoch = initial_epoch_of(model) or job.initial_epoch
    segments = job.segments()
    order, order_turn, logs = None, None, None
    for epoch in range(initial_epoch, job.epochs):
        turn, first, last = next(segments)
        if job.steps_per_epoch is None:
            turn = epoch
        callbacks.on_epoch_begin(epoch)
        if model.stop_training:  # Keras looks at it after the first steps
            last = min(last, first + job.steps_per_execution)
        progress.begin_epoch(epoch, last - first)
        if turn != order_turn:
            order = row_order(
                job.rows.count,
                job.rows.batch_size,
                shuffle=job.shuffle,
                seed=job.seed,
                turn=turn,
            )
            order_turn = turn
        done, step_logs = training.run(
            order, first, last, stop_on_nan=bool(nan_stops), tick=progress.steps_done
        )
        for callback in nan_stops:
            _tell_loss(callback, done - 1, step_logs)
        logs = dict(step_logs)
        if validation is not None and job.validates(epoch):
            val_logs = _validate(validation, job, callbacks)
            logs.update({f"val_{name}": value for name, value in val_logs.items()})
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    if isinstance(model.optimizer, keras.optimizers.Optimizer) and job.epochs > 0:
        model.optimizer.finalize_variable_values(model.trainable_weights)  # averages, where asked
    callbacks.on_train_end(logs=logs)
    return training


def _validation_phase(model: keras.Model, job: Job) -> Phase | None:
    if job.val_rows is None:
        return None
    times = sum(job.validates(epoch) for epoch in range(job.epochs))
    steps = job.validation_steps or job.val_rows.batches
    return Phase(model, "test_step", job.val_rows, job.loop, steps * times)


def _validate(phase: Phase, job: Job, callbacks: keras.callbacks.CallbackList) -> dict[str, float]:
    """Do what `model.evaluate` does within `model.fit`."""
    callbacks.on_test_begin()
    rows = phase.rows
    order = row_order(rows.count, rows.batch_size, shuffle=False, seed=0, turn=0)
    last = min(job.rounded(job.validation_steps or rows.batches), rows.batches)
    _, step_logs = phase.run(order, 0, last, stop_on_nan=False, tick=lambda step: None)
    logs = _as_floats(step_logs)
    callbacks.on_test_end(logs)
    return logs


def _report(model: keras.Model, step_logs: Any) -> Any:
    """Choose what an epoch reports, as Keras does: the metrics' values, or the last step's answer.

    The latter where a `train_step` of the user answers under other names than the metrics have.
    """
    results = model.get_metrics_result()
    same_names = isinstance(step_logs, dict) and set(step_logs) == set(results)
    return results if same_names else step_logs


def _as_floats(logs: Any) -> dict[str, Any]:
    """Read tensors as numbers; a metric that answers with a dict gives each of its entries."""
    numbers: dict[str, Any] = {}
    for name, value in sorted(logs.items()):
        if isinstance(value, dict):
            numbers.update(_as_floats(value))
            continue
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError):  # a value for each class
            numbers[name] = value
    return numbers


def _tell_loss(callback: keras.callbacks.TerminateOnNaN, step: int, step_logs: Any) -> None:
    """Show TerminateOnNaN the loss of the step at which the block ended; it stops the training."""
    if isinstance(step_logs, dict) and "loss" in step_logs:
        callback.on_train_batch_end(step, {"loss": float(step_logs["loss"])})


def _last_words(error: Exception) -> str:
    """Find in TensorFlow's report what XLA says, below the trace."""
    noise = ("Graph execution error", "Detected at", "Stack trace", "File ", "<", "\t", "[[", "[Op")
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line for line in lines if line and not line.startswith(noise)]
    return said[0] if said else type(error).__name__
