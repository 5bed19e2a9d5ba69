"""Hold what the proofs look at, and run them in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dongcha.data.features import Features, gather
from dongcha.data.splits import Splits
from dongcha.loop import Fitted
from dongcha.models.model import Model
from dongcha.pretrain import Pretrained
from dongcha.registry import find, names
from dongcha.tasks._base import Columns, Task
from dongcha.tasks._predict import columns_of, encode
from dongcha.types import Check

ORDER = (
    *("labels_aligned", "no_leak", "saved_equals_trained", "plain_transformers", "best_restored"),
    *("resume_exact", "forecast_kept", "recorded"),
)
OF_TEXTS = (  # of a run that learnt no task
    *("no_leak", "loads_as_pretrained", "best_restored"),
    *("resume_exact", "forecast_kept", "recorded"),
)
SAMPLE = 512  # rows that proofs which compute are made on


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a run claims: its folder, the model as trained (in memory), its data, how training went, its data checks.

    `model_folder` is what was saved; `rescored` is the validation score of the kept weights, computed anew. `clock`
    tells, when it is asked, `forecast_seconds`, `seconds`, the same of `megabytes`, `load` and `attempts`; nothing
    where no clock ran.
    `record` is what the run's record says of it beside versions and machine.
    `pretrained` is the result of a run that learnt no task.
    """

    folder: Path
    model_folder: Path
    model: Model
    task: Task
    splits: Splits
    features: Mapping[str, Features]
    fitted: Fitted | None
    rescored: float | None
    data_checks: tuple[Check, ...]
    resolved: Mapping[str, Any]
    record: Mapping[str, Any]
    clock: Callable[[], Mapping[str, Any]] = dict
    pretrained: Pretrained | None = None

    @property
    def split(self) -> str:
        """The split whose rows the proofs use: validation, else train."""
        return "validation" if "validation" in self.splits.by_name else "train"

    def sample(self, split: str) -> tuple[Columns, Features]:
        """Return the first SAMPLE rows of a split and their features."""
        dataset = self.splits.by_name[split].take(np.arange(min(SAMPLE, len(self.splits.by_name[split]))))
        rows = next(dataset.batches(SAMPLE, columns_of(self.task, dataset, gold=True)))
        return rows, gather(encode(self.task, self.model, dataset))


def run_checks(evidence: Evidence) -> tuple[Check, ...]:
    """Run all proofs: ours in a fixed order, strangers' after them; without a task those that need none."""
    strangers = [name for name in names("checks") if name not in {*ORDER, *OF_TEXTS}]
    chosen = OF_TEXTS if evidence.pretrained else (*ORDER, *strangers)
    return tuple(find("checks", name).check(evidence) for name in chosen)
