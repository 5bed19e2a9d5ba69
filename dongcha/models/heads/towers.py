"""Tell two texts that are read apart by a label: logits = W (u, v, |u - v|, p) + b of their vectors u and v.

The classification objective of Sentence-BERT (Reimers and Gurevych 2019, section 3), with one part more, as InferSent
has it (Conneau et al. 2017, section 3.1): p is the product of u and v, number by number, each brought to length 1,
times the root of their width. Its sum is the cosine, which a layer on the other parts cannot tell. A pair's features
stand together, the first text's before the second's, and both get its logits. A sentence encoder keeps its own pooling,
any other model takes the mean of its tokens; plain AutoModel reads what is saved, and the layer is beside it.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from torch import Tensor, nn

from dongcha.data.features import Features
from dongcha.models.heads import sequence
from dongcha.models.heads._base import HeadSpec, load_hf, refuse_incomplete
from dongcha.models.heads.embedding import SCALE, Pooling
from dongcha.models.heads.sequence import HEAD_FILE, own_head, own_pooling

PARTS = 4  # u, v, |u - v|, their product


class Towers(Pooling):
    """A backbone, its pooling, and a linear layer on both vectors of a pair."""

    form = "towers"
    new = frozenset({"linear.weight", "linear.bias"})

    def __init__(self, hf: Any, pooling: str, num_outputs: int, dropout: float) -> None:
        super().__init__(hf, pooling)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(PARTS * int(hf.config.hidden_size), num_outputs)
        nn.init.normal_(self.linear.weight, std=0.02)
        nn.init.zeros_(self.linear.bias)

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return logits (B, C), a pair's twice."""
        pooled_BH = self.pooled(input_ids, mask, extra)
        logits: Tensor = self.linear(self.dropout(joined(pooled_BH)))
        return logits.repeat_interleave(2, dim=0)

    def save(self, folder: Path) -> None:
        """Write the backbone for plain AutoModel, its pooling and the layer beside it."""
        super().save(folder)
        tensors = {k: v.detach().cpu().contiguous() for k, v in self.linear.state_dict().items()}
        save_file(tensors, folder / HEAD_FILE)


def joined(pooled_BH: Tensor) -> Tensor:
    """Return u, v, |u - v| and the product of each pair, (B / 2, 4 H)."""
    u, v = pooled_BH[0::2], pooled_BH[1::2]
    product = F.normalize(u, dim=-1) * F.normalize(v, dim=-1) * u.shape[-1] ** 0.5
    return torch.cat([u, v, (u - v).abs(), product], dim=-1)


def directions(width: int) -> np.ndarray:
    """Return what a layer may be held to (1, `width`): the sum of the product, which is SCALE times the cosine."""
    found = np.zeros((1, width))
    own = width // PARTS
    found[0, -own:] = SCALE / own**0.5
    return found


def build(folder: Path, spec: HeadSpec) -> nn.Module:
    """Build both from a model's folder; a folder that we saved gets its trained layer back."""
    hf, info = load_hf(transformers.AutoModel, folder, spec.dropout, {})
    refuse_incomplete(folder, info["missing_keys"])
    module = Towers(hf, own_pooling(folder) or "mean", spec.num_outputs, spec.dropout or 0.0)
    if tensors := own_head(folder, spec):
        module.linear.load_state_dict(tensors)
    return module


LOSSES = sequence.LOSSES
TARGET = "unit_target"
PLAIN_CLASS = "AutoModel"


def vectors(model: Any, features: Features) -> np.ndarray:
    """Return the frozen parts of each feature's pair (N, 4 H)."""
    pooled = torch.from_numpy(sequence.vectors(model, features))
    return joined(pooled).repeat_interleave(2, dim=0).numpy()


def flat_targets(features: Features) -> np.ndarray:
    """Return the targets by feature."""
    return np.asarray(features.units["target"])
