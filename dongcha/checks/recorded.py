"""Record by what a run can be told again (versions, seed, data, weights, machine), and prove the record is its own."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dongcha import files
from dongcha.checks._base import Evidence
from dongcha.locale import say
from dongcha.types import Check

LIBRARIES = ("dongcha", "torch", "transformers", "tokenizers", "numpy", "pyarrow", "scikit-learn", "safetensors")


def check(evidence: Evidence) -> Check:
    """Read the record back and compare it with this run: its facts, its data and recipe, the versions, the machine."""
    path = evidence.folder / "environment.json"
    found = files.read_json(path) if path.is_file() else {}
    own = {"data": evidence.splits.fingerprints, "seed": evidence.resolved["seed"]}
    wanted = {**evidence.record, **own, "versions": versions(), "machine": machine()}
    missing = sorted(name for name, value in wanted.items() if found.get(name) != value)
    if missing:
        return Check(
            "recorded",
            "failed",
            say("checks.recorded_failed", missing=", ".join(missing)),
            len(missing),
            fix=say("checks.saved_fix"),
        )
    return Check("recorded", "passed", say("checks.recorded_passed", seed=found["seed"]))


def write_record(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write `environment.json`: the facts given (seed, threads, model_sha256, data), versions and machine."""
    record = {"versions": versions(), "machine": machine(), **facts}
    files.write_json(folder / "environment.json", record)
    return record


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that decide a result; those not installed are left out."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str | int]:
    """Return system, processor family and cores; no host name, no path."""
    return {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count() or 0}
