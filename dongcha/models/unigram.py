"""Guess every masked token by how often it stands in a corpus: what a model must better to know more than words.

In: counts of pieces. Out: a module with the face of `MaskedLM`: logits (M, V) at the chosen places, the same at each.
A piece that the corpus has not counts as if it stood there once (Laplace's rule, add one).
"""

import numpy as np
import torch
from torch import Tensor, nn

from dongcha.data.features import Features

STRETCH = 1 << 22  # tokens counted at once


class Unigram(nn.Module):
    """A language model without context."""

    def __init__(self, counts_V: np.ndarray) -> None:
        super().__init__()
        shares = np.log((counts_V + 1) / (counts_V + 1).sum())
        self.logits_V = nn.Parameter(torch.from_numpy(shares.astype(np.float32)), requires_grad=False)

    def forward(self, input_ids: Tensor, mask: Tensor, *, chosen: Tensor, **extra: Tensor) -> Tensor:
        """Return logits (M, V) at the `chosen` (B, T) places."""
        return self.logits_V.expand(int(chosen.sum()), -1)


def unigram_of(corpus: Features, num_pieces: int) -> Unigram:
    """Count the pieces of a corpus's words; special tokens, which have no word, are left out."""
    ids, word = corpus.tokens["input_ids"], corpus.tokens["word"]
    counts = np.zeros(num_pieces, dtype=np.int64)
    for start in range(0, len(ids), STRETCH):
        own = slice(start, start + STRETCH)
        counts += np.bincount(ids[own][np.asarray(word[own]) >= 0], minlength=num_pieces)
    return Unigram(counts)
