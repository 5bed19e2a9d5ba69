"""Put modules and batches on a device, and say which. One process; wrapping for several goes here and nowhere else."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from dongcha.data.features import Batch
from dongcha.errors import MachineError
from dongcha.locale import say

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Placement:
    """A device and how many threads compute on it."""

    device: torch.device
    threads: int

    def module(self, module: nn.Module) -> nn.Module:
        """Move a module's weights to the device."""
        return module.to(self.device)

    def batch(self, batch: Batch) -> Tensors:
        """Move a batch's arrays to the device; integer columns become int64."""
        return {name: self.tensor(array) for name, array in batch.items()}

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        """Move one array to the device."""
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)


def place(device: str, threads: int | None) -> Placement:
    """Choose the device (`auto`: CUDA when there is one, else CPU) and fix the number of threads of this process."""
    have = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    have["npu"] = bool(hasattr(torch, "npu") and torch.npu.is_available())
    chosen = ("cuda" if have["cuda"] else "cpu") if device == "auto" else device
    if not have.get(chosen, False):
        raise MachineError(say("loop.no_device", device=chosen, have=", ".join(k for k, v in have.items() if v)))
    if threads is not None:
        torch.set_num_threads(threads)
    return Placement(torch.device(chosen), torch.get_num_threads())
