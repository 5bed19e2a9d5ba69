"""Delete most of a text and let its vector alone rebuild it: denoising for sentence encoders.

In: batches of tokens, and a module that gives a vector of a damaged text and rebuilds the whole one from it. Out: the
loss over all tokens (TSDAE, Wang et al. 2021, section 3: tokens are deleted, 0.6 of them).

Shape letters: B texts, T tokens, V pieces of the vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from dongcha.data.features import Batch


def delete(ids_BT: Tensor, mask_BT: Tensor, inner_BT: Tensor, share: float, pad_id: int) -> tuple[Tensor, Tensor]:
    """Delete a `share` of the inner tokens of each text, at least one being kept; return ids and mask (B, T').

    Special tokens stay; what is kept moves up, in order.
    """
    luck_BT = torch.rand(tuple(ids_BT.shape)).to(ids_BT.device).masked_fill(~inner_BT, 2.0)
    luckiest_BT = torch.where(inner_BT, luck_BT, -1.0)
    best_B1 = luckiest_BT.max(dim=1, keepdim=True).values
    kept_BT = mask_BT & (~inner_BT | (luck_BT >= share) | (luckiest_BT == best_B1))
    order = (~kept_BT).to(torch.int8).argsort(dim=1, stable=True)
    longest = int(kept_BT.sum(1).max())
    mask = kept_BT.gather(1, order)[:, :longest]
    return ids_BT.gather(1, order)[:, :longest].masked_fill(~mask, pad_id), mask


@dataclass(frozen=True)
class DenoisingObjective:
    """The cross-entropy of every token but the first, each guessed from those before it and the damaged text's vector.

    `deleted` is the share of tokens that is deleted.
    """

    pad_id: int
    deleted: float = 0.6

    def weight(self, batch: Batch) -> float:
        """Count the tokens that are guessed."""
        return float(batch["mask"][:, 1:].sum())

    def loss(self, module: torch.nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss summed over the tokens that are guessed."""
        ids_BT, mask_BT = batch["input_ids"], batch["mask"]
        damaged = delete(ids_BT, mask_BT, batch["word"] >= 0, self.deleted, self.pad_id)
        logits_BTV = module(*damaged, whole=ids_BT[:, :-1])
        wanted_BT = mask_BT[:, 1:]
        return cross_entropy(logits_BTV[wanted_BT], ids_BT[:, 1:][wanted_BT], reduction="sum")
