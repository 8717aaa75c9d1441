"""Which learning rate suits this model and these data?  One short run with rising rates.

The rate rises by the same factor at each step, from far too small to far too large. At first the
loss stands still, then it falls, in the end it shoots up. A good rate lies where it falls.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kerastrain.arrays.arguments import check_number, check_whole
from kerastrain.arrays.sources import is_data_set
from kerastrain.errors import DataError, LabelError, OptimizerError
from kerastrain.labels.inspection import check_task
from kerastrain.losses.resolve import Plan, is_auto, read_with
from kerastrain.models.seeds import choose_seed, seed_model, seeded
from kerastrain.models.untouched import untouched
from kerastrain.optimizers.rising_rates import MEMORY, lay_out, rise, trainee
from kerastrain.plots.rates import plot_rates

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes

__all__ = ["LearningRateCurve", "find_learning_rate", "suggest_rate"]

RATES = np.geomspace(1e-5, 10.0, 200)
POWER = 0.8  # n steps of one length lead n ** POWER as far as one: a part cancels out
AS_LOW = 0.02  # of its fall above the lowest loss is as low
FLAT = 30  # times the rate at which the loss was first as low: it lies flat in between
CLEAR = 2  # times below the rate of the lowest loss is clear of divergence


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LearningRateCurve:
    """The loss while the learning rate rose.

    Attributes:
        table: A row for each step: `step` (from 1), `learning_rate`, `loss` (of that batch, before
            the step, the mean of the repeats), `smoothed_loss`, and `val_loss` (of the
            validation rows; missing where there are none).
        suggestion: The rate to train with.
        low: Below it a training would be too short to get down.
        high: Above it a training may overfit, or diverge.
        rule: How the suggestion follows from the table, in a sentence.
        optimizer: The name of the optimizer that was tested; a rate is good for one optimizer.

    Examples:
        >>> import keras, kerastrain as kt
        >>> data = kt.load_dataset("iris")
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
        >>> curve = kt.find_learning_rate(model, data.x, data.y, steps=50)
        >>> curve.low <= curve.suggestion <= curve.high
        True
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
    model: keras.Model | Callable[[Any], keras.Model],
    x: Any,
    y: Any = None,
    *,
    loss: Any = "auto",
    optimizer: str | keras.optimizers.Optimizer | None = None,
    task: str | None = None,
    sample_weight: Any = None,
    epochs: int = 20,
    batch_size: int = 32,
    lowest: float = 1e-5,
    highest: float = 10.0,
    steps: int = 200,
    seed: int = 0,
) -> LearningRateCurve:
    """Test rising learning rates on a model and data, and suggest one to train with.

    At step `i` of `n` the rate is `lowest * (highest / lowest) ** (i / (n - 1))`. The loss of a
    single batch is noisy, so it is smoothed, with a correction for the start::

        average  = 0.8 * average + 0.2 * loss
        smoothed = average / (1 - 0.8 ** (i + 1))

    The test stops when the smoothed loss has shot up. Before each step the loss of some validation
    rows is taken too, since a rate with which the rows are memorized is too high; where they are
    few, the test is repeated from the same weights with other validation rows, and the mean counts.
    `suggest_rate` says how the suggestion follows. The model, its weights and optimizer, and all
    random generators are as before afterwards (only a data set that shuffles rows of a `map` or a
    generator goes on from where the test has left it).

    Args:
        model: A Keras model, compiled or not, built or not; or a function that builds one.
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
        DataError: the data cannot be read twice, or hold missing values; the loss is not finite
            from the start; or the model cannot be copied, where it has to be.

    Examples:
        >>> import keras, kerastrain as kt
        >>> data = kt.load_dataset("iris")
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
        >>> 1e-5 < kt.find_learning_rate(model, data.x, data.y).suggestion < 10
        True

    References:
        Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017.
        Howard and Gugger, Fastai: A Layered API for Deep Learning, Information 2020 (smoothing).
    """
    lowest = check_number(
        "lowest", lowest, high=1e6, open_low=True, example=1e-5, error=OptimizerError
    )
    highest = check_number(
        "highest",
        highest,
        lowest,
        open_low=True,
        example=10.0 * max(lowest, 1),
        error=OptimizerError,
    )
    steps = check_whole("steps", steps, 10, 10**6, error=OptimizerError)
    epochs, batch_size = check_whole("epochs", epochs), check_whole("batch_size", batch_size)
    seed = check_whole("seed", seed, 0)
    check_task(task)
    seed = choose_seed(seed)
    with untouched(), seeded(seed):
        model, plan = _read(model, x, y, loss, task)
        own = is_auto(loss) and model.compiled and model.loss is not None
        return rate_curve(
            model,
            x,
            plan.y,
            loss=None if own else plan.loss,
            optimizer=optimizer,
            sample_weight=sample_weight,
            epochs=epochs,
            batch_size=batch_size,
            rates=np.geomspace(lowest, highest, steps),
            seed=seed,
        )


def _read(model: Any, x: Any, y: Any, loss: Any, task: str | None) -> tuple[Any, Plan]:
    """Make the plan; under a loss that is given, batches need not hold every class."""
    given = not is_auto(loss) or getattr(model, "loss", None) is not None
    as_given = Plan(None, model.loss if is_auto(loss) and given else loss, y)
    if given and is_data_set(x):  # reading its labels would move what it draws next
        return model, as_given
    try:
        return read_with(model, x, y, loss=loss, task=task)
    except LabelError:
        values = np.asarray(y)
        if not given or values.dtype.kind not in "biuf" or not np.isfinite(values).all():
            raise
        return model, as_given


def rate_curve(
    model: keras.Model,
    x: Any,
    y: Any,
    *,
    loss: Any = None,
    optimizer: Any = None,
    sample_weight: Any = None,
    epochs: int,
    batch_size: int,
    rates: NDArray[np.float64] = RATES,
    seed: int,
) -> LearningRateCurve:
    """Test rising rates where labels are written as the loss wants them already.

    Args:
        model: A Keras model.
        x: As in `find_learning_rate`.
        y: Encoded labels.
        loss: What to compile a copy with; None for the loss of the compiled model.
        optimizer: As in `find_learning_rate`.
        sample_weight: As in `find_learning_rate`.
        epochs: As in `find_learning_rate`.
        batch_size: As in `find_learning_rate`.
        rates: Rising, shape `(steps,)`.
        seed: As in `find_learning_rate`.
    """
    import tensorflow as tf

    with untouched(), seeded(seed):
        batches = lay_out(x, y, sample_weight, batch_size, len(rates), seed)
        with trainee(model, loss, optimizer, batches) as tested:
            seed_model(tested, seed)
            try:
                repeats = rise(tested, batches, rates.astype("float32"))
            except (TypeError, ValueError, tf.errors.OpError) as error:
                line = next(iter(str(error).strip().splitlines()), "")
                message = (
                    f"The model must be able to train on these data under loss={loss!r:.80}, but "
                    f"its step raised {type(error).__name__}: {line:.200} "
                    "check(model, x, y, loss=...) says why."
                )
                raise DataError(message) from error
            name = str(tested.optimizer.name)
    table = _tidy(rates.astype("float32"), repeats)
    suggestion = suggest_rate(table, epochs * batches.an_epoch)
    return LearningRateCurve(table, *suggestion, optimizer=name)


def _tidy(
    rates: NDArray[np.float32], repeats: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> pd.DataFrame:
    """Lay out the steps that all repeats made, with the means of their losses."""
    count = min(int(np.argmin(np.isfinite([*losses, np.nan]))) for losses, _ in repeats)
    if count == 0:
        message = (
            f"The loss must be a number before the first step; it was {repeats[0][0][0]}. Look for "
            "missing or huge values: np.isfinite(x).all(), np.abs(x).max()."
        )
        raise DataError(message)
    losses = np.mean([losses[:count] for losses, _ in repeats], axis=0)
    columns: dict[str, Any] = {
        "step": np.arange(count) + 1,
        "learning_rate": rates[:count].astype(float),
    }
    columns |= {"loss": losses, "smoothed_loss": pd.Series(losses).ewm(alpha=1 - MEMORY).mean()}
    judged = all(len(val_losses) for _, val_losses in repeats)
    val_losses = np.mean([held[:count] for _, held in repeats], axis=0) if judged else np.nan
    return pd.DataFrame({**columns, "val_loss": val_losses})


def suggest_rate(table: pd.DataFrame, training_steps: int) -> tuple[float, float, float, str]:
    """Read a good learning rate off the curve.

    The loss of the validation rows was lowest after a certain distance, `sum(learning_rate)`: from
    there on the steps were too long, or what they learnt was true of the other rows only. A
    training should go as far. (Where the loss lies flat, as low to within 2 % of its fall, while
    the rate rises thirtyfold, chance decides where it is lowest; the first such place counts.)
    Since the last steps were by far the longest, that distance is one of `distance / rate` steps at
    the rate of the lowest loss. Of many steps a part cancels out, so that `n` steps lead about
    `n ** 0.8` times as far as one::

        suggestion * training_steps ** 0.8 = rate * (distance / rate) ** 0.8

    It is half the rate of the lowest loss at most: a very short training needs long steps, but
    should stay clear of divergence. (The power was measured on small data sets and dense networks:
    0.7 leads too far in long trainings, 1 not far enough.)

    Args:
        table: A row for each step, with `learning_rate`, `smoothed_loss` and `val_loss`; where
            the last is missing, the smoothed loss stands in for it.
        training_steps: Steps of the training that the rate is meant for.

    Returns:
        The suggestion; the rate that leads as far as nine tenths of the fall, and the one that
        leads twice as far as the suggestion; and the rule in words.
    """
    judge = "val_loss" if table["val_loss"].notna().all() else "smoothed_loss"
    rates, losses = table["learning_rate"].to_numpy(), table[judge].to_numpy()
    bottom = int(np.nanargmin(losses))
    as_low = losses[bottom] + AS_LOW * (losses[0] - losses[bottom])
    first = int(np.argmax(losses <= as_low))
    if rates[bottom] > FLAT * rates[first]:
        bottom = first
    nearly = int(np.argmax(losses <= losses[0] - 0.9 * (losses[0] - losses[bottom])))
    distance = np.cumsum(rates)
    most = rates[bottom] / CLEAR
    equal_steps = distance[bottom] / rates[bottom]  # steps at that rate which lead as far
    wanted = rates[bottom] * (equal_steps / training_steps) ** POWER
    nearer = distance[nearly] / distance[bottom]
    suggestion, low, high = (float(min(wanted * far, most)) for far in (1, nearer, 2))
    of = "validation rows" if judge == "val_loss" else "batches"
    rule = (
        f"leads in {training_steps} steps as far as the test had come ({distance[bottom]:.2g}) "
        f"where the loss of the {of} was lowest"
    )
    if suggestion == most:
        rule = f"half of {rates[bottom]:.2g}, the rate at which the loss of the {of} was lowest"
    return suggestion, low, high, rule
