"""Run the training loop: begin, epochs of steps, validations, the best weights put back. Each moment is told.

Without a `validate`, the last weights stay. Where memory does not suffice a batch is computed in twice as many parts,
from that step on; where the time limit nears, the loop ends. Both are events of the journal. The same settings,
features, thread count and events give the same bits: batches come from (seed, epoch), dropout's generator is reseeded
from (seed, step, micro-batch), and nothing else is drawn. A halved batch has the whole one's gradient but for rounding
and, where there is dropout, for which activations are dropped: its parts draw their own.
"""

import gc
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from dongcha.data.features import Batch, Features
from dongcha.data.plan import plan_features
from dongcha.errors import Diverged, MachineError, Stopped, is_out_of_memory
from dongcha.locale import say
from dongcha.loop.average import Average
from dongcha.loop.checkpoint import Snapshot, Weights, load_checkpoint, put_back, save_checkpoint
from dongcha.loop.clock import Budget
from dongcha.loop.journal import HALVED, OUT_OF_TIME, Journal
from dongcha.loop.memory import memory_errors
from dongcha.loop.placement import Placement, Tensors
from dongcha.loop.proof import STEPS as PROOF_STEPS
from dongcha.loop.proof import Rehearsal, ResumeProof
from dongcha.loop.room_on_disk import refuse_full_disk
from dongcha.loop.schedules import rate_factor
from dongcha.loop.settings import LoopSettings
from dongcha.loop.signals import StopFlag, stop_flag
from dongcha.loop.state import State, copy_weights, put_weights
from dongcha.memory import give_back
from dongcha.registry import find
from dongcha.types import Watch

CURVE_POINTS = 400  # points kept of each curve, however long the run
GIVE_BACK_SECONDS = 60.0  # between two times that freed memory goes back to the system
ROWS_NAMED = 8  # of a batch that diverged


Weight = float | np.ndarray  # how many units a sum is over; one figure a sum where there are several (K,)


class Objective(Protocol):
    """What is minimised: a sum over the batch's units, and how many units that is; or several such sums.

    One whose `is_whole` is true compares a batch's rows with one another: computed in parts it would be another loss.
    """

    def weight(self, batch: Batch) -> Weight:
        """Return what the sum of `loss` is divided by, over all micro-batches of a step."""
        ...

    def loss(self, module: torch.nn.Module, batch: Tensors) -> torch.Tensor:
        """Return the loss summed over the batch's units with a graph, a scalar or several (K,)."""
        ...


def mean_loss(sums: torch.Tensor, weight: Weight) -> torch.Tensor:
    """Divide a sum by its units; of several sums, each by its own, and add the means up. A sum over none is 0."""
    if isinstance(weight, float):
        return sums / max(weight, 1e-9)
    return (sums / sums.new_tensor(np.maximum(weight, 1e-9))).sum()


def refuse_parts(objective: Objective, step: int, num_rows: int, parts: int) -> None:
    """Refuse to compute a batch in more parts than now, where it has no more rows, or its loss is of them all."""
    if getattr(objective, "is_whole", False):
        raise MachineError(say("loop.no_memory_whole", step=step, rows=num_rows))
    if parts >= num_rows:
        raise MachineError(say("loop.no_memory_row", step=step, rows=num_rows))


def positions(rows: list[int]) -> str:
    """Name training rows by their place among them, from 1: for a loop that knows no files."""
    return say("loop.training_rows", rows=", ".join(str(row + 1) for row in rows))


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
    resume: ResumeProof | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        resume = None if self.resume is None else asdict(self.resume)
        return {"state": self.state.to_json(), "total_steps": self.total_steps, "resume": resume}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Fitted":
        """Read back what `to_json` gave; what else stands there is passed over."""
        resume = None if facts.get("resume") is None else ResumeProof(**facts["resume"])
        return cls(State.from_json(facts["state"]), facts["total_steps"], resume)


@dataclass
class Fit:
    """One run of the loop: `groups` are the optimiser's parameter groups, `folder` keeps checkpoints (or None).

    `journal` keeps events, `budget` is the time there is; `proves` repeats the last two steps from a copy, as a resume
    would, and tells whether they end in the same bits; `row_names` says where training rows (0-based) stand. `first`
    is what the weights scored before any step, where a validation must better that to be kept.
    """

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
    journal: Journal = field(default_factory=Journal)
    budget: Budget = field(default_factory=Budget)
    proves: bool = False
    row_names: Callable[[list[int]], str] = positions
    first: Validation | None = None

    def run(self) -> Fitted:
        """Train from the newest checkpoint, or from the start, to the end; leave the best weights in the module."""
        self._begin()
        with stop_flag() as flag:
            while not self._is_over():
                self._epoch(flag)
        return Fitted(self.state, self.total_steps, self._end())

    def _build(self) -> None:
        """Make what every loop needs, from the start: optimiser, sizes, state."""
        options = find("loop.optimizers", self.settings.optimizer)
        groups = [dict(group) for group in self.groups]  # an optimiser keeps these, and the schedule changes them
        self.optimizer = options.build(groups, options.Options(**self.settings.optimizer_options))
        self.base_rates = [group["lr"] for group in self.optimizer.param_groups]
        self.trained = [p for group in self.optimizer.param_groups for p in group["params"]]
        self.steps_by_epoch = [len(self._plan(epoch)) for epoch in range(self.settings.epochs)]
        whole = sum(self.steps_by_epoch)
        self.total_steps = whole if self.settings.max_steps is None else min(whole, self.settings.max_steps)
        self.every = max(1, self.total_steps // CURVE_POINTS)
        self.state = State()
        self.best: Weights | None = None
        self.average = Average(self.optimizer, self.settings.average, self.settings.average_options, self.total_steps)
        self.halvings = [int(event["train_step"]) for event in self.journal.events(HALVED)]
        self.rehearsal = Rehearsal(self) if self.proves else None
        self.budget.steps_after = PROOF_STEPS if self.proves else 0

    def _begin(self) -> None:
        self._build()
        if self.folder is not None:
            refuse_full_disk(self.folder, self.module, self.trained, int(self.average.is_kept))
            found = load_checkpoint(self.folder, self.module, self.optimizer, self.watch)
            if found is not None:
                self.state, self.best = found
                self.watch("train_resumed", step=self.state.step, total=self.total_steps)
        if self.first is not None and self.best is None:
            self.state.scores.append((0, self.first.score))
            self.state.best_score, self.state.best_loss = self.first.score, self.first.loss
            self.best = copy_weights(self.module)
        self.started = self.saved = self.given_back = time.monotonic()
        self.seconds_before = self.state.seconds
        self.watch("train_begins", step=self.state.step, total=self.total_steps)

    def resumed_from(self, found: Snapshot, halvings: list[int]) -> "Fit":
        """Stand where a snapshot was taken, with the halvings that were to come; return itself."""
        self._build()
        self.state, self.best = put_back(found, self.module, self.optimizer)
        self.halvings = list(halvings)
        return self

    def take_steps(self, count: int) -> None:
        """Take the next steps, across the ends of epochs, and nothing beside them."""
        for _ in range(count):
            plan = self._plan(self.state.epoch)
            if self.state.batch == len(plan):
                self.state.epoch, self.state.batch = self.state.epoch + 1, 0
                plan = self._plan(self.state.epoch)
            self._step(plan[self.state.batch])
            self.state.batch += 1

    def _plan(self, epoch: int) -> list[np.ndarray]:
        train, chosen = self.train, self.settings
        return plan_features(train, chosen.batch_tokens, chosen.seed, epoch, chosen.task_temperature)

    def _is_over(self) -> bool:
        return self.state.epoch >= self.settings.epochs or self.state.stopped_early or self.state.out_of_time

    def _epoch(self, flag: StopFlag) -> None:
        plan = self._plan(self.state.epoch)
        while self.state.batch < len(plan) and self.state.step < self.total_steps:
            if not self.budget.covers_step():
                self._out_of_time()
                return
            if self.rehearsal is not None:
                self.rehearsal.look()
            with self.budget.step():
                self._step(plan[self.state.batch])
            self.state.batch += 1
            every = self.settings.validate_steps
            if every and self.state.step % every == 0:
                self._validated()
                if self.state.stopped_early:
                    return
            self._between_steps(flag)
        ends = self.state.step >= self.total_steps
        if not self.settings.validate_steps or (ends and not self._is_looked_at()):
            self._validated()
        self.state.epoch = self.settings.epochs if ends else self.state.epoch + 1
        self.state.batch = 0

    def _step(self, indices: np.ndarray) -> None:
        """Take one optimiser step on one global batch, computed in `accumulation` parts or, in need, in more."""
        state = self.state
        factor = self._rate_factor()
        for group, base in zip(self.optimizer.param_groups, self.base_rates, strict=True):
            group["lr"] = base * factor
        loss, norm, tokens = self._computed(indices)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            self._diverged(indices, loss, norm)
        with memory_errors("loop.no_memory_step", step=state.step + 1):  # weights may be half moved: no way on
            self.optimizer.step()
            self.average.take(state.step + 1)
        state.step += 1
        if state.step % self.every == 0 or state.step == 1:
            state.losses.append((state.step, loss))
            state.rates.append((state.step, self.base_rates[0] * factor))
        self.watch("step", step=state.step, total=self.total_steps, loss=loss, tokens=tokens)

    def _computed(self, indices: np.ndarray) -> tuple[float, float, int]:
        """Compute a batch's gradient; return loss, norm and tokens. Out of memory, try again in twice as many parts.

        A halving that the journal knows of is done before the step is tried: the parts decide the bits.
        """
        known = [step for step in self.halvings if step <= self.state.step + 1]
        self.state.halved += known[len(self.state.halved) :]
        while True:
            try:
                return self._in_parts(indices)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            self._halve(len(indices))  # not while the error is held: it holds the failed try's tensors

    def _in_parts(self, indices: np.ndarray) -> tuple[float, float, int]:
        batches = [self.train.batch(part, self.pad_id) for part in self.train.parts(indices, self.accumulation)]
        loss = self.gradients(batches, sum(map(self.objective.weight, batches), start=0.0))
        return loss, self._norm(), sum(int(batch["mask"].sum()) for batch in batches)

    @property
    def accumulation(self) -> int:
        """Return in how many parts a batch is computed now."""
        return self.settings.accumulation << len(self.state.halved)

    def _halve(self, num_rows: int) -> None:
        """Compute batches in twice as many parts from this step on; give up where a part is one row already."""
        self.optimizer.zero_grad(set_to_none=True)
        gc.collect()
        step = self.state.step + 1
        refuse_parts(self.objective, step, num_rows, self.accumulation)
        self.state.halved.append(step)
        self.halvings.append(step)
        self.journal.write(HALVED, step, accumulation=self.accumulation)
        self.watch("halved", step=step, accumulation=self.accumulation)

    def _rate_factor(self) -> float:
        chosen = self.settings
        return rate_factor(chosen.schedule, chosen.schedule_options, self.state.step, self.total_steps, chosen.warmup)

    def gradients(self, batches: list[Batch], total_weight: Weight) -> float:
        """Add up the gradients of micro-batches to that of the whole batch; return its mean loss."""
        self.module.train()
        self.optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for part, batch in enumerate(batches):
            torch.manual_seed(step_seed(self.settings.seed, self.state.step, part))
            loss = mean_loss(self.objective.loss(self.module, self.placement.batch(batch)), total_weight)
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        return total

    def _norm(self) -> float:
        """Return the gradients' norm; where it passes `clip_norm`, scale them down to that."""
        limit, gradients = self.settings.clip_norm, [p.grad for p in self.trained if p.grad is not None]
        norm = float(torch.nn.utils.get_total_norm(gradients))
        if limit is not None and limit < norm < math.inf:
            torch._foreach_mul_(gradients, limit / (norm + 1e-6))  # a product by one would pass over all for nothing
        return norm

    def _diverged(self, indices: np.ndarray, loss: float, norm: float) -> None:
        rows = sorted(set(np.asarray(self.train.units["row"])[indices].tolist()))
        shown = self.row_names(rows[:ROWS_NAMED])
        self.optimizer.zero_grad(set_to_none=True)
        told = say("loop.diverged", step=self.state.step + 1, loss=loss, norm=norm, rows=shown)
        if self.folder is not None and all(bool(torch.isfinite(parameter).all()) for parameter in self.trained):
            self._save()
            told += say("loop.diverged_kept", step=self.state.step)
        raise Diverged(told)

    def _validated(self) -> None:
        """Validate; keep the weights when they are the best so far; count towards the early end when they are not."""
        state = self.state
        if self.validate is None:
            return
        give_back()
        with self.average.in_place(), self.budget.validation():
            found = self.validate()
            judged = copy_weights(self.module) if self._is_best(found) else None
        give_back()
        if not (math.isfinite(found.score) and math.isfinite(found.loss)):
            raise Diverged(say("loop.diverged_validation", step=state.step, score=found.score, loss=found.loss))
        state.scores.append((state.step, found.score))
        state.validation_losses.append((state.step, found.loss))
        if judged is not None:
            state.best_step, state.best_score, state.best_loss, state.waited = state.step, found.score, found.loss, 0
            self.best = judged
        else:
            state.waited += 1
            waits = self.settings.patience is not None and state.waited >= self.settings.patience
            state.stopped_early = waits and not state.out_of_time
        self.watch("validated", step=state.step, score=found.score, loss=found.loss, best=judged is not None)

    def _is_looked_at(self) -> bool:
        """Tell whether the weights as they are were validated."""
        return bool(self.state.scores) and self.state.scores[-1][0] == self.state.step

    def _is_best(self, found: Validation) -> bool:
        state = self.state
        return state.best_score is None or (found.score, -found.loss) > (state.best_score, -(state.best_loss or 0.0))

    def _out_of_time(self) -> None:
        """End here: validate the last weights where there is time or none were; save, so that a resume ends too."""
        state = self.state
        state.out_of_time = True
        if not self._is_looked_at() and (self.best is None or self.budget.covers_validation()):
            self._validated()
        self._save()
        self.journal.write(OUT_OF_TIME, state.step, total=self.total_steps)
        self.watch("out_of_time", step=state.step, total=self.total_steps, best_step=state.best_step)

    def _between_steps(self, flag: StopFlag) -> None:
        now = time.monotonic()
        if now - self.given_back > GIVE_BACK_SECONDS:
            give_back()
            self.given_back = now
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

    def _end(self) -> ResumeProof | None:
        self.state.seconds = self.seconds_before + time.monotonic() - self.started
        if self.best is None and self.average.is_kept:  # the proof needs the optimiser's memory
            with self.average.in_place():
                self.best = copy_weights(self.module)
        proof = self.rehearsal.proof() if self.rehearsal is not None else None
        if self.best is not None:
            put_weights(self.module, self.best)
        self.watch("train_ends", step=self.state.step, best_step=self.state.best_step, early=self.state.stopped_early)
        return proof


def fit(**parts: Any) -> Fitted:
    """Run the loop on the parts that `Fit` names."""
    return Fit(**parts).run()


def step_seed(seed: int, step: int, part: int) -> int:
    """Return the seed of dropout's generator for one micro-batch, the same before and after a resume."""
    return int(np.random.SeedSequence([seed, step, part]).generate_state(1, np.uint64)[0] >> 1)
