"""Measure how well masked words are guessed: the mean loss of a masked token in nats, and what it is as perplexity.

In: an `Outcome` as `metrics/perplexity.py` takes it, of masked tokens. Out: figures; less is better. The loss is that
of masked tokens given the rest of a text, so the perplexity is no language model's, and compares models of the same
tokens only.
"""

from dongcha.metrics import perplexity
from dongcha.metrics._base import Metric


def metrics() -> dict[str, Metric]:
    """Return the metrics by name, the loss first (the main one)."""
    return perplexity.metrics("masked_loss", "masked_perplexity")
