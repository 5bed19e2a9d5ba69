"""Say an exhausted memory in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from dongcha.errors import MachineError, is_out_of_memory
from dongcha.locale import say


@contextmanager
def memory_errors(key: str = "loop.no_memory", **values: object) -> Iterator[None]:
    """Turn an exhausted memory into MachineError with the sentence `key`; all else passes."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise MachineError(say(key, **values)) from error
