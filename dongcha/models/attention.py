"""Attend on the CPU where torch's own attention is slow: with dropout in training, and over short texts without it.

With dropout torch falls back to plain products on the CPU, draws its mask serially and scales query and key apart; its
fused attention costs twice what plain products do where texts are short (measured; level at SHORT). Everything else
(long texts, causal, grouped heads, other devices) goes to that attention unchanged.
Softmax(Q K^T / sqrt(d)) V as in Vaswani et al. 2017, equation 1, dropout on the softmax. Scores are computed some at a
time, so that they stay in the processor's cache, and again for the backward pass, so that none are kept: memory grows
with T, not its square (Dao et al. 2022, section 3.1; here a block is whole heads, not parts of one).

Shape letters: B texts, A heads, T tokens, D width of a head, N = B A, n the heads of a block.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from dongcha.models.dropout import mask, seed

NAME = "dongcha_quick"
USUAL = "sdpa"
SHORT = 1024  # tokens x width of a head up to which plain products are the quicker ones
CHUNK = 1 << 18  # scores computed at once by a thread (1 MB); where that is all of them they are kept


def attend(  # noqa: PLR0913, PLR0917  Transformers calls it so
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **more: Any,
) -> tuple[Tensor, None]:
    """Return the attended values (B, T, A, D) of query, key and value (B, A, T, D); the shape of Transformers' own."""
    asked = any(value is not None and value is not False for value in more.values())
    batch, heads, tokens, width = query.shape
    slower = not dropout and (torch.is_grad_enabled() or tokens * width > SHORT)
    shared = query.shape != key.shape or getattr(module, "is_causal", True) or query.device.type != "cpu"
    if asked or slower or shared:
        usual: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **more
        )
        return usual
    seen = None
    if attention_mask is not None:
        seen = additive(attention_mask, query.dtype).expand(batch, heads, tokens, tokens)
    parts = (x.reshape(batch * heads, tokens, width) for x in (query, key, value))
    scale = width**-0.5 if scaling is None else scaling
    if dropout:
        attended: Tensor = Attend.apply(*parts, seen, scale, dropout)  # type: ignore[no-untyped-call]
    else:
        q, k, v = parts
        every = slice(0, batch * heads)
        attended = torch.bmm(scores(q, k, seen, scale, every).softmax(-1), v)
    return attended.view(batch, heads, tokens, width).transpose(1, 2).contiguous(), None


def scores(q: Tensor, k: Tensor, seen: Tensor | None, scale: float, part: slice, out: Tensor | None = None) -> Tensor:
    """Return scale * Q K^T + seen of the heads `part` (n, T, T), for q and k (N, T, D) and seen (B, A, T, T)."""
    queries, keys = q[part], k[part].transpose(1, 2)
    if seen is None:
        return torch.bmm(queries * scale, keys, out=out)
    return torch.baddbmm(_seen_by(seen, part), queries, keys, alpha=scale, out=out)


def _seen_by(seen: Tensor, part: slice) -> Tensor:
    """Return what the heads `part` may see, (n, T, T); a view where they are of one text."""
    texts, heads, tokens, _ = seen.shape
    count, (text, head) = part.stop - part.start, divmod(part.start, heads)
    if head + count <= heads:
        return seen[text, head : head + count]
    if count == texts * heads:
        return seen.reshape(count, tokens, tokens)
    every = torch.arange(part.start, part.stop)
    return seen[every // heads, every % heads]


class Attend(torch.autograd.Function):
    """softmax(scale * Q K^T + seen), dropped, times V, for (N, T, D); no (T, T) tensor outlives its block.

    Only where one block is all of them its softmax and mask stay, and are not computed again.
    With d for a gradient, P the softmax, M the mask: dV = (M P)^T dO, dP = M (dO V^T), dS = P (dP - sum(dP P)),
    dQ = scale dS K, dK = scale dS^T Q.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, seen: Tensor | None, scale: float, dropout: float) -> Tensor:  # noqa: PLR0913, PLR0917
        ctx.scale, ctx.blocks = scale, Blocks(q.shape[0], q.shape[1], dropout, seed())
        found, (spare, softmax) = torch.empty_like(q), ctx.blocks.buffers(q, 2)
        for part, masks in ctx.blocks.parts():
            n = part.stop - part.start
            torch.softmax(scores(q, k, seen, scale, part, spare[:n]), -1, out=softmax[:n])
            for rows, factor in masks():
                torch.mul(softmax[rows], factor, out=spare[rows])
            torch.bmm(spare[:n], v[part], out=found[part])
        ctx.save_for_backward(q, k, v, seen, softmax if ctx.blocks.is_one else None)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, seen, kept = ctx.saved_tensors
        d_query, d_key, d_value = (torch.empty_like(x) for x in (q, k, v))
        spare, softmax, d_softmax = ctx.blocks.buffers(q, 3)
        for part, masks in ctx.blocks.parts():
            n, out = part.stop - part.start, gradients[0][part]
            if kept is None:
                torch.softmax(scores(q, k, seen, ctx.scale, part, spare[:n]), -1, out=softmax[:n])
            else:
                softmax = kept
            torch.bmm(out, v[part].transpose(1, 2), out=d_softmax[:n])
            for rows, factor in masks():
                torch.mul(softmax[rows], factor, out=spare[rows])
                d_softmax[rows] *= factor
            torch.bmm(spare[:n].transpose(1, 2), out, out=d_value[part])
            d_scores = spare[:n]
            torch._softmax_backward_data(d_softmax[:n], softmax[:n], -1, softmax.dtype, grad_input=d_scores)
            torch.bmm(d_scores, k[part], out=d_query[part])
            torch.bmm(d_scores.transpose(1, 2), q[part], out=d_key[part])
        return d_query.mul_(ctx.scale), d_key.mul_(ctx.scale), d_value, None, None, None


@dataclass
class Blocks:
    """How the scores (N, T, T) of one attention with dropout are cut: a block's worth a thread; and its masks.

    Masks are drawn from `seed` and their place alone, whatever the threads, and drawn again for the backward pass; that
    of an attention of one block is kept.
    """

    heads: int
    tokens: int
    probability: float
    seed: int

    def __post_init__(self) -> None:
        """Find how many heads are drawn and computed at once."""
        self.drawn = max(1, CHUNK // max(1, self.tokens * self.tokens))
        self.computed = min(self.heads, self.drawn * torch.get_num_threads())
        self.is_one = self.heads <= self.drawn
        self.kept: Tensor | None = None

    def buffers(self, like: Tensor, count: int) -> tuple[Tensor, ...]:
        """Return so many empty tensors as large as a block's scores."""
        return tuple(like.new_empty(self.computed, self.tokens, self.tokens) for _ in range(count))

    def parts(self) -> Iterator[tuple[slice, Callable[[], Iterator[tuple[slice, Tensor]]]]]:
        """Yield each block's heads, and what yields rows of the block with their mask."""
        for start in range(0, self.heads, self.computed):
            stop = min(start + self.computed, self.heads)
            yield slice(start, stop), partial(self._masks, start, stop)

    def _masks(self, start: int, stop: int) -> Iterator[tuple[slice, Tensor]]:
        for first in range(start, stop, self.drawn):
            last = min(first + self.drawn, stop)
            yield slice(first - start, last - start), self._mask(first, last)

    def _mask(self, first: int, last: int) -> Tensor:
        if self.kept is not None:
            return self.kept
        found = mask(torch.Size((last - first, self.tokens, self.tokens)), self.probability, self.seed + first)
        if self.is_one:
            self.kept = found
        return found


def additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Turn a mask of what may be seen into one to be added to scores."""
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros(mask.shape, dtype=dtype).masked_fill_(~mask, torch.finfo(dtype).min)


def use_quick_attention(hf: Any) -> None:
    """Let a model of Transformers attend so from now on, where its class takes attention from outside."""
    chosen = getattr(getattr(hf, "config", None), "_attn_implementation", None)
    if chosen == USUAL and getattr(hf, "_supports_attention_backend", False):
        AttentionInterface.register(NAME, attend)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        hf.set_attn_implementation(NAME)
