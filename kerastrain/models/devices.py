"""Where is the work done?  CPU or GPU, by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pandas as pd

from kerastrain.errors import DeviceError

__all__ = ["list_devices", "strategy_of", "use_device"]

GPUS = "/proc/driver/nvidia/gpus"  # where NVIDIA's driver lists them


def list_devices() -> pd.DataFrame:
    """List the devices that Keras can use on this machine.

    Returns:
        One row a device, the best first: `name` (for `use_device`), `kind` (`gpu`, `tpu` or
        `cpu`).

    Examples:
        >>> "cpu:0" in set(list_devices()["name"])
        True
    """
    import keras

    names = [name.lower() for name in keras.distribution.list_devices()] or ["cpu:0"]
    if not any(name.startswith("cpu") for name in names):
        names.append("cpu:0")  # some backends list the accelerators only
    order = {"gpu": 0, "tpu": 1}
    rows = [{"name": name, "kind": name.split(":")[0]} for name in names]
    rows.sort(key=lambda row: order.get(row["kind"], 2))
    return pd.DataFrame(rows)


def use_device(name: str = "auto") -> AbstractContextManager[str]:
    """Do the work of a `with` block on one device.

    Build the model inside the block too: its weights stay where they were made. The plain Keras
    call is `with keras.device(name):`, which goes to the CPU without a word where there is no
    such device.

    Args:
        name: `"cpu"`, `"gpu"`, a name from `list_devices()` such as `"gpu:1"`, or `"auto"` for
            the best there is.

    Returns:
        A context manager that gives the full name of the device, such as `"cpu:0"`.

    Raises:
        DeviceError: this machine has no such device; the message lists those it has.

    Examples:
        >>> with use_device("cpu") as device:
        ...     print(device)
        cpu:0
    """
    return _on(find_device(name))  # a wrong name is refused here, whether or not a block follows


@contextmanager
def _on(device: str) -> Iterator[str]:
    import keras

    with keras.device(device):
        yield device


def strategy_of(model: Any) -> AbstractContextManager[Any]:
    """Enter the strategy of TensorFlow that a model was made under, so that an optimizer joins it.

    Args:
        model: A Keras model.
    """
    strategy = getattr(model, "distribute_strategy", None)
    return nullcontext() if strategy is None else strategy.scope()


def unseen_gpu() -> str:
    """Say what to do where the machine has a GPU of NVIDIA that Keras does not see, and else ""."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1")  # on purpose
    if hidden or not any(Path(GPUS).glob("*")) or "gpu" in set(list_devices()["kind"]):
        return ""
    return (
        "TensorFlow does not see the GPU of NVIDIA in this machine: install its libraries, "
        "pip install 'tensorflow[and-cuda]', and start Python again."
    )


def find_device(name: str = "auto") -> str:
    """Complete the name of a device.

    Args:
        name: As in `use_device`.

    Returns:
        The full name, such as `"gpu:0"`.

    Raises:
        DeviceError: this machine has no such device.
    """
    known = list(list_devices()["name"])
    wanted = str(name).lower().strip("/").removeprefix("device:")
    if wanted == "auto":
        return str(known[0])
    full = wanted if ":" in wanted else f"{wanted}:0"
    if full not in known:
        message = (
            f"No device {name!r}; this machine has {', '.join(known)}. "
            f"{unseen_gpu()} Pass 'auto' to take the best one there is."
        ).replace("  ", " ")
        raise DeviceError(message)
    return full
