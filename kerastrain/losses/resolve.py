"""What are these labels under this model and this loss?  One plan, which every entrance asks for.

The order of evidence: `task=`; the loss that was named, or that the model was compiled with,
together with the last layer; the look of the labels. Of the readings that the labels admit, the
first one that suits all of these is taken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from kerastrain.arrays.sources import is_data_set, source_of
from kerastrain.errors import LabelError, LossError
from kerastrain.labels.coding import Labels
from kerastrain.labels.inspection import inspect_labels, split_outputs
from kerastrain.losses.choice import LossChoice
from kerastrain.losses.choosing import (
    choice_for,
    choose_loss,
    in_order,
    label_parts,
    no_such_loss,
)
from kerastrain.losses.filling import admitted_losses, build_choice
from kerastrain.losses.head_decides import with_unseen_classes
from kerastrain.losses.outputs import Choices, each
from kerastrain.losses.table import ALIASES, LOSSES
from kerastrain.models.building import build
from kerastrain.models.heads import Head, read_head

__all__ = ["Plan", "choice_of", "is_auto", "read_as", "read_with", "resolve"]

YOURS = "You passed this loss."
FORCED = ("binary", "multi-label", "classification", "soft", "regression")
PROBABILITIES = ("softmax", "sigmoid")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What was decided for a model and its labels, before anything is compiled.

    Attributes:
        choice: The loss of each output with the reading of its labels; None where the model
            brings a loss of its own and there are no labels.
        loss: What to compile with; None where there is no loss to compile with.
        y: The labels as this loss wants them; None where a data set brings them along.
    """

    choice: Choices | None
    loss: Any
    y: Any = None

    def encode(self, y: Any) -> Any:
        """Write other labels, such as those of the validation data, in the same way."""
        if y is None or self.choice is None:
            return y
        parts = split_outputs(y, self.choice)
        return each(lambda choice, part: choice.encode(part), self.choice, parts)


def is_auto(value: Any) -> bool:
    """Tell whether an argument was left for kerastrain to decide."""
    return isinstance(value, str) and value == "auto"


def resolve(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    loss: Any = "auto",
    task: str | None = None,
    robust: bool = False,
) -> Plan:
    """Read the labels under the model and the loss, and decide what was left open.

    Nothing is changed and nothing is compiled.

    Args:
        model: A Keras model, compiled or not; or a function that will build one.
        x: Inputs, or a data set that brings its labels along.
        y: Labels in any form that `inspect_labels` reads; None with a data set, or where the
            model has a loss of its own.
        loss: What the user named: a Keras name, class or object, a function, a `LossChoice`; a
            dict or list of those for several outputs. `"auto"`: the loss of the compiled model, or
            else the one that fits the labels.
        task: What the labels are, see `inspect_labels`.
        robust: See `choose_loss`.

    Returns:
        The plan.

    Raises:
        LabelError: the labels cannot be learned from, or do not suit `task`.
        LossError: no loss has this name, or it does not suit the labels.

    Examples:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> marks = [1, 2, 3, 4, 5, 3] * 5
        >>> resolve(model, None, marks, loss="mae").choice.labels.kind
        'continuous'
    """
    known = None if not hasattr(model, "layers") else model
    given = named = not is_auto(loss)
    if is_data_set(x) and y is not None:
        message = (
            f"x is a {type(x).__name__}, which brings its labels along, so y must be left out, but "
            f"it is a {type(y).__name__}. Pass the data set alone, or x and y as arrays."
        )
        raise LabelError(message)
    if not given and known is not None and known.compiled and known.loss is not None:
        loss, given = known.loss, True
    labelled = x if is_data_set(x) else y
    if labelled is None:
        return Plan(None, loss if given else None, y)
    unread = given and source_of(x) in ("generator", "loader")  # looking would use them up
    if unread or (is_data_set(x) and not _brings_labels(x)):
        return Plan(None, loss if given else None)
    if not given:
        task = task or _task_of_a_copy(x, y, known)
        choice = choose_loss(labelled, model=known, task=task, robust=robust)
    else:
        try:
            choice = _under_loss(labelled, loss, known, task or _task_of_a_copy(x, y, known))
        except (LabelError, LossError) as error:
            return _as_in_keras(labelled, y, loss, error, named=named)
        if named and not _holds_choices(loss):
            choice = each(_as_given, choice)
    built = loss if given and not _holds_choices(loss) else each(LossChoice.build_loss, choice)
    plan = Plan(choice, built)
    if is_data_set(x):
        each(_refuse_to_encode, choice)
        return plan
    return dataclasses.replace(plan, y=plan.encode(y))


def read_with(model: Any, x: Any, y: Any, **named: Any) -> tuple[Any, Plan]:
    """Make the plan for a model, or for the one that a function builds from the choice.

    Args:
        model: A Keras model, or a function that gets the choice and builds one.
        x: As in `resolve`.
        y: As in `resolve`.
        **named: The other arguments of `resolve`.

    Returns:
        The model and the plan under its own last layer.
    """
    import keras

    if isinstance(model, keras.Model):
        return model, resolve(model, x, y, **named)
    built = build(model, resolve(None, x, y, **named).choice)
    return built, resolve(built, x, y, **named)


def _as_in_keras(labelled: Any, y: Any, loss: Any, error: Exception, *, named: bool) -> Plan:
    """Leave numbers to the loss that the user named, and to the rules of `check`."""
    if not named or not _finite_numbers(labelled):
        raise error
    for one in _values(loss) if isinstance(loss, list | tuple | Mapping) else [loss]:
        read_as(one)  # raises for a name that no loss has
    return Plan(None, loss, y)


def _finite_numbers(y: Any) -> bool:
    try:
        values = np.asarray(y)
    except (TypeError, ValueError):
        return False
    return values.dtype.kind in "biuf" and values.size > 0 and bool(np.isfinite(values).all())


def _as_given(choice: LossChoice) -> LossChoice:
    """Leave the labels in the form that the user chose together with the loss, as Keras does."""
    labels = choice.labels
    if choice.keras_class == "" or choice.as_given:
        return choice
    if labels.traits.form == "value" and choice.units > 1 and _whole_ids(labels):
        count = max(choice.units, max(labels.classes or (0,)) + 1)
        ids = tuple(range(count))
        labels = dataclasses.replace(labels, classes=ids, counts=None)
    return dataclasses.replace(choice, labels=labels, as_given=True)


def _brings_labels(data: Any) -> bool:
    spec = getattr(data, "element_spec", None)
    return spec is None or (isinstance(spec, tuple) and len(spec) > 1)


def _holds_choices(loss: Any) -> bool:
    parts = loss.values() if isinstance(loss, Mapping) else loss
    several = isinstance(loss, list | tuple | Mapping)
    return all(isinstance(part, LossChoice) for part in (parts if several else [loss]))


def _task_of_a_copy(x: Any, y: Any, model: Any) -> str | None:
    """Read labels that are the inputs as numbers: an autoencoder learns no class ids."""
    if y is None or x is None or not _same(x, y):
        return None
    head = read_head(model) if model is not None else None
    values = np.asarray(y)
    squashed = isinstance(head, Head) and head.activation == "sigmoid"
    return "soft" if squashed and values.min() >= 0 and values.max() <= 1 else "regression"


def _same(x: Any, y: Any) -> bool:
    if x is y:
        return hasattr(x, "shape")
    if getattr(x, "shape", None) != getattr(y, "shape", 0) or not hasattr(x, "dtype"):
        return False
    first, other = np.asarray(x[:8]), np.asarray(y[:8])
    return np.array_equal(first, other) and np.array_equal(np.asarray(x), np.asarray(y))


# ------------------------------------------------------------------ a loss that was named
def _under_loss(y: Any, loss: Any, model: Any, task: str | None) -> Choices:
    """Read the labels of each output under the loss that the user named for it."""
    heads = in_order(read_head(model)) if model is not None else []
    if any(head.activation == "unknown" and head.shape is None for head in heads):
        heads = []  # how many outputs there are cannot be read
    several = isinstance(loss, list | tuple | Mapping)
    if len(heads) == 1 or (not heads and not several):
        one = next(iter(_values(loss))) if several else loss
        head = heads[0] if heads else None
        choice = _read_one(y, one, head, task)
        if choice is not None:
            return choice
    labels = inspect_labels(y, task=task)
    if isinstance(labels, Labels):
        return _required(y, next(iter(_values(loss))) if several else loss, None, task)
    if heads and len(heads) != len(labels):
        msg = (
            f"There must be labels for each output, but the model has {len(heads)} outputs and y "
            f"has {len(labels)}. Pass a dict {{name: labels}} or a list, one entry for each output."
        )
        raise LabelError(msg)
    parts = label_parts(split_outputs(y, labels), labels)
    named = {head.name: head for head in heads}
    losses = _losses_of(loss, list(labels) if isinstance(labels, dict) else len(labels), heads)
    if isinstance(labels, dict):
        if set(named) != set(labels):
            named = dict(zip(labels, heads, strict=True)) if heads else {}
        return {
            name: _required(parts[name], losses[i], named.get(name), task)
            for i, name in enumerate(labels)
        }
    places: list[Head | None] = [*heads] or [None] * len(labels)
    return [_required(*row, task) for row in zip(parts, losses, places, strict=True)]


def _values(loss: Any) -> Any:
    return loss.values() if isinstance(loss, Mapping) else loss


def _losses_of(loss: Any, names: list[Any] | int, heads: list[Head]) -> list[Any]:
    """Give each output its loss: by the name of the labels or of the output, or in order."""
    count = names if isinstance(names, int) else len(names)
    if isinstance(loss, list | tuple):
        if len(loss) == count:
            return list(loss)
        msg = (
            f"There must be a loss for each output, but loss has {len(loss)} entries and y "
            f"has {count}. Pass one loss for all, or a list of {count}."
        )
        raise LossError(msg)
    if not isinstance(loss, Mapping):
        return [loss] * count
    keys = names if isinstance(names, list) and set(loss) <= set(names) else None
    return [loss.get(key) for key in keys or [head.name for head in heads] or list(loss)]


def _required(y: Any, loss: Any, head: Head | None, task: str | None) -> LossChoice:
    choice = _read_one(y, loss, head, task)
    if choice is None:
        msg = "Each output must hold one column of labels; give each column a name of its own."
        raise LabelError(msg)
    return choice


def _read_one(y: Any, loss: Any, head: Head | None, task: str | None) -> LossChoice | None:
    """Read the labels of one output under its loss; None where they are of several outputs."""
    if isinstance(loss, LossChoice):
        return loss
    row, options = read_as(loss)
    if row is None:
        return _own(y, loss, head, task)
    readings = [*_steps(y, head, row), *_readings(y, task)]
    if not readings:
        return None
    fitting = []
    ignored = options.get("ignore_class")
    for labels in readings:
        try:
            fitting.append(build_choice(_without(labels, ignored), row))
        except LossError:
            continue
    if not fitting:
        choice_for(readings[0], row)  # raises, and says which losses suit the labels
    if head is not None and head.units == 1:
        fitting = [_on_one_unit(choice) for choice in fitting]
    for choice in fitting:
        if head is None or _suits(choice, head):
            return _finish(choice, row, loss, head, options)
    return _finish(fitting[0], row, loss, head, options, as_given=True)


def read_as(loss: Any) -> tuple[str | None, dict[str, Any]]:
    """Find the row of the table that a loss is, and its settings.

    Args:
        loss: A Keras name, class, object or function, or one of the user's own.

    Returns:
        The name of the row, None where the table has none; and the settings that differ from
        those of Keras.

    Raises:
        LossError: a name that no loss has.

    Examples:
        >>> read_as("mse"), read_as(max)
        (('mean_squared_error', {}), (None, {}))
    """
    if isinstance(loss, str):
        name = ALIASES.get(loss, loss)
        if name in LOSSES:
            return name, {}
        import keras

        if loss.lower() in ("crossentropy", "ce"):  # Keras decides by the shapes
            return None, {}
        try:
            keras.losses.get(loss)
        except ValueError:
            raise no_such_loss(loss, tuple(LOSSES)) from None
        return None, {}
    kind = loss if isinstance(loss, type) else type(loss)
    name = getattr(loss, "__name__", None) or kind.__name__
    keras_own = str(getattr(kind if kind.__name__ != "function" else loss, "__module__", ""))
    if not keras_own.startswith("keras."):
        return None, {}
    for row, known in LOSSES.items():
        if name == row or kind.__name__ == known.keras_class:
            return row, _options(loss)
    return None, {}


def _options(loss: Any) -> dict[str, Any]:
    """Tell in which settings a loss object differs from Keras' defaults."""
    if not hasattr(loss, "get_config") or isinstance(loss, type):
        return {}
    usual = type(loss)().get_config()
    return {
        key: value
        for key, value in loss.get_config().items()
        if key not in ("name", "dtype", "fn", "reduction") and value != usual.get(key)
    }


def _readings(y: Any, task: str | None) -> Iterator[Labels]:
    """List the readings of one output that the values admit, the likeliest first."""
    first = inspect_labels(y, task=task)
    if isinstance(first, Labels):
        yield first
    elif isinstance(y, Mapping) or isinstance(first, list):
        return
    tasks = (*first.other_tasks, *FORCED) if isinstance(first, Labels) else FORCED
    for other in dict.fromkeys(tasks if task is None else ()):
        try:
            labels = inspect_labels(y, task=other)
        except LabelError:  # the values rule this reading out
            continue
        if isinstance(labels, Labels):
            yield labels


def _steps(y: Any, head: Head | None, row: str) -> list[Labels]:
    """Read an id for each step, where the output has a row of probabilities for each."""
    shape = getattr(y, "shape", ())
    if head is None or head.shape is None or len(head.shape) != 3 or len(shape) != 2:
        return []
    if LOSSES[row].form not in ("ids", "one-hot") or getattr(y, "dtype", None) is None:
        return []
    try:
        labels: Any = inspect_labels(np.asarray(y)[..., np.newaxis], task="classification")
    except LabelError:
        return []
    return [dataclasses.replace(labels, shape=labels.shape[:-1])]


def _without(labels: Labels, ignored: Any) -> Labels:
    """Take the value that the loss leaves out from among the classes."""
    if ignored is None or not labels.traits.one_class or ignored not in (labels.classes or ()):
        return labels if ignored is None else dataclasses.replace(labels, ignore=ignored)
    pairs = zip(labels.classes or (), labels.counts or (), strict=True)
    kept = [(name, count) for name, count in pairs if name != ignored]
    classes, counts = (tuple(part) for part in zip(*kept, strict=True))
    return dataclasses.replace(
        labels, kind="integer", classes=classes, counts=counts, ignore=ignored
    )


def _suits(choice: LossChoice, head: Head) -> bool:
    """Tell whether the last layer could have been built for labels that are read so."""
    units, activation, labels = head.units, head.activation, choice.labels
    if head.shape is not None and None not in (units, head.shape) and not _same_rank(choice, head):
        return False
    if choice.form in ("ids", "one-hot"):
        enough = (
            units is None
            or units == choice.units
            or (units > choice.units and choice.form == "ids")
        )
        return enough and activation not in ("relu", "exponential", "softplus")
    if units is not None and units != choice.units:
        return False
    if choice.form == "amounts" and labels.traits.one_class:
        return activation in (*PROBABILITIES, "unknown")
    if choice.form == "amounts" and labels.kind in ("continuous", "counts"):
        return activation != "softmax"
    return True


def _on_one_unit(choice: LossChoice) -> LossChoice:
    """Let one unit tell the second of two one-hot columns."""
    two = choice.form == "flags" and choice.labels.kind == "one-hot" and choice.units == 2
    return dataclasses.replace(choice, units=1) if two else choice


def _same_rank(choice: LossChoice, head: Head) -> bool:
    """Tell whether labels and output have as many axes."""
    shape = choice.labels.shape
    single = choice.form == "ids" or choice.units == 1
    return len(head.shape or ()) - len(shape) in ((0, 1) if single else (0,))


def _finish(
    choice: LossChoice,
    row: str,
    loss: Any,
    head: Head | None,
    options: dict[str, Any],
    *,
    as_given: bool = False,
) -> LossChoice:
    """Settle the classes and the logits by the last layer; keep the user's own settings."""
    if as_given and choice.labels.traits.one_class and _whole_ids(choice.labels):
        # the labels do not suit this last layer: leave them as they are, for `check` to quote
        return dataclasses.replace(choice, as_given=True, reason=YOURS, options=options)
    finished = choice
    if head is not None:
        finished = choice_for(with_unseen_classes(choice.labels, head), row, head=head)
        finished = _on_one_unit(finished) if head.units == 1 else finished
    if isinstance(loss, str):
        return dataclasses.replace(finished, reason=choice.reason)
    kept = {"ignore_class": choice.labels.ignore} if choice.labels.ignore is not None else {}
    return dataclasses.replace(finished, options={**kept, **options}, reason=YOURS)


def _whole_ids(labels: Labels) -> bool:
    return all(type(name) is int for name in labels.classes or ("",))


# ------------------------------------------------------------------ a loss of the user's own
def _own(y: Any, loss: Any, head: Head | None, task: str | None) -> LossChoice | None:
    """Leave the labels as they are, unless they are text or the model has a unit for each class."""
    readings = list(_readings(y, task))
    if not readings:
        return None
    labels = readings[0]
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    text = labels.traits.one_class and isinstance((labels.classes or ("",))[0], str)
    numbers = [one for one in readings if one.traits.form == "numbers"]
    if head is not None and head.units is not None:
        numbers = [one for one in numbers if one.width == head.units] or numbers
    activation = "unknown" if head is None else head.activation
    classes = labels.traits.one_class and (
        text
        or task is not None
        or (head is not None and head.units == labels.num_classes and (head.units or 0) > 1)
        or (labels.kind == "binary" and activation in PROBABILITIES)
        or (head is None and not labels.other_tasks)
    )
    classes = classes or labels.kind in ("multi-label", "one-hot")
    labels = labels if classes or not numbers else numbers[0]
    if head is not None and classes:
        labels = with_unseen_classes(labels, head)
    usual = build_choice(labels, admitted_losses(labels)[0])
    units = usual.units if head is None or head.units is None else head.units
    encoded = text or (classes and units > 1 and labels.traits.one_class)
    return dataclasses.replace(
        usual,
        loss=str(name),
        options={},
        as_given=not encoded,
        units=units,
        activation=usual.activation if activation == "unknown" else activation,
        keras_class="",
        formula="",
        reason=YOURS,
    )


def _refuse_to_encode(choice: LossChoice) -> None:
    """Say that the labels of a data set stay as they are."""
    classes = choice.labels.classes
    if choice.as_given or classes is None:
        return
    if choice.labels.kind in ("binary", "integer", "ordered"):
        if all(name == i for i, name in enumerate(classes)):
            return
        message = (
            "The labels of a data set are used as they are, so they must be class ids from 0, but "
            f"they are {list(classes[:5])}. Encode them, dataset.map(lambda x, y: (x, ids(y))), or "
            "pass arrays: those are encoded for you."
        )
        raise LabelError(message)


def choice_of(labels: Labels, loss: Any) -> LossChoice:
    """Read a loss that the user passed for labels that are known: its row, with its own settings.

    Args:
        labels: Of one output.
        loss: A Keras name, loss object, class or function, or one of the user's own.

    Raises:
        LossError: no loss has this name, or it does not suit the labels.
    """
    row, options = read_as(loss)
    if row is None:  # one of the user's own, under the usual reading of these labels
        usual = build_choice(labels, admitted_losses(labels)[0])
        name = str(getattr(loss, "__name__", type(loss).__name__))
        return dataclasses.replace(usual, loss=name, options={}, reason=YOURS)
    choice = build_choice(labels, row)
    if isinstance(loss, str):
        return choice
    return dataclasses.replace(choice, options=options, reason=YOURS)
