"""Which learning rate suits this model and these data?  One short run with rising rates.

The rate rises by the same factor at each step, from far too small to far too large. At first the
loss stands still, then it falls, in the end it shoots up. A good rate lies where it falls.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.checks.network import _clone as copy_network
from kerastrain.checks.network import layers_of
from kerastrain.checks.untouched import untouched
from kerastrain.choices import LossChoice
from kerastrain.errors import DataError, OptimizerError
from kerastrain.labels import inspect_labels
from kerastrain.losses import choice_for, choose_loss
from kerastrain.optimizers import get_optimizer
from kerastrain.rate_plots import plot_rates
from kerastrain.rows import as_arrays, count_rows, take_rows
from kerastrain.seeds import choose_seed, seed_model, seeded

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes

__all__ = ["LearningRateCurve", "find_learning_rate", "suggest_rate"]

MEMORY = 0.8  # share of the smoothed loss that stays from one step to the next
SHARE = 0.5  # of the test's distance to its lowest loss that a training should go
CLEAR = 10  # times below the rate of the lowest loss is clear of divergence
DIVERGED = 2.0  # the loss lies this many times its own fall, or its start, above its lowest


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LearningRateCurve:
    """The loss while the learning rate rose.

    Attributes:
        table: A row for each step: `step` (from 1), `learning_rate`, `loss` (of that batch, before
            the step) and `smoothed_loss`.
        suggestion: The rate to train with.
        low: Below it a training would be too short to get down.
        high: Above it a training may overfit, or diverge.
        rule: How the suggestion follows from the table, in a sentence.
        optimizer: The name of the optimizer that was tested; a rate is good for one optimizer.
    """

    table: pd.DataFrame
    suggestion: float
    low: float
    high: float
    rule: str
    optimizer: str

    def plot(self) -> Axes:
        """Draw the loss over the learning rate, with the suggestion and its range marked.

        Returns:
            The axes.
        """
        return plot_rates(self.table, self.suggestion, (self.low, self.high))

    def __repr__(self) -> str:
        return (
            f"LearningRateCurve(suggestion={self.suggestion:.2g} for {self.optimizer}, "
            f"between {self.low:.2g} and {self.high:.2g}: {self.rule})"
        )


def find_learning_rate(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    loss: Any = "auto",
    optimizer: str | keras.optimizers.Optimizer | None = None,
    task: str | None = None,
    sample_weight: Any = None,
    epochs: int = 20,
    batch_size: int = 32,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    seed: int = 0,
) -> LearningRateCurve:
    """Test rising learning rates on a model and data, and suggest one to train with.

    At step `i` of `n` the rate is `lowest * (highest / lowest) ** (i / (n - 1))`. The loss of a
    single batch is noisy, so it is smoothed, with a correction for the start::

        average  = 0.8 * average + 0.2 * loss
        smoothed = average / (1 - 0.8 ** (i + 1))

    The test stops when the smoothed loss has shot up. The model, its weights and optimizer, and all
    random generators are as before afterwards.

    Args:
        model: A Keras model, compiled or not, built or not.
        x: Inputs as in `fit`: an array, or a dict or list of arrays; or a `tf.data.Dataset` or
            `keras.utils.PyDataset` that yields (x, y), of which the first `steps` batches are read.
        y: Labels. Left out with a data set.
        loss: A Keras name or object, or what `choose_loss` returned. Left out, the loss that the
            model was compiled with, or else the one that fits the labels.
        optimizer: A Keras optimizer or a name; its own learning rate plays no part. Left out, the
            one that the model was compiled with, or else `adam()`.
        task: Decides how the labels are read, see `inspect_labels`.
        sample_weight: Weight of each row, shape `(n,)`.
        epochs: Length of the training that the rate is meant for: a shorter one needs a higher
            rate.
        batch_size: Rows in one step of that training.
        lowest: The rate of the first step, above 0.
        highest: The rate of the last step, above `lowest`.
        steps: How many steps, 10 or more.
        seed: Decides which rows each step sees.

    Returns:
        The curve, with `.suggestion`, `.rule`, `.table` and `.plot()`.

    Raises:
        LabelError: the labels cannot be read.
        OptimizerError: the rates do not rise.
        DataError: the data cannot be read twice, or the loss is not finite from the start.

    References:
        Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017.
        Howard and Gugger, Fastai: A Layered API for Deep Learning, Information 2020 (smoothing).
    """
    if not (0 < lowest < highest < math.inf and steps >= 10):
        message = (
            f"The rates must rise over 10 or more steps; saw lowest={lowest}, highest={highest}, "
            f"steps={steps}. Pass lowest=1e-6, highest=10.0, steps=100."
        )
        raise OptimizerError(message)
    seed = choose_seed(seed)
    rates = np.geomspace(lowest, highest, steps).astype("float32")
    with untouched(), seeded(seed):
        loss, y = _read_loss(model, x, y, loss, task)
        data = _stack(x, y, sample_weight, batch_size, steps, seed)
        with _ready(model, loss, optimizer, data) as trainee:
            seed_model(trainee, seed)
            losses = _rise(trainee, data, rates)
            name = str(trainee.optimizer.name)
    table = _tidy(rates, losses)
    training_steps = epochs * _count_steps(x, len(losses), batch_size)
    return LearningRateCurve(table, *suggest_rate(table, training_steps), optimizer=name)


def _count_steps(x: Any, read: int, batch_size: int) -> int:
    """Count the steps of an epoch; for a data set of unknown length, those that were read."""
    if hasattr(x, "element_spec"):
        known = int(x.cardinality())
        return known if known > 0 else read
    if hasattr(x, "__getitem__") and not hasattr(x, "shape") and hasattr(x, "on_epoch_end"):
        return len(x)
    return math.ceil(count_rows(as_arrays(x, "x")) / batch_size)


def _tidy(rates: NDArray[np.float32], losses: NDArray[np.float64]) -> pd.DataFrame:
    """Lay out the steps whose loss is a number."""
    count = int(np.argmin(np.isfinite([*losses, np.nan])))
    if count == 0:
        message = (
            f"The loss must be a number before the first step; it was {losses[0]}. Look for "
            "missing or huge values: np.isfinite(x).all(), np.abs(x).max()."
        )
        raise DataError(message)
    columns = {"step": np.arange(count) + 1, "learning_rate": rates[:count].astype(float)}
    columns |= {"loss": losses[:count], "smoothed_loss": _smooth(losses[:count])}
    return pd.DataFrame(columns)


def suggest_rate(table: pd.DataFrame, training_steps: int) -> tuple[float, float, float, str]:
    """Read a good learning rate off the curve.

    Rate times steps says how far the weights can go. The test needed the distance
    `sum(learning_rate)` to reach its lowest loss; a training should go half of it, in its own,
    many more steps. At most it is a tenth of the rate at the lowest loss: clear of divergence.

    Args:
        table: A row for each step, with `learning_rate` and `smoothed_loss`.
        training_steps: Steps of the training that the rate is meant for.

    Returns:
        The suggestion; the rate that leads as far as nine tenths of the fall, and the one that
        leads twice as far as the suggestion; and the rule in words.
    """
    rates, losses = table["learning_rate"].to_numpy(), table["smoothed_loss"].to_numpy()
    bottom = int(np.argmin(losses))
    nearly = int(np.argmax(losses <= losses[0] - 0.9 * (losses[0] - losses[bottom])))
    distance, most = np.cumsum(rates), rates[bottom] / CLEAR
    wanted = distance[[bottom, nearly, bottom]] * np.array([SHARE, SHARE, 2 * SHARE])
    suggestion, low, high = (float(min(rate, most)) for rate in wanted / training_steps)
    rule = (
        f"half the distance to the lowest loss of the test ({distance[bottom]:.2g}), in "
        f"{training_steps} steps"
    )
    if suggestion == most:
        rule = f"a tenth of {rates[bottom]:.2g}, the rate of the lowest loss"
    return suggestion, low, high, rule


def _read_loss(model: Any, x: Any, y: Any, loss: Any, task: str | None) -> tuple[Any, Any]:
    """Find the loss to compile with (None: the model's own) and the labels as it wants them."""
    given = not (isinstance(loss, str) and loss == "auto")
    if not given and model.compiled and model.loss is not None:
        if isinstance(model.loss, str) and y is not None and np.asarray(y).dtype.kind not in "biuf":
            labels: Any = inspect_labels(y, task=task)
            return None, choice_for(labels, model.loss, model=model).encode(y)
        return None, y
    if not given and y is None and model.compiled:
        return None, None
    choice = loss if given else choose_loss(x if y is None else y, model=model, task=task)
    if not _is_choice(choice):
        return choice, y
    return _each(choice, None, LossChoice.build_loss), _each(choice, y, LossChoice.encode)


def _is_choice(choice: Any) -> bool:
    parts = choice.values() if isinstance(choice, Mapping) else choice
    several = isinstance(choice, list | Mapping)
    return all(isinstance(part, LossChoice) for part in (parts if several else [choice]))


def _each(choice: Any, y: Any, act: Callable[..., Any]) -> Any:
    """Act on the choice of each output, and on the labels where there are any."""
    if isinstance(choice, Mapping):
        return {key: _each(one, None if y is None else y[key], act) for key, one in choice.items()}
    if isinstance(choice, list):
        return [_each(one, None if y is None else y[i], act) for i, one in enumerate(choice)]
    if y is None:
        return act(choice) if act is LossChoice.build_loss else None
    return act(choice, y)


def _stack(x: Any, y: Any, weight: Any, batch_size: int, steps: int, seed: int) -> Any:
    """Lay out the batches of all steps, shape `(steps, batch, ...)`; what `train_step` gets."""
    from keras import tree
    from keras.utils import PyDataset, pack_x_y_sample_weight

    if isinstance(x, PyDataset) or hasattr(x, "element_spec"):
        read = islice((x[i] for i in range(len(x))) if isinstance(x, PyDataset) else x, steps)
        batches = [tree.map_structure(np.asarray, tree.lists_to_tuples(batch)) for batch in read]
        size = len(tree.flatten(batches[0])[0])
        full = [batch for batch in batches if len(tree.flatten(batch)[0]) == size]
        turns = [full[i % len(full)] for i in range(steps)]
        return tree.map_structure(lambda *leaves: np.stack(leaves), *turns)
    if hasattr(x, "__next__"):
        message = (
            "The data are read twice, by the test and by the training; a generator can be read "
            "once. Pass arrays or a tf.data.Dataset."
        )
        raise DataError(message)
    x, y = as_arrays(x, "x"), None if y is None else as_arrays(y, "y")
    count = count_rows(x)
    size = min(batch_size, count)
    random = np.random.default_rng([seed, 0x5EE9])  # a stream apart from that of the split
    passes = [random.permutation(count) for _ in range(math.ceil(steps * size / count))]
    rows = np.concatenate(passes)[: steps * size]
    weight = None if weight is None else as_arrays(weight, "sample_weight")
    taken = pack_x_y_sample_weight(*(take_rows(part, rows) for part in (x, y, weight)))
    return tree.map_structure(
        lambda leaf: leaf.reshape(steps, size, *leaf.shape[1:]), tree.lists_to_tuples(taken)
    )


@contextmanager
def _ready(model: Any, loss: Any, optimizer: Any, data: Any) -> Iterator[Any]:
    """Give a compiled model to train; itself, put back afterwards, or else a copy of it."""
    import keras

    own = model.optimizer if model.compiled else None
    if optimizer is None:
        optimizer = own or "adam"
    optimizer = _with_constant_rate(get_optimizer(optimizer))
    if not (model.compiled and model.built and loss is None):
        copy = _copy(model, data)
        settings = model.get_compile_config() if model.compiled else {}
        kept = {key: settings.get(key) for key in ("loss_weights", "run_eagerly") if settings}
        copy.compile(
            optimizer=optimizer, loss=getattr(model, "loss", None) if loss is None else loss, **kept
        )
        yield copy
        return
    # a step of the user's own may use optimizers that `compile` does not know
    others = [v for v in vars(model).values() if isinstance(v, keras.optimizers.Optimizer)]
    variables = [*model.variables, *(v for other in others for v in other.variables)]
    before = [(variable, keras.ops.convert_to_numpy(variable)) for variable in variables]
    model.optimizer = optimizer
    try:
        yield model
    finally:
        model.optimizer = own
        model.reset_metrics()
        for variable, value in before:
            variable.assign(value)


def _copy(model: Any, data: Any) -> Any:
    """Make a model of the same layers, and of the same weights where there are any."""
    from keras import tree
    from keras.src.saving.serialization_lib import SafeModeScope

    first = tree.map_structure(lambda leaf: leaf[0], data[0] if isinstance(data, tuple) else data)
    with SafeModeScope(safe_mode=False):  # the user's own Lambda layers, not those of a file
        copy = copy_network(model)
    if not copy.built or not all(layer.built for layer in layers_of(copy)):
        copy(first)
    if model.built and len(model.get_weights()) == len(copy.get_weights()):
        copy.set_weights(model.get_weights())
    return copy


def _with_constant_rate(optimizer: Any) -> Any:
    """Copy an optimizer; the rate of the copy is a variable, whatever schedule the first had."""
    config = optimizer.get_config()
    inner = getattr(optimizer, "inner_optimizer", None)
    if inner is not None:  # mixed precision
        return type(optimizer)(_with_constant_rate(inner))
    if isinstance(config.get("learning_rate"), Mapping):
        config["learning_rate"] = 0.001
    return type(optimizer).from_config(config)


def _rise(model: Any, data: Any, rates: NDArray[np.float32]) -> NDArray[np.float64]:
    """Train a step at each rate in one compiled call; give the losses up to divergence."""
    import tensorflow as tf
    from keras import tree

    leaves = [tf.convert_to_tensor(_as_fed(leaf)) for leaf in tree.flatten(data)]
    structure = tree.pack_sequence_as(data, list(range(len(leaves))))

    def step(rate: Any, *parts: Any) -> Any:
        model.optimizer.learning_rate = rate
        model.reset_metrics()  # so that the loss below is that of this batch
        logs = model.train_step(tree.map_structure(lambda place: parts[place], structure))
        return tf.cast(logs["loss"], tf.float32)

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
        return losses.stack()[:count]  # noqa: PD013 - a TensorArray

    if model.run_eagerly:
        compiled = step
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


def _as_fed(leaf: Any) -> Any:
    """Cast as Keras does: floats to its own float type, other numbers stay."""
    import keras

    floats = getattr(leaf, "dtype", np.dtype(object)).kind == "f"
    return leaf.astype(keras.config.floatx()) if floats else leaf


def _smooth(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average over the steps before, as in `find_learning_rate`."""
    average, smoothed = 0.0, []
    for i, loss in enumerate(losses):
        average = MEMORY * average + (1 - MEMORY) * loss
        smoothed.append(average / (1 - MEMORY ** (i + 1)))
    return np.array(smoothed)
