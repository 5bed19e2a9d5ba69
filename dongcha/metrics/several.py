"""Measure several tasks on the same rows: each task's own metrics under its name, and their mean, which ranks models.

In: an outcome a task. Out: `intent.accuracy`, `slots.f1` and the like, and first of all `tasks_mean`: the mean of the
tasks' main metrics by the tasks' weights, an error counted as 1 minus its ratio to the deviation of the gold values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dongcha.metrics._base import Metric, Outcome, Weighing

MEAN = "tasks_mean"


@dataclass(frozen=True)
class Outcomes(Outcome):
    """What one model said of the same rows, by task; a baseline of one task has that one alone."""

    parts: Mapping[str, Outcome] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.parts.values()), ()))

    def part(self, name: str) -> Outcome | None:
        """Return what is said of one task; None where nothing is."""
        return self.parts.get(name)

    def take(self, positions: np.ndarray) -> "Outcomes":
        """Return the outcomes of the rows at 0-based positions."""
        return joined({name: part.take(positions) for name, part in self.parts.items()})


def joined(parts: Mapping[str, Outcome]) -> Outcomes:
    """Lay the outcomes of several tasks on the same rows side by side."""
    return Outcomes(None, None, None, parts)


def of_part(metric: Metric, part: str) -> Metric:
    """Return a task's metric as one of several tasks' outcomes, named `<task>.<metric>`."""

    def own(outcome: Outcome) -> Outcome:
        found = outcome.part(part)
        assert found is not None, f"no outcome of {part}"
        return found

    return replace(
        metric,
        name=f"{part}.{metric.name}",
        part=part,
        counts=lambda outcome: metric.counts(own(outcome)),
        row_scores=lambda outcome: metric.row_scores(own(outcome)),
    )


@dataclass(frozen=True)
class Member:
    """A task's main metric in the mean: its share of the whole; `scale` is what an error is divided by."""

    metric: Metric
    share: float
    scale: float = 1.0

    def gain(self, values: np.ndarray) -> np.ndarray:
        """Turn figures into what is better the larger it is."""
        return values if self.metric.greater_is_better else np.asarray(1 - values / self.scale)

    def row_gain(self, outcome: Outcome) -> np.ndarray:
        """Return how well each row went, 1 at best (rows,)."""
        scores = self.metric.row_scores(outcome)
        return scores if self.metric.greater_is_better else np.asarray(1 + scores / self.scale)


@dataclass(frozen=True, kw_only=True)
class MeanMetric(Metric):
    """The mean of several tasks' main metrics; its counts are theirs side by side."""

    members: tuple[Member, ...]
    widths: list[int] = field(default_factory=list)  # columns of each member's counts, as last counted

    def applies(self, outcome: Outcome) -> bool:
        """Tell whether an outcome has every task."""
        return all(member.metric.applies(outcome) for member in self.members)

    def weighing(self, counts: np.ndarray) -> Weighing:
        """Average the members' figures by their shares."""
        parts = np.split(counts, np.cumsum(self.widths)[:-1], axis=1)
        each = [(m, m.metric.weighing(part)) for m, part in zip(self.members, parts, strict=True)]
        return lambda weights: np.asarray(sum(m.share * m.gain(weigh(weights)) for m, weigh in each))

    def blocks(self, outcomes: Sequence[Outcome]) -> list[np.ndarray]:
        """Keep the seeds apart: the mean figure is the mean over them."""
        return [self.counts(outcome) for outcome in outcomes]

    def passes(self, counts: np.ndarray) -> int:
        """Count those of all members."""
        parts = np.split(counts, np.cumsum(self.widths)[:-1], axis=1)
        return sum(m.metric.passes(part) for m, part in zip(self.members, parts, strict=True))


def mean_of_tasks(members: Sequence[Member]) -> MeanMetric:
    """Return the mean of members whose shares add up to 1."""
    widths: list[int] = []

    def counts(outcome: Outcome) -> np.ndarray:
        found = [member.metric.counts(outcome) for member in members]
        widths[:] = [part.shape[1] for part in found]
        return np.hstack(found)

    def row_scores(outcome: Outcome) -> np.ndarray:
        return np.asarray(sum(member.share * member.row_gain(outcome) for member in members))

    return MeanMetric(name=MEAN, counts=counts, row_scores=row_scores, members=tuple(members), widths=widths)
