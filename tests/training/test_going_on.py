"""A training that goes on, from a run or a checkpoint, gives the bits of one that never stopped."""

import functools
import json
import multiprocessing
import random
import signal
import subprocess
import sys
import threading
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerastrain as kt

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 6)).astype("float32")
X_VAL = RNG.normal(size=(40, 6)).astype("float32")
IDS = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
NAMES = np.array(["cat", "dog", "bird"])[IDS]
SETTINGS = {"validation_split": 0.2, "seed": 4, "verbose": 0}


def build(choice):
    return keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(16, "relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(choice.units, choice.activation),
        ]
    )


def build_two(choices):
    inputs = keras.Input((6,))
    inner = keras.layers.Dropout(0.2)(keras.layers.Dense(8, "relu")(inputs))
    outputs = {
        name: keras.layers.Dense(choice.units, choice.activation, name=name)(inner)
        for name, choice in choices.items()
    }
    return keras.Model(inputs, outputs)


class Unbuilt(keras.Model):
    """A model that Keras builds when it first sees data, and whose layers it cannot list."""

    def __init__(self, units, activation):
        super().__init__()
        self.inner = keras.layers.Dense(8, "relu")
        self.noise = keras.layers.GaussianDropout(0.2)
        self.end = keras.layers.Dense(units, activation)

    def call(self, inputs, training=False):
        return self.end(self.noise(self.inner(inputs), training=training))


def weights_of(run):
    return [np.asarray(weight).tolist() for weight in run.model.weights]


def assert_same_bits(run, other):
    assert weights_of(run) == weights_of(other)
    same, others = run.history.drop(columns="seconds"), other.history.drop(columns="seconds")
    assert same.to_csv() == others.to_csv()
    assert repr(run) == repr(other)
    for mine, theirs in zip(
        run.model.optimizer.variables, other.model.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


def falling(rate=0.02):
    return kt.adam(rate, schedule="cosine", decay_steps=40, warmup_steps=6)


CASES = {
    "plain": lambda: {"y": NAMES},
    "a schedule with warm-up": lambda: {"y": NAMES, "optimizer": falling()},
    "patience": lambda: {"y": NAMES, "patience": 8},
    "averaged weights": lambda: {"y": NAMES, "optimizer": keras.optimizers.Adam(use_ema=True)},
    "several outputs": lambda: {"y": {"a": NAMES, "b": X[:, 2]}, "model": build_two},
    "a regression": lambda: {"y": X[:, 0] * 2, "optimizer": "sgd"},
    "a model that is not built": lambda: {
        "y": NAMES,
        "model": lambda choice: Unbuilt(choice.units, choice.activation),
    },
    "Keras' own loop": lambda: {"y": NAMES, "loop": "model.fit"},
    "weights of classes": lambda: {
        "y": NAMES,
        "class_weight": {"cat": 2.0, "dog": 1.0, "bird": 0.5},
    },
    "weights of rows": lambda: {"y": NAMES, "sample_weight": np.linspace(0.5, 1.5, 150)},
    "a data set": lambda: {
        "x": tf.data.Dataset.from_tensor_slices((X, IDS)).batch(16),
        "y": None,
        "validation_data": tf.data.Dataset.from_tensor_slices((X_VAL, IDS[:40])).batch(16),
        "validation_split": 0,
    },
}


def train(case, **settings):
    return kt.train(**{"model": build, "x": X, **SETTINGS, **CASES[case](), **settings})


@functools.cache
def whole(case):
    """The training of ten epochs that never stopped."""
    return train(case, epochs=10)


def go_on(run, case, **settings):
    """Only the data come again, with the weights of rows."""
    given = CASES[case]()
    data = {
        name: given[name] for name in ("y", "sample_weight", "validation_data") if name in given
    }
    return kt.train(run, given.get("x", X), epochs=5, verbose=0, **data, **settings)


# ---------------------------------------------------------------- 5 + 5 = 10
@pytest.mark.parametrize("case", CASES)
def test_five_epochs_and_five_more_are_ten(case):
    assert_same_bits(go_on(train(case, epochs=5), case), whole(case))


@pytest.mark.parametrize("case", [case for case in CASES if "not built" not in case])
def test_a_loaded_run_goes_on_to_the_same_bits(case, tmp_path):
    loaded = kt.load_run(train(case, epochs=5).save(tmp_path))
    assert_same_bits(go_on(loaded, case), whole(case))


def test_a_loaded_subclass_goes_on_to_the_same_bits(tmp_path):
    @keras.saving.register_keras_serializable()
    class Registered(Unbuilt):
        def get_config(self):
            return {"units": 3, "activation": "softmax"}

    def build_it(choice):
        return Registered(choice.units, choice.activation)

    ten, five = (kt.train(build_it, X, NAMES, epochs=n, **SETTINGS) for n in (10, 5))
    loaded = kt.load_run(five.save(tmp_path))
    assert_same_bits(kt.train(loaded, X, NAMES, epochs=5, verbose=0), ten)


@pytest.mark.process
def test_a_run_goes_on_in_another_process_to_the_same_bits(tmp_path):
    train("plain", epochs=5).save(tmp_path / "run")
    np.savez(tmp_path / "data.npz", x=X, y=NAMES)
    code = (
        "import sys, numpy as np, kerastrain as kt\n"
        "data = np.load(sys.argv[1] + '/data.npz')\n"
        "run = kt.load_run(sys.argv[1] + '/run')\n"
        "kt.train(run, data['x'], data['y'], epochs=5, verbose=0).save(sys.argv[1] + '/more')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True)
    assert_same_bits(kt.load_run(tmp_path / "more"), whole("plain"))


class StopAfter(keras.callbacks.Callback):
    def __init__(self, epochs, error=None):
        super().__init__()
        self.epochs, self.error = epochs, error

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epochs:
            self.model.stop_training = True
            if self.error is not None:
                raise self.error


def test_a_schedule_goes_on_over_the_epochs_that_it_was_made_for(tmp_path):
    settings = {"schedule": "cosine", "warmup_epochs": 2, "epochs": 10}
    five = train("plain", **settings, callbacks=[StopAfter(5)])
    assert len(five.history) == 10
    assert_same_bits(go_on(kt.load_run(five.save(tmp_path)), "plain"), train("plain", **settings))


def test_a_schedule_that_has_ended_starts_anew_and_says_so():
    run = train("plain", epochs=4, schedule="cosine")
    assert run.history["learning_rate"].iloc[-1] == 0
    with pytest.warns(kt.KerastrainWarning, match="anew: the optimizer with its schedule"):
        more = go_on(run, "plain")
    rates = more.history["learning_rate"].to_numpy()[::2]
    assert rates[4] > rates[3]
    assert rates[-1] == 0
    assert more.history["epoch"].tolist() == [epoch for epoch in range(1, 10) for _ in "tv"]


def test_a_model_whose_schedule_has_ended_is_not_trained_at_rate_0(tmp_path):
    run = train("plain", epochs=4, schedule="cosine")
    for model in (run.model, kt.load_run(run.save(tmp_path)).model):
        with pytest.raises(
            kt.OptimizerError, match=r"has ended after 16 steps.*train\(run, x, y\)"
        ):
            kt.train(model, X, NAMES, epochs=2, verbose=0)
    kt.train(run.model, X, NAMES, epochs=2, optimizer=kt.adam(), verbose=0, check="off")


def test_other_labels_start_the_split_and_early_stopping_anew():
    run = train("patience", epochs=5)
    with pytest.warns(kt.KerastrainWarning, match="as y changed: early stopping and the split"):
        kt.train(run, X, NAMES[::-1], epochs=2, verbose=0)


def test_a_run_that_stopped_early_trains_on_when_asked():
    run = train("plain", epochs=30, patience=1, optimizer=kt.adam(0.1))
    epochs = run.history["epoch"].max()
    assert epochs < 30
    with pytest.warns(kt.KerastrainWarning, match="epochs without improvement"):
        more = kt.train(run, X, NAMES, epochs=3, verbose=0, patience=5)
    assert more.history["epoch"].max() == epochs + 3


def test_settings_that_are_left_out_are_those_of_the_run_and_others_count():
    run = train("plain", epochs=1, batch_size=16, shuffle=False, patience=3)
    again = kt.train(run, X, NAMES, epochs=1, verbose=0)
    assert (again.seed, again.state.known["batch_size"], again.state.known["patience"]) == (
        4,
        16,
        3,
    )
    other = kt.train(again, X, NAMES, epochs=1, verbose=0, batch_size=8, seed=5)
    assert (other.seed, other.state.known["batch_size"]) == (5, 8)


def test_going_on_twice_from_one_run_gives_the_same(tmp_path):
    run = train("plain", epochs=2)
    first, second = (weights_of(go_on(run, "plain")) for _ in range(2))
    assert first == second


def test_a_run_without_a_state_says_what_to_pass(tmp_path):
    import dataclasses

    bare = dataclasses.replace(train("plain", epochs=1), state=None)
    with pytest.raises(kt.RunError, match=r"train\(run\.model, x, y\)"):
        kt.train(bare, X, NAMES)


def test_the_mode_of_the_loop_is_chosen_by_all_epochs():
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    attrs = kt.fit(model, X, X[:, 0], epochs=1002, initial_epoch=1000, seed=0).attrs["loop"]
    assert attrs.startswith("xla-loop")


# ---------------------------------------------------------------- interruptions
@pytest.mark.parametrize("epochs", [1, 4])
def test_ctrl_c_keeps_the_last_whole_epoch_and_the_run_goes_on(epochs):
    stop = StopAfter(epochs + 1, KeyboardInterrupt())
    run = train("plain", epochs=epochs + 5, callbacks=[stop])
    assert run.interrupted
    assert run.history["epoch"].max() == epochs
    assert weights_of(run) == weights_of(train("plain", epochs=epochs))
    assert_same_bits(go_on(run, "plain"), train("plain", epochs=epochs + 5))


def test_ctrl_c_in_the_first_epoch_leaves_the_weights_as_they_were():
    model = build(kt.choose_loss(NAMES))
    before = [np.asarray(weight).tolist() for weight in model.weights]
    run = kt.train(model, X, NAMES, callbacks=[StopAfter(1, KeyboardInterrupt())], verbose=0)
    assert run.interrupted
    assert weights_of(run) == before
    assert len(run.history) == 0
    run.plot()


@pytest.mark.parametrize("error", [ValueError("mine"), SystemExit(1)], ids=["error", "exit"])
def test_an_error_of_a_callback_brings_the_run_so_far(error):
    with pytest.raises(type(error)) as raised:
        train("patience", epochs=10, callbacks=[StopAfter(4, error)])
    assert raised.value is error
    assert "3 epochs" in error.__notes__[0]
    assert error.run.history["epoch"].max() == 3
    assert_same_bits(kt.train(error.run, X, NAMES, epochs=7, verbose=0), whole("patience"))


def test_sigterm_that_python_turns_into_an_exception_keeps_the_checkpoint(tmp_path):
    def leave(number, frame):
        raise SystemExit(number)

    def send(epoch, logs):
        if epoch == 3:
            signal.raise_signal(signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, leave)
    sender = keras.callbacks.LambdaCallback(on_epoch_end=send)
    try:
        with pytest.raises(SystemExit) as raised:
            train("plain", epochs=6, callbacks=[sender], checkpoint=tmp_path, checkpoint_every=9)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert raised.value.run.history["epoch"].max() == 3
    assert_same_bits(train("plain", epochs=6, checkpoint=tmp_path), train("plain", epochs=6))


# ---------------------------------------------------------------- checkpoints
def half_done(case, folder, **settings):
    """Stop a checkpointed training of 10 epochs in its sixth, as a kill would."""
    with pytest.raises(ZeroDivisionError):
        train(
            case,
            epochs=10,
            checkpoint=folder,
            callbacks=[StopAfter(6, ZeroDivisionError())],
            **settings,
        )


@pytest.mark.parametrize("case", CASES)
def test_a_checkpoint_goes_on_to_the_same_bits_and_then_gives_the_finished_run(case, tmp_path):
    half_done(case, tmp_path)
    epochs = []
    count = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
    resumed = train(case, epochs=10, checkpoint=tmp_path, callbacks=[count])
    assert epochs == [5, 6, 7, 8, 9]
    assert_same_bits(resumed, whole(case))
    finished = train(case, epochs=10, checkpoint=tmp_path, callbacks=[count])
    assert len(epochs) == 5
    assert_same_bits(finished, whole(case))
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.npz"]


def test_a_schedule_by_name_goes_on_too(tmp_path):
    settings = {"schedule": "cosine", "warmup_epochs": 2}
    half_done("plain", tmp_path, **settings)
    resumed = train("plain", epochs=10, checkpoint=tmp_path, **settings)
    assert_same_bits(resumed, train("plain", epochs=10, **settings))


def test_the_seed_and_the_measured_rate_of_a_checkpoint_go_on(tmp_path):
    settings = {"seed": None, "optimizer": "auto"}
    half_done("plain", tmp_path, **settings)
    state = kt.train(build, X, NAMES, epochs=10, checkpoint=tmp_path, **SETTINGS | settings)
    whole = train("plain", epochs=10, seed=state.seed, optimizer="auto")
    assert_same_bits(state, whole)
    assert state.history.attrs["optimizer"] == whole.history.attrs["optimizer"]


def test_early_stopping_ends_a_checkpointed_training_for_good(tmp_path):
    runs = [
        train("plain", checkpoint=tmp_path, epochs=40, patience=1, optimizer=kt.adam(0.1))
        for _ in range(2)
    ]
    assert runs[0].history["epoch"].max() < 40
    assert_same_bits(*runs)


def test_more_epochs_go_on_and_fewer_are_refused(tmp_path):
    train("plain", epochs=5, checkpoint=tmp_path)
    more = train("plain", epochs=10, checkpoint=tmp_path)
    assert_same_bits(more, whole("plain"))
    with pytest.raises(kt.RunError, match="epochs was 10 and is 7"):
        train("plain", epochs=7, checkpoint=tmp_path)


def test_a_run_that_goes_on_takes_a_checkpoint(tmp_path):
    run = train("plain", epochs=5)
    with pytest.raises(ZeroDivisionError):
        go_on(run, "plain", checkpoint=tmp_path, callbacks=[StopAfter(8, ZeroDivisionError())])
    resumed = go_on(train("plain", epochs=5), "plain", checkpoint=tmp_path)
    assert_same_bits(resumed, whole("plain"))


OTHERS = {
    "x": ({"x": X * 2}, "x was float32"),
    "one value of x": ({"x": np.where(np.arange(900).reshape(150, 6) == 501, 0, X)}, "x was"),
    "y": ({"y": NAMES[::-1]}, "y was"),
    "model": (
        {"model": lambda choice: keras.Sequential([keras.layers.Dense(choice.units, "softmax")])},
        "model was Sequential of 4 layers .* and is Sequential of 1 layers",
    ),
    "rate of dropout": (
        {
            "model": lambda choice: keras.models.clone_model(
                build(choice),
                clone_function=lambda layer: (
                    keras.layers.Dropout(0.4)
                    if isinstance(layer, keras.layers.Dropout)
                    else type(layer).from_config(layer.get_config())
                ),
            )
        },
        "model was",
    ),
    "batch_size": ({"batch_size": 16}, "batch_size was 32 and is 16"),
    "seed": ({"seed": 5}, "seed was 4 and is 5"),
    "patience": ({"patience": 2}, "patience was None and is 2"),
    "optimizer": ({"optimizer": kt.adam(0.5)}, "optimizer learning_rate was 0.001.* and is 0.5"),
    "loss": ({"loss": "categorical_crossentropy"}, "loss was .*Sparse.* and is categorical"),
    "split": ({"validation_split": 0.3}, "validation_split was 0.2 and is 0.3"),
    "weights": ({"sample_weight": np.ones(150)}, "sample_weight was none"),
    "schedule": ({"schedule": "step"}, "schedule was None and is step"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_the_checkpoint_of_another_training_is_refused_with_the_difference(other, tmp_path):
    changes, seen = OTHERS[other]
    train("plain", epochs=1, checkpoint=tmp_path)
    before = (tmp_path / "checkpoint.npz").read_bytes()
    with pytest.raises(kt.RunError, match=seen):
        train("plain", **{"epochs": 1, "checkpoint": tmp_path, "check": "off", **changes})
    assert (tmp_path / "checkpoint.npz").read_bytes() == before


def test_a_checkpoint_holds_no_data(tmp_path):
    train("plain", epochs=1, checkpoint=tmp_path)
    content = (tmp_path / "checkpoint.npz").read_bytes()
    assert content.count(b"bird") == 1  # the name of the class, not the label of each row
    assert X[:3].tobytes() not in content


@pytest.mark.parametrize("every", [2, "0 s", "1000 s"])
def test_checkpoints_are_as_frequent_as_asked(every, tmp_path):
    sizes = []

    def look(epoch, logs):
        with np.load(tmp_path / "checkpoint.npz") as parts:
            sizes.append(len(json.loads(parts["notes"].tobytes())["records"]))

    looker = keras.callbacks.LambdaCallback(on_epoch_begin=look)
    train("plain", epochs=5, checkpoint=tmp_path, checkpoint_every=every, callbacks=[looker])
    assert sizes == {2: [0, 0, 2, 2, 4], "0 s": [0, 1, 2, 3, 4], "1000 s": [0] * 5}[every]
    assert train("plain", epochs=5, checkpoint=tmp_path).history["epoch"].max() == 5


@pytest.mark.parametrize("damage", [lambda d: d[:-100], lambda d: d[:500] + b"?" + d[501:], bytes])
def test_a_damaged_checkpoint_is_named(damage, tmp_path):
    train("plain", epochs=1, checkpoint=tmp_path)
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(damage(path.read_bytes()) if damage is not bytes else b"")
    with pytest.raises(kt.RunError, match=r"checkpoint\.npz in .* damaged"):
        train("plain", epochs=2, checkpoint=tmp_path)


def test_a_checkpoint_that_claims_to_be_huge_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "checkpoint.npz", notes=np.zeros(10**8, np.uint8))
    with pytest.raises(kt.RunError, match="compressed"):
        train("plain", epochs=2, checkpoint=tmp_path)


def test_a_checkpoint_in_a_file_is_refused_before_the_first_epoch(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(kt.RunError, match=r"file' cannot"):
        train("plain", epochs=2, checkpoint=tmp_path / "file")


def test_layers_losses_and_optimizers_that_keras_cannot_load_are_resumed(tmp_path):
    class Slow(keras.optimizers.SGD):
        pass

    def build_odd(choice):
        layers = [keras.layers.Lambda(lambda t: t * 2), keras.layers.Dense(3, "softmax")]
        return keras.Sequential([keras.Input((6,)), keras.layers.Dropout(0.3), *layers])

    def mine(y_true, y_pred):
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred) * 2

    def odd(**settings):
        return kt.train(
            build_odd, X, NAMES, loss=mine, optimizer=Slow(0.1, momentum=0.9), epochs=6,
            **SETTINGS, **settings,
        )  # fmt: skip

    with pytest.raises(ZeroDivisionError):
        odd(checkpoint=tmp_path, callbacks=[StopAfter(3, ZeroDivisionError())])
    assert_same_bits(odd(checkpoint=tmp_path), odd())


def test_a_model_with_optimizers_of_its_own_is_refused_before_the_first_epoch(tmp_path):
    model = build(kt.choose_loss(NAMES))
    model.second = keras.optimizers.SGD()
    with pytest.raises(kt.RunError, match="keeps one optimizer"):
        kt.train(model, X, NAMES, checkpoint=tmp_path, verbose=0)


# ---------------------------------------------------------------- kills
def train_slowly(folder, result):
    """Train about a second with a checkpoint, and then write down all that came out."""
    import os

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    slow = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: time.sleep(0.05))
    run = train("patience", epochs=16, checkpoint=folder, callbacks=[slow])
    with result.with_suffix(".new").open("wb") as file:
        history = run.history.drop(columns="seconds").to_csv()
        states = [np.asarray(v) for v in (*run.model.variables, *run.model.optimizer.variables)]
        np.savez(file, *states, history=np.array(history))
    result.with_suffix(".new").rename(result)


def killed_until_done(work, folder, draw, seconds):
    """Start work again and again, kill it at random moments, and count the kills."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", "keras", "pandas", "pytest"])
    result, kills = folder / "result.npz", 0
    while True:
        process = context.Process(target=work, args=(folder / "checkpoint", result), daemon=True)
        process.start()
        process.join(draw.uniform(*seconds))
        if process.is_alive():
            process.kill()
            process.join()
            kills += 1
        if result.exists():
            with np.load(result) as parts:
                return kills, {name: parts[name].tolist() for name in parts.files}


@pytest.mark.process
@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_a_training_that_is_killed_again_and_again_gives_the_same_bits(kills, tmp_path):
    draw, done, turn = random.Random(0), 0, 0
    for name in ("first", "whole"):  # the first also starts the server that the processes fork from
        (tmp_path / name).mkdir()
        begin = time.perf_counter()
        _, whole = killed_until_done(train_slowly, tmp_path / name, draw, (600, 601))
        usual = time.perf_counter() - begin
    while done < kills:
        turn += 1
        folder = tmp_path / str(turn)
        folder.mkdir()
        more, result = killed_until_done(train_slowly, folder, draw, (0.1, usual))
        assert result == whole
        assert [path.name for path in (folder / "checkpoint").iterdir()] == ["checkpoint.npz"]
        done += more


def train_beside(folder, result):
    """Train as another process does at the same time, with a checkpoint in one folder."""
    train("plain", epochs=10, checkpoint=folder)
    result.touch()


@pytest.mark.process
def test_two_processes_with_one_checkpoint_leave_it_whole(tmp_path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", "keras", "pandas", "pytest"])
    three = [
        context.Process(target=train_beside, args=(tmp_path / name, tmp_path / f"done {i}"))
        for i, name in enumerate(("run", "run", "alone"))
    ]
    for process in three:
        process.start()
    for process in three:
        process.join(400)
    assert [process.exitcode for process in three] == [0, 0, 0]
    both, alone = (
        train("plain", epochs=10, checkpoint=tmp_path / name) for name in ("run", "alone")
    )
    assert_same_bits(both, alone)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["checkpoint.npz"]


# ---------------------------------------------------------------- Ctrl-C at random moments
def states_of(model):
    """What training changes, but for the metrics, which each epoch counts anew."""
    metrics = {id(variable) for variable in model.metrics_variables}
    variables = [v for v in model.variables if id(v) not in metrics] + model.optimizer.variables
    return [np.asarray(variable).tolist() for variable in variables], id(model.optimizer)


def learned_by(model):
    """What `train` promises to leave as after a whole epoch; it seeds dropout before the first."""
    return [np.asarray(v).tolist() for v in (*model.weights, *model.optimizer.variables)]


def drawn_next():
    """The state of each generator that a user may draw from."""
    return random.getstate(), str(np.random.get_state())  # noqa: NPY002


def compiled():
    model = build(kt.choose_loss(NAMES))
    model.compile(kt.adam(0.01), "sparse_categorical_crossentropy")
    model.fit(X, IDS, verbose=0)
    return model


def interrupted_at(seconds, call):
    """Press Ctrl-C after so many seconds; give what the call returned, and whether it raised."""
    inside, done = [True], threading.Event()

    def stop(number, frame):
        if inside:
            raise KeyboardInterrupt

    def press():
        if not done.wait(seconds):
            signal.raise_signal(signal.SIGINT)  # it reaches the main thread

    usual, presser = signal.signal(signal.SIGINT, stop), threading.Thread(target=press)
    try:
        try:
            presser.start()
            result = call(), False
        finally:
            inside.clear()
    except KeyboardInterrupt:
        result = None, True
    finally:
        done.set()
        presser.join()
        signal.signal(signal.SIGINT, usual)
    return result


MOMENTS = [5, pytest.param(100, marks=pytest.mark.slow)]


@pytest.mark.parametrize("moments", MOMENTS)
def test_ctrl_c_in_find_learning_rate_leaves_everything_as_it_was(moments):
    draw, model, hits = random.Random(1), compiled(), 0
    begin = time.perf_counter()
    curve = kt.find_learning_rate(model, X, IDS, steps=50)
    usual = time.perf_counter() - begin
    for _ in range(moments):
        before = states_of(model), drawn_next()
        hits += interrupted_at(
            draw.uniform(0, usual), lambda: kt.find_learning_rate(model, X, IDS, steps=50)
        )[1]
        assert (states_of(model), drawn_next()) == before
    assert hits > moments / 4
    assert kt.find_learning_rate(model, X, IDS, steps=50).table.equals(curve.table)


@pytest.mark.parametrize("moments", MOMENTS)
def test_ctrl_c_in_train_leaves_the_weights_of_a_whole_epoch(moments):
    draw, model, hits = random.Random(2), compiled(), 0
    variables = [*model.variables, *model.optimizer.variables]
    start = [np.asarray(variable) for variable in variables]
    after, settings = {0: learned_by(model)}, {"epochs": 6, "seed": 3, "verbose": 0, "check": "off"}

    def keep(epoch, logs):
        after[epoch + 1] = learned_by(model)

    keeper = keras.callbacks.LambdaCallback(on_epoch_end=keep)
    kt.train(model, X, IDS, callbacks=[keeper], **settings)
    begin = time.perf_counter()  # of a training whose program is made already
    kt.train(model, X, IDS, **settings)
    usual = time.perf_counter() - begin
    for _ in range(moments):
        for variable, value in zip(variables, start, strict=True):
            variable.assign(value)
        before = drawn_next()
        run, raised = interrupted_at(
            draw.uniform(0, usual), lambda: kt.train(model, X, IDS, **settings)
        )
        assert drawn_next() == before
        if run is None:  # it came before the first step or after the last
            assert learned_by(model) in (after[0], after[6])
        else:
            assert (
                learned_by(model)
                == after[int(run.history["epoch"].max()) if len(run.history) else 0]
            )
        hits += raised or run.interrupted
    assert hits > moments / 4


def test_threads_that_test_rates_leave_each_others_numbers_and_the_generators_alone():
    def test(seed):
        tables[seed] = kt.find_learning_rate(models[seed], X, IDS, seed=seed, steps=30).table

    models, tables = {seed: compiled() for seed in (1, 2)}, {}
    for seed in models:
        test(seed)
    alone, tables = tables, {}
    before = drawn_next(), [states_of(model) for model in models.values()]
    threads = [threading.Thread(target=test, args=(seed,)) for seed in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (drawn_next(), [states_of(model) for model in models.values()]) == before
    for seed, table in alone.items():
        assert table.equals(tables[seed])
