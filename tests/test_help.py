"""help() of every public name reads as a page of a manual.

That the examples print what they show is tested where the docstrings stand, as doctests.
"""

import doctest
import inspect
import re

import pytest

import kerastrain as kt

NAMES = [name for name in kt.__all__ if callable(getattr(kt, name))]
FUNCTIONS = [name for name in NAMES if inspect.isfunction(getattr(kt, name))]
NEVER_RAISE = {"check", "list_checks", "list_datasets", "list_devices"}
ORDER = ["Args", "Attributes", "Returns", "Raises", "Examples", "References"]


def sections(name):
    """The text of a docstring, and each of its sections, in their order."""
    text = inspect.getdoc(getattr(kt, name))
    parts = re.split(rf"^({'|'.join(ORDER)}):\n", text, flags=re.M)
    return {"text": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


@pytest.mark.parametrize("name", NAMES)
def test_a_page_starts_with_one_sentence_on_one_line_and_keeps_the_order(name):
    found = sections(name)
    first, *rest = found["text"].splitlines()
    assert first.endswith(".")
    assert not rest or not rest[0]
    assert list(found)[1:] == [section for section in ORDER if section in found]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_an_example_with_its_output(name):
    examples = doctest.DocTestParser().get_examples(sections(name)["Examples"])
    assert any(example.want for example in examples)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_page_of_a_function_says_what_goes_in_what_comes_out_and_what_is_refused(name):
    found = sections(name)
    parameters = inspect.signature(getattr(kt, name)).parameters
    told = re.findall(r"^    \**(\w+): ", found.get("Args", ""), re.M)
    assert sorted(told) == sorted(parameters)
    assert found["Returns"].strip()
    assert ("Raises" in found) == (name not in NEVER_RAISE)
    for error in re.findall(r"^    (\w+): ", found.get("Raises", ""), re.M):
        assert hasattr(kt, error) or error == "TrainingInterrupted"


@pytest.mark.parametrize("name", [name for name in NAMES if "Attributes" in sections(name)])
def test_a_page_of_a_result_names_each_of_its_fields(name):
    told = re.findall(r"^    (\w+): ", sections(name)["Attributes"], re.M)
    assert told == list(getattr(kt, name).__dataclass_fields__)
