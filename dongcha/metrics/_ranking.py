"""Rank rows that carry weights: AUROC and Spearman of resampled rows, sorted once and never repeated.

In: scores (rows,). Out: a function of weights (rows, draws), C-contiguous so that a row's weights move as one piece,
to figures (draws,). A row of weight 2 ranks as two tied rows do.
"""

from collections.abc import Callable

import numpy as np

from dongcha.metrics._base import ratio

ByWeights = Callable[[np.ndarray], np.ndarray]


def auroc(positive: np.ndarray, scores: np.ndarray) -> ByWeights:
    """Return the probability that a positive row scores above a negative one, ties counted half; NaN without both.

    `positive` is (rows,) bool. This is the Mann-Whitney U statistic over the product of the classes' weights (Hanley
    and McNeil 1982).
    """
    negatives = np.flatnonzero(~positive)
    negatives = negatives[np.argsort(scores[negatives], kind="stable")]
    positives = np.flatnonzero(positive)
    below, beaten = (np.searchsorted(scores[negatives], scores[positives], side=side) for side in ("left", "right"))

    def figures(weights: np.ndarray) -> np.ndarray:
        down, up = _cumulated(weights[negatives]), weights[positives]
        wins = np.einsum("pd,pd->d", up, down[below]) + np.einsum("pd,pd->d", up, down[beaten])
        return ratio(wins / 2, up.sum(axis=0) * down[-1], np.nan)

    return figures


def spearman(left: np.ndarray, right: np.ndarray) -> ByWeights:
    """Return the Pearson correlation of the mid-ranks; NaN where one side is constant."""
    left_ranks, right_ranks = _mid_ranks(left), _mid_ranks(right)

    def figures(weights: np.ndarray) -> np.ndarray:
        half = weights.sum(axis=0) / 2  # the weighted mean of mid-ranks less one half is always half the total
        x, y = left_ranks(weights) - half, right_ranks(weights) - half
        top, spread_x, spread_y = (np.einsum("rd,rd,rd->d", weights, a, b) for a, b in ((x, y), (x, x), (y, y)))
        return ratio(top, np.sqrt(spread_x * spread_y), np.nan)

    return figures


def _mid_ranks(scores: np.ndarray) -> ByWeights:
    """Return the mid-rank of each row less one half, (rows, draws)."""
    order = np.argsort(scores, kind="stable")
    below, up_to = (np.searchsorted(scores[order], scores, side=side) for side in ("left", "right"))

    def ranks(weights: np.ndarray) -> np.ndarray:
        total = _cumulated(weights[order])
        return np.asarray((total[below] + total[up_to]) / 2)

    return ranks


def _cumulated(weights: np.ndarray) -> np.ndarray:
    """Return the weight before each row and, last, all of it: (rows, draws) -> (rows + 1, draws)."""
    total = np.zeros((len(weights) + 1, weights.shape[1]))
    np.cumsum(weights, axis=0, out=total[1:])
    return total
