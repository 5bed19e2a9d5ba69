"""Train with matrix products in bfloat16 where the processor has them: half the bits in, sums in fp32, weights in fp32.

As Micikevicius et al. 2018, section 3.1: the weights that learn stay in single precision, each product works on rounded
copies. bfloat16 has fp32's range, so no loss is scaled. Everything between the products, the optimiser, validation and
the saved model are fp32 as ever. `bf16_gain` measures whether this machine is the quicker for it.

Shape letters: N tokens of a batch, P the same and some of padding, I width in, O width out.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from dongcha.models.linear import linear

NARROWEST = 128  # width below which rounding costs more than any product saves
WIDER = 4  # a layer's inner width beside the model's
FEWEST_ROWS, STEPS = 16, 16  # padded counts of rows: multiples of the first, STEPS between a power of two and the next
ROUNDS = 5
MOST_TOKENS = 512


class Product(torch.autograd.Function):
    """x W^T + b for x (..., I), W (O, I), b (O,) or None: three products in bfloat16, in and out in fp32.

    `rounded` is W in bfloat16, where that is at hand.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, rounded: Tensor | None = None) -> Tensor:
        exact_NI = x.reshape(-1, x.shape[-1])
        rows_PI, rounded_OI = padded(exact_NI), weight.bfloat16() if rounded is None else rounded
        ctx.save_for_backward(rows_PI, rounded_OI)
        ctx.shape = x.shape
        out = torch.mm(rows_PI, rounded_OI.t())[: len(exact_NI)].float()
        if bias is not None:
            out += bias
        return out.view(*x.shape[:-1], out.shape[-1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rows_PI, rounded_OI = ctx.saved_tensors
        exact_NO = gradients[0].reshape(-1, gradients[0].shape[-1])
        gradient_PO = padded(exact_NO)
        of_x, of_weight, of_bias = ctx.needs_input_grad[:3]
        return (
            torch.mm(gradient_PO, rounded_OI)[: len(exact_NO)].float().view(ctx.shape) if of_x else None,
            torch.mm(gradient_PO.t(), rows_PI).float() if of_weight else None,
            exact_NO.sum(0) if of_bias else None,
            None,
        )


def padded(rows_NI: Tensor) -> Tensor:
    """Round rows to bfloat16 and add rows of zeros up to one of few counts, at most a sixteenth more (P, I).

    For each count the CPU's library compiles products of its own, half a megabyte each, and keeps a thousand of them.
    """
    count = len(rows_NI)
    step = max(FEWEST_ROWS, (1 << max(1, count).bit_length() - 1) // STEPS)
    found = rows_NI.new_empty((-(-count // step) * step, rows_NI.shape[1]), dtype=torch.bfloat16)
    found[:count] = rows_NI
    found[count:] = 0
    return found


def _forward(layer: nn.Linear, rounded: Tensor | None, x: Tensor) -> Tensor:
    if not (layer.training and torch.is_grad_enabled()):
        return linear(layer, x)
    found: Tensor = Product.apply(x, layer.weight, layer.bias, rounded)  # type: ignore[no-untyped-call]
    return found


@contextmanager
def bf16_products(module: nn.Module) -> Iterator[None]:
    """Let each plain linear layer of a module in fp32 train by `Product`; put them back at the end.

    Weights that do not learn are rounded once.
    """
    found = [part for part in module.modules() if type(part) is nn.Linear and part.weight.dtype == torch.float32]
    before = [vars(layer).get("forward") for layer in found]
    for layer in found:
        rounded = None if layer.weight.requires_grad else layer.weight.detach().bfloat16()
        layer.forward = partial(_forward, layer, rounded)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer, forward in zip(found, before, strict=True):
            del layer.forward
            if forward is not None:
                layer.forward = forward  # type: ignore[method-assign]


def bf16_gain(width: int, tokens: int, device: torch.device) -> float:
    """Return how many times quicker a linear layer trains in bfloat16 here, by the best of a few rounds; 0 for never.

    The layer is that of a model of this width, its batch of about so many tokens. Takes 20 to 100 ms.
    """
    if width < NARROWEST or not _has_bf16(device):
        return 0.0
    with torch.random.fork_rng(devices=[]):
        layer = nn.Linear(width, WIDER * width).to(device)
        rows_NI = torch.randn(min(tokens, MOST_TOKENS), width).to(device).requires_grad_()
    ways: tuple[Callable[[Tensor], Tensor], ...] = (layer, partial(_forward, layer, None))
    spent = [[_seconds(way, rows_NI) for way in ways] for _ in range(ROUNDS + 1)][1:]
    plain, rounded = (min(column) for column in zip(*spent, strict=True))
    return float(plain / rounded)


def _seconds(way: Callable[[Tensor], Tensor], rows: Tensor) -> float:
    started = time.perf_counter()
    way(rows).sum().backward()  # type: ignore[no-untyped-call]
    if rows.device.type == "cuda":
        torch.cuda.synchronize(rows.device)
    return time.perf_counter() - started


def _has_bf16(device: torch.device) -> bool:
    """Tell whether products in bfloat16 are more than emulated."""
    if device.type == "cpu":
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
