"""Tell two texts that are read apart by a label: logits = W (u, v, |u - v|) + b of their vectors u and v.

The classification objective of Sentence-BERT (Reimers and Gurevych 2019, section 3). A pair's features stand together,
the first text's before the second's, and both get its logits. A sentence encoder keeps its own pooling, any other model
takes the mean of its tokens; plain AutoModel reads what is saved, and the layer is beside it.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from dongcha.data.features import Features
from dongcha.models.heads import sequence
from dongcha.models.heads._base import HeadSpec, load_hf, refuse_incomplete
from dongcha.models.heads.embedding import Pooling
from dongcha.models.heads.sequence import HEAD_FILE, own_pooling

PARTS = 3  # u, v, |u - v|


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
    """Return u, v and |u - v| of each pair, (B / 2, 3 H)."""
    u, v = pooled_BH[0::2], pooled_BH[1::2]
    return torch.cat([u, v, (u - v).abs()], dim=-1)


def build(folder: Path, spec: HeadSpec) -> nn.Module:
    """Build both from a model's folder; a folder that we saved gets its trained layer back."""
    hf, info = load_hf(transformers.AutoModel, folder, spec.dropout, {})
    refuse_incomplete(folder, info["missing_keys"])
    module = Towers(hf, own_pooling(folder) or "mean", spec.num_outputs, spec.dropout or 0.0)
    if (folder / HEAD_FILE).is_file():
        module.linear.load_state_dict(load_file(folder / HEAD_FILE))
    return module


LOSSES = sequence.LOSSES
TARGET = "unit_target"
PLAIN_CLASS = "AutoModel"


def vectors(model: Any, features: Features) -> np.ndarray:
    """Return the frozen u, v and |u - v| of each feature's pair (N, 3 H)."""
    pooled = torch.from_numpy(sequence.vectors(model, features))
    return joined(pooled).repeat_interleave(2, dim=0).numpy()


def flat_targets(features: Features) -> np.ndarray:
    """Return the targets by feature."""
    return np.asarray(features.units["target"])
