"""How does a training look on paper?  One HTML file that holds everything, to hand in or keep."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kerastrain.errors import RunError
from kerastrain.losses.choice import LossChoice
from kerastrain.training.fingerprints import fingerprint
from kerastrain.training.settings import TrainSettings

if TYPE_CHECKING:
    from kerastrain.training.runs import TrainingRun

__all__ = ["write_report"]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { border: 1px solid #bbb; padding: 0.25rem 0.5rem; text-align: left; vertical-align: top; }
img { max-width: 100%; height: auto; } pre { font-size: 0.8rem; }
.wide { overflow-x: auto; } .error { color: #a00; } .warning { color: #850; }
@media print { body { max-width: none; } .wide { overflow: visible; } h2 { break-after: avoid; }
  pre, td { white-space: pre-wrap; overflow-wrap: anywhere; } img, tr { break-inside: avoid; } }
"""


def write_report(run: TrainingRun, file: str | Path, x: Any = None, y: Any = None) -> Path:
    """Write what was chosen, found and measured into one HTML file without any other file.

    Args:
        run: The training.
        file: Is made, or replaced; its folder must be there.
        x: Inputs to measure on, best a test set. Left out, nothing is measured.
        y: Their labels.

    Returns:
        The file.

    Raises:
        RunError: the file cannot be written.
    """
    path = Path(file)
    parts = [
        f"<h1>{_text(path.stem)}</h1><p>{_lines(str(run))}</p>",
        _part("What was chosen, and why", _choices(run.loss)),
        _part("Findings", _findings(run)),
        _part("History", f'<p><img alt="loss over the epochs" src="{_picture(run)}"></p>'),
        *([] if x is None else _measured(run, x, y)),
        _part("The epochs", _table(run.history.round(6), index=False)),
        _part("Model", f'<div class="wide"><pre>{_text(_summary(run))}</pre></div>'),
        _part("Versions, and how to repeat it", _repeat(run)),
    ]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(path.stem)}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(parts)}\n</body></html>\n"
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        message = (
            f"The report must go into a folder that is there, but writing {str(path)!r} failed: "
            f"{error.strerror}. Pass run.report('report.html')."
        )
        raise RunError(message) from None
    return path


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)


def _lines(text: str) -> str:
    return "<br>".join(_text(line) for line in text.splitlines())


def _part(title: str, body: str) -> str:
    return f"<h2>{_text(title)}</h2>\n{body}"


def _table(frame: pd.DataFrame, *, index: bool = True) -> str:
    shown = frame.to_html(
        index=index, border=0, escape=True, na_rep="", float_format="{:.4g}".format
    )
    return f'<div class="wide">{shown}</div>'


def _choices(choices: Any) -> str:
    if choices is None:
        return "<p>The model brings a loss of its own.</p>"
    if isinstance(choices, LossChoice):
        return f'<div class="wide">{choices._repr_html_()}</div>'
    named = choices.items() if isinstance(choices, dict) else enumerate(choices)
    return "".join(f"<h3>{_text(name)}</h3>{_choices(choice)}" for name, choice in named)


def _findings(run: TrainingRun) -> str:
    if not run.findings:
        return "<p>Nothing was found that needs mending.</p>"
    rows = "".join(f'<li class="{f.severity}">{_text(f)}</li>' for f in run.findings)
    return f"<ul>{rows}</ul>"


def _picture(run: TrainingRun) -> str:
    """Draw the history into the page itself."""
    import matplotlib.pyplot as plt

    drawn = io.BytesIO()
    figure: Any = run.plot().figure
    figure.savefig(drawn, format="png", dpi=120, bbox_inches="tight")
    plt.close(figure)
    return f"data:image/png;base64,{base64.b64encode(drawn.getvalue()).decode()}"


def _measured(run: TrainingRun, x: Any, y: Any) -> list[str]:
    measures = pd.DataFrame({"value": run.evaluate(x, y)})
    parts = [_part("Measured on the rows that were passed", _table(measures))]
    if run.baseline is not None:
        parts[0] += f"<p>The best constant answer costs {run.baseline:.4g} in validation.</p>"
    tables = {} if run.loss is None else run.confusion(x, y)
    for name, table in tables.items() if isinstance(tables, dict) else [("", tables)]:
        what = "True and predicted" if table.columns.name == "predicted" else "Answers and errors"
        parts.append(_part(f"{what} {name}".strip(), _table(table)))
    if isinstance(run.loss, LossChoice) and run.loss.labels.classes is not None:
        parts.append(_part("Each class", _table(run.score_by_class(x, y))))
    return parts


def _summary(run: TrainingRun) -> str:
    written: list[str] = []
    run.model.summary(line_length=78, print_fn=lambda line, **_: written.append(line))
    return "\n".join(written)


def _repeat(run: TrainingRun) -> str:
    names = pd.DataFrame({"version": run._rest()["versions"]})
    return f'<div class="wide"><pre>{_text(_code(run))}</pre></div>{_table(names)}'


def _code(run: TrainingRun) -> str:
    """Write the call that repeats the training, with all that is not left at its usual value."""
    known: dict[str, Any] = {} if run.state is None else run.state.known
    given: dict[str, str] = {"epochs": str(known.get("epochs", len(run.history)))}
    choice = run.loss
    if isinstance(choice, LossChoice) and choice.as_given:
        given["loss"] = choice.code
    usual = TrainSettings()
    for name in ("batch_size", "validation_split", "task", "robust", "patience", "schedule",
                 "warmup_epochs", "shuffle"):  # fmt: skip
        if known.get(name, getattr(usual, name)) != getattr(usual, name):
            given[name] = repr(known[name])
    weights = known.get("class_weight")
    if weights:
        given["class_weight"] = repr(dict(weights) if isinstance(weights, list) else weights)
    for name, shown in (("sample_weight", "sample_weight"), ("validation_data", "(x_val, y_val)")):
        if known.get(name, none := fingerprint(None)) != none:
            given[name] = shown
    metrics = known.get("metrics", "auto")
    if metrics != "auto":
        parts = metrics if isinstance(metrics, list) else [metrics]
        given["metrics"] = f"[{', '.join(map(_object, parts))}]"
    kind = type(run.model.optimizer).__name__
    own = _object(known.get("constant", {}) | {"class": kind}, "optimizers")
    given["optimizer"] = "'auto'" if "rate" in known else own
    given["seed"] = str(run.seed)
    lines = ["build_model, x, y", *(f"{name}={value}" for name, value in given.items())]
    call = ",\n    ".join(lines)
    return f"import keras\nimport kerastrain as kt\n\nrun = kt.train(\n    {call},\n)"


def _object(saved: Any, module: str = "metrics") -> str:
    """Write a Keras object, saved by class and configuration, as code."""
    import keras

    if not isinstance(saved, dict):
        return repr(saved)
    kind: Any = getattr(getattr(keras, module), saved["class"], None)
    options = {k: v for k, v in saved.items() if k not in ("class", "name", "dtype")}
    try:
        usual = kind().get_config()
    except Exception:  # a class of the user's own, or one whose arguments must be given
        usual = {}
    changed = [
        f"{k}={_object_in(v)}" for k, v in options.items() if k not in usual or usual[k] != v
    ]
    prefix = f"keras.{module}." if kind is not None else ""
    return f"{prefix}{saved['class']}({', '.join(changed)})"


def _object_in(value: Any) -> str:
    """Write a setting as code; a schedule of rates as the object that it is."""
    if isinstance(value, dict) and "class_name" in value:
        settings = ", ".join(f"{k}={v!r}" for k, v in value["config"].items() if k != "name")
        return f"keras.optimizers.schedules.{value['class_name']}({settings})"
    return repr(value)
