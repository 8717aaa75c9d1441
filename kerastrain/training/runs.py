"""What came out of a training?  The model, its history, and how both were made.

A saved run is a folder of files that other tools open too: `model.keras` (Keras), `history.csv`
(pandas, a spreadsheet), `run.json` (the rest) and `state.npz` (NumPy; what the training needs to go
on). No file is a pickle, so loading one runs no code that it brings.
"""

from __future__ import annotations

import dataclasses
import platform
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kerastrain.arrays.inputs import Inputs, saved_inputs
from kerastrain.checks.verdict import VERDICTS
from kerastrain.errors import KerastrainWarning, RunError
from kerastrain.labels.inspection import Labels
from kerastrain.losses.choice import LossChoice
from kerastrain.losses.outputs import Choices, each, each_saved
from kerastrain.plots.pictures import plot_history
from kerastrain.training.report import write_report
from kerastrain.training.resuming import TrainingState, load_state, save_state
from kerastrain.training.saving import HISTORY, MODEL, REST, STATE, WEIGHTS, opened, replace
from kerastrain.training.scores import (
    confusion,
    measures,
    named_probabilities,
    outputs_of,
    score_by_class,
)

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
        findings: What `check` had to say of the set-up, and what the history says.
        best_epoch: The epoch (from 1) with the lowest validation loss; None without validation.
        kept_best: The model holds the weights of the best epoch (as `patience=` asks), not of
            the last.
        device: Where it was trained, such as `"cpu:0"`.
        seed: Decided the split, the order of rows and the random layers.
        interrupted: Somebody pressed Ctrl-C; history and model end with the last whole epoch.
        baseline: What the best constant answer costs on the rows that were validated on, or else
            on the training rows; None where the loss is one of the user's own.
        inputs: What x looked like in training.
        state: What `train(run, ...)` needs to go on from here; None where nothing was trained.

    Examples:
        >>> import keras, kerastrain as kt
        >>> data = kt.load_dataset("iris")
        >>> build = lambda choice: keras.Sequential([keras.Input((4,)), *choice.last_layers()])
        >>> run = kt.train(build, data.x, data.y, epochs=2, seed=0)
        >>> run
        TrainingRun(2 epochs on ..., seed 0; training loss ... at the end)
        >>> round(run.baseline, 4), sorted(run.evaluate(data.x, data.y))
        (1.0986, ['accuracy', 'loss'])
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
    baseline: float | None = None
    inputs: Inputs | None = None
    state: TrainingState | None = None

    @property
    def classes(self) -> Any:
        """The user's class names in the order of the model's outputs; None for numeric targets."""
        return each(lambda choice: choice.labels.classes, self.loss)

    def predict(self, x: Any, *, batch_size: int = 256) -> Any:
        """Predict in the user's own labels.

        The plain Keras call, for probabilities, is `run.model.predict(x)`.

        Args:
            x: Inputs as in training: the same columns, by name in any order; or a data set.
            batch_size: Rows at a time.

        Returns:
            Class names or numbers, one for each row (for each step or pixel where the labels had
            them); a dict or list of those for several outputs.

        Raises:
            DataError: x differs from that in training; rows with NaN, which are named.
        """
        y_pred = outputs_of(self, x, batch_size)
        return each(lambda choice, output: choice.decode(output), self.loss, y_pred)

    def predict_probabilities(self, x: Any, *, batch_size: int = 256) -> Any:
        """Predict how likely each class is.

        Args:
            x: As in `predict`.
            batch_size: Rows at a time.

        Returns:
            A DataFrame with a row for each row of x and a column for each class, by its name; a
            dict or list of those for several outputs.

        Raises:
            DataError: as in `predict`; or the loss leads to no probabilities.
        """
        return named_probabilities(self, x, batch_size)

    def evaluate(self, x: Any, y: Any = None, *, batch_size: int = 256) -> dict[str, float]:
        """Measure loss and metrics on other rows.

        The plain Keras call is `run.model.evaluate(x, encoded_y, return_dict=True)`.

        Args:
            x: As in `predict`.
            y: The true labels, as the user writes them. Left out with a data set of (x, y).
            batch_size: Rows at a time.

        Returns:
            The loss and each metric, by the name it has in the history.

        Raises:
            DataError: as in `predict`; or there are no labels.
            LabelError: y holds a class that training did not know.
        """
        return measures(self, x, y, batch_size)

    def confusion(self, x: Any, y: Any = None, *, batch_size: int = 256) -> Any:
        """Set true against predicted.

        Args:
            x: As in `predict`.
            y: As in `evaluate`.
            batch_size: Rows at a time.

        Returns:
            For classes, how often each true class (rows) was predicted as each (columns); for
            several classes a row, the four counts of each class; for numbers, the quantiles of
            predicted - true. A dict or list of tables for several outputs.
        """
        return confusion(self, x, y, batch_size)

    def score_by_class(self, x: Any, y: Any = None, *, batch_size: int = 256) -> Any:
        """Measure precision, recall and their mean (F1) of each class.

        Args:
            x: As in `predict`.
            y: As in `evaluate`.
            batch_size: Rows at a time.

        Returns:
            A row for each class: `precision` (of the rows predicted so, the share that is right),
            `recall` (of the rows that are so, the share that was found), `f1`, `rows`; NaN where
            there are none.
        """
        return score_by_class(self, x, y, batch_size)

    def report(self, file: str | Path, x: Any = None, y: Any = None) -> Path:
        """Write what was chosen, found and measured into one HTML file, to hand in or to keep.

        Args:
            file: Such as `"run.html"`; an earlier one is replaced.
            x: Inputs to measure on, best a test set. Left out, nothing is measured.
            y: Their labels.

        Returns:
            The file.
        """
        return write_report(self, file, x, y)

    def plot(self) -> Axes:
        """Draw the loss over the epochs and the baseline; under it the rate, where it changes.

        What the verdict speaks of stands in the title, and from its epoch on where it has one.

        Returns:
            The axes of the loss.
        """
        names = {verdict.name for verdict in VERDICTS}
        told = {f.rule: re.search(r"epoch (\d+)", f.message) for f in self.findings
                if f.rule in names}  # fmt: skip
        return plot_history(
            self.history,
            best_epoch=self.best_epoch,
            baseline=self.baseline,
            title=", ".join(told),
            marks={rule: int(epoch[1]) for rule, epoch in told.items() if epoch},
        )

    def save(self, folder: str | Path) -> Path:
        """Write the run into a folder: `model.keras`, `history.csv`, `run.json`, `state.npz`.

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
            keras.saving.load_model(folder / MODEL)
        except Exception as error:  # whatever a layer's own code raises while it is rebuilt
            unsafe.append(error)
            self.model.save_weights(folder / WEIGHTS)
        self.history.to_csv(folder / HISTORY, index=False)
        if self.state is not None:
            save_state(folder / STATE, self.state)
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
            "baseline": self.baseline,
            "inputs": None if self.inputs is None else self.inputs.as_saved(),
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

    def __str__(self) -> str:
        """Tell in two lines how good it is against the baseline."""
        told = [f for f in self.findings if f.severity != "note"]
        after = f"1 finding: {told[0]}" if told else "Nothing needs mending."
        if len(told) > 1:
            after = f"{len(told)} findings (all in run.findings), the first: {told[0]}"
        losses = self.history.loc[self.history["split"] == self.history["split"].iloc[-1:].max()]
        if self.baseline is None or not len(losses):
            return f"{self!r}\n{after}"
        name = "validation" if losses["split"].iloc[0] == "val" else "training"
        loss = float(losses["loss"].min() if self.kept_best else losses["loss"].iloc[-1])
        better = "better" if loss < self.baseline else "no better"
        if not told and loss >= self.baseline:
            after = "Nothing was found that explains it: train for more epochs."
        return (
            f"The {name} loss is {loss:.4g}, {better} than the baseline of {self.baseline:.4g}, "
            f"which is what the best constant answer costs.\n{after}"
        )


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

    Examples:
        >>> import tempfile, keras, kerastrain as kt
        >>> data = kt.load_dataset("iris")
        >>> build = lambda choice: keras.Sequential([keras.Input((4,)), *choice.last_layers()])
        >>> run = kt.train(build, data.x, data.y, epochs=1)
        >>> folder = run.save(tempfile.mkdtemp() + "/iris")
        >>> kt.load_run(folder).classes
        ('setosa', 'versicolor', 'virginica')
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
            fields["baseline"] = rest.get("baseline")
            fields["inputs"] = saved_inputs(rest.get("inputs"))
            fields["loss"] = each_saved(_choice_from_json, rest["loss"])
            fields["findings"] = [Finding(**finding) for finding in rest["findings"]]
            fields["state"] = load_state(files[STATE]) if STATE in files else None
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
