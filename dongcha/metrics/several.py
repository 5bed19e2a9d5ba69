"""Measure several tasks, on the same rows or each on its own: each one's metrics, and their mean, which ranks models.

In: an outcome a task. Out: `intent.accuracy`, `slots.f1` and the like, and first of all `tasks_mean`: the mean of the
tasks' main metrics by the tasks' weights, an error counted as 1 minus its ratio to the deviation of the gold values.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dongcha.metrics._base import Metric, Outcome, RankMetric, Weighing

MEAN = "tasks_mean"


@dataclass(frozen=True)
class Outcomes(Outcome):
    """What one model said of the same rows, by task; a baseline of one task has that one alone.

    `positions` are the 0-based rows of each task where each has rows of its own, of `size` in all; empty where all rows
    are every task's.
    """

    parts: Mapping[str, Outcome] = field(default_factory=dict)
    positions: Mapping[str, np.ndarray] = field(default_factory=dict)
    size: int = 0

    def __len__(self) -> int:
        return self.size if self.positions else len(next(iter(self.parts.values()), ()))

    def part(self, name: str) -> Outcome | None:
        """Return what is said of one task; None where nothing is."""
        return self.parts.get(name)

    def own(self, name: str) -> np.ndarray:
        """Return the 0-based rows of a task."""
        return self.positions.get(name, np.arange(len(self)))

    def take(self, positions: np.ndarray) -> "Outcomes":
        """Return the outcomes of the rows at 0-based positions."""
        if not self.positions:
            return joined({name: part.take(positions) for name, part in self.parts.items()})
        kept, parts = {}, {}
        for name, part in self.parts.items():
            kept[name] = np.flatnonzero(np.isin(positions, self.positions[name]))
            parts[name] = part.take(np.searchsorted(self.positions[name], positions[kept[name]]))
        return joined(parts, kept, len(positions))


def joined(parts: Mapping[str, Outcome], positions: Mapping[str, np.ndarray] | None = None, size: int = 0) -> Outcomes:
    """Lay the outcomes of several tasks side by side: on the same rows, or on each one's own, growing `positions`."""
    return Outcomes(None, None, None, parts, positions or {}, size)


def of_part(metric: Metric, part: str) -> Metric:
    """Return a task's metric as one of several tasks' outcomes, named `<task>.<metric>`.

    A row that is not the task's brings counts of 0, which change no sum; where rows are ranked, a first column says
    which are to be ranked.
    """
    ranks = isinstance(metric, RankMetric)

    def own(outcome: Outcome) -> Outcome:
        found = outcome.part(part)
        assert found is not None, f"no outcome of {part}"
        return found

    def counts(outcome: Outcome) -> np.ndarray:
        brought = metric.counts(own(outcome))
        return spread(np.hstack([np.ones((len(brought), 1)), brought]) if ranks else brought, outcome, part)

    more: dict[str, Any] = {"ranked": _ranked_alone(metric.ranked)} if isinstance(metric, RankMetric) else {}
    return replace(
        metric,
        name=f"{part}.{metric.name}",
        part=part,
        counts=counts,
        row_scores=lambda outcome: spread(metric.row_scores(own(outcome)), outcome, part),
        **more,
    )


def spread(values: np.ndarray, outcome: Outcome, part: str) -> np.ndarray:
    """Return what a task's rows bring as (all rows, ...), 0 where a row is not the task's."""
    if not (isinstance(outcome, Outcomes) and outcome.positions):
        return values
    found = np.zeros((len(outcome), *values.shape[1:]), dtype=values.dtype)
    found[outcome.own(part)] = values
    return found


def _ranked_alone(ranked: Callable[[np.ndarray], Weighing]) -> Callable[[np.ndarray], Weighing]:
    """Return a ranking of the rows that the first column marks."""

    def of_marked(counts: np.ndarray) -> Weighing:
        marked = np.flatnonzero(counts[:, 0])
        if not len(marked):
            return lambda weights: np.full(weights.shape[1], np.nan)
        figures = ranked(counts[marked, 1:])
        return lambda weights: figures(np.ascontiguousarray(weights[marked]))

    return of_marked


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

    def row_shares(self, outcome: Outcome) -> np.ndarray:
        """Return the share of each row (rows,): 0 of one that is not the task's."""
        assert isinstance(outcome, Outcomes)
        return spread(np.full(len(outcome.own(self.metric.part)), self.share), outcome, self.metric.part)


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
        shares = [member.row_shares(outcome) for member in members]
        gains = [member.row_gain(outcome) for member in members]
        return np.asarray(sum(s * g for s, g in zip(shares, gains, strict=True)) / np.maximum(sum(shares), 1e-12))

    return MeanMetric(name=MEAN, counts=counts, row_scores=row_scores, members=tuple(members), widths=widths)
