# ruff: noqa: E501  output stands as it is printed
"""Write the pages of the guide that hold a list or numbers: `python -m recipes.guide`.

`checks.md` is made from `kt.list_checks()`, `how_fast.md` from `loop.csv`, which
`python -m recipes.benchmarks.loop` writes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import kerastrain as kt

FOLDER = Path(__file__).parent
BENCHMARK = FOLDER.parent / "benchmarks" / "loop.csv"
CHECKS = """\
# Which mistakes are found before the first step?

`train` refuses what is an error and warns of what is likely not meant; `kt.check` only looks, and
takes the arguments of `compile` and `fit`. `silence=["unscaled-inputs"]` leaves a rule out, and
`check="off"` leaves out all. Of each rule, the table has an example on which it speaks.

```python
import keras
import kerastrain as kt

data = kt.load_dataset("iris")
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])
for finding in kt.check(model, data.x, data.y, optimizer=kt.adam(5.0), metrics=["acuracy"]):
    print(finding)
```

```text
error in metrics: Keras must know each metric, but got 'acuracy': ... Did you mean metrics=['accuracy']? [metric-name]
error in model: A softmax must choose between units, ... 3 classes: Dense(3, activation='softmax'). [one-unit-softmax]
warning in optimizer: Adam moves every weight by about the learning rate a step, ... [learning-rate-high]
```

`kt.list_checks()` gives the table below, which `python -m recipes.guide` has written.
"""
FAST = """\
# How much time does the fast loop save?

`model.fit` returns to Python after each step, which costs a millisecond or two whatever the model
does. `kt.fit`, `kt.train` and `kt.compare` run many steps in one call into TensorFlow. What cannot
run so is trained by `model.fit` itself, and the history says which way was taken, and why:

```python
import keras
import kerastrain as kt

data = kt.load_dataset("iris")
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
run = kt.train(model, data.x, data.y, epochs=1, seed=0)
print(run.history.attrs["loop"])
```

```text
graph...
```

The larger a step is, and the fewer steps there are, the less there is to save. The table gives a
whole call of 20 epochs on a new model, compiling included, and then the milliseconds of an epoch
in a long training. `python -m recipes.benchmarks.loop --peers` measured them on two cores of an AMD
EPYC without a GPU; [loop.csv](../benchmarks/loop.csv) keeps them, of other libraries the fastest.

"""


def checks() -> str:
    """Write the page of the checks: a table of the errors, and one of the warnings."""
    parts = [CHECKS]
    for severity, rows in kt.list_checks().groupby("severity", sort=False):
        parts.append(f"\n## {str(severity).capitalize()}s\n\n")
        parts.append("| rule | looks for | example |\n|---|---|---|\n")
        for name, looks_for, example in rows[["name", "looks_for", "example"]].to_numpy():
            cells = f"| `{name}` | {looks_for} | `{example}` |\n"
            parts.append(cells)
    return "".join(parts)


def how_fast() -> str:
    """Write the page of the times: the table of the benchmark, and what it comes to."""
    table = pd.read_csv(BENCHMARK)
    keras, ours = table["model.fit ms"], table["kerastrain ms"]
    others = table.filter(like=" ms").drop(columns=[keras.name, ours.name])
    others = others.drop(columns="jax-scan ms", errors="ignore")  # written by hand, no library
    fastest, names = others.min(axis=1), others.idxmin(axis=1).str.removesuffix(" ms")
    lines = [
        "| network | 20 epochs | model.fit, ms | kerastrain, ms | fastest other, ms |",
        "|---|---|---|---|---|",
    ]
    for i, name in enumerate(table["workload"]):
        whole = f"{table['ratio of 20'][i]:.1f} times as fast"
        other = f"{fastest[i]:.1f} ({names[i]})"
        lines.append(f"| {name} | {whole} | {keras[i]:.1f} | {ours[i]:.1f} | {other} |")
    long, whole = (np.exp(np.log(table[name]).mean()) for name in ("ratio", "ratio of 20"))
    behind = table["workload"][ours > fastest]
    lines += [
        "",
        f"In the geometric mean, a whole call is {whole:.1f} times as fast as `model.fit`",
        f"({table['ratio of 20'].min():.1f} times at least), and an epoch of a long training",
        f"{long:.1f} times. Another library is faster on: {', '.join(behind)}.",
        "[The benchmarks](../benchmarks/README.md) say more.",
        "",
    ]
    return FAST + "\n".join(lines)


PAGES = {"checks.md": checks, "how_fast.md": how_fast}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")
