"""Guess every token that is asked for, from those before it (and, with an encoder, from what was read).

In: batches of `models/heads/writer.py`, whose `next` says which tokens are asked for. Out: their cross-entropy.

Shape letters: B features, T tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dongcha.data.features import IGNORED, Batch
from dongcha.models.heads._base import run
from dongcha.models.heads.writer import TARGET, num_asked


@dataclass(frozen=True)
class WrittenObjective:
    """The surprise of all that is asked for (Radford et al. 2018, equation 1)."""

    def weight(self, batch: Batch) -> float:
        """Count the tokens that are asked for."""
        return num_asked(batch[TARGET])

    def loss(self, module: torch.nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss summed over these tokens."""
        return run(module, batch).sum()

    def by_text(self, module: torch.nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the summed loss of each feature (B,), and how many tokens of it are asked for (B,)."""
        return run(module, batch)[..., 0].sum(1), (batch[TARGET] != IGNORED).sum(1)
