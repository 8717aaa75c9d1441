"""Which private names of other packages does this one need?  All of them, in one place.

Where Keras has no public way to ask, a function here asks by the private name. A test for each
fails with that name when a new version has renamed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

__all__: list[str] = []  # nothing here is for users


def graph_of(model: Any) -> Any:
    """Find the graph of layers that a Sequential model keeps; any other model is its own."""
    return getattr(model, "_functional", None) or model


def output_tensors(model: Any) -> Any:
    """Give the symbolic outputs of a model in their structure; None where it is no graph."""
    return getattr(graph_of(model), "_outputs_struct", None)


def origin_of(tensor: Any) -> tuple[Any, int, int]:
    """Say what computed a symbolic tensor: the operation, its number of call and of output."""
    history = getattr(tensor, "_keras_history", None)
    return (None, 0, 0) if history is None else tuple(history)


def inputs_of(operation: Any, call: int) -> Any:
    """Give the symbolic tensors that one call of an operation was given."""
    return operation._inbound_nodes[call].input_tensors


def twin_of(layer: Any) -> Any:
    """Make a layer that shares everything with another but its place in a graph of layers."""
    twin: Any = object.__new__(type(layer))
    vars(twin).update(vars(layer), _inbound_nodes=[], _outbound_nodes=[])
    return twin


def stack_of(model: Any) -> list[Any]:
    """List the layers of a Sequential model, its input included."""
    return list(model._layers)


def flat_layers(model: Any) -> list[Any]:
    """List a model and all the layers in it, at any depth."""
    return list(model._flatten_layers())


def states_of(layer: Any) -> list[Any]:
    """List the variables of a layer itself that training does not fit, its seeds included."""
    return [*layer._non_trainable_variables, *(seed.state for seed in layer._seed_generators)]


def metrics_added(layer: Any) -> list[Any]:
    """List the metrics that a layer keeps itself."""
    return list(getattr(layer, "_metrics", ()))


def has_logits(output: Any) -> bool:
    """Tell whether an activation of Keras left the raw scores on its output."""
    return hasattr(output, "_keras_logits")


def has_mask(output: Any) -> bool:
    """Tell whether a layer left a mask on its output, by which losses leave steps out."""
    return getattr(output, "_keras_mask", None) is not None


def direction_of(metric: Any) -> str | None:
    """Say whether a metric is better "up" or "down"; None where Keras does not know."""
    return getattr(metric, "_direction", None)


def loss_weights_of(model: Any) -> Any:
    """Give the `loss_weights` that a model was compiled with."""
    return getattr(model._compile_loss, "_user_loss_weights", None)


def loss_of(model: Any) -> Any:
    """Give the loss that a model was compiled with; `model.loss` may have been set since."""
    return getattr(model._compile_loss, "_user_loss", None)


def metrics_of(model: Any) -> Any:
    """Give the `metrics` that a model was compiled with."""
    return getattr(model._compile_metrics, "_user_metrics", None)


def trainable_at_compile(model: Any) -> Mapping[Any, bool]:
    """Say of each layer whether it was trainable when the model was compiled."""
    return getattr(model, "_compiled_trainable_state", {})


def initial_epoch_of(model: Any) -> int | None:
    """Give the epoch that BackupAndRestore tells a training to go on from."""
    return model._initial_epoch  # type: ignore[no-any-return]


def loss_wrapper() -> Any:
    """Find the class with which Keras makes a loss object of a function."""
    from keras.src.losses.losses import LossFunctionWrapper

    return LossFunctionWrapper


def loss_options(loss: Any) -> dict[str, Any]:
    """Give the arguments that a loss object passes to its function."""
    return dict(getattr(loss, "_fn_kwargs", {}))


def is_keras_loss(function: Any) -> bool:
    """Tell whether a function is one of Keras' losses."""
    return str(getattr(function, "__module__", "")).startswith("keras.src.losses")


def metric_function(metric: Any) -> Any:
    """Give the function that a MeanMetricWrapper averages."""
    return metric._fn


def takes_logits(metric: Any) -> bool:
    """Tell whether an AUC was made for raw scores."""
    return bool(getattr(metric, "_from_logits", False))


def given_rate(optimizer: Any) -> Any:
    """Give the learning rate as it was passed: a schedule, a function, or a variable."""
    return getattr(optimizer, "_learning_rate", None)


def weights_known_to(optimizer: Any) -> list[Any]:
    """List the weights that an optimizer was built for."""
    return list(getattr(optimizer, "_trainable_variables", []))


def profiles_steps(tensorboard: Any) -> bool:
    """Tell whether a TensorBoard callback looks at single steps."""
    return bool(getattr(tensorboard, "_should_trace", True))


def global_state() -> Any:
    """Find the module in which Keras keeps its counters of names and its global seed."""
    from keras.src.backend.common import global_state

    return global_state


def seed_source() -> Any:
    """Find the module that draws seeds for initializers and layers, from its `python_random`."""
    from keras.src.random import seed_generator

    return seed_generator


def lambdas_allowed() -> AbstractContextManager[None]:
    """Let a copy be made of Lambda layers: the user's own, not those of a file."""
    from keras.src.saving.serialization_lib import SafeModeScope

    return SafeModeScope(safe_mode=False)  # type: ignore[no-any-return]


@contextmanager
def xla_context() -> Iterator[None]:
    """Trace as TensorFlow does for what XLA is to compile."""
    from tensorflow.python.ops.control_flow_ops import XLAControlFlowContext

    context = XLAControlFlowContext()
    context.Enter()
    try:
        yield
    finally:
        context.Exit()


def eager_draws() -> Any:
    """Give the Python generator that seeds TensorFlow's eager operations; None before its use."""
    from tensorflow.python.eager import context

    return getattr(context.context(), "_rng", None)


def tensorflow_random() -> Any:
    """Find the module in which TensorFlow keeps `global_generator`."""
    from tensorflow.python.ops import stateful_random_ops

    return stateful_random_ops


def dataset_kind(step: Any) -> str:
    """Name what a step of a data set does, such as "BatchDataset"."""
    return type(step).__name__.removeprefix("_")


def dataset_parents(step: Any) -> list[Any]:
    """List the data sets that a step was made of."""
    return list(step._inputs())


def dataset_arrays(step: Any) -> Any:
    """Give the tensors that `from_tensor_slices` was called with."""
    import tensorflow as tf

    return tf.nest.pack_sequence_as(step._structure, step._tensors)


def shuffled_rows(step: Any) -> int:
    """Give the number of rows that a `shuffle` mixes."""
    return int(step._buffer_size)


def mapped_graph(step: Any) -> Any:
    """Give the graph of the function that a `map` runs; None for any other step."""
    function = getattr(step, "_map_func", None)
    return None if function is None else function.function.graph


def rows_of_a_batch(step: Any) -> Any:
    """Give the size of the batches that a step makes; None where it makes none."""
    return getattr(step, "_batch_size", None)


def client_of(executor: Any) -> Any:
    """Give the client of a Dask executor."""
    return executor._client


def workers_of(executor: Any) -> int | None:
    """Count the workers that an executor may have; None where it does not say."""
    return getattr(executor, "_max_workers", None)


def pool_settings(executor: Any) -> dict[str, Any]:
    """Give what a pool of processes, of Python or loky, was built with."""
    names = ("max_workers", "mp_context", "context", "initializer", "initargs", "timeout", "env")
    return {name: getattr(executor, f"_{name}") for name in names if hasattr(executor, f"_{name}")}
