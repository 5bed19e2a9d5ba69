"""Ask the task what a backbone is worth to it: a linear layer on frozen vectors, judged on validation rows.

In: the task, its features of train and validation, a module that is learning something else. Out: the main metric, and
what was said of each row, so that two backbones can be compared on the same rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dongcha.data.features import Features
from dongcha.judge.paired import compare
from dongcha.loop import Validation
from dongcha.metrics import Metric, Outcome
from dongcha.models.model import Model
from dongcha.models.probe import fit_probe, frozen_outputs
from dongcha.tasks._base import Task
from dongcha.tasks._predict import ready
from dongcha.types import Verdict


@dataclass(frozen=True)
class TaskProbe:
    """The task's own eyes: `model` is the task's model on the original backbone; `rows` validation rows by field."""

    task: Task
    model: Model
    train: Features
    validation: Features
    rows: Mapping[str, list[Any]]
    seed: int

    @property
    def metric(self) -> Metric:
        """The task's main metric."""
        return next(iter(self.task.metrics.values()))

    def outcome(self, module: Any) -> Outcome:
        """Fit a linear layer on the vectors of a module's backbone, and say what it answers on validation rows."""
        seen = replace(self.model, module=module)
        layer = fit_probe(seen, self.train, self.seed)
        task = ready(self.task, seen, lambda features: frozen_outputs(seen, layer, features))
        outputs = frozen_outputs(seen, layer, self.validation)
        return task.outcome(self.rows, task.decode(outputs, self.validation, self.rows, 0))

    def score(self, outcome: Outcome) -> Validation:
        """Return the main metric, greater being better."""
        figure = float(self.metric.figure(outcome))
        figure = 0.0 if np.isnan(figure) else figure
        return Validation(figure if self.metric.greater_is_better else -figure, 0.0)

    def compare(self, before: Outcome, after: Outcome) -> Verdict:
        """Test two backbones on the same rows."""
        return compare(self.metric, before, after, self.seed)
