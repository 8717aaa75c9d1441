"""Does each metric measure what its name says?

Tried, not guessed from names: a copy of the metric is given perfect predictions, made from the
labels themselves, and predictions that know nothing.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.checks.findings import Problem
from kerastrain.checks.rules.shapes import columns, value_of
from kerastrain.checks.settings import (
    AMOUNTS,
    BINARY,
    CATEGORICAL,
    CROSSENTROPIES,
    HINGE,
    ID_LOSSES,
    PROBABILITIES,
)
from kerastrain.checks.setup import Output, Setup
from kerastrain.losses.table import SPARSE
from kerastrain.models.private_names import metric_function, takes_logits

# Keras' metrics whose best value is 1 and that judge decisions, not distances.
SCORES = {"Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy",
          "TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "Precision", "Recall", "AUC",
          "F1Score", "FBetaScore", "BinaryIoU", "IoU", "MeanIoU", "OneHotIoU",
          "OneHotMeanIoU"}  # fmt: skip
DISTANCES = {"MeanSquaredError", "MeanAbsoluteError", "RootMeanSquaredError", "LogCoshError",
             "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError"}  # fmt: skip
THRESHOLDS = {"BinaryAccuracy", "Precision", "Recall", "BinaryIoU", "TruePositives",
              "TrueNegatives", "FalsePositives", "FalseNegatives", "F1Score", "FBetaScore",
              "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity",
              "SpecificityAtSensitivity"}  # fmt: skip
ROWS = 256


def _measured(setup: Setup) -> Iterator[tuple[Output, Any, Any]]:
    """Go over outputs and metrics, each metric as a fresh copy: output, as written, copy."""
    for output in setup.outputs:
        if output.y is None or not output.y.numeric or output.shape is None:
            continue
        for metric, made in zip(output.metrics, output.metric_copies, strict=True):
            if made is not None:
                yield output, metric, made


def _picked_right(metric: Any, output: Output) -> bool:
    """Say whether this is plain 'accuracy' on one class a row, where Keras picks by the shapes."""
    plain = isinstance(metric, str) and metric.lower() in ("accuracy", "acc")
    return plain and output.loss.name in CATEGORICAL | {SPARSE} and (output.units or 0) > 1


def _kind(metric: Any) -> str:
    """Name what a metric does: its class, or for a function the class of the same meaning."""
    kind = type(metric).__name__
    if kind == "MeanMetricWrapper":
        function = metric_function(metric)
        name = getattr(function, "__name__", "")
        own = str(getattr(function, "__module__", "")).startswith("keras.")
        return "".join(p.capitalize() for p in name.split("_")) if own else "own"
    return kind if type(metric).__module__.startswith("keras.") else "own"


def _named(metric: Any) -> str:
    """Write a metric as the user did."""
    if isinstance(metric, str):
        return repr(metric)
    name = getattr(metric, "__name__", "")
    return name or f"{type(metric).__name__}()"


def _value(metric: Any, y: Any, predicted: Any) -> float | None:
    """Ask a metric for its value on some predictions; nothing if it raises."""
    import keras

    try:
        with keras.device("cpu"):
            metric.reset_state()
            metric.update_state(y, predicted)
            return float(np.mean(keras.ops.convert_to_numpy(metric.result())))
    except Exception:  # told by another rule, which tries the batch of the user
        return None


def accuracy_of_numbers(setup: Setup) -> Iterator[Problem]:
    """An accuracy of numbers or fractions: of a regression, a reproduction of x, soft labels.

    It counts outputs that equal their target to the last bit, or compares which column is largest.
    """
    for output, metric, made in _measured(setup):
        y = output.y
        assert y is not None
        counted = y.whole and output.loss.name == "poisson" and not len(y.counts) <= 2
        numbers = output.loss.name in AMOUNTS and not (y.whole and len(y.counts) <= 2)
        classes = y.zero_or_one or (output.activation == "softmax" and not counted)
        if _kind(made) not in SCORES or classes or output.loss.name in ID_LOSSES:
            continue
        whole_head = output.activation in ("softmax", "sigmoid")
        fractions = not y.whole and output.loss.name in PROBABILITIES
        judged = _kind(made) in ("AUC", "Precision", "Recall") and output.loss.name in BINARY
        if ((numbers and (not whole_head or not y.whole)) or fractions or counted) and not judged:
            yield Problem(
                f"{_named(metric)} counts right classes, but the loss is {output.loss.shown} and "
                f"{output.called} holds numbers from {y.low:g} to {y.high:g}.",
                "Numbers: metrics=['mae'].",
            )


# What each pooled metric is called where it takes the classes one by one.
POOLED = {"AUC": "AUC(multi_label=True)", "Precision": "Precision(class_id=1)",
          "Recall": "Recall(class_id=1)", "PrecisionAtRecall": "PrecisionAtRecall(0.5, class_id=1)",
          "RecallAtPrecision": "RecallAtPrecision(0.5, class_id=1)",
          "SensitivityAtSpecificity": "SensitivityAtSpecificity(0.5, class_id=1)",
          "SpecificityAtSensitivity": "SpecificityAtSensitivity(0.5, class_id=1)"}  # fmt: skip


def pooled_columns(setup: Setup) -> Iterator[Problem]:
    """Precision, recall or AUC over the columns of one-hot rows, all taken together.

    Each hit of one class is a right miss of the others. Over two columns precision = recall =
    accuracy, and the AUC over three may be 0.95 where the classes have 0.64, 0.71 and 0.54.
    """
    for output, metric, made in _measured(setup):
        if _pools(output, made):
            kind = _kind(made)
            way = f"metrics=[keras.metrics.{POOLED[kind]}], or F1Score(average='macro')"
            two = ". Or one sigmoid unit and y.argmax(-1)" if output.units == 2 else ""
            yield Problem(
                f"{_named(metric)} must judge one class at a time, but it takes all "
                f"{output.units} columns of {output.called} together, which are one class a row.",
                f"{way}{two}.",
            )


def _pools(output: Output, made: Any) -> bool:
    """Say whether a metric pools the columns of one-hot rows."""
    y, config = output.y, made.get_config() if _kind(made) in POOLED else None
    if config is None or y is None or not y.row_sums.size or y.shape[-1] != output.units:
        return False
    one = (output.units or 0) > 1 and y.low >= -1e-3 and np.allclose(y.row_sums, 1, atol=0.02)
    return bool(one and config.get("class_id") is None and not config.get("multi_label", False))


def rare_classes(setup: Setup) -> Iterator[Problem]:
    """Accuracy alone, where one class is nearly all: always saying it is right in 98 of 100 rows.

    A loss that is weighted, or a second metric, shows that somebody has thought of it.
    """
    given = setup.given
    if given["class_weight"] is not None or given["sample_weight"] is not None:
        return
    for output in setup.outputs:
        y, kinds = output.y, [_kind(made) for made in output.metric_copies if made is not None]
        if y is None or not y.complete or not y.whole or output.loss.name not in PROBABILITIES:
            continue
        ids = len(y.shape) == 1 or (len(y.shape) == 2 and y.shape[1] == 1)
        hot = len(y.shape) == 2 and y.zero_or_one and np.allclose(y.row_sums, 1)
        times = np.array(list(y.counts.values())) if ids else (
            y.rows.sum(axis=0) if hot and y.rows.ndim == 2 else np.empty(0))  # fmt: skip
        alone = kinds and all(kind.endswith("Accuracy") for kind in kinds)
        share = float(times.max() / times.sum()) if times.size > 1 and times.sum() else 0.0
        if alone and 0.97 <= share < 1 and (y.shape[0] or 0) >= 100:
            way = "AUC(curve='PR'), keras.metrics.Recall()" if output.units == 1 else (
                "F1Score(average='macro')" if hot else "MeanIoU(" + str(output.units)
                + ", sparse_y_pred=False)")  # fmt: skip
            yield Problem(
                f"'accuracy' says little of rare classes, but it is the only metric: always saying "
                f"the most frequent class is right in {share:.1%} of the rows.",
                f"metrics=['accuracy', keras.metrics.{way}].",
            )


def distance_of_ids(setup: Setup) -> Iterator[Problem]:
    """A distance between class ids and probabilities, as mae on a classification.

    Class 9 minus a probability of 0.3 is 8.7, which says nothing; the shapes broadcast.
    """
    for output, metric, made in _measured(setup):
        ids = output.loss.name in ID_LOSSES and (output.units or 0) > 1
        if ids and _kind(made) in DISTANCES:
            yield Problem(
                f"{_named(metric)} measures how far numbers are off, but y holds class ids.",
                "Classes: metrics=['accuracy'].",
            )


def metric_on_logits(setup: Setup) -> Iterator[Problem]:
    """A metric that cuts at 0.5, or sums probabilities, on raw scores.

    A raw score of 0.2 is a probability of 0.55, and counts as class 0. Also plain 'accuracy'
    with one unit: Keras picks BinaryAccuracy(threshold=0.5).
    """
    for output, metric, made in _measured(setup):
        if not (output.is_logits or (output.loss.name in HINGE and output.no_probability)):
            continue
        kind, y = _kind(made), output.y
        assert y is not None
        halves = kind in THRESHOLDS and _cuts_at_half(made)
        area = kind == "AUC" and not takes_logits(made)
        if output.loss.name in HINGE and y.low < 0 and kind == "BinaryAccuracy":
            continue  # told by the metric's own trial: -1 never equals 0 or 1
        entropy = kind.endswith("Crossentropy") and not made.get_config().get("from_logits", False)
        if halves or area or entropy:
            ways = {"AUC": "keras.metrics.AUC(from_logits=True)",
                    "BinaryAccuracy": "keras.metrics.BinaryAccuracy('accuracy', threshold=0.0)",
                    }  # fmt: skip
            way = ways.get(kind, f"keras.metrics.{kind}(from_logits=True)" if entropy else
                           f"keras.metrics.{kind}(thresholds=0.0)")  # fmt: skip
            yield Problem(
                f"{_named(metric)} reads probabilities; the output is raw scores"
                + (", and it cuts them at 0.5, not at 0." if halves else "."),
                f"metrics=[{way}]. Or end in a sigmoid, with a loss without from_logits.",
            )


def _cuts_at_half(metric: Any) -> bool:
    """Say whether a metric takes 0.5 and more for class 1."""
    config = metric.get_config()
    if type(metric).__name__ == "MeanMetricWrapper":
        return True  # a function's own default
    if "thresholds" in config:
        return config["thresholds"] is None or 0.5 in np.atleast_1d(config["thresholds"])
    return bool(config.get("threshold") == 0.5)


def other_question(setup: Setup) -> Iterator[Problem]:
    """A metric that answers another question than the one that is trained on.

    Given perfect predictions it is not 1, or given predictions that know nothing it is near 1:
    categorical_accuracy on ids, metrics.Accuracy() on probabilities, plain 'accuracy' on
    several labels a row, binary_accuracy on one-hot rows.
    """
    for output, metric, made in _measured(setup):
        if _kind(made) not in SCORES or output.target is None or _picked_right(metric, output):
            continue
        if output.is_logits and (_kind(made) in THRESHOLDS or _kind(made) == "AUC"):
            continue  # told by metric_on_logits
        if _pools(output, made):
            continue  # told by pooled_columns
        y = _some_labels(output)
        trial = _trial(output, y)
        if trial is None:
            continue
        answers = [_as_scores(a) for a in trial[:2]] if output.is_logits else trial[:2]
        best, blind = (_value(made, y, answer) for answer in answers)
        if best is None:
            continue
        if best < 0.9:
            said = f"{best:.2f} for perfect predictions"
        elif (
            blind is not None
            and blind > 0.7
            and trial[2] < 0.6
            and int(getattr(made, "k", output.units or 0)) >= (output.units or 0)
        ):
            said = f"{blind:.2f} for predictions that know nothing"
        else:
            continue
        yield Problem(
            f"{_named(metric)} must measure what is trained; it says {said}, with "
            f"{output.called} of {output.y.shown if output.y else ''} under {output.loss.shown}.",
            _right_metric(output),
        )


def _as_scores(probabilities: NDArray[Any]) -> NDArray[Any]:
    """Write probabilities as the raw scores that a sigmoid makes them of."""
    inside = np.clip(probabilities, 1e-3, 1 - 1e-3)
    return np.asarray(np.log(inside / (1 - inside)), dtype="float32")


def _some_labels(output: Output) -> NDArray[Any]:
    """Take up to 256 rows of labels in the form that `fit` feeds."""
    y = output.y
    assert y is not None
    rows = y.rows[:: max(1, len(y.rows) // ROWS)][:ROWS]
    if hasattr(y.array, "iloc") and rows.ndim == 1:
        rows = rows[:, None]
    return rows.astype("float32")


def _trial(output: Output, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], float] | None:
    """Make predictions that are perfect, and some that know nothing, with their chance of a hit."""
    name, units, shape = output.loss.name, output.units or 1, output.shape or ()
    if name in ID_LOSSES and units > 1:
        ids = (y[..., 0] if y.ndim == len(shape) else y).astype(int)
        known = (ids >= 0) & (ids < units)
        if ids.ndim != len(shape) - 1 or not known.all():
            return None
        return (
            _sure(ids, units),
            _blind(ids, units),
            float(np.bincount(ids.ravel()).max() / ids.size),
        )
    if y.ndim == len(shape) and units > 1 and y.shape[-1] == units:
        each = output.activation == "sigmoid" or output.is_logits
        several = (y.sum(axis=-1) > 1.5).any() or (each and name in BINARY)
        if set(np.unique(y)) - {0.0, 1.0}:
            return None
        if several:
            graded = np.linspace(0.95, 0.6, units, dtype="float32")[::-1]
            best = np.where(y > 0.5, graded, 0.1).astype("float32")
            return best, np.zeros_like(best), 1.0
        if name in CROSSENTROPIES | AMOUNTS and output.activation == "softmax":
            ids = y.argmax(axis=-1)
            return (
                _sure(ids, units),
                _blind(ids, units),
                float(np.bincount(ids.ravel()).max() / ids.size),
            )
        return None
    if units == 1 and set(np.unique(y)) <= {0.0, 1.0} and name in BINARY:
        out = (
            y.reshape((len(y), *(1 if s is None else s for s in shape[1:])))
            if y.size == len(y)
            else y
        )
        best = np.where(out > 0.5, 0.8, 0.2).astype("float32")
        return best, np.full_like(best, 0.5), 1.0
    if name in HINGE and set(np.unique(y)) == {-1.0, 1.0} and y.size == len(y):
        best = y.reshape(len(y), *([1] * (len(shape) - 1)))
        return best, best * 0, 1.0
    return None


def _sure(ids: NDArray[Any], units: int) -> NDArray[Any]:
    """Give the right class 0.7, and share the rest."""
    rest = 0.3 / max(1, units - 1)
    return np.asarray(np.where(np.eye(units, dtype=bool)[ids], 0.7, rest), dtype="float32")


def _blind(ids: NDArray[Any], units: int) -> NDArray[Any]:
    """Give every row the same probabilities, the most to class 0."""
    same = np.full((*ids.shape, units), 1.0 / (units + 0.1), dtype="float32")
    same[..., 0] *= 1.1
    return same


def _right_metric(output: Output) -> str:
    """Say which metric fits the labels."""
    y, name = output.y, output.loss.name
    if name in HINGE:
        return (
            "Compare signs in a metric of your own, or use labels 0/1 (hinge converts them) with "
            "keras.metrics.BinaryAccuracy(name='accuracy', threshold=0.0)."
        )
    if name in ID_LOSSES:
        return "Class ids: metrics=['accuracy']."
    if y is not None and y.row_sums.size and (y.row_sums.max() > 1.5 or name in BINARY):
        if output.is_logits:
            return "Several labels a row: metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)]."
        if output.activation == "sigmoid":
            return "Several labels a row: metrics=['binary_accuracy']."
        return "One class a row: metrics=['categorical_accuracy']."
    return "metrics=['accuracy']."


def metric_broadcast(setup: Setup) -> Iterator[Problem]:
    """A metric function that gets (n,) against (n, 1).

    Keras aligns the shapes for its own losses, not for metric functions: the difference is
    then (n, n). Seen by trying: the value changes when y is made a column.
    """
    for output, metric, _ in _measured(setup):
        if not inspect.isfunction(metric) or output.target is None or output.seen is None:
            continue
        both = columns(output.target, output.seen)
        if both is None:
            continue
        # an untrained model may answer every row equally; answers that follow the labels do not
        for seen in (output.seen, both[1].astype(output.seen.dtype)):
            plain, column = (value_of(metric, y.astype("float32"), seen) for y in both)
            if plain is None or column is None or np.isclose(plain, column, atol=1e-4):
                continue
            yield Problem(
                f"y and the output must have the same shape in a metric of your own, but got "
                f"{output.y.shown if output.y else ''} against (n, 1), which broadcasts: "
                f"{plain:.3g} instead of {column:.3g}.",
                "Pass y as a column: y[:, None].",
            )
            break


def metric_raises(setup: Setup) -> Iterator[Problem]:
    """A metric that cannot take these labels and this output, as precision on class ids.

    Keras raises in the first step. Seen by trying one small batch.
    """
    for output, metric, made in _measured(setup):
        if output.seen is None or output.target is None or setup.shot.stage != "done":
            continue
        if _picked_right(metric, output):
            continue
        import keras

        try:
            made.reset_state()
            made.update_state(
                keras.ops.convert_to_tensor(output.target, dtype="float32"), output.seen
            )
        except Exception as error:  # whatever the metric raises is what `fit` would raise
            told = re.sub(r"\{\{.*?\}\}", "", str(error))  # the names of TensorFlow's nodes
            first = next((li.strip() for li in told.splitlines() if li.strip()), "")
            yield Problem(
                f"{_named(metric)} must be able to take {output.called} of "
                f"{output.y.shown if output.y else ''} and an output of "
                f"{('n', *output.seen.shape[1:])}; it raised: {first[:160]}",
                _right_metric(output),
            )
