"""What does a chosen loss need? Its Keras objects, labels in its own form, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kerastrain.errors import LabelError
from kerastrain.labels.coding import Labels
from kerastrain.labels.inspection import one_hot

__all__ = ["LossChoice"]


@dataclass(frozen=True)
class LossChoice:
    """A loss, the last layer and the metrics that go with some labels, and why.

    Attributes:
        loss: Keras' name of the loss.
        options: Its settings, where they differ from Keras' defaults.
        activation: The activation of the last layer.
        units: The units of the last layer.
        metrics: The names of the metrics, as they appear in the history.
        reason: Why this loss, in a sentence.
        note: What could be read otherwise, and what decides; "" when there is nothing.
        labels: What is known about the labels.
        form: What the loss wants: "ids", "one-hot", "flags", "signs" or "amounts".
        as_given: Whether the labels are used as they are, since the loss was named with them.
        keras_class: The class in `keras.losses`.
        formula: The loss of one row.

    Examples:
        >>> from kerastrain.losses.choosing import choose_loss
        >>> choice = choose_loss(["cat", "dog", "bird", "dog"])
        >>> choice.encode(["dog", "bird"]).tolist()
        [2, 0]
        >>> choice.decode([[0.1, 0.2, 0.7]]).tolist()
        ['dog']
    """

    loss: str
    options: dict[str, Any]
    activation: str
    units: int
    metrics: tuple[str, ...]
    reason: str
    note: str
    labels: Labels = field(repr=False)
    form: str = "amounts"
    as_given: bool = False
    keras_class: str = field(default="", repr=False)
    formula: str = field(default="", repr=False)

    # -------------------------------------------------------------- Keras objects
    def build_loss(self) -> Any:
        """Make the Keras loss, such as `keras.losses.Huber(delta=2.0)`."""
        import keras

        return getattr(keras.losses, self.keras_class)(**self.options)

    def build_metrics(self) -> list[Any]:
        """Make the Keras metrics that are right for this loss, form of labels, and last layer.

        Keras' own `metrics=["accuracy"]` picks by the shapes of labels and outputs, and compares
        a single logit with 0.5 instead of 0.
        """
        import keras

        boundary = 0.0 if self.options.get("from_logits") else 0.5
        flags_right = partial(keras.metrics.BinaryAccuracy, threshold=boundary)
        accuracy = {
            "ids": keras.metrics.SparseCategoricalAccuracy,
            "one-hot": keras.metrics.CategoricalAccuracy,
            "flags": flags_right,
        }
        form = "one-hot" if self.labels.kind == "one-hot" and self.form == "flags" else self.form
        overlap = partial(
            keras.metrics.MeanIoU,
            num_classes=self.units,
            ignore_class=self.options.get("ignore_class"),
            sparse_y_pred=False,
        )
        makers = {
            "accuracy": accuracy.get(form, flags_right),
            "binary_accuracy": flags_right,
            "mae": keras.metrics.MeanAbsoluteError,
            "mean_iou": overlap,
        }
        return [makers[name](name=name) for name in self.metrics]

    def last_layers(self) -> list[Any]:
        """Make the last layers of a model for this loss, to be put at the end of `Sequential`.

        For numeric targets whose size is not about 1 a `Rescaling` comes last: the layers before
        it work with numbers near 1, and the model answers in the unit of the labels, saved or not.
        That is for Adam and the like. SGD's steps grow with the unit: scale y for it.

        Returns:
            Keras layers, as in `keras.Sequential([keras.Input((9,)), *choice.last_layers()])`.

        Examples:
            >>> from kerastrain.losses.choosing import choose_loss
            >>> choice = choose_loss([18.5, 24.25, 31.5, 21.0])
            >>> [type(layer).__name__ for layer in choice.last_layers()]
            ['Dense', 'Rescaling']
        """
        import keras

        if self.labels.per == "pixel":
            last = keras.layers.Conv2D(self.units, 1, activation=self.activation)
        else:
            last = keras.layers.Dense(self.units, activation=self.activation)
        unit = self._unit()
        return [last] if unit is None else [last, keras.layers.Rescaling(*unit)]

    def _unit(self) -> tuple[Any, Any] | None:
        """Give the scale and the offset of the labels, where they are not about 1 and 0."""
        mean, std = np.array(self.labels.mean), np.array(self.labels.std)
        if not len(mean) or len(mean) != self.units or not (std > 0).all():
            return None
        if self.activation != "linear":  # positive numbers: only their size is to be given back
            mean, std = np.zeros(len(mean)), mean
            if not (std > 0).all():
                return None
        if (np.abs(mean) <= 3).all() and (std >= 1 / 3).all() and (std <= 3).all():
            return None
        both = [part.tolist() if len(part) > 1 else float(part[0]) for part in (std, mean)]
        return both[0], both[1]

    # -------------------------------------------------------------- labels there and back
    def encode(self, y: Any) -> NDArray[Any]:
        """Write labels in the form that this loss wants.

        Args:
            y: The user's own labels, in any container.

        Returns:
            "ids": int32 in the shape of the labels; "one-hot": float32 with an axis of classes;
            "flags", "signs" and "amounts": float32 in the shape of the output, with a last axis
            of `units`.

        Raises:
            LabelError: `y` holds a value that is no class of these labels.
        """
        if self.as_given:
            opened = self.labels.open(y).array  # objects stay objects, which Keras refuses
            return np.asarray(y) if str(getattr(y, "dtype", "")) == "object" else opened
        numbers = self.labels.encode(y)
        if self.form == "flags" and self.labels.kind == "one-hot" and self.units == 1:
            numbers = numbers.argmax(axis=-1)
        if self.form == "ids":
            return (
                numbers.argmax(axis=-1).astype(np.int32)
                if self.labels.kind == "one-hot"
                else numbers
            )
        if self.form == "one-hot" and self.labels.traits.form == "value":
            ids = numbers[..., 0] if numbers.ndim > 1 and numbers.shape[-1] == 1 else numbers
            return one_hot(ids.reshape(-1), self.units).reshape(*ids.shape, self.units)
        if self.form == "signs":
            numbers = 2 * numbers - 1
        if self._lacks_last_axis(numbers):
            numbers = numbers[..., np.newaxis]
        return numbers.astype(np.float32)

    def _lacks_last_axis(self, numbers: NDArray[Any]) -> bool:
        """Tell whether the output has one axis of a single unit more than the labels."""
        ids = self.labels.traits.form == "value"
        return numbers.ndim == 1 or (ids and self.units == 1 and numbers.shape[-1] != 1)

    def decode(self, y_pred: ArrayLike) -> NDArray[Any]:
        """Write predictions as the user's own labels.

        Args:
            y_pred: What `model.predict` gives for this choice: probabilities, logits or numbers.

        Returns:
            The likeliest class for each row, step or pixel; a set or a row of flags for several
            classes; numeric targets and probabilities as numbers. In the shape of the labels.

        Raises:
            LabelError: the predictions have another number of units.
        """
        predicted = np.asarray(y_pred)
        classes = self.form in ("ids", "one-hot")
        wide = classes and predicted.ndim > 0 and predicted.shape[-1] > self.units
        if predicted.ndim < 1 or (
            self.units > 1 and predicted.shape[-1] != self.units and not wide
        ):
            msg = (
                f"Predictions must have {self.units} values in the last axis, but they have the "
                f"shape {predicted.shape}. Pass model.predict(x)."
            )
            raise LabelError(msg)
        if self.labels.traits.form == "numbers":
            return self._in_label_shape(self.as_probabilities(predicted))
        if classes or (self.labels.kind == "one-hot" and self.units > 1):
            known = predicted[..., : self.units]  # units beyond the classes are never right
            return self.labels.decode(self._as_column(known.argmax(axis=-1)))
        answers = self.answers(predicted)
        several = self.labels.kind == "multi-label"
        return self.labels.decode(answers if several else self._in_label_shape(answers))

    def answers(self, predicted: NDArray[Any]) -> NDArray[np.int64]:
        """Give the class ids, or the flags, that predictions answer with."""
        if self.form in ("ids", "one-hot"):
            return np.asarray(predicted.argmax(axis=-1))
        if self.form == "amounts":  # ordered classes whose ids were learned as numbers
            ids = np.clip(np.rint(predicted), 0, (self.labels.num_classes or 1) - 1)
            return np.asarray(ids, np.int64)
        logits = self.form == "signs" or self.options.get("from_logits")
        return np.asarray(predicted > (0.0 if logits else 0.5), np.int64)

    def as_probabilities(self, predicted: NDArray[Any]) -> NDArray[Any]:
        """Turn logits into probabilities; other predictions stay as they are."""
        if not self.options.get("from_logits"):
            return predicted
        if self.form in ("ids", "one-hot"):
            powers = np.exp(predicted - predicted.max(axis=-1, keepdims=True))
            shares: NDArray[Any] = powers / powers.sum(axis=-1, keepdims=True)
            return shares
        sigmoid: NDArray[Any] = 0.5 * (1 + np.tanh(predicted / 2))  # without overflow
        return sigmoid

    def _in_label_shape(self, values: NDArray[Any]) -> NDArray[Any]:
        """Drop the last axis of one unit where the labels came without it."""
        return (
            values[..., 0]
            if values.ndim == len(self.labels.shape) + 1 and values.shape[-1] == 1
            else values
        )

    def _as_column(self, ids: NDArray[Any]) -> NDArray[Any]:
        """Add the last axis of one value where the labels came with it."""
        single = (
            self.labels.kind != "one-hot" and self.labels.shape[1:] and self.labels.shape[-1] == 1
        )
        return ids[..., np.newaxis] if single and ids.ndim == len(self.labels.shape) - 1 else ids

    # -------------------------------------------------------------- to be read
    @property
    def last_layer(self) -> str:
        """Write the last layers as Keras code."""
        end = "" if self.activation == "linear" else f', activation="{self.activation}"'
        unit = self._unit()
        then = "" if unit is None else f", keras.layers.Rescaling({unit[0]}, {unit[1]})"
        if self.labels.per == "pixel":
            return f"keras.layers.Conv2D({self.units}, 1{end}){then}"
        return f"keras.layers.Dense({self.units}{end}){then}"

    @property
    def code(self) -> str:
        """Write the loss as Keras code."""
        if not self.options:
            return f'"{self.loss}"'
        settings = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"keras.losses.{self.keras_class}({settings})"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [
            ("loss", self.code),
            ("last layer", self.last_layer),
            ("metrics", ", ".join(self.metrics) or "none"),
            ("formula", self.formula),
            ("why", self.reason),
            ("note", self.note),
        ]
        return [(name, text) for name, text in lines if text]

    def __str__(self) -> str:
        return "\n".join(f"{name:<12}{text}" for name, text in self._lines())

    def _repr_html_(self) -> str:
        """Show the choice as a table in a notebook."""
        import html

        left = "style='text-align: left'"
        rows = (
            f"<tr><th {left}>{name}</th><td {left}>{html.escape(text)}</td></tr>"
            for name, text in self._lines()
        )
        return f"<table>{''.join(rows)}</table>"
