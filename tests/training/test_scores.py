"""What a trained run answers, measures and refuses, for x in every form that train takes."""

import dataclasses
import html
import re
import shutil
import subprocess

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn import metrics

import kerastrain as kt

pytestmark = pytest.mark.tensorflow
RANDOM = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "age": RANDOM.normal(40, 10, 200),
        "height": RANDOM.normal(170, 8, 200),
        "smokes": RANDOM.integers(0, 2, 200),
    }
)
ROWS = FRAME.to_numpy("float32")
NAMES = np.where(FRAME["age"] + 12 * FRAME["smokes"] > 45, "ill", "well")
THREE = np.array(["low", "mid", "top"])[np.digitize(FRAME["height"], [166, 174])]


def classifier(choice):
    layers = [keras.layers.Normalization(), keras.layers.Dense(8, "relu"), *choice.last_layers()]
    layers[0].adapt(ROWS)
    return keras.Sequential([keras.Input((3,)), *layers])


def trained(x, y, build=classifier, **options):
    given = {"epochs": 8, "seed": 0, "verbose": 0, "optimizer": kt.adam(0.01), "check": "off"}
    return kt.train(build, x, y, **given | options)


@pytest.fixture(scope="module")
def run():
    return trained(FRAME, NAMES, validation_split=0.2)


@pytest.fixture(scope="module")
def run_of_three():
    return trained(FRAME, THREE, epochs=15)


@pytest.fixture(scope="module")
def run_of_numbers():
    return trained(FRAME, FRAME["age"] * 2 + FRAME["height"])


# ------------------------------------------------------------------ put right
@pytest.mark.parametrize(
    "same",
    [
        lambda frame: frame[["smokes", "age", "height"]],
        lambda frame: frame.to_numpy(),
        lambda frame: frame.to_numpy().tolist(),
        lambda frame: tf.constant(frame.to_numpy("float32")),
        lambda frame: frame.astype({"smokes": bool}),
        lambda frame: frame.set_index(np.arange(200) * 7),
        lambda frame: tf.data.Dataset.from_tensor_slices(ROWS).batch(64),
        lambda frame: tf.data.Dataset.from_tensor_slices((ROWS, ROWS[:, 0])).batch(64),
    ],
    ids=["other order", "array", "list", "tensor", "bool", "other index", "data set", "with y"],
)
def test_the_same_rows_get_the_same_answers_in_any_form(run, same):
    expected = run.model.predict(ROWS, verbose=0).ravel() > 0.5
    answers = run.predict(same(FRAME))
    assert (answers == np.where(expected, "well", "ill")).mean() > 0.99


@pytest.mark.parametrize("row", [ROWS[3], ROWS[3].tolist(), FRAME.iloc[3]])
def test_one_row_without_its_axis_gets_one_answer(run, row):
    assert run.predict(row).tolist() == run.predict(FRAME[3:4]).tolist()


# ------------------------------------------------------------------ refused
def gaps():
    frame = FRAME.copy()
    frame.loc[[3, 7], "height"] = np.nan
    return frame


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (gaps(), "rows 3, 7 have NaN or infinity, in the column 'height'"),
        (gaps().to_numpy(), "rows 3, 7 have NaN"),
        (np.where(np.arange(3) == 1, np.inf, ROWS), "rows 0, 1, 2, 3, 4 and 195 more have NaN"),
        (FRAME.drop(columns="age"), "'age' is missing"),
        (FRAME.assign(ill=1), "'ill' is new"),
        (FRAME.rename(columns={"height": "Height"}), r"rename\(columns=\{'Height': 'height'\}\)"),
        (ROWS[:, :2], r"rows of shape \(3,\), as in training, but it has the shape \(200, 2\)"),
        (ROWS[None], r"rows of shape \(3,\)"),
        (FRAME.astype({"age": str}), "age"),
        (FRAME[:0], "must have rows, but it has none"),
        (ROWS[:0], "must have rows, but it has none"),
        (np.full((5, 3), "a"), "must hold numbers, as in training, but it holds text"),
        (tf.data.Dataset.from_tensor_slices(ROWS[:, :2]).batch(9), r"rows of shape \(3,\)"),
        (tf.data.Dataset.from_tensor_slices(gaps().to_numpy()).batch(200), "rows 3, 7 have NaN"),
        (tf.data.Dataset.from_tensor_slices(ROWS).batch(50).repeat(), "must end"),
        (tf.data.Dataset.from_tensor_slices(ROWS).batch(50).take(0), "has none"),
    ],
)
@pytest.mark.parametrize("door", ["predict", "evaluate", "confusion", "predict_probabilities"])
def test_what_training_did_not_see_is_refused(run, x, words, door):
    if door in ("evaluate", "confusion") and isinstance(x, tf.data.Dataset):
        x = x.map(lambda rows: (rows, tf.zeros(tf.shape(rows)[0], tf.int32)))
        run = NUMBERED()
    arguments = [x] if door.startswith("predict") or isinstance(x, tf.data.Dataset) else [x, NAMES]
    with pytest.raises(kt.DataError, match=words):
        getattr(run, door)(*arguments)


_numbered = []


def NUMBERED():  # noqa: N802  a run on class ids, as data sets hold them, made once
    if not _numbered:
        _numbered.append(trained(FRAME, (NAMES == "well").astype(int)))
    return _numbered[0]


def test_the_pasted_fix_puts_a_renamed_column_right(run):
    x = FRAME.rename(columns={"height": "Height"})
    with pytest.raises(kt.DataError) as refused:
        run.predict(x)
    fix = str(refused.value).split("Rename them: ")[1].removesuffix(".")
    names = {"x": x}
    exec(fix, names)
    assert run.predict(names["x"]).tolist() == run.predict(FRAME).tolist()


def test_the_pasted_fix_puts_categories_that_do_not_occur_into_columns():
    colors = pd.Series(["red", "blue", "green"] * 50)
    x = pd.get_dummies(pd.DataFrame({"length": ROWS[:150, 0], "color": colors}), dtype="float32")

    def build(choice):
        return keras.Sequential([keras.Input((4,)), *choice.last_layers()])

    run = trained(x, NAMES[:150], build)
    few = pd.DataFrame({"length": ROWS[:2, 0], "color": ["red", "red"]})
    for given in (few, pd.get_dummies(few, dtype="float32")):
        with pytest.raises(kt.DataError, match="do not occur") as refused:
            run.predict(given)
        names = {"x": given, "pd": pd}
        exec(str(refused.value).split("occur here: ")[1].removesuffix("."), names)
        expected = given.assign(color_red=1.0, color_blue=0.0, color_green=0.0)[list(x.columns)]
        assert run.predict(names["x"]).tolist() == run.predict(expected).tolist()


@pytest.mark.parametrize("x", [gaps(), gaps().to_numpy("float32")])
def test_the_pasted_fix_leaves_out_the_gaps(run, x):
    with pytest.raises(kt.DataError) as refused:
        run.predict(x)
    fix = str(refused.value).split("Leave them out, ")[1].split(", or fill")[0]
    assert len(run.predict(eval(fix, {"x": x, "np": np}))) == 198


def test_evaluate_needs_labels(run):
    with pytest.raises(kt.DataError, match=r"must be labels.*but there are none"):
        run.evaluate(FRAME)
    with pytest.raises(kt.DataError, match=r"must be labels.*but there are none"):
        run.evaluate(tf.data.Dataset.from_tensor_slices(ROWS).batch(20))


def test_values_far_outside_are_noted_once(run, recwarn):
    far = FRAME.assign(height=FRAME["height"] / 100)
    with pytest.warns(
        kt.KerastrainWarning, match=r"'height' has the value 1\.\d+, and in training"
    ):
        run.predict(far)
    recwarn.clear()
    run.predict(far)
    run.predict(FRAME)
    assert not [w for w in recwarn if issubclass(w.category, kt.KerastrainWarning)]


def test_a_model_that_reads_gaps_may_get_them():
    class Fill(keras.layers.Layer):
        def call(self, x):
            return keras.ops.where(keras.ops.isnan(x), 40.0, x)

    def build(choice):
        return keras.Sequential([keras.Input((3,)), Fill(), *choice.last_layers()])

    run = trained(gaps(), NAMES, build)
    assert len(run.predict(gaps())) == 200


# ------------------------------------------------------------------ other forms of x
def test_text_is_trained_on_and_predicted():
    texts = np.array(["good film", "bad film", "good music", "bad music"] * 20)
    y = np.array(["+", "-"] * 40)
    vectors = keras.layers.TextVectorization(output_mode="multi_hot")
    vectors.adapt(texts)

    def build(choice):
        return keras.Sequential([keras.Input((), dtype="string"), vectors, *choice.last_layers()])

    run = trained(texts, y, build, epochs=20, optimizer=kt.adam(0.1))
    assert run.predict(["good film", "bad music"]).tolist() == ["+", "-"]
    assert run.evaluate(pd.Series(texts), y)["accuracy"] == 1
    with pytest.raises(kt.DataError, match="must hold text, as in training, but it holds numbers"):
        run.predict(np.zeros(3))


def test_a_sparse_matrix_is_trained_on_and_predicted():
    sparse = pytest.importorskip("scipy.sparse")

    def build(choice):
        return keras.Sequential([keras.Input((3,)), *choice.last_layers()])

    run = trained(sparse.csr_matrix(ROWS), NAMES, build)
    assert run.predict(sparse.csr_matrix(ROWS)).tolist() == run.predict(ROWS).tolist()
    with pytest.raises(kt.DataError, match=r"rows of shape \(3,\)"):
        run.predict(sparse.csr_matrix(ROWS[:, :2]))
    with pytest.raises(kt.DataError, match="rows 3, 7 have NaN"):
        run.predict(sparse.csr_matrix(gaps().to_numpy("float32")))


def test_several_inputs_are_known_by_name():
    def build(choice):
        ins = {"a": keras.Input((2,), name="a"), "b": keras.Input((1,), name="b")}
        joined = keras.layers.Concatenate()([ins["a"], ins["b"]])
        return keras.Model(ins, keras.layers.Dense(choice.units, choice.activation)(joined))

    x = {"a": ROWS[:, :2], "b": ROWS[:, 2:]}
    run = trained(x, NAMES, build)
    assert run.predict(dict(reversed(x.items()))).tolist() == run.predict(x).tolist()
    with pytest.raises(kt.DataError, match=r"must have the inputs \['a', 'b'\]"):
        run.predict({"a": ROWS[:, :2]})
    with pytest.raises(kt.DataError, match=r"x\['a'\] must have rows of shape \(2,\)"):
        run.predict({"a": ROWS, "b": ROWS[:, 2:]})


def test_a_data_set_is_measured_as_arrays_are():
    run = NUMBERED()
    ids = (NAMES == "well").astype(int)
    data = tf.data.Dataset.from_tensor_slices((ROWS, ids)).batch(64)
    expected = run.evaluate(ROWS, ids)
    assert run.evaluate(data) == pytest.approx(expected, rel=1e-5)
    assert run.confusion(data).equals(run.confusion(ROWS, ids))


# ------------------------------------------------------------------ measures
def test_evaluate_is_that_of_keras(run_of_three):
    y = run_of_three.loss.encode(THREE)
    expected = run_of_three.model.evaluate(ROWS, y, verbose=0, return_dict=True)
    assert run_of_three.evaluate(FRAME, THREE) == pytest.approx(expected, rel=1e-5)


def test_probabilities_have_a_named_column_a_class(run, run_of_three):
    table = run.predict_probabilities(FRAME)
    assert list(table) == ["ill", "well"]
    np.testing.assert_allclose(table.sum(axis=1), 1)
    np.testing.assert_allclose(table["well"], run.model.predict(ROWS, verbose=0)[:, 0], rtol=1e-4)
    three = run_of_three.predict_probabilities(FRAME)
    assert (three.idxmax(axis=1) == run_of_three.predict(FRAME)).all()


def test_numbers_have_no_probabilities(run_of_numbers):
    with pytest.raises(kt.DataError, match="Probabilities need classes"):
        run_of_numbers.predict_probabilities(FRAME)
    with pytest.raises(kt.DataError, match="Scores by class need classes"):
        run_of_numbers.score_by_class(FRAME, FRAME["age"])


def test_confusion_and_scores_are_those_of_scikit_learn(run_of_three):
    answers = run_of_three.predict(FRAME)
    table = run_of_three.confusion(FRAME, THREE)
    assert (table.index.name, table.columns.name) == ("true", "predicted")
    np.testing.assert_array_equal(table, metrics.confusion_matrix(THREE, answers))
    scores = run_of_three.score_by_class(FRAME, THREE)
    expected = metrics.precision_recall_fscore_support(THREE, answers, zero_division=np.nan)
    for column, values in zip(scores, expected, strict=True):
        np.testing.assert_allclose(scores[column], values)


def test_the_confusion_of_numbers_is_the_quantiles_of_the_errors(run_of_numbers):
    y = FRAME["age"] * 2 + FRAME["height"]
    table = run_of_numbers.confusion(FRAME, y)
    errors = run_of_numbers.predict(FRAME) - y.to_numpy()
    assert float(table["50%"].iloc[0]) == pytest.approx(np.median(errors), rel=1e-4)


def test_several_labels_a_row_have_four_counts_each():
    y = pd.DataFrame({"old": FRAME["age"] > 40, "tall": FRAME["height"] > 170}).astype(int)
    run = trained(FRAME, y)
    table, given = run.confusion(FRAME, y), np.asarray(run.predict_probabilities(FRAME) > 0.5)
    expected = metrics.multilabel_confusion_matrix(y, given)
    np.testing.assert_array_equal(table.to_numpy().reshape(-1, 2, 2), expected)
    scores = run.score_by_class(FRAME, y)
    recall = metrics.recall_score(y, given, average=None)
    np.testing.assert_allclose(scores["recall"], recall)


# ------------------------------------------------------------------ what the run says
def test_a_run_tells_its_baseline_in_two_lines(run):
    assert 0.5 < run.baseline < 0.7
    first, second = str(run).splitlines()
    assert f"better than the baseline of {run.baseline:.4g}" in first
    assert second


def test_a_saved_run_keeps_its_baseline_and_its_description(run, tmp_path):
    loaded = kt.load_run(run.save(tmp_path / "run"))
    assert loaded.baseline == pytest.approx(run.baseline)
    assert (
        loaded.predict(FRAME[["smokes", "age", "height"]]).tolist() == run.predict(FRAME).tolist()
    )
    with pytest.raises(kt.DataError, match="'age' is missing"):
        loaded.predict(FRAME.drop(columns="age"))


def test_a_training_without_gain_says_so_and_one_with_gain_does_not():
    y = RANDOM.permutation(THREE)
    bad = trained(FRAME, y, epochs=15, validation_split=0.3)
    assert "knows-nothing" in [finding.rule for finding in bad.findings]
    assert "no better than the baseline" in str(bad) or bad.history["loss"].min() < bad.baseline
    good = trained(FRAME, THREE, epochs=60, validation_split=0.3)
    assert [finding for finding in good.findings if finding.severity != "note"] == []
    assert str(good).endswith("Nothing needs mending.")


def test_the_picture_has_the_baseline(run):
    lines = run.plot().get_lines()
    assert any(np.allclose(line.get_ydata(), run.baseline) for line in lines)


def test_the_picture_marks_what_the_verdict_speaks_of(run):
    costs = np.r_[np.linspace(1, 0.5, 8), np.linspace(0.52, 0.9, 12)]
    message = "The validation loss must fall with the training loss, but it rises from epoch 8."
    finding = kt.Finding("overfits", "warning", message, "Pass patience=4.", "epochs")
    history = pd.DataFrame({"epoch": range(1, 21), "split": "train", "loss": costs})
    ax = dataclasses.replace(
        run, history=history.assign(learning_rate=0.1), findings=[finding], best_epoch=8
    ).plot()
    assert ax.get_title(loc="left") == "overfits"
    assert [note.xy[0] for note in ax.texts if note.get_text() == "overfits"] == [8]
    assert any(patch.get_x() == 8 and patch.get_width() == 12 for patch in ax.patches)
    assert not run.plot().patches or run.findings


# ------------------------------------------------------------------ the report
def test_the_report_holds_everything_and_escapes_what_the_user_wrote(tmp_path):
    names = np.where(NAMES == "ill", "<b>ill</b>", "a & b")
    run = trained(FRAME, names, validation_split=0.2)
    path = run.report(tmp_path / "run<1>.html", FRAME, names)
    page = path.read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "&lt;b&gt;ill&lt;/b&gt;" in page
    assert "a &amp; b" in page
    assert 'src="data:image/png;base64,' in page
    assert "http" not in page
    for word in (f"seed={run.seed}", keras.__version__, "binary_crossentropy", "precision"):
        assert word in page
    assert f"{run.evaluate(FRAME, names)['loss']:.4g}" in page


SCALED = ((FRAME - FRAME.mean()) / FRAME.std()).astype("float32")
IDS = np.digitize(FRAME["height"], [166, 174])
WEIGHTS = np.linspace(0.5, 1.5, len(FRAME)).astype("float32")
REPEATED = {
    "defaults": {},
    "a named loss and metrics": {"loss": "categorical_crossentropy", "metrics": ["accuracy"]},
    "an object of each": {
        "loss": keras.losses.SparseCategoricalCrossentropy(ignore_class=7),
        "metrics": [keras.metrics.SparseTopKCategoricalAccuracy(k=2), "accuracy"],
        "optimizer": keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=2.0),
    },
    "a schedule of Keras": {
        "optimizer": keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.02, 40))
    },
    "a schedule by name": {
        "schedule": "cosine",
        "warmup_epochs": 1,
        "optimizer": "sgd",
        "epochs": 5,
    },
    "the rate that was found": {"optimizer": "auto"},
    "early stopping": {"patience": 1, "epochs": 9, "batch_size": 50, "validation_split": 0.4},
    "weights of classes": {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}},
    "weights of rows": {"sample_weight": WEIGHTS},
    "another order": {"shuffle": False, "task": "ordered", "robust": True},
    "balanced": {"class_weight": "balanced", "validation_data": (SCALED[::3] + 0.1, IDS[::3])},
}


@pytest.mark.parametrize("given", REPEATED.values(), ids=REPEATED)
def test_the_lines_in_the_report_repeat_the_run(given, tmp_path):
    def build_model(choice):
        end = keras.layers.Dense(choice.units, activation=choice.activation)
        return keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.1), end])

    x, y = SCALED, IDS
    if given.get("loss") == "categorical_crossentropy":
        y = kt.one_hot(IDS)
    run = kt.train(build_model, x, y, **{"epochs": 3, "verbose": 0, **given})
    page = run.report(tmp_path / "a.html").read_text("utf-8")
    code = html.unescape(page.rsplit("<pre>", 1)[1].split("</pre>")[0])
    scope = {"build_model": build_model, "x": x, "y": y, "sample_weight": WEIGHTS}
    exec(code, scope | {"x_val": x[::3] + 0.1, "y_val": y[::3]}, names := {})
    pd.testing.assert_frame_equal(
        names["run"].history.drop(columns="seconds"), run.history.drop(columns="seconds")
    )


@pytest.mark.parametrize("kind", ["numbers", "without rows", "several outputs"])
def test_there_is_a_report_of_every_kind_of_run(run_of_numbers, run_of_three, tmp_path, kind):
    if kind == "several outputs":

        def build(choice):
            x = keras.Input((3,))
            outs = {
                k: keras.layers.Dense(c.units, c.activation, name=k)(x) for k, c in choice.items()
            }
            return keras.Model(x, outs)

        y = {"who": THREE, "much": FRAME["age"]}
        run = trained(FRAME, y, build)
        page = run.report(tmp_path / "a.html", FRAME, y).read_text("utf-8")
        assert "True and predicted who" in page
        assert run.baseline == pytest.approx(np.var(FRAME["age"]) + 1, abs=10)
    elif kind == "numbers":
        y = FRAME["age"] * 2 + FRAME["height"]
        page = run_of_numbers.report(str(tmp_path / "a.html"), FRAME, y).read_text("utf-8")
        assert "Answers and errors" in page
    else:
        page = run_of_three.report(tmp_path / "a.html").read_text("utf-8")
        assert "Measured" not in page


def test_a_report_into_a_folder_that_is_not_there_is_refused(run, tmp_path):
    with pytest.raises(kt.RunError, match="must go into a folder that is there"):
        run.report(tmp_path / "no" / "run.html")


# ------------------------------------------------------------------ weights and windows
def test_balanced_weights_are_those_of_scikit_learn():
    y = np.where(RANDOM.random(200) < 0.1, "rare", "common")
    run = trained(FRAME, y, class_weight="balanced")
    weights = {"common": 200 / (2 * (y == "common").sum()), "rare": 200 / (2 * (y == "rare").sum())}
    same = trained(FRAME, y, class_weight=weights)
    assert run.history["loss"].tolist() == pytest.approx(same.history["loss"].tolist(), rel=1e-5)
    with pytest.raises(kt.DataError, match="one class for each row"):
        trained(FRAME, FRAME["age"], class_weight="balanced")


def windows(measures=1, days=6, flat=True):
    series = np.cumsum(RANDOM.normal(size=(150, measures)) / 10, axis=0).astype("float32")
    rows = np.stack([series[i : i + days] for i in range(150 - days)])
    return (rows.reshape(len(rows), -1) if flat else rows), series[days:, 0]


@pytest.mark.parametrize(("measures", "flat"), [(1, True), (3, True), (2, False)])
def test_windows_over_a_series_are_not_split_at_random(measures, flat):
    x, y = windows(measures, flat=flat)

    def build(choice):
        layers = [keras.layers.Flatten(), *choice.last_layers()]
        return keras.Sequential([keras.Input(x.shape[1:]), *layers])

    with pytest.warns(kt.CheckWarning, match="windows over one series") as told:
        trained(x, y, build, validation_split=0.2, check="warn")
    n = round(len(x) * 0.8)
    (warning,) = [str(w.message) for w in told if "windows" in str(w.message)]
    assert f"validation_data=(x[{n}:], y[{n}:]), with x[:{n}] and y[:{n}]" in warning
    trained(x[:n], y[:n], build, validation_data=(x[n:], y[n:]), check="error")
    run = trained(x, y, build, validation_split=0.2, silence=["overlapping-windows"])
    assert "overlapping-windows" not in {finding.rule for finding in run.findings}


def test_rows_of_their_own_may_be_split_at_random():
    run = trained(FRAME, NAMES, validation_split=0.2, check="error")
    assert "overlapping-windows" not in {finding.rule for finding in run.findings}


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MEASURE = """<script>
const picture = document.querySelector("img");
document.title = ["measured", document.documentElement.scrollWidth, innerWidth,
                  picture.naturalWidth, picture.getBoundingClientRect().width].join(" ");
</script></body>"""


@pytest.mark.process
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed, so no browser can look")
def test_the_report_fits_a_phone_and_prints(tmp_path):
    names = np.where(NAMES == "ill", "a very long class name that does not break " * 3, "well")
    run = trained(FRAME, names, validation_split=0.2)
    page = run.report(tmp_path / "run.html", FRAME, names)
    measured = tmp_path / "measured.html"
    measured.write_text(page.read_text("utf-8").replace("</body>", MEASURE), encoding="utf-8")
    base = [
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}/u",
    ]

    def browse(*options):
        done = subprocess.run(
            [*base, *options], capture_output=True, text=True, timeout=120, check=True
        )
        return done.stdout

    dom = browse("--window-size=500,900", "--dump-dom", measured.as_uri())
    scroll, inner, natural, shown = map(float, re.search(r"measured ([\d. ]+)<", dom)[1].split())
    assert scroll <= inner <= 500  # nothing sticks out to the right
    assert natural > shown > 300  # the picture is there, and made smaller
    browse(f"--print-to-pdf={tmp_path}/run.pdf", page.as_uri())
    assert (tmp_path / "run.pdf").read_bytes().startswith(b"%PDF")
