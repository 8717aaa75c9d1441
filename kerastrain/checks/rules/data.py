"""Are the numbers in x and y fit to train on?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kerastrain.arrays.summary import Summary, summarize
from kerastrain.checks.findings import Problem
from kerastrain.checks.reach import share_of_way
from kerastrain.checks.settings import AMOUNTS, CROSSENTROPIES
from kerastrain.checks.setup import Output, Setup

FAR = 10.0  # times the loss of knowing nothing: a first loss beyond it comes from the scale
SCALE = "x = (x - x.mean(axis=0)) / x.std(axis=0)"


def inputs_are_numbers(setup: Setup) -> Iterator[Problem]:
    """Inputs that are objects, text, dates or plain lists.

    Keras raises "Invalid dtype: object", or takes a list of rows for a list of inputs.
    """
    if setup.own_step:
        return
    declared = any("string" in str(getattr(i, "dtype", "")) for i in setup.model_inputs)
    takes_text = declared or setup.shot.stage == "done"  # a layer that reads text is no Input
    for x in setup.x:
        tensor = setup.data.source == "Dataset" or x.dtype == "string"  # fit takes no other text
        if x.numeric or x.kind == "unknown" or (takes_text and tensor and x.kind != "date"):
            continue
        columns = _odd_columns(x)
        if columns:
            way = f"Encode or drop these columns: pd.get_dummies(x, dtype='float32'); {columns}."
        elif _uneven(x.array):
            way = "Rows of different lengths: x = keras.utils.pad_sequences(x)."
        elif takes_text:
            way = "Make a tensor of it: x = tf.constant(x)."
        elif x.kind == "text":
            way = "Number the words first: keras.layers.TextVectorization(), adapted to x."
        elif not x.shape:
            way = "Make an array of it: x = np.asarray(x, dtype='float32')."
        else:
            way = "Convert it: x = x.astype('float32')."
        yield Problem(f"{x.where} must be an array of numbers, but got {x.dtype}.", way)


def _uneven(array: Any) -> bool:
    """Say whether this is a list or an object array of rows of different lengths."""
    rows = [len(row) for row in array[:1000] if isinstance(row, list | tuple | np.ndarray)] if (
        isinstance(array, list | np.ndarray)) else []  # fmt: skip
    return len(set(rows)) > 1


def _odd_columns(x: Summary) -> str:
    """Name the columns of a frame that hold no numbers."""
    if not hasattr(x.array, "select_dtypes"):
        return ""
    odd = x.array.select_dtypes(exclude=["number", "bool"]).columns
    return ", ".join(map(repr, list(odd)[:5]))


def missing_values(setup: Setup) -> Iterator[Problem]:
    """NaN or infinity in inputs, labels or weights.

    One is enough: it spreads to the loss and to all weights. With relu no NaN is ever
    printed: max(NaN, 0) is 0 on some devices, and the loss stands still at that of chance.
    """
    labels = [o.y for o in setup.outputs if o.y is not None and o.loss.given is not None]
    own = setup.seen is not None and _reads_gaps(setup.seen)
    for facts in [*(() if own else setup.x), *labels]:
        if facts.missing or facts.infinite:
            yield gap(setup, facts)


def gap(setup: Setup, facts: Summary) -> Problem:
    """Tell where a value is missing, counted in the user's own x where rows were split off it."""
    held_out = facts.where in ("x", "validation x") and hasattr(setup.x_given, "shape")
    whole = summarize(setup.x_given, "x") if held_out else facts
    facts = whole if whole.missing or whole.infinite else facts
    names = {"validation x": ("x_val", "y_val"), "validation y": ("y_val", "x_val")}
    name, other = names.get(facts.where, (facts.where, "x" if facts.where == "y" else "y"))
    what = f"{facts.missing} NaN" if facts.missing else f"{facts.infinite} infinite"
    frame = hasattr(facts.array, "isna")
    gaps = f"{name}.notna()" if frame else f"np.isfinite(np.asarray({name}, float))"
    if len(facts.shape) > 1:
        gaps += ".all(axis=1)" if frame else f".reshape(len({name}), -1).all(axis=1)"
    column = (facts.missing_at if facts.missing else facts.infinite_at).column
    if column is not None and hasattr(facts.array, "columns"):
        column = facts.array.columns[column]
    return Problem(
        f"{facts.where} must hold finite numbers, but got {what}, first in row {facts.first_bad}"
        + ("." if column is None else f", column {column!r}."),
        f"Drop these rows: keep = {gaps}; {name}, {other} = {name}[keep], {other}[keep]. Or fill "
        "them in.",
        "validation_data" if facts.where.startswith("validation") else facts.where,
    )


def _reads_gaps(model: object) -> bool:
    """Say whether the first layer is a user's own, which may fill gaps in."""
    import keras

    layers = [
        la for la in getattr(model, "layers", []) if not isinstance(la, keras.layers.InputLayer)
    ]
    first = layers[0] if layers else model
    return not type(first).__module__.startswith("keras.") or isinstance(first, keras.layers.Lambda)


def constant_input(setup: Setup) -> Iterator[Problem]:
    """Inputs that are the same in every row, as pictures after `x // 255`.

    There is nothing to tell rows apart by: the model learns how frequent the classes are.
    """
    if len(setup.x) == 1 and setup.x[0].complete and setup.x[0].constant:
        x = setup.x[0]
        yield Problem(
            f"x must differ between rows; all {len(x.rows)} rows that were looked at are equal, "
            f"with values from {x.low:g} to {x.high:g}.",
            "Divide as floats: x.astype('float32') / 255. Or look at how x was read.",
        )


def rows_paired(setup: Setup) -> Iterator[Problem]:
    """X and y of different lengths.

    Keras raises "Data cardinality is ambiguous".
    """
    labels = [o.y for o in setup.outputs if o.y is not None]
    parts = [f for f in [*setup.x, *labels] if f.shape and f.shape[0] is not None]
    lengths = {f.where: f.shape[0] for f in parts}
    if len(set(lengths.values())) > 1:
        seen = ", ".join(f"{count} in {where}" for where, count in lengths.items())
        yield Problem(
            f"x and y must have one row each for one example, but got {seen}.",
            "Take the same rows of both: n = min(len(x), len(y)); x, y = x[:n], y[:n].",
        )
    elif 0 in lengths.values():
        yield Problem("There must be rows to train on, but got 0.", "Look at how x was read.", "x")


def index_order(setup: Setup) -> Iterator[Problem]:
    """X and y from pandas with the same index in different order.

    Keras takes rows by place and ignores the index: every x is trained on another row's y.
    """
    x = setup.x[0].array if len(setup.x) == 1 else None
    left: Any = getattr(x, "index", None)
    right: Any = getattr(setup.y_given, "index", None)
    if not (hasattr(left, "equals") and hasattr(right, "equals")) or len(left) != len(right):
        return
    if not left.equals(right) and left.is_unique and left.sort_values().equals(right.sort_values()):
        yield Problem(
            "x and y must be in the same order; their indexes hold the same rows in different "
            "order, and Keras takes rows by their place.",
            "Align them: y = y.loc[x.index].",
        )


def input_fits(setup: Setup) -> Iterator[Problem]:
    """Inputs that the model cannot take: another shape, another number of inputs, x and y swapped.

    Seen by trying: the model raises on one small batch, as it would in `fit`.
    """
    known = any(not x.numeric for x in setup.x)
    if setup.shot.error is None or setup.shot.stage != "forward" or setup.own_step or known:
        return
    wants = [tuple(i.shape) for i in setup.model_inputs]
    lines = [line for line in str(setup.shot.error).splitlines() if line.strip()]
    shapes = ", ".join(f"{x.where} of {x.shown}" for x in setup.x)
    y = setup.outputs[0].y if len(setup.outputs) == 1 else None
    if y is not None and len(wants) == 1 and _accepts(wants[0], y.shape):
        way = "They look swapped: x, y = y, x."
    elif len(wants) == 1 and setup.x and len(setup.x[0].shape) == len(wants[0]) - 1:
        way = "Add the axis that is missing, as in x[..., None] or x[None]."
    else:
        way = f"Give x the shape that the model's Input has: {wants}." if wants else (
            "Give x the shape that the layer named here can take."
        )  # fmt: skip
    asked = f"the model takes {wants}" if wants else (lines or ["it raised"])[0][:200]
    yield Problem(f"The model must be able to take x: {asked}, but got {shapes}.", way)


def embedding_range(setup: Setup) -> Iterator[Problem]:
    """Word numbers below 0 or beyond the last row of the embedding.

    On a CPU TensorFlow raises in the midst of an epoch; on a GPU such words become zeros.
    """
    import keras

    first = [la for la in setup.layers if not isinstance(la, keras.layers.InputLayer)][:1]
    if len(setup.x) != 1 or not first or not isinstance(first[0], keras.layers.Embedding):
        return
    x, size = setup.x[0], first[0].input_dim
    if x.numeric and (x.low < 0 or x.high >= size):
        yield Problem(
            f"The inputs of Embedding({size}, ...) must be whole numbers from 0 to {size - 1}, but "
            f"got {x.low:g} to {x.high:g}.",
            f"Embedding({int(x.high) + 1}, ...), or cut: x = np.minimum(x, {size - 1}).",
        )


def _accepts(wanted: tuple[int | None, ...], shape: tuple[int | None, ...]) -> bool:
    """Say whether an array of this shape goes into an input."""
    return len(wanted) == len(shape) and all(
        a is None or a == b for a, b in zip(wanted[1:], shape[1:], strict=True)
    )


def unscaled_inputs(setup: Setup) -> Iterator[Problem]:
    """Inputs far from 1 that make the first loss many times that of knowing nothing.

    0..255 pictures, or one column in millions beside columns near 1. The first scores are as
    large as the inputs, the gradient too, and the first steps throw the weights far off. A
    scaling layer in front is seen, since it is the loss of the model as it is that is compared.
    Source: LeCun, Bottou, Orr, Müller, "Efficient BackProp", Neural Networks: Tricks of the
    Trade, 1998, section 4.3.
    """
    far = [x for x in setup.x if x.numeric and max(abs(x.low), abs(x.high)) > 10]
    large = [x for x in far if x.scale.size and x.scale.max() > 10]
    if not large or setup.own_step or setup.shot.stage != "done":
        return
    for output in setup.outputs:
        chance = _chance(output)
        if chance is not None and output.first_loss > FAR * chance:
            x = large[0]
            image = len(x.shape) > 2 and x.low >= 0 and x.high <= 255
            way = "x = x.astype('float32') / 255, or keras.layers.Rescaling(1 / 255) first" if (
                image) else f"{SCALE}, or a keras.layers.Normalization layer first"  # fmt: skip
            yield Problem(
                f"Inputs must be near 1 in size, but got {x.low:g} to {x.high:g} in {x.where}, "
                "and a "
                f"first loss of {output.first_loss:.3g} where knowing nothing costs {chance:.3g}.",
                f"{way}.",
            )
            return


def tiny_inputs(setup: Setup) -> Iterator[Problem]:
    """Inputs far too small: scaled twice, as by Rescaling(1 / 255) on pictures in 0..1.

    The scores are then almost the same for all rows, and learning is slow. A normalisation that
    comes after makes up for it, unless its numbers are those of a model that was trained before.
    """
    import keras

    scaled, normalised = 1.0, False
    for layer in setup.layers:
        if isinstance(layer, keras.layers.Rescaling) and np.ndim(layer.scale) == 0:
            scaled *= abs(float(layer.scale))
        normalised |= "Normalization" in type(layer).__name__
        if isinstance(layer, keras.layers.Embedding):
            return
    for x in setup.x if len(setup.x) == 1 and not setup.own_step else ():
        if not x.numeric or not x.rows.size or x.constant:
            continue
        twice = scaled < 0.02 and x.low >= -1.01 and x.high <= 1.01
        spread = scaled * (x.high - x.low)
        if twice or (0 < spread < 0.01 and not normalised):
            yield Problem(
                f"Inputs must be near 1 in size, but {x.where} has values from {x.low:.3g} to "
                f"{x.high:.3g}" + (f", and Rescaling multiplies them by {scaled:.3g}." if twice
                                   else "."),
                "Scale once: leave the Rescaling layer out, or pass x as it was read." if twice
                else f"{SCALE}, or a keras.layers.Normalization layer first."
            )  # fmt: skip


def _chance(output: Output) -> float | None:
    """The loss of a model that knows nothing but how large the targets are."""
    y, name = output.y, output.loss.name
    if name in CROSSENTROPIES and output.units and not output.no_probability:
        return float(np.log(max(2, output.units)))
    if name in CROSSENTROPIES and output.units and output.loss.from_logits:
        return float(np.log(max(2, output.units)))
    if y is None or not y.rows.size:
        return None
    if name == "mean_squared_error":
        return float(np.mean(y.rows**2)) or None
    if name in ("mean_absolute_error", "huber", "log_cosh"):
        return float(np.mean(np.abs(y.rows))) or None
    return None


def unscaled_targets(setup: Setup) -> Iterator[Problem]:
    """Numeric targets that the optimizer cannot reach, or that make its first step overshoot.

    The gradient of mse grows with the targets: SGD overshoots, and the loss is NaN in a few
    steps. Adam moves each weight by about the learning rate a step, however large the
    gradient, so 180000 is out of reach. Models that scale back at their end start near.
    """
    for output in setup.outputs:
        y = output.y
        if output.loss.name not in AMOUNTS or y is None or not y.rows.size or output.seen is None:
            continue
        if output.reach[1] <= 1 or output.loss.name == "cosine_similarity":
            continue  # another rule tells of a head that ends at 1
        size = float(np.sqrt(np.mean(y.rows**2)))
        if not np.isfinite(size) or np.sqrt(np.mean(output.seen**2.0)) > size / 10:
            continue
        gap = abs(float(np.mean(y.rows)) - float(np.mean(output.seen)))
        gap = max(gap, float(np.std(y.rows)) - float(np.std(output.seen)))
        sgd = setup.optimizer.kind == "SGD"
        least = 10 if len(setup.rates) >= 50 else 100  # a short try is not meant to get far
        if (sgd and size > 300 and gap > size / 3) or (
            not sgd and size > least and _too_short(setup, output)
        ):
            way = (
                "End the model with *kt.choose_loss(y).last_layers(): it then answers in y's unit."
            )
            if sgd:
                way = "Scale them: y = (y - y.mean()) / y.std(), and undo it on the predictions."
            yield Problem(
                f"Targets must be near 1 in size, but {output.called} has {y.low:g} to "
                f"{y.high:g}, while the outputs start near {float(np.mean(output.seen)):.2g}.",
                way,
            )


def _too_short(setup: Setup, output: Output) -> bool:
    """Say whether all the steps together end far above the loss of the best constant answer."""
    rows = output.y.rows if output.y is not None else np.empty(0)
    middle = np.mean if output.loss.name == "mean_squared_error" else np.median
    gaps = np.abs(rows - middle(rows, axis=0))
    constant = float(np.mean(gaps**2 if middle is np.mean else gaps))
    fall = output.first_loss - constant
    near = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh")
    if output.loss.name not in near or not len(setup.rates) or not fall > 0:
        return False
    weights = [np.asarray(v) for v in setup.shot.variables]
    optimizer, slopes = setup.optimizer.copy, setup.shot.gradients
    return share_of_way(optimizer, setup.rates, slopes, weights, fall) < 0.5
