"""From where does a training set out?  Anew, from the end of a run, or from a checkpoint."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastrain.arrays.sources import is_data_set, read_data
from kerastrain.errors import KerastrainWarning, OptimizerError, RunError
from kerastrain.loop.history import as_array
from kerastrain.losses.outputs import each
from kerastrain.losses.preparation import Rows
from kerastrain.losses.resolve import Plan, is_auto, read_with, resolve
from kerastrain.models.copies import layers_of
from kerastrain.training.fingerprints import differences, fingerprint, model_fingerprint, plain
from kerastrain.training.resuming import CHECKPOINT, TrainingState, load_state, put_back
from kerastrain.training.runs import TrainingRun
from kerastrain.training.saving import saying
from kerastrain.training.settings import TrainSettings

if TYPE_CHECKING:
    import keras

__all__ = ["Beginning"]

_CARRIED = ("batch_size", "patience", "schedule", "shuffle", "seed")
_DATA = ("x", "y", "sample_weight", "validation_data")


@dataclasses.dataclass
class Beginning:
    """Hold from where a training sets out.

    Args:
        run: The run that goes on; None for a training anew.
        folder: Of the checkpoint; None without.

    Attributes:
        end: The state at the end of the run.
        saved: The state in the checkpoint, if there is one already.
        file: Of the checkpoint.
        planned: The epoch with which the schedule ends.
        fresh_optimizer: The optimizer of the run does not go on.
        anew: What starts anew without being asked, in words.

    Raises:
        RunError: the run cannot go on, or the checkpoint is damaged.
    """

    run: TrainingRun | None
    folder: str | Path | None
    end: TrainingState | None = None
    saved: TrainingState | None = None
    file: Path | None = None
    planned: int = 0
    fresh_optimizer: bool = False
    anew: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        if self.run is not None:
            self.end = self.run.state
            if self.end is None:
                message = (
                    "A run goes on from the state at its end, but this one has none. Pass its "
                    "model: train(run.model, x, y)."
                )
                raise RunError(message)
        if self.folder is not None:
            self.file = Path(self.folder) / CHECKPOINT
            with saying(Path(self.folder)):
                Path(self.folder).mkdir(parents=True, exist_ok=True)
            self.saved = load_state(self.file) if self.file.is_file() else None

    @property
    def first(self) -> int:
        """The number of epochs before this training."""
        return 0 if self.end is None else self.end.epoch

    def settings(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take settings that were left out from the run, and a seed from the checkpoint."""
        values = dict(given)
        if self.end is not None:
            known, usual = self.end.known, TrainSettings()
            names = [name for name in _CARRIED if given[name] == getattr(usual, name)]
            if given["validation_data"] is None and not given["validation_split"]:
                names.append("validation_split")
            values |= {name: known[name] for name in names}
            if given["class_weight"] is None and isinstance(known["class_weight"], list):
                values["class_weight"] = dict(known["class_weight"])
            # That the model was trained before, which check would say, is meant here.
            silence = given["silence"]
            values["silence"] = [
                *([silence] if isinstance(silence, str) else silence),
                "trained-before",
            ]
        if self.saved is not None and given["seed"] is None:
            values["seed"] = self.saved.known["seed"]
        return values

    def plan(self, model: Any, x: Any, y: Any, **named: Any) -> tuple[keras.Model, Plan]:
        """Read the labels, as the run did if there is one; give the model and its plan."""
        if self.run is None:
            return read_with(model, x, y, **named)
        if not is_auto(named["loss"]):
            return self.run.model, resolve(self.run.model, x, y, **named)
        plan = Plan(self.run.loss, self.run.model.loss)
        if not is_data_set(x):
            plan = dataclasses.replace(plan, y=plan.encode(y))
        return self.run.model, plan

    def course(self, asked: TrainSettings, steps: int, optimizer: Any) -> tuple[Any, Any, float]:
        """Say which optimizer, schedule and warm-up are to be set; None for those that stay.

        A schedule covers the epochs that it was made for. Within them it goes on; after them it
        starts anew, and the optimizer too.
        """
        self.planned = self.first + asked.epochs
        self.fresh_optimizer = optimizer is not None
        anew = optimizer, asked.schedule, asked.warmup_epochs
        if self.end is None or self.fresh_optimizer or not any(anew):
            return anew
        known = self.end.known
        same = asked.schedule == known["schedule"] and not asked.warmup_epochs
        if same and self.planned <= known["planned"] and steps == known["steps"]:
            self.planned = known["planned"]
            return None, None, 0
        assert self.run is not None
        self.fresh_optimizer, self.anew = True, ["the optimizer with its schedule"]
        return type(self.run.model.optimizer).from_config(known["constant"]), *anew[1:]

    def describe(
        self, model: keras.Model, plan: Plan, asked: TrainSettings, optimizer: Any, **others: Any
    ) -> dict[str, Any]:
        """Write down how a training is set up, and refuse the checkpoint of another one."""
        weights = asked.class_weight
        names = (*_CARRIED, "validation_split", "warmup_epochs", "task", "robust")
        known: dict[str, Any] = {name: getattr(asked, name) for name in names}
        known |= {
            "epochs": self.first + asked.epochs,
            "planned": self.planned,
            "class_weight": list(weights.items()) if isinstance(weights, dict) else weights,
            "sample_weight": fingerprint(asked.sample_weight),
            "model": model_fingerprint(model),
            "classes": each(lambda choice: choice.labels.classes, plan.choice),
            "loss": plan.loss,
            "optimizer": model.optimizer if optimizer is None else optimizer,
        }
        known = plain(known | others)
        if self.end is not None and not self.fresh_optimizer:
            known["constant"] = self.end.known["constant"]
        if self.saved is not None:
            self._compare(self.saved, known)
        return known

    def _compare(self, saved: TrainingState, known: dict[str, Any]) -> None:
        longer = saved.epoch <= known["epochs"] and not known["schedule"]
        left_out = {"constant", "planned", "rate"} | ({"epochs"} if longer else set())
        found = differences(
            {name: value for name, value in saved.known.items() if name not in left_out},
            {name: value for name, value in known.items() if name not in left_out},
        )
        if found:
            message = (
                f"A checkpoint is of one training, but for the one in {str(self.folder)!r} "
                f"{'; '.join(found)}. Train as before, or pass another folder as checkpoint=."
            )
            raise RunError(message)

    def set_out(self, model: keras.Model, x: Any, known: dict[str, Any]) -> TrainingState | None:
        """Give the compiled model the state to set out from, and say what starts anew."""
        if self.file is not None or self.end is not None:
            _make_weights(model, x)
        if self.file is not None:
            from keras.optimizers import Optimizer

            parts = [part for part in vars(model).values() if isinstance(part, Optimizer)]
            others = [part for part in parts if part is not model.optimizer]
            if others:
                message = (
                    "A checkpoint keeps one optimizer, the one that the model is compiled with, "
                    f"but {model.name!r} has {len(others)} more. Leave checkpoint= out."
                )
                raise RunError(message)
        if self.saved is not None:
            put_back(model, self.saved)
            return self.saved
        if self.end is None:
            _refuse_ended_schedule(model)
            return None
        end = dataclasses.replace(self.end, stopped=False)
        changed = [name for name in _DATA if end.known[name] != known[name]]
        if changed and end.stopping:
            end = dataclasses.replace(end, stopping={}, best=[])
            self.anew.append("early stopping")
        elif self.end.stopped and end.stopping:
            end = dataclasses.replace(end, stopping=end.stopping | {"wait": 0})
            self.anew.append("the count of epochs without improvement")
        if changed and known["validation_split"]:
            self.anew.append("the split into training and validation rows")
        put_back(model, end, optimizer=not self.fresh_optimizer)
        _refuse_ended_schedule(model)
        if self.anew:
            why = f", as {' and '.join(changed)} changed" if changed else ""
            message = (
                f"The training goes on after epoch {end.epoch}, but this starts anew{why}: "
                f"{' and '.join(self.anew)}."
            )
            warnings.warn(message, KerastrainWarning, stacklevel=3)
        return end


def _make_weights(model: keras.Model, x: Any) -> None:
    """Build a model that waits for data, so that there is something to save and to put back."""
    if all(layer.built for layer in (model, *layers_of(model))):
        return
    batch = read_data(x).x if is_data_set(x) else Rows(x).take([0]).x
    if batch is not None:
        model(batch)


def _refuse_ended_schedule(model: keras.Model) -> None:
    """Refuse to train at a rate of 0, where the schedule of a compiled optimizer has ended."""
    schedule = model.optimizer.get_config().get("learning_rate")
    steps = int(as_array(model.optimizer.iterations))
    if steps and isinstance(schedule, Mapping) and not as_array(model.optimizer.learning_rate):
        message = (
            f"The learning rate must be above 0, but the {schedule['class_name']} of the model's "
            f"optimizer has ended after {steps} steps, at 0. Pass a fresh optimizer=adam(), or go "
            "on with the run instead of its model: train(run, x, y)."
        )
        raise OptimizerError(message)
