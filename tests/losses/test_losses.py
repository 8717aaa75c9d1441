"""choose_loss: the table, its settings, and labels there and back. Without TensorFlow."""

import numpy as np
import pandas as pd
import pytest

from kerastrain.errors import LabelError, LossError
from kerastrain.labels.inspection import inspect_labels
from kerastrain.losses.choosing import admitted_losses, choice_for, choose_loss

RNG = np.random.default_rng(0)
IDS = np.tile([0, 1, 2], 40)
MASK = RNG.integers(0, 4, (9, 16, 16))
VOID = np.where(RNG.random(MASK.shape) < 0.1, 255, MASK)
SPARSE, CATEGORICAL = "sparse_categorical_crossentropy", "categorical_crossentropy"
BINARY, MSE = "binary_crossentropy", "mean_squared_error"

TABLE = {
    # labels: loss, units, activation, metrics, shape of the encoded labels
    "class ids": (IDS, SPARSE, 3, "softmax", ("accuracy",), (120,)),
    "class ids in one column": (IDS[:, None], SPARSE, 3, "softmax", ("accuracy",), (120, 1)),
    "names": (["a", "b", "c"], SPARSE, 3, "softmax", ("accuracy",), (3,)),
    "two names": (["a", "b", "a"], BINARY, 1, "sigmoid", ("accuracy",), (3, 1)),
    "bools": (IDS > 1, BINARY, 1, "sigmoid", ("accuracy",), (120, 1)),
    "one-hot": (np.eye(3)[IDS], CATEGORICAL, 3, "softmax", ("accuracy",), (120, 3)),
    "two one-hot columns": (np.eye(2)[IDS % 2], CATEGORICAL, 2, "softmax", ("accuracy",), (120, 2)),
    "flags": (
        RNG.integers(0, 2, (60, 4)),
        BINARY,
        4,
        "sigmoid",
        ("binary_accuracy",),
        (60, 4),
    ),
    "sets": ([{"a"}, {"a", "b"}, set()], BINARY, 2, "sigmoid", ("binary_accuracy",), (3, 2)),
    "shares": (RNG.dirichlet([1, 1], 60), CATEGORICAL, 2, "softmax", ("accuracy",), (60, 2)),
    "smoothed": (np.where(IDS > 1, 0.9, 0.1), BINARY, 1, "sigmoid", ("mae",), (120, 1)),
    "amounts": (RNG.normal(size=60), MSE, 1, "linear", ("mae",), (60, 1)),
    "three amounts": (RNG.normal(size=(60, 3)), MSE, 3, "linear", ("mae",), (60, 3)),
    "tokens": (RNG.integers(0, 50, (60, 24)), SPARSE, 50, "softmax", ("accuracy",), (60, 24)),
    "a mask": (MASK, SPARSE, 4, "softmax", ("accuracy",), (9, 16, 16)),
    "a mask of two": (MASK > 1, BINARY, 1, "sigmoid", ("accuracy",), (9, 16, 16, 1)),
    "a mask with void": (VOID, SPARSE, 4, "softmax", ("mean_iou",), (9, 16, 16)),
}


@pytest.mark.parametrize(
    ("y", "loss", "units", "activation", "metrics", "shape"), TABLE.values(), ids=TABLE
)
def test_the_table_gives_loss_head_and_metrics(y, loss, units, activation, metrics, shape):
    choice = choose_loss(y)
    assert (choice.loss, choice.units, choice.activation) == (loss, units, activation)
    assert choice.metrics == metrics
    assert choice.encode(y).shape == shape


def perfect_prediction(choice, y):
    """Predict what the labels say: one-hot rows for ids, the encoded labels for all others."""
    encoded = choice.encode(y)
    if choice.form != "ids":
        return encoded
    ids = encoded[..., 0] if encoded.ndim > 1 and encoded.shape[-1] == 1 else encoded
    return np.eye(choice.units)[np.where(ids < choice.units, ids, 0)]


LABELS_BACK = {name: case[0] for name, case in TABLE.items() if name != "a mask with void"}


@pytest.mark.parametrize("y", LABELS_BACK.values(), ids=LABELS_BACK)
def test_a_perfect_prediction_decodes_to_the_labels_for_every_admitted_loss(y):
    labels = inspect_labels(y)
    for loss in admitted_losses(labels):
        choice = choice_for(labels, loss)
        decoded = choice.decode(perfect_prediction(choice, y))
        if labels.kind == "one-hot":
            assert decoded.tolist() == np.argmax(y, axis=-1).tolist()
        elif labels.kind in ("soft", "continuous"):
            np.testing.assert_allclose(decoded, y, rtol=1e-6)
        else:
            assert decoded.tolist() == (y if isinstance(y, list) else y.tolist())


def test_ordered_classes_can_be_learnt_as_amounts():
    sizes = pd.Categorical(["S", "M", "L"], categories=["S", "M", "L"], ordered=True)
    choice = choice_for(inspect_labels(sizes), "mae")
    assert (choice.units, choice.activation) == (1, "linear")
    assert choice.decode([[0.2], [1.4], [7.0]]).tolist() == ["S", "M", "L"]


# ------------------------------------------------------------------ amounts
def test_robust_takes_huber_with_the_spread_of_the_labels():
    amounts = RNG.normal(50_000, 20_000, 4001)
    lower, upper = np.quantile(amounts, [0.25, 0.75])
    choice = choose_loss(amounts, robust=True)
    assert choice.loss == "huber"
    assert choice.options["delta"] == pytest.approx(upper - lower, rel=0.05)
    assert "interquartile range" in choice.reason


def test_far_off_amounts_are_noted():
    incomes = RNG.lognormal(10, 2, 1000)
    assert "robust=True" in choose_loss(incomes).note
    assert choose_loss(RNG.normal(size=1000)).note == ""


def test_counts_have_poisson_as_the_named_alternative():
    visits = RNG.poisson(2, 500)
    assert choose_loss(visits).loss == MSE
    assert "task='counts'" in choose_loss(visits).note
    choice = choose_loss(visits, task="counts")
    assert (choice.loss, choice.activation) == ("poisson", "exponential")
    assert "poisson" in admitted_losses(inspect_labels(visits))


# ------------------------------------------------------------------ another loss
@pytest.mark.parametrize(
    ("y", "loss", "form", "units", "activation"),
    [
        (IDS, "mse", "one-hot", 3, "softmax"),
        (IDS, "categorical_hinge", "one-hot", 3, "linear"),
        (IDS > 1, "mse", "flags", 1, "sigmoid"),
        (IDS > 1, SPARSE, "ids", 2, "softmax"),
        (IDS > 1, "hinge", "signs", 1, "linear"),
        (MASK > 1, "dice", "flags", 1, "sigmoid"),
        (RNG.dirichlet([1, 1], 60), "kl_divergence", "one-hot", 2, "softmax"),
    ],
)
def test_the_head_follows_from_the_loss(y, loss, form, units, activation):
    choice = choice_for(inspect_labels(y), loss)
    assert (choice.form, choice.units, choice.activation) == (form, units, activation)


def test_hinge_wants_signs():
    choice = choice_for(inspect_labels(["no", "yes"]), "hinge")
    assert choice.encode(["yes", "no"]).tolist() == [[1], [-1]]
    assert choice.decode([[0.3], [-2]]).tolist() == ["yes", "no"]


@pytest.mark.parametrize(
    ("y", "loss", "words"),
    [
        (IDS, "binary_crossentropy", "does not go with integer labels. Take one of"),
        (IDS, "crossentropi", "No loss 'crossentropi'"),
        (IDS, "sparse_crossentropy", "Did you mean 'sparse_categorical_crossentropy'"),
        ([0.5, -1.5, 2.5], "poisson", "down to -1.5"),
        ([0.5, 1.5, 2.5], SPARSE, "does not go with continuous labels"),
        (VOID, CATEGORICAL, "with 255 to be left out"),
    ],
)
def test_a_loss_that_does_not_fit_is_refused(y, loss, words):
    with pytest.raises(LossError, match=words):
        choice_for(inspect_labels(y), loss)


def test_predictions_of_another_width_are_refused():
    with pytest.raises(
        LabelError, match=r"3 values in the last axis, but they have the shape \(9, 2\)"
    ):
        choose_loss(IDS).decode(np.zeros((9, 2)))


# ------------------------------------------------------------------ several outputs
def test_outputs_are_answered_in_the_form_they_came_in():
    named = choose_loss({"species": IDS, "length": RNG.normal(size=120)})
    assert {name: choice.loss for name, choice in named.items()} == {
        "species": SPARSE,
        "length": MSE,
    }
    assert [choice.loss for choice in choose_loss((np.eye(3)[IDS], IDS > 1))] == [
        CATEGORICAL,
        BINARY,
    ]


# ------------------------------------------------------------------ to be read
def test_a_choice_reads_as_an_explanation():
    assert str(choose_loss(VOID)).splitlines() == [
        "loss        keras.losses.SparseCategoricalCrossentropy(ignore_class=255)",
        'last layer  keras.layers.Conv2D(4, 1, activation="softmax")',
        "metrics     mean_iou",
        "formula     -log p[y]",
        "why         Each pixel is one of 4 classes, written as one value.",
        "note        255 marks what has no label and is left out.",
    ]


def test_a_choice_shows_as_a_table_and_escapes_names():
    page = choose_loss(["<b>", "c", "<b>"])._repr_html_()
    assert page.startswith("<table>")
    assert "<b>" not in choose_loss(["a", "<b>"])._repr_html_()
    assert "binary_crossentropy" in page
