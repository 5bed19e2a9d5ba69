"""Tell how long this command has run for: from its process's start, so that loading the libraries counts too.

Only a process that is the command (`main`) has begun one; where the command line is called from Python, nothing was
spent before. Imports nothing heavy: it is among the first modules that are loaded.
"""

import os
import time
from pathlib import Path

IMPORTED = time.monotonic()
STARTED = 19  # of the fields after the command's name in /proc/self/stat: start in ticks since boot (proc(5), 22)
MOST_BEFORE_IMPORT = 600.0  # seconds; a start that lies further back is another clock's
_zero: list[float] = []


def command_begins() -> None:
    """Take this process for the command."""
    _zero[:] = [time.monotonic() - process_age()]


def spent() -> float:
    """Return the seconds since the command's start; 0 where this process is none."""
    return time.monotonic() - _zero[0] if _zero else 0.0


def process_age() -> float:
    """Return the seconds since this process was started; where the system does not tell, since this was imported."""
    known = time.monotonic() - IMPORTED
    try:
        fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[STARTED]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return known
    return age if known <= age <= known + MOST_BEFORE_IMPORT else known
