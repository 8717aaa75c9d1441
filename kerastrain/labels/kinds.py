"""Which kinds of labels are there? One row for each; a new kind is a new row."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "TASKS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """One kind of labels.

    Attributes:
        task: The `task=` that asks for it.
        words: What such labels are, in plain words.
        form: How a label is written: as one "value" that stands for a class, as a row of "flags",
            or as "numbers" that mean what they say.
        one_class: Whether each label is one class.
        numeric: Whether these are numeric targets, of a regression.
    """

    task: str
    words: str
    form: str
    one_class: bool = False
    numeric: bool = False


# fmt: off
KINDS = {
    "integer":     Kind("classification", "classes",                 "value",   one_class=True),
    "one-hot":     Kind("classification", "classes",                 "flags",   one_class=True),
    "binary":      Kind("binary",         "two classes",             "value",   one_class=True),
    "multi-label": Kind("multi-label",    "several classes per row", "flags"),
    "soft":        Kind("soft",           "probabilities",           "numbers"),
    "continuous":  Kind("regression",     "numeric targets",         "numbers", numeric=True),
    "counts":      Kind("counts",         "counts",                  "numbers", numeric=True),
    "ordered":     Kind("ordered",        "ordered classes",         "value",   one_class=True),
}
# fmt: on
TASKS = {kind.task: kind for kind in KINDS.values()}
