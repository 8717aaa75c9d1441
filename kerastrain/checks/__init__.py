"""What is wrong with this set-up?  (A stand-in until the rules are connected.)"""

from typing import Any

from .findings import Finding, Findings, enforce

__all__ = ["Finding", "check", "enforce"]


def check(model: Any, x: Any, y: Any = None, **settings: Any) -> list[Finding]:
    """Find nothing yet."""
    return Findings()
