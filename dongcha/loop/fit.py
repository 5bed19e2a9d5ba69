"""Run the training loop: begin, epochs of steps, validations, the best weights put back. Each moment is told.

Without a `validate`, the last weights stay. The same settings, features and thread count give the same bits: batches
come from (seed, epoch), dropout's generator is reseeded from (seed, step, micro-batch), and nothing else is drawn.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from dongcha.data.features import Batch, Features
from dongcha.data.plan import plan_epoch
from dongcha.errors import Diverged, Stopped
from dongcha.locale import say
from dongcha.loop.checkpoint import load_checkpoint, save_checkpoint
from dongcha.loop.placement import Placement, Tensors
from dongcha.loop.schedules import rate_factor
from dongcha.loop.settings import LoopSettings
from dongcha.loop.signals import StopFlag, stop_flag
from dongcha.loop.state import State, copy_weights
from dongcha.registry import find
from dongcha.types import Watch

CURVE_POINTS = 400  # points kept of each curve, however long the run


class Objective(Protocol):
    """What is minimised: a sum over the batch's units, and how many units that is."""

    def weight(self, batch: Batch) -> float:
        """Return what the sum of `loss` is divided by, over all micro-batches of a step."""
        ...

    def loss(self, module: torch.nn.Module, batch: Tensors) -> torch.Tensor:
        """Return the loss summed over the batch's units, a scalar with a graph."""
        ...


@dataclass(frozen=True)
class Validation:
    """A validation's outcome: `score` is the main metric, greater is better; `loss` breaks ties."""

    score: float
    loss: float


@dataclass(frozen=True)
class Fitted:
    """What a finished loop has to tell; the module itself holds the best weights."""

    state: State
    total_steps: int


@dataclass
class Fit:
    """One run of the loop: `groups` are the optimiser's parameter groups, `folder` keeps checkpoints (or None)."""

    module: torch.nn.Module
    groups: list[dict[str, Any]]
    objective: Objective
    train: Features
    pad_id: int
    validate: Callable[[], Validation] | None
    settings: LoopSettings
    placement: Placement
    folder: Path | None
    watch: Watch

    def run(self) -> Fitted:
        """Train from the newest checkpoint, or from the start, to the end; leave the best weights in the module."""
        self._begin()
        with stop_flag() as flag:
            while self.state.epoch < self.settings.epochs and not self.state.stopped_early:
                self._epoch(flag)
        self._end()
        return Fitted(self.state, self.total_steps)

    def _begin(self) -> None:
        options = find("loop.optimizers", self.settings.optimizer)
        self.optimizer = options.build(self.groups, options.Options(**self.settings.optimizer_options))
        self.base_rates = [group["lr"] for group in self.optimizer.param_groups]
        self.trained = [p for group in self.optimizer.param_groups for p in group["params"]]
        self.steps_by_epoch = [len(self._plan(epoch)) for epoch in range(self.settings.epochs)]
        self.total_steps = sum(self.steps_by_epoch)
        self.every = max(1, self.total_steps // CURVE_POINTS)
        self.state, self.best = State(), None
        if self.folder is not None:
            found = load_checkpoint(self.folder, self.module, self.optimizer)
            if found is not None:
                self.state, self.best = found
                self.watch("train_resumed", step=self.state.step, total=self.total_steps)
        self.started = self.saved = time.monotonic()
        self.seconds_before = self.state.seconds
        self.watch("train_begins", step=self.state.step, total=self.total_steps)

    def _plan(self, epoch: int) -> list[np.ndarray]:
        return plan_epoch(self.train.lengths, self.settings.batch_tokens, self.settings.seed, epoch)

    def _epoch(self, flag: StopFlag) -> None:
        plan = self._plan(self.state.epoch)
        while self.state.batch < len(plan):
            self._step(plan[self.state.batch])
            self.state.batch += 1
            every = self.settings.validate_steps
            if every and self.state.step % every == 0:
                self._validated()
                if self.state.stopped_early:
                    return
            self._between_steps(flag)
        if not self.settings.validate_steps:
            self._validated()
        self.state.epoch += 1
        self.state.batch = 0

    def _step(self, indices: np.ndarray) -> None:
        """Take one optimiser step on one global batch, computed in `accumulation` parts."""
        settings, state = self.settings, self.state
        factor = self._rate_factor()
        for group, base in zip(self.optimizer.param_groups, self.base_rates, strict=True):
            group["lr"] = base * factor
        parts = [p for p in np.array_split(indices, settings.accumulation) if len(p)]
        batches = [self.train.batch(part, self.pad_id) for part in parts]
        total_weight = sum(self.objective.weight(batch) for batch in batches)
        loss = self.gradients(batches, total_weight)
        norm = self._norm()
        if not (math.isfinite(loss) and math.isfinite(norm)):
            self._diverged(indices, loss, norm)
        self.optimizer.step()
        state.step += 1
        tokens = sum(int(batch["mask"].sum()) for batch in batches)
        if state.step % self.every == 0 or state.step == 1:
            state.losses.append((state.step, loss))
            state.rates.append((state.step, self.base_rates[0] * factor))
        self.watch("step", step=state.step, total=self.total_steps, loss=loss, tokens=tokens)

    def _rate_factor(self) -> float:
        chosen = self.settings
        return rate_factor(chosen.schedule, chosen.schedule_options, self.state.step, self.total_steps, chosen.warmup)

    def gradients(self, batches: list[Batch], total_weight: float) -> float:
        """Add up the gradients of micro-batches to that of the whole batch; return its mean loss."""
        self.module.train()
        self.optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for part, batch in enumerate(batches):
            torch.manual_seed(step_seed(self.settings.seed, self.state.step, part))
            loss = self.objective.loss(self.module, self.placement.batch(batch)) / max(total_weight, 1e-9)
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        return total

    def _norm(self) -> float:
        """Return the gradients' norm, clipped to `clip_norm` when that is set."""
        limit = self.settings.clip_norm
        return float(torch.nn.utils.clip_grad_norm_(self.trained, math.inf if limit is None else limit))

    def _diverged(self, indices: np.ndarray, loss: float, norm: float) -> None:
        rows = sorted(set(np.asarray(self.train.units["row"])[indices].tolist()))
        shown = ", ".join(str(row + 1) for row in rows[:8])
        raise Diverged(say("loop.diverged", step=self.state.step + 1, loss=loss, norm=norm, rows=shown))

    def _validated(self) -> None:
        """Validate; keep the weights when they are the best so far; count towards the early end when they are not."""
        state = self.state
        if self.validate is None:
            return
        found = self.validate()
        if not (math.isfinite(found.score) and math.isfinite(found.loss)):
            raise Diverged(say("loop.diverged_validation", step=state.step, score=found.score, loss=found.loss))
        state.scores.append((state.step, found.score))
        state.validation_losses.append((state.step, found.loss))
        better = state.best_score is None or (found.score, -found.loss) > (state.best_score, -(state.best_loss or 0.0))
        if better:
            state.best_step, state.best_score, state.best_loss, state.waited = state.step, found.score, found.loss, 0
            self.best = copy_weights(self.module)
        else:
            state.waited += 1
            state.stopped_early = self.settings.patience is not None and state.waited >= self.settings.patience
        self.watch("validated", step=state.step, score=found.score, loss=found.loss, best=better)

    def _between_steps(self, flag: StopFlag) -> None:
        now = time.monotonic()
        if flag.signal is not None or now - self.saved > self.settings.checkpoint_seconds:
            self._save()
            self.saved = time.monotonic()
        if flag.signal is not None:
            raise Stopped(say("loop.stopped", step=self.state.step, total=self.total_steps), flag.signal)

    def _save(self) -> None:
        if self.folder is not None:
            self.state.seconds = self.seconds_before + time.monotonic() - self.started
            save_checkpoint(self.folder, self.module, self.optimizer, self.state, self.best)
            self.watch("checkpoint", step=self.state.step)

    def _end(self) -> None:
        if self.best is not None:
            self.module.load_state_dict(self.best)
        self.state.seconds = self.seconds_before + time.monotonic() - self.started
        self.watch("train_ends", step=self.state.step, best_step=self.state.best_step, early=self.state.stopped_early)


def fit(**parts: Any) -> Fitted:
    """Run the loop on the parts that `Fit` names."""
    return Fit(**parts).run()


def step_seed(seed: int, step: int, part: int) -> int:
    """Return the seed of dropout's generator for one micro-batch, the same before and after a resume."""
    return int(np.random.SeedSequence([seed, step, part]).generate_state(1, np.uint64)[0] >> 1)
