"""Compute what a frozen model makes of texts: one unit vector a text.

In: a Model, texts. Out: vectors (n, H) float32 of length one, by the backbone's own pooling, else the mean. Texts
longer than the model reads are cut.
"""

from collections.abc import Sequence

import numpy as np

from dongcha.data.features import Chunk, Features, gather
from dongcha.models.heads import sequence
from dongcha.models.model import Model
from dongcha.models.probe import scaled
from dongcha.models.tokenizer import frame, heads_of


def texts_as_features(model: Model, texts: Sequence[str]) -> Features:
    """Return texts as features, one each, cut to the model's length."""
    encoded = model.tokenizer.encode(texts)
    lengths, tokens = frame(model.tokenizer, encoded, heads_of(encoded.lengths, model.tokenizer.room), {})
    return gather([Chunk(lengths, tokens, {"row": np.arange(len(lengths))}, {})])


def unit_vectors(model: Model, texts: Sequence[str]) -> np.ndarray:
    """Return unit vectors (n, H) of texts."""
    return scaled(sequence.vectors(model, texts_as_features(model, texts)), unit=True)
