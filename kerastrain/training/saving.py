"""How does a folder change from one saved run to the next, whole or not at all?

All files of a run are written into a new folder inside the target and flushed to the disk. Then
one rename decides: before it the target holds the old run, after it the new one, whose files move
to their places. What a killed save left behind is finished or thrown away by whoever opens the
folder next. `run.json` lists the size and the SHA-256 digest of each file, and its own digest, so
that a damaged or edited file is noticed before it is used.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from kerastrain.errors import KerastrainWarning, RunError

__all__ = [
    "HISTORY",
    "MODEL",
    "REST",
    "STATE",
    "WEIGHTS",
    "opened",
    "replace",
    "saying",
    "write_whole",
]

MODEL, WEIGHTS, HISTORY = "model.keras", "model.weights.h5", "history.csv"
STATE, REST = "state.npz", "run.json"
_FILES = (MODEL, WEIGHTS, HISTORY, STATE)
_FORMAT = "kerastrain run 1"
_WRITING, _WRITTEN = ".kerastrain-writing-", ".kerastrain-written"
_NO_DIGEST = "0" * 64
_LARGEST_REST = 2**26  # bytes: class names may be many, but not that many


def replace(folder: Path, write: Callable[[Path], dict[str, Any]]) -> None:
    """Put a run into a folder in place of the one that is there, whole or not at all.

    Args:
        folder: Is made where it is missing. Files that no run wrote stay as they are.
        write: Writes the files into an empty folder, and returns what goes into `run.json`.

    Raises:
        RunError: the folder cannot be written, or a file of the user has the name of one of ours.
    """
    made = not folder.exists()
    try:
        with saying(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with locked(folder), saying(folder):
            _recover(folder)
            new = Path(tempfile.mkdtemp(prefix=_WRITING, dir=folder))
            try:
                with saying(folder):  # before the space is given back
                    _complete(new, write(new))
                _refuse_to_overwrite(folder, new)
                new.rename(folder / _WRITTEN)
            except BaseException:
                shutil.rmtree(new, ignore_errors=True)
                raise
            flush(folder)
            _move_in(folder)
    except BaseException:
        if made:
            with suppress(OSError):  # it was not made, or is not empty
                folder.rmdir()
        raise


@contextmanager
def opened(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Path]]]:
    """Open the run in a folder, and let nobody replace it meanwhile.

    Args:
        folder: Where a run was saved.

    Yields:
        What stands in `run.json`, and where each file of the run lies.

    Raises:
        RunError: a file is missing or damaged.
    """
    with locked(folder):
        with saying(folder):
            found = _recover(folder)
        rest = _read_rest(folder)
        files = rest.pop("files")
        for name, known in files.items():
            path = folder / name
            if not path.is_file():
                raise _damage(path, "it is missing")
            if path.stat().st_size != known["bytes"]:
                raise _damage(path, f"it has {path.stat().st_size} of {known['bytes']} bytes")
            if _measure(path) != known:
                raise _damage(path, "its content has changed")
        if found:
            message = f"A save to {str(folder)!r} was interrupted; {found}."
            warnings.warn(message, KerastrainWarning, stacklevel=4)
        yield rest, {name: folder / name for name in files}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep others from writing to a folder meanwhile; the lock ends with the process."""
    try:
        import fcntl
    except ImportError:  # Windows: renames alone must do
        yield
        return
    handle = None
    with suppress(OSError):  # it is missing, or no folder
        handle = os.open(folder, os.O_RDONLY)
    try:
        if handle is not None:
            with suppress(OSError):  # its disk has no locks
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        if handle is not None:
            os.close(handle)


@contextmanager
def saying(folder: Path) -> Iterator[None]:
    """Turn what the disk raises into a RunError that names the folder and says what to do."""
    try:
        yield
    except OSError as error:
        there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        disk = shutil.disk_usage(there)
        if error.errno in (errno.ENOSPC, errno.EDQUOT) or disk.free < 2**16:
            found = f"the disk is full ({disk.free} of {disk.total} bytes are free). Make room"
        else:
            found = f"the system says: {error.strerror or error}. Make it writable"
        message = (
            f"A run needs a folder that can be written, but {str(folder)!r} cannot: {found}, or "
            "pass another folder. A run that was saved there before is still whole."
        )
        raise RunError(message) from error


def write_whole(file: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write one file whole or not at all, over an earlier one or none.

    Raises:
        RunError: the disk is full, or the folder cannot be written.
    """
    new = file.with_name(f".kerastrain-new-{file.name}")
    with saying(file.parent), locked(file.parent):
        try:
            with new.open("wb") as opened:
                write(opened)
            flush(new)
            new.replace(file)
            flush(file.parent)
        except BaseException:
            new.unlink(missing_ok=True)
            raise


def flush(path: Path) -> None:
    """Wait until the disk holds a file, or the names in a folder."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _complete(new: Path, rest: dict[str, Any]) -> None:
    """Write `run.json` beside the other files, and flush them all."""
    files = {path.name: _measure(path) for path in sorted(new.iterdir())}
    content = {"format": _FORMAT, "sha256": _NO_DIGEST, "files": files, **rest}
    text = json.dumps(content, indent=2, default=_plain)
    text = text.replace(_NO_DIGEST, _digest(text), 1)
    (new / REST).write_text(text, encoding="utf-8", newline="\n")
    for path in (*new.iterdir(), new):
        flush(path)


def _read_rest(folder: Path) -> dict[str, Any]:
    """Read `run.json`, and see that it is as it was written and names files of a run only."""
    missing = [name for name in (MODEL, HISTORY, REST) if not (folder / name).is_file()]
    if REST in missing:
        message = (
            f"A saved run holds {MODEL}, {HISTORY} and {REST}, but {str(folder)!r} lacks "
            f"{', '.join(missing)}. Pass the folder that was given to run.save()."
        )
        raise RunError(message)
    path = folder / REST
    if path.stat().st_size > _LARGEST_REST:
        raise _damage(path, f"it has {path.stat().st_size} bytes")
    try:
        text = path.read_text(encoding="utf-8")
        rest: dict[str, Any] = json.loads(text)
        claimed = rest.pop("sha256")
        whole = claimed == _digest(text.replace(claimed, _NO_DIGEST, 1))
        known = rest.pop("format") == _FORMAT and {MODEL, HISTORY} <= {*rest["files"]} <= {*_FILES}
        known = known and all({*file} == {"bytes", "sha256"} for file in rest["files"].values())
    except Exception as error:  # a file that somebody wrote by hand may hold anything
        raise _damage(path, f"reading it gives {error!r}") from error
    if not (whole and known):
        raise _damage(path, "its content has changed")
    return rest


def _damage(path: Path, found: str) -> RunError:
    return RunError(
        f"The files of a run must be as run.save() wrote them, but {path.name} in "
        f"{str(path.parent)!r} is damaged or edited: {found}. Save the run once more, or load "
        f"the model alone with keras.saving.load_model({str(path.parent / MODEL)!r})."
    )


def _measure(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Write NumPy's numbers and arrays as JSON knows them."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    message = (
        f"A run holds text, numbers and lists, but a {type(value).__name__} is in it: {value!r}."
    )
    raise RunError(message)


def _refuse_to_overwrite(folder: Path, new: Path) -> None:
    """Refuse to replace a file that no save put there."""
    for name in {path.name for path in new.iterdir()} - _own_files(folder):
        if os.path.lexists(folder / name):
            message = (
                f"A run replaces only files that run.save() wrote, but {str(folder)!r} holds a "
                f"{name} that it did not write. Move that file, or pass another folder."
            )
            raise RunError(message)


def _own_files(folder: Path) -> set[str]:
    """Name the files in a folder that an earlier save put there, also if they are damaged now."""
    try:
        with (folder / REST).open(encoding="utf-8", errors="replace") as file:
            text = file.read(_LARGEST_REST)
    except OSError:
        return set()
    if f'"format": "{_FORMAT}"' not in text[:100]:
        return set()
    return {REST} | {name for name in _FILES if f'"{name}": {{' in text}


def _recover(folder: Path) -> str:
    """Finish or throw away what a killed save left; say in words which, or nothing."""
    left = [path for path in folder.glob(f"{_WRITING}*") if path.is_dir()]
    for path in left:
        shutil.rmtree(path)
    if (folder / _WRITTEN).is_dir():
        _move_in(folder)
        return "its run was complete and has been put in place"
    return "its run was not complete and is removed, so this is the run from before" if left else ""


def _move_in(folder: Path) -> None:
    """Move the files of a complete save to their places; a move that was begun goes on."""
    written = folder / _WRITTEN
    if (
        written / REST
    ).is_file():  # it moves last: until then the old one says which files are ours
        names = [*_read_rest(written)["files"], REST]
        for name in _own_files(folder) - {*names}:
            (folder / name).unlink(missing_ok=True)
        for name in names:
            with suppress(FileNotFoundError):  # it has moved already
                (written / name).replace(folder / name)
    written.rmdir()
    flush(folder)
