"""Compute what a frozen model makes of texts: one unit vector a text.

In: a Model, texts. Out: vectors (n, H) float32 of length one, by the backbone's own pooling, else the mean.
"""

from typing import Any

import numpy as np

from dongcha.data.features import gather
from dongcha.models.model import Model
from dongcha.registry import find
from dongcha.tasks._base import Lengths

SHORTEST = 1e-9  # below this a vector has no direction


def unit_vectors(model: Model, texts: list[str], lengths: Lengths | None = None) -> np.ndarray:
    """Return unit vectors (n, H) of texts, each cut to `lengths` or to what the model reads."""
    sequence = find("models.heads", "sequence")
    classifier: Any = find("tasks", "classification")
    task = classifier.Task(labels=(), lengths=lengths or Lengths())
    chunk = task.encode({"text": texts}, model.tokenizer, 0)
    vectors: np.ndarray = sequence.vectors(model, gather([chunk]))
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), SHORTEST))
