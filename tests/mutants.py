"""Empty one rule, or one lesson's report or picture, after the other: does a test fail?

    python -m tests.mutants                  all of them
    python -m tests.mutants lessons          those of the lessons; or rules, or verdicts
    python -m tests.mutants label-range      those whose name holds this

Each mutant is a plugin for pytest, written into a folder that goes away: the code stays as it is.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from kerastrain.checks import RULES
from kerastrain.checks.verdict import VERDICTS
from recipes.lesson import LESSONS

ROOT = Path(__file__).parents[1]
RULE = """
import dataclasses
import {module} as module

def pytest_configure(config):
    for rule in module.{table}:
        if rule.name == {name!r}:
            empty = lambda *_: iter(())
            empty.__doc__ = rule.look.__doc__
            changed = {change}
            module.{table} = tuple(changed if r is rule else r for r in module.{table})
            break
    else:
        raise SystemExit("no such rule")
    import kerastrain.checks
    if {table!r} == "RULES":
        kerastrain.checks.RULES = module.RULES
"""
LESSON = """
import recipes.{lesson} as lesson

def pytest_configure(config):
    import matplotlib
    matplotlib.use("Agg")
    if {part!r} == "report":
        lesson.report = lambda table: ""
    else:
        import matplotlib.pyplot as plt
        lesson.plot = lambda *_, **__: plt.figure().add_subplot()
"""


def mutants():
    """Give each mutant: its group, its name, its plugin, and what pytest is to run."""
    for lesson in LESSONS:
        for part in ("report", "plot"):
            plugin = LESSON.format(lesson=lesson, part=part)
            yield "lessons", f"{lesson}.{part}", plugin, [f"tests/recipes/test_{lesson}.py"]
    for rule in VERDICTS:
        plugin = RULE.format(
            module="kerastrain.checks.verdict",
            table="VERDICTS",
            name=rule.name,
            change="rule._replace(look=empty)",
        )
        yield "verdicts", rule.name, plugin, ["tests/checks/test_verdict.py"]
    for rule in RULES:
        plugin = RULE.format(
            module="kerastrain.checks.rules",
            table="RULES",
            name=rule.name,
            change="dataclasses.replace(rule, look=empty)",
        )
        yield "rules", rule.name, plugin, ["tests/checks/test_checks.py", "-k", rule.name]


def is_caught(plugin, tests):
    """Tell whether a test fails; that none could run is an error of this script."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "mutant.py").write_text(plugin, encoding="utf-8")
        options = ["-x", "-q", "-p", "mutant", "-p", "no:cacheprovider", *tests]
        code = (
            f"import sys; sys.path[:0] = [{str(ROOT)!r}, {folder!r}]; import pytest; "
            f"sys.exit(pytest.main({options!r}))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
        )
    if done.returncode not in (0, 1):
        message = f"pytest {' '.join(tests)} did not run:\n{done.stdout}{done.stderr}"
        raise SystemExit(message)
    return done.returncode == 1


def main(wanted):
    """Try the mutants, a line for each; the exit status is 1 where one survives."""
    chosen = [
        mutant
        for mutant in mutants()
        if not wanted or any(one == mutant[0] or one in mutant[1] for one in wanted)
    ]
    if is_caught("", sorted({tests[0] for *_, tests in chosen})):
        message = "The tests must pass as the code stands, but one fails."
        raise SystemExit(message)
    survivors = 0
    for group, name, plugin, tests in chosen:
        caught = is_caught(plugin, tests)
        survivors += not caught
        print(f"{group:10}{name:40}{'caught' if caught else 'SURVIVED'}", flush=True)
    print(f"{survivors} survived")
    return min(survivors, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
