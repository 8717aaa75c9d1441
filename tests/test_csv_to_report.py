"""From a CSV file with text and gaps to a report: the script of the README, as a reader runs it."""

import numpy as np
import pandas as pd
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow

SCRIPT = """\
import keras
import pandas as pd

import kerastrain as kt

table = pd.read_csv("penguins.csv")  # with text columns and gaps
y = table.pop("species")
x = pd.get_dummies(table, dtype="float32")  # island and sex become columns of 0 and 1
train, test = kt.split_rows(len(x), 0.25, seed=1, stratify=y)
x = x.fillna(x.iloc[train].median())  # a gap becomes the median of the training rows
scale = keras.layers.Normalization()
scale.adapt(x.iloc[train].to_numpy())


def build_model(choice):
    hidden = keras.layers.Dense(32, activation="relu")
    return keras.Sequential([keras.Input((x.shape[1],)), scale, hidden, *choice.last_layers()])


run = kt.train(build_model, x.iloc[train], y.iloc[train], optimizer="auto", epochs=30,
               validation_split=0.2, patience=5, seed=1)
print(run)
print(run.evaluate(x.iloc[test], y.iloc[test])["accuracy"])
print(run.confusion(x.iloc[test], y.iloc[test]))
print(run.predict_probabilities(x.iloc[test[:3]]))
run.report("penguins.html", x.iloc[test], y.iloc[test])
"""


def write_csv(path):
    """Write the penguins as they were in the field: islands and sexes as words, with gaps."""
    data = kt.load_dataset("penguins")
    table = pd.DataFrame(data.x, columns=list(data.feature_names))
    islands = [name for name in table if name.startswith("island_")]
    table["island"] = table[islands].idxmax(axis=1).str.removeprefix("island_")
    table["sex"] = np.where(table["female"] == 1, "female", "male")
    table = table.drop(columns=[*islands, "female"])
    random = np.random.default_rng(0)
    for name in ("bill_length_mm", "body_mass_g", "sex"):
        table.loc[random.choice(len(table), 9, replace=False), name] = np.nan
    table.assign(species=np.asarray(data.y)).to_csv(path, index=False)


def test_25_lines_go_from_a_csv_file_to_a_report(tmp_path, monkeypatch, capsys):
    lines = [line for line in SCRIPT.splitlines() if line.strip()]
    assert len(lines) <= 25
    write_csv(tmp_path / "penguins.csv")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(SCRIPT, "script.py", "exec"), names)
    run, x, y, test = (names[name] for name in ("run", "x", "y", "test"))
    assert run.evaluate(x.iloc[test], y.iloc[test])["accuracy"] > 0.95
    assert run.confusion(x.iloc[test], y.iloc[test]).to_numpy().sum() == len(test)
    table = run.predict_probabilities(x.iloc[test[:3]])
    assert list(table) == ["Adelie", "Chinstrap", "Gentoo"]
    assert table.index.tolist() == test[:3].tolist()
    assert "Gentoo" in (tmp_path / "penguins.html").read_text("utf-8")
    printed = capsys.readouterr().out
    assert "better than the baseline" in printed
    assert "Nothing needs mending." in printed
