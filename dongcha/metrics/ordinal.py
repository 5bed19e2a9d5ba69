"""Measure a grade a row: quadratic weighted kappa, accuracy, accuracy within one grade.

In: an `Outcome` with `gold` and `predicted` (rows,) numbers, rounded here to whole grades (halves to even). Out:
figures.
"""

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, mean_of, ratio, share
from dongcha.metrics.regression import sides


def metrics() -> dict[str, Metric]:
    """Return the metrics by name, quadratic weighted kappa first (the main one)."""
    family: list[Metric] = [
        CountMetric(name="quadratic_kappa", counts=_squares, value=_kappa, row_scores=row_scores),
        CountMetric(name="accuracy", counts=_exact, value=mean_of, row_scores=row_scores, is_share=True),
        CountMetric(name="within_one", counts=_near, value=mean_of, row_scores=row_scores, is_share=True),
    ]
    return {metric.name: metric for metric in family}


def correct(outcome: Outcome) -> np.ndarray:
    """Tell for each row whether its grade is right, (rows,) bool."""
    return np.asarray(_distance(outcome) == 0)


def row_scores(outcome: Outcome) -> np.ndarray:
    """Return minus the distance in grades of each row, (rows,)."""
    return -_distance(outcome)


def _distance(outcome: Outcome) -> np.ndarray:
    gold, predicted = (np.rint(side) for side in sides(outcome))
    return np.asarray(np.abs(gold - predicted))


def _exact(outcome: Outcome) -> np.ndarray:
    return share(correct(outcome))


def _near(outcome: Outcome) -> np.ndarray:
    return share(_distance(outcome) <= 1)


def _squares(outcome: Outcome) -> np.ndarray:
    """Return (g - p)^2, g, p, gg, pp and one, (rows, 6)."""
    gold, predicted = (np.rint(side) for side in sides(outcome))
    columns = [(gold - predicted) ** 2, gold, predicted, gold**2, predicted**2, np.ones(len(gold))]
    return np.stack(columns, axis=1)


def _kappa(sums: np.ndarray) -> np.ndarray:
    """Return kappa weighted by squared distance in grades (Cohen 1968); NaN where all grades are one and the same.

    With weights (i - j)^2 the chance term sums over the margins to n (sum gg + sum pp) - 2 (sum g)(sum p), so no table
    of grades is needed.
    """
    observed, g, p, gg, pp, n = np.moveaxis(sums, -1, 0)
    return 1.0 - ratio(observed * n, n * (gg + pp) - 2 * g * p, np.nan)
