"""Refuse a training whose checkpoints would not fit on the disk, before its first step.

In: the folder of checkpoints, the module and its trained parameters. Out: nothing, or MachineError with the bytes that
are needed and free. While a new checkpoint is written the one before it still stands; a tenth of both is left for what
else a run writes. Knows no format: it counts tensors.
"""

from collections.abc import Iterable
from pathlib import Path

from torch import nn

from dongcha import files
from dongcha.errors import MachineError
from dongcha.locale import say
from dongcha.loop.state import moving

CHECKPOINTS = 2.2  # that must fit
MOMENTS = 2  # tensors that an optimiser keeps beside each parameter it trains, at most


def checkpoint_bytes(module: nn.Module, trained: Iterable[nn.Parameter], averages: int = 0) -> int:
    """Return the bytes of one checkpoint at most: last and best weights, moments, averages of weights."""
    weights: int = sum(tensor.numel() * tensor.element_size() for tensor in moving(module).values())
    return 2 * weights + (MOMENTS + averages) * sum(p.numel() * p.element_size() for p in trained)


def refuse_full_disk(folder: Path, module: nn.Module, trained: Iterable[nn.Parameter], averages: int = 0) -> None:
    """Raise MachineError where the disk of `folder` has room for fewer than 2.2 checkpoints, standing ones counted."""
    size = checkpoint_bytes(module, trained, averages)
    standing = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    needed, free = int(CHECKPOINTS * size), files.free_bytes(folder)
    if free + standing < needed:
        raise MachineError(say("loop.no_room", folder=folder, needed=needed - standing, free=free, size=size))
