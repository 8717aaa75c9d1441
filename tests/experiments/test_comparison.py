"""Equal beginnings, shared measures (scikit-learn is the oracle), honest intervals."""

import itertools

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

import kerastrain as kt
from kerastrain.arrays.rows import split_rows
from kerastrain.experiments.intervals import mean_interval
from kerastrain.experiments.measures import measure, probabilities
from kerastrain.losses.resolve import choice_of

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

    names = list(comparison.scores["candidate"].unique())
    assert [*names, "categorical_crossentropy"] == [
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "sparse_categorical_crossentropy",
        "mean_squared_error",
        "baseline",
        "categorical_crossentropy",
    ]
    assert set(names) ^ set(admitted_losses(labels)) == {"baseline", "categorical_crossentropy"}


def test_layers_of_equal_shape_start_equal_for_one_seed_and_not_for_another(comparison):
    assert len({weights[-1].shape for weights in built}) == 2  # one unit, and two
    for start in built[2::2]:  # candidate by candidate, two seeds each
        np.testing.assert_array_equal(start[0], built[0][0])
    firsts = {weights[0].tobytes() for weights in built}
    assert 1 < len(firsts) <= 2


def test_the_history_has_a_row_for_each_candidate_seed_epoch_and_split(comparison):
    keys = ["candidate", "seed", "epoch", "split"]
    assert not comparison.history.duplicated(keys).any()
    assert len(comparison.history) == comparison.history["candidate"].nunique() * 2 * 2 * 2


def own_loss(y_true, y_pred):
    return keras.ops.mean((y_true - y_pred) ** 4, axis=-1)


@pytest.mark.parametrize(
    ("y", "candidates", "kept", "note"),
    [
        (TWO, {"a": "binary_crossentropy", "b": "bce"}, {"a"}, "a (b is the same)"),
        (
            THREE,
            ["categorical_crossentropy", "sparse_categorical_crossentropy"],
            {"categorical_crossentropy"},
            "categorical_crossentropy (sparse_categorical_crossentropy on integer labels is the "
            "same)",
        ),
        (
            np.eye(3)[THREE],
            ["kl_divergence", "categorical_crossentropy", keras.losses.CategoricalCrossentropy()],
            {"kl_divergence"},
            "kl_divergence (categorical_crossentropy and categoricalcrossentropy is the same)",
        ),
        (AMOUNTS, ["mse", own_loss, keras.losses.Huber(0.1), "huber"], None, None),
        (AMOUNTS, [kt.sgd(0.1), kt.sgd(0.2)], {"sgd(0.1)", "sgd(0.2)"}, None),
    ],
)
def test_equal_maths_are_one_candidate(y, candidates, kept, note):
    result = kt.compare(build, X, y, candidates, seeds=2, epochs=1)
    names = set(result.scores["candidate"]) - {"baseline"}
    assert names == kept if kept else len(names) == len(candidates)
    assert list(result.notes) == ([note] if note else [])


@pytest.mark.parametrize("other", ["sparse_categorical_crossentropy", "kl_divergence"])
def test_what_counts_as_equal_maths_gives_equal_predictions(other):
    y = THREE if other.startswith("sparse") else np.eye(3)[THREE]
    scores = [
        kt.compare(build, X, y, [loss, "mse"], seeds=[1, 2], epochs=3).scores["log_loss"][:2]
        for loss in ("categorical_crossentropy", other)
    ]
    np.testing.assert_allclose(*scores, rtol=1e-4)


def test_a_loss_of_the_users_own_is_what_is_trained():
    result = kt.compare(build, X, AMOUNTS, [own_loss, "mse"], seeds=2, epochs=1)
    losses = result.history.groupby("candidate")["loss"].first()
    assert losses["own_loss"] > 2 * losses["mse"]


def test_the_baseline_is_the_best_constant_under_each_measure():
    result = kt.compare(build, X, AMOUNTS, ["mse", "mae"], seeds=[4, 5], epochs=1)
    train, val = split_rows(len(X), 0.25, seed=4)
    row = result.scores[result.scores["candidate"] == "baseline"].iloc[0]
    gap = AMOUNTS[val] - np.median(AMOUNTS[train])
    assert row["mae"] == pytest.approx(np.abs(gap).mean(), rel=1e-5)
    assert row["rmse"] == pytest.approx(
        np.sqrt(np.mean((AMOUNTS[val] - AMOUNTS[train].mean()) ** 2)), rel=1e-5
    )
    result = kt.compare(build, X, TWO, ["bce", "mse"], seeds=[4, 5], epochs=1)
    row = result.scores[result.scores["candidate"] == "baseline"].iloc[0]
    train, val = split_rows(len(X), 0.25, seed=4, stratify=TWO == "yes")
    share = (TWO[train] == "yes").mean()
    assert row["accuracy"] == pytest.approx(((TWO[val] == "yes") == (share > 0.5)).mean())
    expected = metrics.log_loss(TWO[val] == "yes", np.full(len(val), share))
    assert row["log_loss"] == pytest.approx(expected, rel=1e-5)


def test_folds_judge_every_row_once_for_each_seed():
    result = kt.compare(build, X, THREE, ["mse", "kld"], seeds=1, folds=4, epochs=1)
    scores = result.scores[result.scores["candidate"] == "kld"]
    assert list(scores["fold"]) == [0, 1, 2, 3]
    assert scores["val_rows"].sum() == len(X)
    assert (scores["val_rows"] + scores["train_rows"] == len(X)).all()
    rows = result.summary().set_index(["measure", "candidate"]).loc[("log_loss", "kld")]
    expected = mean_interval(scores["log_loss"], overlap=1 / 3)
    assert rows["high"] == pytest.approx(expected.high)


SCORES = pd.DataFrame(
    {
        "candidate": np.repeat(["a", "b", "c", "baseline"], 5),
        "seed": [0, 1, 2, 3, 4] * 4,
        "accuracy": np.ravel(
            [[0.9, 1, 1, 1, 1], [1, 1, 1, 1, 0.9], [0.5, 0.6] * 2 + [0.5], [0.4] * 5]
        ),
        "log_loss": np.ravel(
            [
                [0.1, 0.2, 0.1, 0.2, 0.1],
                [0.12, 0.19] * 2 + [0.11],
                [0.9, 1.1] * 2 + [0.9],
                [1.1] * 5,
            ]
        ),
        "seconds": 1.0,
        "train_rows": 75,
        "val_rows": 25,
    }
)


def test_ties_are_ties_and_intervals_stay_within_what_can_be():
    summary = kt.Comparison(pd.DataFrame(), SCORES).summary()
    rows = summary[summary["measure"] == "accuracy"].set_index("candidate")
    assert list(rows.index) == ["a", "b", "c", "baseline"]
    assert list(rows["verdict"][["a", "b"]]) == ["tied for the best mean"] * 2
    assert rows["high"].max() <= 1
    assert summary["low"].min() >= 0
    assert summary.set_index(["measure", "candidate"])["verdict"]["log_loss", "c"] == "worse"


def test_equal_scores_get_the_interval_of_one_row_or_none():
    comparison = kt.Comparison(pd.DataFrame(), SCORES)
    rows = comparison.summary().set_index(["measure", "candidate"]).loc[[("accuracy", "baseline")]]
    expected = mean_interval([0.4] * 5, overlap=1 / 3, step=1 / 25)
    assert rows["low"].item() == pytest.approx(expected.low)
    assert rows["verdict"].item() == "worse"
    (line,) = [line for line in str(comparison).splitlines() if "each time)" in line]
    assert [line.split()[0], float(line.split()[1])] == ["baseline", 1.1]
    assert "each time: equal in all trainings" in str(comparison)


@pytest.mark.parametrize(
    ("usual", "changes", "first"),
    [
        (
            "",
            {},
            "Take a: b does not differ clearly; c is clearly worse by accuracy and log_loss; the",
        ),
        (
            "b",
            {},
            "Take b: a does not differ clearly; c is clearly worse by accuracy and log_loss; the",
        ),
        (
            "c",
            {},
            "Take a: b does not differ clearly; c is clearly worse by accuracy and log_loss; the",
        ),
        ("", {"log_loss": [1, 2, 1, 2, 1.2] * 4}, "but by accuracy and log_loss nothing"),
    ],
)
def test_the_first_sentence_says_which_to_take_and_the_table_fits_80_columns(usual, changes, first):
    scores = SCORES.assign(**changes)
    if changes:
        scores["accuracy"] = [0.5, 0.6, 0.6, 0.5, 0.5] * 4
        scores["candidate"] = scores["candidate"].replace("c", "c" * 60)
    said = str(kt.Comparison(pd.DataFrame(), scores, usual=usual))
    assert first in " ".join(said.split("\n\n")[0].split())
    assert max(map(len, said.splitlines())) <= 80


def test_a_clearly_worse_candidate_is_called_so():
    candidates = {"good": kt.adam(0.05), "slow": kt.adam(1e-4)}
    result = kt.compare(build, X, AMOUNTS, candidates, seeds=4, epochs=8)
    verdicts = result.summary().set_index(["measure", "candidate"])["verdict"]
    assert verdicts["mae", "good"] == "best mean"
    assert verdicts["mae", "slow"] == "worse"
    assert "Take good: slow is clearly worse" in str(result)
    assert (result.summary()["difference_low"] <= result.summary()["difference_high"]).all()


def test_losses_and_optimizers_can_be_paired():
    candidates = [("mse", kt.adam(0.01)), ("mae", "sgd"), "huber", "rmsprop"]
    result = kt.compare(build, X, AMOUNTS, candidates, seeds=[5, 7], epochs=1)
    names = list(result.scores["candidate"].unique())
    assert names == ["mse + adam(0.01)", "mae + sgd", "huber", "rmsprop", "baseline"]
    assert set(result.scores["seed"]) == {5, 7}
    assert result.measures == ["mae", "rmse"]


@pytest.mark.parametrize(
    ("candidates", "error", "seen"),
    [
        (["binary_crossentropy"], kt.DataError, "two candidates"),
        (["binary_crossentropy", "poison"], kt.LossError, "poisson"),
        ([1, 2, 3], kt.DataError, "a loss or an optimizer, but 1 is none"),
        ("mse", kt.DataError, "must be a list or a dict, but it is 'mse'"),
    ],
)
def test_candidates_that_cannot_be_compared_are_refused(candidates, error, seen):
    with pytest.raises(error, match=seen):
        kt.compare(build, X, TWO, candidates, seeds=2, epochs=1)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"seeds": 1}, "seeds must be .* but it is 1"),
        ({"seeds": 2**70}, "seeds must be .* but it is 1180591620717411303424"),
        ({"seeds": 10**5000}, "a number of 16610 bits"),
        ({"seeds": "3"}, "seeds must be .* but it is '3'"),
        ({"seeds": None}, "seeds must be .* but it is None"),
        ({"seeds": []}, r"seeds must be .* but it is \[\]"),
        ({"seeds": [1, 1]}, r"different .* but it is \[1, 1\]"),
        ({"seeds": [1, 2**70]}, r"seeds must be .* but it is \[1, 1180591620717411303424\]"),
        ({"seeds": [0, 1.5]}, r"seeds must be .* but it is \[0, 1.5\]"),
        ({"seeds": True}, "seeds must be .* but it is True"),
        ({"seeds": itertools.count()}, r"seeds must be .* but it is count\(0\)"),
        ({"epochs": 0}, "epochs must be .* but it is 0"),
        ({"epochs": 1.5}, "epochs must be .* but it is 1.5"),
        ({"folds": 1}, "folds must be .* but it is 1"),
        ({"folds": 500}, "folds=500 and x has 80"),
        ({"executor": 2}, "executor must be .* but it is 2"),
    ],
)
def test_settings_that_say_nothing_sensible_are_refused_by_name_and_value(settings, words):
    with pytest.raises(kt.DataError, match=words):
        kt.compare(build, X, TWO, **settings)


def test_a_model_in_place_of_a_function_is_refused():
    with pytest.raises(kt.DataError, match=r"a function that builds a model anew.*<Sequential"):
        kt.compare(keras.Sequential([keras.layers.Dense(1)]), X, TWO)


def test_a_model_that_is_built_by_its_data_is_compared():
    def build_model(choice):
        return keras.Sequential([keras.layers.Dense(choice.units, choice.activation)])

    assert len(kt.compare(build_model, X, TWO, ["bce", "mse"], seeds=2, epochs=1).scores) == 6


def test_the_picture_names_every_candidate(comparison):
    ax = comparison.plot()
    shown = {text.get_text() for text in ax.get_yticklabels()}
    assert shown == set(comparison.scores["candidate"])
    assert "paired difference to the best" in ax.get_xlabel()
    (line,) = [line for line in ax.get_lines() if list(line.get_xdata()) == [0, 0]]
    assert line is not None


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


@pytest.mark.slow
@pytest.mark.parametrize("name", kt.list_datasets()["name"])
def test_a_comparison_with_defaults_warns_of_nothing_that_the_user_did_not_cause(name, recwarn):
    data = kt.load_dataset(name)

    def build_model(choice):
        scaling = keras.layers.Normalization(mean=data.x.mean(axis=0), variance=data.x.var(axis=0))
        layers = [scaling, keras.layers.Dense(16, "relu"), *choice.last_layers()]
        return keras.Sequential([keras.Input(data.x.shape[1:]), *layers])

    result = kt.compare(build_model, data.x, data.y, task=data.task)
    assert [str(warning.message) for warning in recwarn] == []
    assert result.scores[result.measures[0]].notna().all()
