"""Labels in tensors and data sets: the same reading as of the array inside."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastrain.errors import LabelError
from kerastrain.labels.inspection import inspect_labels

pytestmark = pytest.mark.tensorflow

X = np.zeros((100, 4), "float32")
IDS = np.sort(np.arange(100) % 3)  # in order, so that the first batch holds one class
HOT = np.eye(3)[IDS]
AMOUNTS = np.random.default_rng(0).random(100) * 9


def dataset(*parts):
    return tf.data.Dataset.from_tensor_slices(parts)


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 1000

    def __getitem__(self, index):
        return X[:1], np.array([index // 100])  # ten classes, in order


class NoLength(keras.utils.PyDataset):
    pass


class OneLabelABatch(Batches):
    def __getitem__(self, index):
        return X[:1], index % 3


def sequences():
    """Sequences of 2 to 9 tokens of five kinds."""
    return tf.data.Dataset.from_generator(
        lambda: ((np.zeros((n, 4)), np.arange(n) % 5) for n in [2, 3, 5, 9] for _ in range(6)),
        output_signature=(tf.TensorSpec((None, 4)), tf.TensorSpec((None,), tf.int64)),
    )


class NoLabels(Batches):
    def __getitem__(self, index):
        return (X[:1],)


FORMS = {
    "a tensor": (tf.constant(IDS), "integer", (100,)),
    "a variable": (tf.Variable(IDS), "integer", (100,)),
    "a variable of Keras": (keras.Variable(AMOUNTS), "continuous", (100,)),
    "a tensor of text": (tf.constant(["a", "b", "c"]), "integer", (3,)),
    "bfloat16": (tf.constant(IDS, tf.bfloat16), "integer", (100,)),
    "batches": (dataset(X, IDS).batch(8), "integer", (None,)),
    "batches with weights": (dataset(X, IDS, AMOUNTS).batch(8), "integer", (None,)),
    "batches without end": (dataset(X, IDS).batch(8).repeat(), "integer", (None,)),
    "batches of one size": (dataset(X, IDS).batch(10, drop_remainder=True), "integer", (None,)),
    "batches of one-hot rows": (dataset(X, HOT).batch(8), "one-hot", (None, 3)),
    "rows without batches": (dataset(X, IDS), "integer", (None,)),
    "one-hot rows without batches": (dataset(X, HOT), "one-hot", (None, 3)),
    "a PyDataset": (Batches(), "integer", (None,)),
    "sequences padded batch by batch": (sequences().padded_batch(4), "integer", (None, 9)),
}


@pytest.mark.parametrize(("y", "kind", "shape"), FORMS.values(), ids=FORMS)
def test_tensors_and_data_sets_are_understood(y, kind, shape):
    labels = inspect_labels(y)
    assert (labels.kind, labels.shape) == (kind, shape)
    assert labels.sampled == (shape[0] is None)
    assert ("Judged by a sample of" in labels.note) == labels.sampled


def test_a_py_dataset_is_looked_at_over_its_whole_length():
    assert inspect_labels(Batches()).classes == tuple(range(10))


def test_filling_up_batches_adds_no_class():
    assert inspect_labels(sequences().padded_batch(4)).classes == tuple(range(5))


def test_a_data_set_is_still_whole_afterwards():
    rows = dataset(X, IDS).batch(8)
    inspect_labels(rows)
    assert len(list(rows)) == 13


def test_outputs_of_a_data_set_are_answered_as_they_came():
    named = inspect_labels(dataset(X, {"a": IDS, "b": AMOUNTS}).batch(8))
    assert {name: labels.kind for name, labels in named.items()} == {
        "a": "integer",
        "b": "continuous",
    }
    assert [labels.kind for labels in inspect_labels(dataset(X, (IDS, AMOUNTS)).batch(8))] == [
        "integer",
        "continuous",
    ]


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (dataset(X, IDS).take(0), "the data set is empty"),
        (sequences().map(lambda x, y: (x[0], y)), r"shapes \(2,\), \(3,\), .*padded_batch"),
        (NoLength(), r"must know its length.*__len__"),
        (OneLabelABatch(), "one label for each row, rows first"),
        (NoLabels(), r"they hold x alone.*\(x, y\)"),
        (tf.ragged.constant([[1, 2], [3]]), r"y.to_tensor\(default_value=-1\)"),
        (tf.sparse.from_dense(HOT), r"tf.sparse.to_dense\(y\)"),
        (keras.Input((3,)), "symbolic tensor"),
    ],
)
def test_what_holds_no_labels_is_refused(y, words):
    with pytest.raises(LabelError, match=words):
        inspect_labels(y)
