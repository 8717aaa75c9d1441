"""Each private name of Keras and TensorFlow, asked on a real object; none stands elsewhere.

When one of these fails after an update, Keras or TensorFlow renamed what its id says.
"""

import ast
import pathlib
import random
from concurrent.futures import ProcessPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastrain.models import private_names as private

pytestmark = pytest.mark.tensorflow

PACKAGE = pathlib.Path(__file__).parents[2] / "kerastrain"


def small_model(**settings):
    keras.utils.clear_session()
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dropout(0.5, name="drop"),
            keras.layers.Dense(1, "sigmoid", name="last"),
        ]
    )
    model.compile("sgd", "mse", **settings)
    return model


def a_dataset():
    x, y = np.arange(12.0).reshape(6, 2), np.arange(6.0)
    return tf.data.Dataset.from_tensor_slices((x, y)).shuffle(50).batch(4)


def outputs_of_a_layer():
    model = small_model()
    operation, call, position = private.origin_of(model.outputs[0])
    return operation is model.get_layer("last"), call, position


def twin():
    layer = small_model().get_layer("last")
    made = private.twin_of(layer)
    made(keras.Input((2,)))
    return made.kernel is layer.kernel, len(made._inbound_nodes), len(layer._inbound_nodes)


def logits():
    raw = tf.constant([[0.0]])
    return private.has_logits(raw), private.has_logits(keras.activations.sigmoid(raw))


def masks():
    layer, words = keras.layers.Embedding(3, 2, mask_zero=True), tf.constant([[1, 0]])
    return private.has_mask(words), private.has_mask(layer(words))


def lambdas():
    layer = keras.layers.Lambda(lambda x: x + 1)
    with private.lambdas_allowed():
        return float(type(layer).from_config(layer.get_config())(tf.constant(1.0)))


def executors():
    pool = ProcessPoolExecutor(3, initializer=print, initargs=(1,))
    settings = private.pool_settings(pool)
    return private.workers_of(pool), settings["initargs"], settings["mp_context"] is not None


def process_state():
    keras.utils.set_random_seed(3)
    keras.backend.clear_session()
    keras.random.normal(())
    keras.layers.Dense(1)
    state = private.global_state()
    names = state.get_global_attribute("object_name_uids")
    return "dense" in names, state.get_global_attribute("global_seed_generator") is not None


def eager_draws():
    tf.random.set_seed(1)
    tf.random.normal(())
    before = private.eager_draws().getstate()
    tf.random.normal(())
    return private.eager_draws().getstate() != before


def generator():
    made = tf.random.get_global_generator()
    return private.tensorflow_random().global_generator is made


def added_metrics():
    class Measured(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seen = keras.metrics.Mean(name="seen")

    return [metric.name for metric in private.metrics_added(Measured())]


def resumed_epoch():
    model = small_model()

    class Resume(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model._initial_epoch = 3

    history = model.fit(np.ones((4, 2)), np.ones(4), epochs=5, callbacks=[Resume()], verbose=0)
    return history.epoch, private.initial_epoch_of(model)


def profiled_steps():
    callbacks = [keras.callbacks.TensorBoard(profile_batch=steps) for steps in (0, 2)]
    return [private.profiles_steps(callback) for callback in callbacks]


def trainable_then():
    model = small_model()
    model.get_layer("last").trainable = False
    return private.trainable_at_compile(model)[model.get_layer("last")]


def fitted_weights():
    model = small_model()
    model.optimizer.build(model.trainable_variables)
    known = private.weights_known_to(model.optimizer)
    return [a is b for a, b in zip(known, model.trainable_variables, strict=True)]


def mapped_operations():
    step = tf.data.Dataset.range(3).map(lambda number: number * number)
    return sorted({operation.type for operation in private.mapped_graph(step).get_operations()})


def root_of(data):
    while parents := private.dataset_parents(data):
        data = parents[0]
    return data


class Subclassed(keras.Model):
    pass


SCHEDULE = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
NAMES = {
    # the private name: what a function makes of it on a real object, and what that must be
    "Sequential._functional": (
        lambda: type(private.graph_of(small_model())).__name__,
        "Functional",
    ),
    "Functional._outputs_struct": (
        lambda: tuple(private.output_tensors(small_model()).shape),
        (None, 1),
    ),
    "no graph": (lambda: private.output_tensors(Subclassed()), None),
    "KerasTensor._keras_history": (outputs_of_a_layer, (True, 0, 0)),
    "Operation._inbound_nodes": (
        lambda: keras.tree.flatten(private.inputs_of(small_model().layers[-1], 0))[0].shape,
        (None, 2),
    ),
    "Operation._inbound_nodes of a twin": (twin, (True, 1, 1)),
    "Sequential._layers": (
        lambda: [type(layer).__name__ for layer in private.stack_of(small_model())],
        ["InputLayer", "BatchNormalization", "Dropout", "Dense"],
    ),
    "Layer._flatten_layers": (
        lambda: sorted(layer.name for layer in private.flat_layers(small_model())),
        ["drop", "input_layer", "last", "norm", "sequential"],
    ),
    "Layer._non_trainable_variables and _seed_generators": (
        lambda: [[v.name for v in private.states_of(layer)] for layer in small_model().layers],
        [["moving_mean", "moving_variance"], ["seed_generator_state"], []],
    ),
    "Layer._metrics": (added_metrics, ["seen"]),
    "activations._keras_logits": (logits, (False, True)),
    "Layer._keras_mask": (masks, (False, True)),
    "Metric._direction": (
        lambda: [private.direction_of(m) for m in (keras.metrics.AUC(), keras.metrics.Mean())],
        ["up", None],
    ),
    "Model._compile_loss._user_loss_weights": (
        lambda: private.loss_weights_of(small_model(loss_weights=[0.5])),
        [0.5],
    ),
    "Model._compile_metrics._user_metrics": (
        lambda: private.metrics_of(small_model(metrics=["mae"])),
        ["mae"],
    ),
    "Model._compiled_trainable_state": (trainable_then, True),
    "Model._initial_epoch": (resumed_epoch, ([3, 4], 3)),
    "keras.src.losses.losses.LossFunctionWrapper": (
        lambda: issubclass(keras.losses.MeanSquaredError, private.loss_wrapper()),
        True,
    ),
    "LossFunctionWrapper._fn_kwargs": (
        lambda: private.loss_options(keras.losses.Huber(delta=2.0)),
        {"delta": 2.0},
    ),
    "keras.src.losses": (
        lambda: list(map(private.is_keras_loss, (keras.losses.huber, keras.ops.relu))),
        [True, False],
    ),
    "MeanMetricWrapper._fn": (
        lambda: private.metric_function(keras.metrics.MeanMetricWrapper(np.sum)),
        np.sum,
    ),
    "AUC._from_logits": (lambda: private.takes_logits(keras.metrics.AUC(from_logits=True)), True),
    "Optimizer._learning_rate": (
        lambda: private.given_rate(keras.optimizers.SGD(SCHEDULE)),
        SCHEDULE,
    ),
    "Optimizer._trainable_variables": (fitted_weights, [True] * 4),
    "TensorBoard._should_trace": (profiled_steps, [False, True]),
    "keras.src.backend.common.global_state": (process_state, (True, True)),
    "keras.src.saving.serialization_lib.SafeModeScope": (lambdas, 2.0),
    "keras.src.random.seed_generator.python_random": (
        lambda: private.seed_source().python_random is random,
        True,
    ),
    "ProcessPoolExecutor._max_workers and others": (executors, (3, (1,), True)),
    "tensorflow.python.eager.context._rng": (eager_draws, True),
    "tensorflow.python.ops.stateful_random_ops.global_generator": (generator, True),
    "Dataset._inputs": (
        lambda: list(map(private.dataset_kind, private.dataset_parents(a_dataset()))),
        ["ShuffleDataset"],
    ),
    "TensorSliceDataset._structure and _tensors": (
        lambda: [part.shape for part in private.dataset_arrays(root_of(a_dataset()))],
        [(6, 2), (6,)],
    ),
    "ShuffleDataset._buffer_size": (
        lambda: private.shuffled_rows(private.dataset_parents(a_dataset())[0]),
        50,
    ),
    "MapDataset._map_func": (mapped_operations, ["Identity", "Mul", "Placeholder"]),
    "BatchDataset._batch_size": (lambda: int(private.rows_of_a_batch(a_dataset())), 4),
}


@pytest.mark.parametrize("name", NAMES)
def test_keras_and_tensorflow_still_call_it(name):
    ask, wanted = NAMES[name]
    assert ask() == wanted, f"{name} is no longer what it was"


def own_names():
    """Private names that this package defines itself."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield node.name
            elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
                yield getattr(node, "attr", "") or getattr(node, "id", "")


OWN = {"_repr_html_", *own_names()}


def private_uses(path):
    """Attributes, by dot or by name, and modules that their libraries keep to themselves."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            names = [] if own else [node.attr]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("attr"):
            names = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        elif isinstance(node, ast.ImportFrom):
            names = [f"_{node.module}"] if ".src" in node.module or ".python" in node.module else []
        else:
            continue
        for name in names:
            if str(name).startswith("_") and not str(name).startswith("__") and name not in OWN:
                yield f"line {node.lineno}: {name}"


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_private_names_stand_in_one_file(path):
    assert bool(list(private_uses(path))) == (path.name == "private_names.py")
