"""Write and read a loop's checkpoint: last weights, best weights, optimiser, counters; whole or not at all.

A checkpoint is a folder `step-<n>` with its last-written marker; older ones go only after the new one was read back and
stands. One whose bytes are not those that were written is passed over for the one before it. Random numbers need no
saving: dropout is reseeded from (seed, step, micro-batch) and batches from (seed, epoch).
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from dongcha import files
from dongcha.errors import MachineError
from dongcha.locale import say
from dongcha.loop.state import State, moving, optimizer_tensors, put_weights, restore_optimizer
from dongcha.types import Watch, silent

LAST, OPTIMIZER, BEST, STATE = "last.safetensors", "optimizer.safetensors", "best.safetensors", "state.json"
_STEP = re.compile(r"step-(\d+)")
Weights = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Snapshot:
    """All that a resume needs, in memory: weights, the optimiser's tensors, the state as JSON, the best weights."""

    weights: Weights
    optimizer: Weights
    state: Mapping[str, Any]
    best: Weights | None = None

    @property
    def parts(self) -> dict[str, Weights]:
        """Return what goes to disk as tensors, by file."""
        found = {LAST: self.weights, OPTIMIZER: self.optimizer}
        return found if self.best is None else found | {BEST: self.best}

    def copied(self) -> "Snapshot":
        """Return a copy that later steps do not change."""
        weights, optimizer = ({n: t.clone() for n, t in part.items()} for part in (self.weights, self.optimizer))
        return replace(self, weights=weights, optimizer=optimizer)


def snapshot(module: nn.Module, optimizer: torch.optim.Optimizer, state: State, best: Weights | None) -> Snapshot:
    """Take what a resume needs, as it is now; `copied` makes it stay so."""
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    weights = {name: tensor.cpu().contiguous() for name, tensor in moving(module).items()}
    return Snapshot(weights, optimizer_tensors(optimizer, names), state.to_json(), best)


def put_back(found: Snapshot, module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[State, Weights | None]:
    """Go on from a snapshot: the one way, whether it was read from disk or kept in memory."""
    put_weights(module, found.weights)
    restore_optimizer(optimizer, found.optimizer, module)
    return State.from_json(found.state), found.best


def save_checkpoint(
    folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, state: State, best: Weights | None
) -> Path:
    """Write `folder/step-<n>` atomically, read it back, then delete the older checkpoints and what dead processes left.

    Raises MachineError when the disk does not give back what was written; the older checkpoints then stay.
    """
    target = folder / f"step-{state.step:08d}"
    found = snapshot(module, optimizer, state, best)
    with files.new_folder(target) as new:
        for name, tensors in found.parts.items():
            save_file(tensors, new / name)
        files.write_json(new / STATE, found.state)
        if not reads_back(new, found):
            raise MachineError(say("loop.checkpoint_unread", path=target))
    if files.is_done(target):
        for old in (*checkpoints(folder), *folder.glob(".step-*")):
            if old != target:
                shutil.rmtree(old, ignore_errors=True)
    return target


def reads_back(folder: Path, wanted: Snapshot) -> bool:
    """Tell whether a folder's files open with the names and shapes of the tensors that went into them."""
    try:
        shapes = {name: _shapes(folder / name) for name in wanted.parts}
        files.read_json(folder / STATE)
    except (OSError, ValueError, SafetensorError):
        return False
    return shapes == {name: {key: list(t.shape) for key, t in part.items()} for name, part in wanted.parts.items()}


def _shapes(path: Path) -> dict[str, list[int]]:
    with safe_open(path, "pt") as opened:  # its length is compared with its header's
        return {name: opened.get_slice(name).get_shape() for name in opened.keys()}  # noqa: SIM118  no mapping


def checkpoints(folder: Path) -> list[Path]:
    """List the finished checkpoints of a folder, oldest first."""
    found = [p for p in folder.glob("step-*") if _STEP.fullmatch(p.name) and files.is_done(p)]
    return sorted(found, key=lambda p: p.name)


def is_whole(checkpoint: Path) -> bool:
    """Tell whether a checkpoint's files have the hashes that its marker was written with."""
    try:
        wanted: dict[str, str] = files.read_json(checkpoint / files.DONE)["files"]
        return wanted == files.manifest(checkpoint)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def load_checkpoint(
    folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, watch: Watch = silent
) -> tuple[State, Weights | None] | None:
    """Put the newest whole checkpoint back; None when there is none. `watch` is told of each that is damaged."""
    for path in reversed(checkpoints(folder)):
        if is_whole(path):
            return put_back(_read(path), module, optimizer)
        watch("checkpoint_damaged", path=str(path))
    return None


def _read(path: Path) -> Snapshot:
    best = path / BEST
    weights, moments = (load_file(path / name) for name in (LAST, OPTIMIZER))
    return Snapshot(weights, moments, files.read_json(path / STATE), load_file(best) if best.is_file() else None)
