"""Predict the mean training score for every row: what knowing nothing of a text is worth.

A number has no probability, so confidence is 0. Correlations with a constant are undefined (NaN).
"""

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.types import Prediction


def predict(train: Dataset, test: Dataset, labels: tuple[str, ...], seed: int) -> list[Prediction]:
    """Return the same score for each test row."""
    score = float(np.mean(np.asarray(train.column("score"), dtype=np.float64)))
    return [Prediction(row, {"score": score}, 0.0) for row in range(len(test))]
