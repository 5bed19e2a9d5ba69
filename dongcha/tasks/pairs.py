"""Judge two texts together: a label (inference, paraphrase) or a number (how alike they are).

Rows: `text_a`, `text_b`, and `label` or `score`: which one, the training file says. Both texts are read at once, so
each word of one sees the other (a cross-encoder, as Devlin et al. 2019, section 4.1, fine-tune pairs). Metrics: of
labels, those of classification; of numbers, Spearman's rank correlation first, as STS benchmarks have it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dongcha.data.dataset import Dataset
from dongcha.metrics import Metric, regression
from dongcha.tasks._base import Columns, Lengths, Texts
from dongcha.tasks._labelled import Labelled
from dongcha.tasks._scored import Scored

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here
TAKES_WINDOWS = False
INPUTS = ("text_a", "text_b")


class Pairs:
    """What both kinds of pairs share."""

    name = "pairs"
    num_inputs = len(INPUTS)

    def texts(self, rows: Columns) -> Texts:
        """Return the two texts."""
        return tuple(rows[name] for name in INPUTS)


@dataclass(frozen=True, kw_only=True)
class Labels(Pairs, Labelled):
    """A label for two texts."""

    fields = (*INPUTS, "label")
    baselines = ("majority", "tfidf_pair")


@dataclass(frozen=True, kw_only=True)
class Scores(Pairs, Scored):
    """A number for two texts."""

    fields = (*INPUTS, "score")
    baselines = ("mean", "tfidf_pair")

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of numbers, Spearman's first."""
        found = regression.metrics()
        return {"spearman": found["spearman"], **found}


class Task:
    """The door to both: the training rows, or a saved card, tell which it is."""

    name = Pairs.name
    fields = (*INPUTS, "label|score")

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> Labels | Scores:
        """Find the labels, or measure the scores, of the training rows."""
        return (Labels if "label" in train.columns else Scores).learn(train, lengths)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Labels | Scores:
        """Rebuild the task of a saved model."""
        return (Labels if "labels" in card else Scores).from_card(card)
