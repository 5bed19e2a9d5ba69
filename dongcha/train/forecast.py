"""Forecast a run's time and memory from a few timed steps that change nothing.

Where memory does not suffice for a batch it is computed in more parts; how many it took is part of the answer.
"""

import gc
import math
import resource
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from dongcha.data.features import Features
from dongcha.data.plan import plan_features, plan_inference
from dongcha.errors import is_out_of_memory
from dongcha.loop.fit import Objective, mean_loss, refuse_parts
from dongcha.loop.placement import Placement
from dongcha.loop.proof import LARGEST_MEGABYTES
from dongcha.loop.settings import LoopSettings
from dongcha.models.model import INFERENCE_TOKENS, Model
from dongcha.registry import find

PROBES = 3  # timed batches of each kind, of short, middle and long features
MEGABYTE = 2**20
MOST_MOVED = 2**22  # weights that the optimiser is timed on


PASS_MEGABYTES = 1536  # that a pass of a model that writes may hold for its way back
OF_WIDTH, OF_INNER, OF_HEADS = 14, 8, 8  # numbers a token and layer keeps, of each: fitted to a decoder of 167 M


def parts_for(config: Any, batch_tokens: int) -> int:
    """Return in how many parts a batch is computed so that none holds more than PASS_MEGABYTES for its way back.

    By the model's shape alone, so it is the same on every machine. Without dropout the gradient is that of the whole.
    """
    config = config.get_text_config()
    width = int(config.hidden_size)
    inner = int(_first(config, "intermediate_size", "d_ff", "encoder_ffn_dim", "n_inner") or 4 * width)
    heads = int(config.num_attention_heads) * int(getattr(config, "head_dim", None) or 0) or width
    layers = int(config.num_hidden_layers) + int(_first(config, "num_decoder_layers", "decoder_layers") or 0)
    a_token = 4 * layers * (OF_WIDTH * width + OF_INNER * inner + OF_HEADS * heads) / MEGABYTE
    return max(1, math.ceil(batch_tokens * a_token / PASS_MEGABYTES))


def _first(config: Any, *names: str) -> Any:
    return next((value for name in names if (value := getattr(config, name, None)) is not None), None)


@dataclass(frozen=True)
class Forecast:
    """What training will cost: `step_seconds` of all `num_steps`, `megabytes` of peak memory, seconds a token without.

    `accumulation` is in how many parts a batch fitted into memory.
    """

    step_seconds: float
    megabytes: float
    inference_seconds_per_token: float
    num_steps: int = 1
    accumulation: int = 1

    def inference_seconds(self, features: Features) -> float:
        """Return the time of one pass without gradients."""
        plan = plan_inference(features.lengths, INFERENCE_TOKENS, features.groups)
        lengths = features.lengths
        return self.inference_seconds_per_token * sum(_padded(lengths, indices) for indices in plan)


def forecast(
    model: Model,
    objective: Objective,
    train: Features,
    judged: Features,
    settings: LoopSettings,
    placement: Placement,
) -> Forecast:
    """Time forward and backward on a few batches, forward on a few larger ones of `judged`, and multiply out.

    Gradients are cleared and no weight moves; dropout's generator is reseeded by every step anyway. A model of which
    nothing trains takes no step.
    """
    if not any(p.requires_grad for p in model.module.parameters()):
        return Forecast(0.0, peak_megabytes(), _inference_seconds(model, judged), 0, settings.accumulation)
    plan = plan_features(train, settings.batch_tokens, settings.seed, 0, settings.task_temperature)
    lengths = train.lengths
    by_size = sorted(plan, key=lambda indices: _padded(lengths, indices))
    chosen = [by_size[i] for i in np.linspace(0, len(by_size) - 1, min(PROBES, len(by_size))).astype(int)]
    step, accumulation = _step_seconds(model, objective, train, chosen, placement, settings.accumulation)
    infer = _inference_seconds(model, judged)
    train_tokens = sum(_padded(lengths, indices) for indices in plan) * settings.epochs
    num_steps = len(plan) * settings.epochs
    seconds = step * train_tokens + num_steps * _moving_seconds(model, settings)
    memory = peak_megabytes() + _state_megabytes(model, saves=seconds > settings.checkpoint_seconds)
    return Forecast(seconds, memory, infer, num_steps, accumulation)


def _state_megabytes(model: Model, *, saves: bool) -> float:
    """Return what training holds beside what was seen so far: moments, the best weights, the copy for the proof.

    A run that is long enough to `save` checkpoints holds the largest of their files once more while it writes.
    """
    trained = float(sum(p.numel() for p in model.module.parameters() if p.requires_grad)) * 4 / MEGABYTE
    copy = 3 * trained
    proof = copy if copy <= LARGEST_MEGABYTES else 0.0
    return 3 * trained + proof + (2 * trained if saves else 0.0)


def _moving_seconds(model: Model, settings: LoopSettings) -> float:
    """Return seconds of the optimiser's own part of a step, timed on a copy of some weights."""
    total = sum(p.numel() for p in model.module.parameters() if p.requires_grad)
    if not total:
        return 0.0
    copy = torch.nn.Parameter(torch.zeros(min(total, MOST_MOVED), device=model.device))
    copy.grad = torch.zeros_like(copy)
    options = find("loop.optimizers", settings.optimizer)
    groups = [{"params": [copy], "lr": 0.0, "weight_decay": settings.weight_decay}]
    optimizer = options.build(groups, options.Options(**settings.optimizer_options))
    optimizer.step()  # makes its moments
    started = time.perf_counter()
    optimizer.step()
    spent = time.perf_counter() - started
    return spent * float(total) / copy.numel()


def _padded(lengths: np.ndarray, indices: np.ndarray) -> int:
    """Count the tokens of a batch, padding included; `lengths` are those of all features, found once."""
    return int(lengths[indices].max() * len(indices))


def _step_seconds(
    model: Model,
    objective: Objective,
    train: Features,
    batches: list[np.ndarray],
    placement: Placement,
    accumulation: int,
) -> tuple[float, int]:
    """Return seconds a padded token of forward, backward and norm, the median over batches; and the parts it took."""
    trained = [p for p in model.module.parameters() if p.requires_grad]
    spent: list[float] = []
    model.module.train()
    to_time = [batches[0], *batches]
    while len(spent) < len(to_time):
        indices = to_time[len(spent)]
        started = time.perf_counter()
        fits = True
        try:
            for part in train.parts(indices, accumulation):
                batch = train.batch(part, model.tokenizer.pad_id)
                loss = mean_loss(objective.loss(model.module, placement.batch(batch)), objective.weight(batch))
                loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(trained, float("inf"))
            spent.append((time.perf_counter() - started) / _padded(train.lengths, indices))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            fits = False
        model.module.zero_grad(set_to_none=True)
        if not fits:
            gc.collect()
            refuse_parts(objective, 1, len(indices), accumulation)
            accumulation *= 2
    return float(np.median(spent[1:])), accumulation


def _inference_seconds(model: Model, features: Features) -> float:
    """Return seconds a padded token without gradients, the median over a few batches."""
    plan = plan_inference(features.lengths, INFERENCE_TOKENS, features.groups)[:PROBES]
    spent = []
    for indices in plan:
        part = _only(features, indices)
        started = time.perf_counter()
        for _ in model.logits(part):
            pass
        spent.append((time.perf_counter() - started) / _padded(features.lengths, indices))
    return float(np.median(spent)) if spent else 0.0


def _only(features: Features, indices: np.ndarray) -> Features:
    """Return the features at these indices, in memory."""
    lengths = features.lengths[indices]
    tokens = {
        name: np.concatenate([column[features.starts[i] : features.starts[i + 1]] for i in indices])
        for name, column in features.tokens.items()
    }
    units = {name: np.asarray(column[indices]) for name, column in features.units.items()}
    return Features(np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]), tokens, units, {})


def peak_megabytes() -> float:
    """Return this process's peak resident memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
