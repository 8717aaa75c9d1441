"""Where do inputs and labels come from, and what of them can be seen without using them up?"""

from __future__ import annotations

import copy
import dis
import inspect
import random
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastrain.models.private_names import (
    dataset_arrays,
    dataset_kind,
    dataset_parents,
    mapped_graph,
    shuffled_rows,
)

__all__ = ["Data", "is_data_set", "is_endless", "read_data", "source_of"]

_SAME_ROWS = {"BatchDataset", "ParallelBatchDataset", "PrefetchDataset", "OptionsDataset"}
_OTHER_ORDER = {"ShuffleDataset", "CacheDataset", "RepeatDataset"}
_REPEATABLE = _SAME_ROWS | {
    "MapDataset",
    "ParallelMapDataset",
    "RangeDataset",
    "TensorSliceDataset",
    "TensorDataset",
    "ZipDataset",
    "ConcatenateDataset",
    "RepeatDataset",
    "TakeDataset",
    "SkipDataset",
    "PaddedBatchDataset",
}


@dataclass(frozen=True)
class Data:
    """Hold what the training data show.

    Attributes:
        source: `"arrays"`, `"Dataset"`, `"PyDataset"`, `"generator"` or `"loader"`.
        x: Inputs: all of them, or one batch; `None` if nothing can be seen.
        y: Labels, in the same way.
        sample_weight: Weights that came with a batch.
        spec: The shapes that a data set states, when its values cannot be seen.
        complete: Whether all rows are there.
        in_order: Whether the rows are trained on in the order they have here.
        batches: How many batches there are; -1 for endless, `None` for unknown.
        problem: Why a batch cannot be used, in Keras' eyes; empty when it can.
    """

    source: str
    x: Any = None
    y: Any = None
    sample_weight: Any = None
    spec: Any = None
    complete: bool = False
    in_order: bool = False
    batches: int | None = None
    problem: str = ""


def source_of(x: Any) -> str:
    """Tell arrays from data that come batch by batch; no library is imported for it.

    Args:
        x: Anything that `fit` takes, or a user may pass as labels.

    Returns:
        `"arrays"`; or `"Dataset"` of `tf.data`, `"PyDataset"` of Keras, `"generator"`, or
        `"loader"` for another iterator and the data loaders of PyTorch and Grain.

    Examples:
        >>> source_of([1, 2]), source_of(row for row in [1, 2]), source_of(iter([1, 2]))
        ('arrays', 'generator', 'loader')
    """
    if isinstance(x, types.GeneratorType):
        return "generator"
    if hasattr(x, "__next__") and not hasattr(x, "shape"):
        return "loader"
    bases = [f"{base.__module__}.{base.__name__}" for base in type(x).__mro__]
    if any(base.startswith("keras.") and base.endswith(".PyDataset") for base in bases):
        return "PyDataset"
    if any(base.startswith("tensorflow.") for base in bases) and hasattr(x, "element_spec"):
        return "Dataset"
    loaders = ("torch.utils.data.dataloader.", "grain.")
    return "loader" if any(base.startswith(loaders) for base in bases) else "arrays"


def is_data_set(x: Any) -> bool:
    """Tell data that come batch by batch, with their labels, from arrays."""
    return source_of(x) != "arrays"


def read_data(x: Any, y: Any = None, sample_weight: Any = None) -> Data:
    """Look at training data of any kind that `fit` takes, without using anything up.

    Args:
        x: Arrays, a `tf.data.Dataset`, a `PyDataset` or a generator.
        y: Labels for arrays.
        sample_weight: Weights for arrays.

    Returns:
        All of it for arrays and data sets made of arrays, else one batch, else the spec.
    """
    read = {"Dataset": _dataset, "PyDataset": _py_dataset, "generator": _generator}
    source = source_of(x)
    if source == "arrays":
        return Data("arrays", x, y, sample_weight, complete=True)
    return read[source](x) if source in read else Data("loader")


def is_endless(generator: types.GeneratorType[Any, Any, Any]) -> bool:
    """Say whether a generator's code has no way to return: `while True` without a `break`."""
    steps = dis.get_instructions(generator.gi_code)
    return not any(step.opname in ("RETURN_VALUE", "RETURN_CONST") for step in steps)


def _unpack(batch: Any, source: str, **known: Any) -> Data:
    """Split one batch into inputs, labels and weights, as Keras does."""
    if not isinstance(batch, tuple):
        if isinstance(batch, list) and source != "Dataset":
            return Data(source, problem="a list", **known)
        return Data(source, batch, **known)
    if not 1 <= len(batch) <= 3:
        return Data(source, problem=f"a tuple of {len(batch)}", **known)
    return Data(source, *batch, **known)


def _dataset(data: Any) -> Data:
    """Take the arrays that a data set was made of; else its first batch; else its spec."""
    count = int(data.cardinality())
    batches = {-1: -1, -2: None}.get(count, count)
    chain = list(_ancestors(data))
    names = set(map(dataset_kind, chain))
    root = chain[-1]
    rows_in_order = not any(map(_mixes_rows, chain[_last_batching(chain) :]))
    if dataset_kind(root) == "TensorSliceDataset" and names <= (
        _SAME_ROWS | _OTHER_ORDER | {"TensorSliceDataset"}
    ):
        import tensorflow as tf

        if not names & {"BatchDataset", "ParallelBatchDataset"}:
            return Data("Dataset", spec=data.element_spec, batches=batches)
        whole = tf.nest.map_structure(lambda part: part.numpy(), dataset_arrays(root))
        return _unpack(whole, "Dataset", spec=data.element_spec, complete=True,
                       in_order=rows_in_order, batches=batches)  # fmt: skip
    if names <= _REPEATABLE and not any(map(_draws, chain)):
        import tensorflow as tf

        for batch in data.take(1):
            seen = tf.nest.map_structure(lambda part: part.numpy(), batch)
            return _unpack(seen, "Dataset", spec=data.element_spec, batches=batches)
    return Data("Dataset", spec=data.element_spec, batches=batches)


def _ancestors(data: Any) -> Iterator[Any]:
    """Walk from a data set back to what it was made of."""
    yield data
    for parent in dataset_parents(data):
        yield from _ancestors(parent)


def _last_batching(chain: list[Any]) -> int:
    """Find the step that makes batches, counted back; what comes after it mixes no rows."""
    kinds = map(dataset_kind, chain)
    return next((i for i, kind in enumerate(kinds) if "BatchDataset" in kind), 0)


def _mixes_rows(step: Any) -> bool:
    """Say whether a step shuffles over more than a few rows."""
    return dataset_kind(step) == "ShuffleDataset" and shuffled_rows(step) > 32


def _draws(data: Any) -> bool:
    """Say whether a step calls Python or draws random numbers, so that looking would change it."""
    mapped = mapped_graph(data)
    if mapped is None:
        return False
    graph = mapped.as_graph_def()
    nodes = [*graph.node, *(node for body in graph.library.function for node in body.node_def)]
    return any("Random" in node.op or "PyFunc" in node.op for node in nodes)


def _py_dataset(data: Any) -> Data:
    """Ask for batch 0, as Keras does in any order; generators inside are put back."""
    count = data.num_batches
    with _generators_kept(vars(data)):
        batch = data[0]
    return _unpack(batch, "PyDataset", batches=-1 if count is None else int(count))


def _generator(generator: types.GeneratorType[Any, Any, Any]) -> Data:
    """Take the first batch from a second generator of the same code and the same arguments.

    The user's own is not moved. Where an argument could be used up or moved by looking (an
    iterator, an open file), nothing is looked at.
    """
    batches = -1 if is_endless(generator) else None
    frame = generator.gi_frame
    if frame is None or inspect.getgeneratorstate(generator) != inspect.GEN_CREATED:
        return Data("generator", batches=batches)
    code, inside = generator.gi_code, dict(frame.f_locals)
    around = {name: frame.f_globals[name] for name in code.co_names if name in frame.f_globals}
    if not all(map(_can_be_shared, [*inside.values(), *around.values()])):
        return Data("generator", batches=batches)
    cells = tuple(types.CellType(inside[name]) for name in code.co_freevars if name in inside)
    if len(cells) != len(code.co_freevars):
        return Data("generator", batches=batches)
    with _generators_kept({**inside, **around}):
        twin = types.FunctionType(code, frame.f_globals, code.co_name, None, cells)
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        positional = [inside[name] for name in names[: code.co_argcount]]
        keywords = {name: inside[name] for name in names[code.co_argcount :]}
        if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
            return Data("generator", batches=batches)
        batch = next(twin(*positional, **keywords), None)
    if batch is None:
        return Data("generator", batches=0)
    return _unpack(batch, "generator", batches=batches)


def _can_be_shared(value: Any) -> bool:
    """Say whether two generators can use a value without one noticing the other."""
    if isinstance(value, list | tuple | set):
        return len(value) > 100 or all(map(_can_be_shared, value))
    return not hasattr(value, "__next__") and not hasattr(value, "read")


@contextmanager
def _generators_kept(values: dict[str, Any]) -> Iterator[None]:
    """Put random generators among some values back to where they were."""
    numpy = [v for v in values.values() if isinstance(v, np.random.Generator)]
    older = [v for v in values.values() if isinstance(v, np.random.RandomState)]
    python = [v for v in values.values() if isinstance(v, random.Random)]
    before = (
        [copy.deepcopy(v.bit_generator.state) for v in numpy],
        [v.get_state() for v in older],
        [v.getstate() for v in python],
    )
    try:
        yield
    finally:
        for generator, state in zip(numpy, before[0], strict=True):
            generator.bit_generator.state = state
        for legacy, old in zip(older, before[1], strict=True):
            legacy.set_state(old)
        for plain, drawn in zip(python, before[2], strict=True):
            plain.setstate(drawn)
