"""kerastrain: train a Keras model well, and understand what happens.

The whole public surface stands here. The README lists the rooms behind it.
"""

from kerastrain.checks import Finding, check
from kerastrain.comparison import Comparison, compare
from kerastrain.datasets import Dataset, list_datasets, load_dataset
from kerastrain.descent import trace_descent
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
from kerastrain.labels import Labels, inspect_labels, one_hot
from kerastrain.landscape import loss_landscape
from kerastrain.loop import fit
from kerastrain.losses import LossChoice, choose_loss
from kerastrain.optimizers import adam, sgd
from kerastrain.range_test import LearningRateCurve, find_learning_rate
from kerastrain.rows import split_rows
from kerastrain.runs import TrainingRun, load_run
from kerastrain.training import train
from kerastrain.tuning import Tuning, tune_optimizer

__all__ = [
    "CheckError",
    "CheckWarning",
    "Comparison",
    "DataError",
    "Dataset",
    "DeviceError",
    "Finding",
    "KerastrainError",
    "KerastrainWarning",
    "LabelError",
    "Labels",
    "LearningRateCurve",
    "LossChoice",
    "LossError",
    "OptimizerError",
    "RunError",
    "TrainingRun",
    "Tuning",
    "adam",
    "check",
    "choose_loss",
    "compare",
    "find_learning_rate",
    "fit",
    "inspect_labels",
    "list_datasets",
    "list_devices",
    "load_dataset",
    "load_run",
    "loss_landscape",
    "one_hot",
    "sgd",
    "split_rows",
    "trace_descent",
    "train",
    "tune_optimizer",
    "use_device",
]

__version__ = "0.1.0"
