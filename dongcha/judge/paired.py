"""Test two models on the same rows: exact McNemar for one share, a paired bootstrap over rows for all else.

In: a metric, and what each model said of the same rows in the same order, one outcome a seed. Out: `Verdict`. The
answer for (after, before) is the mirror of that for (before, after).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.special import bdtr

from dongcha.judge._resample import RESAMPLES, Figure, affordable, distinct_rows, resampled
from dongcha.judge.intervals import as_seeds, mean_figure, percentiles, whole
from dongcha.metrics import Metric, Outcome
from dongcha.types import Interval, Verdict

ALPHA = 0.05  # below it the word is better or worse

Outcomes = Outcome | Sequence[Outcome]


def compare(metric: Metric, before: Outcomes, after: Outcomes, seed: int) -> Verdict:
    """Return how `after` differs from `before`; with several seeds each row's counts are first averaged over them.

    The difference is after minus before as the metric counts, so of an error less is better and the word says so. Its
    interval is of the paired bootstrap whatever the test. NaN differences are even, p = 1.
    """
    before, after = as_seeds(before), as_seeds(after)
    difference, p_value = paired_bootstrap(metric, before, after, seed)
    test = "bootstrap"
    if metric.is_share and len(before) == len(after) == 1:
        test = "mcnemar"
        p_value = mcnemar(*_discordant(metric, before[0], after[0]))
    gained, lost = flips(metric, before, after)
    word = _word(difference.value if metric.greater_is_better else -difference.value, p_value)
    return Verdict(difference, p_value, test, len(gained), len(lost), word)


def flips(metric: Metric, before: Outcomes, after: Outcomes) -> tuple[np.ndarray, np.ndarray]:
    """Return the 0-based positions of the rows that `after` has better, and of those that it has worse.

    For labels and spans these are the rows that became right and wrong (with several seeds: more and less often
    right); for numbers the rows that came nearer to gold and went further from it.
    """
    gain = _mean_scores(metric, after) - _mean_scores(metric, before)
    return np.flatnonzero(gain > 0), np.flatnonzero(gain < 0)


def mcnemar(gained: int, lost: int) -> float:
    """Return the exact two-sided p-value of `gained` against `lost` flipped rows (McNemar 1947; binomial, p = 1/2)."""
    n = gained + lost
    return 1.0 if n == 0 else float(min(1.0, 2 * bdtr(min(gained, lost), n, 0.5)))


def paired_bootstrap(
    metric: Metric, before: Sequence[Outcome], after: Sequence[Outcome], seed: int, resamples: int = RESAMPLES
) -> tuple[Interval, float]:
    """Return the difference of a metric with its interval, and its two-sided p-value, over draws of the same rows.

    p is twice the smaller share of draws at or beyond no difference, one draw added to both (Efron and Tibshirani
    1993, section 15.4; Davison and Hinkley 1997, section 4.2): at least 2 / (resamples + 1). It is never below what an
    exact test could give where so few rows differ: 2^(1 - k) of k rows that all went one way, so an interval that
    leaves 0 out is no finding below six of them.
    """
    sides = metric.blocks(before), metric.blocks(after)
    assert len(sides[0][0]) == len(sides[1][0]), "a paired test needs the same rows for both models"
    rows, sizes, sign = _in_fixed_order(*(np.hstack(side) for side in sides))
    figure = _difference(metric, rows, *(_widths(side) for side in (sides if sign > 0 else sides[::-1])))
    draws = affordable(len(rows), sum(metric.passes(block) for side in sides for block in side), resamples)
    figures = sign * resampled(figure, sizes, seed, draws)
    p_value = max(two_sided(figures), least_p(differing(rows, sizes, sum(_widths(sides[0 if sign > 0 else 1])))))
    return percentiles(sign * whole(figure, sizes), figures), p_value


def differing(rows: np.ndarray, sizes: np.ndarray, cut: int) -> int:
    """Count the rows whose two sides, before and from column `cut` on, are not the same; all where they cannot be."""
    left, right = rows[:, :cut], rows[:, cut:]
    return int(sizes.sum() if left.shape != right.shape else sizes[(left != right).any(axis=1)].sum())


def least_p(rows: int) -> float:
    """Return the least p-value that an exact two-sided paired test can give where so many rows differ."""
    return min(1.0, 2.0 ** (1 - rows))


def two_sided(figures: np.ndarray) -> float:
    """Return the p-value of no difference from resampled differences, those that are NaN left out."""
    figures = figures[np.isfinite(figures)]
    beyond = min(int((figures <= 0).sum()), int((figures >= 0).sum()))
    return min(1.0, 2 * (beyond + 1) / (len(figures) + 1))


def _in_fixed_order(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return distinct rows of both sides, their sizes, and -1 when the sides were swapped.

    Which side comes first must not change the draws, so the pair is put in the order of its bytes.
    """
    rows, sizes = distinct_rows(np.hstack([before, after]))
    swapped, swapped_sizes = distinct_rows(np.hstack([after, before]))
    if (rows.tobytes(), sizes.tobytes()) <= (swapped.tobytes(), swapped_sizes.tobytes()):
        return rows, sizes, 1
    return swapped, swapped_sizes, -1


def _widths(blocks: Sequence[np.ndarray]) -> list[int]:
    return [block.shape[1] for block in blocks]


def _difference(metric: Metric, rows: np.ndarray, left: Sequence[int], right: Sequence[int]) -> Figure:
    """Return the function from row weights to the right side's figure minus the left's, by their blocks' widths."""
    cut = sum(left)
    left_figure, right_figure = mean_figure(metric, rows[:, :cut], left), mean_figure(metric, rows[:, cut:], right)
    return lambda weights: np.asarray(right_figure(weights) - left_figure(weights))


def _discordant(metric: Metric, before: Outcome, after: Outcome) -> tuple[int, int]:
    change = metric.counts(after)[:, 0] - metric.counts(before)[:, 0]
    return int((change > 0).sum()), int((change < 0).sum())


def _mean_scores(metric: Metric, outcomes: Outcomes) -> np.ndarray:
    scores = [metric.row_scores(outcome) for outcome in as_seeds(outcomes)]
    return np.asarray(sum(scores) / len(scores))


def _word(gain: float, p_value: float) -> Literal["better", "worse", "even"]:
    if not p_value < ALPHA or not gain:
        return "even"
    return "better" if gain > 0 else "worse"
