"""Which of these losses, or optimizers, is better here?

Losses cannot be compared by their own values: a cross-entropy of 0.3 and a hinge of 0.3 have
nothing in common. So every candidate is judged by the same measures on held-out rows, and
everything but the candidate is equal: for one seed the same split, the same initial weights in
all layers of equal shape, the same order of batches.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from kerastrain.arrays.rows import as_arrays
from kerastrain.checks import check, enforce
from kerastrain.errors import DataError, OptimizerError
from kerastrain.experiments.intervals import mean_interval
from kerastrain.experiments.measures import MEASURES, measure
from kerastrain.labels.inspection import Labels, inspect_labels
from kerastrain.loop import fit, start_over
from kerastrain.losses.choosing import LossChoice, admitted_losses
from kerastrain.losses.preparation import Rows, encode, split
from kerastrain.models.seeds import seed_model, seeded
from kerastrain.optimizers.builders import get_optimizer
from kerastrain.plots.pictures import plot_comparison
from kerastrain.training.compiling import build, choice_of

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes

__all__ = ["Comparison", "compare"]


class Candidate(NamedTuple):
    """One of the things compared: a loss, an optimizer, or both."""

    choice: LossChoice  # the loss, and the last layer and label format that follow from it
    optimizer: keras.optimizers.Optimizer  # each training gets a fresh copy


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """The trainings of all candidates over all seeds.

    Attributes:
        history: A row for each candidate, seed, epoch and split.
        scores: A row for each candidate and seed: the shared measures on the held-out rows after
            the last epoch (`accuracy` as a share and `log_loss` in nats; or `mae` and `rmse` in
            the unit of the labels) and `seconds`.
    """

    history: pd.DataFrame
    scores: pd.DataFrame

    @property
    def measures(self) -> list[str]:
        """The shared measures, in the order of the table."""
        return [name for name in MEASURES if name in self.scores]

    def summary(self) -> pd.DataFrame:
        """Sum up the seeds: means, 95 % intervals, and differences to the best.

        The seeds are the sample: each has its own split, initial weights and order of batches,
        and all three vary together. `difference` is paired: candidate minus best, seed by seed.
        Its interval is widened for the number of candidates that are compared with the best
        (Bonferroni); where it holds 0 the verdict is "no clear difference".

        Returns:
            A row for each measure and candidate, the best mean first: `measure`, `candidate`,
            `mean`, `low`, `high`, `difference`, `difference_low`, `difference_high`, `verdict`,
            `seconds` (mean over the seeds).
        """
        tables = [self._summary_of(measure) for measure in self.measures]
        return pd.concat(tables, ignore_index=True)

    def _summary_of(self, measure: str) -> pd.DataFrame:
        # leaves out a candidate without this measure: a hinge has no log-loss
        table = self.scores.pivot_table(index="seed", columns="candidate", values=measure)
        order = table.mean().sort_values(ascending=MEASURES[measure] < 0).index
        best, others = order[0], len(order) - 1
        seconds = self.scores.groupby("candidate")["seconds"].mean()
        rows = []
        for name in order:
            mean, low, high = mean_interval(table[name])
            row = {"measure": measure, "candidate": name, "mean": mean, "low": low, "high": high}
            gap = mean_interval(table[name] - table[best], comparisons=max(others, 1))
            row |= {"difference": gap.mean, "difference_low": gap.low, "difference_high": gap.high}
            row["verdict"] = "no clear difference" if gap.holds_zero else "worse"
            if name == best:
                row["verdict"] = "best mean"
            rows.append(row | {"seconds": seconds[name]})
        return pd.DataFrame(rows)

    def plot(self) -> Axes:
        """Draw each candidate's scores: a dot a seed, the mean and its interval.

        Returns:
            The axes of the first measure.
        """
        return plot_comparison(self.scores, self.summary())

    def __str__(self) -> str:
        """Say in a sentence for each measure what the comparison shows."""
        return " ".join(self._sentence(rows) for _, rows in self.summary().groupby("measure"))

    def _sentence(self, rows: pd.DataFrame) -> str:
        seeds = self.scores["seed"].nunique()
        best, others = rows.iloc[0], rows.iloc[1:]
        worse = list(others.loc[others["verdict"] == "worse", "candidate"])
        unclear = list(others.loc[others["verdict"] != "worse", "candidate"])
        text = (
            f"By {best['measure']}, {best['candidate']} has the best mean over {seeds} seeds "
            f"({best['mean']:.3g}, 95 % interval {best['low']:.3g} to {best['high']:.3g})"
        )
        if worse:
            text += f"; {', '.join(worse)} {'is' if len(worse) == 1 else 'are'} clearly worse"
        if unclear:
            text += f"; to {', '.join(unclear)} there is no clear difference"
        return f"{text}."

    __repr__ = __str__


def compare(
    build_model: Callable[[LossChoice], keras.Model],
    x: Any,
    y: Any,
    candidates: Sequence[Any] | Mapping[str, Any] | None = None,
    *,
    seeds: int | Sequence[int] = 5,
    epochs: int = 10,
    batch_size: int = 32,
    validation_split: float = 0.25,
    optimizer: str | keras.optimizers.Optimizer = "adam",
    task: str | None = None,
    loop: str = "auto",
) -> Comparison:
    """Train each candidate from equal beginnings and judge all by the same measures.

    Args:
        build_model: Gets a `LossChoice` and builds a model that ends in its `units` and
            `activation`. Layers before the last start equal for all candidates of one seed.
        x: Inputs, one row for each example.
        y: Labels of one output, in any form that `inspect_labels` reads.
        candidates: Losses (Keras names or objects), optimizers (objects or `"sgd"`, `"adam"`),
            pairs `(loss, optimizer)`, or a dict from names to those. Left out, every loss that
            these labels admit.
        seeds: How many, or which. Each decides split, initial weights and order of batches.
        epochs: How many times each training goes through its rows.
        batch_size: Rows in one step.
        validation_split: Share of the rows to judge on, with the same share of each class.
        optimizer: For candidates that name none; each training gets a fresh copy.
        task: Decides how the labels are read, see `inspect_labels`.
        loop: As in `fit`.

    Returns:
        The histories and scores of all trainings.

    Raises:
        LabelError: the labels cannot be read.
        LossError: a candidate that does not fit the labels.
        DataError: fewer than two candidates or seeds, or labels of several outputs.
    """
    chosen = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    if len(chosen) < 2:
        message = f"An interval needs two seeds or more; saw seeds={seeds!r}. Pass seeds=5."
        raise DataError(message)
    labels = inspect_labels(y, task=task)
    if not isinstance(labels, Labels):
        message = "compare() judges one output; saw labels of several. Pass one of them as y."
        raise DataError(message)
    entries = _read(candidates, labels, get_optimizer(optimizer))
    x = as_arrays(x, "x")
    histories, scores = [], []
    for name, entry in entries.items():
        rows = encode(x, y, None, entry.choice)
        model = None
        for seed in chosen:
            with seeded(seed):
                fresh = build(build_model, entry.choice)
            training, held_out = split(rows, validation_split, entry.choice, seed)
            model = _begin(model, fresh, entry, training)
            seed_model(model, seed)
            history = fit(
                model,
                training.x,
                training.y,
                epochs=epochs,
                batch_size=batch_size,
                validation_data=held_out.as_tuple(),
                seed=seed,
                loop=loop,
                verbose=0,
            )
            histories.append(history.assign(candidate=name, seed=seed))
            result = measure(entry.choice, held_out.y, model.predict(held_out.x, verbose=0))
            seconds = history["seconds"].sum()
            scores.append({"candidate": name, "seed": seed, **result, "seconds": seconds})
    first = ["candidate", "seed"]
    history = pd.concat(histories, ignore_index=True)
    history = history[[*first, *history.columns.drop(first)]]
    return Comparison(history, pd.DataFrame(scores))


def _begin(
    model: keras.Model | None, fresh: keras.Model, entry: Candidate, rows: Rows
) -> keras.Model:
    """Compile the first model of a candidate; set it back to fresh weights for the next seeds."""
    if model is not None:
        start_over(model, fresh)  # the same numbers as with the fresh model, compiled once
        return model
    settings = {
        "optimizer": type(entry.optimizer).from_config(entry.optimizer.get_config()),
        "loss": entry.choice.build_loss(),
        "metrics": entry.choice.build_metrics(),
    }
    enforce(check(fresh, rows.x, rows.y, **settings))
    fresh.compile(**settings)
    return fresh


def _read(
    candidates: Any, labels: Labels, usual: keras.optimizers.Optimizer
) -> dict[str, Candidate]:
    """Read all forms in which candidates are given; by name, in their order."""
    if candidates is None:
        candidates = admitted_losses(labels)
    named = candidates if isinstance(candidates, Mapping) else {None: candidates}
    entries: dict[str, Candidate] = {}
    for name, given in named.items():
        for one in given if name is None else [given]:
            entry = _candidate(one, labels, usual)
            entries[_free_name(name or _name_of(one), entries)] = entry
    if len(entries) < 2:
        message = (
            f"A comparison needs two candidates; saw {list(entries)}. "
            "Pass candidates=['mse', 'mae'], or [sgd(0.1), adam(1e-3)]."
        )
        raise DataError(message)
    return entries


def _candidate(given: Any, labels: Labels, usual: keras.optimizers.Optimizer) -> Candidate:
    loss, optimizer = given if isinstance(given, tuple) else (given, None)
    if _is_optimizer(loss):
        loss, optimizer = admitted_losses(labels)[0], loss
    return Candidate(choice_of(labels, loss), get_optimizer(optimizer or usual))


def _is_optimizer(given: Any) -> bool:
    import keras

    if not isinstance(given, str):
        return isinstance(given, keras.optimizers.Optimizer)
    try:
        get_optimizer(given)
    except OptimizerError:
        return False
    return True


def _name_of(given: Any) -> str:
    """Name a candidate: the loss, or the optimizer with what it was given."""
    if isinstance(given, tuple):
        return " + ".join(_name_of(part) for part in given)
    if isinstance(given, str):
        return given
    config = given.get_config() if hasattr(given, "get_config") else {}
    rate = config.get("learning_rate")
    name = getattr(given, "__name__", None) or type(given).__name__.lower()
    return f"{name}({rate:.3g})" if isinstance(rate, float) else str(name)


def _free_name(name: str, taken: Mapping[str, Any]) -> str:
    number = 1
    while f"{name} {number}" in taken or (number == 1 and name in taken):
        number += 1
    return name if number == 1 else f"{name} {number}"
