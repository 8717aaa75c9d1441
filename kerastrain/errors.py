"""What can go wrong, and how is it named?

Every message says what must hold, what was found, and what to do::

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
    """Catch this to catch every error that kerastrain itself raises.

    Examples:
        >>> import kerastrain as kt
        >>> try:
        ...     kt.load_dataset('irises')
        ... except kt.KerastrainError as error:
        ...     print(type(error).__name__)
        DataError
    """


class LabelError(KerastrainError, ValueError):
    """The labels cannot be read, or do not fit the loss.

    Examples:
        >>> import kerastrain as kt
        >>> kt.choose_loss([])
        Traceback (most recent call last):
        kerastrain.errors.LabelError: ...
    """


class LossError(KerastrainError, ValueError):
    """No loss has that name, or none fits these labels.

    Examples:
        >>> import kerastrain as kt
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> kt.train(model, np.ones((9, 2)), np.arange(9.0), loss='mean_squared')
        Traceback (most recent call last):
        kerastrain.errors.LossError: ...
    """


class OptimizerError(KerastrainError, ValueError):
    """No optimizer can train with this setting.

    Examples:
        >>> import kerastrain as kt
        >>> kt.sgd(-0.1)
        Traceback (most recent call last):
        kerastrain.errors.OptimizerError: ...
    """


class DeviceError(KerastrainError, ValueError):
    """This machine does not have the device.

    Examples:
        >>> import kerastrain as kt
        >>> kt.use_device('gpu:99')
        Traceback (most recent call last):
        kerastrain.errors.DeviceError: ...
    """


class DataError(KerastrainError, ValueError):
    """Inputs, labels, weights or a data set do not go together.

    Examples:
        >>> import kerastrain as kt
        >>> kt.split_rows(1, 0.5, seed=0)
        Traceback (most recent call last):
        kerastrain.errors.DataError: ...
    """


class CheckError(KerastrainError, ValueError):
    """The set-up certainly cannot learn; the message lists each error.

    Args:
        message: All errors, a line each.
        findings: What `check` found, warnings too.

    Examples:
        >>> import keras, numpy as np, kerastrain as kt
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "softmax")])
        >>> try:
        ...     kt.train(model, np.eye(2).repeat(9, axis=0), ["no", "yes"] * 9)
        ... except kt.CheckError as error:
        ...     print(*{finding.severity for finding in error.findings})
        error
    """

    def __init__(self, message: str, *, findings: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class RunError(KerastrainError, RuntimeError):
    """A training run cannot be saved or loaded.

    Examples:
        >>> import kerastrain as kt
        >>> kt.load_run('no_such_folder')
        Traceback (most recent call last):
        kerastrain.errors.RunError: ...
    """


class KerastrainWarning(UserWarning):
    """The category of every warning that kerastrain itself gives.

    Examples:
        >>> issubclass(KerastrainWarning, UserWarning)
        True
    """


class CheckWarning(KerastrainWarning):
    """The set-up is likely not what is meant.

    Examples:
        >>> issubclass(CheckWarning, KerastrainWarning)
        True
    """
