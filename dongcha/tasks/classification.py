"""Classify texts: one label a text, or several (`label` is a list) with a threshold a label.

Rows: `text`, `label`. Outputs: (N, C) logits by feature. Metrics: accuracy first; see `metrics/classification.py`.
"""

from dataclasses import dataclass

from dongcha.tasks._base import Columns, Texts
from dongcha.tasks._labelled import Labelled

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here


@dataclass(frozen=True, kw_only=True)
class Task(Labelled):
    """Classification of one text."""

    name = "classification"
    fields = ("text", "label")
    num_inputs = 1
    baselines = ("majority", "tfidf_linear")

    def texts(self, rows: Columns) -> Texts:
        """Return the text."""
        return (rows["text"],)
