"""The README and the guide: all code runs, and prints what the pages say it prints."""

import re
import shutil
import subprocess
import sys
import tomllib

import numpy as np
import pages
import pandas as pd
import pytest

import kerastrain as kt
from recipes.guide import __main__ as guide

pytestmark = pytest.mark.tensorflow
GUIDE = sorted(path.name for path in (pages.ROOT / "recipes" / "guide").glob("*.md"))
README = (pages.ROOT / "README.md").read_text(encoding="utf-8")


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


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder to run a page in, with the file that it reads."""
    (tmp_path / "recipes" / "guide").mkdir(parents=True)
    shutil.copy(pages.ROOT / "recipes" / "guide" / "penguins.csv", tmp_path / "recipes" / "guide")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_readme_prints_what_it_says(checkout):
    names = pages.run("README.md")
    assert "Gentoo" in (checkout / "penguins.html").read_text("utf-8")
    accuracy = names["run"].evaluate(names["x"].iloc[names["test"]], names["y"].iloc[names["test"]])
    assert accuracy["accuracy"] > 0.95


@pytest.mark.parametrize("name", GUIDE)
def test_a_page_of_the_guide_prints_what_it_says(name, checkout):
    pages.run(f"recipes/guide/{name}")


@pytest.mark.parametrize("name", guide.PAGES)
def test_the_made_pages_are_as_the_command_writes_them(name):
    page = pages.ROOT / "recipes" / "guide" / name
    assert page.read_text("utf-8") == guide.PAGES[name]()  # else: python -m recipes.guide


def test_a_page_that_prints_something_else_is_noticed(monkeypatch, tmp_path):
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1.25)\n```\n\n```text\n1.2...\n```\n")
    pages.run("page.md")
    for wrong in ("```text\n1.3...\n```\n", ""):
        page.write_text(f"```python\nprint(1.25)\n```\n\n{wrong}")
        with pytest.raises(AssertionError, match=r"line 1, prints\n\n1\.25"):
            pages.run("page.md")


def test_the_readme_fits_one_page_and_its_script_25_lines():
    assert len(README.splitlines()) <= 150
    script = next(code for _, code, _ in pages.blocks("README.md") if "penguins.csv" in code)
    assert len([line for line in script.splitlines() if line.strip()]) <= 25


def test_the_main_job_prints_what_the_readme_says():
    from recipes import compare_losses

    shown = re.search(r"```text\n(iris: .*?)\.\.\.\n```", README, re.S)[1]
    said = compare_losses.report(compare_losses.run(["iris"]))
    assert said.startswith(shown.rstrip())


def test_the_penguins_of_the_guide_are_those_of_the_data(tmp_path):
    write_csv(tmp_path / "penguins.csv")
    stored = pages.ROOT / "recipes" / "guide" / "penguins.csv"
    assert stored.read_text("utf-8") == (tmp_path / "penguins.csv").read_text("utf-8")


@pytest.mark.parametrize("page", ["README.md", *(f"recipes/guide/{name}" for name in GUIDE)])
def test_every_link_leads_somewhere(page):
    text = (pages.ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (pages.ROOT / page).parent.joinpath(link).exists()] == []


@pytest.mark.process
def test_the_package_says_what_is_installed_and_what_to_type_next():
    command = [sys.executable, "-m", "kerastrain"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=pages.ROOT)
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"kerastrain {kt.__version__} on Python 3.")
    assert lines[1].startswith("devices ")
    assert "cpu:0" in lines[1]
    assert f"numpy {np.__version__}" in lines[2]
    assert pd.read_csv(f"{lines[3].split(maxsplit=1)[1]}/datasets.csv").shape[0] >= 10
    commands = [line.strip() for line in lines[lines.index("Next:") + 1 :]]
    assert len(commands) == 3
    for line in commands[:2]:
        code = re.search(r'-c "(.*)"', line)[1]
        assert (
            subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0
        )


def test_the_version_stands_in_one_place_and_heads_the_changelog():
    project = tomllib.loads((pages.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "version" not in project
    changes = (pages.ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(r"^## \[(\d.*?)\]", changes, re.M)[1] == kt.__version__
