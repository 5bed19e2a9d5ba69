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


def texts_as_features(model: Model, texts: Sequence[str], most_tokens: int | None = None) -> Features:
    """Return texts as features, one each, cut to the model's length, or to `most_tokens` beside the special ones."""
    encoded = model.tokenizer.encode(texts)
    room = min(model.tokenizer.room, most_tokens or model.tokenizer.room)
    lengths, tokens = frame(model.tokenizer, encoded, heads_of(encoded.lengths, room), {})
    return gather([Chunk(lengths, tokens, {"row": np.arange(len(lengths))}, {})])


def unit_vectors(model: Model, texts: Sequence[str], most_tokens: int | None = None) -> np.ndarray:
    """Return unit vectors (n, H) of texts, of their first tokens where there are to be so many at most."""
    return scaled(sequence.vectors(model, texts_as_features(model, texts, most_tokens)), unit=True)
