"""Answer with the text that was given: what changing nothing is worth. No probability is known."""

from dongcha.data.dataset import Dataset
from dongcha.tasks._base import Sides
from dongcha.types import Prediction


def predict(train: Dataset, test: Dataset, sides: Sides, seed: int) -> list[Prediction]:
    """Return the source of each test row as what is written."""
    return [Prediction(row, {sides.target: text}, 0.0) for row, text in enumerate(test.column(sides.source))]
