"""Which trainings of an experiment are done already?  A folder keeps the result of each."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from kerastrain.checks import Finding
from kerastrain.errors import RunError
from kerastrain.training.fingerprints import differences, plain
from kerastrain.training.saving import saying, write_whole

__all__ = ["Finished"]

_SETUP = "experiment.json"


@dataclasses.dataclass(frozen=True)
class Finished:
    """A folder with a file for each training that is done; killed ones leave none.

    Args:
        folder: Is made where it is missing.
        known: What all trainings have in common: settings, and fingerprints of data and model.

    Raises:
        RunError: the folder is of another experiment, or cannot be written.
    """

    folder: Path
    known: dict[str, Any]

    def __post_init__(self) -> None:
        with saying(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        before = _read(self.folder / _SETUP)
        if before is None:
            _write(self.folder / _SETUP, self.known)
        elif found := differences(before, self.known):
            message = (
                f"A checkpoint is of one experiment, but for the one in {str(self.folder)!r} "
                f"{'; '.join(found)}. Compare as before, or pass another folder as checkpoint=."
            )
            raise RunError(message)

    def find(self, job: Any) -> tuple[pd.DataFrame, dict[str, Any], list[Finding]] | None:
        """Give the history, the scores and the findings of a training that is done."""
        saved = _read(self._file(job))
        if saved is None:
            return None
        findings = [Finding(**finding) for finding in saved["findings"]]
        return pd.DataFrame(saved["history"]), saved["scores"], findings

    def keep(
        self, job: Any, history: pd.DataFrame, scores: dict[str, Any], findings: list[Finding]
    ) -> None:
        """Write down what came of a training."""
        found = [dataclasses.asdict(finding) for finding in findings]
        result = {"history": history.to_dict("list"), "scores": scores, "findings": found}
        _write(self._file(job), result)

    def _file(self, job: Any) -> Path:
        name = hashlib.sha256(json.dumps(plain(job)).encode()).hexdigest()[:16]
        return self.folder / f"{name}.json"


def _read(file: Path) -> Any:
    if not file.is_file():
        return None
    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
        digest = saved.pop("sha256")
        if digest != _digest(saved):
            raise ValueError("its content has changed")  # noqa: EM101
    except Exception as error:  # a file that somebody wrote by hand may hold anything
        message = (
            f"The files of a checkpoint must be as kerastrain wrote them, but {file.name} in "
            f"{str(file.parent)!r} is damaged or edited: {error!r}. Delete it."
        )
        raise RunError(message) from error
    return saved


def _write(file: Path, content: Any) -> None:
    content = plain(content)
    text = json.dumps(content | {"sha256": _digest(content)})
    write_whole(file, lambda opened: opened.write(text.encode()))


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
