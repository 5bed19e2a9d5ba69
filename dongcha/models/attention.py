"""Attend on the CPU where torch's own attention is slow: with dropout in training, and over short texts without it.

With dropout torch falls back to plain products on the CPU, draws its mask serially and scales query and key apart; its
fused attention costs twice what plain products do where texts are short (measured; level at SHORT). Everything else
(long texts, causal, grouped heads, other devices) goes to that attention unchanged.
Softmax(Q K^T / sqrt(d)) V as in Vaswani et al. 2017, equation 1, dropout on the softmax.

Shape letters: B texts, A heads, T tokens, D width of a head.
"""

from collections.abc import Iterator
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
CHUNK = 1 << 18  # scores whose mask is drawn at once; where that is all of them it is kept (1 MB)


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
        seen = additive(attention_mask, query.dtype).expand(batch, heads, tokens, tokens).reshape(-1, tokens, tokens)
    parts = (x.reshape(batch * heads, tokens, width) for x in (query, key, value))
    scale = width**-0.5 if scaling is None else scaling
    if dropout:
        attended: Tensor = Attend.apply(*parts, seen, scale, dropout)  # type: ignore[no-untyped-call]
    else:
        q, k, v = parts
        attended = torch.bmm(_scores(q, k, seen, scale).softmax(-1), v)
    return attended.view(batch, heads, tokens, width).transpose(1, 2).contiguous(), None


def _scores(q: Tensor, k: Tensor, seen: Tensor | None, scale: float) -> Tensor:
    """Return scale * Q K^T + seen, (N, T, T)."""
    transposed = k.transpose(1, 2)
    return torch.bmm(q * scale, transposed) if seen is None else torch.baddbmm(seen, q, transposed, alpha=scale)


class Attend(torch.autograd.Function):
    """softmax(scale * Q K^T + seen), dropped, times V, for (B * A, T, D); of the (T, T) tensors only the softmax stays.

    With d for a gradient, P the softmax, M the mask: dV = (M P)^T dO, dP = M (dO V^T), dS = P (dP - sum(dP P)),
    dQ = scale dS K, dK = scale dS^T Q.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, seen: Tensor | None, scale: float, dropout: float) -> Tensor:  # noqa: PLR0913, PLR0917
        scores = _scores(q, k, seen, scale)
        softmax = scores.softmax(-1)
        ctx.scale, ctx.masks = scale, Masks(softmax, dropout)
        ctx.save_for_backward(q, k, v, softmax)
        for part, factor in ctx.masks.parts():
            torch.mul(softmax[part], factor, out=scores[part])
        return torch.bmm(scores, v)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, softmax = ctx.saved_tensors
        out = gradients[0]
        dropped, d_softmax = torch.empty_like(softmax), torch.bmm(out, v.transpose(1, 2))
        for part, factor in ctx.masks.parts():
            torch.mul(softmax[part], factor, out=dropped[part])
            d_softmax[part] *= factor
        d_value = torch.bmm(dropped.transpose(1, 2), out)
        d_scores = torch._softmax_backward_data(d_softmax, softmax, -1, softmax.dtype)
        d_query = torch.bmm(d_scores, k).mul_(ctx.scale)
        d_key = torch.bmm(d_scores.transpose(1, 2), q).mul_(ctx.scale)
        return d_query, d_key, d_value, None, None, None


class Masks:
    """The mask of one attention's dropout, for scores (N, T, T): small ones are kept, of large ones only the seed.

    Large ones are drawn some rows at a time, and drawn again for the backward pass: a mask is as large as the softmax,
    and one in every layer would double what a long text keeps in memory.
    """

    def __init__(self, scores: Tensor, probability: float) -> None:
        self.shape, self.dtype, self.probability, self.seed = scores.shape, scores.dtype, probability, seed()
        self.rows = max(1, CHUNK // max(1, scores[0].numel()))
        self.kept: Tensor | None = None

    def parts(self) -> Iterator[tuple[slice, Tensor]]:
        """Yield rows and their mask, the same at each call."""
        for start in range(0, self.shape[0], self.rows):
            stop = min(start + self.rows, self.shape[0])
            yield slice(start, stop), self._drawn(start, stop)

    def _drawn(self, start: int, stop: int) -> Tensor:
        if self.kept is not None:
            return self.kept
        found = mask(torch.Size((stop - start, *self.shape[1:])), self.probability, self.seed + start).to(self.dtype)
        if stop - start == self.shape[0]:
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
