"""kerastrain: train a Keras model well, and understand what happens.

The whole public surface stands here. CONTRIBUTING.md lists the packages behind it.
"""

from kerastrain import plots
from kerastrain.arrays.datasets import Dataset, list_datasets, load_dataset
from kerastrain.arrays.rows import split_rows
from kerastrain.checks import Finding, check, list_checks
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
from kerastrain.experiments.comparison import Comparison, compare
from kerastrain.experiments.descent import trace_descent
from kerastrain.experiments.landscape import loss_landscape
from kerastrain.experiments.tuning import Tuning, tune_optimizer
from kerastrain.labels.inspection import Labels, inspect_labels, one_hot
from kerastrain.loop import fit
from kerastrain.losses.choosing import LossChoice, choose_loss
from kerastrain.models.devices import list_devices, use_device
from kerastrain.optimizers.builders import adam, sgd
from kerastrain.optimizers.range_test import LearningRateCurve, find_learning_rate
from kerastrain.training.course import train
from kerastrain.training.runs import TrainingRun, load_run

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
    "list_checks",
    "list_datasets",
    "list_devices",
    "load_dataset",
    "load_run",
    "loss_landscape",
    "one_hot",
    "plots",
    "sgd",
    "split_rows",
    "trace_descent",
    "train",
    "tune_optimizer",
    "use_device",
]

__version__ = "0.2.0"
