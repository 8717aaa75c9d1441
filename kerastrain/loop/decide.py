"""Can the fast loop train this?  Where it cannot, `model.fit` does, and the history says why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastrain.loop.callbacks import acts_on_batches
from kerastrain.loop.packing import Rows, pack_rows, split_rows

if TYPE_CHECKING:
    import keras

__all__ = ["prepare", "who_replaced_fit", "why_not_here"]


def why_not_here(model: keras.Model, callbacks: list[Any]) -> str:
    """Say why the fast loop cannot train a model; empty where it can."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return f"the backend is {keras.backend.backend()}"
    import tensorflow as tf

    if not isinstance(model, keras.Model) or not model.compiled:
        return "the model is not compiled"
    if model.run_eagerly or tf.config.functions_run_eagerly():
        return "the model runs eagerly"
    if (
        tf.distribute.has_strategy()
        or model.distribute_strategy is not tf.distribute.get_strategy()
    ):
        return "a distribution strategy is set"
    if keras.distribution.distribution() is not None:
        return "a distribution is set"
    if keras.config.max_epochs() or keras.config.max_steps_per_epoch():
        return "keras.config limits epochs or steps"
    if other := who_replaced_fit():
        return f"{other} has replaced keras.Model.fit"
    for name in ("fit", "evaluate", "make_train_function", "make_test_function"):
        if getattr(type(model), name) is not getattr(keras.Model, name):
            return f"the model has its own {name}"
    acting = [type(callback).__name__ for callback in callbacks if acts_on_batches(callback)]
    return f"the callback {acting[0]} acts on batches" if acting else ""


def who_replaced_fit() -> str:
    """Name the package that put its own function in the place of `keras.Model.fit`; empty for none.

    That is how autologging works, as that of MLflow: it records only what goes through it.
    """
    import keras

    place = getattr(getattr(keras.Model.fit, "__code__", None), "co_filename", "")
    if Path(keras.__file__).parent in Path(place).parents:
        return ""
    parts = Path(place).parts
    inside = "site-packages" in parts
    return parts[parts.index("site-packages") + 1] if inside else "another package"


def prepare(x: Any, y: Any, arguments: dict[str, Any]) -> tuple[Rows, Rows | None] | str:
    """Lay out the data for the fast loop, or say why `model.fit` has to take them."""
    batch_size, steps = arguments["batch_size"], arguments["steps_per_epoch"]
    held_out, fraction = arguments["validation_data"], arguments["validation_split"]
    val_size = arguments["validation_batch_size"] or batch_size
    rows = pack_rows(
        x,
        y,
        arguments["sample_weight"],
        arguments["class_weight"],
        batch_size=batch_size,
        steps=None if fraction and held_out is None else steps,
    )
    if isinstance(rows, str):
        return rows
    if held_out is not None:
        if not isinstance(held_out, tuple | list) or not 1 <= len(held_out) <= 3:
            return f"validation_data is a {type(held_out).__name__}"
        val_rows = pack_rows(*held_out, batch_size=val_size, steps=arguments["validation_steps"])
        return val_rows if isinstance(val_rows, str) else (rows, val_rows)
    if fraction:
        if steps and not batch_size:
            return "validation_split with steps_per_epoch and without batch_size"
        # In Keras class weights count in training only, the user's own sample weights in both.
        plain = pack_rows(x, y, arguments["sample_weight"], batch_size=val_size)
        assert isinstance(plain, Rows)
        kept, held = split_rows(rows, fraction), split_rows(plain, fraction)
        if kept is None or held is None:
            return f"validation_split={fraction} leaves one part empty"
        return kept[0], held[1]
    return rows, None
