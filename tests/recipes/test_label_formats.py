import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow

SPARSE, CATEGORICAL = "sparse_categorical_crossentropy", "categorical_crossentropy"
BINARY = "binary_crossentropy"


@pytest.mark.parametrize(
    ("name", "loss", "last_layer"),
    [
        ("names of 3 species", SPARSE, "Dense(3, 'softmax')"),
        ("ids 0, 1, 2", SPARSE, "Dense(3, 'softmax')"),
        ("ids 1, 2, 3", SPARSE, "Dense(3, 'softmax')"),
        ("one-hot rows", CATEGORICAL, "Dense(3, 'softmax')"),
        ("yes / no", BINARY, "Dense(1, 'sigmoid')"),
        ("True / False", BINARY, "Dense(1, 'sigmoid')"),
        ("1 / 0", BINARY, "Dense(1, 'sigmoid')"),
        ("+1 / -1", BINARY, "Dense(1, 'sigmoid')"),
        ("4 signs, each yes or no", BINARY, "Dense(4, 'sigmoid')"),
        ("yours", BINARY, "Dense(1, 'sigmoid')"),
        ("number to predict", "mean_squared_error", "Dense(1, 'linear')"),
    ],
)
def test_each_format_leads_to_its_loss(table, name, loss, last_layer):
    row = table[(table["format"] == name) & (table["part"] == "choice")].iloc[0]
    assert (row["chosen_loss"], row["last_layer"]) == (loss, last_layer)


def test_integer_and_one_hot_labels_train_to_the_same_weights(table):
    assert table["weight_gap"].max() < 1e-6


def test_integer_and_one_hot_labels_have_the_same_history(lesson, table):
    same = table[table["part"] == "same labels"]
    ids, rows = (same[same["format"] == name] for name in lesson.SAME)
    assert len(ids) == lesson.EPOCHS
    assert ids["loss"].iloc[-1] < 0.3 * ids["loss"].iloc[0]
    np.testing.assert_allclose(ids["loss"], rows["loss"], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(ids["accuracy"], rows["accuracy"])


def test_two_classes_as_one_unit_or_two_end_within_two_points(lesson, table):
    ends = table[table["part"] == "two classes"].groupby("format")["accuracy"]
    assert (ends.count() == 5).all()
    one, two = (ends.mean()[name] for name in lesson.TWO_WAYS)
    assert abs(one - two) < 0.02
    assert min(one, two) > 0.9


def test_the_report_lists_each_format_and_ends_with_the_accuracies(lesson, table):
    said = lesson.report(table)
    means = table[table["part"] == "two classes"].groupby("format")["accuracy"].mean()
    for name, loss in (("one-hot rows", CATEGORICAL), ("ids 1, 2, 3", SPARSE)):
        assert f"\n{name:<24} {loss}" in said
    assert f"{lesson.ONE} reach {means[lesson.ONE]:.1%} on validation rows" in said
    assert said.endswith(f"as {lesson.TWO} {means[lesson.TWO]:.1%}.")


def test_the_picture_has_a_color_for_each_loss(table, axes):
    choices = table[table["part"] == "choice"]
    colors = {text.get_text(): text.get_color() for text in axes[0].texts}
    of_losses = {colors[loss] for loss in choices["chosen_loss"]}
    assert len(of_losses) == choices["chosen_loss"].nunique() == 4
    assert colors["one-hot rows"] == colors[CATEGORICAL]


def test_three_names_need_another_loss_than_two(tried):
    row = tried[(tried["format"] == "yours") & (tried["part"] == "choice")].iloc[0]
    assert (row["chosen_loss"], row["last_layer"]) == (SPARSE, "Dense(3, 'softmax')")
