"""Measure labelled spans: precision, recall and F1 as conlleval counts chunks.

In: an `Outcome` whose `gold` and `predicted` hold for each row a list of (start, end, label). Out: figures. A span is
right when start, end and label all agree (Tjong Kim Sang and De Meulder 2003, section 2.3); one said twice counts
once. Spans may overlap. Knows no tags: ill-formed ones are mended where they are read.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from dongcha.metrics._base import (
    CountMetric,
    Metric,
    Outcome,
    f1,
    label_table,
    macro_f1,
    mean_of,
    precision,
    recall,
    share,
)

SpanTriple = tuple[int, int, str]


def metrics(labels: Sequence[str]) -> dict[str, Metric]:
    """Return the metrics of these span labels by name, F1 over all labels first (the main one)."""
    by_label = partial(_by_label, labels=tuple(labels))
    family: list[Metric] = [
        CountMetric(name="f1", counts=_pooled, value=f1, row_scores=row_scores),
        CountMetric(name="precision", counts=_pooled, value=precision, row_scores=row_scores),
        CountMetric(name="recall", counts=_pooled, value=recall, row_scores=row_scores),
        CountMetric(name="macro_f1", counts=by_label, value=macro_f1, row_scores=row_scores),
        CountMetric(name="exact_rows", counts=_exact, value=mean_of, row_scores=row_scores, is_share=True),
    ]
    return {metric.name: metric for metric in family}


def correct(outcome: Outcome) -> np.ndarray:
    """Tell for each row whether its spans are exactly the gold ones, (rows,) bool."""
    return np.array([gold == predicted for gold, predicted in _sets(outcome)], dtype=bool)


def row_scores(outcome: Outcome) -> np.ndarray:
    """Return 1 for a row whose spans are all right and none missing, else 0, (rows,)."""
    return correct(outcome).astype(np.float64)


def per_label(outcome: Outcome, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return precision, recall, F1 and support of each span label."""
    hits, predicted, gold = np.split(_by_label(outcome, labels).sum(axis=0), 3)
    return label_table(labels, hits[:-1], predicted[:-1], gold[:-1])


def _sets(outcome: Outcome) -> Iterable[tuple[set[SpanTriple], set[SpanTriple]]]:
    for gold, predicted in zip(outcome.gold, outcome.predicted, strict=True):
        yield {tuple(span) for span in gold}, {tuple(span) for span in predicted}


def _pooled(outcome: Outcome) -> np.ndarray:
    """Return hits, predicted and gold spans of each row, (rows, 3)."""
    counts = [(len(gold & predicted), len(predicted), len(gold)) for gold, predicted in _sets(outcome)]
    return np.array(counts, dtype=np.float64).reshape(-1, 3)


def _by_label(outcome: Outcome, labels: Sequence[str]) -> np.ndarray:
    """Return hits, predicted and gold spans by label, the unseen ones as one more, (rows, 3 (labels + 1))."""
    place = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(outcome), 3, len(labels) + 1))
    for row, (gold, predicted) in enumerate(_sets(outcome)):
        for kind, spans in enumerate((gold & predicted, predicted, gold)):
            for _, _, label in spans:
                counts[row, kind, place.get(label, -1)] += 1
    return counts.reshape(len(outcome), 3 * (len(labels) + 1))


def _exact(outcome: Outcome) -> np.ndarray:
    return share(correct(outcome))
