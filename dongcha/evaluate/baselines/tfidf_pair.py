"""Judge two texts by a linear model on TF-IDF of both and on what they share: what the words alone are worth.

The regressions are those of `tfidf_linear` for labels and `tfidf_ridge` for scores. Beside the TF-IDF of each text
stand their cosine, the share of each that the other has too, the Jaccard index, and the ratio of their lengths.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import csr_matrix, hstack

from dongcha.data.dataset import Dataset
from dongcha.data.tfidf import TextFeatures, drawn
from dongcha.evaluate.baselines.tfidf_linear import judged
from dongcha.evaluate.baselines.tfidf_ridge import scored
from dongcha.types import Prediction

SIDES = ("text_a", "text_b")
TUNES = True  # takes validation rows


def predict(
    train: Dataset, test: Dataset, labels: tuple[str, ...], seed: int, validation: Dataset | None = None
) -> list[Prediction]:
    """Return a label with probabilities, or a score, for each test row."""
    rows = drawn(train, seed)
    features = PairFeatures([rows.column(side) for side in SIDES], len(labels))
    if labels:
        return judged(features, rows, test, labels, seed, validation)
    return scored(features, rows, test, seed)


class PairFeatures:
    """Features of pairs, learnt from training texts of both sides together."""

    def __init__(self, sides: list[list[str]], num_outputs: int) -> None:
        self._texts = TextFeatures([*sides[0], *sides[1]], 2 * max(1, num_outputs))
        self.train = self.of(sides)

    def of(self, sides: Sequence[Sequence[str]]) -> csr_matrix:
        """Return the TF-IDF of both sides and what they share, side by side."""
        shared = overlap(*(self._texts.counts(side) for side in sides))
        return hstack([*(self._texts.of(side) for side in sides), csr_matrix(shared)], format="csr")

    def batches(self, dataset: Dataset) -> Iterator[csr_matrix]:
        """Yield the features of a data set's pairs, a batch of rows at a time."""
        for batch in dataset.batches(columns=SIDES):
            yield self.of([batch[side] for side in SIDES])


def overlap(first: csr_matrix, second: csr_matrix) -> np.ndarray:
    """Return cosine, shares of each side that the other has, Jaccard index, ratio of lengths: (rows, 5) in [0, 1].

    The sides are counts (rows, terms).
    """
    lengths = [np.sqrt(sums(side.multiply(side))) for side in (first, second)]
    cosine = sums(first.multiply(second)) / np.maximum(lengths[0] * lengths[1], 1e-12)
    has = [side.astype(bool).astype(np.float64) for side in (first, second)]
    both = sums(has[0].multiply(has[1]))
    one, two = (np.maximum(1.0, sums(side)) for side in has)
    shares = [both / one, both / two, both / (one + two - both)]
    return np.stack([cosine, *shares, np.minimum(one, two) / np.maximum(one, two)], axis=1)


def sums(matrix: csr_matrix) -> np.ndarray:
    """Return the sum of each row (rows,)."""
    return np.asarray(matrix.sum(axis=1)).ravel()
