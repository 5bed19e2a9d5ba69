"""Write and read a loop's checkpoint: last weights, best weights, optimiser, counters; whole or not at all.

A checkpoint is a folder `step-<n>` with its last-written marker; older ones go only after the new one stands. Random
numbers need no saving: dropout is reseeded from (seed, step, micro-batch) and batches from (seed, epoch).
"""

import re
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from dongcha import files
from dongcha.loop.state import State, copy_weights, optimizer_tensors, restore_optimizer

_STEP = re.compile(r"step-(\d+)")
Weights = dict[str, torch.Tensor]


def save_checkpoint(
    folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, state: State, best: Weights | None
) -> Path:
    """Write `folder/step-<n>` atomically, then delete the older checkpoints."""
    target = folder / f"step-{state.step:08d}"
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    with files.new_folder(target) as new:
        save_file(untied(copy_weights(module)), new / "last.safetensors")
        save_file(optimizer_tensors(optimizer, names), new / "optimizer.safetensors")
        if best is not None:
            save_file(untied(best), new / "best.safetensors")
        files.write_json(new / "state.json", state.to_json())
    for old in checkpoints(folder):
        if old != target:
            shutil.rmtree(old, ignore_errors=True)
    return target


def untied(weights: Weights) -> Weights:
    """Copy tensors that share memory (tied embeddings), which the file format stores once each."""
    seen: set[int] = set()
    out = {}
    for name, tensor in weights.items():
        out[name] = tensor.clone() if tensor.data_ptr() in seen else tensor
        seen.add(tensor.data_ptr())
    return out


def checkpoints(folder: Path) -> list[Path]:
    """List the finished checkpoints of a folder, oldest first."""
    found = [p for p in folder.glob("step-*") if _STEP.fullmatch(p.name) and files.is_done(p)]
    return sorted(found, key=lambda p: p.name)


def load_checkpoint(
    folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[State, Weights | None] | None:
    """Put the newest finished checkpoint back; None when there is none."""
    found = checkpoints(folder)
    if not found:
        return None
    newest = found[-1]
    module.load_state_dict(load_file(newest / "last.safetensors"))
    restore_optimizer(optimizer, load_file(newest / "optimizer.safetensors"), module)
    values = files.read_json(newest / "state.json")
    for curve in ("losses", "scores", "validation_losses", "rates"):
        values[curve] = [tuple(point) for point in values[curve]]
    best = newest / "best.safetensors"
    return State(**values), load_file(best) if best.is_file() else None
