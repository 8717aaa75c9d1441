"""Which optimizer, rate, momentum and schedule suit this model and these data?  Many short trials.

Successive halving: all trials get a few epochs, the best third goes on, and again, so that most of
the work goes into the promising ones. The learning rate and the momentum are variables of one
compiled step, so a trial costs no new compilation.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerastrain.arrays.arguments import check_whole
from kerastrain.arrays.rows import count_rows, take_rows
from kerastrain.arrays.sources import is_data_set
from kerastrain.errors import DataError, KerastrainWarning, OptimizerError
from kerastrain.experiments.finished import open_finished
from kerastrain.experiments.intervals import Interval, mean_interval
from kerastrain.experiments.jobs import Job, hire
from kerastrain.loop import fit
from kerastrain.losses.choice import LossChoice
from kerastrain.losses.outputs import each
from kerastrain.losses.preparation import Rows, pair_rows, split
from kerastrain.losses.resolve import resolve
from kerastrain.models.building import build
from kerastrain.models.seeds import choose_seed, seed_model, seeded, seeded_apart
from kerastrain.models.untouched import untouched
from kerastrain.optimizers.builders import adam, sgd
from kerastrain.plots.rates import plot_trials

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes

__all__ = ["Tuning", "tune_optimizer"]

RUNGS = (1 / 9, 1 / 3)  # share of the epochs that trials get; the finals have all of them
KEEP = 3  # one in so many trials goes on to the next rung
SEEDS = 6  # of the finals: new splits and initial weights
APART = 2.0  # the finalists' rates differ by this factor or more
FINALISTS = {1: 6, 3: 3, 4: 2}  # how many are in from which of these seeds on
MOMENTA = (0.9, 0.0, 0.8, 0.95)
SCHEDULES = ("cosine", None)
RATES = {"adam": (3e-4, 0.2), "sgd": (1e-3, 1.0)}  # lowest and highest that are tried
DEFAULTS = ("adam", 0.001), ("sgd", 0.01)  # Keras' own; the first is what a winner has to beat


@dataclasses.dataclass
class Trial:
    """One setting, and how far it came."""

    optimizer: str
    learning_rate: float
    momentum: float = 0.0
    schedule: str | None = None
    epochs: int = 0
    val_loss: float = math.inf
    state: list[Any] | None = None  # weights and the optimizer's variables where it stopped

    def rate(self, epoch: int, epochs: int) -> float:
        """Give the rate of an epoch, counted from 0: that of the schedule at its middle."""
        if self.schedule is None:
            return self.learning_rate
        return self.learning_rate * (1 + math.cos(math.pi * (epoch + 0.5) / epochs)) / 2


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Tuning:
    """The trials of a tuning and its winner.

    Attributes:
        table: A row for each trial, the best first: `optimizer`, `learning_rate`, `momentum`,
            `schedule`, `epochs` (that it was given), `val_loss` (after these), `best`.
        name: The winner: `"sgd"` or `"adam"`.
        best: Keyword arguments for that function.
        scores: The validation loss after all epochs, a row for each seed, a column for each
            finalist, named by its row in `table`; the first is the default, Adam with a rate of
            0.001. Missing where a finalist had dropped out.
        gain: By which share of it the winner's loss lies below the default's: the mean over the
            seeds and its 95 % interval. 0 where the winner is the default itself.

    Examples:
        >>> import keras, kerastrain as kt
        >>> iris = kt.load_dataset("iris")
        >>> build = lambda choice: keras.Sequential([keras.Input((4,)), *choice.last_layers()])
        >>> tuning = kt.tune_optimizer(build, iris.x, iris.y, budget=3, epochs=2)
        >>> tuning.name in ("sgd", "adam"), list(tuning.table.columns[:2])
        (True, ['optimizer', 'learning_rate'])
    """

    table: pd.DataFrame
    name: str
    best: dict[str, Any]
    scores: pd.DataFrame
    gain: Interval

    def optimizer(self) -> keras.optimizers.Optimizer:
        """Build a fresh optimizer with the winning settings.

        Returns:
            What `sgd(**best)` or `adam(**best)` gives.
        """
        return (sgd if self.name == "sgd" else adam)(**self.best)

    def plot(self) -> Axes:
        """Draw the trials: validation loss over learning rate.

        Returns:
            The axes.
        """
        return plot_trials(self.table)

    def __str__(self) -> str:
        """Say what won and how sure that is."""
        settings = ", ".join(f"{key}={value!r}" for key, value in self.best.items())
        text = f"{self.name}({settings})"
        if len(self.scores) < SEEDS:
            text = f"Interrupted. {text}"
        if self.gain.mean == 0:
            return f"{text}: over {len(self.scores)} seeds, no trial was clearly better."
        return (
            f"{text}: its validation loss lies {self.gain.mean:.0%} below that of adam(0.001) "
            f"over {len(self.scores)} seeds (95 % interval {self.gain.low:.0%} to "
            f"{self.gain.high:.0%})."
        )

    __repr__ = __str__


def tune_optimizer(
    build_model: Callable[[LossChoice], keras.Model],
    x: Any,
    y: Any,
    optimizers: Sequence[str] = ("sgd", "adam"),
    *,
    budget: int = 30,
    epochs: int = 20,
    batch_size: int = 32,
    validation_split: float = 0.25,
    task: str | None = None,
    seed: int = 0,
    loop: str = "auto",
    executor: Executor | None = None,
    checkpoint: str | PathLike[str] | None = None,
) -> Tuning:
    """Try many settings of the optimizer on validation rows, most of them only briefly.

    Trials begin from equal weights and get a ninth of the epochs; the best third goes on to a third
    of them. Short trials flatter high rates, so of the best the six finalists are taken with rates
    apart; Keras' own SGD(0.01) is always one. They are trained in full, each time from other
    weights on another split; three are left after two such seeds, two after three, and these run
    on six. A finalist wins only if it is clearly better there than Adam with its default rate:
    the interval of the difference lies above 0. Otherwise the default, the safe choice, wins.
    The winner is one of several that were looked at on the same seeds, so that its gain may be a
    little smaller on other seeds.

    Args:
        build_model: Gets a `LossChoice` and builds a model that ends in its `units` and
            `activation`. Models of two calls must have equal shapes.
        x: Inputs, one row for each example: an array or frame, or a dict or list of several.
        y: Labels in any form that `inspect_labels` reads; a dict or list for several outputs.
        optimizers: Names of those to try, `"sgd"`, `"adam"`, or both.
        budget: How many settings to try, 3 or more.
        epochs: The length of the training that the winner is meant for.
        batch_size: Rows in one step.
        validation_split: Share of the rows to judge on.
        task: Decides how the labels are read, see `inspect_labels`.
        seed: Decides splits, initial weights and the order of rows. Equal seeds, equal tunings.
        loop: As in `fit`.
        executor: Runs the trials of a round on its workers, with the same numbers; see `compare`.
        checkpoint: A folder that keeps how far each trial came, with its weights. Called again
            with the same folder, also after a kill, only what is not done yet is run.

    Returns:
        The trials and the winner; after Ctrl-C as far as they came. A schedule's `decay_steps` are
        those of `epochs` epochs on the rows that `validation_split` leaves.

    Raises:
        LabelError: the labels cannot be read.
        OptimizerError: a name that is neither `"sgd"` nor `"adam"`.
        DataError: a budget that is too small, rows that cannot be split, or a function that builds
            no new model.
        RunError: the checkpoint is of another tuning, or cannot be written.

    Examples:
        >>> import keras, kerastrain as kt
        >>> iris = kt.load_dataset("iris")
        >>> build = lambda choice: keras.Sequential([keras.Input((4,)), *choice.last_layers()])
        >>> tuning = kt.tune_optimizer(build, iris.x, iris.y, budget=3, epochs=2)
        >>> type(tuning.optimizer()).__name__ in ("SGD", "Adam")
        True

    References:
        Jamieson and Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter
        Optimization, AISTATS 2016.
    """
    _check_arguments(optimizers)
    budget, epochs = check_whole("budget", budget, 3, 10_000), check_whole("epochs", epochs)
    batch_size, seed = check_whole("batch_size", batch_size), check_whole("seed", seed, 0)
    if is_data_set(x) or y is None:
        message = (
            "Trials are trained and judged on different rows, drawn anew for each seed, but x is "
            f"a {type(x).__name__} and y a {type(y).__name__}. Pass x and y as arrays."
        )
        raise DataError(message)
    seed = choose_seed(seed)
    with untouched(), seeded(seed):
        plan = resolve(None, x, y, task=task)
        rows = pair_rows(x, y, plan.y)
        training, val = split(rows, validation_split, plan.choice, seed)
        sizes = count_rows(training.x), count_rows(val.x)
        settings: dict[str, Any] = {"epochs": epochs, "batch_size": batch_size, "loop": loop}
        settings["validation_split"] = validation_split
        finished = open_finished(checkpoint, build_model, plan.choice, rows.x, y, **settings)
        track = _Track(build_model, plan.choice, rows, **settings)
        with hire(_run_trial, track, executor, finished) as run:
            go = partial(_go, run, seed)
            trials, goes_on = _halve(go, _draw(optimizers, budget, seed), epochs)
            default = next(t for t in trials if _is_default(t) and t.optimizer == DEFAULTS[0][0])
            scores = _finals(run if goes_on else None, trials, default, epochs, seed)
    place, gain = _judge(scores, overlap=sizes[1] / sizes[0])
    winner = trials[place]
    table = pd.DataFrame([_row(trial) | {"best": trial is winner} for trial in trials])
    table.loc[~np.isfinite(table["val_loss"]), "val_loss"] = np.nan
    best = _keywords(winner, epochs * math.ceil(sizes[0] / batch_size))
    return Tuning(table, winner.optimizer, best, scores, gain)


def _run_trial(
    track: _Track, job: tuple[int, Trial, int], memory: dict[Any, Any]
) -> dict[str, Any]:
    """Do a job: train a trial on, in this process or in a worker; tell how far it came."""
    seed, trial, upto = job
    if memory.get("seed") != seed:
        track.start(seed)
        memory["seed"] = seed
    track.run(trial, upto)
    state = trial.state if upto < track.epochs else None  # nothing goes on from the end
    return {"epochs": trial.epochs, "val_loss": trial.val_loss, "state": state}


def _go(run: Any, seed: int, trials: list[Trial], upto: int) -> bool:
    """Train trials up to an epoch; tell whether to go on, which Ctrl-C denies."""
    jobs = [Job(t.optimizer, (seed, t, upto), (seed, upto, _settings(t))) for t in trials]
    try:
        results = run(jobs)
    except KeyboardInterrupt:
        return False
    for trial, result in zip(trials, results.all, strict=True):
        vars(trial).update(result or {})
    for place in results.lost:
        trials[place].val_loss = math.inf
        message = f"The worker process of this trial died twice: {_row(trials[place])}."
        warnings.warn(message, KerastrainWarning, stacklevel=5)
    return not results.interrupted


def _finals(run: Any, trials: list[Trial], default: Trial, epochs: int, seed: int) -> pd.DataFrame:
    """Train the best trials in full from new seeds; the worse ones drop out on the way."""
    going = [trial for trial in trials if _is_default(trial) and trial is not default]
    for trial in trials:  # short trials flatter high rates, so the finalists get rates far apart
        apart = all(_distance(trial, other) > math.log(APART) for other in [default, *going])
        if apart and math.isfinite(trial.val_loss) and len(going) < FINALISTS[1]:
            going.append(trial)
    seeds = pd.RangeIndex(1, SEEDS + 1, name="seed")
    scores = pd.DataFrame(index=seeds, columns=[trials.index(default)], dtype=float)
    for turn in scores.index:
        going = going[: FINALISTS.get(turn, len(going))]
        start = int(np.random.SeedSequence([seed, turn]).generate_state(1)[0]) >> 1
        fresh = {
            place: dataclasses.replace(trials[place], epochs=0, state=None, val_loss=math.inf)
            for place in map(trials.index, [default, *going])
        }
        if run is None or not _go(run, start, list(fresh.values()), epochs):
            scores = scores.loc[: turn - 1]
            break
        for place, trial in fresh.items():
            scores.loc[turn, place] = trial.val_loss
        means = scores.mean()
        going = sorted(going, key=lambda trial: means[trials.index(trial)])
    scores.columns = [int(name) for name in scores.columns]
    return scores


def _distance(trial: Trial, other: Trial) -> float:
    """Tell how far two rates lie apart, on the scale of logarithms."""
    if trial.optimizer != other.optimizer:
        return math.inf
    return abs(math.log(trial.learning_rate / other.learning_rate))


def _check_arguments(optimizers: Any) -> None:
    several = isinstance(optimizers, list | tuple) and optimizers
    if not several or any(name not in list(RATES) for name in optimizers):
        message = (
            f"optimizers must name sgd, adam or both, but it is {optimizers!r}. Pass ('adam',)."
        )
        raise OptimizerError(message)


def _draw(optimizers: Sequence[str], budget: int, seed: int) -> list[Trial]:
    """Spread the trials evenly over the logarithm of the rate, beside Keras' defaults."""
    random = np.random.default_rng([seed, 0x7D1A])  # a stream apart from that of the split
    trials = [Trial(*default) for default in DEFAULTS if default[0] in ("adam", *optimizers)]
    budget -= len(trials)
    for i, name in enumerate(optimizers):
        count = budget // len(optimizers) + (i < budget % len(optimizers))
        lowest, highest = np.log(RATES[name])
        places = (np.arange(count) + random.random(count)) / count
        rates = np.exp(lowest + places * (highest - lowest))
        for number, rate in enumerate(rates):
            momentum = MOMENTA[number % len(MOMENTA)] if name == "sgd" else 0.0
            schedule = SCHEDULES[number // (len(MOMENTA) if name == "sgd" else 1) % 2]
            # with momentum m a gradient moves the weights by 1 / (1 - m) times the rate in all
            trials.append(Trial(name, float(rate) * (1 - momentum), momentum, schedule))
    return trials


def _halve(go: Callable[..., bool], trials: list[Trial], epochs: int) -> tuple[list[Trial], bool]:
    """Run the rungs; return all trials, the longer and better ones first, and whether to go on."""
    going = trials
    for rung in RUNGS:
        upto = max(1, round(epochs * rung))
        if not go(going, upto):
            if not any(trial.epochs for trial in trials):
                raise KeyboardInterrupt
            return _in_order(trials), False
        going = sorted(going, key=lambda trial: trial.val_loss)
        going = going[: max(FINALISTS[1], len(going) // KEEP)]
    return _in_order(trials), True


def _in_order(trials: list[Trial]) -> list[Trial]:
    return sorted(trials, key=lambda trial: (-trial.epochs, trial.val_loss))


def _is_default(trial: Trial) -> bool:
    return (trial.optimizer, trial.learning_rate) in DEFAULTS and trial.schedule is None


def _judge(scores: pd.DataFrame, *, overlap: float) -> tuple[int, Interval]:
    """Choose the finalist with the best mean, if it is clearly better than the default."""
    default = scores.columns[0]
    full = scores.dropna(axis="columns").drop(columns=default)
    for place in full.mean().sort_values().index:
        gains = (scores[default] - scores[place]) / scores[default].abs()
        gain = mean_interval(gains, overlap=overlap)
        if gain.low > 0:
            return int(place), gain
    return int(default), Interval(0.0, 0.0, 0.0)


def _settings(trial: Trial) -> dict[str, Any]:
    names = ("optimizer", "learning_rate", "momentum", "schedule")
    return {name: getattr(trial, name) for name in names}


def _row(trial: Trial) -> dict[str, Any]:
    return {**_settings(trial), "epochs": trial.epochs, "val_loss": trial.val_loss} | {
        "momentum": trial.momentum if trial.optimizer == "sgd" else np.nan,
        "schedule": trial.schedule or "constant",
    }


def _keywords(trial: Trial, steps: int) -> dict[str, Any]:
    """Write the settings as `sgd` and `adam` take them."""
    best: dict[str, Any] = {"learning_rate": trial.learning_rate}
    if trial.optimizer == "sgd":
        best["momentum"] = trial.momentum
    if trial.schedule is not None:
        best |= {"schedule": trial.schedule, "decay_steps": steps}
    return best


@dataclasses.dataclass
class _Track:
    """Run trials, all of one optimizer on one compiled model."""

    build_model: Callable[[LossChoice], keras.Model]
    choice: Any
    rows: Rows
    epochs: int
    batch_size: int
    validation_split: float
    loop: str

    def __post_init__(self) -> None:
        self._models: dict[str, keras.Model] = {}
        self._seed = 0
        self._weights: list[Any] = []
        self._variables: dict[str, list[Any]] = {}

    def start(self, seed: int) -> None:
        """Draw the split and the initial weights that the next trials begin with."""
        self._seed = seed
        self._training, self._held_out = split(self.rows, self.validation_split, self.choice, seed)
        with seeded_apart(seed):
            fresh = self._built()
        seed_model(fresh, seed)
        self._weights = _values(fresh.variables)

    def run(self, trial: Trial, upto: int) -> None:
        """Train a trial on from where it stopped, and measure it on the validation rows."""
        if upto <= trial.epochs or (trial.epochs and not math.isfinite(trial.val_loss)):
            trial.epochs = upto
            return
        model = self._model(trial.optimizer)
        own = model.optimizer.variables
        variables = [*self._variables[trial.optimizer], *own]
        begin = [*self._weights, *(np.zeros(v.shape, v.dtype) for v in own)]
        for variable, value in zip(variables, trial.state or begin, strict=True):
            variable.assign(value)
        if trial.optimizer == "sgd":
            model.optimizer.tuned_momentum.assign(trial.momentum)
        with redirect_stdout(StringIO()):  # Keras prints a line where a trial diverges
            history = self._fit(model, trial, upto)
        last = history.iloc[-1]
        validated = last["split"] == "val" and math.isfinite(last["loss"])
        trial.val_loss = float(last["loss"]) if validated else math.inf
        trial.epochs = upto
        trial.state = _values(variables)

    def _fit(self, model: keras.Model, trial: Trial, upto: int) -> pd.DataFrame:
        import keras

        return fit(
            model,
            self._training.x,
            self._training.y,
            batch_size=self.batch_size,
            epochs=upto,
            initial_epoch=trial.epochs,
            validation_data=self._held_out.as_tuple(),
            validation_batch_size=256,
            validation_freq=[upto],
            callbacks=[
                keras.callbacks.LearningRateScheduler(
                    lambda epoch, rate: trial.rate(epoch, self.epochs)
                ),
                keras.callbacks.TerminateOnNaN(),
            ],
            loop=self.loop,
            seed=self._seed,
            verbose=0,
        )

    def _built(self) -> keras.Model:
        """Build a model, with its weights."""
        model = build(self.build_model, self.choice)
        if any(model is other for other in self._models.values()):
            message = (
                "build_model must build a new model each time, so that each trial starts anew, "
                "but it returned the same one again. Build its layers inside the function."
            )
            raise DataError(message)
        if not model.built:
            model(take_rows(self.rows.x, np.arange(1)))
        return model

    def _model(self, name: str) -> keras.Model:
        """Compile a model for an optimizer once."""
        if name not in self._models:
            with seeded_apart(self._seed):
                model = self._built()
            self._variables[name] = list(model.variables)  # without metrics
            optimizer = adam() if name == "adam" else _tunable_sgd()
            model.compile(optimizer=optimizer, loss=each(LossChoice.build_loss, self.choice))
            optimizer.build(model.trainable_variables)
            self._models[name] = model
        return self._models[name]


def _values(variables: Any) -> list[Any]:
    from keras.ops import convert_to_numpy

    return [convert_to_numpy(variable) for variable in variables]


def _tunable_sgd() -> keras.optimizers.SGD:
    """Build Keras' SGD with its momentum as a variable, so that a new value needs no new trace."""
    import keras
    from keras import ops

    class TunableSGD(keras.optimizers.SGD):  # type: ignore[misc]
        """The two lines of Keras' own step."""

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            velocity = self.momentums[self._get_variable_index(variable)]
            kept = ops.cast(self.tuned_momentum, variable.dtype) * velocity
            moved = kept - ops.cast(learning_rate, variable.dtype) * gradient
            self.assign(velocity, moved)
            self.assign_add(variable, moved)

    optimizer = TunableSGD(momentum=0.9)
    optimizer.tuned_momentum = keras.Variable(0.9, trainable=False, name="tuned_momentum")
    return optimizer
