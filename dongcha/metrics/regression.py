"""Measure a number a row: MAE, RMSE, Spearman, Pearson, R2.

In: an `Outcome` with `gold` and `predicted` (rows,) float. Out: figures; correlations are NaN where a side is
constant, R2 where gold is.
"""

import math

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, RankMetric, mean_of, ratio
from dongcha.metrics._ranking import ByWeights, spearman


def metrics() -> dict[str, Metric]:
    """Return the metrics by name, mean absolute error first (the main one)."""
    family: list[Metric] = [
        CountMetric(name="mae", counts=_absolute, value=mean_of, row_scores=row_scores, greater_is_better=False),
        CountMetric(name="rmse", counts=_squared, value=_root, row_scores=row_scores, greater_is_better=False),
        RankMetric(name="spearman", counts=_pairs, ranked=_spearman, row_scores=row_scores),
        CountMetric(name="pearson", counts=_moments, value=_pearson, row_scores=row_scores),
        CountMetric(name="r2", counts=_moments, value=_r2, row_scores=row_scores),
    ]
    return {metric.name: metric for metric in family}


def row_scores(outcome: Outcome) -> np.ndarray:
    """Return minus the absolute error of each row, (rows,): a row gains by coming closer to gold."""
    gold, predicted = sides(outcome)
    return np.asarray(-np.abs(gold - predicted))


def sides(outcome: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """Return gold and predicted as float arrays, (rows,) each."""
    return np.asarray(outcome.gold, dtype=np.float64), np.asarray(outcome.predicted, dtype=np.float64)


def _absolute(outcome: Outcome) -> np.ndarray:
    error = -row_scores(outcome)
    return np.stack([error, np.ones(len(error))], axis=1)


def _squared(outcome: Outcome) -> np.ndarray:
    error = row_scores(outcome)
    return np.stack([error**2, np.ones(len(error))], axis=1)


def _root(sums: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(mean_of(sums)))


def _pairs(outcome: Outcome) -> np.ndarray:
    return np.stack(sides(outcome), axis=1)


def _spearman(counts: np.ndarray) -> ByWeights:
    return spearman(counts[:, 0], counts[:, 1])


def _moments(outcome: Outcome) -> np.ndarray:
    """Return g, p, gg, pp, gp and one, (rows, 6), both sides less the mean of gold so that few digits cancel."""
    gold, predicted = sides(outcome)
    centre = math.fsum(gold) / max(1, len(gold))  # exact, so the same for any order of rows
    g, p = gold - centre, predicted - centre
    return np.stack([g, p, g * g, p * p, g * p, np.ones(len(g))], axis=1)


def _pearson(sums: np.ndarray) -> np.ndarray:
    g, p, gg, pp, gp, n = np.moveaxis(sums, -1, 0)
    spread_g, spread_p = _spread(gg, g, n), _spread(pp, p, n)
    return ratio(gp * n - g * p, np.sqrt(spread_g * spread_p), np.nan)


def _r2(sums: np.ndarray) -> np.ndarray:
    """Return 1 - squared error / squared distance from gold's mean."""
    g, _, gg, pp, gp, n = np.moveaxis(sums, -1, 0)
    return 1.0 - ratio((gg - 2 * gp + pp) * n, _spread(gg, g, n), np.nan)


def _spread(squares: np.ndarray, total: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return n times the sum of squares about the mean; what is only rounding counts as 0."""
    spread = squares * n - total * total
    return np.asarray(np.where(spread <= 1e-12 * squares * n, 0.0, spread))
