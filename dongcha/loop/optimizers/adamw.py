"""AdamW: Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019, algorithm 2)."""

from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field

LINEAR_WITHOUT_GRADIENT = True  # a weight that never had a gradient is only scaled by a step


class Options(BaseModel):
    """What AdamW may be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    beta1: float = Field(0.9, ge=0, lt=1, description="decay of the gradient's mean")
    beta2: float = Field(0.999, ge=0, lt=1, description="decay of the squared gradient's mean")
    epsilon: float = Field(1e-8, gt=0, description="added to the denominator")


def build(groups: list[dict[str, Any]], options: Options) -> torch.optim.Optimizer:
    """Build the fused optimiser: one pass over the weights a step."""
    return torch.optim.AdamW(groups, betas=(options.beta1, options.beta2), eps=options.epsilon, fused=True)
