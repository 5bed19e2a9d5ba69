"""Classify texts: one label a text, or several (`label` is a list) with a threshold a label.

Rows: `text`, `label`. Outputs: (N, C) logits by feature. Metrics: accuracy first; see `metrics/classification.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from dongcha.data.dataset import Dataset
from dongcha.tasks._base import Columns, Lengths, Texts
from dongcha.tasks._labelled import Labelled

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here


@dataclass(frozen=True, kw_only=True)
class Task(Labelled):
    """Classification of one text."""

    name = "classification"
    fields = ("text", "label")
    num_inputs = 1
    baselines = ("majority", "tfidf_linear")

    @classmethod
    def untaught(cls, labels: Sequence[str], others: Sequence[Dataset], lengths: Lengths) -> Self:
        """Take the labels as they were named; whether a row may have several of them is told by other sets."""
        multi = any(isinstance(value, list) for rows in others for value in rows.column("label"))
        return cls(labels=tuple(sorted(labels)), multi=multi, lengths=lengths)

    def texts(self, rows: Columns) -> Texts:
        """Return the text."""
        return (rows["text"],)
