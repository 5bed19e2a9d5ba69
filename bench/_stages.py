"""Measure the stages of one process: wall seconds, processor seconds, and the peak of its resident memory in each.

In: named stretches of code. Out: figures by name. The peak is the kernel's own (VmHWM), set back at the start of each
stage; where that may not be done, it is the peak since the process began, and only the largest stage is right. A
process that others stop for a while (SIGSTOP, a machine put to sleep) is told from one that computes: a heartbeat
counts the seconds in which it neither beat nor used the processor.
"""

import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

Figures = dict[str, float]
BEAT = 1.0  # seconds
HALTED = 5.0  # seconds without a beat and without the processor, from which the process was not running
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Stages:
    """The figures of each stage so far: `seconds`, `cpu_seconds` (all threads), `peak_megabytes`."""

    def __init__(self) -> None:
        self.figures: dict[str, Figures] = {}
        self.halted_seconds = 0.0
        threading.Thread(target=self._beat, daemon=True).start()

    def _beat(self) -> None:
        before = time.perf_counter(), time.process_time()
        while True:
            time.sleep(BEAT)
            now = time.perf_counter(), time.process_time()
            lost = (now[0] - before[0]) - (now[1] - before[1]) - BEAT
            self.halted_seconds += lost if lost > HALTED else 0.0
            before = now

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a block; a name that comes again adds its seconds and keeps the larger peak."""
        forget_peak()
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        one = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
        before = self.figures.get(name, {"seconds": 0.0, "cpu_seconds": 0.0, "peak_megabytes": 0.0})
        self.figures[name] = {key: before[key] + value for key, value in one.items()} | {
            "peak_megabytes": max(before["peak_megabytes"], peak_megabytes())
        }

    def timed(self, name: str, verb: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that is measured as the stage `name` whenever it is called."""

        def measured(*args: Any, **options: Any) -> Any:
            with self.stage(name):
                return verb(*args, **options)

        return measured


def forget_peak() -> None:
    """Set the kernel's peak of resident memory back, where that may be done."""
    with suppress(OSError):
        _CLEAR.write_text("5")


def peak_megabytes() -> float:
    """Return the peak resident memory in MB (10^6 bytes) since it was last set back."""
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
