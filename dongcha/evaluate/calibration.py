"""Measure whether confidence is to be believed, before and after the temperature fitted on validation rows."""

from typing import Any

import numpy as np

from dongcha.judge.calibration import ece, reliability
from dongcha.metrics import Outcome
from dongcha.tasks._base import Task


def calibration(task: Task, before: Outcome | None, after: Outcome) -> dict[str, Any]:
    """Return ECE before training, after it (raw and with temperature), and the bins; empty without probabilities."""
    temperature = getattr(task, "temperature", None)
    if temperature is None or after.probabilities is None or np.ndim(after.gold) != 1:
        return {}
    raw = unscaled(after.probabilities, temperature)
    found: dict[str, Any] = {"temperature": temperature, "ece": _ece(raw, after), "bins": _bins(raw, after)}
    found |= {"ece_scaled": _ece(after.probabilities, after), "bins_scaled": _bins(after.probabilities, after)}
    if before is not None and before.probabilities is not None:
        found["ece_before"] = _ece(before.probabilities, before)
    return found


def unscaled(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Undo a temperature: p^T, made to sum to 1 again."""
    powers = np.exp(temperature * np.log(np.maximum(probabilities, 1e-300)))
    result: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return result


def _bins(probabilities: np.ndarray, outcome: Outcome) -> list[dict[str, Any]]:
    predicted = probabilities.argmax(axis=1)
    return reliability(probabilities.max(axis=1), predicted == np.asarray(outcome.gold))


def _ece(probabilities: np.ndarray, outcome: Outcome) -> float:
    return float(ece(_bins(probabilities, outcome)))
