"""How is a block of steps compiled?  A fixed rule from layers, sizes and the number of steps.

TensorFlow can run a block in three ways:

- `graph`: the graph as it stands, an operation at a time. It is ready at once, and gives the bits
  of `model.fit(jit_compile=False)`.
- `xla-loop`: the whole block compiled by XLA to machine code. It takes long to compile, then an
  operation costs nothing by itself, and those that go over the same numbers are fused.
- `xla-step`: each step compiled by XLA, the loop around it a graph.

The rule never measures time, so equal calls run in the same way and give equal numbers. It counts
what one step does in the traced graph: its operations (those in the body of a recurrent layer once
a turn) and the elements that they write.

Measured on two CPU cores, milliseconds a step as `graph` / `xla-step` / `xla-loop`, and the seconds
that compiling the loop takes (Keras 3.15, TensorFlow 2.21, Adam):

    regression MLP 13-64-64-1        0.35 /  0.56 / 0.10    0.4 s
    autoencoder 64-32-8-32-64        0.48 /  0.62 / 0.15    0.9 s
    embedding and pooling            0.69 /  0.54 / 0.17    1.1 s
    LSTM(32), 32 turns               4.58 /  1.84 / 1.46    0.9 s
    transformer block, 64 tokens    11.7  /  6.1  / 4.3     2.7 s
    MLP 784-512-512-10, batch 128    7.1  /  6.6  / 4.5     1.6 s
    MLP 1024-2048-2048-10          271    / 175   / 110     1.2 s
    CNN on 8x8                       1.7  /  1.3  / 3.9     1.6 s
    CNN on 32x32                    26    / 26    / 524     9.6 s

So the loop under XLA is the fastest except with convolutions, which XLA runs 4 to 20 times slower
inside a loop. Random numbers under XLA are others than TensorFlow's: a model that draws any stays a
graph.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastrain.loop.traits import all_layers

if TYPE_CHECKING:
    import keras

__all__ = ["MODES", "StepSize", "choose_mode", "measure_step"]

MODES = ("graph", "xla-step", "xla-loop")

# Seconds: rough for any one machine, but only their ratios decide.
_COMPILE_PER_OPERATION = 0.8e-3
_SAVED_PER_OPERATION = 0.45e-6
_SAVED_PER_ELEMENT = 0.1e-9
# The gain has to be larger than the cost: a run that ends early has paid it anyway.
_MARGIN = 1.25
# Turns of a loop whose length is no constant in the graph.
_TURNS = 16


@dataclass(frozen=True)
class StepSize:
    """Hold what one step does, as the rule sees it.

    Args:
        operations: Operations in the graph; what compiling costs grows with them.
        executed: Operations that one step runs, loop bodies counted once a turn.
        elements: Numbers that one step writes.
        draws: The first operation or variable of random numbers; None where there is none.
        convolves: Whether there is a convolution.
        asserts: Whether it checks values as it runs, which XLA would leave out.
        looks_up: Whether it takes entries by their number, which XLA does without looking whether
            there are that many.
    """

    operations: int
    executed: int
    elements: int
    draws: str | None
    convolves: bool
    asserts: bool = False
    looks_up: bool = False

    @property
    def worthwhile_steps(self) -> int:
        """The number of steps from which on XLA is expected to be faster, compiling included."""
        # A convolution is no faster under XLA; what is saved is what stands between the layers.
        elements = 0 if self.convolves else self.elements
        saved = self.executed * _SAVED_PER_OPERATION + elements * _SAVED_PER_ELEMENT
        return math.ceil(_MARGIN * self.operations * _COMPILE_PER_OPERATION / saved)


def choose_mode(model: keras.Model, size: StepSize, steps: int) -> tuple[str, str]:
    """Choose the way to run `steps` steps of a model.

    Args:
        model: The compiled model. Where its `jit_compile` is True, XLA is used whatever the rule
            says. False is what Keras makes of `"auto"` on a CPU too, so it cannot be told from it:
            there, `loop="graph"` asks for a plain graph.
        size: What one step does.
        steps: How many steps the whole call runs.

    Returns:
        The mode and, in words, why.
    """
    import tensorflow as tf

    xla = "xla-step" if size.convolves else "xla-loop"
    if size.asserts:
        return "graph", "it checks values as it runs, and XLA would leave that out"
    if model.jit_compile:
        return xla, "the model has jit_compile=True"
    if tf.config.list_physical_devices("GPU"):
        return "graph", "the model has jit_compile=False"
    if size.draws:
        return "graph", f"{size.draws} draws random numbers, and XLA would draw others"
    unable = [layer.name for layer in all_layers(model) if not layer.supports_jit]
    if unable:
        return "graph", f"layer {unable[0]} does not support XLA"
    least = size.worthwhile_steps
    if steps < least:
        return "graph", f"compiling by XLA pays from {least} steps on, this call has {steps}"
    return xla, f"compiling by XLA pays from {least} steps on, this call has {steps}"


def measure_step(graph: Any, variables: Sequence[Any], batch_size: int) -> StepSize:
    """Count what a traced step does.

    Args:
        graph: The `tf.Graph` of the step.
        variables: The model's variables.
        batch_size: Rows of a batch, for shapes that leave them open.
    """
    import tensorflow as tf

    bodies = {body.signature.name: body.node_def for body in graph.as_graph_def().library.function}
    operations = graph.get_operations()
    kinds = {op.type for op in operations}
    kinds.update(node.op for body in bodies.values() for node in body)
    executed, elements = 0, 0
    for op in operations:
        executed += op.type not in ("Placeholder", "Const", "Identity", "ReadVariableOp", "NoOp")
        if op.type in ("While", "StatelessWhile"):
            turns = tf.get_static_value(op.inputs[1])  # the second loop variable is the maximum
            body = len(bodies[op.get_attr("body").name])
            executed += body * int(_TURNS if turns is None or turns < 0 else turns)
        # Assigning has no output; what it writes is its second input.
        written = [op.inputs[1]] if op.type.startswith("Assign") else op.outputs
        elements += sum(_elements(tensor, batch_size) for tensor in written)
    inside = sum(len(body) for body in bodies.values())
    return StepSize(
        operations=len(operations) + inside,
        executed=executed,
        elements=elements,
        draws=_find_random(kinds, graph, variables),
        convolves=any("Conv" in kind for kind in kinds),
        asserts=any(kind.startswith(("Assert", "CheckNumerics")) for kind in kinds),
        looks_up=any("Gather" in kind or "SparseSoftmax" in kind for kind in kinds),
    )


def is_written_otherwise_for_xla(graph: Any) -> bool:
    """Tell whether a step holds loops, conditions or slices, which XLA needs of fixed size."""
    return bool(graph.as_graph_def().library.function) or any(
        operation.type == "Slice" for operation in graph.get_operations()
    )


def _elements(tensor: Any, batch_size: int) -> int:
    import tensorflow as tf

    if tensor.dtype in (tf.resource, tf.variant) or tensor.shape.rank is None:
        return 0
    return math.prod(batch_size if size is None else size for size in tensor.shape)


def _find_random(kinds: set[str], graph: Any, variables: Sequence[Any]) -> str | None:
    """Find what draws random numbers: a Keras SeedGenerator or an operation of TensorFlow.

    Many layers have a generator and never ask it, as an LSTM without dropout: then the graph has
    nothing to do with its state.
    """
    asked = {id(outside) for outside, _ in graph.captures}
    for variable in variables:
        if variable.name == "seed_generator_state" and id(variable.value.handle) in asked:
            return str(variable.path)
    drawing = ("Random", "TruncatedNormal", "Multinomial")
    return next((kind for kind in sorted(kinds) if any(word in kind for word in drawing)), None)
