"""What is installed here, and what can I type next?  `python -m kerastrain` says it."""

from __future__ import annotations

import os
import platform
from importlib import metadata

import kerastrain as kt
from kerastrain.arrays.datasets import data_folder

PACKAGES = (
    *("keras", "tensorflow", "numpy", "pandas", "matplotlib"),
    *("scikit-learn", "polars", "pyarrow", "loky", "distributed", "tensorboard", "mlflow"),
)


def main() -> str:
    """Tell the version, devices, packages, where the data lie, and three commands."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow starts and logs
    found = {str(one.name).lower(): one.version for one in metadata.distributions()}
    packages = [f"{name} {found[name]}" for name in PACKAGES if name in found]
    return f"""\
kerastrain {kt.__version__} on Python {platform.python_version()}
devices    {", ".join(kt.list_devices()["name"])}
packages   {", ".join(packages)}
data       {data_folder()}

Next:
  python -c "import kerastrain as kt; help(kt.train)"             what train takes and returns
  python -c "import kerastrain as kt; print(kt.list_datasets())"  the data sets to try it on
  python -m recipes                                               the lessons, in a checkout"""


if __name__ == "__main__":
    print(main())
