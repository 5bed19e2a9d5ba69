"""Sum up one figure over several seeds: the mean and its 95 % interval by Student's t.

In: one figure a seed. Out: `Interval`. It says how training varies, not how the test rows do.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from dongcha.types import Interval


def mean_interval(values: Sequence[float]) -> Interval:
    """Return the mean of two or more figures with its t-interval; of one figure just that, its ends NaN."""
    figures = np.asarray(values, dtype=np.float64)
    mean = float(figures.mean())
    if len(figures) < 2:
        return Interval(mean, float("nan"), float("nan"))
    half = float(stdtrit(len(figures) - 1, 0.975) * figures.std(ddof=1) / np.sqrt(len(figures)))
    return Interval(mean, mean - half, mean + half)
