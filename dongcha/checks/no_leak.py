"""Prove that no test or validation row stands in train, by the same folding as the data check.

Near repeats are the data check's `near_duplicates`, which warns. In a split that we made a leak is a failure; in one
that the user gave it is a warning, and the score is shown without those rows as well.
"""

from typing import Literal

import numpy as np

from dongcha.checks._base import Evidence
from dongcha.data.duplicates import exact_groups
from dongcha.data.rows import owned_texts
from dongcha.data.splits import Splits
from dongcha.locale import say
from dongcha.types import Check


def check(evidence: Evidence) -> Check:
    """Count the rows of each judged set whose text stands in train."""
    splits, fields = evidence.splits, evidence.task.fields
    counts = {name: len(leaked_rows(splits, fields, name)) for name in splits.by_name if name != "train"}
    total = sum(counts.values())
    figures = {f"{name}_rows": count for name, count in counts.items()}
    if not total:
        return Check("no_leak", "passed", say("checks.leak_passed"), figures=figures)
    ours = any(count and name in evidence.splits.made for name, count in counts.items())
    shown = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    status: Literal["failed", "warned"] = "failed" if ours else "warned"
    return Check(
        "no_leak", status, say(f"checks.leak_{status}", shown=shown), total, fix=say("checks.leak_fix"), figures=figures
    )


def leaked_rows(splits: Splits, fields: tuple[str, ...], split: str) -> np.ndarray:
    """Return the 0-based positions of a split's rows whose folded text stands in train."""
    known: dict[bytes, int] = {}
    exact_groups(owned_texts(splits.by_name["train"], fields), known)
    num_train = len(known)
    return np.flatnonzero(exact_groups(owned_texts(splits.by_name[split], fields), known) < num_train)
