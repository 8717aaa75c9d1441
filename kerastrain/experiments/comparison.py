"""Which of these losses, or optimizers, is better here?

Losses cannot be compared by their own values: a cross-entropy of 0.3 and a hinge of 0.3 have
nothing in common. So every candidate is judged by the same measures on validation rows, and
everything but the candidate is equal: for one seed the same split, the same initial weights in
all layers of equal shape, the same order of batches.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerastrain.arrays.arguments import check_whole
from kerastrain.arrays.rows import as_arrays, count_rows, take_rows
from kerastrain.checks import Finding, check, enforce
from kerastrain.errors import DataError, KerastrainWarning
from kerastrain.experiments.answer import advise, print_table
from kerastrain.experiments.candidates import BASELINE, Candidate, read_candidates
from kerastrain.experiments.finished import open_finished
from kerastrain.experiments.intervals import Interval, mean_interval
from kerastrain.experiments.jobs import Job, hire
from kerastrain.experiments.measures import MEASURES, measure, measure_baseline
from kerastrain.labels.inspection import Labels, inspect_labels
from kerastrain.loop import fit, start_over
from kerastrain.losses.choosing import LossChoice, admitted_losses
from kerastrain.losses.preparation import Rows, pair_rows, row_classes, split
from kerastrain.losses.resolve import choice_of
from kerastrain.models.building import build
from kerastrain.models.seeds import LARGEST, seed_model, seeded_apart
from kerastrain.optimizers.builders import get_optimizer
from kerastrain.plots.pictures import plot_comparison

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes

__all__ = ["Comparison", "compare"]

MOST_SEEDS = 1000


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """The trainings of all candidates over all seeds.

    Attributes:
        history: A row for each candidate, seed, epoch and split.
        scores: A row for each candidate and seed (and `fold`, where there are any): the shared
            measures on the validation rows after the last epoch (`accuracy` as a share and
            `log_loss` in nats; or `mae` and `rmse` in the unit of the labels), `seconds`, and how
            many rows were trained on and judged on (`train_rows`, `val_rows`). The candidate
            `baseline` is the best constant answer.
        notes: Candidates that are equal to another one and so are named once, and trainings that
            are missing.
        usual: The candidate to be preferred where no other is clearly better; "" for none.

    Examples:
        >>> import keras, kerastrain as kt
        >>> iris = kt.load_dataset("iris")
        >>> build = lambda choice: keras.Sequential([keras.Input((4,)), *choice.last_layers()])
        >>> comparison = kt.compare(build, iris.x, iris.y, ["sgd", "adam"], seeds=2, epochs=1)
        >>> comparison.scores.shape[0], comparison.measures
        (6, ['accuracy', 'log_loss'])
    """

    history: pd.DataFrame
    scores: pd.DataFrame
    notes: tuple[str, ...] = ()
    usual: str = ""

    @property
    def measures(self) -> list[str]:
        """The shared measures, in the order of the table."""
        return [name for name in MEASURES if name in self.scores]

    def summary(self) -> pd.DataFrame:
        """Sum up the trainings: means, 95 % intervals, and paired differences to the best.

        An interval is about the score to be expected of a model that is trained on as many rows of
        this kind. What varies from seed to seed are the split, the initial weights and the order of
        batches; that all splits share one data set is corrected for (see `mean_interval`).
        `difference` is paired: candidate minus best, training by training. Its interval is widened
        for the number of pairs of candidates (Bonferroni), because the best is found by the same
        numbers. Where it holds 0 the verdict is "no clear difference". Where all trainings give the
        same accuracy, their spread is taken to be one row; where they give the same value of
        another measure, there is no interval: its bounds are NaN.

        Returns:
            A row for each measure and candidate, the best mean first and the baseline last:
            `measure`, `candidate`, `mean`, `low`, `high`, `difference`, `difference_low`,
            `difference_high`, `verdict`, `seconds` (mean of a training).
        """
        tables = [self._summary_of(measure) for measure in self.measures]
        return pd.concat(tables, ignore_index=True)

    def _summary_of(self, measure: str) -> pd.DataFrame:
        # leaves out a candidate without this measure: a hinge has no log-loss
        places = [name for name in ("seed", "fold") if name in self.scores]
        table = self.scores.pivot_table(index=places, columns="candidate", values=measure)
        given = [name for name in self.scores["candidate"].unique() if name in table]
        sign = MEASURES[measure]
        means = (sign * table.mean())[given].round(12)
        order = means.drop(BASELINE, errors="ignore").sort_values(ascending=False, kind="stable")
        ties = list(order.index[order == order.iloc[0]])
        pairs = max(len(order) * (len(order) - 1) // 2, 1)
        val_rows = self.scores["val_rows"]
        overlap = (val_rows / self.scores["train_rows"]).mean()
        step = 1 / val_rows.mean() if measure == "accuracy" else math.nan
        seconds = self.scores.groupby("candidate")["seconds"].mean()
        rows = []
        for name in [*order.index, *(set(given) & {BASELINE})]:
            mean, low, high = mean_interval(table[name].dropna(), overlap=overlap, step=step)
            low, high = max(low, 0.0), min(high, 1.0) if measure == "accuracy" else high
            row = {"measure": measure, "candidate": name, "mean": mean, "low": low, "high": high}
            gaps = (table[name] - table[ties[0]]).dropna()
            gap = mean_interval(gaps, comparisons=pairs, overlap=overlap, step=step)
            if name == ties[0]:  # from itself
                gap = Interval(0.0, 0.0, 0.0)
            row |= {"difference": gap.mean, "difference_low": gap.low, "difference_high": gap.high}
            row["verdict"] = "worse" if sign * gap.mean < 0 else "better"  # better: a baseline
            if gap.holds_zero:
                row["verdict"] = "no clear difference"
            if name in ties:
                row["verdict"] = "best mean" if len(ties) == 1 else "tied for the best mean"
            rows.append(row | {"seconds": seconds[name]})
        return pd.DataFrame(rows)

    def plot(self) -> Axes:
        """Draw what decides: the paired differences to the best, and the means beside them.

        Returns:
            The axes of the first measure.
        """
        return plot_comparison(self.summary())

    def __str__(self) -> str:
        """Say which candidate to take, then show the table."""
        summary = self.summary()
        return f"{advise(summary, self.usual)}\n\n{print_table(summary, self.notes)}"

    __repr__ = __str__


@dataclasses.dataclass(frozen=True)
class Task:
    """What all trainings share; it travels once to each worker."""

    build_model: Callable[[LossChoice], keras.Model]
    x: Any
    y: Any
    entries: dict[str, Candidate]
    validation_split: float
    folds: int | None
    options: dict[str, Any]
    left_out: bool  # the user named no candidates

    def parts(
        self, choice: LossChoice, rows: Rows, seed: int, fold: int | None
    ) -> tuple[Rows, Rows]:
        """Split the rows into those to train on and those to judge on."""
        if fold is None:
            return split(rows, self.validation_split, choice, seed)
        assert self.folds is not None
        classes, count = row_classes(choice, rows.y), count_rows(rows.x)
        order = np.random.default_rng([seed, 0xF01D]).permutation(count)
        if classes is not None:  # row after row of each class, so that all folds get their share
            order = order[np.argsort(classes[order], kind="stable")]
        inside = np.arange(count) % self.folds == fold
        shuffle = np.random.default_rng([seed, fold]).permutation
        return rows.take(shuffle(order[~inside])), rows.take(shuffle(order[inside]))


def compare(
    build_model: Callable[[LossChoice], keras.Model],
    x: Any,
    y: Any,
    candidates: Sequence[Any] | Mapping[str, Any] | None = None,
    *,
    seeds: int | Sequence[int] = 5,
    folds: int | None = None,
    epochs: int = 10,
    batch_size: int = 32,
    validation_split: float = 0.25,
    optimizer: str | keras.optimizers.Optimizer = "adam",
    task: str | None = None,
    loop: str = "auto",
    executor: Executor | None = None,
    checkpoint: str | PathLike[str] | None = None,
) -> Comparison:
    """Train each candidate from equal beginnings and judge all by the same measures.

    Args:
        build_model: Gets a `LossChoice` and builds a model that ends in its `units` and
            `activation`. Layers before the last start equal for all candidates of one seed.
        x: Inputs, one row for each example.
        y: Labels of one output, in any form that `inspect_labels` reads.
        candidates: Losses (Keras names or objects), optimizers (objects or `"sgd"`, `"adam"`),
            pairs `(loss, optimizer)`, or a dict from names to those. Left out, every loss that
            these labels admit. Those that are the same maths are trained once.
        seeds: How many, or which. Each decides split, initial weights and order of batches.
        folds: Judge on each of so many parts of the rows in turn, for each seed (repeated k-fold).
            Left out, on a share of `validation_split`.
        epochs: How many times each training goes through its rows.
        batch_size: Rows in one step.
        validation_split: Share of the rows to judge on, with the same share of each class.
        optimizer: For candidates that name none; each training gets a fresh copy.
        task: Decides how the labels are read, see `inspect_labels`.
        loop: As in `fit`.
        executor: Runs the trainings on its workers, with the same numbers: any
            `concurrent.futures.Executor`, such as `ProcessPoolExecutor(2)` where `build_model` is a
            function of a module, `loky.get_reusable_executor(2)` for closures too, or
            `dask.distributed.Client(...).get_executor()`. Threads take turns, which saves no time.
        checkpoint: A folder that keeps the result of each training. Called again with the same
            folder, also after a kill, only the trainings that are not done yet are run.

    Returns:
        The histories and scores of all trainings, and of the best constant answer. After Ctrl-C
        those of the trainings that are done; the notes name what is missing.

    Raises:
        LabelError: the labels cannot be read.
        LossError: a candidate that does not fit the labels.
        DataError: fewer than two candidates or seeds, or labels of several outputs.
        RunError: the checkpoint is of another experiment, or cannot be written.

    Examples:
        >>> import keras
        >>> from kerastrain.arrays.datasets import load_dataset
        >>> iris = load_dataset("iris")
        >>> def build(choice):
        ...     return keras.Sequential([keras.Input((4,)), *choice.last_layers()])
        >>> comparison = compare(build, iris.x, iris.y, seeds=2, epochs=1)
        >>> list(comparison.scores["candidate"].unique())
        ['sparse_categorical_crossentropy', 'categorical_focal_crossentropy',
         'mean_squared_error', 'baseline']
    """
    trainings = _trainings(seeds, folds)
    labels = inspect_labels(y, task=task)
    if not isinstance(labels, Labels):
        message = "compare() judges one output, but y holds several. Pass one of them as y."
        raise DataError(message)
    options = {"epochs": check_whole("epochs", epochs), "batch_size": batch_size, "loop": loop}
    entries, same = read_candidates(candidates, labels, get_optimizer(optimizer))
    first = next(iter(entries))
    shared = Task(
        build_model,
        as_arrays(x, "x"),
        y,
        entries,
        validation_split,
        folds,
        options,
        left_out=candidates is None,
    )
    constant = _judge_baseline(shared, choice_of(labels, admitted_losses(labels)[0]), trainings)
    settings = {"validation_split": validation_split, "folds": folds, **options}
    finished = open_finished(
        checkpoint, build_model, entries[first].choice, shared.x, y, **settings
    )
    jobs = [
        Job(name, (name, *place), ((name, *place), entry.settings() if finished else None))
        for name, entry in entries.items()
        for place in trainings
    ]
    with hire(_train_once, shared, executor, finished) as run:
        results = run(jobs)
    done = [result for result in results.all if result is not None]
    if not done:
        message = "No training came to an end: the worker process of each of them died twice."
        raise DataError(message)
    history = pd.concat([pd.DataFrame(one["history"]) for one in done], ignore_index=True)
    scores = pd.DataFrame([*(one["scores"] for one in done), *constant])
    # nobody asked for the other losses of the labels, so what they lack is no news
    asked = [one for one in done if candidates or one["scores"]["candidate"] == first]
    told = dict.fromkeys(Finding(**found) for one in asked for found in one["findings"])
    enforce(list(told), stacklevel=3)
    missing = [job.told for job, result in zip(jobs, results.all, strict=True) if result is None]
    notes = (*same, *_tell_missing(missing, len(jobs), interrupted=results.interrupted))
    return Comparison(history, scores, notes, first if candidates is None else "")


def _trainings(seeds: Any, folds: Any) -> list[tuple[int, int | None]]:
    """List the seeds, each with all folds."""
    least = 2 if folds is None else 1
    whole = isinstance(seeds, int | np.integer) and not isinstance(seeds, bool)
    chosen = list(range(min(seeds, MOST_SEEDS + 1))) if whole else seeds
    several = isinstance(chosen, list | tuple | range | np.ndarray)
    if (
        not several
        or not least <= len(chosen) <= MOST_SEEDS
        or any(isinstance(s, bool) or not isinstance(s, int | np.integer) for s in chosen)
        or len(set(map(int, chosen))) < len(chosen)
        or not all(0 <= seed <= LARGEST for seed in chosen)
    ):
        message = (
            f"seeds must be a number from {least} to {MOST_SEEDS}, or a list of as many different "
            f"whole numbers from 0 to {LARGEST}, but it is {_short(seeds)}. Pass seeds=5."
        )
        raise DataError(message)
    parts = [None] if folds is None else range(check_whole("folds", folds, 2, 1000))
    return [(int(seed), fold) for seed in chosen for fold in parts]


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python writes out no number of more than 4300 digits
        text = f"a number of {value.bit_length()} bits"
    return text if len(text) < 80 else f"{text[:76]} ..."


def _judge_baseline(
    shared: Task, usual: LossChoice, trainings: list[tuple[int, int | None]]
) -> list[dict[str, Any]]:
    rows = pair_rows(shared.x, shared.y, usual.encode(shared.y))
    if shared.folds is not None and shared.folds > count_rows(rows.x):
        message = f"Each fold needs a row, but folds={shared.folds} and x has {count_rows(rows.x)}."
        raise DataError(message)
    scores = []
    for seed, fold in trainings:
        training, validation = shared.parts(usual, rows, seed, fold)
        result = measure_baseline(usual, training.y, validation.y)
        place = _place(BASELINE, seed, fold)
        sizes = {"train_rows": len(training.y), "val_rows": len(validation.y)}
        scores.append(place | result | {"seconds": 0.0} | sizes)
    return scores


def _train_once(
    shared: Task, job: tuple[str, int, int | None], memory: dict[Any, Any]
) -> dict[str, Any]:
    """Train one candidate from one seed, and judge it; `memory` keeps its compiled model."""
    name, seed, fold = job
    entry = shared.entries[name]
    if memory.get("name") != name:
        memory.clear()
        memory.update(name=name, rows=pair_rows(shared.x, shared.y, entry.choice.encode(shared.y)))
    training, validation = shared.parts(entry.choice, memory["rows"], seed, fold)
    # each training of a seed has its own beginning, equal for all candidates
    start = seed if fold is None else int(np.random.SeedSequence([seed, fold]).generate_state(1)[0])
    start &= LARGEST
    with seeded_apart(start):
        fresh = build(shared.build_model, entry.choice)
        if not fresh.built:
            fresh(take_rows(training.x, np.arange(1)))
    if "model" in memory:
        start_over(memory["model"], fresh)  # the numbers of the fresh model, compiled once
    else:
        settings = entry.settings()
        findings = check(fresh, training.x, training.y, **settings)
        of = f" That is the candidate {name!r}."
        if shared.left_out:
            of = (
                f"{of} With candidates=None all losses of these labels are compared: pass those "
                "that build_model can end in, or end it with *choice.last_layers()."
            )
        wrong = [finding for finding in findings if finding.severity == "error"]
        enforce([dataclasses.replace(one, fix=one.fix + of) for one in wrong])
        fresh.compile(**settings)
        memory |= {"model": fresh, "warnings": [*map(dataclasses.asdict, findings)]}
    model = memory["model"]
    seed_model(model, start)
    history = fit(
        model,
        training.x,
        training.y,
        validation_data=validation.as_tuple(),
        seed=start,
        verbose=0,
        **shared.options,
    )
    place = _place(*job)
    sizes = {"train_rows": len(training.y), "val_rows": len(validation.y)}
    scores = measure(entry.choice, validation.y, model.predict(validation.x, verbose=0))
    scores["seconds"] = float(history["seconds"].sum())
    table = {name: [value] * len(history) for name, value in place.items()}
    return {
        "history": table | history.to_dict("list"),
        "scores": place | scores | sizes,
        "findings": memory["warnings"],
    }


def _place(name: str, seed: int, fold: int | None) -> dict[str, Any]:
    return {"candidate": name, "seed": seed} | ({} if fold is None else {"fold": fold})


def _tell_missing(
    missing: list[tuple[str, int, int | None]], total: int, *, interrupted: bool
) -> list[str]:
    if not missing:
        return []
    if interrupted:
        return [f"Interrupted: {total - len(missing)} of {total} trainings are done."]
    named = ", ".join(f"{name} (seed {seed})" for name, seed, _ in missing)
    note = f"Missing, because their worker process died twice: {named}."
    warnings.warn(note, KerastrainWarning, stacklevel=3)
    return [note]
