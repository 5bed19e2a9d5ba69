"""Guess every token by how often it stands in a corpus: what a model must better to know more than words.

In: counts of pieces. Out: a module with the face of `MaskedLM`: logits (M, V) at the chosen places, the same at each;
or with that of a `Writer`: the surprise of each token that is asked for.
A piece that the corpus has not counts as if it stood there once (Laplace's rule, add one).
"""

import numpy as np
import torch
from torch import Tensor, nn

from dongcha.data.features import IGNORED, Features

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


class UnigramWriter(Unigram):
    """The same, where each token is to follow those before it."""

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return the surprise of each token that is asked for (B, T, 1); 0 elsewhere."""
        wanted_BT = extra["next"]
        return (-self.logits_V[wanted_BT.clamp(min=0)] * (wanted_BT != IGNORED))[..., None]


def counts_of(corpus: Features, column: str, num_pieces: int) -> np.ndarray:
    """Count a corpus's pieces by a column that names them: what is asked for, or those of words, no special token."""
    ids, word = corpus.tokens[column], corpus.tokens.get("word")
    counts = np.zeros(num_pieces, dtype=np.int64)
    for start in range(0, len(ids), STRETCH):
        own = slice(start, start + STRETCH)
        inside = np.asarray(ids[own]) != IGNORED if word is None else np.asarray(word[own]) >= 0
        counts += np.bincount(np.asarray(ids[own])[inside], minlength=num_pieces)
    return counts
