"""Give one vector of outputs a token: for tagging, by the class that Transformers has.

Only tokens with a target count in the loss: first subwords that their window owns; padding and special tokens never.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch.nn.functional as F
import transformers
from torch import Tensor, nn

from dongcha.data.features import IGNORED, Features
from dongcha.models.heads._base import HeadSpec, class_weights, load_native
from dongcha.models.heads._frozen import Laid, one_pass


def build(folder: Path, spec: HeadSpec) -> nn.Module:
    """Build backbone and head from a model's folder."""
    return load_native(transformers.AutoModelForTokenClassification, folder, spec)


def cross_entropy(logits_BTC: Tensor, targets_BT: Tensor, spec: HeadSpec) -> Tensor:
    """Sum the cross-entropy over the tokens that have a target."""
    chosen = targets_BT != IGNORED
    weights = class_weights(logits_BTC, spec)
    return F.cross_entropy(
        logits_BTC[chosen], targets_BT[chosen], weights, reduction="sum", label_smoothing=spec.label_smoothing
    )


LOSSES = {"cross_entropy": cross_entropy}
TARGET = "target"
PLAIN_CLASS = "AutoModelForTokenClassification"  # what Transformers has for this head


def vectors(model: Any, features: Features) -> np.ndarray:
    """Return the frozen hidden state of each token that carries a word (S, H); zeros elsewhere."""
    (found,) = one_pass(model, features, [laid(model, features)])
    return found


def laid(model: Any, features: Features) -> Laid:
    """Return where the frozen hidden states of the tokens that carry a word are laid, batch by batch."""
    return by_token(features, np.asarray(features.tokens["word"]) >= 0)


def by_token(features: Features, wanted: np.ndarray) -> Laid:
    """Return where the frozen hidden states of the tokens that are `wanted` (S,) are laid; zeros elsewhere."""

    def lay(out: np.ndarray, indices: np.ndarray, hidden_BTH: np.ndarray) -> None:
        places = features.starts[indices][:, None] + np.arange(hidden_BTH.shape[1])
        inside = np.arange(hidden_BTH.shape[1]) < features.lengths[indices][:, None]
        inside[inside] = wanted[places[inside]]
        out[places[inside]] = hidden_BTH[inside]

    return Laid(int(features.starts[-1]), lay)


def flat_targets(features: Features) -> np.ndarray:
    """Return the targets by token; IGNORED where there is none."""
    return np.asarray(features.tokens["target"])
