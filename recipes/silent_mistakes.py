"""Which mistakes does Keras train without a word, and what do they cost?

Keras raises when shapes cannot go together. It does not raise when they can and should not: a
missing softmax, ids into one sigmoid, labels in another order. The loss may even fall, and the
predictions are still wrong. Three marks are worth knowing: a loss that ends at ln 10 = 2.30 is that
of a network that gives each of ten classes the same probability; one that does not move learns
nothing; a cross-entropy below 0 has wrong labels. `kt.check` looks before the first step.

    python -m recipes.silent_mistakes --plot mistakes.png

Try next: set `EPOCHS = 24`. Training twice as long mends none of the six: the accuracy of each
stays below 0.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pandas as pd
from keras import layers

import kerastrain as kt

from .lesson import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SEED, EPOCHS = 0, 12
IDS, TWO = "sparse_categorical_crossentropy", "binary_crossentropy"
Changed = dict[str, Any]
# name: what is different from the right set-up
MISTAKES: dict[str, Changed] = {
    "no softmax": {"activation": "linear"},
    "relu instead of softmax": {"activation": "relu"},
    "ids into one sigmoid": {"units": 1, "activation": "sigmoid", "loss": TWO},
    "mse against a column of ids": {"loss": "mse", "y": lambda y: y[:, None]},
    "zero initial weights": {"initializer": "zeros"},
    "y in another order": {
        "x": pd.DataFrame,
        "y": lambda y: pd.Series(y).sample(frac=1.0, random_state=SEED),
    },
}


def build(units: int = 10, activation: str = "softmax", initializer: str = "glorot_uniform") -> Any:
    """Build the same small network each time, but for its end and its start."""
    keras.utils.set_random_seed(SEED)
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(32, "relu", kernel_initializer=initializer),
            layers.Dense(units, activation, kernel_initializer=initializer),
        ]
    )


def set_up(x: Any, y: Any, changed: Changed) -> tuple[Any, Any, Any]:
    """Make a compiled model and its data, right but for what is changed."""
    given_x, given_y = (changed.get(name, np.asarray)(a) for name, a in (("x", x), ("y", y)))
    names = ("units", "activation", "initializer")
    model = build(**{k: v for k, v in changed.items() if k in names})
    model.compile(kt.adam(0.01), changed.get("loss", IDS))
    return model, given_x, given_y


def measure(x: Any, y: Any, changed: Changed) -> Changed:
    """Ask `check`, then train all the same, with the steps of model.fit; count what is right."""
    model, given_x, given_y = set_up(x, y, changed)
    found = kt.check(model, given_x, given_y, loss=model.loss, epochs=EPOCHS)
    log = kt.fit(model, given_x, given_y, epochs=EPOCHS, seed=SEED)["loss"].to_list()
    predicted = keras.ops.convert_to_numpy(model(x))
    ids = predicted.argmax(axis=-1) if predicted.shape[-1] > 1 else np.round(predicted[:, 0])
    said = f"{found[0].message} {found[0].fix}" if found else "nothing"
    return {
        "first_loss": log[0],
        "last_loss": log[-1],
        "accuracy": float(np.mean(ids == y)),
        "rule": found[0].rule if found else "",
        "check": said,
    }


def digits() -> tuple[Any, Any]:
    """Load small images of digits, each point from 0 to 1, and which digit each is."""
    data = kt.load_dataset("digits")
    return (data.x / 16).astype("float32"), data.y.astype(int)


def run() -> pd.DataFrame:
    """Train the right set-up and six wrong ones on the digits: one row each."""
    x, y = digits()
    cases: dict[str, Changed] = {"right": {}, **MISTAKES}
    return pd.DataFrame({"set_up": name, **measure(x, y, c)} for name, c in cases.items())


def loss_falls(table: pd.DataFrame) -> pd.Series[bool]:
    """Tell where the loss of the last epoch lies at least 1 % below that of the first."""
    return table["first_loss"] - table["last_loss"] > 0.01 * table["first_loss"].abs()


def ends_at_ln_10(table: pd.DataFrame) -> pd.Series[bool]:
    """Tell where the loss ends as that of a network that knows nothing of ten classes."""
    return (table["last_loss"] - np.log(10)).abs() < 0.01


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the first and the last loss of each set-up, and its accuracy."""
    numbers = {name: [f"{v:,.2f}" for v in table[name]] for name in ("first_loss", "last_loss")}
    shown = table[["set_up"]].assign(**numbers, accuracy=table["accuracy"].round(2))
    return shown.assign(falls=np.where(loss_falls(table), "yes", "no"))


def report(table: pd.DataFrame) -> str:
    """Say what each mistake costs, and what `check` says of it."""
    right, wrong = table.iloc[0], table.iloc[1:]
    falls, blind = loss_falls(wrong), ends_at_ln_10(wrong)
    lines = [f"{row.set_up}: {row.check}" for row in wrong.itertuples()]
    lines = ["What check says:", *lines]
    lines += [
        f"The loss falls in {falls.sum()} of {len(wrong)}. It ends at ln 10 = {np.log(10):.2f}, as "
        f"if nothing were known, in {blind.sum()}: {', '.join(wrong.loc[blind, 'set_up'])}."
    ]
    found = int((wrong["rule"] != "").sum())
    lines += [
        f"Keras trains all {len(wrong)} without a word, to an accuracy between "
        f"{wrong['accuracy'].min():.2f} and {wrong['accuracy'].max():.2f} instead of "
        f"{right['accuracy']:.2f}; check names {found} of {len(wrong)} before the first step."
    ]
    return "\n".join(lines)


def plot(table: pd.DataFrame) -> Axes:
    """Draw the accuracy of each set-up as a bar, with what was wrong beside it."""
    ax = kt.plots.new_axes(height=3.6)[0]
    rows = table.iloc[::-1]
    colours = [
        kt.plots.COLORS[0] if name == "right" else kt.plots.COLORS[1] for name in rows["set_up"]
    ]
    ax.barh(rows["set_up"], rows["accuracy"], color=colours)
    for place, value in enumerate(rows["accuracy"]):
        ax.text(value + 0.01, place, f"{value:.2f}", va="center")
    ax.set_xlim(0, 1.1)
    ax.set_xlabel("accuracy on the digits (share of rows, higher is better)")
    return ax


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
