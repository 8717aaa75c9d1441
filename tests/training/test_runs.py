"""A run that was saved and loaded is the run that was saved."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow

X = np.random.default_rng(0).normal(size=(40, 2)).astype("float32")
Y = np.where(X[:, 0] > 0, "yes", "no")


def build(choice):
    return keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(choice.units, choice.activation)]
    )


@pytest.fixture(scope="module")
def run():
    return kt.train(build, X, Y, epochs=2, validation_split=0.25, seed=1, verbose=0)


def test_a_file_in_the_place_of_the_folder_is_said_and_stays(run, tmp_path):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(kt.RunError, match=r"saved into a folder, but .*taken' is a file"):
        run.save(tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_loaded_run_equals_the_saved_one(run, tmp_path):
    loaded = kt.load_run(run.save(tmp_path / "deep" / "run"))
    assert loaded.loss == run.loss
    assert loaded.classes == run.classes == ("no", "yes")
    assert loaded.predict(X).tolist() == run.predict(X).tolist()
    assert loaded.evaluate(X, Y) == pytest.approx(run.evaluate(X, Y), rel=1e-6)
    assert repr(loaded) == repr(run)
    pd.testing.assert_frame_equal(loaded.history, run.history)
    assert loaded.history.attrs == run.history.attrs


def test_a_loaded_run_can_be_trained_on(run, tmp_path):
    loaded = kt.load_run(run.save(tmp_path))
    assert len(kt.train(loaded.model, X, Y, epochs=1, verbose=0).history) == 1


def test_the_files_open_with_other_tools_and_hold_no_pickle(run, tmp_path):
    run.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "history.csv", "model.keras", "run.json", "state.npz",
    ]  # fmt: skip
    assert isinstance(keras.saving.load_model(tmp_path / "model.keras"), keras.Model)
    rest = json.loads((tmp_path / "run.json").read_text())
    assert rest["loss"]["loss"] == "binary_crossentropy"
    assert rest["versions"]["keras"] == keras.__version__


def test_saving_again_replaces_the_files(run, tmp_path):
    run.save(tmp_path)
    other = kt.train(build, X, Y, epochs=1, seed=2, verbose=0)
    other.save(tmp_path)
    assert kt.load_run(tmp_path).seed == 2


@pytest.mark.parametrize(
    "y",
    [
        np.arange(40) % 3 + 1,
        [["a", "b"][i % 2] for i in range(40)],
        np.arange(40) % 2 == 0,
        X[:, 0] * 2,
        np.eye(3)[np.arange(40) % 3],
        pd.get_dummies(pd.Series(["u", "v", "w", "u"] * 10)),
        {"a": np.arange(40) % 2, "b": X[:, 1]},
    ],
    ids=["1..3", "list", "bool", "amounts", "one-hot", "dummies", "several"],
)
def test_every_kind_of_labels_survives(y, tmp_path):
    def build_for(choice):
        inputs = keras.Input((2,))
        if isinstance(choice, dict):
            outputs = {
                key: keras.layers.Dense(one.units, one.activation, name=key)(inputs)
                for key, one in choice.items()
            }
            return keras.Model(inputs, outputs)
        return keras.Model(inputs, keras.layers.Dense(choice.units, choice.activation)(inputs))

    run = kt.train(build_for, X, y, epochs=1, verbose=0, check="off")
    loaded = kt.load_run(run.save(tmp_path))
    assert loaded.loss == run.loss
    mine, theirs = run.predict(X), loaded.predict(X)
    for key in y if isinstance(y, dict) else [None]:
        ours, others = (mine, theirs) if key is None else (mine[key], theirs[key])
        assert np.asarray(ours).tolist() == np.asarray(others).tolist()


def test_a_lambda_layer_is_named_before_anything_is_lost(tmp_path):
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Lambda(lambda t: t * 2), keras.layers.Dense(1, "sigmoid")]
    )
    run = kt.train(model, X, Y, epochs=1, verbose=0)
    with pytest.warns(kt.KerastrainWarning, match="the weights are there"):
        run.save(tmp_path)
    with pytest.raises(kt.RunError, match="Lambda"):
        kt.load_run(tmp_path)
    before = model.get_weights()
    model.layers[-1].set_weights([w * 0 for w in model.layers[-1].get_weights()])
    model.load_weights(tmp_path / "model.weights.h5")
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


class Double(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 2


def test_own_classes_load_when_they_are_named(tmp_path):
    model = keras.Sequential([keras.Input((2,)), Double(), keras.layers.Dense(1, "sigmoid")])
    run = kt.train(model, X, Y, epochs=1, verbose=0)
    with pytest.warns(kt.KerastrainWarning, match="custom_objects"):
        run.save(tmp_path)
    with pytest.raises(kt.RunError, match="custom_objects="):
        kt.load_run(tmp_path)
    loaded = kt.load_run(tmp_path, custom_objects={"Double": Double})
    assert loaded.predict(X).tolist() == run.predict(X).tolist()


def twice(y_true, y_pred):
    return 2 * keras.losses.binary_crossentropy(y_true, y_pred)


class Slow(keras.optimizers.SGD):
    pass


@pytest.mark.parametrize(
    ("own", "settings"),
    [(twice, {"loss": twice}), (Slow, {"optimizer": Slow})],
    ids=["loss", "optimizer"],
)
def test_own_losses_and_optimizers_are_told_when_saved_and_load_when_named(own, settings, tmp_path):
    name = own.__name__
    made = {key: value() if isinstance(value, type) else value for key, value in settings.items()}
    run = kt.train(build, X, (Y == "yes").astype("float32"), epochs=1, verbose=0, **made)
    with pytest.warns(kt.KerastrainWarning, match=f"'{name}'.*register_keras_serializable"):
        run.save(tmp_path)
    with pytest.raises(kt.RunError, match="custom_objects="):
        kt.load_run(tmp_path)
    loaded = kt.load_run(tmp_path, custom_objects={name: own})
    assert loaded.predict(X).tolist() == run.predict(X).tolist()


def test_a_folder_that_holds_no_run_is_refused(tmp_path):
    with pytest.raises(kt.RunError, match=r"lacks model\.keras"):
        kt.load_run(tmp_path)
