"""Everything that the rules look at, gathered once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastrain.arrays.sources import Data, read_data
from kerastrain.arrays.summary import Summary, is_plain, summarize
from kerastrain.checks.settings import (
    Loss,
    Optimizer,
    copy_metric,
    planned_rates,
    read_loss,
    read_optimizer,
)
from kerastrain.checks.trial import Pass, run_once, small_batch, worth_running
from kerastrain.models.copies import (
    has_graph,
    has_own_step,
    layers_of,
    looked_at,
    output_names,
    unfolded,
)
from kerastrain.models.heads import Head, read_head
from kerastrain.models.private_names import output_tensors

__all__ = ["Output", "Setup", "gather"]

REACH = {
    "softmax": (0.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, np.inf),
    "exponential": (0.0, np.inf),
    "log_sigmoid": (-np.inf, 0.0),
    "log_softmax": (-np.inf, 0.0),
}


@dataclass(frozen=True)
class Output:
    """Hold one output of the model with all that belongs to it.

    Attributes:
        name: Its name; empty when the model has one output.
        head: What the last layers do.
        loss: Its loss.
        metrics: Its metrics, as the user wrote them.
        y: The facts of its labels; `None` without labels.
        target: The labels of the small batch.
        seen: What the output gave on the small batch; `None` if the model was not run.
        logits: Whether Keras' losses find the logits behind this output.
        first_loss: Its loss on the small batch; NaN if it was not computed.
        masked: Whether a mask comes with the output, so that steps are left out of the loss.
    """

    name: str
    head: Head
    loss: Loss
    metrics: tuple[Any, ...] = ()
    y: Summary | None = None
    target: Any = None
    seen: NDArray[Any] | None = None
    logits: bool = False
    first_loss: float = float("nan")
    masked: bool = False

    @property
    def shape(self) -> tuple[int | None, ...] | None:
        """The shape of the output, rows first."""
        if self.head.shape is not None:
            return self.head.shape
        return None if self.seen is None else (None, *self.seen.shape[1:])

    @property
    def units(self) -> int | None:
        """The length of the output's last axis; 1 where an output is one number a row."""
        shape = self.shape
        if shape is None:
            return None
        return shape[-1] if len(shape) > 1 else 1

    @cached_property
    def metric_copies(self) -> list[Any]:
        """A fresh copy of each metric, for trying; `None` where none can be made."""
        y_shape = self.y.shape if self.y is not None else ()
        return [copy_metric(metric, y_shape, self.shape or ()) for metric in self.metrics]

    @property
    def called(self) -> str:
        """How a message names the labels of this output."""
        return f"y[{self.name!r}]" if self.name else "y"

    @property
    def activation(self) -> str:
        """The last activation, by what the model's graph says, else by what its output does."""
        if self.head.activation != "unknown" or self.seen is None or not self.seen.size:
            return self.head.activation
        if self.logits and self.seen.ndim > 1:
            sums = [self.seen.sum(axis=axis) for axis in range(self.seen.ndim)]
            one = any(np.allclose(total, 1.0, atol=1e-3) for total in sums)
            return "softmax" if one and self.seen.shape[-1] > 1 else "sigmoid"
        return "unknown"

    @property
    def reach(self) -> tuple[float, float]:
        """The range that the last activation can give."""
        return REACH.get(self.activation, (-np.inf, np.inf))

    @property
    def no_probability(self) -> bool:
        """Whether the output is certainly no probability: by its activation or by its values."""
        if self.activation in ("softmax", "sigmoid", "hard_sigmoid"):
            return False
        if self.activation != "unknown":
            return True
        if self.seen is None or not np.isfinite(self.seen).all():
            return False
        return bool(self.seen.min() < -1e-3 or self.seen.max() > 1.001)

    @property
    def is_logits(self) -> bool:
        """Whether the loss takes this output as raw scores, and raw scores they are."""
        return self.loss.from_logits and self.no_probability


@dataclass(frozen=True)
class Setup:
    """Hold one training set-up, looked at once.

    Attributes:
        model: The user's model.
        seen: The model or its clone, with weights; `None` if it could not be looked at.
        graph: That model as a graph of layers, also for a subclass where it can be unfolded.
        given: Every argument of `compile` and `fit`, by name.
        data: Where the training data come from.
        x: The facts of each input.
        outputs: The outputs, with labels, loss and metrics.
        optimizer: The optimizer.
        shot: One pass over a small batch.
        own_step: Whether the model trains in a way of its own.
        trouble: What kept labels, losses or metrics from being matched with the outputs, by
            argument.
        unknown: Arguments that neither `compile` nor `fit` has.
        x_given: The inputs as the user passed them.
        y_given: The labels as the user passed them.
        refused: Why `train` would not read these labels; `None` where it does.
    """

    model: Any
    seen: Any
    graph: Any
    given: Mapping[str, Any]
    data: Data
    x: tuple[Summary, ...]
    outputs: tuple[Output, ...]
    optimizer: Optimizer
    shot: Pass
    own_step: bool
    trouble: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, Any] = field(default_factory=dict)
    x_given: Any = None
    y_given: Any = None
    refused: Exception | None = None

    @property
    def static_inputs(self) -> list[tuple[int | None, ...]]:
        """The shapes that the user's own model takes; none before it is built."""
        return [tuple(i.shape) for i in getattr(self.model, "inputs", None) or []]

    @property
    def model_inputs(self) -> list[Any]:
        """The model's inputs, with shape and type; none where it has no graph."""
        return list(getattr(self.seen, "inputs", None) or [])

    @property
    def layers(self) -> list[Any]:
        """The layers of the model and of models inside it."""
        return list(layers_of(self.model))

    @property
    def callbacks(self) -> list[Any]:
        """The callbacks, also where one was passed without a list."""
        given = self.given["callbacks"]
        if given is None:
            return []
        inner = getattr(given, "callbacks", given)  # a CallbackList
        return list(inner) if isinstance(inner, list | tuple) else [given]

    @property
    def validates(self) -> bool:
        """Whether `fit` will validate."""
        return self.given["validation_data"] is not None or bool(self.given["validation_split"])

    @property
    def rows(self) -> int | None:
        """How many rows there are to train on, if that is known."""
        whole = self.data.complete and self.x and self.x[0].shape
        return self.x[0].shape[0] if whole else None

    @property
    def steps(self) -> int | None:
        """How many steps `fit` takes in all, if that is known."""
        epochs = self.given["epochs"]
        each = self.given["steps_per_epoch"] or self.data.batches
        if self.data.source == "arrays" and self.rows:
            each = -(-self.rows // _batch_size(self.given["batch_size"]))
        known = isinstance(epochs, int) and isinstance(each, int) and each > 0
        return each * epochs if known and each is not None else None

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """The learning rate of each planned step; empty where it cannot be known."""
        return planned_rates(self.optimizer, self.callbacks, self.steps, self.given["epochs"])


def _batch_size(given: Any) -> int:
    """Take Keras' 32 where no usable size is given."""
    return int(given) if isinstance(given, int | np.integer) and given > 0 else 32


def gather(
    model: Any,
    x: Any,
    y: Any,
    given: Mapping[str, Any],
    unknown: Mapping[str, Any] | None = None,
    refused: Exception | None = None,
) -> Setup:
    """Look at a set-up: data, model, settings, and one pass over a small batch.

    Args:
        model: Never changed.
        x: As for `fit`.
        y: As for `fit`.
        given: The arguments of `compile` and `fit`; `"auto"` was resolved before.
        unknown: Arguments that Keras does not have.
        refused: Why the labels cannot be read.
    """
    data = read_data(x, y, given["sample_weight"])
    inputs = tuple(_facts(data.x, "x", data)) if data.x is not None else ()
    batch, targets, count = _batch(model, data)
    own_step = has_own_step(model)
    seen, raised = (None, None) if batch is None else looked_at(model, batch)
    seen = model if seen is None and model.built else seen
    folded = seen is not None and batch is not None and not has_graph(seen)
    graph = (unfolded(seen, batch) or seen) if folded else seen
    heads = _heads(graph) if graph is not None else []
    trouble: dict[str, str] = {}
    shot = Pass() if raised is None else Pass(stage="forward", error=raised)
    names = output_names(seen, len(heads)) if heads else []
    if seen is not None and batch is not None and count and worth_running(graph):
        shot, names = _shoot(seen, graph, batch, targets, given, names, trouble)
    heads = heads or [
        Head(units=out.shape[-1] if out.ndim > 1 else 1, shape=(None, *out.shape[1:]))
        for out in shot.outputs
    ]
    outputs = _outputs(data, heads, names, given, shot, targets, trouble)
    optimizer = read_optimizer(given["optimizer"])
    return Setup(model, seen, graph, given, data, inputs, outputs, optimizer, shot, own_step,
                 trouble, unknown or {}, x, y, refused)  # fmt: skip


def _heads(model: Any) -> list[Head]:
    """Read the head of each output in Keras' order; none where a model has no graph."""
    found = read_head(model)
    if isinstance(found, Mapping):
        return [found[name] for name in sorted(found)]
    heads = found if isinstance(found, list) else [found]
    return [] if any(head.shape is None for head in heads) else heads


def _shoot(
    seen: Any,
    graph: Any,
    batch: Any,
    targets: Any,
    given: Mapping[str, Any],
    names: list[str],
    trouble: dict[str, str],
) -> tuple[Pass, list[str]]:
    """Run the one pass, with the losses that belong to the outputs."""
    matched: list[Any] = []
    found: list[str] = []

    def losses(out: Any, flat: list[Any]) -> list[Any]:
        symbolic = output_tensors(graph)
        structure = out if symbolic is None else symbolic
        several = names or [f"output_{i}" for i in range(len(flat))]
        found.extend(sorted(structure) if isinstance(structure, Mapping) else several)
        matched.extend(_match(targets, found, len(flat), "y", trouble))
        each = _match(given["loss"], found, len(flat), "loss", {})
        shapes = [tuple(output.shape) for output in flat]
        return [
            read_loss(loss, tuple(getattr(target, "shape", ())), shape).keras_loss
            for loss, target, shape in zip(each, matched, shapes, strict=True)
        ]

    shot = run_once(seen, batch, matched, losses)
    return shot, found or names


def _match(
    given: Any, names: list[str], count: int, what: str, trouble: dict[str, str]
) -> list[Any]:
    """Give each output its part of an argument, by name or by order.

    What does not fit is written into `trouble`; then no output has a part.
    """
    if isinstance(given, Mapping):
        wrong = [key for key in given if key not in names]
        if wrong:
            trouble[what] = (
                f"{what} has the keys {sorted(map(str, given))}, the outputs are {names}"
            )
            return [None] * count
        if what == "y" and len(given) < count:
            trouble[what] = f"{what} has {len(given)} parts, the model has {count} outputs"
        return [given.get(name) for name in names]
    if isinstance(given, list | tuple) and not (what == "y" and _plain_numbers(given)):
        if len(given) == count:
            return list(given)
        if count == 1 and what == "metrics":
            return [given]
        if what != "metrics" or any(isinstance(part, list | tuple) for part in given):
            trouble[what] = f"{what} has {len(given)} parts, the model has {count} output(s)"
        return [None] * count
    if what == "y" and count > 1 and given is not None:
        trouble[what] = f"y is one array, the model has {count} outputs: {', '.join(names)}"
        return [None] * count
    return [given] * count if what == "loss" or count == 1 else [None] * count


def _plain_numbers(given: Any) -> bool:
    """Say whether a list holds plain numbers or rows of them, not arrays."""
    return not any(hasattr(part, "shape") and np.ndim(part) > 0 for part in given)


def _outputs(
    data: Data,
    heads: list[Head],
    names: list[str],
    given: Mapping[str, Any],
    shot: Pass,
    targets: Any,
    trouble: dict[str, str],
) -> tuple[Output, ...]:
    """Bring together what belongs to each output."""
    count = max(1, len(heads))
    names = names if len(names) == count else [f"output_{i}" for i in range(count)]
    labels = _match(data.y, names, count, "y", trouble)
    losses = _match(given["loss"], names, count, "loss", trouble)
    metrics = _metrics(given, names, count, trouble)
    small = _match(targets, names, count, "y", {})
    outputs = []
    for i, name in enumerate(names):
        called = f"y[{name!r}]" if count > 1 else "y"
        y = summarize(labels[i], called, complete=data.complete) if labels[i] is not None else None
        if y is None and data.x is None and data.spec is not None:
            y = _from_spec(data.spec, i, called)
        head = heads[i] if heads else Head()
        y_shape = y.shape if y is not None else ()
        outputs.append(
            Output(
                name=name if count > 1 else "",
                head=head,
                loss=read_loss(losses[i], y_shape, head.shape or ()),
                metrics=tuple(metrics[i]),
                y=y,
                target=small[i],
                seen=shot.outputs[i] if i < len(shot.outputs) else None,
                logits=shot.from_logits[i] if i < len(shot.from_logits) else False,
                first_loss=shot.losses[i] if i < len(shot.losses) else float("nan"),
                masked=i < len(shot.masked) and shot.masked[i],
            )
        )
    return tuple(outputs)


def _metrics(
    given: Mapping[str, Any], names: list[str], count: int, trouble: dict[str, str]
) -> list[list[Any]]:
    """Give each output its metrics, plain and weighted together."""
    together: list[list[Any]] = [[] for _ in range(count)]
    for argument in ("metrics", "weighted_metrics"):
        value = given[argument]
        if value is None:
            continue
        if not isinstance(value, list | tuple | dict):
            trouble[argument] = f"{argument} must be a list, but got {value!r}"
            continue
        for i, part in enumerate(_match(value, names, count, "metrics", trouble)):
            more = part if isinstance(part, list | tuple) else [part]
            together[i] += [m for m in more if m is not None]
    return together


def _from_spec(spec: Any, index: int, where: str) -> Summary | None:
    """Make what facts there are from the shapes that a data set states."""
    import keras

    if not isinstance(spec, tuple) or len(spec) < 2:
        return None
    parts = keras.tree.flatten(spec[1])
    if index >= len(parts) or parts[index].shape.rank is None:
        return None
    part = parts[index]
    return Summary(where, tuple(part.shape.as_list()), part.dtype.name, "unknown", complete=False)


def _facts(structure: Any, name: str, data: Data) -> list[Summary]:
    """Take the facts of each array in a structure."""
    if isinstance(structure, Mapping):
        return [f for k, v in structure.items() for f in _facts(v, f"{name}[{k!r}]", data)]
    if isinstance(structure, list | tuple) and not _plain_numbers(structure):
        return [f for i, v in enumerate(structure) for f in _facts(v, f"{name}[{i}]", data)]
    return [summarize(structure, name, complete=data.complete)]


def _batch(model: Any, data: Data) -> tuple[Any, Any, int]:
    """Take a few rows of the inputs and labels, or nothing where that cannot be done."""
    import keras

    parts = [p for p in keras.tree.flatten((data.x, data.y)) if p is not None]
    if not all(map(is_plain, parts)):
        return None, None, 0
    lengths = {int(p.shape[0]) for p in parts if getattr(p, "shape", ())}
    if data.x is None or len(lengths) != 1 or not all(getattr(p, "shape", ()) for p in parts):
        return None, None, 0
    count = lengths.pop()
    if count == 0:
        return None, None, 0
    # a stateful recurrent model takes batches of one size only
    fixed = next(
        (i.shape[0] for i in getattr(model, "inputs", None) or [] if i.shape[:1] and i.shape[0]),
        None,
    )
    if fixed is not None and fixed > count:
        return None, None, 0
    batch = small_batch((data.x, data.y), count, fixed)
    return batch[0], batch[1], count
