"""What can go wrong, and how is it named?

Every message says what must hold, what was seen, and the way out::

    KerastrainError (Exception)
    ├── LabelError (ValueError)     the labels cannot be read, or do not fit the loss
    ├── LossError (ValueError)      no loss of that name, or none for these labels
    ├── OptimizerError (ValueError) a setting that no optimizer can train with
    ├── DeviceError (ValueError)    a device that this machine does not have
    ├── DataError (ValueError)      x, y, weights or data sets that do not go together
    ├── CheckError (ValueError)     a set-up that certainly cannot learn, with its findings
    └── RunError (RuntimeError)     a training run that cannot be saved or loaded

    KerastrainWarning (UserWarning)
    └── CheckWarning                a set-up that is likely not what is meant
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "CheckError",
    "CheckWarning",
    "DataError",
    "DeviceError",
    "KerastrainError",
    "KerastrainWarning",
    "LabelError",
    "LossError",
    "OptimizerError",
    "RunError",
]


class KerastrainError(Exception):
    """Catch this to catch every error that kerastrain itself raises."""


class LabelError(KerastrainError, ValueError):
    """The labels cannot be read, or do not fit the loss."""


class LossError(KerastrainError, ValueError):
    """No loss has that name, or none fits these labels."""


class OptimizerError(KerastrainError, ValueError):
    """No optimizer can train with this setting."""


class DeviceError(KerastrainError, ValueError):
    """This machine does not have the device."""


class DataError(KerastrainError, ValueError):
    """Inputs, labels, weights or a data set do not go together."""


class CheckError(KerastrainError, ValueError):
    """The set-up certainly cannot learn; the message lists each error.

    Args:
        message: All errors, a line each.
        findings: What `check` found, warnings too.
    """

    def __init__(self, message: str, *, findings: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class RunError(KerastrainError, RuntimeError):
    """A training run cannot be saved or loaded."""


class KerastrainWarning(UserWarning):
    """The category of every warning that kerastrain itself gives."""


class CheckWarning(KerastrainWarning):
    """The set-up is likely not what is meant."""
