"""Tell a text from the others of its batch by what dropout leaves of it: unsupervised contrastive learning.

In: batches of tokens, and a module that gives a vector a text. Out: the loss over texts (SimCSE, Gao et al. 2021,
equation 4): each text goes through the model twice under different dropout, and its other vector is to be nearer than
those of all other texts, by a softmax over cosines at a temperature.

Shape letters: B texts, H hidden width.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from dongcha.data.features import Batch
from dongcha.models.heads._base import run


def contrast(first_BH: Tensor, second_BH: Tensor, temperature: float) -> Tensor:
    """Return the loss summed over texts: the cross-entropy of finding one's own second vector among all."""
    cosines_BB = normalize(first_BH, dim=1) @ normalize(second_BH, dim=1).T
    own = torch.arange(len(first_BH), device=first_BH.device)
    return cross_entropy(cosines_BB / temperature, own, reduction="sum")


@dataclass(frozen=True)
class ContrastObjective:
    """The contrastive loss of a batch with itself; a batch of one text has none to be told from."""

    temperature: float = 0.05
    is_whole = True

    def weight(self, batch: Batch) -> float:
        """Count the texts."""
        return float(len(batch["input_ids"]))

    def loss(self, module: torch.nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss summed over texts."""
        return contrast(run(module, batch), run(module, batch), self.temperature)
