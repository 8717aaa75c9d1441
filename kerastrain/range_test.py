"""Which learning rate suits this model and these data?  One short run with rising rates.

The rate rises by the same factor at each step, from far too small to far too large. At first the
loss stands still, then it falls, in the end it shoots up. A good rate lies where it falls.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.checks.untouched import untouched
from kerastrain.choices import LossChoice
from kerastrain.errors import DataError, OptimizerError
from kerastrain.labels import inspect_labels
from kerastrain.loss_table import BINARY, SPARSE
from kerastrain.losses import choice_for, choose_loss
from kerastrain.rate_plots import plot_rates
from kerastrain.rising_rates import MEMORY, comes_in_batches, lay_out, rise, trainee
from kerastrain.seeds import choose_seed, seed_model, seeded

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes

__all__ = ["LearningRateCurve", "find_learning_rate", "suggest_rate"]

SHARE = 0.5  # of the test's distance to its lowest loss that a training should go
CLEAR = 10  # times below the rate of the lowest loss is clear of divergence


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
        batches = lay_out(x, y, sample_weight, batch_size, steps, seed)
        with trainee(model, loss, optimizer, batches) as tested:
            seed_model(tested, seed)
            losses = rise(tested, batches, rates)
            name = str(tested.optimizer.name)
    table = _tidy(rates, losses)
    suggestion = suggest_rate(table, epochs * batches.an_epoch)
    return LearningRateCurve(table, *suggestion, optimizer=name)


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
        return None, _encode(y, model.loss, model, task)
    if not given and y is None and (model.compiled or not comes_in_batches(x)):
        return None, None  # a model with a train_step or add_loss of its own
    choice = loss if given else choose_loss(x if y is None else y, model=model, task=task)
    if not _is_choice(choice):
        return choice, _encode(y, choice, model, task)
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


def _encode(y: Any, loss: Any, model: Any, task: str | None) -> Any:
    """Write names as numbers; numbers stay, but for class ids that do not count from 0."""
    if isinstance(y, Mapping):
        return {
            key: _encode(part, _part(loss, key, i), None, task)
            for i, (key, part) in enumerate(y.items())
        }
    if isinstance(y, list | tuple) and y and np.ndim(y[0]) > 0 and hasattr(y[0], "shape"):
        return [_encode(part, _part(loss, i, i), None, task) for i, part in enumerate(y)]
    if y is None or not isinstance(loss, str) or not _needs_encoding(np.asarray(y), loss):
        return y
    labels: Any = inspect_labels(y, task=task)
    return choice_for(labels, loss, model=model).encode(y)


def _part(loss: Any, key: Any, place: int) -> Any:
    if isinstance(loss, Mapping):
        return loss.get(key)
    return loss[place] if isinstance(loss, list | tuple) else loss


def _needs_encoding(y: NDArray[Any], loss: str) -> bool:
    if y.dtype.kind not in "biuf":
        return True
    if y.size != len(y):
        return False
    outside = y.min() < 0 or y.max() > 1
    return (loss == BINARY and outside) or (loss == SPARSE and y.min() != 0)


def _smooth(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average over the steps before, as in `find_learning_rate`."""
    average, smoothed = 0.0, []
    for i, loss in enumerate(losses):
        average = MEMORY * average + (1 - MEMORY) * loss
        smoothed.append(average / (1 - MEMORY ** (i + 1)))
    return np.array(smoothed)
