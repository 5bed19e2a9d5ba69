"""SGD with momentum, weight decay apart from the gradient (Loshchilov and Hutter 2019, algorithm 1)."""

from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field

LINEAR_WITHOUT_GRADIENT = True  # a weight that never had a gradient is only scaled by a step


class Options(BaseModel):
    """What SGD may be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    momentum: float = Field(0.9, ge=0, lt=1, description="share of the last step that is kept")
    nesterov: bool = Field(False, description="look ahead along the momentum (Nesterov 1983)")


class SGDW(torch.optim.Optimizer):
    """v = momentum * v + g; w -= lr * (g + momentum * v if nesterov else v) + lr * decay * w."""

    def __init__(self, groups: list[dict[str, Any]], momentum: float, nesterov: bool) -> None:
        super().__init__(groups, {"lr": 0.0, "weight_decay": 0.0})
        self.momentum, self.nesterov = momentum, nesterov

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take one step; gradients are read, never changed."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)

    def _update(self, parameter: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(parameter)
        velocity = state["velocity"].mul_(self.momentum).add_(gradient)
        update = gradient + self.momentum * velocity if self.nesterov else velocity
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(update, alpha=-group["lr"])


def build(groups: list[dict[str, Any]], options: Options) -> torch.optim.Optimizer:
    """Build the optimiser."""
    return SGDW(groups, options.momentum, options.nesterov)
