"""Every Python block of the README runs, top to bottom, as a reader would run them."""

import inspect
import re
from pathlib import Path

import pytest

import kerastrain as kt

pytestmark = pytest.mark.tensorflow
README = Path(__file__).parents[1] / "README.md"


def test_every_python_block_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert len(blocks) >= 5
    monkeypatch.chdir(tmp_path)
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
