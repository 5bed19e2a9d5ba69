"""Measure any number of labels a row: micro and macro F1, subset accuracy; tune each label's threshold.

In: an `Outcome` with `gold` and `predicted` (rows, labels) 0 or 1, `probabilities` (rows, labels). Gold may have one
column more than predicted: 1 where a row has a label that training never saw, which is always missed. Out: figures.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, f1, label_table, macro_f1, mean_of, share


def metrics(labels: Sequence[str]) -> dict[str, Metric]:
    """Return the metrics of these labels by name, micro F1 first (the main one)."""
    n = len(labels)
    family: list[Metric] = [
        CountMetric(name="micro_f1", counts=_pooled, value=f1, row_scores=row_scores),
        CountMetric(name="macro_f1", counts=partial(_by_label, num_labels=n), value=macro_f1, row_scores=row_scores),
        CountMetric(name="subset_accuracy", counts=_exact, value=mean_of, row_scores=row_scores, is_share=True),
    ]
    return {metric.name: metric for metric in family}


def correct(outcome: Outcome) -> np.ndarray:
    """Tell for each row whether all its labels are right and none is missing, (rows,) bool."""
    gold, predicted = _sides(outcome)
    return np.asarray((gold == predicted).all(axis=1))


def row_scores(outcome: Outcome) -> np.ndarray:
    """Return 1 for a row that is right in every label, else 0, (rows,)."""
    return correct(outcome).astype(np.float64)


def per_label(outcome: Outcome, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return precision, recall, F1 and support of each label."""
    hits, predicted, gold = np.split(_by_label(outcome, len(labels)).sum(axis=0), 3)
    return label_table(labels, hits[:-1], predicted[:-1], gold[:-1])


def tune_thresholds(gold: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return for each label the threshold, (labels,), that gives the best F1 on these validation rows.

    Candidates lie half way between neighbouring probabilities, and 0.5; of equals the one nearest 0.5 is taken. A
    label without gold rows keeps 0.5. Predict a label where its probability is at least its threshold.
    """
    sides = zip(np.asarray(gold).T, np.asarray(probabilities, dtype=np.float64).T, strict=False)
    return np.array([_best_threshold(labels > 0, scores) for labels, scores in sides])


def _best_threshold(gold: np.ndarray, scores: np.ndarray) -> float:
    if not gold.any():
        return 0.5
    distinct = np.unique(scores)
    candidates = np.append((distinct[1:] + distinct[:-1]) / 2, [0.5, distinct[0]])
    all_scores, gold_scores = np.sort(scores), np.sort(scores[gold])
    predicted = len(scores) - np.searchsorted(all_scores, candidates)
    hits = len(gold_scores) - np.searchsorted(gold_scores, candidates)
    figures = f1(np.stack([hits, predicted, np.full(len(hits), len(gold_scores))], axis=-1).astype(np.float64))
    best = np.flatnonzero(figures == figures.max())
    return float(candidates[best[np.argmin(np.abs(candidates[best] - 0.5))]])


def _sides(outcome: Outcome, num_labels: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return gold and predicted as floats of equal width: labels and the column of unseen ones."""
    gold, predicted = (np.asarray(side, dtype=np.float64) for side in (outcome.gold, outcome.predicted))
    width = 1 + (num_labels or predicted.shape[1])
    return _widened(gold, width), _widened(predicted, width)


def _widened(side: np.ndarray, width: int) -> np.ndarray:
    return np.pad(side, ((0, 0), (0, width - side.shape[1])))


def _by_label(outcome: Outcome, num_labels: int) -> np.ndarray:
    gold, predicted = _sides(outcome, num_labels)
    return np.hstack([gold * predicted, predicted, gold])


def _pooled(outcome: Outcome) -> np.ndarray:
    gold, predicted = _sides(outcome)
    return np.stack([(gold * predicted).sum(axis=1), predicted.sum(axis=1), gold.sum(axis=1)], axis=1)


def _exact(outcome: Outcome) -> np.ndarray:
    return share(correct(outcome))
