"""Can `fit` read this data set, PyDataset or generator?"""

from __future__ import annotations

from collections.abc import Iterator

from kerastrain.checks.findings import Problem
from kerastrain.checks.setup import Setup


def labels_inside(setup: Setup) -> Iterator[Problem]:
    """Y or weights beside a data set, which holds them itself.

    Keras raises.
    """
    if setup.data.source in ("arrays",):
        return
    kind = setup.data.source
    for name, value in (("y", setup.y_given), ("sample_weight", setup.given["sample_weight"])):
        if value is not None:
            yield Problem(
                f"A {kind} must hold {name} itself, but got {name} beside it.",
                f"Leave {name} out: check(model, data). The data yield (x, y) or (x, y, weight).",
                name,
            )


def batch_form(setup: Setup) -> Iterator[Problem]:
    """Batches that are no tuple (x,), (x, y) or (x, y, sample_weight).

    Keras raises for a list, or takes it for several inputs.
    """
    if setup.data.problem:
        yield Problem(
            "Each batch must be a tuple (x, y) or (x, y, sample_weight), but got "
            f"{setup.data.problem}.",
            "yield x, y  (not yield [x, y]).",
        )


def unbatched(setup: Setup) -> Iterator[Problem]:
    """A tf.data.Dataset of single rows, or one that is batched twice.

    Keras takes the first axis for the rows of a batch: a row of 8 numbers becomes 8 rows.
    """
    spec, inputs = setup.data.spec, setup.static_inputs
    first = spec[0] if isinstance(spec, tuple) and spec else spec
    rank = getattr(getattr(first, "shape", None), "rank", None)
    if rank is None or len(inputs) != 1:
        return
    items, wanted = tuple(first.shape.as_list()), inputs[0]
    more = rank - len(wanted)
    ends = items[1 + more :] if more in (-1, 1) else ()
    if ends and all(b is None or a == b for a, b in zip(ends, wanted[1:], strict=True)):
        yield Problem(
            f"A data set must give batches of shape {wanted}, but its items have shape {items}.",
            "data = data.batch(32)." if more < 0 else "Call batch once: data = data.unbatch().",
        )


def unknown_shape(setup: Setup) -> Iterator[Problem]:
    """A tf.data.Dataset that does not say how wide the labels are.

    Keras reads the form of the labels from the shape it states, and raises about ranks, or picks
    the wrong accuracy.
    """
    spec = setup.data.spec
    if not isinstance(spec, tuple) or len(spec) < 2:
        return
    import keras

    for part in keras.tree.flatten(spec[1]):
        shape = getattr(part, "shape", None)
        if shape is None:
            continue
        unknown = shape.rank is None or (shape.rank > 1 and shape[-1] is None)
        out = setup.outputs[0].shape if len(setup.outputs) == 1 else None
        if unknown and not (out is not None and out[-1] is None):
            stated = "unknown" if shape.rank is None else tuple(shape.as_list())
            yield Problem(
                f"The data set must state the labels' shape but for the rows; it states {stated}.",
                "output_signature=(..., tf.TensorSpec((None, 1), tf.int64)), or "
                "data.map(lambda x, y: (x, tf.ensure_shape(y, (None, 1)))).",
            )


def endless(setup: Setup) -> Iterator[Problem]:
    """Data without an end, and no steps_per_epoch: the first epoch never ends.

    A generator that does end is empty after the first epoch.
    """
    if setup.given["steps_per_epoch"] is not None:
        return
    data, epochs = setup.data, setup.given["epochs"]
    if data.batches == -1:
        yield Problem(
            f"An epoch must end, but this {data.source} has no end.",
            "End it: data = data.take(100)."
            if data.source == "Dataset"
            else "Make a keras.utils.PyDataset of it, whose __len__ gives the number of batches.",
        )
    elif data.source == "generator" and isinstance(epochs, int) and epochs > 1:
        yield Problem(
            f"A generator can be read once: it is empty after the first of {epochs} epochs.",
            "Make a keras.utils.PyDataset of it, which can be read once an epoch.",
            "x",
        )


def endless_validation(setup: Setup) -> Iterator[Problem]:
    """Validation data without an end, and no validation_steps: validation never ends."""
    given = setup.given["validation_data"]
    if given is None or isinstance(given, tuple | list) or setup.given["validation_steps"]:
        return
    from kerastrain.arrays.sources import read_data

    if read_data(given).batches == -1:
        yield Problem(
            "Validation must end, but these data have no end.",
            "End them: validation_data=validation_data.take(10).",
        )


def empty(setup: Setup) -> Iterator[Problem]:
    """A data set without a batch, as after batch(32, drop_remainder=True) of ten rows.

    Keras trains nothing, or raises about missing logs.
    """
    if setup.data.source != "arrays" and setup.data.batches == 0:
        yield Problem("There must be batches to train on, but got 0.",
                      "Look at the data: next(iter(data)).")  # fmt: skip
