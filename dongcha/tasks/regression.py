"""Give a text a number: a grade, a degree of agreement, a price.

Rows: `text`, `score` (numbers). Metrics: mean absolute error first, in the score's own unit; see
`metrics/regression.py`.
"""

from dataclasses import dataclass

from dongcha.tasks._base import Columns, Texts
from dongcha.tasks._scored import Scored

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here


@dataclass(frozen=True, kw_only=True)
class Task(Scored):
    """A number for one text."""

    name = "regression"
    fields = ("text", "score")
    num_inputs = 1
    baselines = ("mean", "tfidf_ridge")

    def texts(self, rows: Columns) -> Texts:
        """Return the text."""
        return (rows["text"],)
