"""Empty one rule, or one lesson's report or picture, after the other: does a test fail?

    python -m tests.mutants                  all of them, in some minutes
    python -m tests.mutants rules            those of check; or verdicts, or lessons
    python -m tests.mutants label-range      those whose name holds this

All in one process: the tests of a rule run with that rule emptied, the tests of a lesson's module
with its report, and then its picture, emptied. What notices a mutant must pass without it.
"""

import dataclasses
import functools
import importlib
import inspect
import sys
from pathlib import Path

import pytest

from kerastrain import checks
from kerastrain.checks import verdict
from recipes.lesson import LESSONS

FOLDER = Path(__file__).parent
FILES = {
    "rules": ["checks/test_checks.py"],
    "verdicts": ["checks/test_verdict.py"],
    "lessons": [f"recipes/test_{lesson}.py" for lesson in LESSONS],
}
TABLES = {"checks": (checks, "RULES"), "verdict": (verdict, "VERDICTS")}
OWN = "that of the case"


def wanted(words):
    """Give each mutant that is asked for: the file of its tests, and its name."""
    found = [
        ("verdicts", FILES["verdicts"][0], f"verdict.{rule.name}") for rule in verdict.VERDICTS
    ]
    found += [("rules", FILES["rules"][0], f"checks.{rule.name}") for rule in checks.RULES]
    for lesson, file in zip(LESSONS, FILES["lessons"], strict=True):
        found += [("lessons", file, f"{lesson}.{part}") for part in ("report", "plot")]
    return [
        (file, name)
        for group, file, name in found
        if not words or any(word == group or word in name for word in words)
    ]


def emptied(table, name):
    """Give the table of rules with one that finds nothing."""
    change = {"look": lambda *_: iter(())}
    return tuple(
        rule
        if rule.name != name
        else rule._replace(**change)
        if hasattr(rule, "_replace")
        else dataclasses.replace(rule, **change)
        for rule in table
    )


class Mutants:
    """A plugin that runs each test with its mutants, and then without any."""

    def __init__(self, names):
        self.names = names
        self.noticed = {}  # mutant → the test that failed

    def pytest_generate_tests(self, metafunc):
        source = inspect.getsource(metafunc.function)
        stem = metafunc.module.__name__.rpartition(".")[2].removeprefix("test_")
        if {"rule", "case"} & set(metafunc.fixturenames):
            here = [OWN]
        elif stem in TABLES:  # a test that is not made for each rule names those that it is about
            here = [name for name in self.names if f'"{name.split(".")[1]}"' in source]
        else:
            here = [name for name in self.names if name.split(".")[0] == stem]
        metafunc.parametrize("mutant", [*here, ""], indirect=True)

    def pytest_collection_modifyitems(self, items):
        items.sort(key=lambda item: "tried" in item.fixturenames)  # these run a lesson once more

    @pytest.fixture(autouse=True)
    def mutant(self, request, monkeypatch):
        params, name = dict(request.node.callspec.params), request.param
        stem = request.module.__name__.rpartition(".")[2].removeprefix("test_")
        if name == OWN:
            case = params.get("rule", params.get("case"))
            name = f"{stem}.{case[0] if isinstance(case, tuple) else case}"
        del params["mutant"]
        test = f"{request.node.originalname} {list(params.values())}"
        if not name:
            if test not in self.noticed.values():
                pytest.skip("it noticed nothing")
        elif name not in self.names or name in self.noticed:
            pytest.skip("not asked for, or noticed already")
        elif stem in TABLES:
            module, table = TABLES[stem]
            rules = emptied(getattr(module, table), name.split(".")[1])
            monkeypatch.setattr(module, table, rules)
        else:
            import matplotlib.pyplot as plt

            lesson, part = name.split(".")
            empty = {"report": lambda *_: "", "plot": lambda *_: plt.figure().add_subplot()}[part]
            module = importlib.import_module(f"recipes.{lesson}")
            monkeypatch.setattr(module, part, functools.wraps(getattr(module, part))(empty))
        request.node.mutant = name, test

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if report.failed and hasattr(item, "mutant"):
            name, test = item.mutant
            if name:
                self.noticed.setdefault(name, test)
                print(f"noticed   {name:45}{test.split()[0]}", flush=True)
            else:  # it fails anyway
                print(f"{test} fails without a mutant:\n{report.longreprtext}")
                self.noticed = {k: v for k, v in self.noticed.items() if v != test}
        return report


def main(words):
    """Try the mutants, a line for each; the exit status is 1 where one survives."""
    chosen = wanted(words)
    plugin = Mutants([name for _, name in chosen])
    files = [str(FOLDER / file) for file in dict.fromkeys(file for file, _ in chosen)]
    pytest.main(["-p", "no:terminal", "-p", "no:cacheprovider", *files], plugins=[plugin])
    for name in plugin.names:
        if name not in plugin.noticed:
            print(f"SURVIVED  {name}")
    print(f"{len(plugin.noticed)} of {len(plugin.names)} mutants noticed")
    return int(len(plugin.noticed) < len(plugin.names))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
