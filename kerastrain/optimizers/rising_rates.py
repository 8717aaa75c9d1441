"""How is a model trained with rising rates, so that nothing of it is left behind?

Batches are laid out before the first step, so that one compiled call runs all of them. The model
itself is trained where it is ready to be, and put back; else a copy of it.
"""

from __future__ import annotations

import copy
import dataclasses
import math
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.rows import as_arrays
from kerastrain.arrays.sources import read_data, source_of
from kerastrain.errors import DataError
from kerastrain.loop.packing import pack_rows
from kerastrain.models.copies import fresh_model, layers_of
from kerastrain.models.private_names import dataset_parents, lambdas_allowed, rows_of_a_batch
from kerastrain.optimizers.builders import get_optimizer

__all__ = ["MEMORY", "Batches", "lay_out", "rise", "trainee"]

MEMORY = 0.8  # share of the smoothed loss that stays from one step to the next
DIVERGED = 2.0  # the loss lies this many times its own fall, or its start, above its lowest
MOST_HELD_OUT = 512  # rows, for one repeat
ENOUGH_HELD_OUT, MOST_REPEATS = 2048, 6  # rows, over all repeats
GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


@dataclasses.dataclass(frozen=True)
class Batches:
    """The batches of a test.

    Attributes:
        parts: What `train_step` gets, with numbers in the places of the arrays.
        leaves: For each repeat, and each of these numbers, a tensor of shape `(steps, batch, ...)`;
            or a list of batches where their shapes differ.
        held_out: For each repeat and number the rows that it does not train on; may be empty.
        an_epoch: How many batches an epoch of training has.
    """

    parts: Any
    leaves: list[list[Any]]
    held_out: list[list[Any]]
    an_epoch: int

    @property
    def stacked(self) -> bool:
        """Whether all batches have one shape."""
        return not any(isinstance(leaf, list) for leaf in self.leaves[0])

    def first_x(self) -> Any:
        """Give the inputs of the first step."""
        from keras import tree

        x = self.parts[0] if isinstance(self.parts, tuple) else self.parts
        return tree.map_structure(lambda place: self.leaves[0][place][0], x)


def lay_out(x: Any, y: Any, weight: Any, batch_size: int, steps: int, seed: int) -> Batches:
    """Lay out the batches of all steps.

    A quarter of the rows, 512 at most, is for validation. Few rows are a noisy judge, so the test
    is repeated, up to six times, with other rows each time, until they are 2048 in all.

    Args:
        x: Inputs, or a data set.
        y: Labels as the loss wants them; None with a data set.
        weight: Of each row, or None.
        batch_size: Rows of a batch; a data set brings its own.
        steps: How many batches; data that have fewer are read again.
        seed: Decides which rows each batch gets, and which are for validation.

    Returns:
        The batches.

    Raises:
        DataError: the data cannot be read twice, are no numbers, or not finite.
    """
    source = source_of(x)
    if source == "Dataset":
        whole = read_data(x)
        if not whole.complete:
            return _read(iter(x), steps, int(x.cardinality()))
        # made of arrays: take these, so that the order that the data set draws next stays
        batch_size = _batch_size(x)
        x, y, weight = whole.x, whole.y, whole.sample_weight
    elif source == "PyDataset":
        return _read(_each_batch(x), steps, x.num_batches or 0)
    elif source != "arrays":
        message = (
            "The data are read twice, by the test and by the training; a generator can be read "
            "once. Pass arrays or a tf.data.Dataset."
        )
        raise DataError(message)
    named = {"x": x, "y": y, "sample_weight": weight}
    arrays = {key: None if part is None else as_arrays(part, key) for key, part in named.items()}
    rows = pack_rows(**arrays, batch_size=batch_size)
    if isinstance(rows, str):
        message = (
            f"x and y must be arrays of numbers, row by row, but got: {rows}. Pass NumPy arrays."
        )
        raise DataError(message)
    held = min(MOST_HELD_OUT, rows.count // 4)
    repeats = min(MOST_REPEATS, max(1, math.ceil(ENOUGH_HELD_OUT / held))) if held else 1
    size = min(batch_size, rows.count - held)
    draws = np.random.default_rng([seed, 0x5EE9])  # a stream apart from that of the split
    leaves, held_out = [], []
    for _ in range(repeats):
        order = draws.permutation(rows.count)
        passes = math.ceil(steps * size / (rows.count - held))
        chosen = np.concatenate([draws.permutation(order[held:]) for _ in range(passes)])
        taken = rows.take(chosen[: steps * size])
        leaves.append([_as_tensor(leaf.reshape(steps, size, *leaf.shape[1:])) for leaf in taken])
        held_out.append([_as_tensor(leaf) for leaf in rows.take(order[:held])] if held else [])
        for parts in (leaves[-1], held_out[-1]):
            _refuse_what_is_no_number(rows.structure, parts)
    return Batches(rows.structure, leaves, held_out, math.ceil(rows.count / batch_size))


def _refuse_what_is_no_number(structure: Any, leaves: list[Any]) -> None:
    """A relu may turn NaN into 0, so that the loss would not show it."""
    import tensorflow as tf
    from keras import tree

    parts = structure if isinstance(structure, tuple) else (structure,)
    for name, part in zip(("x", "y", "sample_weight"), parts, strict=False):
        for leaf in [leaves[place] for place in tree.flatten(part)] if leaves else []:
            for values in leaf if isinstance(leaf, list) else [leaf]:
                dense: Any = getattr(values, "flat_values", getattr(values, "values", values))
                if not dense.dtype.is_floating:
                    continue
                bad = int(tf.math.count_nonzero(~tf.math.is_finite(dense)))
                if bad:
                    message = (
                        f"{name} must hold numbers, but got {bad} missing or huge values among "
                        f"{int(tf.size(dense))}. Look at np.isfinite({name}).all(axis=0)."
                    )
                    raise DataError(message)


def _batch_size(data: Any) -> int:
    """Find the size of a data set's batches, where it was batched."""
    while (size := rows_of_a_batch(data)) is None:
        data = dataset_parents(data)[0]
    return int(size)


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
        message = "The data set must hold batches, but got none. Look at its cardinality()."
        raise DataError(message)
    flat = [[_as_tensor(leaf) for leaf in tree.flatten(batch)] for batch in seen]
    full = [leaves for leaves in flat if leaves[0].shape[0] == flat[0][0].shape[0]]
    same_shapes = all(
        isinstance(leaf, tf.Tensor) and leaf.shape == other.shape
        for leaves in full
        for leaf, other in zip(leaves, full[0], strict=True)
    )
    kept = full[: len(full) // 4] if same_shapes else []
    held_out = [tf.concat(leaf, 0)[:MOST_HELD_OUT] for leaf in zip(*kept, strict=True)]
    going = full[len(kept) :]
    turns = [going[i % len(going)] for i in range(steps)]
    leaves = [tf.stack(leaf) if same_shapes else list(leaf) for leaf in zip(*turns, strict=True)]
    parts = tree.pack_sequence_as(seen[0], list(range(len(leaves))))
    for values in (leaves, held_out):
        _refuse_what_is_no_number(parts, values)
    an_epoch = an_epoch if an_epoch > 0 else len(seen)  # of unknown length: what was read
    return Batches(parts, [leaves], [held_out], an_epoch)


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
    import tensorflow as tf

    own = model.optimizer if model.compiled else None
    chosen = _with_constant_rate(get_optimizer(own or "adam" if optimizer is None else optimizer))
    scaled = keras.optimizers.LossScaleOptimizer  # of mixed precision
    if isinstance(own, scaled) and not isinstance(chosen, scaled):
        chosen = scaled(chosen)
    # a copy of a subclass shares the variables that are no layer's, so they are put back too
    own_variables = _of_kind(model, tf.Variable).values()
    variables = [*model.variables, *own_variables]
    before = [(variable, keras.ops.convert_to_numpy(variable)) for variable in variables]
    try:
        if model.compiled and model.built and loss is None:
            with _with_optimizer(model, chosen):
                yield model
        else:
            yield _compiled_copy(model, loss, chosen, batches)
    finally:
        for variable, value in before:
            variable.assign(value)


@contextmanager
def _with_optimizer(model: Any, optimizer: Any) -> Iterator[None]:
    """Lend a model another optimizer, and copies of those that `compile` does not know."""
    import keras

    own = _of_kind(model, keras.optimizers.Optimizer) | {"optimizer": model.optimizer}
    try:
        for name, other in own.items():
            setattr(model, name, optimizer if name == "optimizer" else _twin(other))
        yield
    finally:
        for name, other in own.items():
            setattr(model, name, other)
        model.reset_metrics()


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
        said = " ".join(str(error).split())[:160]
        message = (
            "The model must be copied, since it is not compiled with this loss or not built yet; "
            f"Keras says: {said} … Build it on a batch and compile it: model(x[:1]); "
            "model.compile(...)."
        )
        raise DataError(message) from error
    settings = model.get_compile_config() or {} if model.compiled else {}
    kept = {key: settings[key] for key in ("loss_weights", "run_eagerly") if settings.get(key)}
    loss = model.loss if loss is None and model.compiled else loss
    keras.Model.compile(made, optimizer=optimizer, loss=loss, **kept)
    return made


def _copy(model: Any, first_x: Any) -> Any:
    import keras

    with lambdas_allowed():
        functional = isinstance(model, keras.Sequential) or hasattr(model, "operations")
        made = keras.models.clone_model(model) if functional else fresh_model(model)
    for kind in (keras.optimizers.Optimizer, keras.metrics.Metric):
        for name, value in _of_kind(made, kind).items():
            if vars(model).get(name) is value:  # shared with the user's own
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


def rise(
    model: Any, batches: Batches, rates: NDArray[np.float32]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Train a step at each rate, all in one compiled call, until the smoothed loss has shot up.

    Args:
        model: As `trainee` gives it.
        batches: One for each rate in each repeat.
        rates: Rising, shape `(steps,)`.

    Returns:
        For each repeat the loss of each batch and that of the validation rows, both before the
        step; the latter empty where there are none. Each repeat begins from the same weights.
    """
    import tensorflow as tf
    from keras import ops, tree

    def data_of(leaves: Any) -> Any:
        return tree.map_structure(lambda place: leaves[place], batches.parts)

    def step(rate: Any, leaves: Any, held_out: Any) -> Any:
        model.optimizer.learning_rate = rate
        val_loss = tf.constant(0.0)
        if held_out:
            model.reset_metrics()  # so that a loss is that of this batch
            val_loss = _loss_of(model.test_step(data_of(held_out)))
        model.reset_metrics()
        return tf.stack([_loss_of(model.train_step(data_of(leaves))), val_loss])

    held_out = batches.held_out if _can_judge(model) else [[] for _ in batches.held_out]
    model.optimizer.build(model.trainable_variables)
    rising = tf.constant(rates)
    if model.run_eagerly or not batches.stacked:
        compiled = step if model.run_eagerly else tf.function(step, reduce_retracing=True)
        run: Any = _until_divergence(compiled)
    else:
        several, rows = _specs(batches.leaves[0]), _specs(held_out[0])
        one = [tf.TensorSpec(spec.shape[1:], spec.dtype) for spec in several]
        # traced before the loop, so that what the model still lacks is made outside of it
        compiled = tf.function(step, autograph=False).get_concrete_function(
            tf.TensorSpec((), tf.float32), one, rows
        )
        run = tf.function(_until_divergence(compiled), autograph=False).get_concrete_function(
            tf.TensorSpec(rates.shape, tf.float32), several, rows
        )
    variables = [*model.variables, *model.optimizer.variables]
    before = [(variable, ops.convert_to_numpy(variable)) for variable in variables]
    repeats: list[Any] = []
    for leaves, held in zip(batches.leaves, held_out, strict=True):
        if repeats and model.run_eagerly:
            break  # a step at a time takes long
        for variable, value in before if repeats else ():
            variable.assign(value)
        losses = np.asarray(run(rising, leaves, held), dtype=float)
        repeats.append((losses[:, 0], losses[:, 1] if held else losses[:0, 1]))
    return repeats


def _specs(leaves: list[Any]) -> list[Any]:
    import tensorflow as tf

    return [tf.TensorSpec(leaf.shape, leaf.dtype) for leaf in leaves]


def _until_divergence(step: Callable[..., Any]) -> Callable[..., Any]:
    """Write the loop over the rates in the graph."""
    import tensorflow as tf

    def smooth(average: Any, count: Any) -> Any:
        return average / (1.0 - MEMORY ** tf.cast(count, tf.float32))

    def test(rates: Any, leaves: Any, held_out: Any) -> Any:
        def goes_on(i: Any, losses: Any, average: Any, start: Any, lowest: Any) -> Any:
            bound = DIVERGED * tf.maximum(tf.abs(start), start - lowest)
            calm = smooth(average, tf.maximum(i, 1)) <= lowest + bound  # not so if it is NaN
            return (i < tf.shape(rates)[0]) & ((i < 2) | calm)

        def body(i: Any, losses: Any, average: Any, start: Any, lowest: Any) -> Any:
            both = step(rates[i], [leaf[i] for leaf in leaves], held_out)
            # a single batch with a far-off row is no divergence; the validation rows stay the same
            loss = both[1] if held_out else both[0]
            average = MEMORY * average + (1.0 - MEMORY) * loss
            start = tf.where(i == 0, loss, start)
            lowest = tf.where(i == 0, loss, tf.minimum(lowest, smooth(average, i + 1)))
            return i + 1, losses.write(i, both), average, start, lowest

        empty = tf.TensorArray(tf.float32, tf.shape(rates)[0], element_shape=(2,))
        begin = (tf.constant(0), empty, *[tf.constant(0.0)] * 3)
        count, losses, *_ = tf.while_loop(goes_on, body, begin)
        return losses.stack()[:count]

    return test


def _can_judge(model: Any) -> bool:
    """Tell whether `test_step` gives a loss that goes with that of `train_step`."""
    import keras

    kind = type(model)
    usual = kind.train_step is keras.Model.train_step
    return usual or model.loss is not None or kind.test_step is not keras.Model.test_step


def _loss_of(logs: Any) -> Any:
    import tensorflow as tf

    if isinstance(logs, Mapping) and "loss" in logs:
        return tf.cast(logs["loss"], tf.float32)
    message = (
        "train_step must answer with a loss, but got "
        f"{list(logs) if isinstance(logs, Mapping) else type(logs).__name__}. "
        'Return {"loss": loss} from it.'
    )
    raise DataError(message)
