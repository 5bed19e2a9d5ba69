"""Say what a metric is: what each row brings, and a figure of rows under weights.

In: an `Outcome`. Out: figures. A row weighted 2 counts as if it stood there twice, so one array of row weights is all
that an interval or a paired test needs, and a metric never knows that it is being resampled.

Metric
├── CountMetric   a function of summed counts (accuracy, F1, RMSE, ...): weights @ counts, cheap
└── RankMetric    needs the rows themselves (AUROC, Spearman): sorted once, then cumulated for each draw of weights
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Weighing = Callable[[np.ndarray], np.ndarray]
NEED_PROBABILITIES = frozenset({"auroc", "log_loss"})


@dataclass(frozen=True)
class Outcome:
    """What one model said of the rows of one split, beside the truth; the family says in which form.

    `gold` and `predicted` have one entry a row; `probabilities` is (rows, labels) float in [0, 1], or None where the
    model has none.
    """

    gold: Any
    predicted: Any
    probabilities: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.gold)

    def part(self, name: str) -> "Outcome | None":
        """Return what is said of one task by its name: of a single task, whose name is empty, all of it."""
        return None if name else self

    def take(self, positions: np.ndarray) -> "Outcome":
        """Return the outcome of the rows at 0-based positions."""
        sides = (self.gold, self.predicted)
        gold, predicted = (s[positions] if isinstance(s, np.ndarray) else [s[i] for i in positions] for s in sides)
        return Outcome(gold, predicted, None if self.probabilities is None else self.probabilities[positions])

    @property
    def known_probabilities(self) -> np.ndarray:
        """The probabilities of a model that must have them."""
        assert self.probabilities is not None, "this metric needs probabilities, and the outcome has none"
        return np.asarray(self.probabilities, dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Metric(ABC):
    """A figure of one model on the rows of one split; NaN where it is not defined on these rows.

    `counts` gives what each row brings, (rows, k) float64; `row_scores` (rows,) float, more is better, how well each
    row went (1 right and 0 wrong, or minus the error), from which flips are counted. `is_share` marks a plain share
    of rows: its counts are (hit, 1), hit 0 or 1. `part` names the one of several tasks that it judges.
    """

    name: str
    counts: Callable[[Outcome], np.ndarray]
    row_scores: Callable[[Outcome], np.ndarray]
    greater_is_better: bool = True
    is_share: bool = False
    part: str = ""

    def applies(self, outcome: Outcome) -> bool:
        """Tell whether an outcome holds what this metric reads: its task, and probabilities where it needs them."""
        found = outcome.part(self.part)
        needs = self.name.rpartition(".")[2] in NEED_PROBABILITIES
        return found is not None and not (needs and found.probabilities is None)

    @abstractmethod
    def weighing(self, counts: np.ndarray) -> Weighing:
        """Return the function from row weights to a figure for each draw: (draws, rows) -> (draws,)."""

    @abstractmethod
    def blocks(self, outcomes: Sequence[Outcome]) -> list[np.ndarray]:
        """Return the count arrays whose figures' mean is the figure over several seeds of one model."""

    @abstractmethod
    def passes(self, counts: np.ndarray) -> int:
        """Return about how many passes over the weights a figure costs."""

    def figure(self, outcome: Outcome) -> float:
        """Return the metric of the rows as they are."""
        counts = self.counts(outcome)
        return float(self.weighing(counts)(np.ones((1, len(counts))))[0])


@dataclass(frozen=True, kw_only=True)
class CountMetric(Metric):
    """A metric that is a function of the rows' summed counts: `value` maps (..., k) to (...)."""

    value: Callable[[np.ndarray], np.ndarray]

    def weighing(self, counts: np.ndarray) -> Weighing:
        """Take the value of the weighted sums."""
        return lambda weights: self.value(weights @ counts)

    def blocks(self, outcomes: Sequence[Outcome]) -> list[np.ndarray]:
        """Average each row's counts over the seeds first."""
        total = sum(self.counts(outcome) for outcome in outcomes)
        return [np.asarray(total / len(outcomes), dtype=np.float64)]

    def passes(self, counts: np.ndarray) -> int:
        """Count one: a matrix product."""
        return 1


@dataclass(frozen=True, kw_only=True)
class RankMetric(Metric):
    """A metric of the rows' order: `ranked` sorts (rows, k) once and maps weights (rows, draws) to (draws,)."""

    ranked: Callable[[np.ndarray], Weighing]

    def weighing(self, counts: np.ndarray) -> Weighing:
        """Rank the rows now, so that a draw only cumulates; NaN without rows."""
        if len(counts) == 0:
            return lambda weights: np.full(len(weights), np.nan)
        figures = self.ranked(counts)
        return lambda weights: figures(np.ascontiguousarray(weights.T))

    def blocks(self, outcomes: Sequence[Outcome]) -> list[np.ndarray]:
        """Keep the seeds apart: ranks cannot be averaged by row."""
        return [self.counts(outcome) for outcome in outcomes]

    def passes(self, counts: np.ndarray) -> int:
        """Count two for each column of scores: gather and cumulate."""
        return 2 * int(counts.shape[1])


def ratio(top: np.ndarray, bottom: np.ndarray, empty: float) -> np.ndarray:
    """Divide, with `empty` where the divisor is 0."""
    safe = np.where(bottom == 0, 1.0, bottom)
    return np.asarray(np.where(bottom == 0, empty, top / safe))


def share(hits: np.ndarray) -> np.ndarray:
    """Return the counts of a share of rows: (rows,) 0 or 1 -> (rows, 2) hit and one."""
    return np.stack([np.asarray(hits, dtype=np.float64), np.ones(len(hits))], axis=1)


def mean_of(sums: np.ndarray) -> np.ndarray:
    """Divide the first sum by the last, NaN for no rows."""
    return ratio(sums[..., 0], sums[..., -1], np.nan)


def f1(sums: np.ndarray) -> np.ndarray:
    """Return F1 of (..., 3) summed hits, predicted and gold: 2 hits / (predicted + gold), 0 where there are none."""
    return ratio(2 * sums[..., 0], sums[..., 1] + sums[..., 2], 0.0)


def precision(sums: np.ndarray) -> np.ndarray:
    """Return hits / predicted of (..., 3) summed hits, predicted and gold, 0 where nothing was predicted."""
    return ratio(sums[..., 0], sums[..., 1], 0.0)


def recall(sums: np.ndarray) -> np.ndarray:
    """Return hits / gold of (..., 3) summed hits, predicted and gold, 0 where there is no gold."""
    return ratio(sums[..., 0], sums[..., 2], 0.0)


def macro_f1(sums: np.ndarray) -> np.ndarray:
    """Return the mean F1 over the labels that occur in gold or predicted: (..., 3 labels) -> (...).

    The counts are hits, predicted and gold by label, one after the other. 0 where no label occurs.
    """
    hits, predicted, gold = np.split(sums, 3, axis=-1)
    occurs = predicted + gold > 0
    by_label = ratio(2 * hits, predicted + gold, 0.0)
    return ratio(by_label.sum(axis=-1), occurs.sum(axis=-1).astype(np.float64), 0.0)


def label_table(
    labels: Sequence[str], hits: np.ndarray, predicted: np.ndarray, gold: np.ndarray
) -> list[dict[str, Any]]:
    """Return precision, recall, F1 (0 where undefined) and support of each label, as the report takes them."""
    columns = (ratio(hits, predicted, 0.0), ratio(hits, gold, 0.0), ratio(2 * hits, predicted + gold, 0.0))
    return [
        {"label": label, "precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
        for label, p, r, f, n in zip(labels, *columns, gold, strict=True)
    ]
