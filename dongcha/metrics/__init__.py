"""Outcome (gold, predicted, probabilities) -> figures: one file a metric family, numpy only.

`classification.metrics(labels)`, `multilabel.metrics(labels)`, `spans.metrics(labels)`, `regression.metrics()`,
`ordinal.metrics()` and `masked.metrics()` each return `{name: Metric}`, the main metric first.
"""

from dongcha.metrics._base import CountMetric, Metric, Outcome, RankMetric

__all__ = ["CountMetric", "Metric", "Outcome", "RankMetric"]
