import ast
import json
import re
import subprocess
import sys

import pytest

from recipes import gallery, notebook
from recipes.lesson import FOLDER, changes, docstring, lessons

NOTEBOOKS = sorted(gallery.NOTEBOOKS.glob("*.ipynb"))
names = pytest.mark.parametrize("name", lessons())


def read(name):
    return json.loads((gallery.NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))


def code(book):
    return ["".join(one["source"]) for one in book["cells"] if one["cell_type"] == "code"]


def pages():
    return [page.read_text(encoding="utf-8") for page in (gallery.PAGE, gallery.KOREAN_PAGE)]


@names
def test_the_cells_are_the_code_of_the_recipe(name):
    body = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8")).body[1:-1]
    own = [one for one in body if not (isinstance(one, ast.ImportFrom) and one.level)]
    *cells, last = notebook.code_cells(name)
    assert [ast.dump(one) for cell in cells for one in ast.parse(cell).body] == [
        ast.dump(one) for one in own
    ]
    assert last == notebook.LAST
    text = "\n".join(cells)
    assert not re.search(r"^\s*(from|import) (recipes|\.)", text, re.MULTILINE)
    comments = re.findall(r"^# .*", (FOLDER / f"{name}.py").read_text("utf-8"), re.MULTILINE)
    assert all(comment in text for comment in comments)


@names
def test_the_stored_notebook_holds_these_cells_executed_with_picture_and_sentence_first(name):
    book = read(name)
    assert code(book) == notebook.code_cells(name)
    first, last = book["cells"][0], book["cells"][-2]
    assert gallery.read_sentences()[name] in "".join(first["source"])
    assert f"attachment:{name}.png" in "".join(first["source"])
    assert f"{name}.png" in first["attachments"]
    said, picture = last["outputs"]
    assert "".join(said["text"]).strip().endswith(gallery.read_sentences()[name])
    assert picture["data"]["image/png"] == first["attachments"][f"{name}.png"]["image/png"]
    folded = [one for one in book["cells"] if one["metadata"].get("jupyter")]
    assert "def report(" in "".join(folded[0]["source"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_notebook_is_valid_and_small(path):
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.read(path, as_version=4))
    assert path.stat().st_size < 150_000


def test_a_notebook_keeps_the_rules_of_the_future_from_cell_to_cell():
    cells = ["from __future__ import annotations", "def f(x: nothing) -> nothing:\n    return x"]
    space, said = notebook.execute([*cells, "print(f(1))"])
    assert said == "1\n"
    assert space["f"](2) == 2


@pytest.mark.process
@pytest.mark.tensorflow
def test_a_notebook_runs_outside_the_checkout_and_says_the_same(tmp_path):
    script = "import json, sys\nspace = {'__name__': '__main__'}\n"
    script += "for cell in json.load(sys.stdin): exec(compile(cell, 'cell', 'exec'), space)"
    book = read("gradient_descent")
    answer = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(code(book)),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"MPLBACKEND": "agg", "PATH": "", "PYTHONPATH": str(FOLDER.parent)},
    )
    assert answer.stdout.strip() == "".join(book["cells"][-2]["outputs"][0]["text"]).strip()


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.tensorflow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_notebook_runs_in_a_kernel(path, tmp_path):
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    book = nbformat.read(path, as_version=4)
    settings = {"timeout": 300, "resources": {"metadata": {"path": str(tmp_path)}}}
    client.NotebookClient(book, **settings).execute()
    kinds = [output["output_type"] for output in book["cells"][-2]["outputs"]]
    assert kinds[-1] == "display_data"


@names
def test_both_pages_show_each_lesson_with_picture_source_and_notebook(name):
    for page in pages():
        for link in (f"(pictures/{name}.png)", f"({name}.py)", f"(notebooks/{name}.ipynb)"):
            assert page.count(link) >= 1
    for folder, ending in ((gallery.PICTURES, "png"), (gallery.NOTEBOOKS, "ipynb")):
        assert (folder / f"{name}.{ending}").exists()


@names
def test_the_korean_page_holds_the_translation_of_the_text_as_it_is(name, capsys):
    korean = gallery.korean_words(name, gallery.read_sentences()[name])
    assert capsys.readouterr().out == "", "translate it anew, then set `translates`"
    for words in korean.values():
        assert "{" not in words
    assert re.search("[가-힣]", korean["title"])
    english = changes(docstring(name))
    asked = changes("Try next: " + korean["exercise"])
    assert asked in ({}, english)


@names
def test_the_numbers_of_both_pages_agree(name):
    sentence = gallery.read_sentences()[name]
    korean = gallery.korean_words(name, sentence)["moral"]
    assert set(gallery.NUMBER.findall(korean)) <= set(gallery.NUMBER.findall(sentence))
    assert korean in gallery.KOREAN_PAGE.read_text(encoding="utf-8")


def test_korean_particles_follow_the_number_as_it_is_read():
    said = "0.3(으)로, 0.5(으)로, 98%(으)로, 10(으)로"
    written = re.sub(r"([\d%])\(으\)로", gallery._with_particle, said)
    assert written == "0.3으로, 0.5로, 98%로, 10으로"


ORIGIN = (
    "손실 함수, 학습률, 경사 하강법, 안장점, 볼록 함수, 검증 세트, 과대적합, 조기 종료, 이상치, "
    "원-핫 인코딩, 평균 절대 오차, 평균 제곱 오차, 교차 엔트로피, 옵티마이저, 확률적 경사 하강법, "
    "모멘텀, 평가 지표, 훈련 루프, 에포크, 배치, 그레이디언트, GPU, 소프트맥스, 시그모이드"
)


@pytest.mark.parametrize("term", ORIGIN.split(", "))
def test_the_glossary_explains_each_term_of_the_course(term):
    assert term in [korean for _, korean in gallery.terms().values()]


def test_the_glossary_has_about_sixty_terms_each_with_two_sentences():
    text = gallery.GLOSSARY.read_text(encoding="utf-8")
    assert len(gallery.terms()) == text.count("<a id=") >= 60
    for entry in re.findall(r"^- <a id=.+\n  .+", text, re.MULTILINE):
        english, korean = entry.split("\n")
        assert english.endswith(".")
        assert re.search(r"[가-힣].*다\.$", korean)


def test_a_term_is_linked_once_where_it_first_occurs_and_never_in_code():
    link = gallery.linker(0)
    text = link("The loss and `loss`, gradient descent and the learning rate, then loss.")
    assert text == (
        "The [loss](GLOSSARY.md#loss) and `loss`, [gradient descent](GLOSSARY.md#gradient-descent) "
        "and the [learning rate](GLOSSARY.md#learning-rate), then loss."
    )
    assert link("A loss.") == "A loss."


def test_every_link_of_the_pages_leads_somewhere():
    anchors = gallery.terms()
    for page in pages():
        for target in re.findall(r"\]\(([^)\s]+)\)", page):
            file, _, anchor = target.partition("#")
            assert (FOLDER / file).exists(), target
            assert not anchor or anchor in anchors, target
