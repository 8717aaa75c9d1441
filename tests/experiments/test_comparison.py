"""Equal beginnings, shared measures (scikit-learn is the oracle), honest intervals."""

import keras
import numpy as np
import pytest
from sklearn import metrics

import kerastrain as kt
from kerastrain.experiments.measures import measure, probabilities
from kerastrain.training.compiling import choice_of

pytestmark = pytest.mark.tensorflow

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 3)).astype("float32")
TWO = np.where(X[:, 0] + 0.3 * RANDOM.normal(size=80) > 0, "yes", "no")
THREE = np.digitize(X[:, 0], [-0.5, 0.5])
AMOUNTS = (X @ [1.0, -2.0, 0.5] + RANDOM.normal(size=80)).astype("float32")

built = []


def build(choice):
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, activation="relu"),
            keras.layers.Dense(choice.units, activation=choice.activation),
        ]
    )
    built.append([w.copy() for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def comparison():
    built.clear()
    return kt.compare(build, X, TWO, seeds=2, epochs=2)


def test_every_loss_that_the_labels_admit_is_a_candidate(comparison):
    labels = kt.inspect_labels(TWO)
    from kerastrain.losses.choosing import admitted_losses

    assert list(comparison.scores["candidate"].unique()) == list(admitted_losses(labels))


def test_layers_of_equal_shape_start_equal_for_one_seed_and_not_for_another(comparison):
    assert len({weights[-1].shape for weights in built}) == 2  # one unit, and two
    for start in built[2::2]:  # candidate by candidate, two seeds each
        np.testing.assert_array_equal(start[0], built[0][0])
    firsts = {weights[0].tobytes() for weights in built}
    assert 1 < len(firsts) <= 2


def test_the_history_has_a_row_for_each_candidate_seed_epoch_and_split(comparison):
    keys = ["candidate", "seed", "epoch", "split"]
    assert not comparison.history.duplicated(keys).any()
    assert len(comparison.history) == comparison.scores["candidate"].nunique() * 2 * 2 * 2


def test_equal_candidates_show_no_difference():
    result = kt.compare(build, X, TWO, {"a": "binary_crossentropy", "b": "bce"}, seeds=3, epochs=1)
    table = result.scores.pivot_table(index="seed", columns="candidate", values="log_loss")
    np.testing.assert_array_equal(table["a"], table["b"])
    assert (result.summary()["difference"] == 0).all()
    assert "no clear difference" in str(result)


def test_a_clearly_worse_candidate_is_called_so():
    candidates = {"good": kt.adam(0.05), "slow": kt.adam(1e-4)}
    result = kt.compare(build, X, AMOUNTS, candidates, seeds=4, epochs=8)
    verdicts = result.summary().set_index(["measure", "candidate"])["verdict"]
    assert verdicts["mae", "good"] == "best mean"
    assert verdicts["mae", "slow"] == "worse"
    assert "slow is clearly worse" in str(result)
    assert (result.summary()["difference_low"] <= result.summary()["difference_high"]).all()


def test_losses_and_optimizers_can_be_paired():
    candidates = [("mse", kt.adam(0.01)), ("mae", "sgd"), "huber", "rmsprop"]
    result = kt.compare(build, X, AMOUNTS, candidates, seeds=[5, 7], epochs=1)
    names = list(result.scores["candidate"].unique())
    assert names == ["mse + adam(0.01)", "mae + sgd", "huber", "rmsprop"]
    assert set(result.scores["seed"]) == {5, 7}
    assert result.measures == ["mae", "rmse"]


@pytest.mark.parametrize(
    ("candidates", "error", "seen"),
    [
        (["binary_crossentropy"], kt.DataError, "two candidates"),
        (["binary_crossentropy", "poison"], kt.LossError, "poisson"),
    ],
)
def test_candidates_that_cannot_be_compared_are_refused(candidates, error, seen):
    with pytest.raises(error, match=seen):
        kt.compare(build, X, TWO, candidates, seeds=2, epochs=1)


def test_one_seed_and_a_model_in_place_of_a_function_are_refused():
    with pytest.raises(kt.DataError, match="needs two seeds"):
        kt.compare(build, X, TWO, seeds=1)
    with pytest.raises(kt.DataError, match=r"a function that builds a model anew.*saw <Sequential"):
        kt.compare(keras.Sequential([keras.layers.Dense(1)]), X, TWO)


def test_the_picture_names_every_candidate(comparison):
    ax = comparison.plot()
    shown = {text.get_text() for text in ax.get_yticklabels()}
    assert shown == set(comparison.scores["candidate"])


@pytest.mark.parametrize("loss", ["binary_crossentropy", "sparse_categorical_crossentropy", "mse"])
def test_class_measures_are_those_of_scikit_learn(loss):
    choice = choice_of(kt.inspect_labels(TWO), loss)
    p = RANDOM.dirichlet([1, 1], size=80)
    y_pred = p[:, 1:] if choice.units == 1 else p
    found = measure(choice, choice.encode(TWO), y_pred)
    ids = (TWO == "yes").astype(int)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(ids, p[:, 1] > 0.5))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(ids, p[:, 1]), rel=1e-6)


def test_multi_label_measures_are_those_of_scikit_learn():
    y = RANDOM.integers(0, 2, size=(80, 4))
    y[0] = [1, 1, 0, 0]
    choice = kt.choose_loss(y)
    p = RANDOM.uniform(size=(80, 4))
    found = measure(choice, choice.encode(y), p)
    assert found["accuracy"] == pytest.approx(((p > 0.5) == y).mean())
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y.ravel(), p.ravel()), rel=1e-6)


def test_amount_measures_are_those_of_scikit_learn():
    choice = kt.choose_loss(AMOUNTS)
    y_pred = AMOUNTS[:, None] + RANDOM.normal(size=(80, 1))
    found = measure(choice, choice.encode(AMOUNTS), y_pred)
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(AMOUNTS, y_pred), rel=1e-6)
    rmse = metrics.root_mean_squared_error(AMOUNTS, y_pred[:, 0])
    assert found["rmse"] == pytest.approx(rmse, rel=1e-6)


def test_logits_are_turned_into_probabilities():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    choice = kt.choose_loss(THREE, model=model)
    logits = RANDOM.normal(size=(5, 3))
    found = probabilities(choice, logits)
    np.testing.assert_allclose(found, np.array(keras.ops.softmax(logits)), rtol=1e-5)
