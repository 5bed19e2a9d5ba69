"""Lay labels out as numbers and probabilities as predictions, for one label a row or several.

In: a `label` column of names or of lists of names. Out: a 0/1 matrix; predictions as the classification task makes
them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dongcha.types import Prediction


def has_lists(values: Sequence[Any]) -> bool:
    """Tell whether rows may have several labels."""
    return any(isinstance(value, list) for value in values)


def indicator(values: Sequence[Any], labels: Sequence[str]) -> np.ndarray:
    """Return (rows, labels) 0 or 1 of a label column; labels that are not listed are left out."""
    ids = {label: i for i, label in enumerate(labels)}
    matrix = np.zeros((len(values), len(labels)), dtype=np.int8)
    for row, value in enumerate(values):
        names = value if isinstance(value, list) else [value]
        matrix[row, [ids[name] for name in names if name in ids]] = 1
    return matrix


def to_predictions(
    probs: np.ndarray, labels: Sequence[str], several: bool, first_row: int, thresholds: np.ndarray | float = 0.5
) -> list[Prediction]:
    """Choose the likeliest label of each row, or where there may be several each that reaches its threshold.

    `probs` is (rows, labels), `thresholds` (labels,) or one for all; the rows are numbered from `first_row`.
    """
    if not several:
        best = probs.argmax(axis=1)
        targets: list[Any] = [labels[i] for i in best.tolist()]
        sure = probs[np.arange(len(probs)), best]
    else:
        chosen = probs >= thresholds
        targets = [[labels[i] for i in np.flatnonzero(row).tolist()] for row in chosen]
        sure = np.where(chosen, probs, 1 - probs).min(axis=1)
    return [
        Prediction(first_row + i, {"label": target}, float(sure[i]), tuple(probs[i].tolist()))
        for i, target in enumerate(targets)
    ]
