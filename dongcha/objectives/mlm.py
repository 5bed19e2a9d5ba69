"""Mask words and let a model guess them: masked language modelling with whole words and Chinese spans.

In: batches whose tokens know their word (`word`, -1 at special tokens) and how many Chinese characters they hold
(`cjk`). Out: the loss at the masked places. Masks are drawn anew each time from torch's generator, which the loop
reseeds from (seed, step, part): a resume draws the same ones. Nothing is done per row in Python.

Shape letters: B texts, T tokens, V pieces of the vocabulary, U units (words or spans), M masked tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from dongcha.data.features import Batch
from dongcha.models.heads._base import EXTRA_INPUTS

LONGEST_SPAN = 3  # characters


@dataclass(frozen=True)
class Masking:
    """How much is masked, and by what.

    `share` of a text's tokens is chosen, a unit at a time; of the chosen units `mask_share` become `mask_id`,
    `random_share` random pieces out of `pieces` (V',), the rest stays (Devlin et al. 2019, section 3.1). A unit is a
    word, or a span of 1 to 3 Chinese characters whose length is geometric with `span_stop` (Joshi et al. 2020,
    section 3.1, shortened: Chinese words have one to three characters).
    """

    mask_id: int
    pieces: np.ndarray
    share: float = 0.15
    mask_share: float = 0.8
    random_share: float = 0.1
    span_stop: float = 0.4

    def budget(self, word_BT: Tensor) -> Tensor:
        """Return how many tokens of each text are to be masked (B,): the rounded share, at least 1 where any can be."""
        counts_B = (word_BT >= 0).sum(-1)
        return (counts_B * self.share).round().long().clamp(min=1) * (counts_B > 0)

    def draw(self, ids_BT: Tensor, word_BT: Tensor, cjk_BT: Tensor) -> tuple[Tensor, Tensor]:
        """Return the ids with masks (B, T), and which places are to be guessed (B, T) bool."""
        unit_BT = units(word_BT, cjk_BT, self._spans(cjk_BT))
        chosen_U = self._choose(unit_BT, self.budget(word_BT))
        fate_U = torch.rand(len(chosen_U)).to(ids_BT.device)
        chosen_BT = (unit_BT >= 0) & chosen_U[unit_BT.clamp(min=0)]
        fate_BT = fate_U[unit_BT.clamp(min=0)]
        random_BT = torch.from_numpy(self.pieces)[torch.randint(len(self.pieces), tuple(ids_BT.shape))]
        drawn = torch.where(chosen_BT & (fate_BT < self.mask_share), self.mask_id, ids_BT)
        swapped = chosen_BT & (fate_BT >= self.mask_share) & (fate_BT < self.mask_share + self.random_share)
        return torch.where(swapped, random_BT.to(ids_BT.device), drawn), chosen_BT

    def _spans(self, cjk_BT: Tensor) -> Tensor:
        """Return the span that each Chinese token begins in, by number; spans lie end to end over the batch."""
        begin = cjk_BT.flatten().cumsum(0) - cjk_BT.flatten()
        total = int(cjk_BT.sum()) + 1
        lengths = torch.arange(1, LONGEST_SPAN + 1)
        odds = self.span_stop * (1 - self.span_stop) ** (lengths - 1.0)
        drawn = lengths[torch.multinomial(odds, total, replacement=True)]
        return torch.searchsorted(drawn.cumsum(0).to(begin.device), begin, right=True).view(cjk_BT.shape)

    def _choose(self, unit_BT: Tensor, budget_B: Tensor) -> Tensor:
        """Choose units (U,) of each text in random order: the first, and each that has half of itself in the budget."""
        row_BT = torch.arange(len(unit_BT), device=unit_BT.device)[:, None].expand_as(unit_BT)
        num_units = max(1, int(unit_BT.max()) + 1)
        inside = unit_BT >= 0
        size_U = torch.bincount(unit_BT[inside], minlength=num_units)
        row_U = torch.zeros(num_units, dtype=torch.int64, device=unit_BT.device)
        row_U[unit_BT[inside]] = row_BT[inside]
        order = (row_U + torch.rand(num_units, dtype=torch.float64).to(unit_BT.device)).argsort()
        size, row = size_U[order], row_U[order]
        before = size.cumsum(0) - size
        first = torch.ones_like(row, dtype=torch.bool)
        first[1:] = row[1:] != row[:-1]
        start_B = torch.zeros(len(unit_BT), dtype=before.dtype, device=unit_BT.device)
        start_B[row[first]] = before[first]
        taken = first | (2 * (before - start_B[row]) + size <= 2 * budget_B[row])
        chosen = torch.zeros(num_units, dtype=torch.bool, device=unit_BT.device)
        chosen[order] = taken
        return chosen


def units(word_BT: Tensor, cjk_BT: Tensor, span_BT: Tensor) -> Tensor:
    """Return the unit of each place, from 0 (B, T): words, or spans of Chinese text; -1 at places never masked."""
    kind = torch.where(cjk_BT > 0, span_BT, -1)
    begins = torch.ones_like(word_BT, dtype=torch.bool)
    same_word = word_BT[:, 1:] == word_BT[:, :-1]
    chinese = (cjk_BT[:, 1:] > 0) & (cjk_BT[:, :-1] > 0) & (word_BT[:, :-1] >= 0)
    together = torch.where(chinese, kind[:, 1:] == kind[:, :-1], same_word & (kind[:, 1:] == kind[:, :-1]))
    begins[:, 1:] = ~together
    begins &= word_BT >= 0
    return torch.where(word_BT >= 0, begins.flatten().cumsum(0).view(word_BT.shape) - 1, -1)


@dataclass(frozen=True)
class MaskedObjective:
    """The cross-entropy of masked tokens: their mean, times how many the batch was to have masked."""

    masking: Masking

    def weight(self, batch: Batch) -> float:
        """Return how many tokens the batch is to have masked, whatever is drawn."""
        return float(self.masking.budget(torch.from_numpy(batch["word"])).sum())

    def loss(self, module: torch.nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean loss of the masked tokens times their planned number; 0 where nothing can be masked."""
        total, count = self.summed(module, batch)
        planned = self.masking.budget(batch["word"]).sum()
        return total * planned / max(1, count)

    def summed(self, module: torch.nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, int]:
        """Return the summed loss of the masked tokens, and how many they are."""
        logits_MV, gold_M, _ = self._guessed(module, batch)
        return cross_entropy(logits_MV, gold_M, reduction="sum"), len(gold_M)

    def by_text(self, module: torch.nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the summed loss of each text's masked tokens (B,), and how many they are (B,)."""
        logits_MV, gold_M, chosen_BT = self._guessed(module, batch)
        loss_M = cross_entropy(logits_MV, gold_M, reduction="none")
        sums_B = loss_M.new_zeros(len(chosen_BT)).index_add(0, chosen_BT.nonzero()[:, 0], loss_M)
        return sums_B, chosen_BT.sum(-1)

    def _guessed(self, module: torch.nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Mask a batch; return what is guessed (M, V), what stood there (M,), and where that is (B, T)."""
        ids_BT, chosen_BT = self.masking.draw(batch["input_ids"], batch["word"], batch["cjk"])
        extra = {name: batch[name] for name in EXTRA_INPUTS if name in batch}
        logits_MV = module(ids_BT, batch["mask"], chosen=chosen_BT, **extra)
        return logits_MV, batch["input_ids"][chosen_BT], chosen_BT
