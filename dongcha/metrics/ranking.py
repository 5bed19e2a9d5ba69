"""Measure rankings: how early the documents that answer a query stand among those found.

In: an `Outcome` whose `gold` has, by row, {document: grade} (0: judged, not relevant) and `predicted` the documents
found, best first. Out: figures. nDCG with the grade as gain and 1 / log2(rank + 1) as discount (Jarvelin and Kekalainen
2002; trec_eval's `ndcg_cut`), the reciprocal rank of the first relevant one, and the share of relevant ones found, all
within the first K. Rows without a relevant document count for nothing.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, mean_of

K = 10
Grades = Mapping[str, int]


def metrics() -> dict[str, Metric]:
    """Return the metrics by name, nDCG first (the main one)."""
    family: list[Metric] = [
        CountMetric(name=name, counts=_counts(score), value=mean_of, row_scores=_scores(score))
        for name, score in ((f"ndcg_{K}", ndcg), (f"mrr_{K}", reciprocal_rank), (f"recall_{K}", recall))
    ]
    return {metric.name: metric for metric in family}


def ndcg(gold: Grades, found: Sequence[str]) -> float:
    """Return the discounted gain of the first K over that of the best order.

    >>> round(ndcg({"a": 2, "b": 1}, ["b", "x", "a"]), 4)
    0.7602
    """
    best = sorted(gold.values(), reverse=True)[:K]
    return gain([gold.get(doc, 0) for doc in found[:K]]) / gain(best)


def gain(grades: Sequence[int]) -> float:
    """Add up grades, each divided by log2(rank + 1)."""
    return float(np.sum(np.asarray(grades, dtype=np.float64) / np.log2(np.arange(len(grades)) + 2)))


def reciprocal_rank(gold: Grades, found: Sequence[str]) -> float:
    """Return one over the rank of the first relevant document; 0 where none is among the first K."""
    return next((1 / rank for rank, doc in enumerate(found[:K], 1) if gold.get(doc, 0) > 0), 0.0)


def recall(gold: Grades, found: Sequence[str]) -> float:
    """Return the share of the relevant documents that are among the first K."""
    relevant = {doc for doc, grade in gold.items() if grade > 0}
    return len(relevant.intersection(found[:K])) / len(relevant)


Score = Callable[[Grades, Sequence[str]], float]


def _scores(score: Score) -> Callable[[Outcome], np.ndarray]:
    """Return the function from an outcome to each row's score, 1 where nothing could be found: nothing was missed."""

    def scores(outcome: Outcome) -> np.ndarray:
        rows = zip(outcome.gold, outcome.predicted, strict=True)
        return np.array([score(gold, found) if max(gold.values(), default=0) else 1.0 for gold, found in rows])

    return scores


def _counts(score: Score) -> Callable[[Outcome], np.ndarray]:
    """Return the function from an outcome to (rows, 2): score and one, both 0 for rows that count for nothing."""

    def counts(outcome: Outcome) -> np.ndarray:
        counted = np.array([float(max(gold.values(), default=0) > 0) for gold in outcome.gold])
        return np.stack([_scores(score)(outcome) * counted, counted], axis=1)

    return counts
