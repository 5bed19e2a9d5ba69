"""Measure how surprised a language model is by texts: its mean loss of a token in nats, and that as perplexity.

In: an `Outcome` with a row a text: `predicted` (rows,) the summed loss of its tokens, each given those before it,
`gold` (rows,) how many they are. Out: figures; less is better. Perplexity is the exponential of the mean loss over all
tokens of all rows, so long texts weigh more; it compares models of the same tokens only.
"""

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, mean_of


def metrics(loss: str = "token_loss", perplexity: str = "perplexity") -> dict[str, Metric]:
    """Return the metrics under these names, the loss first (the main one)."""
    ways = {loss: mean_of, perplexity: _exponential}
    return {
        name: CountMetric(name=name, counts=_counts, value=value, row_scores=row_scores, greater_is_better=False)
        for name, value in ways.items()
    }


def row_scores(outcome: Outcome) -> np.ndarray:
    """Return minus the mean loss of each text, (rows,); 0 where nothing of it is predicted."""
    sums, counts = np.moveaxis(_counts(outcome), -1, 0)
    return np.asarray(-sums / np.maximum(counts, 1))


def _counts(outcome: Outcome) -> np.ndarray:
    return np.stack([np.asarray(side, dtype=np.float64) for side in (outcome.predicted, outcome.gold)], axis=1)


def _exponential(sums: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(mean_of(sums)))
