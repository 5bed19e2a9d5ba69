"""Judge two texts together: a label (inference, paraphrase) or a number (how alike they are).

Rows: `text_a`, `text_b`, and `label` or `score`: which one, the training file says. With `data.pairs: together` both
texts are read at once, so each word of one sees the other (a cross-encoder, as Devlin et al. 2019, section 4.1,
fine-tune pairs); with `apart` each is read by itself (`_apart.py`). Metrics: of labels, those of classification; of
numbers, Spearman's rank correlation first, as STS benchmarks have it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from dongcha.data.dataset import Dataset
from dongcha.metrics import Metric, regression
from dongcha.tasks._apart import SIDES as INPUTS
from dongcha.tasks._apart import ApartLabels, ApartScores
from dongcha.tasks._base import Columns, Lengths, Texts
from dongcha.tasks._labelled import Labelled
from dongcha.tasks._scored import Scored

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here
TAKES_WINDOWS = False


class Pairs:
    """What all kinds of pairs share."""

    name: ClassVar[str] = "pairs"
    num_inputs: ClassVar[int] = len(INPUTS)


class Together(Pairs):
    """Both texts are one input."""

    def texts(self, rows: Columns) -> Texts:
        """Return the two texts."""
        return tuple(rows[name] for name in INPUTS)


class OfLabels(Pairs):
    """What a label is asked of."""

    fields: ClassVar[tuple[str, ...]] = (*INPUTS, "label")
    baselines: ClassVar[tuple[str, ...]] = ("majority", "tfidf_pair")


class OfScores(Pairs):
    """What a number is asked of."""

    fields: ClassVar[tuple[str, ...]] = (*INPUTS, "score")
    baselines: ClassVar[tuple[str, ...]] = ("mean", "tfidf_pair")

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of numbers, Spearman's first."""
        found = regression.metrics()
        return {"spearman": found["spearman"], **found}


@dataclass(frozen=True, kw_only=True)
class Labels(Together, OfLabels, Labelled):
    """A label for two texts."""


@dataclass(frozen=True, kw_only=True)
class Scores(Together, OfScores, Scored):
    """A number for two texts."""


@dataclass(frozen=True, kw_only=True)
class LabelsApart(OfLabels, ApartLabels):
    """A label for two texts, each read by itself."""


@dataclass(frozen=True, kw_only=True)
class ScoresApart(OfScores, ApartScores):
    """A number for two texts, each read by itself."""


KINDS: Mapping[tuple[str, bool], Any] = {  # by how pairs are read, and whether rows have labels
    ("together", True): Labels,
    ("together", False): Scores,
    ("apart", True): LabelsApart,
    ("apart", False): ScoresApart,
}


def reads_apart(columns: Sequence[str], embeds: bool) -> bool:
    """Tell how `data.pairs: auto` reads: scores apart where the model was made to embed texts, all else together.

    On validation rows of STS-B, all-MiniLM-L6-v2, one seed, Spearman is 0.896 apart and 0.854 together.
    """
    return embeds and "label" not in columns


class Task:
    """The door to all: the recipe and the training rows, or a saved card, tell which it is."""

    name = Pairs.name
    fields = (*INPUTS, "label|score")
    num_inputs = Pairs.num_inputs

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> Any:
        """Find the labels, or measure the scores, of the training rows."""
        return KINDS[lengths.pairs, "label" in train.columns].learn(train, lengths)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Any:
        """Rebuild the task of a saved model."""
        return KINDS[card.get("pairs", "together"), "labels" in card].from_card(card)
