"""Measure what this machine can do at best, and count what training a text costs: floating-point operations.

In: sizes; a model's shape and the lengths of texts in tokens. Out: operations a second, operations.
"""

import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np
import torch

SIDES = (1024, 2048, 4096)
REPEATS = 3


def matrix_peak(sides: Sequence[int] = SIDES, repeats: int = REPEATS) -> float:
    """Return the operations a second of the best side of square fp32 matrix products, with torch's present threads.

    Each side's figure is the median of `repeats` products after one that is not counted.
    """
    return max(_rate(side, repeats) for side in sides)


def _rate(side: int, repeats: int) -> float:
    a, b, out = torch.randn(side, side), torch.randn(side, side), torch.empty(side, side)
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        torch.mm(a, b, out=out)
        seconds.append(time.perf_counter() - started)
    return product_operations(side) / median(seconds[1:])


def product_operations(side: int) -> float:
    """Return the operations of a product of two square matrices: a multiplication and an addition a term."""
    return 2.0 * side**3


def training_operations(module: Any, lengths: np.ndarray) -> float:
    """Return the operations of one forward and backward pass over texts of these lengths (N,), padding left out.

    6 a token for each parameter outside the embedding tables (Kaplan et al. 2020, section 2.1), and for attention
    12 * layers * width a pair of tokens of one text: two products forward, four backward, two operations each.
    """
    shape = module.backbone.config
    per_pair = 12.0 * int(shape.num_hidden_layers) * int(shape.hidden_size)
    lengths = lengths.astype(np.float64)
    pairs, tokens = float((lengths**2).sum()), float(lengths.sum())
    return 6.0 * outside_tables(module) * tokens + per_pair * pairs


def outside_tables(module: torch.nn.Module) -> int:
    """Return how many parameters stand outside embedding tables."""
    in_tables = sum(part.weight.numel() for part in module.modules() if isinstance(part, torch.nn.Embedding))
    return sum(parameter.numel() for parameter in module.parameters()) - in_tables
