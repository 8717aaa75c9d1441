"""Which trainings of an experiment are done already?  A folder keeps the result of each."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from kerastrain.errors import DataError, RunError
from kerastrain.models.building import build
from kerastrain.models.seeds import seeded_apart
from kerastrain.training.fingerprints import differences, fingerprint, model_fingerprint, plain
from kerastrain.training.saving import saying, write_whole

__all__ = ["Finished", "open_finished"]

_SETUP = "experiment"


def open_finished(
    folder: Any, build_model: Any, choice: Any, x: Any, y: Any, **settings: Any
) -> Finished | None:
    """Open the folder of an experiment, whose description tells it from any other.

    Args:
        folder: What was passed as `checkpoint=`; None for none.
        build_model: The user's function; one model is built, to be described.
        choice: What the function gets.
        x: Inputs.
        y: Labels.
        settings: What else all trainings have in common.

    Raises:
        DataError: it is no folder.
        RunError: it is the folder of another experiment, or cannot be written.
    """
    if folder is None:
        return None
    if not isinstance(folder, str | os.PathLike):
        message = f"checkpoint must be a folder, but it is {folder!r:.80}. Pass checkpoint='run'."
        raise DataError(message)
    with seeded_apart(0):
        model = model_fingerprint(build(build_model, choice))
    known = {"x": fingerprint(x), "y": fingerprint(y), "model": model, **settings}
    return Finished(Path(folder), plain(known))


@dataclasses.dataclass(frozen=True)
class Finished:
    """A folder with a file for each training that is done; a killed one leaves none.

    Args:
        folder: Is made where it is missing.
        known: What all trainings have in common, as JSON.

    Raises:
        RunError: the folder is of another experiment, or cannot be written.
    """

    folder: Path
    known: dict[str, Any]

    def __post_init__(self) -> None:
        with saying(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        before = _read(self.folder / f"{_SETUP}.json")
        if before is None:
            _write(self.folder / f"{_SETUP}.json", self.known)
        elif found := differences(before, self.known):
            message = (
                f"A checkpoint is of one experiment, but for the one in {str(self.folder)!r} "
                f"{'; '.join(found)}. Call as before, or pass another folder as checkpoint=."
            )
            raise RunError(message)

    def find(self, key: Any) -> Any:
        """Give the result of a job that is done; None for any other."""
        return _read(self._file(key))

    def keep(self, key: Any, result: Any) -> None:
        """Write down what came of a job: text, numbers, arrays, and lists and dicts of them."""
        _write(self._file(key), result)

    def _file(self, key: Any) -> Path:
        return self.folder / f"{_digest(json.dumps(plain(key)))[:16]}.json"


def _read(file: Path) -> Any:
    if not file.is_file():
        return None
    try:
        digest, text = file.read_text(encoding="utf-8").split("\n", 1)
        if digest != _digest(text):
            raise ValueError("its content has changed")  # noqa: EM101
        return json.loads(text, object_hook=_as_array)
    except Exception as error:  # a file that somebody wrote by hand may hold anything
        message = (
            f"The files of a checkpoint must be as kerastrain wrote them, but {file.name} in "
            f"{str(file.parent)!r} is damaged or edited: {error!r}. Delete it."
        )
        raise RunError(message) from error


def _write(file: Path, content: Any) -> None:
    text = json.dumps(content, default=_as_text)
    write_whole(file, lambda opened: opened.write(f"{_digest(text)}\n{text}".encode()))


def _as_text(array: Any) -> dict[str, Any]:
    array = np.asarray(array)
    content = base64.b64encode(array.tobytes()).decode()
    return {"base64": content, "dtype": array.dtype.name, "shape": array.shape}


def _as_array(read: dict[str, Any]) -> Any:
    if "base64" not in read:
        return read
    content = np.frombuffer(base64.b64decode(read["base64"]), read["dtype"])
    return content.reshape(read["shape"])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
