"""Outcome (gold, predicted, probabilities) -> figures: one file a metric family, numpy and, of written texts, an extra.

`classification.metrics(labels)`, `multilabel.metrics(labels)`, `spans.metrics(labels)`, `regression.metrics()`,
`ordinal.metrics()`, `translation.metrics(language)`, `summaries.metrics()`, `perplexity.metrics()` and so on each
return `{name: Metric}`, the main metric first. Of written texts `gold` is a `Wanted` by row.
"""

from dongcha.metrics._base import CountMetric, Metric, Outcome, RankMetric
from dongcha.metrics._written import Wanted

__all__ = ["CountMetric", "Metric", "Outcome", "RankMetric", "Wanted"]
