"""Draw bootstrap weights for rows and hand back a figure for each draw, in bounded memory and bounded time.

In: what each row brings, (rows, k) float, and a function of row weights (draws, rows). Out: figures (draws,). Rows that
bring the same are one distinct row drawn by a multinomial: a million rows of accuracy cost as much as two. The
distinct rows are sorted, so the order of the rows in the file changes nothing. Knows no metric.
"""

from collections.abc import Callable

import numpy as np

RESAMPLES = 10_000  # draws where they cost little
FEWEST = 1_000  # draws however much they cost: p-values then end at 0.002
_BUDGET = 400_000_000  # row weights handled a call, about 10 ns each; above it the draws become fewer
_CELLS = 1 << 20  # row weights held at a time: 8 MB, or eight draws of very many rows
_BINOMIAL_COST = 12  # one binomial draw costs about as much as this many row draws

Figure = Callable[[np.ndarray], np.ndarray]


def distinct_rows(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct rows in a fixed order and how often each stands there: (d, k) float64, (d,) int."""
    counts = np.ascontiguousarray(counts, dtype=np.float64) + 0.0  # makes -0.0 and 0.0 the same bytes
    if counts.size == 0:
        return counts[:1], np.array([len(counts)][: len(counts)], dtype=np.int64)
    as_bytes = counts.view(np.dtype((np.void, counts.shape[1] * counts.itemsize))).ravel()
    _, first, sizes = np.unique(as_bytes, return_index=True, return_counts=True)
    return counts[first], sizes


def affordable(num_rows: int, passes: int, wanted: int) -> int:
    """Return how many draws to make: as many as wanted, fewer when rows times passes is large, never below FEWEST."""
    return min(wanted, max(FEWEST, _BUDGET // max(1, num_rows * passes)))


def resampled(figure: Figure, sizes: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    """Return the figure of each of `resamples` draws with replacement of as many rows as there are.

    `sizes` is how often each distinct row stands there; `figure` maps weights of the distinct rows to figures.
    """
    rng = np.random.default_rng(seed)
    draw = _by_kind if len(sizes) * _BINOMIAL_COST < sizes.sum() else _by_row
    chunk = max(8, _CELLS // max(1, len(sizes)))  # with fewer draws at a time the fixed work of a draw would show
    parts = [figure(draw(rng, sizes, min(chunk, resamples - start))) for start in range(0, resamples, chunk)]
    return np.concatenate(parts)


def _by_kind(rng: np.random.Generator, sizes: np.ndarray, draws: int) -> np.ndarray:
    total = int(sizes.sum())
    return rng.multinomial(total, sizes / total, size=draws).astype(np.float64)


def _by_row(rng: np.random.Generator, sizes: np.ndarray, draws: int) -> np.ndarray:
    """Draw row numbers and count how often each distinct row came up."""
    owner = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    picked = owner[rng.integers(0, len(owner), size=(draws, len(owner)), dtype=np.int32)]
    picked += np.arange(draws, dtype=np.int64)[:, None] * len(sizes)
    weights = np.bincount(picked.ravel(), minlength=draws * len(sizes))
    return weights.reshape(draws, len(sizes)).astype(np.float64)
