"""Give each token two outputs, how well an answer would begin and end there: for questions, by Transformers' class.

The loss asks for the one place where the answer begins and the one where it ends, over the tokens of its feature
(Devlin et al. 2019, section 4.2); place 0, the first special token, stands for "no answer here". Padding never wins.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from torch import Tensor, nn

from dongcha.data.features import Features
from dongcha.models.heads._base import HeadSpec, Native, load_native
from dongcha.models.heads._frozen import one_pass
from dongcha.models.heads.token import by_token

NEVER = -1e4  # a logit that no softmax sees


class Span(Native):
    """A question-answering class of Transformers; logits (B, T, 2)."""

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return how well an answer begins and ends at each token; padded places never do."""
        out = self.hf(input_ids=input_ids, attention_mask=mask.long(), **extra)
        logits_BTC = torch.stack([out.start_logits, out.end_logits], dim=-1)
        return logits_BTC.masked_fill(~mask[..., None], NEVER)


def build(folder: Path, spec: HeadSpec) -> nn.Module:
    """Build backbone and head from a model's folder."""
    native = load_native(transformers.AutoModelForQuestionAnswering, folder, spec)
    return Span(native.hf, frozenset(name.removeprefix("hf.") for name in native.new))


def two_places(logits_BTC: Tensor, targets_BS: Tensor, spec: HeadSpec) -> Tensor:
    """Sum over features the mean cross-entropy of both places among the feature's tokens; targets (B, 2) int64."""
    logits_ST = logits_BTC.transpose(1, 2).flatten(0, 1)
    surprise = F.cross_entropy(logits_ST, targets_BS.flatten(), reduction="sum")
    if spec.label_smoothing:  # over the feature's own tokens: padding has no share to give
        own_ST = logits_ST > NEVER / 2
        means_S = (logits_ST * own_ST).sum(dim=1) / own_ST.sum(dim=1)
        evenly = (logits_ST.logsumexp(dim=1) - means_S).sum()
        surprise = (1 - spec.label_smoothing) * surprise + spec.label_smoothing * evenly
    return surprise / targets_BS.shape[1]


LOSSES = {"two_places": two_places}
TARGET = "unit_target"
PLAIN_CLASS = "AutoModelForQuestionAnswering"  # what Transformers has for this head
PLAIN_OUTPUTS = ("start_logits", "end_logits")  # what it calls our outputs
PROBE_LOSSES = {"two_places": "binary_cross_entropy"}  # a linear layer on frozen vectors asks of each token by itself


def vectors(model: Any, features: Features) -> np.ndarray:
    """Return the frozen hidden state of each token (S, H)."""
    (found,) = one_pass(model, features, [by_token(features, np.ones(int(features.starts[-1]), dtype=bool))])
    return found


def flat_targets(features: Features) -> np.ndarray:
    """Return 1 at the tokens where the answer begins and ends, by token (S, 2)."""
    flat = np.zeros((int(features.starts[-1]), 2), dtype=np.int64)
    target = np.asarray(features.units["target"])
    for side in range(2):
        flat[features.starts[:-1] + target[:, side], side] = 1
    return flat
