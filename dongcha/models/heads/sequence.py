"""Give one vector of outputs a text: for classification and regression.

A sentence encoder (a folder with `1_Pooling`) keeps its own pooling, with a linear layer behind it; any other model
gets the sequence-classification class that Transformers has for it, unless a pooling is asked for.

Losses return the sum over texts and leave the division to the loop, so that accumulated micro-batches add up to the
gradient of the whole batch.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from dongcha.data.features import Features
from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.models.heads._base import CARD, HeadSpec, Native, class_weights, load_hf, load_native, refuse_incomplete
from dongcha.models.heads._frozen import Laid, one_pass

POOLINGS = ("mean", "cls", "max")
POOLING_FILE = "1_Pooling/config.json"
HEAD_FILE = "head.safetensors"


class Pooled(nn.Module):
    """A backbone, its own pooling, and a linear layer: logits = pool(hidden) W^T + b."""

    form = "pooled"

    def __init__(self, hf: Any, pooling: str, num_outputs: int, dropout: float) -> None:
        super().__init__()
        self.hf = hf
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(int(hf.config.hidden_size), num_outputs)
        nn.init.normal_(self.linear.weight, std=0.02)
        nn.init.zeros_(self.linear.bias)
        self.new = frozenset({"linear.weight", "linear.bias"})

    @property
    def backbone(self) -> Any:
        """The model without its head."""
        return self.hf

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return logits (B, C)."""
        hidden_BTH = self.hf(input_ids=input_ids, attention_mask=mask.long(), **extra).last_hidden_state
        logits: Tensor = self.linear(self.dropout(pool(hidden_BTH, mask, self.pooling)))
        return logits

    def save(self, folder: Path) -> None:
        """Write the backbone for plain AutoModel, and the head beside it."""
        self.hf.save_pretrained(folder)
        save_head(folder, self.linear.state_dict())
        save_pooling(folder, self.pooling, self.linear.in_features)


_MODE = {"mean": "mean_tokens", "cls": "cls_token", "max": "max_tokens"}


def save_head(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a head's weights beside its backbone."""
    save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, folder / HEAD_FILE)


def save_pooling(folder: Path, pooling: str, width: int) -> None:
    """Write how hidden states become a text's vector, as sentence encoders do."""
    (folder / POOLING_FILE).parent.mkdir(exist_ok=True)
    modes = {f"pooling_mode_{_MODE[p]}": p == pooling for p in POOLINGS}
    facts = {"word_embedding_dimension": width} | modes
    (folder / POOLING_FILE).write_text(json.dumps(facts, indent=2), encoding="utf-8")


def pool(hidden_BTH: Tensor, mask_BT: Tensor, pooling: str) -> Tensor:
    """Join the hidden states of each text to one vector (B, H); padded places count for nothing."""
    if pooling == "cls":
        return hidden_BTH[:, 0]
    mask = mask_BT[..., None]
    if pooling == "max":
        return hidden_BTH.masked_fill(~mask, torch.finfo(hidden_BTH.dtype).min).amax(dim=1)
    return (hidden_BTH * mask).sum(dim=1) / mask.sum(dim=1)


def own_pooling(folder: Path) -> str | None:
    """Read the pooling that a sentence encoder was trained with; None when the folder names none that we know."""
    path = folder / POOLING_FILE
    if not path.is_file():
        return None
    modes = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(modes, dict):
        raise ModelError(say("model.no_object", file=path, found=json.dumps(modes)[:40]))
    return next((p for p in POOLINGS if modes.get(f"pooling_mode_{_MODE[p]}")), None)


def build(folder: Path, spec: HeadSpec) -> nn.Module:
    """Build backbone and head from a model's folder; a folder that we saved gets its trained head back."""
    pooling = own_pooling(folder) or spec.pooling
    if pooling is None:
        native: Native = load_native(transformers.AutoModelForSequenceClassification, folder, spec)
        return native
    hf, info = load_hf(transformers.AutoModel, folder, spec.dropout, {})
    refuse_incomplete(folder, info["missing_keys"])
    module = Pooled(hf, pooling, spec.num_outputs, spec.dropout or 0.0)
    if tensors := own_head(folder, spec):
        module.linear.load_state_dict(tensors)
    return module


def own_head(folder: Path, spec: HeadSpec) -> dict[str, Tensor]:
    """Return the layer that a folder of ours has for this very head; empty where it has none, or one of another task.

    A run may begin at the model of another: its backbone is wanted, and its head only where the answers are the same.
    """
    if not ((folder / HEAD_FILE).is_file() and (folder / CARD).is_file()):
        return {}
    told = json.loads((folder / CARD).read_text(encoding="utf-8")).get("head")
    is_ours = told is not None and HeadSpec.from_card(told) == HeadSpec.from_card(spec.card())
    return load_file(folder / HEAD_FILE) if is_ours else {}


def cross_entropy(logits_BC: Tensor, targets: Tensor, spec: HeadSpec) -> Tensor:
    """Sum the cross-entropy over texts, weighted by class; targets (B,) int64."""
    weights = class_weights(logits_BC, spec)
    return F.cross_entropy(logits_BC, targets, weights, reduction="sum", label_smoothing=spec.label_smoothing)


def binary_cross_entropy(logits_BC: Tensor, targets: Tensor, spec: HeadSpec) -> Tensor:
    """Sum over texts the mean over labels of the binary cross-entropy; targets (B, C) in [0, 1]."""
    smooth = targets.float() * (1 - spec.label_smoothing) + spec.label_smoothing / 2
    weights = class_weights(logits_BC, spec)
    return F.binary_cross_entropy_with_logits(logits_BC, smooth, weights, reduction="none").mean(dim=1).sum()


def squared_error(logits_BC: Tensor, targets: Tensor, spec: HeadSpec) -> Tensor:
    """Sum the squared error over texts; targets (B,) standardised scores."""
    return (logits_BC[:, 0] - targets.float()).square().sum()


def choice_cross_entropy(logits_BC: Tensor, targets: Tensor, spec: HeadSpec) -> Tensor:
    """Sum over rows the cross-entropy of the right choice among its row's; targets (B, 2): row, 1 for the right one.

    logits (B, 1), one a choice; the choices of a row stand together.
    """
    _, row = torch.unique_consecutive(targets[:, 0], return_inverse=True)
    scores, num_rows = logits_BC[:, 0], int(row[-1]) + 1
    top = scores.new_full((num_rows,), -torch.inf).scatter_reduce(0, row, scores.detach(), "amax")
    powers = torch.exp(scores - top[row])
    log_sums = top + torch.log(scores.new_zeros(num_rows).index_add(0, row, powers))
    surprise = log_sums - scores.new_zeros(num_rows).index_add(0, row, scores * targets[:, 1])
    if not spec.label_smoothing:
        return surprise.sum()
    ones = torch.ones_like(scores)
    sizes = scores.new_zeros(num_rows).index_add(0, row, ones)
    means = scores.new_zeros(num_rows).index_add(0, row, scores) / sizes
    return ((1 - spec.label_smoothing) * surprise + spec.label_smoothing * (log_sums - means)).sum()


def num_choices_right(targets: np.ndarray) -> float:
    """Count the rows of a batch of choices: each has one right choice."""
    return float(targets[:, 1].sum())


LOSSES = {
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
    "squared_error": squared_error,
    "choice_cross_entropy": choice_cross_entropy,
}
WEIGHTS = {"choice_cross_entropy": num_choices_right}  # what a batch counts for, where that is not its features
PROBE_LOSSES = {"choice_cross_entropy": "binary_cross_entropy"}  # a linear layer asks of each choice by itself
TARGET = "unit_target"  # the batch column that holds the targets
PLAIN_CLASS = "AutoModelForSequenceClassification"  # what Transformers has for this head


def vectors(model: Any, features: Features) -> np.ndarray:
    """Return one frozen vector a feature (N, H): the model's own pooling, else the mean."""
    (found,) = one_pass(model, features, [laid(model, features)])
    return found


def laid(model: Any, features: Features) -> Laid:
    """Return where frozen vectors are laid batch by batch, one a feature."""
    pooling = getattr(model.module, "pooling", "mean")

    def lay(out: np.ndarray, indices: np.ndarray, hidden_BTH: np.ndarray) -> None:
        mask = torch.from_numpy(np.arange(hidden_BTH.shape[1]) < features.lengths[indices][:, None])
        out[indices] = pool(torch.from_numpy(hidden_BTH), mask, pooling).numpy()

    return Laid(len(features), lay)


def flat_targets(features: Features) -> np.ndarray:
    """Return the targets by feature; of choices, without their rows."""
    targets = np.asarray(features.units["target"])
    return targets if features.groups is None else targets[:, 1:]
