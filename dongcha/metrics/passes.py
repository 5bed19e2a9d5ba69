"""Measure code that a model wrote by how often it passes its tests: pass@k, the estimate without bias.

In: an `Outcome` whose `predicted` has, by row, (n, c): how many samples were drawn for the row's problem, and how many
of them passed; a mapping with `samples` and `passed` says the same. `gold` is whatever the row has: the tests were the
truth. Out: figures. pass@k is the chance that among k samples, drawn from the n without putting back, one passes: the
mean over rows of 1 - C(n - c, k) / C(n, k) (Chen et al. 2021, equation 1).
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from dongcha.metrics._base import CountMetric, Metric, Outcome, mean_of

Tries = tuple[int, int] | Mapping[str, int]


def metrics(ks: Sequence[int] = (), *, one_sample: bool = False) -> dict[str, Metric]:
    """Return pass_at_1 (the main one) and pass_at_k for each k, which no row's samples may be fewer than.

    `one_sample` says that each row has one: then pass_at_1 is a plain share of rows.
    """
    family: list[Metric] = [
        CountMetric(
            name=f"pass_at_{k}",
            counts=partial(_counts, k=k),
            value=mean_of,
            row_scores=partial(row_scores, k=k),
            is_share=one_sample and k == 1,
        )
        for k in dict.fromkeys((1, *ks))
    ]
    return {metric.name: metric for metric in family}


def pass_at(n: int, c: int, k: int) -> float:
    """Return the chance that one of k samples passes, where c of n did: 0 <= c <= n, 1 <= k <= n.

    The quotient of the binomials as a product, which neither overflows nor cancels (the same paper, figure 3).

    >>> round(pass_at(5, 2, 3), 3)
    0.9
    """
    assert 0 <= c <= n, f"{c} of {n} samples passed"
    assert 1 <= k <= n, f"pass@{k} needs as many samples, and a row has {n}"
    if n - c < k:
        return 1.0
    return float(1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))


def row_scores(outcome: Outcome, k: int) -> np.ndarray:
    """Return the estimate of each row, (rows,)."""
    tries = [_tries(row) for row in outcome.predicted]
    return np.array([pass_at(n, c, k) for n, c in tries], dtype=np.float64)


def _tries(row: Tries) -> tuple[int, int]:
    """Return how many samples a row has, and how many passed."""
    n, c = (row["samples"], row["passed"]) if isinstance(row, Mapping) else row
    return int(n), int(c)


def _counts(outcome: Outcome, k: int) -> np.ndarray:
    scores = row_scores(outcome, k)
    return np.stack([scores, np.ones(len(scores))], axis=1)
