"""LossChoice and choose_loss(model=…): held against what Keras itself computes."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from kerastrain.errors import LabelError
from kerastrain.labels.inspection import inspect_labels
from kerastrain.losses.choosing import LOSSES, admitted_losses, choice_for, choose_loss

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(0)
IDS = np.tile([0, 1, 2], 40)
RATINGS = RNG.integers(1, 6, 200)
VISITS = RNG.poisson(2, 300)
VOID = np.where(RNG.random((9, 8, 8)) < 0.2, 255, RNG.integers(0, 3, (9, 8, 8)))
SIZES = pd.Categorical(["S", "M", "L"] * 9, categories=["S", "M", "L"], ordered=True)
LABELS = {
    "two names": inspect_labels(["a", "b", "a"]),
    "class ids": inspect_labels(IDS),
    "ordered classes": inspect_labels(SIZES),
    "one-hot": inspect_labels(np.eye(3)[IDS]),
    "flags": inspect_labels(RNG.integers(0, 2, (60, 4))),
    "shares": inspect_labels(RNG.dirichlet([1, 1, 1], 60)),
    "smoothed": inspect_labels(np.where(IDS > 1, 0.9, 0.1)),
    "amounts": inspect_labels(RNG.normal(size=60)),
    "counts": inspect_labels(VISITS, task="counts"),
    "a mask with void": inspect_labels(VOID),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_names_in_the_table_are_those_of_keras(name):
    loss = getattr(keras.losses, LOSSES[name].keras_class)()
    function = keras.losses.get(name)
    y, p = np.float32([[0, 1], [1, 0]]), np.float32([[0.3, 0.7], [0.6, 0.4]])
    y = y.argmax(axis=1) if LOSSES[name].form == "ids" else y
    if name not in ("dice", "tversky"):  # one number for the whole batch
        y_row = keras.ops.convert_to_numpy(function(y, p))
        assert float(loss(y, p)) == pytest.approx(float(np.mean(y_row)), rel=1e-5)
    assert ("from_logits" in loss.get_config()) == LOSSES[name].logits


def head_of(choice):
    """Build the last layer that a choice asks for, on inputs of the right rank."""
    rank = {"row": 1, "step": 2, "pixel": 3}[choice.labels.per]
    x = keras.Input((*[8] * (rank - 1), 4))
    return keras.Model(x, layers.Dense(choice.units, choice.activation)(x)), rank


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_loss_metrics_head_and_encoded_labels_go_together(labels):
    for loss in admitted_losses(labels):
        choice = choice_for(labels, loss)
        model, rank = head_of(choice)
        predicted = np.asarray(model(RNG.normal(size=(9, *[8] * (rank - 1), 4))))
        decoded = choice.decode(predicted)
        if labels.kind in ("soft", "continuous", "counts"):
            y = np.abs(predicted)
        else:
            y = choice.encode(decoded if labels.kind != "one-hot" else np.eye(3)[decoded])
        assert np.isfinite(float(choice.build_loss()(y, predicted)))
        for metric, name in zip(choice.build_metrics(), choice.metrics, strict=True):
            metric.update_state(y, predicted)
            assert metric.name == name
            if "accuracy" in name:
                assert float(metric.result()) == 1.0


def test_accuracy_on_one_logit_is_measured_at_zero():
    choice = choose_loss(["no", "yes"], model=keras.Sequential([layers.Dense(1)]))
    metric = choice.build_metrics()[0]
    logits = np.array([[0.3], [-0.3]])  # both below 0.5, where Keras' "accuracy" divides
    metric.update_state(choice.encode(["yes", "no"]), logits)
    assert float(metric.result()) == 1.0
    assert choice.decode(logits).tolist() == ["yes", "no"]


def test_labels_to_leave_out_change_neither_loss_nor_metric():
    choice = choose_loss(VOID)
    y = choice.encode(VOID)
    predicted = RNG.dirichlet([1, 1, 1], VOID.shape)
    other = predicted.copy()
    other[VOID == 255] = [0.98, 0.01, 0.01]
    for p in (predicted, other):
        metric = choice.build_metrics()[0]
        metric.update_state(y, p)
        results = float(choice.build_loss()(y, p)), float(metric.result())
        if p is predicted:
            first = results
    assert results == first
    picked = predicted[VOID != 255][np.arange((VOID != 255).sum()), VOID[VOID != 255]]
    assert first[0] == pytest.approx(-np.log(picked).mean(), rel=1e-5)


def test_logits_decode_to_probabilities_where_labels_are_shares():
    shares = RNG.dirichlet([1, 1, 1], 60)
    choice = choose_loss(shares, model=keras.Sequential([layers.Dense(3)]))
    assert choice.options == {"from_logits": True}
    np.testing.assert_allclose(choice.decode(np.log(shares) + 5), shares, rtol=1e-6)


# ------------------------------------------------------------------ the last layer decides
def model(units, activation=None, shape=(4,)):
    return keras.Sequential([keras.Input(shape), layers.Dense(units, activation)])


DECIDED = {
    # labels, last layer: loss, units, settings
    "softmax": (IDS, model(3, "softmax"), "sparse_categorical_crossentropy", 3, {}),
    "logits": (IDS, model(3), "sparse_categorical_crossentropy", 3, {"from_logits": True}),
    "a unit for an unseen class": (
        IDS,
        model(10, "softmax"),
        "sparse_categorical_crossentropy",
        10,
        {},
    ),
    "one logit": (IDS > 1, model(1), "binary_crossentropy", 1, {"from_logits": True}),
    "two units for two classes": (
        IDS > 1,
        model(2, "softmax"),
        "sparse_categorical_crossentropy",
        2,
        {},
    ),
    "ratings as classes": (RATINGS, model(5, "softmax"), "sparse_categorical_crossentropy", 5, {}),
    "ratings as amounts": (RATINGS, model(1), "mean_squared_error", 1, {}),
    "counts as amounts": (VISITS, model(1), "mean_squared_error", 1, {}),
    "counts as counts": (VISITS, model(1, "exponential"), "poisson", 1, {}),
    "counts as classes": (VISITS, model(20, "softmax"), "sparse_categorical_crossentropy", 20, {}),
    "shares as probabilities": (RNG.random(60), model(1, "sigmoid"), "binary_crossentropy", 1, {}),
    "shares as amounts": (RNG.random(60), model(1), "mean_squared_error", 1, {}),
    "a table as steps": (
        RNG.integers(1, 4, (60, 4)),
        model(3, "softmax", (4, 2)),
        "sparse_categorical_crossentropy",
        3,
        {},
    ),
    "a table as amounts": (RNG.integers(1, 4, (60, 4)), model(4), "mean_squared_error", 4, {}),
}


@pytest.mark.parametrize(("y", "model", "loss", "units", "options"), DECIDED.values(), ids=DECIDED)
def test_the_last_layer_decides(y, model, loss, units, options):
    choice = choose_loss(y, model=model)
    assert (choice.loss, choice.units, choice.options) == (loss, units, options)
    assert "task=" not in choice.note


def test_each_output_has_the_choice_of_its_labels():
    x = keras.Input((4,))
    outputs = [layers.Dense(3, name="species")(x), layers.Dense(1, name="length")(x)]
    amounts = RNG.normal(size=120)
    listed = choose_loss([IDS, amounts], model=keras.Model(x, outputs))
    assert [choice.options for choice in listed] == [{"from_logits": True}, {}]
    named = choose_loss({"length": amounts, "species": IDS}, model=keras.Model(x, outputs))
    assert {name: choice.units for name, choice in named.items()} == {"length": 1, "species": 3}
    with pytest.raises(LabelError, match="the model has 2, y holds 1"):
        choose_loss(IDS, model=keras.Model(x, outputs))


class Unreadable(keras.Model):
    def call(self, x):
        return x


def test_a_head_that_cannot_be_read_is_told_with_the_way_out():
    choice = choose_loss(VOID, model=Unreadable())
    assert "cannot be read: the loss takes the output of softmax" in choice.note
    assert "SparseCategoricalCrossentropy(ignore_class=255, from_logits=True)" in choice.note
    assert choose_loss(RNG.normal(size=60), model=Unreadable()).note == ""
