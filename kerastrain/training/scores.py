"""How good is a trained model on these rows?  Predictions, measures and confusion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerastrain.arrays.rows import as_arrays
from kerastrain.arrays.sources import is_data_set, read_data
from kerastrain.errors import DataError
from kerastrain.labels.inspection import split_outputs
from kerastrain.losses.choice import LossChoice
from kerastrain.losses.classes import answered_ids, label_ids, probabilities
from kerastrain.losses.outputs import each

if TYPE_CHECKING:
    from kerastrain.training.runs import TrainingRun

__all__ = ["confusion", "measures", "named_probabilities", "outputs_of", "score_by_class"]

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def outputs_of(run: TrainingRun, x: Any, batch_size: int) -> Any:
    """Give what the model answers for x, which is looked at as in training."""
    if not is_data_set(x):
        return run.model.predict(_looked(run, x), batch_size=batch_size, verbose=0)
    return _joined([run.model.predict_on_batch(part) for part, _, _ in _batches(run, x)])


def measures(run: TrainingRun, x: Any, y: Any, batch_size: int) -> dict[str, float]:
    """Measure the loss and the metrics."""
    if not is_data_set(x):
        arrays, y_true = _looked(run, x), _encoded(run, y)
        scores = run.model.evaluate(
            arrays, y_true, batch_size=batch_size, verbose=0, return_dict=True
        )
        return {name: float(value) for name, value in scores.items()}
    import keras

    run.model.reset_metrics()
    for part, labels, weight in _batches(run, x):
        batch = keras.utils.pack_x_y_sample_weight(part, _encoded(run, labels), weight)
        run.model.test_step(keras.tree.map_structure(keras.ops.convert_to_tensor, batch))
    return {name: float(value) for name, value in run.model.get_metrics_result().items()}


def named_probabilities(run: TrainingRun, x: Any, batch_size: int) -> Any:
    """Give the probability of each class, a column for each."""

    def name(choice: LossChoice, answers: Any) -> pd.DataFrame:
        shares = probabilities(choice, answers)
        table = pd.DataFrame(shares.reshape(-1, shares.shape[-1]), columns=choice.labels.classes)
        if shares.ndim > 2:  # steps or pixels
            table.index = pd.MultiIndex.from_product([range(size) for size in shares.shape[:-1]])
        elif isinstance(x, pd.DataFrame) and len(x) == len(table):
            table.index = x.index
        return table

    return _each_known(run, name, outputs_of(run, x, batch_size))


def confusion(run: TrainingRun, x: Any, y: Any, batch_size: int) -> Any:
    """Set true against predicted: classes in a table, numbers by the quantiles of the errors."""
    return _each_known(run, _confuse, *_answers_and_labels(run, x, y, batch_size))


def _confuse(choice: LossChoice, answers: Any, y: Any) -> pd.DataFrame:
    labels = choice.labels
    if labels.classes is None:
        errors = (np.asarray(answers, np.float64) - np.asarray(y)).reshape(-1, choice.units)
        table = pd.DataFrame(np.quantile(errors, QUANTILES, axis=0).T)
        table.columns = pd.Index([f"{q:.0%}" for q in QUANTILES], name="predicted - true")
        return table
    ids, true = answered_ids(choice, answers), label_ids(choice, y)
    if labels.kind == "multi-label":
        ids, true = ids.reshape(-1, choice.units), true.reshape(-1, choice.units)
        four = {(a, b): ((true == a) & (ids == b)).sum(axis=0) for a in (0, 1) for b in (0, 1)}
        names = {"true no, predicted no": (0, 0), "true no, predicted yes": (0, 1),
                 "true yes, predicted no": (1, 0), "true yes, predicted yes": (1, 1)}  # fmt: skip
        return pd.DataFrame(
            {name: four[key] for name, key in names.items()}, index=pd.Index(labels.classes)
        )
    size = len(labels.classes)
    keep = (true >= 0) & (true < size)  # pixels to be left out have another id
    counts = np.bincount(true[keep] * size + ids[keep], minlength=size**2).reshape(size, size)
    names = pd.Index(labels.classes)
    return pd.DataFrame(counts, index=names.rename("true"), columns=names.rename("predicted"))


def score_by_class(run: TrainingRun, x: Any, y: Any, batch_size: int) -> Any:
    """Measure precision and recall of each class."""

    def score(choice: LossChoice, answers: Any, labels: Any) -> pd.DataFrame:
        if choice.labels.classes is None:
            message = "Scores by class need classes, but y holds numbers. Use run.confusion(x, y)."
            raise DataError(message)
        table = _confuse(choice, answers, labels)
        if choice.labels.kind == "multi-label":
            hits = table["true yes, predicted yes"]
            predicted = hits + table["true no, predicted yes"]
            true = hits + table["true yes, predicted no"]
        else:
            hits = pd.Series(np.diag(table), index=table.index)
            predicted, true = table.sum(axis=0).set_axis(table.index), table.sum(axis=1)
        scores = {"precision": hits / predicted, "recall": hits / true}
        scores["f1"] = 2 * hits / (predicted + true)
        return pd.DataFrame({**scores, "rows": true}).rename_axis("class")

    return _each_known(run, score, *_answers_and_labels(run, x, y, batch_size))


# ------------------------------------------------------------------ rows in
def _looked(run: TrainingRun, x: Any) -> Any:
    return as_arrays(x, "x") if run.inputs is None else run.inputs.look(x)


def _encoded(run: TrainingRun, y: Any) -> Any:
    if y is None:
        message = (
            "There must be labels to measure against, but there are none. Pass y, or a data set "
            "of (x, y)."
        )
        raise DataError(message)
    if run.loss is None:
        return y
    return each(lambda choice, part: choice.encode(part), run.loss, split_outputs(y, run.loss))


def _batches(run: TrainingRun, data: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Go through a data set once: inputs as in training, labels and weights if there are any."""
    import keras

    if read_data(data).batches == -1:
        message = "The data set must end, but it repeats for ever. Pass data.take(100)."
        raise DataError(message)
    batches = (data[i] for i in range(len(data))) if hasattr(data, "__getitem__") else iter(data)
    seen = False
    for batch in batches:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
        x, y = keras.tree.map_structure(_plain, x), keras.tree.map_structure(_plain, y)
        seen = True
        yield _looked(run, x), y, weight
    if not seen:
        message = "The data set must have batches, but it has none. Look at how it was made."
        raise DataError(message)


def _plain(part: Any) -> Any:
    text = "string" in str(getattr(part, "dtype", ""))
    return np.asarray(part) if hasattr(part, "numpy") and not text else part


def _answers_and_labels(run: TrainingRun, x: Any, y: Any, batch_size: int) -> tuple[Any, Any]:
    if not is_data_set(x):
        encoded = _encoded(run, y)
        return outputs_of(run, x, batch_size), encoded
    parts = [
        (run.model.predict_on_batch(part), _encoded(run, labels))
        for part, labels, _ in _batches(run, x)
    ]
    return _joined([part for part, _ in parts]), _joined([labels for _, labels in parts])


def _joined(parts: list[Any]) -> Any:
    import keras

    return keras.tree.map_structure(lambda *some: np.concatenate(some), *parts)


def _each_known(run: TrainingRun, function: Any, *data: Any) -> Any:
    if run.loss is None:
        message = (
            "The classes must be known, but this model was trained with a loss of its own. Use "
            "run.model.predict(x)."
        )
        raise DataError(message)
    return each(function, run.loss, *data)
