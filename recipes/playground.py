"""Write a page with sliders to walk downhill: `python -m recipes.playground`.

The page is one file that needs no network. Each path in it was computed by a Keras optimizer, with
`kt.trace_descent`, and each probability by Keras' softmax; the page only picks and draws what is
stored in it.
"""

from __future__ import annotations

import json
import math
import sys
from itertools import product
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

import kerastrain as kt

from .lesson import FOLDER

PAGE = FOLDER / "playground.html"
STEPS = 40
RATES = (0.01, 0.03, 0.1, 0.2, 0.4, 0.5, 0.6, 1.0)
MOMENTA = (0.0, 0.5, 0.8, 0.9)
SURFACES: dict[str, dict[str, Any]] = {
    "bowl": {
        "korean": "그릇",
        "function": lambda x, y: x**2 + y**2,
        "says": "The same curvature, 2, in every direction: the border of the rate is 2 / 2 = 1.",
        "starts": ((-1.8, 1.2), (1.6, -0.4), (0.3, 1.4)),
    },
    "ravine": {
        "korean": "골짜기",
        "function": lambda x, y: 0.1 * x**2 + 2 * y**2,
        "says": "Steep across (curvature 4), nearly flat along (0.2): momentum helps.",
        "starts": ((-1.8, 0.6), (1.6, -1.2), (-1.9, 0.05)),
    },
    "saddle": {
        "korean": "안장점",
        "function": lambda x, y: x**2 - y**2 + y**4 / 2,
        "says": "A saddle point in the middle, two valleys at y = 1 and y = -1.",
        "starts": ((1.6, 0.0), (1.6, 0.01), (-1.5, -0.3)),
    },
}
FRAME = {"x": (-2.2, 2.2), "y": (-1.65, 1.65)}
LOGITS = {"Adelie": 1.28, "Chinstrap": 2.28, "Gentoo": -1.07}  # of a penguin in doubt
TEMPERATURES = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0)


def optimizers(rate: float) -> dict[str, keras.optimizers.Optimizer]:
    """Build what can be chosen at one learning rate: SGD at each momentum, and Adam."""
    sgd = {f"{momentum:g}": kt.sgd(rate, momentum=momentum) for momentum in MOMENTA}
    return sgd | {"adam": kt.adam(rate)}


def walk(surface: str, start: int, optimizer: keras.optimizers.Optimizer) -> list[list[Any]]:
    """Let the optimizer walk: `[x, y, value]` for each step, six digits each."""
    chosen = SURFACES[surface]
    table = kt.trace_descent(chosen["function"], chosen["starts"][start], optimizer, steps=STEPS)
    return [[digits(value) for value in row] for row in table[["x", "y", "value"]].to_numpy()]


def digits(value: float) -> float | None:
    """Round to six digits; a walk that left the range of numbers has none."""
    return float(f"{value:.6g}") if math.isfinite(value) and abs(value) < 1e6 else None


def contours(surface: str) -> list[str]:
    """Trace lines of equal height, denser near the bottom, as SVG paths in x and y."""
    import matplotlib.pyplot as plt

    xs, ys = (np.linspace(*FRAME[axis], 121) for axis in "xy")
    heights = SURFACES[surface]["function"](*np.meshgrid(xs, ys))
    levels = heights.min() + np.ptp(heights) * np.linspace(0, 1, 13)[1:] ** 2
    figure, ax = plt.subplots()
    lines = ax.contour(xs, ys, heights, levels).allsegs
    plt.close(figure)
    return [
        "M" + "L".join(f"{x:.4g},{y:.4g}" for x, y in line)
        for level in lines
        for line in level
        if len(line)
    ]


def probabilities() -> list[list[float]]:
    """Divide the logits by each temperature and let Keras' softmax do the rest."""
    logits = np.array(list(LOGITS.values()), np.float32)
    scaled = [keras.ops.softmax(logits / temperature) for temperature in TEMPERATURES]
    return [[float(f"{p:.4g}") for p in np.asarray(row)] for row in scaled]


def collect() -> dict[str, Any]:
    """Compute all that the page shows."""
    walks = {
        f"{surface} {start} {rate:g} {name}": walk(surface, start, optimizer)
        for surface in SURFACES
        for start, rate in product(range(3), RATES)
        for name, optimizer in optimizers(rate).items()
    }
    surfaces = {
        name: {"says": one["says"], "korean": one["korean"], "starts": one["starts"]}
        | {"contours": contours(name)}
        for name, one in SURFACES.items()
    }
    return {
        "surfaces": surfaces,
        "rates": [f"{rate:g}" for rate in RATES],
        "momenta": [f"{momentum:g}" for momentum in MOMENTA],
        "walks": walks,
        "classes": list(LOGITS),
        "logits": list(LOGITS.values()),
        "temperatures": TEMPERATURES,
        "probabilities": probabilities(),
        "frame": FRAME,
    }


def stored(page: Path = PAGE) -> dict[str, Any]:
    """Read what a page holds."""
    text = page.read_text(encoding="utf-8")
    begin = text.index(OPEN) + len(OPEN)
    return dict(json.loads(text[begin : text.index("</script>", begin)]))


def read_walk(name: str, page: Path = PAGE) -> pd.DataFrame:
    """Read one walk of a page, such as `"bowl 0 0.1 0.9"`, as a table."""
    return pd.DataFrame(stored(page)["walks"][name], columns=["x", "y", "value"])


OPEN = '<script id="data" type="application/json">'


def write(page: Path, data: dict[str, Any]) -> None:
    """Put the data into the template, and both into one file."""
    template = (FOLDER / "playground.template.html").read_text(encoding="utf-8")
    compact = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    page.write_text(template.replace("{{data}}", compact), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if sys.argv[1:] else PAGE, collect())
