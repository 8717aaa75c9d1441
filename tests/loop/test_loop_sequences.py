"""Train, change something, train again: the numbers are those of `model.fit` after the same."""

import keras
import numpy as np
import pytest
from keras import layers as L  # noqa: N812

import kerastrain as kt

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(0)
ROWS = 44  # in batches of 16: two whole ones and a part of one
IDS = RNG.integers(0, 3, ROWS)
TABLE = RNG.normal(size=(ROWS, 6)).astype("float32")
SERIES = RNG.normal(size=(ROWS, 5, 6)).astype("float32")
IMAGES = RNG.normal(size=(ROWS, 6, 6, 2)).astype("float32")


class StaticSize(L.Layer):
    """Computes otherwise where the size of a batch is known while tracing."""

    def call(self, x):
        return x * (2.0 if x.shape[0] is None else 1.0 + x.shape[0])


def dense():
    return TABLE, [L.Dense(6, "relu"), L.Dense(3)]


def normalized():
    return TABLE, [L.Dense(6), L.BatchNormalization(), L.Activation("relu"), L.Dense(3)]


def dropped():
    return TABLE, [L.Dense(6, "relu"), L.Dropout(0.3, seed=2), L.Dense(3)]


def convolved():
    return IMAGES, [L.Conv2D(3, 3, activation="relu"), L.Flatten(), L.Dense(3)]


def recurrent():
    return SERIES, [L.Dense(4), L.LSTM(4), L.Dense(3)]


def normed_series():
    return SERIES, [L.LayerNormalization(), L.GRU(4), L.Dense(3)]


def sized():
    return TABLE, [L.Dense(6, "relu"), StaticSize(), L.Dense(3)]


# A layer such as StaticSize computes in Keras by the sizes of the batches that came before: Keras
# traces for any size at the second one. Here a training does not depend on those before it.
MODELS = [dense, normalized, dropped, convolved, recurrent, normed_series]


def compiled(model, optimizer="adam", metrics=("accuracy",), **options):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=list(metrics), jit_compile=False, **options)


# Each change gets the model and the data of the next training, and may change both.
def nothing(model, data):
    pass


def another_rate(model, data):
    model.optimizer.learning_rate = 0.05


def other_weights(model, data):
    model.set_weights([weight * 0.5 for weight in model.get_weights()])


def compile_anew(model, data):
    compiled(model, "sgd", metrics=())


def freeze_and_compile(model, data):
    model.layers[0].trainable = False
    compiled(model)


def another_batch_size(model, data):
    data["batch_size"] = 10


def whole_batches(model, data):
    data["batch_size"] = 11


def one_batch(model, data):
    data["batch_size"] = 100


def fewer_rows(model, data):
    data["x"], data["y"] = data["x"][:30], data["y"][:30]


def fewer_rows_than_a_batch(model, data):
    data["x"], data["y"] = data["x"][:7], data["y"][:7]


def validated(model, data):
    data["validation_data"] = (data["x"][:20], data["y"][:20])


def split(model, data):
    data["validation_split"] = 0.25


def weighted(model, data):
    data["sample_weight"] = np.linspace(0, 2, ROWS)


def weighted_classes(model, data):
    data["class_weight"] = {0: 3.0, 2: 0.5}


def an_attribute(model, data):
    model.layers[-1].activation = keras.activations.tanh


def an_attribute_and_a_new_function(model, data):
    model.layers[-1].activation = keras.activations.tanh
    model.make_train_function(force=True)


def no_function(model, data):
    model.layers[-1].activation = keras.activations.tanh
    model.train_function = None


def an_attribute_and_a_new_batch_size(model, data):
    model.layers[-1].activation = keras.activations.tanh
    compiled(model)
    data["batch_size"] = 11


def fewer_steps(model, data):
    data["steps_per_epoch"] = 2


def a_reset_count(model, data):
    model.optimizer.iterations.assign(0)


def trained_on_a_batch(model, data):
    model.train_on_batch(data["x"][:8], data["y"][:8])


def evaluated(model, data):
    model.evaluate(data["x"], data["y"], verbose=0)


def predicted(model, data):
    model.predict(data["x"], verbose=0)


def stopped(model, data):
    model.stop_training = True


def wide_floats(model, data):
    data["x"] = data["x"].astype("float64")


def other_ids(model, data):
    data["y"] = data["y"].astype("int32")


def executions_of_two(model, data):
    compiled(model, steps_per_execution=2)


def rates_by_schedule(model, data):
    compiled(model, keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9)))


def eagerly(model, data):
    model.run_eagerly = True


def a_part_of_another_model(model, data):
    inputs = keras.Input(data["x"].shape[1:])
    other = keras.Model(inputs, model(inputs))
    compiled(other)
    other.fit(data["x"], data["y"], verbose=0, shuffle=False)


CHANGES = [
    nothing, another_rate, other_weights, compile_anew, freeze_and_compile, another_batch_size,
    whole_batches, one_batch, fewer_rows, fewer_rows_than_a_batch, validated, split, weighted,
    weighted_classes, an_attribute, an_attribute_and_a_new_function, no_function,
    an_attribute_and_a_new_batch_size, fewer_steps, a_reset_count, trained_on_a_batch, evaluated,
    predicted, stopped, wide_floats, other_ids, executions_of_two,
    rates_by_schedule, eagerly, a_part_of_another_model,
]  # fmt: skip


def trained_twice(make, change, fit):
    """Train a model, change something, train it again; give its logs and its weights."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    x, layers = make()
    model = keras.Sequential([keras.Input(x.shape[1:]), *layers])
    compiled(model)
    data = {"x": x, "y": IDS, "batch_size": 16, "epochs": 2}
    fit(model, **data)
    change(model, data)
    logs = fit(model, **data)
    return logs, model.get_weights()


def by_keras(model, **data):
    history = model.fit(**data, shuffle=False, verbose=0).history
    return {name: [float(value) for value in values] for name, values in history.items()}


def by_kerastrain(model, *, loop="graph", **data):
    # "auto" is a graph here too, and lets model.fit train what no block can
    loop = "auto" if model.run_eagerly else loop
    kt.fit(model, **data, shuffle=False, loop=loop)
    return model.history.history


def assert_same(make, change):
    ours, theirs = (trained_twice(make, change, fit) for fit in (by_kerastrain, by_keras))
    assert {name: list(map(float, values)) for name, values in ours[0].items()} == theirs[0]
    for own, wanted in zip(ours[1], theirs[1], strict=True):
        np.testing.assert_array_equal(own, wanted)


@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning:keras")
@pytest.mark.filterwarnings("ignore:The data hold:UserWarning")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_after_a_change_a_training_has_the_bits_of_keras(change):
    assert_same(dense, change)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning:keras")
@pytest.mark.filterwarnings("ignore:The data hold:UserWarning")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("make", MODELS[1:], ids=lambda make: make.__name__)
def test_after_a_change_every_kind_of_model_has_the_bits_of_keras(make, change):
    assert_same(make, change)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning:keras")
@pytest.mark.filterwarnings("ignore:The data hold:UserWarning")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("make", [dense, recurrent], ids=lambda make: make.__name__)
def test_after_a_change_xla_agrees_with_keras(make, change):
    def by_xla(model, **data):
        return by_kerastrain(model, loop="xla-loop", **data)

    ours, theirs = (trained_twice(make, change, fit) for fit in (by_xla, by_keras))
    for name, values in theirs[0].items():
        np.testing.assert_allclose(list(map(float, ours[0][name])), values, rtol=1e-4)


def test_a_layer_that_reads_the_static_size_of_a_batch_computes_as_in_a_first_training():
    # 44 rows: batches of 11 have a static size, those of 16 have none
    found = trained_twice(sized, whole_batches, by_kerastrain)
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((6,)), *sized()[1]])
    compiled(model)
    data = {"x": TABLE, "y": IDS, "epochs": 2}
    by_kerastrain(model, batch_size=16, **data)
    compiled(model, model.optimizer)
    assert by_kerastrain(model, batch_size=11, **data) == found[0]
