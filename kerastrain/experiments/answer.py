"""What does a comparison say?  Which candidate to take, and a table that fits 80 columns."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import pandas as pd

from kerastrain.experiments.candidates import BASELINE
from kerastrain.experiments.measures import MEASURES, OWN_LOSSES
from kerastrain.losses.table import ALIASES, LOSSES

__all__ = ["advise", "print_table"]

WIDTH = 80
NAME = 31  # the longest name of a loss
CONSTANT = "the best constant answer"
SHORT = {
    "best mean": "best",
    "tied for the best mean": "tied",
    "no clear difference": "unclear",
}


def advise(summary: pd.DataFrame, usual: str = "") -> str:
    """Say in a sentence which candidate to take.

    That is the usual one, or else the one with the best mean, of those that are not clearly worse
    than the best by any measure.

    Args:
        summary: Of a comparison.
        usual: The candidate to be preferred where no other is clearly better; "" for none.

    Returns:
        The sentence, in lines of 80 columns.
    """
    tables = {
        str(measure): rows.set_index("candidate")
        for measure, rows in summary.groupby("measure", sort=False)
    }
    names = sorted(
        dict.fromkeys(name for name in summary["candidate"] if name != BASELINE),
        key=lambda name: [_loss_of(table, name, MEASURES[m]) for m, table in tables.items()],
    )
    worse = {
        name: [m for m, t in tables.items() if name in t.index and t["verdict"][name] == "worse"]
        for name in names
    }
    fit = [name for name in names if not worse[name]]
    if not fit:
        best = [f"by {measure} take {table.index[0]}" for measure, table in tables.items()]
        text = f"It depends on what counts: {', '.join(best)}; each is clearly worse by the other."
        return textwrap.fill(text, WIDTH)
    take = usual if usual in fit else fit[0]
    clauses = []
    if others := [name for name in fit if name != take]:
        clauses.append(f"{_join(others)} {'do' if others[1:] else 'does'} not differ clearly")
    if left := [name for name in names if worse[name]]:
        by = [measure for measure in tables if any(measure in worse[name] for name in left)]
        clauses.append(f"{_join(left)} {'are' if left[1:] else 'is'} clearly worse by {_join(by)}")
    if take.startswith("sparse_"):
        clauses.append("class names or ids need no one-hot encoding")
    vain = [
        m for m, t in tables.items() if BASELINE in t.index and t["verdict"][BASELINE] != "worse"
    ]
    if vain:
        clauses.append(f"but by {_join(vain)} nothing is clearly better than {CONSTANT}")
    elif any(BASELINE in table.index for table in tables.values()):
        clauses.append(f"{CONSTANT} is clearly worse")
    return textwrap.fill(f"Take {take}: {'; '.join(clauses)}.", WIDTH, break_on_hyphens=False)


def print_table(summary: pd.DataFrame, notes: Sequence[str] = ()) -> str:
    """Write the table: candidate, score, difference to the best, verdict.

    Args:
        summary: Of a comparison.
        notes: Sentences to stand below.

    Returns:
        Lines of at most 80 columns.
    """
    lines = []
    for measure, rows in summary.groupby("measure", sort=False):
        better = "higher" if MEASURES[str(measure)] > 0 else "lower"
        lines.append(_line(f"{measure} ({better} is better)", "mean (95 %)", "difference", ""))
        halves = (rows["difference_high"] - rows["difference"]).tolist()
        digits = _digits([half for half in halves if 0 < half < math.inf])
        for row in rows.to_dict("records"):
            mean, low, high = (f"{row[key]:.{digits}f}" for key in ("mean", "low", "high"))
            ends = "each time" if math.isnan(row["low"]) else f"{low}-{high}"
            half = row["difference_high"] - row["difference"]
            gap = f"{row['difference']:+.{digits}f} ± {half:.{digits}f}".removesuffix(" ± nan")
            verdict = SHORT.get(row["verdict"], row["verdict"])
            gap = "" if verdict in ("best", "tied") else gap
            lines.append(_line(str(row["candidate"]), f"{mean} ({ends})", gap, verdict))
        lines.append("")
    lines.append("unclear: the interval of the paired difference to the best holds 0.")
    if summary["low"].isna().any():
        lines.append("each time: equal in all trainings, which say nothing of an interval then.")
    names = set(summary["candidate"])
    if len(names & {*LOSSES, *ALIASES}) > 1:
        own = [f"{m} is {loss}" for m, loss in OWN_LOSSES.items() if m in set(summary["measure"])]
        lines.append(f"{'; '.join(own)}: a loss is at an advantage where it is the measure.")
        lines += [
            f"{name} is no proper score: its probabilities aim lower than frequencies."
            for name in sorted(names)
            if "focal" in name
        ]
    lines += notes
    return "\n".join(textwrap.fill(line, WIDTH) if len(line) > WIDTH else line for line in lines)


def _loss_of(table: pd.DataFrame, name: str, sign: int) -> float:
    return -sign * round(float(table["mean"][name]), 12) if name in table.index else math.inf


def _join(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _line(name: str, score: str, gap: str, verdict: str) -> str:
    if len(name) > NAME:
        name = f"{name[: NAME - 9]}…{name[-8:]}"
    return f"{name:<{NAME}}  {score:<20}  {gap:<16}  {verdict}".rstrip()


def _digits(halves: Sequence[float]) -> int:
    """Count the decimals that show the narrowest interval with two digits."""
    narrowest = min(halves, default=0.01)
    return min(max(1 - math.floor(math.log10(narrowest)), 0), 4)
