"""How is a model trained with rising rates, so that nothing of it is left behind?

Batches are laid out before the first step, so that one compiled call runs all of them. The model
itself is trained where it is ready to be, and put back; else a copy of it.
"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.checks.network import fresh_model, layers_of
from kerastrain.checks.sources import read_data
from kerastrain.errors import DataError
from kerastrain.loop.arrays import pack_rows
from kerastrain.optimizers import get_optimizer
from kerastrain.rows import as_arrays

__all__ = ["MEMORY", "Batches", "comes_in_batches", "lay_out", "rise", "trainee"]

MEMORY = 0.8  # share of the smoothed loss that stays from one step to the next
DIVERGED = 2.0  # the loss lies this many times its own fall, or its start, above its lowest
GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


class Batches:
    """The batches of a test, one for each step.

    Attributes:
        parts: What `train_step` gets, with numbers in the places of the arrays.
        leaves: For each of these numbers a tensor of shape `(steps, batch, ...)`, or a list of
            batches where their shapes differ.
        an_epoch: How many batches an epoch of training has.
    """

    def __init__(self, parts: Any, leaves: list[Any], an_epoch: int) -> None:
        self.parts, self.leaves, self.an_epoch = parts, leaves, an_epoch
        self._refuse_what_is_no_number()

    @property
    def stacked(self) -> bool:
        """Whether all batches have one shape."""
        return not any(isinstance(leaf, list) for leaf in self.leaves)

    def first_x(self) -> Any:
        """Give the inputs of the first step."""
        from keras import tree

        x = self.parts[0] if isinstance(self.parts, tuple) else self.parts
        return tree.map_structure(lambda place: self.leaves[place][0], x)

    def _refuse_what_is_no_number(self) -> None:
        """A relu may turn NaN into 0, so that the loss would not show it."""
        import tensorflow as tf
        from keras import tree

        parts = self.parts if isinstance(self.parts, tuple) else (self.parts,)
        for name, part in zip(("x", "y", "sample_weight"), parts, strict=False):
            for place in tree.flatten(part):
                leaf = self.leaves[place]
                for values in leaf if isinstance(leaf, list) else [leaf]:
                    values = getattr(values, "flat_values", getattr(values, "values", values))
                    if not values.dtype.is_floating:
                        continue
                    bad = int(tf.math.count_nonzero(~tf.math.is_finite(values)))
                    if bad:
                        message = (
                            f"{name} must hold numbers; saw {bad} missing or huge values among "
                            f"{int(tf.size(values))}. Look at np.isfinite({name}).all(axis=0)."
                        )
                        raise DataError(message)


def lay_out(x: Any, y: Any, weight: Any, batch_size: int, steps: int, seed: int) -> Batches:
    """Lay out the batches of all steps.

    Args:
        x: Inputs, or a data set.
        y: Labels as the loss wants them; None with a data set.
        weight: Of each row, or None.
        batch_size: Rows of a batch; a data set brings its own.
        steps: How many batches; data that have fewer are read again.
        seed: Decides which rows each batch gets.

    Returns:
        The batches.

    Raises:
        DataError: the data cannot be read twice, are no numbers, or not finite.
    """
    if hasattr(x, "element_spec"):
        whole = read_data(x)
        if not whole.complete:
            return _read(iter(x), steps, int(x.cardinality()))
        # made of arrays: take these, so that the order that the data set draws next stays
        batch_size = _batch_size(x)
        x, y, weight = whole.x, whole.y, whole.sample_weight
    elif comes_in_batches(x):
        return _read(_each_batch(x), steps, x.num_batches or 0)
    elif hasattr(x, "__next__"):
        message = (
            "The data are read twice, by the test and by the training; a generator can be read "
            "once. Pass arrays or a tf.data.Dataset."
        )
        raise DataError(message)
    named = {"x": x, "y": y, "sample_weight": weight}
    arrays = {key: None if part is None else as_arrays(part, key) for key, part in named.items()}
    rows = pack_rows(**arrays, batch_size=batch_size)
    if isinstance(rows, str):
        message = f"x and y must be arrays of numbers, row by row; saw: {rows}. Pass NumPy arrays."
        raise DataError(message)
    size = min(batch_size, rows.count)
    draws = np.random.default_rng([seed, 0x5EE9])  # a stream apart from that of the split
    passes = [draws.permutation(rows.count) for _ in range(math.ceil(steps * size / rows.count))]
    taken = rows.take(np.concatenate(passes)[: steps * size])
    leaves = [_as_tensor(leaf.reshape(steps, size, *leaf.shape[1:])) for leaf in taken]
    return Batches(rows.structure, leaves, math.ceil(rows.count / batch_size))


def comes_in_batches(x: Any) -> bool:
    """Tell a `tf.data.Dataset` or a `PyDataset` from arrays."""
    return hasattr(x, "element_spec") or (hasattr(x, "num_batches") and hasattr(x, "on_epoch_end"))


def _batch_size(data: Any) -> int:
    """Find the size of a data set's batches, where it was batched."""
    while not hasattr(data, "_batch_size"):
        data = data._inputs()[0]
    return int(data._batch_size)


def _each_batch(data: Any) -> Iterator[Any]:
    """Ask a PyDataset for its batches; random generators that it holds are not moved."""
    twin = copy.copy(data)
    for name, value in vars(data).items():
        if isinstance(value, GENERATORS):
            setattr(twin, name, copy.deepcopy(value))
    count = data.num_batches
    return (twin[i] for i in (range(count) if count else iter(int, 1)))


def _read(batches: Iterator[Any], steps: int, an_epoch: int) -> Batches:
    """Read batches from a data set; a partial one at its end is left out."""
    import tensorflow as tf
    from keras import tree

    seen = [tree.lists_to_tuples(batch) for batch in islice(batches, steps)]
    if not seen:
        message = "The data set must hold batches; saw none. Look at its cardinality()."
        raise DataError(message)
    flat = [[_as_tensor(leaf) for leaf in tree.flatten(batch)] for batch in seen]
    full = [leaves for leaves in flat if leaves[0].shape[0] == flat[0][0].shape[0]]
    columns = [list(column) for column in zip(*full, strict=True)]
    leaves = [[column[i % len(full)] for i in range(steps)] for column in columns]
    alike = all(
        isinstance(leaf, tf.Tensor) and leaf.shape == column[0].shape
        for column in leaves
        for leaf in column
    )
    parts = tree.pack_sequence_as(seen[0], list(range(len(leaves))))
    an_epoch = an_epoch if an_epoch > 0 else len(seen)  # of unknown length: what was read
    return Batches(parts, [tf.stack(leaf) for leaf in leaves] if alike else leaves, an_epoch)


def _as_tensor(leaf: Any) -> Any:
    """Cast as Keras does: floats to its own float type, other numbers stay."""
    import keras
    import tensorflow as tf

    if not hasattr(leaf, "shape"):
        leaf = np.asarray(leaf)
    tensor = leaf if tf.is_tensor(leaf) else tf.convert_to_tensor(leaf)
    return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor


@contextmanager
def trainee(model: Any, loss: Any, optimizer: Any, batches: Batches) -> Iterator[Any]:
    """Give a compiled model to train: the model itself, put back afterwards, or else a copy.

    Args:
        model: A Keras model.
        loss: What to compile with; None for the model's own loss.
        optimizer: A name or an optimizer; None for the model's own, or else Adam.
        batches: To build a copy on.

    Yields:
        A compiled model whose learning rate is a variable.
    """
    import keras

    own = model.optimizer if model.compiled else None
    chosen = _with_constant_rate(get_optimizer(own or "adam" if optimizer is None else optimizer))
    scaled = keras.optimizers.LossScaleOptimizer  # of mixed precision
    if isinstance(own, scaled) and not isinstance(chosen, scaled):
        chosen = scaled(chosen)
    if not (model.compiled and model.built and loss is None):
        yield _compiled_copy(model, loss, chosen, batches)
        return
    before = [(variable, keras.ops.convert_to_numpy(variable)) for variable in model.variables]
    # a step of the user's own may use optimizers that `compile` does not know
    others = _of_kind(model, keras.optimizers.Optimizer)
    try:
        for name, other in others.items():
            setattr(model, name, _twin(other))
        model.optimizer = chosen
        yield model
    finally:
        for name, other in {**others, "optimizer": own}.items():
            setattr(model, name, other)
        model.reset_metrics()
        for variable, value in before:
            variable.assign(value)


def _of_kind(model: Any, kind: type) -> dict[str, Any]:
    """Find the attributes of a model that are of a kind."""
    return {name: value for name, value in vars(model).items() if isinstance(value, kind)}


def _twin(thing: Any) -> Any:
    """Make an optimizer or a metric of the same settings."""
    return type(thing).from_config(thing.get_config())


def _compiled_copy(model: Any, loss: Any, optimizer: Any, batches: Batches) -> Any:
    """Make a model of the same layers, and of the same weights where there are any."""
    import keras

    try:
        made = _copy(model, batches.first_x())
    except (TypeError, ValueError, NotImplementedError) as error:
        message = (
            "The model must be copied, since it is not compiled with this loss or not built yet; "
            f"saw: {error} Build it on a batch and compile it: model(x[:1]); model.compile(...)."
        )
        raise DataError(message) from error
    settings = model.get_compile_config() or {} if model.compiled else {}
    kept = {key: settings[key] for key in ("loss_weights", "run_eagerly") if settings.get(key)}
    loss = model.loss if loss is None and model.compiled else loss
    keras.Model.compile(made, optimizer=optimizer, loss=loss, **kept)
    return made


def _copy(model: Any, first_x: Any) -> Any:
    import keras
    from keras.src.saving.serialization_lib import SafeModeScope

    with SafeModeScope(safe_mode=False):  # the user's own Lambda layers, not those of a file
        try:
            made = keras.models.clone_model(model)
        except (ValueError, NotImplementedError):  # a subclass
            made = fresh_model(model)
    for kind in (keras.optimizers.Optimizer, keras.metrics.Metric):
        for name, value in _of_kind(made, kind).items():
            setattr(made, name, _twin(value))
    if not made.built or not all(layer.built for layer in layers_of(made)):
        made(first_x)
    if model.built and len(model.get_weights()) == len(made.get_weights()):
        made.set_weights(model.get_weights())
    return made


def _with_constant_rate(optimizer: Any) -> Any:
    """Copy an optimizer; the rate of the copy is a variable, whatever schedule the first had."""
    config = optimizer.get_config()
    inner = getattr(optimizer, "inner_optimizer", None)
    if inner is not None:  # mixed precision
        config.pop("inner_optimizer")
        return type(optimizer)(_with_constant_rate(inner), **config)
    if isinstance(config.get("learning_rate"), Mapping):
        config["learning_rate"] = 0.001
    return type(optimizer).from_config(config)


def rise(model: Any, batches: Batches, rates: NDArray[np.float32]) -> NDArray[np.float64]:
    """Train a step at each rate in one compiled call, until the smoothed loss has shot up.

    Args:
        model: As `trainee` gives it.
        batches: One for each rate.
        rates: Rising, shape `(steps,)`.

    Returns:
        The loss of each step that was made.
    """
    import tensorflow as tf
    from keras import tree

    def step(rate: Any, *leaves: Any) -> Any:
        model.optimizer.learning_rate = rate
        model.reset_metrics()  # so that the loss below is that of this batch
        logs = model.train_step(tree.map_structure(lambda place: leaves[place], batches.parts))
        return tf.cast(_loss_of(logs), tf.float32)

    def test(rates: Any, leaves: Any) -> Any:
        def goes_on(i: Any, losses: Any, average: Any, start: Any, lowest: Any) -> Any:
            smoothed = average / (1.0 - MEMORY ** tf.cast(tf.maximum(i, 1), tf.float32))
            bound = DIVERGED * tf.maximum(tf.abs(start), start - lowest)
            calm = tf.math.is_finite(average) & (smoothed <= lowest + bound)
            return (i < tf.shape(rates)[0]) & ((i < 2) | calm)

        def body(i: Any, losses: Any, average: Any, start: Any, lowest: Any) -> Any:
            loss = compiled(rates[i], *[leaf[i] for leaf in leaves])
            average = MEMORY * average + (1.0 - MEMORY) * loss
            smoothed = average / (1.0 - MEMORY ** tf.cast(i + 1, tf.float32))
            start = tf.where(i == 0, loss, start)
            lowest = tf.where(i == 0, loss, tf.minimum(lowest, smoothed))
            return i + 1, losses.write(i, loss), average, start, lowest

        empty = tf.TensorArray(tf.float32, tf.shape(rates)[0], element_shape=())
        begin = (tf.constant(0), empty, *[tf.constant(0.0)] * 3)
        count, losses, *_ = tf.while_loop(goes_on, body, begin)
        return losses.stack()[:count]

    leaves = batches.leaves
    if model.run_eagerly or not batches.stacked:
        compiled = step if model.run_eagerly else tf.function(step, reduce_retracing=True)
        return np.asarray(test(tf.constant(rates), leaves), dtype=float)
    specs = [tf.TensorSpec(leaf.shape[1:], leaf.dtype) for leaf in leaves]
    # traced before the loop, so that what the model still lacks is made outside of it
    compiled = tf.function(step, autograph=False).get_concrete_function(
        tf.TensorSpec((), tf.float32), *specs
    )
    whole = [tf.TensorSpec(leaf.shape, leaf.dtype) for leaf in leaves]
    run = tf.function(test, autograph=False).get_concrete_function(
        tf.TensorSpec(rates.shape, tf.float32), whole
    )
    return np.asarray(run(tf.constant(rates), leaves), dtype=float)


def _loss_of(logs: Any) -> Any:
    if isinstance(logs, Mapping) and "loss" in logs:
        return logs["loss"]
    message = (
        "train_step must answer with a loss; saw "
        f"{list(logs) if isinstance(logs, Mapping) else type(logs).__name__}. "
        'Return {"loss": loss} from it.'
    )
    raise DataError(message)
