"""Tell an exhausted memory from other failures, whatever library ran into it, and say it in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from dongcha.errors import MachineError
from dongcha.locale import say

# What torch's allocators and oneDNN say in a RuntimeError, which has no class of its own on the CPU.
SIGNS = ("can't allocate memory", "not enough memory", "out of memory", "cannot allocate memory", "bad_alloc")
ONEDNN = "could not create a memory object"


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory did not suffice."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in text for sign in (*SIGNS, ONEDNN))


@contextmanager
def memory_errors(key: str = "loop.no_memory", **values: object) -> Iterator[None]:
    """Turn an exhausted memory into MachineError with the sentence `key`; all else passes."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise MachineError(say(key, **values)) from error
