"""Judge two texts by a linear model on TF-IDF of both and on what they share: what the words alone are worth.

Logistic regression (C 10, as `tfidf_linear`) for labels, ridge (penalty 1) for scores. Beside the TF-IDF of each text
stand their cosine, the share of each that the other has too, the Jaccard index, and the ratio of their lengths.
"""

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression, Ridge

from dongcha.data.dataset import Dataset
from dongcha.evaluate.baselines import majority
from dongcha.evaluate.baselines._labels import has_lists, indicator, to_predictions
from dongcha.evaluate.baselines._tfidf import TextFeatures, drawn
from dongcha.evaluate.baselines.tfidf_linear import MAX_ITERATIONS, C
from dongcha.evaluate.baselines.tfidf_ridge import ALPHA
from dongcha.types import Prediction

SIDES = ("text_a", "text_b")


def predict(train: Dataset, test: Dataset, labels: tuple[str, ...], seed: int) -> list[Prediction]:
    """Return a label with probabilities, or a score, for each test row."""
    rows = drawn(train, seed)
    features = PairFeatures([rows.column(side) for side in SIDES], len(labels))
    if not labels:
        model = Ridge(alpha=ALPHA, random_state=seed).fit(features.train, np.asarray(rows.column("score"), float))
        scores = [score for batch in features.batches(test) for score in model.predict(batch).tolist()]
        return [Prediction(row, {"score": score}, 0.0) for row, score in enumerate(scores)]
    values = rows.column("label")
    truth = indicator(values, labels)
    if has_lists(values) or truth.any(axis=0).sum() < 2:
        return majority.predict(train, test, labels, seed)
    judge = LogisticRegression(C=C, max_iter=MAX_ITERATIONS).fit(features.train, truth.argmax(axis=1))
    predictions: list[Prediction] = []
    for batch in features.batches(test):
        probs = np.zeros((batch.shape[0], len(labels)))
        probs[:, judge.classes_] = judge.predict_proba(batch)
        predictions += to_predictions(probs, labels, False, len(predictions))
    return predictions


class PairFeatures:
    """Features of pairs, learnt from training texts of both sides together."""

    def __init__(self, sides: list[list[str]], num_outputs: int) -> None:
        self._texts = TextFeatures([*sides[0], *sides[1]], 2 * max(1, num_outputs))
        self.train = joined(self._texts.train[: len(sides[0])], self._texts.train[len(sides[0]) :])

    def batches(self, dataset: Dataset) -> Iterator[csr_matrix]:
        """Yield the features of a data set's pairs, a batch of rows at a time."""
        for batch in dataset.batches(columns=SIDES):
            yield joined(*(self._texts.of(batch[side]) for side in SIDES))


def joined(first: csr_matrix, second: csr_matrix) -> csr_matrix:
    """Lay both sides' TF-IDF (rows, features) and what they share side by side."""
    return hstack([first, second, csr_matrix(overlap(first, second))], format="csr")


def overlap(first: csr_matrix, second: csr_matrix) -> np.ndarray:
    """Return cosine, shares of each side that the other has, Jaccard index, ratio of lengths: (rows, 5) in [0, 1]."""
    cosine = np.asarray(first.multiply(second).sum(axis=1)).ravel()
    has_first, has_second = (side.astype(bool).astype(np.float64) for side in (first, second))
    both = np.asarray(has_first.multiply(has_second).sum(axis=1)).ravel()
    one, two = (np.maximum(1.0, np.asarray(side.sum(axis=1)).ravel()) for side in (has_first, has_second))
    return np.stack(
        [cosine, both / one, both / two, both / (one + two - both), np.minimum(one, two) / np.maximum(one, two)], axis=1
    )
