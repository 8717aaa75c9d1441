"""Right in 92 of 100 cases, and good for nothing: what does accuracy not say?

Where one class is rare, always answering the other one is nearly always right. The confusion
matrix counts the four cases: sick and found, sick and missed, healthy and alarmed, healthy and
left in peace. Recall is the share of the sick that are found, precision the share of the alarms
that are right; a lower threshold finds more and alarms more. The AUC needs no threshold: it is
the share of all pairs, one sick and one healthy, in which the sick one has the higher probability.

    python -m recipes.accuracy_is_not_all --plot accuracy.png

Try next: set `SIGN = "edema"`. It is twice as common, so that saying "no" to everyone is right less
often; a trained network still finds less than half of them, and class weights find more.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

import kerastrain as kt

from .lesson import show

SIGN = "ascites"  # fluid in the belly: 23 of 306 patients with a liver disease show it
FOLDS = 2
EPOCHS = 60
THRESHOLDS = np.round(np.linspace(0.02, 0.98, 49), 2)
SEED = 0


def confusion(sick: NDArray[np.bool_], alarm: NDArray[np.bool_]) -> dict[str, int]:
    """Count the four cases of the confusion matrix."""
    return {
        "found": int((sick & alarm).sum()),  # true positives
        "missed": int((sick & ~alarm).sum()),  # false negatives
        "false_alarms": int((~sick & alarm).sum()),  # false positives
        "in_peace": int((~sick & ~alarm).sum()),  # true negatives
    }


def measure(sick: NDArray[np.bool_], probability: Any, threshold: float) -> dict[str, float]:
    """Work out accuracy, precision and recall at a threshold, and the AUC over all of them."""
    counts: dict[str, float] = dict(confusion(sick, probability >= threshold))
    found, alarms = counts["found"], counts["found"] + counts["false_alarms"]
    pairs = probability[sick][:, None] - probability[~sick]
    return counts | {
        "accuracy": (found + counts["in_peace"]) / len(sick),
        "precision": found / alarms if alarms else np.nan,
        "recall": found / sick.sum(),
        "auc": float(np.mean((pairs > 0) + 0.5 * (pairs == 0))),
    }


def predict_unseen(x: Any, sick: NDArray[np.bool_], weighted: bool = False) -> NDArray[np.float64]:
    """Predict each patient with a model that was trained on the others (cross-validation)."""
    fold = np.random.default_rng(SEED).permutation(len(x)) % FOLDS
    probability = np.zeros(len(x))
    for part in range(FOLDS):
        rows, y = x[fold != part], sick[fold != part].astype(int)

        def build_model(choice: kt.LossChoice, rows: Any = rows) -> keras.Model:
            scaling = keras.layers.Normalization()
            scaling.adapt(rows)
            return keras.Sequential([scaling, keras.layers.Dense(choice.units, choice.activation)])

        # Each class gets the same weight in all, so that a rare row counts for more.
        weights = {0: 0.5 / (1 - y.mean()), 1: 0.5 / y.mean()} if weighted else None
        settings: dict[str, Any] = {"epochs": EPOCHS, "optimizer": kt.adam(0.01), "seed": SEED}
        settings |= {"class_weight": weights, "check": "off", "verbose": 0}
        model = kt.train(build_model, rows, y, **settings).model
        probability[fold == part] = np.asarray(model(x[fold == part]))[:, 0]
    return probability


def run() -> pd.DataFrame:
    """Look for a rare sign in three ways, and for tumours at many thresholds."""
    liver = kt.load_dataset("liver")
    sick = liver.y[:, liver.target_names.index(SIGN)] == 1
    ways = {
        "say 'no' to everyone": np.zeros(len(sick)),
        "trained": predict_unseen(liver.x, sick),
        "trained with class weights": predict_unseen(liver.x, sick, weighted=True),
    }
    rows = [
        {"data": "liver", "way": way, "threshold": 0.5} | measure(sick, probability, 0.5)
        for way, probability in ways.items()
    ]
    tumours = kt.load_dataset("breast_cancer")
    malignant = tumours.y == "malignant"
    probability = predict_unseen(tumours.x, malignant)
    for threshold in THRESHOLDS:
        measured = measure(malignant, probability, threshold)
        rows.append({"data": "breast_cancer", "way": "trained", "threshold": threshold} | measured)
    return pd.DataFrame(rows)


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """Show the three ways to look for the rare sign."""
    columns = ["way", "found", "missed", "false_alarms", "accuracy", "recall", "auc"]
    return table.loc[table["data"] == "liver", columns].round(2)


def report(table: pd.DataFrame) -> str:
    """Say what accuracy hides, and what the threshold trades."""
    liver = table[table["data"] == "liver"].set_index("way")
    no, plain, weighted = (row for _, row in liver.iterrows())
    tumours = table[table["data"] == "breast_cancer"].set_index("threshold")
    low, middle = tumours.loc[0.1], tumours.loc[0.5]
    people = int(no["found"] + no["missed"])
    return (
        f"Tumours: at a threshold of 0.5 {middle['missed']:.0f} of 212 malignant ones are missed, "
        f"with {middle['false_alarms']:.0f} false alarms; at 0.1 {low['missed']:.0f} are missed, "
        f"with {low['false_alarms']:.0f}. The AUC is {middle['auc']:.3f} at either.\n"
        f"Saying 'no {SIGN}' to everyone is right in {no['accuracy']:.0%} of cases and finds 0 of "
        f"{people}; a trained network is right in {plain['accuracy']:.0%} and finds "
        f"{plain['found']:.0f}; with class weights it is right in {weighted['accuracy']:.0%} and "
        f"finds {weighted['found']:.0f}."
    )


def plot(table: pd.DataFrame) -> Axes:
    """Draw accuracy beside recall for three ways, and what the threshold trades.

    Accuracy is high in all three ways; recall is 0 for saying no, low for the trained network, and
    high only with class weights. Below, with a higher threshold precision rises and recall falls.
    """
    upper, lower = kt.plots.new_axes(2, width=5.6, height=6.8)
    liver = table[table["data"] == "liver"]
    places = np.arange(len(liver))
    for shift, colour, measured in ((-0.2, "0.6", "accuracy"), (0.2, kt.plots.COLORS[1], "recall")):
        bars = upper.bar(places + shift, liver[measured], 0.36, color=colour)
        texts = [f"{measured}\n{value:.0%}" for value in liver[measured]]
        upper.bar_label(bars, texts, fontsize=9, padding=2)
    upper.set_xticks(places, [way.replace(" ", "\n", 1) for way in liver["way"]])
    upper.set(ylim=(0, 1.25), yticks=[0, 0.5, 1], yticklabels=["0 %", "50 %", "100 %"])
    upper.set_title(
        f"a rare sign ({SIGN}): accuracy is high, recall is not", loc="left", fontsize=10
    )
    tumours = table[table["data"] == "breast_cancer"]
    for colour, measured in zip(kt.plots.COLORS, ("precision", "recall"), strict=False):
        lower.plot(tumours["threshold"], tumours[measured], color=colour, linewidth=2)
    lower.annotate(
        "recall: share of\nthe sick found",
        (0.9, 0.81),
        ha="right",
        color=kt.plots.COLORS[1],
    )
    lower.annotate("precision: share of\nright alarms", (0.13, 0.81), color=kt.plots.COLORS[0])
    lower.set_title("tumours: the threshold trades one for the other", loc="left", fontsize=10)
    lower.set(xlabel="threshold: alarm from this probability on", ylabel="share")
    return upper


if __name__ == "__main__":
    show(run, report, plot, rows=rows)
