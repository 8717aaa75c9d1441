"""kerastrain: train a Keras model well, and understand what happens.

The rooms, top to bottom; each one only ever uses the ones below it:

- `training`: `train` chooses, checks, compiles, fits and tells
- `optimizers`, `devices`, `datasets`, `plots`, `errors`
"""

from kerastrain.devices import list_devices, use_device
from kerastrain.errors import (
    CheckError,
    CheckWarning,
    DataError,
    DeviceError,
    KerastrainError,
    KerastrainWarning,
    LabelError,
    LossError,
    OptimizerError,
    RunError,
)
from kerastrain.optimizers import adam, sgd

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
    "adam",
    "list_devices",
    "sgd",
    "use_device",
]

__version__ = "0.1.0"
