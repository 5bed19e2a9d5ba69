"""Measure what a run took, and lay a further test set on its line: alike whether the run learnt a task or only read.

In: the work with a plan and what its loop ended with. Out: plain facts for the proofs and the report.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dongcha.stations.plan import REPORT_SECONDS
from dongcha.steps import Work
from dongcha.train.forecast import MEGABYTE, peak_megabytes
from dongcha.types import Interval


def clock_facts(work: Work) -> dict[str, Any]:
    """Return what the forecast said of the steps that were taken, what it took, and how busy the machine was."""
    return {
        "forecast_seconds": forecast_of_taken(work),
        "seconds": work["clock"].spent() + REPORT_SECONDS,
        "forecast_megabytes": work["plan"].forecast.megabytes,
        "megabytes": work["train"].megabytes if "train" in work else peak_megabytes(),
        "load": load(),
        "attempts": work["clock"].attempts,
    }


def forecast_of_taken(work: Work) -> float:
    """Return the forecast's seconds for the steps and looks that there were: early ends are no error of a forecast."""
    plan = work["plan"]
    seconds: float = plan.seconds
    if "train" in work:
        state = work["train"].fitted.state
        seconds = plan.expected(state.step, len(state.scores))
    if "pretrain" in work:
        state, planned = work["pretrain"].fitted.state, plan.pretraining
        looks = max(0, len(state.scores) - 1)  # the first score is that of the model before
        seconds += planned.expected(state.step, looks) - planned.total
    return seconds


def load() -> list[float]:
    """Return the machine's load average over 1, 5 and 15 minutes; empty where the system keeps none."""
    try:
        return [round(value, 2) for value in os.getloadavg()]
    except OSError:
        return []


def size_megabytes(folder: Path) -> float:
    """Return the size of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MEGABYTE


def line_of_test(name: str, num_rows: int, sides: Mapping[str, Interval]) -> dict[str, Any]:
    """Return a further test set as a line among the slices: the main figure of each side with its interval."""
    figures = {side: [found.value, found.low, found.high] for side, found in sides.items()}
    return {"slice": "test", "value": name, "rows": num_rows, **figures}
