"""Every Python block of the README runs, top to bottom, as a reader would run them."""

import inspect
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow
README = Path(__file__).parents[1] / "README.md"


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


def test_every_python_block_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert len(blocks) >= 5
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "penguins.csv")
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
        if "Normalization" in block and "iris" in block:
            lines = [line for line in block.splitlines() if line and "import" not in line]
            assert len(lines) <= 7
            data, test = names["data"], names["test"]
            score = names["run"].evaluate(data.x[test], data.y[test])["accuracy"]
            assert score >= 0.93
            assert set(names["run"].predict(data.x[test][:3])) <= set(data.y)


def test_every_public_function_stands_in_the_readme():
    text = README.read_text(encoding="utf-8").split("## All public names")[1]
    listed = set(re.findall(r"`(\w+)`", text.split("## ")[0]))
    functions = {name for name in kt.__all__ if inspect.isfunction(getattr(kt, name))}
    assert listed == functions


def test_25_lines_go_from_a_csv_file_to_a_report(tmp_path, monkeypatch, capsys):
    text = README.read_text(encoding="utf-8")
    script = next(b for b in re.findall(r"```python\n(.*?)```", text, re.S) if "penguins.csv" in b)
    lines = [line for line in script.splitlines() if line.strip()]
    assert len(lines) <= 25
    write_csv(tmp_path / "penguins.csv")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(script, "script.py", "exec"), names)
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
