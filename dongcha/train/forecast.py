"""Forecast a run's time and memory from a few timed steps that change nothing."""

import resource
import time
from dataclasses import dataclass

import numpy as np
import torch

from dongcha.data.features import Features
from dongcha.data.plan import plan_epoch, plan_inference
from dongcha.loop.fit import Objective
from dongcha.loop.placement import Placement
from dongcha.loop.settings import LoopSettings
from dongcha.models.model import INFERENCE_TOKENS, Model

PROBES = 3  # timed batches of each kind, of short, middle and long features
MEGABYTE = 2**20


@dataclass(frozen=True)
class Forecast:
    """What training will cost: `step_seconds` of all its steps, `megabytes` of peak memory, seconds a token without."""

    step_seconds: float
    megabytes: float
    inference_seconds_per_token: float

    def inference_seconds(self, features: Features) -> float:
        """Return the time of one pass without gradients."""
        plan = plan_inference(features.lengths, INFERENCE_TOKENS)
        return self.inference_seconds_per_token * sum(_padded(features, indices) for indices in plan)


def forecast(
    model: Model,
    objective: Objective,
    train: Features,
    judged: Features,
    settings: LoopSettings,
    placement: Placement,
) -> Forecast:
    """Time forward and backward on a few batches, forward on a few larger ones of `judged`, and multiply out.

    Gradients are cleared and no weight moves; dropout's generator is reseeded by every step anyway.
    """
    plan = plan_epoch(train.lengths, settings.batch_tokens, settings.seed, 0)
    by_size = sorted(plan, key=lambda indices: _padded(train, indices))
    chosen = [by_size[i] for i in np.linspace(0, len(by_size) - 1, min(PROBES, len(by_size))).astype(int)]
    step = _step_seconds(model, objective, train, chosen, placement)
    infer = _inference_seconds(model, judged)
    train_tokens = sum(_padded(train, indices) for indices in plan) * settings.epochs
    trained = sum(p.numel() for p in model.module.parameters() if p.requires_grad)
    state = (2 * trained + model.num_parameters) * 4 / MEGABYTE  # two moments, and the copy of the best weights
    return Forecast(step * train_tokens, peak_megabytes() + state, infer)


def _padded(features: Features, indices: np.ndarray) -> int:
    return int(features.lengths[indices].max() * len(indices))


def _step_seconds(
    model: Model, objective: Objective, train: Features, batches: list[np.ndarray], placement: Placement
) -> float:
    """Return seconds a padded token of forward, backward and the optimiser's share, the median over batches."""
    trained = [p for p in model.module.parameters() if p.requires_grad]
    spent = []
    model.module.train()
    for indices in (batches[0], *batches):
        started = time.perf_counter()
        batch = train.batch(indices, model.tokenizer.pad_id)
        loss = objective.loss(model.module, placement.batch(batch)) / max(objective.weight(batch), 1e-9)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, float("inf"))
        spent.append((time.perf_counter() - started) / _padded(train, indices))
        model.module.zero_grad(set_to_none=True)
    return float(np.median(spent[1:]))


def _inference_seconds(model: Model, features: Features) -> float:
    """Return seconds a padded token without gradients, the median over a few batches."""
    plan = plan_inference(features.lengths, INFERENCE_TOKENS)[:PROBES]
    spent = []
    for indices in plan:
        part = _only(features, indices)
        started = time.perf_counter()
        for _ in model.logits(part):
            pass
        spent.append((time.perf_counter() - started) / _padded(features, indices))
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
