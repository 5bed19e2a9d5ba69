"""Say which difference of two accuracies a test set can show, before anyone trains.

In: numbers of rows and shares. Out: differences as shares, or rows. The test is McNemar's, two-sided at 5 %; with
`discordant` the share of rows on which exactly one of the two models is right, Connor (1987, eq. 2) gives
n = (z_alpha sqrt(discordant) + z_beta sqrt(discordant - d^2))^2 / d^2 for a difference d.
"""

import math
from statistics import NormalDist

_Z_ALPHA = NormalDist().inv_cdf(0.975)


def smallest_difference(n: int, discordant: float, power: float = 0.8) -> float:
    """Return the smallest difference that n rows show with this power; NaN where no possible one is shown.

    No difference can exceed `discordant` (0 to 1), so with few rows or few flips nothing can be shown.
    """
    if n <= 0 or discordant <= 0:
        return math.nan
    a, b = _Z_ALPHA, NormalDist().inv_cdf(power)
    # sqrt(n) d - a sqrt(discordant) = b sqrt(discordant - d^2), squared and solved for the larger root
    half = a * math.sqrt(n * discordant)
    root = half * half - (n + b * b) * (a * a - b * b) * discordant
    d = (half + math.sqrt(max(0.0, root))) / (n + b * b)
    return d if d * d <= discordant and d <= discordant else math.nan


def rows_needed(difference: float, discordant: float, power: float = 0.8) -> int:
    """Return how many rows show a difference (0 < difference <= discordant <= 1) with this power."""
    assert 0 < abs(difference) <= discordant <= 1, "a difference is at most the share of rows that flip"
    a, b = _Z_ALPHA, NormalDist().inv_cdf(power)
    d2 = difference * difference
    return math.ceil((a * math.sqrt(discordant) + b * math.sqrt(discordant - d2)) ** 2 / d2)
