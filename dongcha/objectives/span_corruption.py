"""Take spans out of a text and let a decoder write them: T5's denoising (Raffel et al. 2020, section 3.1.4).

In: batches of blocks whose tokens know whether they are of the text (`word`, -1 at special ones). Out: the loss of what
is written: for each span the sentinel that stands in its place, then its tokens, and what ends a text. Spans are drawn
anew each time from torch's generator, which the loop reseeds from (seed, step, part): a resume draws the same ones.
Nothing is done per row in Python.

Shape letters: B texts, T tokens, L inner tokens of the longest text, P spans.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dongcha.data.features import IGNORED, Batch
from dongcha.models.heads._base import run
from dongcha.models.heads.writer import leftmost


@dataclass(frozen=True)
class Corruption:
    """How much is taken out, and what stands in its place.

    `share` of a text's tokens in spans of `mean_span` tokens on average; the n-th span is the n-th of `sentinels`.
    `before` and `behind` frame what is written.
    """

    sentinels: np.ndarray
    before: np.ndarray
    behind: np.ndarray
    share: float = 0.15
    mean_span: float = 3.0

    def counts(self, inner_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return how many tokens of each text are taken out, and in how many spans (B,); none of a single token."""
        taken_B = (inner_B * self.share).round().long().clamp(min=1).minimum(inner_B - 1).clamp(min=0)
        most_B = taken_B.minimum(inner_B - taken_B).clamp(max=len(self.sentinels))
        return taken_B, (taken_B / self.mean_span).round().long().clamp(min=1).minimum(most_B)

    def draw(self, inner_B: Tensor) -> Tensor:
        """Return the number of the span that each inner token is in (B, L), -1 for those that stay.

        Spans and what lies between them have random lengths; a text opens with what stays (section 3.1.4's code).
        """
        taken_B, spans_B = self.counts(inner_B)
        longest, most = max(1, int(inner_B.max())), max(1, int(spans_B.max()))
        kept_BP, gone_BP = (parted(total, spans_B, longest, most) for total in (inner_B - taken_B, taken_B))
        ends_BP = torch.stack([kept_BP, gone_BP], dim=2).flatten(1).cumsum(1)
        place_BL = torch.arange(longest, device=inner_B.device).expand(len(inner_B), -1).contiguous()
        stretch_BL = torch.searchsorted(ends_BP, place_BL, right=True)
        inside = (stretch_BL % 2 == 1) & (place_BL < inner_B[:, None])
        return torch.where(inside, stretch_BL // 2, -1)

    def apply(self, batch: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
        """Return a batch as `models/heads/writer.py` reads it, and which of its tokens were taken out (B, T')."""
        ids_BT, mask_BT, span_BT = batch["input_ids"], batch["mask"], self._spans(batch["word"] >= 0)
        gone_BT = span_BT >= 0
        opens_BT = gone_BT.clone()
        opens_BT[:, 1:] &= span_BT[:, 1:] != span_BT[:, :-1]
        marks_BT = torch.as_tensor(self.sentinels, device=ids_BT.device)[span_BT.clamp(min=0)].long()
        none_BT, some_B1 = torch.zeros_like(gone_BT), gone_BT.any(1, keepdim=True)
        parts = (
            (torch.where(opens_BT, marks_BT, ids_BT), mask_BT & (~gone_BT | opens_BT), none_BT),
            framing(self.before, some_B1),
            (in_turn(marks_BT, ids_BT), in_turn(opens_BT, gone_BT), in_turn(none_BT, gone_BT)),
            framing(self.behind, some_B1),
        )
        ids, kept, own = (torch.cat(columns, dim=1) for columns in zip(*parts, strict=True))
        behind = torch.arange(ids.shape[1], device=ids.device).expand_as(ids) >= ids_BT.shape[1]
        (ids, mask), (own, _), (behind, _) = (leftmost(column, kept) for column in (ids, own, behind))
        written = behind & mask
        found = {"input_ids": ids, "mask": mask, "written": written, "next": ids.masked_fill(~written, IGNORED)}
        return found, own & mask

    def _spans(self, inner_BT: Tensor) -> Tensor:
        """Return the number of the span that each token is in (B, T), -1 for those that stay."""
        span_BL = self.draw(inner_BT.sum(1))
        inside = torch.arange(span_BL.shape[1], device=inner_BT.device) < inner_BT.sum(1)[:, None]
        return torch.full(inner_BT.shape, -1, device=inner_BT.device).masked_scatter(inner_BT, span_BL[inside])


def in_turn(one_BT: Tensor, other_BT: Tensor) -> Tensor:
    """Return two columns token by token in turn (B, 2 T)."""
    return torch.stack([one_BT, other_BT], dim=2).flatten(1)


def framing(tokens: np.ndarray, some_B1: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return special tokens for each text that writes anything, that they are kept there, and none of the text."""
    ids = torch.as_tensor(tokens, device=some_B1.device).long().expand(len(some_B1), -1)
    return ids, some_B1.expand(ids.shape), torch.zeros_like(ids, dtype=torch.bool)


def parted(total_B: Tensor, parts_B: Tensor, longest: int, most: int) -> Tensor:
    """Part each total into so many positive lengths, any way as likely as another; (B, most), 0 where there is none."""
    place = torch.arange(longest, device=total_B.device)
    luck = torch.rand(len(total_B), longest).to(total_B.device)
    luck = luck.masked_fill((place == 0) | (place >= total_B[:, None]), 2.0)
    cut = luck.argsort(dim=1).argsort(dim=1) < (parts_B - 1)[:, None]
    part = cut.long().cumsum(1)
    lengths = torch.zeros(len(total_B), most, dtype=torch.long, device=total_B.device)
    return lengths.scatter_add(
        1, part.clamp(max=most - 1), ((place < total_B[:, None]) & (parts_B > 0)[:, None]).long()
    )


@dataclass(frozen=True)
class SpanObjective:
    """The cross-entropy of all that is to be written."""

    corruption: Corruption

    def weight(self, batch: Batch) -> float:
        """Return how many tokens are to be written, which no draw changes."""
        taken, spans = self.corruption.counts(torch.from_numpy(batch["word"] >= 0).sum(1))
        around = len(self.corruption.before) + len(self.corruption.behind)
        return float((taken + spans + around * (taken > 0)).sum())

    def loss(self, module: torch.nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss summed over what is written."""
        return run(module, self.corruption.apply(batch)[0]).sum()

    def by_text(self, module: torch.nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the summed loss of the tokens of each text that were taken out (B,), and how many they are (B,)."""
        found, own = self.corruption.apply(batch)
        return (run(module, found)[..., 0] * own).sum(1), own.sum(1)
