"""Hold the numbers of a training loop, all decided: no `auto` gets this far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """What the loop needs to know.

    `batch_tokens` is what one optimiser step sees, padding included; `accumulation` in how many parts it is computed,
    which changes memory, never the gradient. `warmup` is a share of all steps. `validate_steps` None: after each
    epoch. `patience` is how many validations in a row without a new best end the run; None never stops early.
    `clip_norm` None clips nothing. `max_steps` ends the run before its epochs do, and the schedule with it; None: all.
    `precision` is `fp32`, or `bf16` for products of rounded numbers. `task_temperature` mixes tasks that have rows of
    their own (`data/plan.py`). `average` names the average of weights that is validated and kept (`averages/`).
    """

    seed: int
    epochs: int
    batch_tokens: int
    learning_rate: float
    head_learning_rate: float
    accumulation: int = 1
    optimizer: str = "adamw"
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    weight_decay: float = 0.01
    schedule: str = "linear"
    schedule_options: Mapping[str, Any] = field(default_factory=dict)
    warmup: float = 0.1
    clip_norm: float | None = 1.0
    validate_steps: int | None = None
    patience: int | None = 2
    checkpoint_seconds: float = 60.0
    max_steps: int | None = None
    precision: str = "fp32"
    task_temperature: float = 2.0
    average: str = "none"
    average_options: Mapping[str, Any] = field(default_factory=dict)
