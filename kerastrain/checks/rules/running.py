"""Will the run itself do what was asked: epochs, batches, validation, order of rows?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.sources import Data, read_data
from kerastrain.arrays.summary import Summary, class_ids, summarize
from kerastrain.checks.findings import Problem
from kerastrain.checks.rules.data import gap
from kerastrain.checks.settings import AMOUNTS, ID_LOSSES
from kerastrain.checks.setup import Setup
from kerastrain.models.devices import unseen_gpu

SHUFFLE = (
    "Shuffle first: order = np.random.default_rng(0).permutation(len(x)); "
    "x, y = x[order], y[order]."
)


def run_length(setup: Setup) -> Iterator[Problem]:
    """Epochs, batches or steps that are no whole numbers of 1 or more.

    `epochs=0` trains nothing and returns an empty history without a word.
    """
    given = setup.given
    for name in ("epochs", "batch_size", "steps_per_epoch", "validation_batch_size",
                 "validation_steps", "steps_per_execution"):  # fmt: skip
        value = given[name]
        if value is None:
            continue
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if name == "steps_per_execution" and value == "auto":
            continue
        if not whole or value < 1:
            example = {"epochs": 10, "batch_size": 32}.get(name, 10)
            yield Problem(
                f"{name} must be a whole number of 1 or more, but got {value!r}.",
                f"Pass {name}={example}.",
                name,
            )
    first, last = given["initial_epoch"], given["epochs"]
    if isinstance(first, int) and isinstance(last, int) and first >= last > 0:
        yield Problem(
            "epochs is the number of the last epoch, not how many more, but got "
            f"initial_epoch={first} and epochs={last}, so nothing is trained.",
            f"Pass epochs={first + last}.",
        )


def steps_run_out(setup: Setup) -> Iterator[Problem]:
    """More steps than the data have batches: in an epoch, or for a data set in all epochs together.

    Keras warns that the input ran out of data and ends early; the history then holds what was
    trained until there.
    """
    steps, data, size = setup.given["steps_per_epoch"], setup.data, setup.given["batch_size"]
    if not isinstance(steps, int):
        return
    size = size if isinstance(size, int) and size > 0 else 32
    arrays = data.source == "arrays" and setup.rows is not None
    batches = -(-(setup.rows or 0) // size) if arrays else data.batches or 0
    rest, epochs = batches % max(1, steps), setup.given["epochs"] or 1
    if 0 < batches < steps or (rest and 0 < batches < steps * epochs):
        cut = "at most" if batches < steps else "a divisor of"
        yield Problem(
            f"steps_per_epoch must be {cut} the number of batches, {batches}, but is {steps}"
            + (f": some epochs end after {rest}." if batches > steps else "."),
            "Leave steps_per_epoch out.",
        )


def gpu_unseen(setup: Setup) -> Iterator[Problem]:
    """A GPU of NVIDIA in this machine that TensorFlow does not see, so that the CPU trains."""
    way = unseen_gpu()
    if way:
        yield Problem("Training could use the GPU of this machine, but uses the CPU.", way)


def batch_above_rows(setup: Setup) -> Iterator[Problem]:
    """A batch size above the number of rows, in a short run.

    An epoch is one step then, and a few epochs are a few steps in all.
    """
    size, rows, steps = setup.given["batch_size"], setup.rows, setup.steps
    if setup.data.source != "arrays" or not isinstance(size, int) or rows is None or steps is None:
        return
    if size > rows >= 32 and steps < 50:
        yield Problem(
            f"A batch must be a part of the rows, but batch_size={size} is more than all {rows}: "
            f"the training has {steps} step{'s' if steps > 1 else ''} in all.",
            "Pass batch_size=32.",
        )


def validation_split_size(setup: Setup) -> Iterator[Problem]:
    """A share of rows to validate on that is outside 0 to 1, or that leaves no rows.

    Keras raises; with data sets it cannot split at all.
    """
    share = setup.given["validation_split"]
    number = isinstance(share, int | float | np.number) and not isinstance(share, bool)
    if not share or setup.given["validation_data"] is not None:
        return
    if not number or not 0 < share < 1:
        yield Problem(f"validation_split must be from 0 to below 1, but got {share!r}.",
                      "Pass validation_split=0.2.")  # fmt: skip
    elif setup.data.source != "arrays":
        yield Problem(
            f"validation_split takes rows from arrays; x is a {setup.data.source}.",
            "Pass validation_data=another_data_set, as from data.take(10) and data.skip(10).",
        )
    elif setup.rows and not 0 < int(setup.rows * (1 - share)) < setup.rows:
        yield Problem(f"Both parts must have rows; {setup.rows} rows cannot be split at {share}.",
                      "Pass validation_split=0.2, or more rows.")  # fmt: skip


def _split(setup: Setup) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Count the classes in the first rows and in the last, which Keras would validate on."""
    share, output = setup.given["validation_split"], setup.outputs[0]
    y, rows = output.y, setup.rows
    number = isinstance(share, int | float) and 0 < share < 1
    if not number or setup.given["validation_data"] is not None or y is None or not rows:
        return None
    if setup.data.source != "arrays" or output.loss.name in AMOUNTS or not _one_class_a_row(y):
        return None
    cut = int(rows * (1 - share))
    first, last = class_ids(y, 0, cut), class_ids(y, cut, rows)
    if not len(first) or not len(last):
        return None
    low = min(first.min(), last.min())
    size = int(max(first.max(), last.max()) - low) + 1
    return np.bincount(first - low, minlength=size), np.bincount(last - low, minlength=size)


def _one_class_a_row(y: Summary) -> bool:
    """Say whether labels hold one class for each row: ids or one-hot."""
    if not y.numeric or not y.whole or not y.counts or len(y.shape) > 2:
        return False
    wide = len(y.shape) == 2 and (y.shape[1] or 0) > 1
    if wide:
        return y.zero_or_one and bool(y.row_sums.size) and bool(np.allclose(y.row_sums, 1))
    return len(y.counts) <= 1000 and y.low >= -1


def validation_split_classes(setup: Setup) -> Iterator[Problem]:
    """A validation split with classes that are not trained on.

    Keras takes the last rows, before any shuffling. With rows sorted by class these are the
    last classes: the model never sees them, and validation says 0.00.
    """
    parts = _split(setup)
    if parts is None:
        return
    first, last = parts
    lacking = (first == 0) & (last >= 4)
    if lacking.any():
        yield Problem(
            f"Every class must be among the rows trained on; validation_split takes the last rows, "
            f"and {int(lacking.sum())} of {np.count_nonzero(first + last)} classes are only there.",
            SHUFFLE,
        )


def validation_split_lacks(setup: Setup) -> Iterator[Problem]:
    """A validation split without classes that are frequent in training.

    Validation then says nothing about them; the rows are in some order.
    """
    parts = _split(setup)
    if parts is None:
        return
    first, last = parts
    expected = first * (last.sum() / first.sum())
    lacking = (last == 0) & (expected > 10)
    if lacking.any() and not ((first == 0) & (last >= 4)).any():
        yield Problem(
            f"Validation must hold the classes that are trained; {int(lacking.sum())} frequent "
            "ones are not among the last rows, which validation_split takes.",
            SHUFFLE,
        )


def sorted_rows(setup: Setup) -> Iterator[Problem]:
    """Rows sorted by class and not shuffled.

    Every batch then pulls all weights to one class, and the last class wins.
    `fit(shuffle=True)` does nothing for a tf.data.Dataset.
    """
    if len(setup.outputs) != 1 or setup.x == ():
        return
    y, data = setup.outputs[0].y, setup.data
    ordered = data.in_order if data.source == "Dataset" else (
        data.source == "arrays" and setup.given["shuffle"] is False
    )  # fmt: skip
    whole = y is not None and y.complete and _one_class_a_row(y)
    if not ordered or not whole or setup.outputs[0].loss.name in AMOUNTS:
        return
    assert y is not None
    rows = y.shape[0] or 0
    ids = class_ids(y, 0, rows)
    kinds = len(np.unique(ids))
    changes = int(np.count_nonzero(np.diff(ids)))
    size = setup.given["batch_size"] or 32
    if 2 <= kinds < rows // 4 and changes < 2 * kinds and rows / kinds >= size / 2:
        way = "data.shuffle(len(x)) before .batch(...)" if data.source == "Dataset" else (
            "Leave shuffle out, or shuffle x and y together"
        )  # fmt: skip
        yield Problem(
            f"Batches must mix the classes; the {rows} rows are sorted by class and stay so.",
            f"{way}.",
            "shuffle" if data.source == "arrays" else "x",
        )


def validation_data(setup: Setup) -> Data | None:
    """Read the validation data, if they can be looked at."""
    given = setup.given["validation_data"]
    if isinstance(given, list):
        given = tuple(given)
    if isinstance(given, tuple) and 2 <= len(given) <= 3:
        return read_data(given[0], given[1])
    if given is None or isinstance(given, tuple) or hasattr(given, "shape"):
        return None
    return read_data(given)


def validation_form(setup: Setup) -> Iterator[Problem]:
    """Validation data that `fit` cannot take, or whose labels have another form than those of y.

    Keras raises at the end of the first epoch, after it was trained.
    """
    given, data = setup.given["validation_data"], validation_data(setup)
    if given is None or setup.own_step:
        return
    if data is None:
        seen = f"a tuple of {len(given)}" if isinstance(given, tuple) else type(given).__name__
        yield Problem(f"validation_data must be (x_val, y_val) or a data set, but got {seen}.",
                      "Pass validation_data=(x_val, y_val).")  # fmt: skip
        return
    if len(setup.x) != 1 or len(setup.outputs) != 1:
        return
    pairs = [(setup.x[0], data.x, "x"), (setup.outputs[0].y, data.y, "y")]
    seen_rows = set()
    for trained, array, name in pairs:
        if trained is None or array is None or not hasattr(array, "shape") or not trained.numeric:
            continue
        facts = summarize(array, f"validation {name}", complete=data.complete)
        seen_rows.add(facts.shape[0] if facts.shape else None)
        yield from (Problem(*trouble)
                    for trouble in [_differs(setup, trained, facts)] if trouble)  # fmt: skip
    if len(seen_rows) > 1:
        yield Problem(
            f"validation x and y must have as many rows, but got {sorted(map(str, seen_rows))}.",
            "Split both at the same place.",
        )


def _differs(setup: Setup, trained: Summary, facts: Summary) -> tuple[str, str] | None:
    """Say in what validation data differ from training data so that they cannot be used."""
    name = facts.where
    one = {len(s) for s in (trained.shape, facts.shape)} == {1, 2} and {
        trained.shape[1:], facts.shape[1:]} == {(), (1,)}  # fmt: skip
    inner = zip(trained.shape[1:], facts.shape[1:], strict=False)
    fits = one or (len(trained.shape) == len(facts.shape) and all(
        a == b or None in (a, b) for a, b in inner))  # fmt: skip
    free = any(size is None for i in setup.model_inputs for size in i.shape[1:]) and name.endswith(
        "x"
    )
    if not facts.numeric:
        return (
            f"{name} must hold numbers, but got {facts.dtype}.",
            "Encode it as the training data.",
        )
    if not fits and not free:
        return (
            f"{name} must have the shape of the training data, {trained.shown}, but got "
            f"{facts.shown}.",
            "Prepare both in the same way.",
        )
    if facts.missing or facts.infinite:
        return gap(setup, facts)[:2]
    units, loss = setup.outputs[0].units or 0, setup.outputs[0].loss
    if name.endswith("y") and loss.name in ID_LOSSES and facts.whole and fits:
        ids = set(facts.counts) - {loss.options.get("ignore_class")}
        if ids and (min(ids) < 0 or max(ids) >= units > 1):
            return (
                f"{name} must hold class ids from 0 to {units - 1}, but got {min(ids)} to "
                f"{max(ids)}.",
                "Number the classes of both parts by the classes of the training part.",
            )
    return None


def validation_scale(setup: Setup) -> Iterator[Problem]:
    """Inputs that were scaled for training and not for validation, or by other numbers.

    The validation figures are then those of another problem, and early stopping follows them.
    Told only where the training inputs are standardised, or in 0..1 or -1..1.
    """
    data = validation_data(setup)
    if data is None or len(setup.x) != 1 or not hasattr(data.x, "shape"):
        return
    trained, facts = setup.x[0], summarize(data.x, "validation x", complete=data.complete)
    if not (trained.numeric and facts.numeric and trained.rows.size and facts.rows.size):
        return
    far = 8 * max(abs(trained.low), abs(trained.high), 1e-12)
    unit = trained.high <= 1.01 and trained.low >= -1.01 and facts.high > far
    small = facts.high <= 1.01 and facts.low >= -1.01 and trained.high > 100 and trained.low >= 0
    standard = False
    if trained.rows.ndim == 2 and facts.rows.shape[1:] == trained.rows.shape[1:]:
        spread = trained.rows.std(axis=0)
        live = spread > 1e-9
        exact = live & (np.abs(trained.rows.mean(axis=0)) < 0.2) & (np.abs(spread - 1) < 0.2)
        # Rows of later years or of one class lie elsewhere and closer together, and rightly so.
        # Other numbers show in a wider spread; raw ones in that they are far off and not negative.
        wider = np.median(facts.rows.std(axis=0)[live]) > 2.5 if live.any() else False
        raw = facts.rows.min() >= 0 and np.median(facts.rows.mean(axis=0)[live]) > 3
        standard = bool(live.any() and exact[live].all() and (wider or raw))
    if unit or small or standard:
        yield Problem(
            f"Validation inputs must be scaled as the training inputs, but got {trained.low:.3g} "
            f"to {trained.high:.3g} in x and {facts.low:.3g} to {facts.high:.3g} in validation x.",
            "Use the training numbers for both: x_val = (x_val - mean) / std.",
        )


def validation_is_training(setup: Setup) -> Iterator[Problem]:
    """Validation on rows that are trained on: the same arrays, a slice or a copy of them.

    It says how well the rows are memorized, and nothing about new ones.
    """
    data = validation_data(setup)
    if data is None or len(setup.x) != 1:
        return
    given, here, there = setup.given["validation_data"], setup.x[0], data.x
    whole = setup.data.source == "arrays" and data.source == "arrays" and (
        _shares_rows(here.array, there) or _same_rows(here, there)
    )  # fmt: skip
    if whole or (given is setup.x_given and setup.data.source in ("Dataset", "PyDataset")):
        yield Problem(
            "Validation rows must be other rows than those trained on; validation_data holds rows "
            "of x itself.",
            "Pass validation_split=0.2." if whole else "Split: data.skip(10) and data.take(10).",
        )


def _shares_rows(here: Any, there: Any) -> bool:
    """Say whether two arrays overlap in memory, as x and x[:100] do."""
    if here is there:
        return True
    if not (isinstance(here, np.ndarray) and isinstance(there, np.ndarray)):
        return False
    step = abs(here.strides[0]) if here.size else 0
    if not step or here.strides != there.strides or step < here[0].nbytes:
        return False  # windows over a series overlap, without a row in common
    return bool(np.may_share_memory(here, there)) and (
        (there.ctypes.data - here.ctypes.data) % step == 0
    )


def _same_rows(here: Summary, there: Any) -> bool:
    """Say whether an array holds what another holds, as a copy does."""
    if getattr(there, "shape", None) != getattr(here.array, "shape", ()) or not here.rows.size:
        return False
    rows = summarize(there, "validation x").rows
    return rows.shape == here.rows.shape and bool(np.array_equal(rows, here.rows))
