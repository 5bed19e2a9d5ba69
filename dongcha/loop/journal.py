"""Keep what happened to a loop beside its plan, as lines of the run's log, so that a resume does the same again.

A line is `{"event": name, "train_step": n, ...}` in `steps.jsonl`; `train_step` is the 1-based optimiser step.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dongcha import files

HALVED, OUT_OF_TIME = "halved", "out_of_time"


@dataclass(frozen=True)
class Journal:
    """The events of a loop in a log; without a path they are forgotten."""

    path: Path | None = None

    def write(self, event: str, train_step: int, **facts: Any) -> None:
        """Append one event, flushed to disk."""
        if self.path is not None:
            at = time.strftime("%Y-%m-%dT%H:%M:%S%z")
            files.append_line(self.path, {"event": event, "train_step": train_step, **facts, "at": at})

    def events(self, event: str) -> list[Mapping[str, Any]]:
        """List the events of a name, oldest first; of two at the same step with the same facts, one."""
        lines = files.read_lines(self.path) if self.path is not None else []
        found = ({k: v for k, v in line.items() if k != "at"} for line in lines if line.get("event") == event)
        return [dict(facts) for facts in dict.fromkeys(tuple(facts.items()) for facts in found)]
