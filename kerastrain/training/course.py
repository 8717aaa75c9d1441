"""How is a model trained?  `train` chooses, checks, compiles, fits and tells.

The steps stand in `train` in their order; each is one small function below it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kerastrain.arrays.inputs import describe_inputs
from kerastrain.arrays.sources import is_data_set
from kerastrain.checks import check_plan, enforce
from kerastrain.checks.findings import Findings, Mode
from kerastrain.loop import TrainingInterrupted, fit
from kerastrain.loop.history import Recorder, tidy
from kerastrain.losses.classes import balanced_weights
from kerastrain.losses.preparation import Rows, class_ids, count_steps, hold_out, pair_rows
from kerastrain.losses.resolve import is_auto
from kerastrain.models.devices import strategy_of, use_device
from kerastrain.models.seeds import choose_seed, seed_model, seeded
from kerastrain.optimizers.builders import adam
from kerastrain.optimizers.range_test import rate_curve
from kerastrain.training.compiling import compile_settings, schedule_settings
from kerastrain.training.fingerprints import fingerprint
from kerastrain.training.going_on import Beginning
from kerastrain.training.resuming import Keeper
from kerastrain.training.runs import TrainingRun
from kerastrain.training.settings import TrainSettings, check_checkpoint
from kerastrain.training.telling import overlapping_windows, tell

if TYPE_CHECKING:
    import keras

__all__ = ["train"]

# What `optimizer="auto"` takes care of, before the rate that it finds is known.
REACHED = ("unscaled-targets", "learning-rate-low")
TAKEN_UP = "frozen-after-compile"  # a training makes its steps anew where layers were frozen


def train(
    model: keras.Model | Callable[[Any], keras.Model] | TrainingRun,
    x: Any,
    y: Any = None,
    *,
    loss: Any = "auto",
    optimizer: str | keras.optimizers.Optimizer | None = None,
    metrics: Any = "auto",
    epochs: int = 10,
    batch_size: int = 32,
    validation_split: float = 0.0,
    validation_data: Any = None,
    task: str | None = None,
    robust: bool = False,
    class_weight: dict[Any, float] | str | None = None,
    sample_weight: Any = None,
    callbacks: Any = (),
    patience: int | None = None,
    schedule: str | None = None,
    warmup_epochs: float = 0,
    shuffle: bool = True,
    seed: int | None = None,
    device: str = "auto",
    check: Mode = "error",
    silence: Sequence[str] = (),
    loop: str = "auto",
    verbose: str | int = "auto",
    checkpoint: str | Path | None = None,
    checkpoint_every: int | str = 1,
) -> TrainingRun:
    """Train a model on data, with the loss that the labels ask for.

    It trains the model that it is given, and goes on from its weights when called again. x, y and
    the weights stay as they are; so do the caller's random generators.

    Given a run, new or loaded, it trains the run's model `epochs` epochs further, with the run's
    settings where you leave them out. With the same data, 5 epochs and 5 more give the bits of 10.
    Where something has to start anew, a warning says what.

    The plain Keras calls, with `choice = choose_loss(y, model=model)`, are
    `model.compile(optimizer, choice.build_loss(), metrics=choice.build_metrics())` and
    `model.fit(x, choice.encode(y))`.

    Args:
        model: A Keras model; or a function that gets the choice of the loss and builds one from
            its `units` and `activation`, so that `seed` decides the initial weights too; or a run
            to go on with.
        x: Inputs with one row for each example: an array, DataFrame or memmap, a dict or list of
            arrays; or a `tf.data.Dataset` or `keras.utils.PyDataset` that yields (x, y).
        y: Labels in any form that `inspect_labels` reads. Left out with a data set.
        loss: A Keras name, function or object; a dict or list of those for several outputs. It gets
            the labels as they are, as in `model.fit`. Or what `choose_loss` returned. Left out, the
            loss that the model was compiled with, or else the one that fits the labels; names and
            numbers of any form are then encoded for it.
        optimizer: A Keras optimizer, or `"sgd"`, `"adam"` or another name; or `"auto"` for Adam
            with the rate that `find_learning_rate` suggests (the history's `attrs` say why). Left
            out, the one that the model was compiled with, or else `adam()`.
        metrics: As `compile` takes them. Left out, those that the model was compiled with, or
            else those that fit the labels.
        epochs: How many times to go through the rows.
        batch_size: Rows in one step.
        validation_split: Share of the rows to validate on, in [0, 1), drawn at random with the same
            share of each class. Keras' own takes the last rows.
        validation_data: `(x, y)`, `(x, y, sample_weight)` or a data set to validate on instead.
        task: Decides how the labels are read, see `inspect_labels`. Left out, their look decides.
        robust: For numeric targets: a loss that is robust to outliers.
        class_weight: Weight of each class, by the user's own class name; or `"balanced"`, so that
            each class counts as much as another.
        sample_weight: Weight of each row, shape `(n,)`.
        callbacks: Keras callbacks.
        patience: Stop when the validation loss has not fallen for so many epochs, and keep the
            weights of the best epoch, also when training runs to its end. Left out, neither.
        schedule: `"cosine"`, `"exponential"` or `"step"`: how the learning rate falls over these
            epochs. Left out, as the optimizer says.
        warmup_epochs: Epochs in which the learning rate first rises evenly from 0.
        shuffle: Give the rows a fresh order each epoch, drawn from `seed`.
        seed: Decides the split, the order of rows and the model's random layers, and with a
            function `model` the initial weights. Left out, a fresh one, kept in the run.
            It does not reach what a function `model` draws from `tf.random`, or from `keras.random`
            without a seed, nor the order in which threads of a data set draw.
        device: `"cpu"`, `"gpu"`, or `"auto"` for the best there is.
        check: `"error"` refuses a set-up that cannot learn, `"warn"` only warns, `"off"` does not
            look.
        silence: Names of checks to leave out.
        loop: How the steps are run, see `fit`. Left out, the fastest way that fits.
        verbose: 0 for silence, 1 for one line of progress. Left out, the line on a terminal and in
            a notebook only.
        checkpoint: A folder in which the state of the training is saved. Called again with the same
            folder, data and settings, also after a kill, `train` goes on from there to the same
            bits; when all epochs are done, it returns the finished run.
        checkpoint_every: Epochs between two saves, or seconds, such as `"30 s"`.

    Returns:
        The run: model, history, loss and what else was decided.

    Raises:
        LabelError: the labels cannot be read.
        LossError: no loss of that name, or none for these labels.
        OptimizerError: no such optimizer, or a setting with which no training can work.
        DataError: inputs, labels and weights do not go together.
        CheckError: the set-up certainly cannot learn; every reason is in it, with its fix.
        DeviceError: this machine has no such device.
        RunError: the checkpoint is of another training, or cannot be written.

    Examples:
        >>> import keras, kerastrain as kt
        >>> data = kt.load_dataset("iris")
        >>> def build_model(choice):
        ...     hidden = keras.layers.Dense(16, activation="relu")
        ...     return keras.Sequential([keras.Input((4,)), hidden, *choice.last_layers()])
        >>> run = kt.train(build_model, data.x, data.y, epochs=3, validation_split=0.2, seed=0)
        >>> run.loss.loss, len(run.history), run.predict(data.x[:2]).shape
        ('sparse_categorical_crossentropy', 6, (2,))
    """
    arguments = locals()
    import keras

    check_checkpoint(checkpoint, checkpoint_every)
    begin = Beginning(model if isinstance(model, TrainingRun) else None, checkpoint)
    given = {part.name: arguments[part.name] for part in dataclasses.fields(TrainSettings)}
    asked = TrainSettings(**begin.settings(given))
    asked.refuse_data(x)
    seed = choose_seed(asked.seed)
    with use_device(device) as device, seeded(seed):
        model, plan = begin.plan(model, x, y, loss=loss, task=task, robust=robust)
        rows = pair_rows(x, y, plan.y, asked.sample_weight)
        windows = overlapping_windows(rows.x, asked.validation_split, asked.silence)
        prints = {"x": fingerprint(rows.x), "y": fingerprint(rows.y)}
        rows, validation = hold_out(rows, asked.validation_split, asked.validation_data, plan, seed)
        given_data = validation if asked.validation_data is not None else None
        prints["validation_data"] = fingerprint(given_data and given_data.as_tuple())
        steps = count_steps(rows, asked.batch_size, asked.schedule or asked.warmup_epochs)
        optimizer, schedule, warmup_epochs = begin.course(asked, steps, optimizer)
        with strategy_of(model):
            settings = compile_settings(
                model, plan, loss, "adam" if is_auto(optimizer) else optimizer, metrics
            )
        constant = (settings["optimizer"] if settings else model.optimizer).get_config()
        course = (schedule, steps, asked.epochs, warmup_epochs)
        settings |= schedule_settings(model, settings, *course)
        known = begin.describe(
            model,
            plan,
            dataclasses.replace(asked, seed=seed),
            optimizer if is_auto(optimizer) else settings.get("optimizer"),
            constant=constant,
            steps=steps,
            metrics=metrics,
            **prints,
        )
        stopping = _early_stopping(asked.patience)
        fit_settings: dict[str, Any] = {
            "epochs": begin.first + asked.epochs,
            "batch_size": asked.batch_size,
            "validation_data": None if validation is None else validation.as_tuple(),
            "class_weight": balanced_weights(plan.choice, rows.y)
            if isinstance(asked.class_weight, str)
            else class_ids(asked.class_weight, plan.choice),
            "sample_weight": rows.weight,
            "callbacks": [*asked.callbacks, *stopping],
        }
        checked = {**settings, **fit_settings, "shuffle": asked.shuffle}
        quiet = (*asked.silence, TAKEN_UP, *(REACHED if is_auto(optimizer) else ()))
        findings = Findings()
        if asked.check != "off":
            findings += check_plan(model, rows.x, plan, rows.y, checked, quiet, x)
            enforce(findings, asked.check, stacklevel=2)  # the line of the user, who called train
            enforce(windows, "warn", stacklevel=2)
        chosen: dict[str, str] = {}
        if settings:
            with strategy_of(model):
                model.compile(**settings)
        if is_auto(optimizer):
            sizes: dict[str, Any] = {
                "epochs": asked.epochs,
                "batch_size": asked.batch_size,
                "seed": seed,
            }
            known["rate"] = begin.saved.known["rate"] if begin.saved is not None else None
            if known["rate"] is None:
                curve = rate_curve(model, rows.x, rows.y, sample_weight=rows.weight, **sizes)
                known["rate"] = curve.suggestion, f"adam({curve.suggestion:.3g}): {curve.rule}"
            chosen = {"optimizer": known["rate"][1]}
            with strategy_of(model):
                settings["optimizer"] = adam(known["rate"][0])
                model.compile(**settings | schedule_settings(model, settings, *course))
        start = begin.set_out(model, rows.x, known)
        if start is None:
            seed_model(model, seed)
        recorder = Recorder()
        keeper = Keeper(
            model,
            recorder.records,
            known,
            stopping=next(iter(stopping), None),
            start=start,
            file=begin.file,
            every=checkpoint_every,
        )
        fit_settings["callbacks"] = [
            recorder.callback(model),
            *fit_settings["callbacks"],
            keras.callbacks.TerminateOnNaN(),
            keeper.callback(),
        ]
        fit_settings |= keeper.epochs()
        attrs, stop = _fit(
            model,
            rows,
            keeper,
            **fit_settings,
            shuffle=asked.shuffle,
            seed=seed,
            loop=asked.loop,
            verbose=verbose,
        )
        if stop is not None:
            keeper.rewind()
        # also after an interruption, of which Keras' callback hears nothing
        kept = [stopper.best_weights for stopper in stopping if stopper.best_weights is not None]
        for weights in kept:
            model.set_weights(weights)
        attrs |= {"device": device, "seed": seed, **chosen}
        history = tidy(recorder.records, **attrs)
        baseline, verdict = tell(
            model,
            history,
            plan.choice,
            rows,
            validation,
            epochs=begin.first + asked.epochs,
            batch_size=asked.batch_size,
            patience=asked.patience,
            kept_best=bool(kept),
            weighted=fit_settings["class_weight"] is not None,
            silence=asked.silence,
        )
    enforce([finding for finding in verdict if finding.rule == "diverged"], "warn", stacklevel=2)
    run = TrainingRun(
        model=model,
        history=history,
        loss=plan.choice,
        findings=Findings([*findings, *windows, *verdict]),
        best_epoch=_best_epoch(history),
        kept_best=bool(kept),
        device=device,
        seed=seed,
        interrupted=stop is not None,
        baseline=baseline,
        inputs=describe_inputs(x),
        state=keeper.state,
    )
    if stop is not None and not isinstance(stop, KeyboardInterrupt):
        _tell(stop, run)
        raise stop
    return run


def _early_stopping(patience: int | None) -> list[Any]:
    from keras.callbacks import EarlyStopping

    if patience is None:
        return []
    return [EarlyStopping("val_loss", patience=patience, mode="min", restore_best_weights=True)]


def _fit(
    model: keras.Model, rows: Rows, keeper: Keeper, **settings: Any
) -> tuple[dict[Any, Any], BaseException | None]:
    """Run the training loop; give what its history says of it, and what ended it too early."""
    if settings["initial_epoch"] == settings["epochs"]:
        keeper.finish()
        return {"loop": "none: the checkpoint holds all epochs"}, None
    if is_data_set(rows.x):
        settings["batch_size"] = None
    try:
        return fit(model, rows.x, rows.y, **settings).attrs, None
    except TrainingInterrupted as stop:
        return stop.history.attrs, stop
    except BaseException as stop:
        return {}, stop


def _tell(stop: BaseException, run: TrainingRun) -> None:
    """Say what an error, such as one in a user's callback, has left of the training."""
    if len(run.history):
        stop.run = run  # type: ignore[attr-defined]
        stop.add_note(
            f"Training stopped, and what it learned until then is kept: {run!r} is this error's "
            "attribute run. To go on: train(error.run, x, y)."
        )


def _best_epoch(history: pd.DataFrame) -> int | None:
    rows = history[(history["split"] == "val") & history["loss"].notna()]
    return int(rows["epoch"].iloc[int(rows["loss"].argmin())]) if len(rows) else None
