"""Say on what a figure was measured: processor, threads, versions, load, memory."""

import gc
import os
import platform
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench._stages import peak_megabytes

PACKAGES = ("torch", "transformers", "accelerate", "tokenizers", "numpy", "dongcha")
_CLEAR = Path("/proc/self/clear_refs")


def machine(threads: int) -> dict[str, Any]:
    """Return processor, cores, the threads in use, Python's version and those of the packages that compute."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    versions = {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    return {"cpu": cpu, "cores": os.cpu_count(), "threads": threads, "versions": versions}


def load() -> float:
    """Return the load average over one minute; 0 where the system keeps none."""
    with suppress(OSError):
        return round(os.getloadavg()[0], 2)
    return 0.0


def forget_peak() -> None:
    """Free what nobody holds and set the kernel's peak of resident memory back, where that may be done."""
    gc.collect()
    with suppress(OSError):
        _CLEAR.write_text("5")


__all__ = ["forget_peak", "load", "machine", "peak_megabytes"]
