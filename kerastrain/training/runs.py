"""What came out of a training?  The model, its history, and how both were made.

A saved run is a folder of three files that other tools open too: `model.keras` (Keras),
`history.csv` (pandas, a spreadsheet) and `run.json` (the rest). No file is a pickle, so loading
one runs no code that it brings. How the folder is written is told in `kerastrain.training.saving`.
"""

from __future__ import annotations

import dataclasses
import platform
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kerastrain.arrays.rows import as_arrays
from kerastrain.errors import KerastrainWarning, RunError
from kerastrain.labels.inspection import Labels
from kerastrain.losses.choice import LossChoice
from kerastrain.losses.outputs import Choices, each, each_saved
from kerastrain.plots.pictures import plot_history
from kerastrain.training.saving import HISTORY, MODEL, REST, WEIGHTS, opened, replace

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes

    from kerastrain.checks import Finding

__all__ = ["TrainingRun", "load_run"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TrainingRun:
    """A trained model with everything that says how it was trained.

    Attributes:
        model: The Keras model, trained.
        history: A tidy table: a row for each epoch and split (`train`, `val`).
        loss: The loss and why it was chosen; a dict or list of them for several outputs; None
            where there are no labels and the model brings its own loss.
        findings: What `check` had to say of the set-up.
        best_epoch: The epoch (from 1) with the lowest validation loss; None without validation.
        kept_best: The model holds the weights of the best epoch (as `patience=` asks), not of
            the last.
        device: Where it was trained, such as `"cpu:0"`.
        seed: Decided the split, the order of rows and the random layers.
        interrupted: Somebody pressed Ctrl-C; the history ends there.
    """

    model: keras.Model
    history: pd.DataFrame
    loss: Choices | None
    findings: list[Finding]
    best_epoch: int | None
    kept_best: bool
    device: str
    seed: int
    interrupted: bool

    @property
    def classes(self) -> Any:
        """The user's class names in the order of the model's outputs; None for amounts."""
        return each(lambda choice: choice.labels.classes, self.loss)

    def predict(self, x: Any, *, batch_size: int = 256) -> Any:
        """Predict in the user's own labels.

        The plain Keras call, for probabilities, is `run.model.predict(x)`.

        Args:
            x: Inputs as in training.
            batch_size: Rows at a time.

        Returns:
            Class names or amounts, one for each row (for each step or pixel where the labels had
            them); a dict or list of those for several outputs.
        """
        y_pred = self.model.predict(as_arrays(x, "x"), batch_size=batch_size, verbose=0)
        return each(lambda choice, output: choice.decode(output), self.loss, y_pred)

    def evaluate(self, x: Any, y: Any, *, batch_size: int = 256) -> dict[str, float]:
        """Measure loss and metrics on other rows.

        The plain Keras call is `run.model.evaluate(x, encoded_y, return_dict=True)`.

        Args:
            x: Inputs as in training.
            y: The true labels, as the user writes them.
            batch_size: Rows at a time.

        Returns:
            The loss and each metric, by the name it has in the history.

        Raises:
            LabelError: y holds a class that training did not know.
        """
        y_true = each(lambda choice, part: choice.encode(part), self.loss, y)
        scores = self.model.evaluate(
            as_arrays(x, "x"), y_true, batch_size=batch_size, verbose=0, return_dict=True
        )
        return {name: float(value) for name, value in scores.items()}

    def plot(self) -> Axes:
        """Draw the loss over the epochs; under it the learning rate, where it changes.

        Returns:
            The axes of the loss.
        """
        return plot_history(self.history, best_epoch=self.best_epoch)

    def save(self, folder: str | Path) -> Path:
        """Write the run into a folder: `model.keras`, `history.csv`, `run.json`.

        An earlier run in the folder is replaced whole or not at all, whatever happens meanwhile;
        files that no run wrote stay as they are. Where the model has layers that Keras' safe mode
        does not load (Lambda, classes that are not registered), this says so and keeps the bare
        weights too, in `model.weights.h5`.

        Args:
            folder: Is made where it is missing; an earlier run in it is replaced.

        Returns:
            The folder.

        Raises:
            RunError: the folder cannot be written, the disk is full, Keras cannot save the model,
                or a file that no run wrote is in the way.
        """
        target = Path(folder)
        if target.suffix.lower() == ".keras":
            message = (
                f"A run is saved into a folder, but {str(folder)!r} is the name of a model file. "
                f"Pass {str(target.with_suffix(''))!r}, or save the model alone with "
                f"run.model.save({str(folder)!r})."
            )
            raise RunError(message)
        if target.exists() and not target.is_dir():
            message = (
                f"A run is saved into a folder, but {str(folder)!r} is a file. Pass another name."
            )
            raise RunError(message)
        unsafe: list[Exception] = []
        replace(target, lambda new: self._write(new, unsafe))
        for error in unsafe:
            message = (
                f"Keras does not load {MODEL} by itself: {_first_line(error)} Load it with "
                f"load_run({str(folder)!r}, custom_objects={{...}}), or build the model in code "
                f"and call model.load_weights({str(target / WEIGHTS)!r}): the weights are there."
            )
            warnings.warn(message, KerastrainWarning, stacklevel=2)
        return target

    def _write(self, folder: Path, unsafe: list[Exception]) -> dict[str, Any]:
        """Write the files into an empty folder; return what goes into `run.json`."""
        import keras

        try:
            self.model.save(folder / MODEL)
        except OSError:
            raise
        except Exception as error:  # whatever a layer's own code raises while it is written
            message = (
                f"Keras must be able to save the model, but it says: {_first_line(error)} "
                "Give your own layers a get_config(), or save the weights alone with "
                "run.model.save_weights('model.weights.h5')."
            )
            raise RunError(message) from error
        try:
            keras.saving.load_model(folder / MODEL, compile=False)
        except Exception as error:  # whatever a layer's own code raises while it is rebuilt
            unsafe.append(error)
            self.model.save_weights(folder / WEIGHTS)
        self.history.to_csv(folder / HISTORY, index=False)
        return self._rest()

    def _rest(self) -> dict[str, Any]:
        names = ("kerastrain", "keras", "tensorflow", "numpy", "pandas")
        return {
            "loss": each(dataclasses.asdict, self.loss),
            "findings": [dataclasses.asdict(finding) for finding in self.findings],
            "best_epoch": self.best_epoch,
            "kept_best": self.kept_best,
            "device": self.device,
            "seed": self.seed,
            "interrupted": self.interrupted,
            "history": dict(self.history.attrs),
            "versions": {"python": platform.python_version()} | {n: _version(n) for n in names},
        }

    def __repr__(self) -> str:
        """Tell the run in a few words."""
        last = self.history.iloc[-1] if len(self.history) else None
        epochs = 0 if last is None else int(last["epoch"])
        words = [f"{epochs} epochs on {self.device}, seed {self.seed}"]
        if self.interrupted:
            words.append("interrupted")
        if last is not None:
            split = "validation" if last["split"] == "val" else "training"
            words.append(f"{split} loss {last['loss']:.4g} at the end")
        if self.best_epoch is not None:
            rows = self.history[self.history["split"] == "val"]
            best = float(rows.loc[rows["epoch"] == self.best_epoch, "loss"].iloc[0])
            kept = ", whose weights are kept" if self.kept_best else ""
            words.append(f"best epoch {self.best_epoch} ({best:.4g}){kept}")
        return f"TrainingRun({'; '.join(words)})"


def load_run(folder: str | Path, *, custom_objects: dict[str, Any] | None = None) -> TrainingRun:
    """Load a run that `TrainingRun.save` wrote.

    The model is loaded in Keras' safe mode: nothing in the file runs as code.

    Args:
        folder: Where the run was saved.
        custom_objects: Classes and functions of yours that the model uses, by name.

    Returns:
        A run that predicts in the user's labels and can be trained on.

    Raises:
        RunError: a file is missing, or Keras does not load the model.
    """
    import keras

    from kerastrain.checks import Finding

    with opened(Path(folder)) as (rest, files):
        try:
            table = pd.read_csv(files[HISTORY], dtype=str)  # Python reads floats to the last bit
            numbers = dict.fromkeys(table.columns.drop("split"), float) | {"epoch": int}
            history = table.astype(numbers)
            history.attrs = rest["history"]
            names = ("best_epoch", "kept_best", "device", "seed", "interrupted")
            fields = {name: rest[name] for name in names}
            fields["loss"] = each_saved(_choice_from_json, rest["loss"])
            fields["findings"] = [Finding(**finding) for finding in rest["findings"]]
        except Exception as error:  # a file that somebody wrote by hand may hold anything
            message = (
                f"{REST} and {HISTORY} must be as run.save() wrote them, but reading them gives "
                f"{error!r}. Save the run once more, or load the model alone with "
                f"keras.saving.load_model({str(files[MODEL])!r})."
            )
            raise RunError(message) from error
        try:
            model = keras.saving.load_model(files[MODEL], custom_objects=custom_objects)
        except Exception as error:  # whatever a layer's own code raises while it is rebuilt
            message = (
                f"Keras does not load {str(files[MODEL])!r}: {_first_line(error)} Pass your own "
                "classes and functions as custom_objects={'Name': Name}. For a Lambda layer, "
                "build the model in code and call "
                f"model.load_weights({str(Path(folder) / WEIGHTS)!r})."
            )
            raise RunError(message) from error
    return TrainingRun(model=model, history=history, **fields)


def _choice_from_json(saved: dict[str, Any]) -> LossChoice:
    labels = Labels(**{key: _tuples(value) for key, value in saved.pop("labels").items()})
    return LossChoice(labels=labels, **{key: _tuples(value) for key, value in saved.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _first_line(error: Exception) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0].rstrip(".") + "."


def _version(package: str) -> str | None:
    from importlib import metadata  # here, for it takes a third of the time to import kerastrain

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
