"""What did a check find, and how is it told?"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from kerastrain.errors import CheckError, CheckWarning

__all__ = ["Finding", "Findings", "Mode", "Problem", "Rule", "Severity", "enforce"]

Severity = Literal["error", "warning", "note"]
Mode = Literal["error", "warn", "off"]


class Problem(NamedTuple):
    """Say what one rule found, before the table of rules adds its name and severity."""

    message: str
    fix: str
    where: str = ""


@dataclass(frozen=True)
class Finding:
    """Hold one thing that is wrong with a set-up, and what to do about it.

    Attributes:
        rule: The rule's name in the table of rules; `silence=` takes it.
        severity: `"error"` when training is certainly wrong or will raise, `"warning"` when the
            set-up is likely not what is meant, `"note"` for what is good to know.
        message: What must hold, and what was found.
        fix: What to do, with code that can be pasted.
        where: The argument that it is about, as the user wrote it.

    Examples:
        >>> print(Finding("run-length", "error", "epochs must be at least 1, but got 0.",
        ...               "Pass epochs=10.", "epochs"))
        error in epochs: epochs must be at least 1, but got 0. Pass epochs=10. [run-length]
    """

    rule: str
    severity: Severity
    message: str
    fix: str
    where: str

    def __str__(self) -> str:
        return f"{self.severity} in {self.where}: {self.message} {self.fix} [{self.rule}]"


@dataclass(frozen=True)
class Rule:
    """Hold one rule.

    Attributes:
        name: The name that findings carry and that `silence=` takes.
        severity: How serious its findings are.
        where: The argument that they are about, where the function names no other.
        look: The function that looks at a set-up, or at a training, and yields what it sees.
        example: What it speaks on, in short.
    """

    name: str
    severity: Severity
    where: str
    look: Callable[[Any], Iterator[Problem]]
    example: str = ""

    @property
    def line(self) -> str:
        """The first line of the function's docstring: what it looks for."""
        return (self.look.__doc__ or "").splitlines()[0]

    def ask(self, thing: Any) -> list[Finding]:
        """Look, and give what was seen its name and severity."""
        seen = self.look(thing)
        return [Finding(self.name, self.severity, m, fix, w or self.where) for m, fix, w in seen]


class Findings(list[Finding]):
    """Hold findings as a plain list that prints one a line and shows as a table in a notebook."""

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or "Nothing found."

    def _repr_html_(self) -> str:
        import html

        if not self:
            return "<p>Nothing found.</p>"
        names = ("severity", "where", "message", "fix", "rule")
        head = "".join(f"<th>{name}</th>" for name in names)
        rows = "".join(
            "<tr>"
            + "".join(f"<td>{html.escape(str(getattr(finding, name)))}</td>" for name in names)
            + "</tr>"
            for finding in self
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def enforce(findings: list[Finding], mode: Mode = "error", *, stacklevel: int = 2) -> None:
    """Raise the errors and warn the warnings among the findings; notes only stand in them.

    Args:
        findings: What `check` found.
        mode: `"error"` raises one error with all errors in it; `"warn"` warns of everything;
            `"off"` does nothing.
        stacklevel: Whose line the warnings name, as in `warnings.warn`, counted from the caller.

    Raises:
        CheckError: `mode` is `"error"` and a finding is an error; `.findings` holds them all.
    """
    if mode == "off":
        return
    errors = [f for f in findings if f.severity == "error" and mode == "error"]
    for finding in findings:
        if finding not in errors and finding.severity != "note":
            warnings.warn(str(finding), CheckWarning, stacklevel=stacklevel + 1)
    if errors:
        message = "\n".join(
            (
                "Training would go wrong:",
                *(f"- {finding}" for finding in errors),
                "To train anyway: check='warn'.",
            )
        )
        raise CheckError(message, findings=findings)
