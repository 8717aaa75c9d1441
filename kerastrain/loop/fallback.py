"""Train through `model.fit`, with kerastrain's own order of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerastrain.arrays.containers import Selection
from kerastrain.loop.packing import Rows, row_order

if TYPE_CHECKING:
    import keras

__all__ = ["train_by_keras"]


def train_by_keras(
    model: keras.Model,
    x: Any,
    y: Any,
    data: tuple[Rows, Rows | None] | str,
    arguments: dict[str, Any],
    hooks: list[keras.callbacks.Callback] | keras.callbacks.CallbackList,
    *,
    seed: int,
) -> None:
    """Call `model.fit`.

    Args:
        model: The compiled model.
        x: Inputs, as the user gave them.
        y: Targets, likewise.
        data: The rows laid out, so that they come in the same order as in the fast loop; or, where
            they are no arrays, a text. Keras then orders them, or tells what is wrong with them.
        arguments: What else `model.fit` gets.
        hooks: All callbacks.
        seed: Decides the order of rows.
    """
    own_order = arguments["shuffle"] and not arguments["steps_per_epoch"]
    import keras

    if isinstance(data, str) or not own_order:
        whole = {**arguments, "x": x, "y": y}
        for name in ("x", "validation_data"):
            whole[name] = keras.tree.map_structure(_copied, whole[name])
        model.fit(callbacks=hooks, verbose=0, **whole)
        return
    rows, val_rows = data
    batches = _batches_in_order(rows, arguments["shuffle"], seed)
    # Keras asks for the first batch of an epoch after this hook.
    turn = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.begin(epoch))
    if isinstance(hooks, keras.callbacks.CallbackList):
        hooks.callbacks.append(turn)
    else:
        hooks = [*hooks, turn]
    kept = ("epochs", "initial_epoch", "validation_steps", "validation_freq")
    model.fit(
        batches,
        shuffle=False,
        callbacks=hooks,
        verbose=0,
        validation_data=None
        if val_rows is None
        else _unflatten(val_rows, [_copied(leaf) for leaf in val_rows.leaves]),
        validation_batch_size=None if val_rows is None else val_rows.batch_size,
        **{name: arguments[name] for name in kept},
    )


def _copied(part: Any) -> Any:
    return part[:] if isinstance(part, Selection) else part  # Keras knows no selections


def _unflatten(rows: Rows, leaves: Any) -> Any:
    from keras import tree

    data = tree.map_structure(lambda place: leaves[place], rows.structure)
    return data if isinstance(data, tuple) else (data,)


def _batches_in_order(rows: Rows, shuffle: bool | str, seed: int) -> Any:
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        """Give the batches of one pass after the other."""

        def __init__(self) -> None:
            super().__init__()
            self.begin(0)

        def begin(self, turn: int) -> None:
            self.order = row_order(
                rows.count, rows.batch_size, shuffle=shuffle, seed=seed, turn=turn
            )

        def __len__(self) -> int:
            return rows.batches

        def __getitem__(self, step: int) -> Any:
            chosen = self.order[step * rows.batch_size : (step + 1) * rows.batch_size]
            return _unflatten(rows, rows.take(chosen))

    return Batches()
