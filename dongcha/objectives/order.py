"""Tell whether two pieces of a text stand in their own order: sentence order prediction.

In: batches of two joined pieces with `unit_swapped` (B,), and a module that gives a vector a pair and two outputs. Out:
the loss over pairs (ALBERT, Lan et al. 2020, section 3.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from dongcha.data.features import Batch
from dongcha.models.heads._base import run


@dataclass(frozen=True)
class OrderObjective:
    """The cross-entropy of `swapped` against the module's two outputs."""

    def weight(self, batch: Batch) -> float:
        """Count the pairs."""
        return float(len(batch["unit_swapped"]))

    def loss(self, module: torch.nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss summed over pairs."""
        return cross_entropy(run(module, batch), batch["unit_swapped"].long(), reduction="sum")
