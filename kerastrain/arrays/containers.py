"""In which container do the data come? One small class for each, with the same few methods.

To add a container, write a class and put it into `CONTAINERS`: inputs and labels then both take
it. No library is imported for it: an object of a library exists only where that is loaded already.
"""

from __future__ import annotations

import mmap
import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Container", "Selection", "container_of", "give_back_pages"]


class Selection:
    """Some rows of an array, by their numbers: a row is copied when it is asked for.

    Args:
        array: Shape `(n, ...)`; it may lie in a file.
        rows: The row numbers, shape `(m,)`.

    Examples:
        >>> some = Selection(np.arange(8).reshape(4, 2), np.array([3, 0]))
        >>> some.shape, some[1:].tolist()
        ((2, 2), [[0, 1]])
    """

    def __init__(self, array: NDArray[Any], rows: NDArray[Any]) -> None:
        self.array, self.rows = array, rows
        self.shape, self.ndim = (len(rows), *array.shape[1:]), array.ndim
        self.dtype = array.dtype

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        taken: NDArray[Any] = self.array.take(self.rows[rows], axis=0)
        give_back_pages(self.array)
        return taken

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)


class Container:
    """Arrays of NumPy, files of it, and all that NumPy can read; other classes refine this one.

    Attributes:
        library: The package that the container belongs to.
        types: The names of its classes.
        refusal: Why labels cannot come in it, and what to pass instead; empty where they can.
    """

    library: ClassVar[str] = ""
    types: ClassVar[tuple[str, ...]] = ()
    refusal: ClassVar[str] = ""

    def holds(self, data: Any) -> bool:
        """Tell whether data are of this kind."""
        return any(
            kind.__name__ in self.types and kind.__module__.split(".")[0] == self.library
            for kind in type(data).__mro__
        )

    def open(self, data: Any) -> Any:
        """Give the data as NumPy or pandas, or as they are where Keras takes them so."""
        return data

    def count(self, data: Any) -> int:
        """Count the rows."""
        return len(data)

    def take(self, data: Any, rows: Any) -> Any:
        """Copy rows, given their numbers or a slice."""
        return np.asarray(self.open(data))[rows]

    def columns(self, data: Any) -> tuple[Any, ...] | None:
        """Name the columns; None where they have no names."""
        opened = self.open(data)
        return tuple(opened.columns) if isinstance(opened, pd.DataFrame) else None


class _Arrays(Container):
    def holds(self, data: Any) -> bool:
        return True


class _Selections(Container):
    library, types = "kerastrain", ("Selection",)

    def take(self, data: Any, rows: Any) -> Any:
        return data[rows]


class _MaskedArrays(Container):
    library, types = "numpy", ("MaskedArray",)

    def open(self, data: Any) -> Any:
        if not np.ma.getmaskarray(data).any():
            return data.data
        return data.astype(float if data.dtype.kind in "biuf" else object).filled(np.nan)


class _Pandas(Container):
    library = "pandas"
    types = ("DataFrame", "Series", "Index", "ExtensionArray")

    def open(self, data: Any) -> Any:
        if isinstance(data, pd.MultiIndex):
            return data.to_frame(index=False)
        return data if isinstance(data, pd.DataFrame | pd.Series) else pd.Series(data)

    def take(self, data: Any, rows: Any) -> Any:
        return self.open(data).iloc[rows]


class _Polars(Container):
    library, types = "polars", ("DataFrame", "Series")

    def open(self, data: Any) -> Any:
        if not hasattr(data, "columns"):
            return self._column(data)
        return pd.DataFrame({column.name: self._column(column) for column in data})

    def _column(self, series: Any) -> pd.Series[Any]:
        if type(series.dtype).__name__ == "Enum":  # the classes that were declared
            return pd.Series(pd.Categorical(series.to_list(), series.dtype.categories.to_list()))
        text = series.dtype.is_nested() or type(series.dtype).__name__ == "Categorical"
        return pd.Series(series.to_list() if text else series.to_numpy())

    def take(self, data: Any, rows: Any) -> Any:
        return self.open(data).iloc[rows]


class _LazyFrames(Container):
    library, types = "polars", ("LazyFrame",)
    refusal = "{name} must have rows, but a LazyFrame has none yet. Pass {name}.collect()."


class _Arrow(_Pandas):
    library = "pyarrow"
    types = ("Table", "RecordBatch", "Array", "ChunkedArray")

    def open(self, data: Any) -> Any:
        return data.to_pandas()


class _SparseMatrices(Container):
    """Sparse matrices of SciPy. Keras takes rows of them, but stops at columns (`csc_matrix`)."""

    library, types = "scipy", ("spmatrix", "sparray")
    refusal = "Labels must be dense, but y is a {kind} of shape {shape}. Pass y.toarray()."

    def open(self, data: Any) -> Any:
        return data.tocsr().astype("float32")

    def count(self, data: Any) -> int:
        return int(data.shape[0])

    def take(self, data: Any, rows: Any) -> Any:
        return self.open(data)[rows]


class _Tensors(Container):
    library, types = "tensorflow", ("Tensor",)

    def take(self, data: Any, rows: Any) -> Any:
        if data.dtype.name != "string":
            return np.asarray(data)[rows]
        return (
            data[rows] if isinstance(rows, slice) else sys.modules["tensorflow"].gather(data, rows)
        )


class _RaggedTensors(_Tensors):
    types = ("RaggedTensor",)
    refusal = (
        "Rows must have the same length, but y is a RaggedTensor. Fill the rows up, "
        "y.to_tensor(default_value=-1); for sets of classes pass y.to_list() with "
        "task='multi-label'."
    )

    def count(self, data: Any) -> int:
        return int(data.shape[0])

    def take(self, data: Any, rows: Any) -> Any:
        return (
            data[rows] if isinstance(rows, slice) else sys.modules["tensorflow"].gather(data, rows)
        )


class _SparseTensors(Container):
    library, types = "tensorflow", ("SparseTensor", "IndexedSlices")
    refusal = "Labels must be a dense tensor, but y is a {kind}. Pass tf.sparse.to_dense(y)."

    def count(self, data: Any) -> int:
        return int(data.shape[0])

    def take(self, data: Any, rows: Any) -> Any:
        tf = sys.modules["tensorflow"]
        return tf.sparse.from_dense(tf.gather(tf.sparse.to_dense(tf.sparse.reorder(data)), rows))


class _Symbols(Container):
    refusal = "{name} must have values, but it is a symbolic tensor. Pass the array itself."

    def holds(self, data: Any) -> bool:
        kind = type(data)
        symbolic = "tensorflow" in kind.__module__ and kind.__name__.endswith("Tensor")
        return kind.__name__ == "KerasTensor" or (symbolic and not hasattr(data, "numpy"))


class _TorchTensors(Container):
    library, types = "torch", ("Tensor",)

    def open(self, data: Any) -> Any:
        return data.detach().cpu().numpy()  # it may belong to a graph or lie on a GPU


class _MapDatasets(Container):
    """Data sets that answer `data[i]` with one row, as those of PyTorch and Hugging Face."""

    refusal = (
        "{name} must be arrays or a data set of Keras, but it is a {kind}, which gives one row at "
        "a time. Gather the rows: x, y = map(np.stack, zip(*{name})); or pass a "
        "torch.utils.data.DataLoader or a tf.data.Dataset as x."
    )

    def holds(self, data: Any) -> bool:
        arrays = isinstance(data, Sequence | Mapping | memoryview)
        arrays = arrays or any(hasattr(data, way) for way in ("__array__", "shape", "num_batches"))
        return not arrays and hasattr(data, "__getitem__") and hasattr(data, "__len__")


CONTAINERS = (
    _Selections(),
    _MaskedArrays(),
    _Pandas(),
    _Polars(),
    _LazyFrames(),
    _Arrow(),
    _SparseMatrices(),
    _RaggedTensors(),
    _SparseTensors(),
    _Symbols(),
    _Tensors(),
    _TorchTensors(),
    _MapDatasets(),
    _Arrays(),
)


def container_of(data: Any) -> Container:
    """Find the container that data came in.

    Examples:
        >>> frame = pd.DataFrame({"age": [31, 47]})
        >>> container_of(frame).columns(frame), container_of(frame).count(frame)
        (('age',), 2)
        >>> container_of([3, 1, 2]).take([3, 1, 2], [0, 2]).tolist()
        [3, 2]
    """
    return next(container for container in CONTAINERS if container.holds(data))


def give_back_pages(array: Any) -> None:
    """Let the system drop what it read of a memory-mapped file; it can be read again."""
    mapped, on_disk = array, False
    while isinstance(mapped, np.ndarray):
        # In mode "c" the pages hold changes of the user that stand in no file.
        on_disk = on_disk or (isinstance(mapped, np.memmap) and mapped.mode != "c")
        mapped = mapped.base
    if on_disk and isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
