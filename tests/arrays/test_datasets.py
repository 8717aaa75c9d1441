"""The sample data: whole, small, as their sources say, and independent of each other."""

import re
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kerastrain.arrays.datasets import list_datasets, load_dataset
from kerastrain.errors import DataError
from kerastrain.labels.inspection import inspect_labels

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "data"
MAKE = ROOT / "tests" / "arrays" / "make_data.py"

# name, shape of x, shape of y, type of y, kind, rows of each class where the source gives them
SETS = [
    ("iris", (150, 4), (150,), "U", "integer", [50, 50, 50]),
    ("penguins", (333, 8), (333,), "U", "integer", [146, 68, 119]),
    ("wine", (178, 13), (178,), "i", "integer", [59, 71, 48]),
    ("digits", (1797, 64), (1797,), "i", "integer", None),
    ("breast_cancer", (569, 30), (569,), "U", "binary", [357, 212]),
    ("rain", (1454, 35), (1454,), "i", "binary", None),
    ("party", (944, 9), (944,), "i", "ordered", [200, 180, 108, 37, 94, 150, 175]),
    ("liver", (306, 10), (306, 4), "i", "multi-label", None),
    ("doctor_visits", (4038, 9), (4038,), "i", "counts", None),
    ("penguin_mass", (333, 10), (333,), "f", "continuous", None),
    ("fuel", (392, 9), (392,), "f", "continuous", None),
    ("engel", (235, 1), (235,), "f", "continuous", None),
    ("diamonds", (2158, 9), (2158,), "f", "continuous", None),
    ("weather", (1447, 70), (1447, 2), "f", "continuous", None),
]
NAMES = [row[0] for row in SETS]


def test_the_list_names_every_set_in_the_order_of_the_lessons():
    assert list_datasets()["name"].tolist() == NAMES


@pytest.mark.parametrize(("name", "x", "y", "dtype", "kind", "counts"), SETS, ids=NAMES)
def test_a_set_has_the_rows_and_labels_of_its_source(name, x, y, dtype, kind, counts):
    data = load_dataset(name)
    assert (data.x.shape, data.y.shape, data.kind) == (x, y, kind)
    assert data.x.dtype == np.float32
    assert data.y.dtype.kind == dtype
    assert len(data.feature_names) == x[1] == np.prod(data.row_shape)
    if counts:
        assert np.unique(data.y, return_counts=True)[1].tolist() == counts


@pytest.mark.parametrize("name", NAMES)
def test_the_task_of_a_set_makes_its_labels_read_as_they_are_meant(name):
    data = load_dataset(name)
    alone = name not in ("party", "doctor_visits")  # whole numbers that can be read in two ways
    assert inspect_labels(data.y, task=data.task).kind == data.kind
    assert (inspect_labels(data.y).kind == data.kind) == alone


@pytest.mark.parametrize("name", NAMES)
def test_a_set_has_no_gaps_and_no_idle_column(name):
    data = load_dataset(name)
    idle = [column for column in range(data.x.shape[1]) if np.ptp(data.x[:, column]) == 0]
    assert np.isfinite(data.x).all()
    assert name == "digits" or not idle  # the corner of an image is white in all of them
    assert not pd.DataFrame(data.y).isna().any(axis=None)
    assert len(set(data.feature_names)) == len(data.feature_names)


@pytest.mark.parametrize("name", NAMES)
def test_changing_the_arrays_of_one_load_changes_no_other(name):
    before = load_dataset(name)
    changed = load_dataset(name)
    changed.x[:] = 0
    changed.y[:] = changed.y[0]
    again = load_dataset(name)
    np.testing.assert_array_equal(again.x, before.x)
    np.testing.assert_array_equal(again.y, before.y)


@pytest.mark.parametrize("name", NAMES)
def test_the_frame_has_the_columns_of_x_then_those_of_y(name):
    data = load_dataset(name)
    assert data.frame.columns.tolist() == [*data.feature_names, *data.target_names]
    assert len(data.frame) == len(data.x)


@pytest.mark.parametrize(
    ("name", "column", "mean"),
    [
        # scikit-learn's user guide, "Iris plants dataset", after Fisher 1936
        ("iris", "sepal_length_cm", 5.84),
        ("iris", "petal_width_cm", 1.20),
        # scikit-learn's user guide, "Wine recognition dataset"
        ("wine", "alcohol", 13.0),
        ("wine", "proline", 746),
        # G. James and others, An Introduction to Statistical Learning, 2013, section 3.6 (Auto)
        ("fuel", "mpg", 23.45),
        ("fuel", "horsepower", 104.5),
        # the complete rows of palmerpenguins, A. Horst and others, 2020
        ("penguin_mass", "body_mass_g", 4207),
    ],
)
def test_means_are_those_that_the_literature_gives(name, column, mean):
    assert load_dataset(name).frame[column].mean() == pytest.approx(mean, rel=2e-3)


def test_engel_gives_the_line_in_the_manual_of_statsmodels():
    # statsmodels' example "Quantile regression": foodexp = 147.4754 + 0.4852 income
    data = load_dataset("engel")
    slope, intercept = np.polyfit(data.x[:, 0].astype(float), data.y, 1)
    assert (round(slope, 4), round(intercept, 1)) == (0.4852, 147.5)


def test_wine_and_breast_cancer_keep_the_labels_of_their_source():
    assert np.unique(load_dataset("wine").y).tolist() == [1, 2, 3]
    assert np.unique(load_dataset("breast_cancer").y).tolist() == ["benign", "malignant"]


def test_an_image_of_a_zero_is_dark_in_a_ring_and_white_inside():
    data = load_dataset("digits")
    zero = data.x[data.y == 0].mean(axis=0).reshape(data.row_shape)
    assert zero[3:5, 3:5].max() < 2 < 8 < zero[3:5, 2].min()
    assert (data.x.min(), data.x.max()) == (0, 16)


def test_the_last_known_day_of_a_row_is_the_day_that_the_row_before_asks_for():
    data = load_dataset("weather")
    days = data.x.reshape(-1, *data.row_shape)
    names = [name.removesuffix(" day -1") for name in data.feature_names[-5:]]
    asked = [names.index(target) for target in data.target_names]
    np.testing.assert_array_equal(days[1:, -1, asked], data.y[:-1].astype(np.float32))


def test_rain_and_weather_look_at_the_same_days():
    rain, weather = load_dataset("rain"), load_dataset("weather")
    np.testing.assert_array_equal(rain.x[7:], weather.x[:, -35:])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Iris", r"Did you mean load_dataset\('iris'\)"),
        ("breast cancer", r"Did you mean load_dataset\('breast_cancer'\)"),
        ("boston", r"one of iris, penguins, .*but it is 'boston'. See list_datasets\(\)"),
        ("", "See list_datasets"),
        (3, "it is 3"),
        (["iris"], r"it is \['iris'\]"),
    ],
)
def test_an_unknown_name_is_told_the_names_there_are(name, message):
    with pytest.raises(DataError, match=message):
        load_dataset(name)


def test_the_readme_has_the_same_table_and_a_section_on_each_set():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\w+)\]\(#([\w-]+)\) \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    said = [(name, int(count), int(columns)) for name, _, count, columns in rows]
    listed = list_datasets()[["name", "rows", "features"]]
    assert said == list(listed.itertuples(index=False, name=None))
    headings = {line[3:].replace(" ", "-") for line in text.splitlines() if line.startswith("## ")}
    assert {anchor for _, anchor, _, _ in rows} == headings


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_names_every_column(name):
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    data = load_dataset(name)
    if name not in ("digits", "breast_cancer"):  # described by rule: 64 points, 10 times 3 measures
        columns = {re.sub(r" day -\d+$", "", column) for column in data.feature_names}
        assert [column for column in sorted(columns) if f"`{column}`" not in text] == []
    if name != "digits":
        assert [target for target in data.target_names if f"`{target}`" not in text] == []


def test_all_files_together_stay_below_a_megabyte_and_none_is_without_an_entry():
    files = {path for path in FOLDER.iterdir() if path.is_file()}
    index = pd.read_csv(FOLDER / "datasets.csv")
    extra = {"README.md", "datasets.csv"}
    assert {path.name for path in files} == set(index["file"]) | extra
    assert sum(path.stat().st_size for path in files) < 1_000_000


def test_every_set_names_its_source_package_and_license():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for data in map(load_dataset, NAMES):
        package = data.source.rsplit("from ", 1)[1]
        assert re.search(rf"From {package} [\d.]+.*License: {re.escape(data.license)}", text), data
        assert f"{package}==" in MAKE.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iris", "wine", "digits", "breast_cancer"])
def test_the_script_writes_the_files_of_scikit_learn_anew_byte_for_byte(name, tmp_path):
    make = runpy.run_path(str(MAKE))["make"]
    made = make(name, tmp_path)
    assert made.read_bytes() == (FOLDER / made.name).read_bytes()
