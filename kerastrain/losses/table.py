# ruff: noqa: E501  the rows of the two tables are read across
"""Which loss goes with which labels? The two tables.

`ADMITTED` says which losses each kind of labels admits, the usual one first, and why. `LOSSES` says
what each loss wants: the form of the labels, the last activation, the metrics, and its best
constant. To add a loss is to add a row.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ADMITTED", "ALIASES", "BINARY", "LOSSES", "MAE", "MSE", "SPARSE", "WHY", "Loss"]


@dataclass(frozen=True)
class Loss:
    """A row of the table of losses.

    Attributes:
        keras_class: Its class in `keras.losses`.
        form: The form of the labels that it wants.
        activation: The last activation that makes its predictions.
        metrics: What is worth seeing beside it.
        constant: Which answer, given for every row, costs least: a name of `CONSTANTS` in
            `losses/baseline.py`.
        formula: The loss of one row, with y the label and p the prediction.
        logits: Whether it takes `from_logits`.
    """

    keras_class: str
    form: str
    activation: str
    metrics: tuple[str, ...]
    constant: str
    formula: str
    logits: bool = False


# fmt: off
LOSSES = {
    #                                             class in keras.losses            labels     activation     metrics          best constant       loss of one row
    "binary_crossentropy":             Loss("BinaryCrossentropy",            "flags",   "sigmoid",     ("accuracy",), "mean",             "-(y log p + (1 - y) log(1 - p))", True),
    "binary_focal_crossentropy":       Loss("BinaryFocalCrossentropy",       "flags",   "sigmoid",     ("accuracy",), "search",           "-(y (1 - p)² log p + (1 - y) p² log(1 - p))", True),
    "sparse_categorical_crossentropy": Loss("SparseCategoricalCrossentropy", "ids",     "softmax",     ("accuracy",), "mean",             "-log p[y]", True),
    "categorical_crossentropy":        Loss("CategoricalCrossentropy",       "one-hot", "softmax",     ("accuracy",), "mean",             "-sum(y log p)", True),
    "categorical_focal_crossentropy":  Loss("CategoricalFocalCrossentropy",  "one-hot", "softmax",     ("accuracy",), "focal",            "-0.25 sum(y (1 - p)² log p)", True),
    "kl_divergence":                   Loss("KLDivergence",                  "one-hot", "softmax",     ("accuracy",), "mean",             "sum(y log(y / p))"),
    "categorical_hinge":               Loss("CategoricalHinge",              "one-hot", "linear",      ("accuracy",), "largest class",    "max(0, 1 + largest wrong p - p[y])"),
    "hinge":                           Loss("Hinge",                         "signs",   "linear",      (),            "sign",             "max(0, 1 - y p)"),
    "squared_hinge":                   Loss("SquaredHinge",                  "signs",   "linear",      (),            "mean",             "max(0, 1 - y p)²"),
    "dice":                            Loss("Dice",                          "flags",   "sigmoid",     ("accuracy",), "all or none",      "1 - 2 sum(y p) / (sum(y) + sum(p))"),
    "tversky":                         Loss("Tversky",                       "flags",   "sigmoid",     ("accuracy",), "all or none",      "1 - 2 sum(y p) / (sum(y) + sum(p)), with a weight for each sort of mistake"),
    "mean_squared_error":              Loss("MeanSquaredError",              "amounts", "linear",      ("mae",),      "mean",             "(y - p)²"),
    "mean_absolute_error":             Loss("MeanAbsoluteError",             "amounts", "linear",      ("mae",),      "median",           "|y - p|"),
    "huber":                           Loss("Huber",                         "amounts", "linear",      ("mae",),      "search",           "(y - p)² / 2 up to delta, then delta (|y - p| - delta / 2)"),
    "log_cosh":                        Loss("LogCosh",                       "amounts", "linear",      ("mae",),      "search",           "log cosh(y - p)"),
    "mean_squared_logarithmic_error":  Loss("MeanSquaredLogarithmicError",   "amounts", "softplus",    ("mae",),      "log mean",         "(log(1 + y) - log(1 + p))²"),
    "mean_absolute_percentage_error":  Loss("MeanAbsolutePercentageError",   "amounts", "linear",      ("mae",),      "median of shares", "100 |y - p| / |y|"),
    "cosine_similarity":               Loss("CosineSimilarity",              "amounts", "linear",      (),            "direction",        "-cos of the angle between y and p"),
    "poisson":                         Loss("Poisson",                       "amounts", "exponential", ("mae",),      "mean",             "p - y log p"),
}
ALIASES = {
    "mse": "mean_squared_error", "mae": "mean_absolute_error", "msle": "mean_squared_logarithmic_error",
    "mape": "mean_absolute_percentage_error", "bce": "binary_crossentropy", "logcosh": "log_cosh",
    "kld": "kl_divergence", "kullback_leibler_divergence": "kl_divergence",
}
BINARY, SPARSE, CATEGORICAL = "binary_crossentropy", "sparse_categorical_crossentropy", "categorical_crossentropy"
MSE, MAE = "mean_squared_error", "mean_absolute_error"

ADMITTED = {
    # kind         admitted losses, the usual one first                                     why
    "binary":      ((BINARY, "binary_focal_crossentropy", SPARSE, CATEGORICAL, MSE),        "Each {per} is one of two classes: one unit gives the probability of {last!r}."),
    "integer":     ((SPARSE, CATEGORICAL, "categorical_focal_crossentropy", MSE),           "Each {per} is one of {k} classes, written as one value."),
    "ordered":     ((SPARSE, CATEGORICAL, MAE, MSE),                                        "Each {per} is one of {k} ordered classes. Cross-entropy does not use the order; mean_absolute_error on the ids does."),
    "one-hot":     ((CATEGORICAL, SPARSE, "categorical_focal_crossentropy", MSE),           "Each {per} is one of {k} classes, written as flags of which one is set."),
    "multi-label": ((BINARY, "binary_focal_crossentropy", MSE),                             "Each {per} may have several of {k} classes: one yes or no for each class."),
    "shares":      ((CATEGORICAL, "kl_divergence", MSE),                                    "Each {per} holds {k} shares that sum to 1."),
    "soft":        ((BINARY, MSE, MAE, "huber"),                                            "Each value is a probability between 0 and 1."),
    "continuous":  ((MSE, MAE, "huber", "log_cosh"),                                        "Each {per} has a number; large errors count most, and the prediction aims at the mean."),
    "counts":      (("poisson", MSE, MAE, "huber"),                                         "Each {per} counts events: never negative, and the spread grows with the mean."),
}
# fmt: on

# Why a loss that is not the usual one for its labels.
WHY = {
    "huber": "Errors up to delta count squared and larger ones only as they are, so that far-off labels pull less. delta is in the unit of the labels: their interquartile range.",
    MAE: "Each error counts as it is, and the prediction aims at the median.",
    "log_cosh": "Small errors count squared, errors far above 1 as they are: scale the labels first.",
    "poisson": "Counts of events: never negative, and the spread grows with the mean.",
    "kl_divergence": "Cross-entropy less the entropy of the labels: 0 when the prediction is right.",
    "mean_squared_error": "Squared errors of the probabilities, the Brier score: a sure mistake costs at most 1.",
    "binary_focal_crossentropy": "Cross-entropy in which labels that are predicted well count less.",
    "categorical_focal_crossentropy": "Cross-entropy in which labels that are predicted well count less.",
}
