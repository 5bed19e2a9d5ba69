"""Measure how well masked words are guessed: the mean loss of a masked token in nats, and what it is as perplexity.

In: an `Outcome` with a row a text: `predicted` (rows,) the summed loss of its masked tokens, `gold` (rows,) how many
they are. Out: figures; less is better. The loss is that of masked tokens given the rest of a text, so the perplexity
(its exponential) is no language model's, and compares models of the same tokens only.
"""

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, mean_of


def metrics() -> dict[str, Metric]:
    """Return the metrics by name, the loss first (the main one)."""
    ways = {"masked_loss": mean_of, "masked_perplexity": _exponential}
    return {
        name: CountMetric(name=name, counts=_counts, value=value, row_scores=row_scores, greater_is_better=False)
        for name, value in ways.items()
    }


def row_scores(outcome: Outcome) -> np.ndarray:
    """Return minus the mean loss of each text, (rows,); 0 where nothing of it can be masked."""
    sums, counts = np.moveaxis(_counts(outcome), -1, 0)
    return np.asarray(-sums / np.maximum(counts, 1))


def _counts(outcome: Outcome) -> np.ndarray:
    return np.stack([np.asarray(side, dtype=np.float64) for side in (outcome.predicted, outcome.gold)], axis=1)


def _exponential(sums: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(mean_of(sums)))
