"""Say on what a figure was measured: processor, threads, versions."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "transformers", "accelerate", "tokenizers", "numpy", "dongcha")


def machine(threads: int, packages: Sequence[str] = PACKAGES) -> dict[str, Any]:
    """Return processor, cores, the threads in use, Python's version and those of the packages that compute."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    versions = {"python": platform.python_version()} | {name: version(name) for name in packages}
    return {"cpu": cpu, "cores": os.cpu_count(), "threads": threads, "versions": versions}
