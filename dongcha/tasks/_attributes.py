"""Ask for attributes of a text by tags in its prompt, and measure whether the text has them.

In: rows with `attributes`, a mapping such as {tone: warm, length: short}. Out: the tags as they stand in a prompt, and
how many of them a written text is judged to have (control codes: Keskar et al. 2019, section 4). A tag asks and cannot
enforce, so a judge measures it: for each attribute a linear classifier over TF-IDF, learnt from the completions and
tags of the training rows. What the judge says of the references stands beside: a judge that errs on these tells little.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from sklearn.linear_model import LogisticRegression

from dongcha.data.dataset import Dataset
from dongcha.data.tfidf import TextFeatures, drawn
from dongcha.metrics import Outcome
from dongcha.metrics._base import CountMetric, Metric, mean_of

ATTRIBUTES = "attributes"
HELD, HELD_BY_REFERENCES = "attributes_held", "attributes_of_references"
MOST_VALUES = 50  # of an attribute that is judged: free text is none of them
SEED = 0  # of the draw, where there are more training rows than a classifier needs


def asked_in(listed: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """Return the attributes of a row, by name."""
    return {one["name"]: one["value"] for one in listed or ()}


def shown(asked: Mapping[str, str]) -> str:
    """Return tags as they stand in a prompt.

    >>> shown({"tone": "warm", "length": "short"})
    'tone: warm; length: short'
    """
    return "; ".join(f"{name}: {value}" for name, value in asked.items())


@dataclass(frozen=True)
class Judge:
    """What tells the attributes of a text: training texts, and the attributes of each."""

    texts: Sequence[str]
    asked: Sequence[Mapping[str, str]]

    @classmethod
    def learn(cls, train: Dataset, gold: str) -> Self:
        """Remember training rows; the classifiers are fitted when they are first asked."""
        rows = drawn(train, SEED)
        return cls(rows.column(gold), [asked_in(listed) for listed in rows.column(ATTRIBUTES)])

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that training rows have, sorted."""
        return tuple(sorted({name for asked in self.asked for name in asked}))

    @cached_property
    def _features(self) -> TextFeatures:
        return TextFeatures(self.texts, max(len({*self._values(name)}) for name in self.judged))

    @cached_property
    def judged(self) -> tuple[str, ...]:
        """The attributes that can be told apart: those of two values, which can be missed, up to MOST_VALUES."""
        return tuple(name for name in self.names if 2 <= len({*self._values(name)}) <= MOST_VALUES)

    @cached_property
    def _classifiers(self) -> dict[str, LogisticRegression]:
        """A classifier for each attribute that is judged."""
        found = {}
        for name in self.judged:
            rows = [row for row, asked in enumerate(self.asked) if name in asked]
            found[name] = LogisticRegression(max_iter=1000).fit(self._features.train[rows], self._values(name))
        return found

    def _values(self, name: str) -> list[str]:
        return [asked[name] for asked in self.asked if name in asked]

    def counts(self, asked: Sequence[Mapping[str, str]], texts: Sequence[str]) -> np.ndarray:
        """Return attributes that texts are judged to have and attributes asked for, (rows, 2) float64.

        An attribute of which training rows have one value, none, or more than MOST_VALUES, is not judged.
        """
        counts = np.zeros((len(texts), 2))
        for name, classifier in self._classifiers.items():
            rows = [row for row, own in enumerate(asked) if name in own]
            if rows:
                said = classifier.predict(self._features.of([texts[row] for row in rows]))
                counts[rows, 0] += said == np.array([asked[row][name] for row in rows])
                counts[rows, 1] += 1
        return counts

    def metrics(self) -> dict[str, Metric]:
        """Return how many attributes written texts have, and how many the references have by the same judge.

        Nothing where no attribute can be judged.
        """
        if not self.judged:
            return {}

        def metric(name: str, texts_of: Any) -> Metric:
            def counts(outcome: Outcome) -> np.ndarray:
                return self.counts(
                    [wanted.constraints.get(ATTRIBUTES, {}) for wanted in outcome.gold], texts_of(outcome)
                )

            def row_scores(outcome: Outcome) -> np.ndarray:
                held, of = counts(outcome).T
                return np.asarray(held / np.maximum(of, 1))

            return AttributeMetric(name=name, counts=counts, value=mean_of, row_scores=row_scores)

        family = [
            metric(HELD, lambda outcome: outcome.predicted),
            metric(HELD_BY_REFERENCES, lambda outcome: [wanted.references[0] for wanted in outcome.gold]),
        ]
        return {found.name: found for found in family}


class AttributeMetric(CountMetric):
    """A metric of the rows that ask for attributes."""

    def applies(self, outcome: Outcome) -> bool:
        """Tell whether some row asks for one."""
        found = outcome.part(self.part)
        return found is not None and any(wanted.constraints.get(ATTRIBUTES) for wanted in found.gold)
