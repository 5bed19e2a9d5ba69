"""Pick the best of many scores, and make one ranking of two.

In: scores by position. Out: positions, best first; of equal scores the earlier position comes first, so that the same
rows always answer alike. Knows neither ids nor texts.
"""

from collections.abc import Sequence

import numpy as np

RANK_OFFSET = 60  # k of reciprocal rank fusion, as its authors set it
BLOCK_FLOATS = 1 << 24  # scores held at once by an exact search: 64 MB
NOISE = 1e-5  # by which a cosine of a matrix product may err: it hangs on what else the product holds
BLOCK_ROWS = 1 << 12  # vectors whose cosines are computed anew at once


def best(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the positions of the k highest of scores (n,), best first; all where there are fewer. O(n + k log k)."""
    if k >= len(scores):
        chosen = np.arange(len(scores))
    else:
        least = kth(scores, k)
        above = np.flatnonzero(scores > least)
        chosen = np.concatenate([above, np.flatnonzero(scores == least)[: k - len(above)]])
    return np.asarray(chosen[np.lexsort((chosen, -scores[chosen]))], dtype=np.int64)


def cosines(query: np.ndarray, vectors: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return the cosines (k,) float32 of unit vectors at k positions to a unit query: equal vectors have equal ones.

    A matrix product adds up a row by where it stands and how many there are; here each is added up by itself.
    """
    wide = query.astype(np.float64)
    blocks = [positions[start : start + BLOCK_ROWS] for start in range(0, len(positions), BLOCK_ROWS)]
    sums = [np.einsum("kh,h->k", vectors[block].astype(np.float64), wide) for block in blocks]
    return np.concatenate([np.zeros(0), *sums]).astype(np.float32)


def nearest(queries: np.ndarray, vectors: np.ndarray, k: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return positions and cosines of the k nearest of unit vectors (n, H) to each unit query (m, H), exactly.

    Every vector is read once a block of queries: O(m n H) time, at most 64 MB of scores or one query's beside it. What
    may be among the best by that product is then ranked by `cosines`.
    """
    found: list[tuple[np.ndarray, np.ndarray]] = []
    block = max(1, BLOCK_FLOATS // max(1, len(vectors)))
    for start in range(0, len(queries), block):
        part = queries[start : start + block]
        for query, rough in zip(part, part @ vectors.T, strict=True):
            near = np.arange(len(rough)) if k >= len(rough) else np.flatnonzero(rough >= kth(rough, k) - NOISE)
            found.append(ranked(query, vectors, near, k))
    return found


def ranked(query: np.ndarray, vectors: np.ndarray, positions: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k best of some positions (ascending) by their cosine to a unit query, and their cosines."""
    scores = cosines(query, vectors, positions)
    chosen = best(scores, k)
    return positions[chosen], scores[chosen]


def kth(scores: np.ndarray, k: int) -> float:
    """Return the k-th highest of more than k scores."""
    return float(np.partition(scores, len(scores) - k)[len(scores) - k])


def fuse(rankings: Sequence[np.ndarray], k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k best positions of several rankings, and their fused scores, by reciprocal rank fusion.

    A position scores the sum over the rankings that hold it of 1 / (60 + its rank there, from 1): Cormack, Clarke and
    Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods", SIGIR 2009.
    """
    positions, where = np.unique(np.concatenate([*rankings, np.zeros(0, np.int64)]), return_inverse=True)
    worth = [1.0 / (RANK_OFFSET + np.arange(1, len(ranking) + 1)) for ranking in rankings]
    scores = np.bincount(where, np.concatenate([*worth, np.zeros(0)]), len(positions))
    chosen = best(scores, k)
    return np.asarray(positions[chosen], dtype=np.int64), scores[chosen]
