"""Measure whether written texts keep the rules that their rows give: what must be said, what not, how long, which form.

In: an `Outcome` of `Wanted` and written texts (`_written.py`); `constraints` as `_rules.py` has them, asked by `flaw`
before. Out: figures. A row without a metric's kinds of rule is left out of it, as it cannot break them; where no row
has one, the metric does not apply.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, mean_of
from dongcha.metrics._rules import RULES, flaw, given, holds
from dongcha.metrics._written import Wanted, known_scores, mean_counts

__all__ = ["flaw", "metrics"]

PHRASES = "must_include"


@dataclass(frozen=True, kw_only=True)
class RuleMetric(CountMetric):
    """A metric of the rows that have one of these kinds of rule."""

    kinds: tuple[str, ...]

    def applies(self, outcome: Outcome) -> bool:
        """Tell whether some row has such a rule."""
        found = outcome.part(self.part)
        return found is not None and any(set(self.kinds) & {*given(wanted.constraints)} for wanted in found.gold)


def metrics() -> dict[str, Metric]:
    """Return the metrics by name: phrases found of those that must be, rows that keep all rules, those by kind."""
    slots = RuleMetric(name="slot_coverage", kinds=(PHRASES,), counts=_slots, value=mean_of, row_scores=_slot_share)
    family = [slots, _rows_that_keep("satisfied", tuple(RULES)), *(_rows_that_keep(kind, (kind,)) for kind in RULES)]
    return {metric.name: metric for metric in family}


def _rows_that_keep(name: str, kinds: tuple[str, ...]) -> RuleMetric:
    score = partial(_keeps, kinds=kinds)
    counts, row_scores = partial(mean_counts, score=score), partial(known_scores, score=score)
    return RuleMetric(name=name, kinds=kinds, counts=counts, value=mean_of, row_scores=row_scores, is_share=True)


def _keeps(wanted: Wanted, written: str, kinds: tuple[str, ...]) -> float:
    """Tell whether all rules of these kinds are kept, 1 or 0; NaN without any."""
    rules = {kind: value for kind, value in given(wanted.constraints).items() if kind in kinds}
    return float(all(RULES[kind].keeps(value, written) for kind, value in rules.items())) if rules else np.nan


def _slots(outcome: Outcome) -> np.ndarray:
    """Return phrases found and phrases that must be, (rows, 2)."""
    counts = np.zeros((len(outcome), 2))
    for row, (wanted, written) in enumerate(zip(outcome.gold, outcome.predicted, strict=True)):
        phrases = given(wanted.constraints).get(PHRASES, ())
        counts[row] = sum(holds(written, phrase) for phrase in phrases), len(phrases)
    return counts


def _slot_share(outcome: Outcome) -> np.ndarray:
    """Return the share of each row's phrases that were found, (rows,); 0 of a row without any."""
    found, asked = _slots(outcome).T
    return np.asarray(found / np.maximum(asked, 1))
