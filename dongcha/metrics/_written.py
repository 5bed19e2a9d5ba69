"""Say what was wanted of a written text, and what all metrics of written texts are made of.

In: an `Outcome` with a row a text: `gold` a `Wanted`, `predicted` the string that was written, "" for nothing. A metric
takes a row's score; one that has nothing to say of a row (no reference, no source, ...) leaves it out by NaN.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from dongcha.errors import MissingExtra
from dongcha.locale import say
from dongcha.metrics._base import CountMetric, Metric, Outcome, mean_of

REMEMBERED = 1 << 14  # rows whose figures are kept, as intervals, tests and slices ask for them again


@dataclass(frozen=True)
class Wanted:
    """What a row asks for: texts that would be right, the text that was given, and rules (`constraints.py`)."""

    references: tuple[str, ...] = ()
    source: str = ""
    constraints: Mapping[str, Any] = field(default_factory=dict)


Score = Callable[[Wanted, str], float]  # of what was written; NaN where there is nothing to say


def mean_metric(name: str, score: Score, *, is_share: bool = False) -> Metric:
    """Return the mean of a score over the rows of which it says something."""
    counts, row_scores = partial(mean_counts, score=score), partial(known_scores, score=score)
    return CountMetric(name=name, counts=counts, value=mean_of, row_scores=row_scores, is_share=is_share)


def mean_counts(outcome: Outcome, score: Score) -> np.ndarray:
    """Return score and one of each row, (rows, 2), both 0 where there is nothing to say."""
    scores = scores_of(outcome, score)
    known = ~np.isnan(scores)
    return np.stack([np.where(known, scores, 0.0), known.astype(np.float64)], axis=1)


def known_scores(outcome: Outcome, score: Score) -> np.ndarray:
    """Return the score of each row (rows,), 0 where there is nothing to say."""
    return mean_counts(outcome, score)[:, 0]


def scores_of(outcome: Outcome, score: Score) -> np.ndarray:
    """Return the score of each row (rows,), NaN where there is nothing to say."""
    pairs = zip(outcome.gold, outcome.predicted, strict=True)
    return np.array([score(wanted, written) for wanted, written in pairs], dtype=np.float64)


def exact_match(wanted: Wanted, written: str) -> float:
    """Tell whether a reference was written to the letter, white space aside: 1 or 0."""
    if not wanted.references:
        return np.nan
    return float(written.split() in [reference.split() for reference in wanted.references])


def library(name: str) -> Any:
    """Import a library of the extra `generate`, or say what to install."""
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtra(say("metrics.extra", library=name.partition(".")[0].replace("_", "-"))) from error
