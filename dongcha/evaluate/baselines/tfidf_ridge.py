"""Predict a score by ridge regression on TF-IDF: what the words alone are worth.

The penalty is scikit-learn's default of 1. A number has no probability, so confidence is 0.
"""

import numpy as np
from sklearn.linear_model import Ridge

from dongcha.data.dataset import Dataset
from dongcha.data.tfidf import Features, TextFeatures, drawn
from dongcha.types import Prediction

ALPHA = 1.0


def predict(train: Dataset, test: Dataset, labels: tuple[str, ...], seed: int) -> list[Prediction]:
    """Return a score for each test row."""
    rows = drawn(train, seed)
    return scored(TextFeatures(rows.column("text"), 1), rows, test, seed)


def scored(features: Features, rows: Dataset, test: Dataset, seed: int) -> list[Prediction]:
    """Return a score for each test row by regression on features of the training rows."""
    model = Ridge(alpha=ALPHA, random_state=seed).fit(
        features.train, np.asarray(rows.column("score"), dtype=np.float64)
    )
    scores = [score for batch in features.batches(test) for score in model.predict(batch).tolist()]
    return [Prediction(row, {"score": score}, 0.0) for row, score in enumerate(scores)]
