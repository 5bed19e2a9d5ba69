"""Measure one label a row: accuracy, macro F1, MCC, AUROC, log loss; the table by label and the confusion matrix.

In: an `Outcome` with `gold` (rows,) int label ids, `predicted` (rows,) int label ids, `probabilities` (rows, labels).
A gold id of -1 is a label that training never saw: always wrong, and for macro F1 and MCC one more label. Out: figures
as scikit-learn gives them. Micro F1 of one label a row is accuracy, so it has no row of its own.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, RankMetric, label_table, macro_f1, mean_of, ratio, share
from dongcha.metrics._ranking import ByWeights, auroc

_SMALLEST = float(np.finfo(np.float64).eps)  # a probability of 0 counts as this in log loss


def metrics(labels: Sequence[str]) -> dict[str, Metric]:
    """Return the metrics of these labels by name, accuracy first (the main one)."""
    n = len(labels)
    family: list[Metric] = [
        CountMetric(name="accuracy", counts=_hits, value=mean_of, row_scores=row_scores, is_share=True),
        CountMetric(name="macro_f1", counts=partial(_by_label, num_labels=n), value=macro_f1, row_scores=row_scores),
        CountMetric(name="mcc", counts=partial(_agreement, num_labels=n), value=_mcc, row_scores=row_scores),
        RankMetric(name="auroc", counts=_scores, ranked=_auroc, row_scores=row_scores),
        CountMetric(name="log_loss", counts=_surprise, value=mean_of, row_scores=_likelihood, greater_is_better=False),
    ]
    return {metric.name: metric for metric in family}


def correct(outcome: Outcome) -> np.ndarray:
    """Tell for each row whether its label is right, (rows,) bool."""
    gold, predicted = _ids(outcome)
    return np.asarray(gold == predicted)


def row_scores(outcome: Outcome) -> np.ndarray:
    """Return 1 for a right row and 0 for a wrong one, (rows,)."""
    return correct(outcome).astype(np.float64)


def confusion(outcome: Outcome, num_labels: int) -> np.ndarray:
    """Count rows by gold (down) and predicted (across), (labels, labels) int; rows of unseen labels are left out."""
    gold, predicted = _ids(outcome)
    known = gold >= 0
    cells = np.bincount(gold[known] * num_labels + predicted[known], minlength=num_labels**2)
    return np.asarray(cells.reshape(num_labels, num_labels))


def per_label(outcome: Outcome, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return precision, recall, F1 and support of each label; a row of an unseen label hurts the one predicted."""
    hits, predicted, gold = np.split(_by_label(outcome, len(labels)).sum(axis=0), 3)
    return label_table(labels, hits[:-1], predicted[:-1], gold[:-1])


def _ids(outcome: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """Return gold and predicted ids; whatever a task says of labels that training never saw, here they are -1."""
    return np.maximum(np.asarray(outcome.gold, dtype=np.int64), -1), np.asarray(outcome.predicted, dtype=np.int64)


def _hits(outcome: Outcome) -> np.ndarray:
    return share(correct(outcome))


def _one_hot(ids: np.ndarray, num_labels: int) -> np.ndarray:
    """Return (rows, labels + 1): the last column is the unseen label, which -1 happens to index."""
    hot = np.zeros((len(ids), num_labels + 1))
    hot[np.arange(len(ids)), ids] = 1
    return hot


def _by_label(outcome: Outcome, num_labels: int) -> np.ndarray:
    """Return hits, predicted and gold by label, (rows, 3 (labels + 1))."""
    gold, predicted = (_one_hot(ids, num_labels) for ids in _ids(outcome))
    return np.hstack([gold * predicted, predicted, gold])


def _agreement(outcome: Outcome, num_labels: int) -> np.ndarray:
    """Return hit, one, and predicted and gold by label, (rows, 2 + 2 (labels + 1))."""
    gold, predicted = (_one_hot(ids, num_labels) for ids in _ids(outcome))
    return np.hstack([_hits(outcome), predicted, gold])


def _mcc(sums: np.ndarray) -> np.ndarray:
    """Return R_K, Matthews' correlation for any number of labels (Gorodkin 2004, eq. 8); 0 where a side is constant."""
    hits, total = sums[..., 0], sums[..., 1]
    predicted, gold = np.split(sums[..., 2:], 2, axis=-1)
    top = hits * total - (predicted * gold).sum(axis=-1)
    spread = (total**2 - (predicted**2).sum(axis=-1)) * (total**2 - (gold**2).sum(axis=-1))
    return ratio(top, np.sqrt(np.maximum(spread, 0.0)), 0.0)


def _surprise(outcome: Outcome) -> np.ndarray:
    """Return minus the log probability of the gold label, and one, (rows, 2)."""
    gold, _ = _ids(outcome)
    probabilities = outcome.known_probabilities
    given = np.where(gold >= 0, probabilities[np.arange(len(gold)), gold], 0.0)
    return np.stack([-np.log(np.clip(given, _SMALLEST, 1.0)), np.ones(len(gold))], axis=1)


def _likelihood(outcome: Outcome) -> np.ndarray:
    return np.asarray(-_surprise(outcome)[:, 0])


def _scores(outcome: Outcome) -> np.ndarray:
    """Return the gold id and the probability of each label; of two labels only the second's."""
    gold, _ = _ids(outcome)
    probabilities = outcome.known_probabilities
    first = 1 if probabilities.shape[1] == 2 else 0
    return np.column_stack([np.full(len(gold), first), gold, probabilities[:, first:]])


def _auroc(counts: np.ndarray) -> ByWeights:
    """Return AUROC of the second of two labels, else its mean one-vs-rest over the labels with rows on both sides."""
    first, gold = int(counts[0, 0]), counts[:, 1]
    each = [auroc(gold == first + j, counts[:, 2 + j]) for j in range(counts.shape[1] - 2)]

    def figures(weights: np.ndarray) -> np.ndarray:
        by_label = np.stack([of_label(weights) for of_label in each], axis=-1)
        known = np.isfinite(by_label)
        return ratio(np.where(known, by_label, 0.0).sum(axis=-1), known.sum(axis=-1).astype(np.float64), np.nan)

    return figures
