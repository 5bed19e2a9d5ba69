"""Tell whether confidence means what it says, and mend it with one temperature.

In: confidence (rows,) in [0, 1] and whether each row was right; or logits and gold ids. Out: expected calibration
error, the bins of a reliability diagram, a temperature. Log probabilities do as logits: a softmax forgets the constant.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

NUM_BINS = 15
_LOG_RANGE = (np.log(0.02), np.log(50.0))  # temperatures searched


def reliability(confidence: np.ndarray, correct: np.ndarray, num_bins: int = NUM_BINS) -> list[dict[str, Any]]:
    """Return the bins of equal width that hold rows: low, high, confidence (mean), accuracy, count."""
    edges = np.linspace(0.0, 1.0, num_bins + 1)
    # a bin holds its upper edge, as Guo et al. write it: (low, high]
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, num_bins - 1)
    parts = [np.flatnonzero(place == i) for i in range(num_bins)]
    return [_bin(confidence, correct, rows, edges[i : i + 2]) for i, rows in enumerate(parts) if len(rows)]


def adaptive_bins(confidence: np.ndarray, correct: np.ndarray, num_bins: int = NUM_BINS) -> list[dict[str, Any]]:
    """Return bins of (nearly) equal count, from the least confident rows to the most."""
    order = np.lexsort((correct, confidence))  # ties by outcome, so that the order of rows changes nothing
    parts = np.array_split(order, min(num_bins, max(1, len(order))))
    return [_bin(confidence, correct, rows, confidence[rows[[0, -1]]]) for rows in parts if len(rows)]


def ece(bins: Sequence[dict[str, Any]]) -> float:
    """Return the mean gap of accuracy and confidence over the bins, by their counts; NaN without rows.

    Over `reliability` bins this is the expected calibration error of Guo et al. (2017, section 2), over
    `adaptive_bins` the adaptive one (Nguyen and O'Connor 2015). 0 is perfect, 1 the worst.
    """
    total = sum(b["count"] for b in bins)
    return sum(b["count"] * abs(b["accuracy"] - b["confidence"]) for b in bins) / total if total else float("nan")


def fit_temperature(logits: np.ndarray, gold: np.ndarray) -> float:
    """Return the temperature, 0.02 to 50, with the least log loss on validation rows (Guo et al. 2017, section 4.2).

    `logits` is (rows, labels), `gold` (rows,) ids; rows with an id of -1 are left out; 1.0 when no row is left, or all
    are right: the surer the better then, which says nothing of rows to come. The loss is convex in 1 / temperature, so
    the one dip that a scalar search finds is the least.
    """
    gold = np.asarray(gold, dtype=np.int64)
    rows = np.flatnonzero(gold >= 0)
    if len(rows) == 0:
        return 1.0
    known, ids = np.asarray(logits, dtype=np.float64)[rows], gold[rows]
    if (known.argmax(axis=1) == ids).all():
        return 1.0

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(known / np.exp(log_temperature), axis=1)[np.arange(len(ids)), ids].mean())

    found = minimize_scalar(loss, bounds=_LOG_RANGE, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x)) if found.fun < loss(0.0) else 1.0


def apply_temperature(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities, (rows, labels), of logits divided by a temperature; no row's order of labels changes."""
    return np.asarray(softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1))


def _bin(confidence: np.ndarray, correct: np.ndarray, rows: np.ndarray, ends: np.ndarray) -> dict[str, Any]:
    return {
        "low": float(ends[0]),
        "high": float(ends[1]),
        "confidence": float(np.mean(confidence[rows])),
        "accuracy": float(np.mean(correct[rows])),
        "count": len(rows),
    }
