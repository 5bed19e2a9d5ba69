"""Answer with what was written for the training text that is most alike: what remembering is worth.

Likeness is the cosine of TF-IDF over words, in Chinese characters (`data/tfidf.py`). Of equally near texts the first is
taken, so for a text that shares no word with training that is the first of all. No probability is known.
"""

from dongcha.data.dataset import BATCH, Dataset
from dongcha.data.tfidf import TextFeatures, drawn
from dongcha.tasks._base import Sides
from dongcha.types import Prediction

MOST_CELLS = 1 << 23  # likenesses held at a time: 64 MB


def predict(train: Dataset, test: Dataset, sides: Sides, seed: int) -> list[Prediction]:
    """Return the target of the nearest training row for each test row."""
    rows = drawn(train, seed)
    features, targets = TextFeatures(rows.column(sides.source), 1), rows.column(sides.target)
    found: list[Prediction] = []
    for batch in test.batches(min(BATCH, max(1, MOST_CELLS // len(rows))), columns=[sides.source]):
        likeness = (features.of(batch[sides.source]) @ features.train.T).toarray()
        nearest = likeness.argmax(axis=1).tolist()
        found += [Prediction(row, {sides.target: targets[at]}, 0.0) for row, at in enumerate(nearest, len(found))]
    return found
