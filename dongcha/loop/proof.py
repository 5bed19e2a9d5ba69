"""Prove that a resume is exact: keep a copy from two steps before the end, take them again from it, compare the bits.

In: a loop that runs. Out: a ResumeProof. The copy goes back by the way that a checkpoint does (`put_back`), into a new
optimiser; the loop's weights and best weights, and torch's generator, are as before when it is over.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from dongcha.errors import MachineError
from dongcha.loop.checkpoint import Snapshot, Weights, snapshot
from dongcha.loop.clock import Budget
from dongcha.loop.journal import Journal
from dongcha.loop.state import copy_weights, moving, optimizer_tensors, put_weights
from dongcha.types import silent

if TYPE_CHECKING:
    from dongcha.loop.fit import Fit

STEPS = 2
LARGEST_MEGABYTES = 1024.0
MEGABYTE = 2**20


@dataclass(frozen=True)
class ResumeProof:
    """What came of it: `same` or `differs`, else why it was not tried.

    `too_large` for a copy in memory, `too_short` a run, `out_of_time`, `no_copy` (the run was taken up again after the
    place, or ended where nobody expected it), `no_memory`.
    """

    outcome: str
    from_step: int = 0
    steps: int = 0
    megabytes: float = 0.0


class Rehearsal:
    """Watch a loop for the place two steps before it may end, and take those steps again once it has ended."""

    def __init__(self, fit: "Fit") -> None:
        self.fit = fit
        self.copies: dict[int, Snapshot] = {}  # by step; two where each of the next steps may be the last
        self.too_large = 0.0

    def look(self) -> None:
        """Copy where the loop stands when it may end in two steps; let copies go whose end has passed."""
        fit = self.fit
        self.copies = {step: kept for step, kept in self.copies.items() if step + STEPS > fit.state.step}
        if not may_end_in(fit, STEPS):
            return
        size = num_bytes(moving(fit.module).values()) + num_bytes(moments(fit).values())
        self.too_large = size / MEGABYTE if size > LARGEST_MEGABYTES * MEGABYTE else 0.0
        if not self.too_large:
            self.copies[fit.state.step] = snapshot(fit.module, fit.optimizer, fit.state, None).copied()

    def proof(self) -> ResumeProof:
        """Take the last steps again from the copy; leave the module as the loop left it."""
        fit = self.fit
        copy = self.copies.get(fit.state.step - STEPS)
        self.copies = {}
        reason = self._reason(copy)
        if copy is None or reason:
            return ResumeProof(reason, megabytes=self.too_large)
        last, training, random = copy_weights(fit.module), fit.module.training, torch.get_rng_state()
        wanted = digest(last, moments(fit))
        fit.optimizer.state.clear()  # it has done its last step: its memory is the second loop's
        from_step, size = int(copy.state["step"]), num_bytes((*copy.weights.values(), *copy.optimizer.values()))
        try:
            found = again(fit, copy)
        except MachineError:
            return ResumeProof("no_memory", from_step)
        finally:
            put_weights(fit.module, last)
            fit.module.train(training)
            torch.set_rng_state(random)
        return ResumeProof("same" if found == wanted else "differs", from_step, STEPS, size / MEGABYTE)

    def _reason(self, copy: Snapshot | None) -> str:
        """Return why the proof cannot be tried; empty where it can."""
        state = self.fit.state
        reasons = {
            "out_of_time": state.out_of_time,
            "too_short": state.step < STEPS,
            "too_large": bool(self.too_large),
            "no_copy": copy is None,
        }
        return next((name for name, holds in reasons.items() if holds), "")


def may_end_in(fit: "Fit", steps: int) -> bool:
    """Tell whether the loop may end after so many more steps: at its last, or where patience may run out."""
    target = fit.state.step + steps
    if target == fit.total_steps:
        return True
    patience = fit.settings.patience
    looks = sum(is_validated(fit, step) for step in range(fit.state.step + 1, target + 1))
    return patience is not None and is_validated(fit, target) and fit.state.waited + looks >= patience


def is_validated(fit: "Fit", step: int) -> bool:
    """Tell whether the loop validates after a step."""
    if fit.validate is None:
        return False
    if fit.settings.validate_steps:
        return step % fit.settings.validate_steps == 0 or step == fit.total_steps
    left = step
    for size in fit.steps_by_epoch:
        left -= size
        if left <= 0:
            break
    return left == 0


def again(fit: "Fit", copy: Snapshot) -> str:
    """Resume a second loop on the same module from a copy, take its steps, return the digest of what it ends in."""
    quiet: dict[str, Any] = {"validate": None, "folder": None, "journal": Journal(), "budget": Budget()}
    second = replace(fit, proves=False, watch=silent, **quiet).resumed_from(copy, fit.state.halved)
    second.take_steps(STEPS)
    return digest(moving(second.module), moments(second))


def moments(fit: "Fit") -> Weights:
    """Return the optimiser's tensors as they are, by name; none before the first step."""
    return optimizer_tensors(fit.optimizer, {id(p): name for name, p in fit.module.named_parameters()})


def num_bytes(tensors: Iterable[torch.Tensor]) -> int:
    """Add up the bytes of tensors."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def digest(*parts: Weights) -> str:
    """Return the SHA-256 of named tensors, in hex."""
    found = hashlib.sha256()
    for weights in parts:
        for name, tensor in sorted(weights.items()):
            found.update(name.encode())
            found.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
