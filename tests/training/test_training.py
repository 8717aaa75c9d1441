"""The oracle is Keras by hand: the same weights, the same rows, the same calls."""

import random
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import kerastrain as kt

pytestmark = pytest.mark.tensorflow

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3)).astype("float32")
IDS = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)
NAMES = np.array(["ant", "bee", "cow"], dtype=object)[IDS]
HOT = np.eye(3, dtype="float32")[IDS]
AMOUNTS = X @ np.array([1.0, -2.0, 0.5], dtype="float32")


def build(choice, dropout=0.0):
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, activation="tanh"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(choice.units, activation=choice.activation),
        ]
    )


def numbers(run):
    return run.history.drop(columns="seconds")


def weights_of(run):
    return [np.array(w) for w in run.model.get_weights()]


@pytest.fixture(scope="module")
def run():
    return kt.train(build, X, NAMES, epochs=3, validation_split=0.2, seed=3, verbose=0)


def test_names_are_learnt_as_ids_and_predicted_as_names(run):
    assert run.classes == ("ant", "bee", "cow")
    assert run.loss.loss == "sparse_categorical_crossentropy"
    assert set(run.predict(X)) <= {"ant", "bee", "cow"}
    by_hand = np.array(run.classes, dtype=object)[run.model.predict(X, verbose=0).argmax(-1)]
    assert run.predict(X).tolist() == by_hand.tolist()


def test_evaluate_takes_the_users_own_labels(run):
    by_hand = run.model.evaluate(X, IDS, verbose=0, return_dict=True)
    assert run.evaluate(X, NAMES) == pytest.approx(by_hand, rel=1e-6)


def test_the_history_is_tidy(run):
    assert list(run.history.columns) == [
        "epoch", "split", "loss", "accuracy", "learning_rate", "seconds",
    ]  # fmt: skip
    assert run.history["epoch"].tolist() == [1, 1, 2, 2, 3, 3]
    assert run.history["split"].tolist() == ["train", "val"] * 3
    assert run.history.attrs["seed"] == 3
    assert run.history.attrs["device"] == run.device == kt.list_devices()["name"].iloc[0]


def test_without_shuffling_the_numbers_are_those_of_keras():
    model = build(kt.choose_loss(NAMES))
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    run = kt.train(model, X, NAMES, epochs=3, shuffle=False, verbose=0, loop="graph")
    twin.compile(
        keras.optimizers.Adam(),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    expected = twin.fit(X, IDS, epochs=3, shuffle=False, verbose=0).history
    assert run.history["loss"].tolist() == expected["loss"]
    assert run.history["accuracy"].tolist() == expected["accuracy"]


def test_a_seed_repeats_everything_and_another_does_not():
    def once(seed):
        return kt.train(
            lambda choice: build(choice, dropout=0.3),
            X,
            NAMES,
            epochs=2,
            validation_split=0.2,
            seed=seed,
            verbose=0,
        )

    first, again, other = once(5), once(5), once(6)
    pd.testing.assert_frame_equal(numbers(first), numbers(again), check_exact=True)
    for ours, theirs in zip(weights_of(first), weights_of(again), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not numbers(first).equals(numbers(other))


def test_with_a_given_model_the_seed_decides_dropout_too():
    model = build(kt.choose_loss(NAMES), dropout=0.5)
    start = model.get_weights()
    histories = []
    for _ in range(2):
        model.set_weights(start)
        run = kt.train(
            model,
            X,
            NAMES,
            optimizer=kt.adam(),
            epochs=2,
            seed=1,
            verbose=0,
            silence=["trained-before"],
        )
        histories.append(numbers(run))
    pd.testing.assert_frame_equal(*histories, check_exact=True)


def test_the_callers_generators_are_as_before():
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - the global generator is what is tested
    tf.random.set_seed(1)
    expected = random.random(), np.random.rand(), float(tf.random.uniform(()))  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    tf.random.set_seed(1)
    kt.train(build, X, NAMES, epochs=1, validation_split=0.2, seed=9, verbose=0)
    assert (random.random(), np.random.rand(), float(tf.random.uniform(()))) == expected  # noqa: NPY002


def test_the_users_arrays_stay_as_they_are():
    x, y = X.copy(), NAMES.copy()
    kt.train(build, x, y, epochs=1, validation_split=0.2, verbose=0)
    np.testing.assert_array_equal(x, X)
    assert y.tolist() == NAMES.tolist()


def test_training_again_goes_on_from_the_weights():
    model = build(kt.choose_loss(NAMES))
    first = kt.train(model, X, NAMES, epochs=3, seed=0, verbose=0)
    second = kt.train(model, X, NAMES, epochs=1, seed=0, verbose=0)
    assert second.history["loss"].iloc[0] < first.history["loss"].iloc[-1]


def test_a_compiled_model_keeps_its_own_loss_metrics_and_optimizer():
    model = build(kt.choose_loss(IDS))
    optimizer = keras.optimizers.SGD(0.5)
    top2 = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top2")
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(), metrics=[top2])
    run = kt.train(model, X, NAMES, epochs=1, verbose=0, check="off")
    assert model.optimizer is optimizer
    assert "top2" in run.history
    run = kt.train(model, X, NAMES, optimizer=kt.sgd(0.1), epochs=1, verbose=0, check="off")
    assert "top2" in run.history
    assert run.history["learning_rate"].iloc[0] == pytest.approx(0.1)
    assert isinstance(model.loss, keras.losses.SparseCategoricalCrossentropy)


@pytest.mark.parametrize(
    "loss",
    [
        "categorical_crossentropy",
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        keras.losses.categorical_crossentropy,
    ],
    ids=["name", "object", "function"],
)
def test_a_loss_that_is_named_gets_the_labels_in_its_own_form_as_in_keras(loss):
    run = kt.train(build, X, HOT, loss=loss, metrics=["accuracy"], epochs=1, verbose=0)
    assert run.loss.form == "one-hot"
    np.testing.assert_array_equal(run.loss.encode(HOT), HOT)
    assert set(run.predict(X)) <= {0, 1, 2}
    with pytest.raises(kt.CheckError, match="Number the names"):
        kt.train(build, X, NAMES, loss=loss, epochs=1, verbose=0)


def test_a_choice_can_be_passed_as_the_loss():
    choice = kt.choose_loss(NAMES)
    run = kt.train(build, X, NAMES, loss=choice, epochs=1, verbose=0)
    assert run.loss is choice


def test_logits_are_noticed():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    run = kt.train(model, X, NAMES, epochs=1, verbose=0)
    assert run.loss.options == {"from_logits": True}
    assert model.loss.get_config()["from_logits"] is True


def test_amounts_are_predicted_as_amounts():
    run = kt.train(build, X, AMOUNTS, epochs=2, verbose=0, seed=0)
    assert run.loss.loss == "mean_squared_error"
    assert run.predict(X).shape == (60,)
    assert run.classes is None


def test_frames_go_in():
    x = pd.DataFrame(X, columns=list("abc"), index=range(100, 160))
    y = pd.Series(NAMES, index=x.index, dtype="category")
    run = kt.train(build, x, y, epochs=1, validation_split=0.2, verbose=0)
    assert run.predict(x)[0] in set(NAMES)


def test_a_data_set_goes_in():
    data = tf.data.Dataset.from_tensor_slices((X, IDS)).batch(20)
    others = tf.data.Dataset.from_tensor_slices((X + 0.1, IDS)).batch(20)
    run = kt.train(build, data, validation_data=others, epochs=2, verbose=0)
    assert len(run.history) == 4


def test_several_outputs_go_in():
    inputs = keras.Input((3,))
    outputs = {
        "animal": keras.layers.Dense(3, activation="softmax", name="animal")(inputs),
        "size": keras.layers.Dense(1, name="size")(inputs),
    }
    model = keras.Model(inputs, outputs)
    y = {"animal": NAMES, "size": AMOUNTS}
    run = kt.train(model, X, y, epochs=2, validation_split=0.2, seed=0, verbose=0)
    assert run.loss["size"].loss == "mean_squared_error"
    predicted = run.predict(X)
    assert predicted["size"].shape == (60,)
    assert set(predicted["animal"]) <= set(NAMES)
    assert "animal_accuracy" in run.history


def test_class_weights_go_by_the_users_own_names():
    def losses(weights):
        run = kt.train(build, X, NAMES, class_weight=weights, epochs=1, seed=2, verbose=0)
        return run.history["loss"].iloc[0]

    assert losses({"ant": 2.0, "bee": 2.0, "cow": 2.0}) == pytest.approx(2 * losses(None), rel=1e-4)
    with pytest.raises(kt.DataError, match=r"got 'dog'"):
        losses({"dog": 1.0})


def test_patience_keeps_the_weights_of_the_best_epoch():
    run = kt.train(
        build, X, NAMES, optimizer=kt.sgd(0.5), epochs=12, validation_split=0.3, patience=3,
        seed=0, verbose=0,
    )  # fmt: skip
    val = run.history[run.history["split"] == "val"].set_index("epoch")["loss"]
    assert run.best_epoch == val.idxmin()
    assert run.kept_best
    assert f"best epoch {run.best_epoch}" in repr(run)
    _, held_out = kt.split_rows(60, 0.3, seed=0, stratify=IDS)
    assert run.evaluate(X[held_out], NAMES[held_out])["loss"] == pytest.approx(val.min(), rel=1e-4)


def test_patience_needs_rows_to_watch():
    with pytest.raises(kt.DataError, match="Pass validation_split"):
        kt.train(build, X, NAMES, patience=3, verbose=0)


@pytest.mark.parametrize("schedule", ["cosine", "exponential", "step"])
def test_a_schedule_takes_its_length_from_the_epochs(schedule):
    optimizer = kt.sgd(0.1)
    run = kt.train(
        build, X, NAMES, optimizer=optimizer, schedule=schedule, epochs=4, batch_size=20, verbose=0
    )
    rates = run.history["learning_rate"].to_numpy()
    assert (np.diff(rates) <= 0).all()
    assert rates[-1] < 0.02
    assert float(np.array(optimizer.learning_rate)) == pytest.approx(0.1)


def test_a_warm_up_rises_first():
    run = kt.train(
        build, X, NAMES, optimizer=kt.adam(0.1), schedule="cosine", warmup_epochs=2, epochs=5,
        batch_size=10, verbose=0,
    )  # fmt: skip
    assert run.history["learning_rate"].to_numpy().argmax() == 1
    with pytest.raises(
        kt.OptimizerError,
        match="warmup_epochs must be a number 0 or more and below 5, but it is 10",
    ):
        kt.train(build, X, NAMES, warmup_epochs=10, epochs=5, verbose=0)


@pytest.mark.parametrize("epochs", [2, 3, 10])
def test_a_cosine_with_warm_up_over_a_few_steps_is_trained(epochs):
    run = kt.train(
        build, X, NAMES, schedule="cosine", warmup_epochs=1, epochs=epochs, batch_size=60, verbose=0
    )
    rates = run.history["learning_rate"].to_numpy()  # after each epoch, which is one step here
    assert rates.argmax() == 0
    assert rates[0] == pytest.approx(0.001)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


def test_a_loss_that_is_no_number_stops_the_run_and_says_why():
    with pytest.warns(
        kt.KerastrainWarning, match="learning rate of 1e.* is probably too high.*kt.adam.0.001,"
    ):
        run = kt.train(
            build, X * 1e3, AMOUNTS * 1e3, optimizer=kt.sgd(1e30), epochs=20, check="off", verbose=0
        )
    assert run.history["epoch"].max() < 20
    assert not np.isfinite(run.history["loss"].iloc[-1])


def test_ctrl_c_keeps_the_history_so_far():
    def press(epoch, logs):
        if epoch == 1:
            raise KeyboardInterrupt

    stop = keras.callbacks.LambdaCallback(on_epoch_end=press)
    run = kt.train(build, X, NAMES, epochs=9, callbacks=[stop], verbose=0)
    assert run.interrupted
    assert run.history["epoch"].max() in (1, 2)
    assert "interrupted" in repr(run)


@pytest.mark.parametrize(
    ("settings", "error", "seen"),
    [
        ({"y": NAMES[:-1]}, kt.DataError, "x has 60 and y has 59"),
        (
            {"loss": "sparse_categorical_crossentropi"},
            kt.LossError,
            "sparse_categorical_crossentropy",
        ),
        ({"loss": "mse", "y": np.where(IDS == 0, np.nan, 1.0)}, kt.LabelError, "nan|missing"),
        ({"optimizer": "adan"}, kt.OptimizerError, "nearest is 'adam'"),
        ({"validation_split": 1.5}, kt.DataError, "0 or more and below 1, but it is 1.5"),
        ({"seed": -1}, kt.DataError, "seed must be .* but it is -1"),
        ({"device": "gpu:9"}, kt.DeviceError, "cpu:0"),
        ({"sample_weight": np.ones(3)}, kt.DataError, "sample_weight has 3"),
        ({"model": lambda choice: None}, kt.DataError, "returned None"),
        ({"model": 3}, kt.DataError, "got 3"),
        ({"x": pd.DataFrame(X), "y": pd.Series(NAMES)[::-1]}, kt.DataError, r"y.loc\[x.index\]"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_way_out(settings, error, seen):
    settings = {"model": build, "x": X, "y": NAMES, "verbose": 0} | settings
    with pytest.raises(error, match=seen):
        kt.train(settings.pop("model"), settings.pop("x"), settings.pop("y"), **settings)


def test_a_set_up_that_cannot_learn_is_refused_and_the_model_is_as_it_was():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    before = [w.copy() for w in model.get_weights()]
    with pytest.raises(kt.CheckError, match=r"over one unit|one unit"):
        kt.train(model, X, IDS, loss="sparse_categorical_crossentropy", epochs=1, verbose=0)
    assert not model.compiled
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_mode_or_a_rule_that_is_none_is_refused():
    with pytest.raises(kt.DataError, match=r"it is 'warning'\. Pass check='warn'"):
        kt.train(build, X, NAMES, check="warning")
    with pytest.raises(kt.DataError, match=r"it is 'late-stoping'. Pass silence='late-stopping'"):
        kt.train(build, X, NAMES, silence=["late-stoping"])


def test_warnings_of_check_name_the_line_of_the_user():
    with pytest.warns(kt.CheckWarning) as caught:
        kt.train(build, X, NAMES, validation_data=(X, NAMES), epochs=1, verbose=0)
    assert caught[0].filename == __file__


def test_right_set_ups_train_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error", kt.KerastrainWarning)
        run = kt.train(build, X, NAMES, epochs=1, validation_split=0.2, verbose=0)
    assert run.findings == []


@pytest.mark.parametrize("seed", range(3))
def test_a_missing_value_is_named_by_its_place_before_the_split(seed):
    x = np.random.default_rng(0).normal(size=(300, 3)).astype("float32")
    y = np.where(x[:, 0] > 0, "a", "b")
    x[[3, 120, 240], 1] = np.nan
    frame = pd.DataFrame(x, columns=list("uvw"))

    def build(choice):
        return keras.Sequential([keras.Input((3,)), *choice.last_layers()])

    with pytest.raises(kt.CheckError, match="3 NaN, first in row 3, column 'v'") as told:
        kt.train(build, frame, y, validation_split=0.5, seed=seed, verbose=0)
    finding = next(f for f in told.value.findings if "3 NaN" in f.message)
    exec(finding.fix.split(": ", 1)[1].split(". Or")[0], scope := {"x": frame, "y": y})
    run = kt.train(build, scope["x"], scope["y"], validation_split=0.5, seed=seed, verbose=0)
    assert len(run.history)


@pytest.mark.parametrize(
    "options",
    [
        {"loop": "graph"},
        {"loop": "xla-loop"},
        {"loop": "model.fit"},
        {"loop": "model.fit", "shuffle": False},
        {"optimizer": "auto"},
        {"class_weight": "balanced", "patience": 2},
        {"sample_weight": np.linspace(0.5, 1.5, len(X))},
    ],
)
def test_large_inputs_are_split_by_row_numbers_with_the_same_result(monkeypatch, options):
    def trained():
        return kt.train(
            build, X, NAMES, epochs=2, validation_split=0.2, seed=3, verbose=0, **options
        )

    copied = trained()
    monkeypatch.setattr("kerastrain.arrays.rows._LARGE", 0)
    selected = trained()
    same = ["epoch", "split", "loss"]
    pd.testing.assert_frame_equal(copied.history[same], selected.history[same], check_exact=True)
    assert [str(one) for one in selected.findings] == [str(one) for one in copied.findings]
    assert np.array_equal(selected.predict_probabilities(X), copied.predict_probabilities(X))


def test_weights_beside_a_data_set_are_refused_and_not_ignored():
    model, x, y = (
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]),
        np.ones((8, 2)),
        np.ones(8),
    )
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
    with pytest.raises(kt.DataError, match="must hold sample_weight itself"):
        kt.train(model, data, epochs=1, sample_weight=np.ones(8), verbose=0)
    assert not model.compiled


def test_what_was_trained_with_class_weights_is_not_judged_by_the_constant_answer():
    random = np.random.default_rng(0)
    y = np.where(random.random(600) < 0.05, "rare", "usual")
    x = random.normal(size=(600, 3)) + (y == "rare")[:, None]
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    options = {"epochs": 20, "validation_split": 0.2, "seed": 0, "verbose": 0, "check": "off"}
    run = kt.train(model, x, y, class_weight="balanced", optimizer=kt.adam(0.05), **options)
    assert run.score_by_class(x, y).loc["rare", "recall"] > 0.5
    assert run.baseline is None
    assert not {f.rule for f in run.findings} & {"knows-nothing", "accuracy-of-one-class"}


def test_a_training_takes_up_freezing_and_does_not_say_otherwise():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(96, 4)), np.arange(96) % 3
    layers = [keras.layers.Dense(8, "relu"), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential([keras.Input((4,)), *layers])
    kt.train(model, x, y, epochs=1, seed=0, verbose=0)
    layers[0].trainable, before = False, layers[0].get_weights()
    run = kt.train(model, x, y, epochs=1, seed=0, verbose=0, silence="trained-before")
    assert not [f for f in run.findings if f.rule.endswith("after-compile")]
    for now, then in zip(layers[0].get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert [f.rule for f in kt.check(model, x, y) if f.rule.endswith("compile")] == [
        "frozen-after-compile"
    ]
