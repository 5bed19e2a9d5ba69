"""Give freed memory back to the system. Light: imported by what starts quickly."""

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Hand memory that was freed back to the system, where the C library is one that keeps it (glibc).

    It keeps what lies between pieces that are still held, so a process grows by what each kind of work leaves behind:
    a decoder of 167 M parameters held 5.1 GB after its first step and 1.4 GB after this. Costs up to half a second.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
