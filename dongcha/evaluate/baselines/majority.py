"""Predict the commonest label for every row: what knowing nothing of a text is worth.

Probabilities are the labels' shares of the training rows. Where a row may have several labels, those of at least half
the rows are predicted, often none.
"""

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.evaluate.baselines._labels import has_lists, indicator, to_predictions
from dongcha.types import Prediction


def predict(train: Dataset, test: Dataset, labels: tuple[str, ...], seed: int) -> list[Prediction]:
    """Return the same prediction for each test row; of equally common labels the first is taken."""
    values = train.column("label")
    shares = indicator(values, labels).mean(axis=0, dtype=np.float64)
    return to_predictions(np.tile(shares, (len(test), 1)), labels, has_lists(values), 0)
