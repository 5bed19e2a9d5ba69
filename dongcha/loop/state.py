"""Hold where a training loop stands: all that a resume needs, as plain values and named tensors."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import nn

CURVES = ("losses", "scores", "validation_losses", "rates")


@dataclass
class State:
    """Counters and curves; mutable, owned by the loop alone.

    `step` optimiser steps done, `epoch` and `batch` the next batch to take; `best_*` of the best validation so far;
    `waited` validations since; `losses` and `scores` as (step, value); `seconds` spent before the last resume.
    `halved` names the steps (1-based) from which on a batch is computed in twice as many parts as before, because
    memory did not suffice; `out_of_time` says that the run's time limit ended it.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    best_step: int = 0
    best_score: float | None = None
    best_loss: float | None = None
    waited: int = 0
    stopped_early: bool = False
    out_of_time: bool = False
    seconds: float = 0.0
    halved: list[int] = field(default_factory=list)
    losses: list[tuple[int, float]] = field(default_factory=list)
    scores: list[tuple[int, float]] = field(default_factory=list)
    validation_losses: list[tuple[int, float]] = field(default_factory=list)
    rates: list[tuple[int, float]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "State":
        """Read back what `to_json` gave: curves are lists of (step, value)."""
        return cls(**{**values, **{curve: [tuple(point) for point in values[curve]] for curve in CURVES}})


def moving(module: nn.Module) -> dict[str, torch.Tensor]:
    """Return what training can change, by name: trained parameters and all buffers, one name for what is shared.

    A frozen backbone is no part of it: it is where it came from.
    """
    frozen = {name for name, p in module.named_parameters(remove_duplicate=False) if not p.requires_grad}
    found: dict[str, torch.Tensor] = {}
    seen: set[int] = set()
    for name, tensor in module.state_dict().items():
        if name in frozen or (tensor.numel() and tensor.data_ptr() in seen):
            continue
        seen.add(tensor.data_ptr())
        found[name] = tensor.detach()
    return found


def copy_weights(module: nn.Module) -> dict[str, torch.Tensor]:
    """Copy what training can change, on the CPU."""
    return {name: tensor.to("cpu", copy=True).contiguous() for name, tensor in moving(module).items()}


def put_weights(module: nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Put copied weights back; raises KeyError where one is missing."""
    if lost := sorted({*moving(module)} - {*weights}):
        raise KeyError(", ".join(lost[:3]))
    module.load_state_dict(dict(weights), strict=False)


def optimizer_tensors(optimizer: torch.optim.Optimizer, names: dict[int, str]) -> dict[str, torch.Tensor]:
    """Name the optimiser's tensors `parameter|key`; `names` maps id(parameter) to its name."""
    found = {}
    for parameter, state in optimizer.state.items():
        for key, value in state.items():
            tensor = value if isinstance(value, torch.Tensor) else torch.tensor(value)
            found[f"{names[id(parameter)]}|{key}"] = tensor.detach().cpu().contiguous()
    return found


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor], module: nn.Module) -> None:
    """Put named tensors back into the optimiser's state, on each parameter's device.

    Counters stay on the CPU, except where one fused call updates weights and counters alike.
    """
    parameters = dict(module.named_parameters())
    fused = {id(p) for group in optimizer.param_groups if group.get("fused") for p in group["params"]}
    for name, tensor in tensors.items():
        parameter_name, _, key = name.rpartition("|")
        parameter = parameters[parameter_name]
        device = parameter.device if tensor.ndim or id(parameter) in fused else torch.device("cpu")
        optimizer.state[parameter][key] = tensor.to(device)
