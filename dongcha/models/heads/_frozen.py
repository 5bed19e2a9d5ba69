"""Read the hidden states of a frozen backbone in one pass, for as many heads as want something of them.

In: a model, features, and what each head lays down of a batch. Out: one array a head. Shape letters: B texts, T tokens,
H hidden width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dongcha.data.features import Features


@dataclass(frozen=True)
class Laid:
    """What a head keeps of hidden states: `rows` vectors; `lay(out, indices, hidden_BTH)` puts a batch's into `out`."""

    rows: int
    lay: Callable[[np.ndarray, np.ndarray, np.ndarray], None]


def one_pass(model: Any, features: Features, wanted: Sequence[Laid]) -> list[np.ndarray]:
    """Return what each head wants of the features (rows, H), zeros where nothing was laid."""
    width = int(model.module.backbone.config.hidden_size)
    found = [np.zeros((one.rows, width), dtype=np.float32) for one in wanted]
    for indices, hidden_BTH in model.hidden(features):
        for one, out in zip(wanted, found, strict=True):
            one.lay(out, indices, hidden_BTH)
    return found
