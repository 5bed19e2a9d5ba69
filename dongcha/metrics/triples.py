"""Measure triples found in texts: head, relation, tail; precision, recall and F1, strict and relaxed.

In: an `Outcome` whose `gold` and `predicted` hold for each row a list of (head, relation, tail); an entity is
(start, end, type), and direction is the order of head and tail. Out: figures over all rows together (micro). Strict: a
triple is right when relation, both spans and both types agree. Relaxed: when the relation agrees and head overlaps
head, tail overlaps tail, whatever the types; each gold triple answers for one found triple at most, paired so that
most are (a largest matching of two sides, by augmenting paths: Kuhn 1955). A triple said twice counts once.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, f1, precision, recall

Entity = tuple[int, int, str]
Triple = tuple[Entity, str, Entity]
FIGURES = {"f1": f1, "precision": precision, "recall": recall}


def metrics() -> dict[str, Metric]:
    """Return the metrics by name: strict_f1, strict_precision, ..., relaxed_recall."""
    kinds = {"strict": strict_hits, "relaxed": relaxed_hits}
    return {
        f"{kind}_{name}": CountMetric(
            name=f"{kind}_{name}", counts=partial(_counts, hits=hits), value=value, row_scores=_all_right
        )
        for kind, hits in kinds.items()
        for name, value in FIGURES.items()
    }


def _counts(outcome: Outcome, hits: Callable[[set[Triple], set[Triple]], int]) -> np.ndarray:
    """Return hits, predicted and gold triples of each row, (rows, 3)."""
    rows = [(set(gold), set(found)) for gold, found in zip(outcome.gold, outcome.predicted, strict=True)]
    counts = [(hits(gold, found), len(found), len(gold)) for gold, found in rows]
    return np.array(counts, dtype=np.float64).reshape(-1, 3)


def _all_right(outcome: Outcome) -> np.ndarray:
    rows = zip(outcome.gold, outcome.predicted, strict=True)
    return np.array([set(gold) == set(found) for gold, found in rows], dtype=np.float64)


def strict_hits(gold: set[Triple], found: set[Triple]) -> int:
    """Count the triples that are exactly gold ones."""
    return len(gold & found)


def relaxed_hits(gold: set[Triple], found: set[Triple]) -> int:
    """Count the found triples that a gold one answers for, each gold one for one."""
    one, other = sorted(gold), sorted(found)
    fits = [[j for j, said in enumerate(other) if alike(true, said)] for true in one]
    owner: dict[int, int] = {}  # found triple: its gold one
    return sum(_assigned(i, fits, owner, set()) for i in range(len(one)))


def _assigned(i: int, fits: Sequence[Sequence[int]], owner: dict[int, int], tried: set[int]) -> bool:
    """Give a gold triple a found one, moving others where that makes room."""
    for j in fits[i]:
        if j not in tried:
            tried.add(j)
            if j not in owner or _assigned(owner[j], fits, owner, tried):
                owner[j] = i
                return True
    return False


def alike(one: Triple, other: Triple) -> bool:
    """Tell whether two triples have one relation and overlapping heads and tails."""
    (head, relation, tail), (its_head, its_relation, its_tail) = one, other
    return relation == its_relation and overlap(head, its_head) and overlap(tail, its_tail)


def overlap(one: Entity, other: Entity) -> bool:
    """Tell whether two places share a character."""
    return one[0] < other[1] and other[0] < one[1]
