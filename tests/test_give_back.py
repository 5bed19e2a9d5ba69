"""Freed memory goes back to the system, also where pieces between are still held."""

import ctypes
from pathlib import Path

import pytest

from dongcha.memory import give_back

BLOCK, COUNT = 1 << 16, 3_000  # below what the C library maps by itself


def resident_megabytes():
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library has no malloc_trim")
def test_what_lies_between_pieces_that_are_held_goes_back():
    held, freed = [], []
    for _ in range(COUNT):
        freed.append(bytearray(BLOCK))
        held.append(bytearray(2048))
    freed.clear()
    before = resident_megabytes()
    give_back()
    assert before - resident_megabytes() > 0.5 * COUNT * BLOCK / 2**20
    assert len(held) == COUNT
