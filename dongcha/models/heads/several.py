"""Give several tasks their outputs at once: one backbone, one linear layer a task, read by text or by token.

A task whose own head is `sequence` reads the text's pooled vector (the model's own pooling, else the mean), one whose
head is `token` reads each token. Outputs are one array (B, T, C): the tasks' outputs side by side on the last axis,
those of a text at its first token alone. A task's targets are the batch's `<name>.target` (`unit_<name>.target`);
where each has rows of its own, `unit_<name>.own` says which they are.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from torch import Tensor, nn

from dongcha.data.features import OWN, Features
from dongcha.data.fields import form
from dongcha.models.heads import sequence, token
from dongcha.models.heads._base import HeadSpec, load_hf, own_dropout, refuse_incomplete
from dongcha.models.heads._frozen import one_pass

KINDS: Mapping[str, Any] = {"sequence": sequence, "token": token}  # heads that can stand beside others
APART = ("target", OWN)  # columns of features that each of several tasks has for itself
POOLING = "mean"  # of a model that has none of its own

Array = TypeVar("Array")


class Several(nn.Module):
    """A backbone and one linear layer a task."""

    form = "several"

    def __init__(self, hf: Any, pooling: str, spec: HeadSpec) -> None:
        super().__init__()
        self.hf = hf
        self.pooling = pooling
        self.parts = spec.parts
        layers = [nn.Linear(int(hf.config.hidden_size), part.num_outputs) for part in spec.parts]
        for layer in layers:
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)
        self.linears = nn.ModuleList(layers)
        self.dropouts = nn.ModuleList(nn.Dropout(_dropout(hf.config, part)) for part in spec.parts)
        self.new = frozenset(f"linears.{i}.{name}" for i in range(len(spec.parts)) for name in ("weight", "bias"))

    @property
    def backbone(self) -> Any:
        """The model without its heads."""
        return self.hf

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return logits (B, T, C); a text's stand at its first token, zeros at the others."""
        hidden_BTH = self.hf(input_ids=input_ids, attention_mask=mask.long(), **extra).last_hidden_state
        pooled_BH = sequence.pool(hidden_BTH, mask, self.pooling)
        found = []
        for part, layer, dropout in zip(self.parts, self.linears, self.dropouts, strict=True):
            if part.name == "token":
                found.append(layer(dropout(hidden_BTH)))
            else:
                first_B1C = layer(dropout(pooled_BH))[:, None]
                found.append(F.pad(first_B1C, (0, 0, 0, hidden_BTH.shape[1] - 1)))
        return torch.cat(found, dim=-1)

    def save(self, folder: Path) -> None:
        """Write the backbone for plain AutoModel, and the heads beside it, each under its task's name."""
        self.hf.save_pretrained(folder)
        layers = zip(self.parts, self.linears, strict=True)
        tensors = {f"{part.part}.{k}": v for part, layer in layers for k, v in layer.state_dict().items()}
        sequence.save_head(folder, tensors)
        sequence.save_pooling(folder, self.pooling, int(self.hf.config.hidden_size))


def _dropout(config: Any, part: HeadSpec) -> float:
    """Return a layer's dropout as the task's own head would have it: by token the model's, on pooled vectors none."""
    if part.dropout is not None:
        return part.dropout
    return own_dropout(config) if part.name == "token" else 0.0


def build(folder: Path, spec: HeadSpec) -> nn.Module:
    """Build backbone and heads from a model's folder; a folder that we saved gets its trained heads back."""
    hf, info = load_hf(transformers.AutoModel, folder, spec.dropout, {})
    refuse_incomplete(folder, info["missing_keys"])
    module = Several(hf, sequence.own_pooling(folder) or POOLING, spec)
    if tensors := sequence.own_head(folder, spec):
        for part, layer in zip(spec.parts, module.linears, strict=True):
            layer.load_state_dict({name: tensors[f"{part.part}.{name}"] for name in ("weight", "bias")})
    return module


def places(spec: HeadSpec) -> list[tuple[HeadSpec, slice]]:
    """Return each task's spec with the columns of its outputs."""
    found, begin = [], 0
    for part in spec.parts:
        found.append((part, slice(begin, begin + part.num_outputs)))
        begin += part.num_outputs
    return found


def vectors(model: Any, features: Features) -> list[np.ndarray]:
    """Return what each task's layer sees of the frozen backbone, as its own head has it, in one pass for all."""
    return one_pass(model, features, [KINDS[part.name].laid(model, features) for part in model.spec.parts])


def own_rows(batch: Mapping[str, Array], part: HeadSpec) -> Array | None:
    """Return which features of a batch are of a task's own rows (B,) bool; None where all are."""
    return batch.get(f"unit_{part.part}.{OWN}")


def logits_of(logits_BTC: Tensor, part: HeadSpec, columns: slice) -> Tensor:
    """Return a task's logits as its own head would give them: (B, C) or (B, T, C)."""
    own = logits_BTC[..., columns]
    return own if part.name == "token" else own[:, 0]


def batch_of(batch: Mapping[str, Array], part: HeadSpec) -> dict[str, Array]:
    """Return a batch with a task's targets where its own head looks for them, its own rows alone."""
    target = KINDS[part.name].TARGET
    given = f"{target.removesuffix('target')}{part.part}.target"
    own: Any = own_rows(batch, part)
    alone: dict[str, Any] = {**batch, target: batch[given]}
    return alone if own is None else {name: column[own] for name, column in alone.items()}


def features_of(features: Features, part: str) -> Features:
    """Return features as one task alone would have them: its own targets, none of the others'."""
    return replace(features, tokens=_alone(features.tokens, part), units=_alone(features.units, part))


def own_features(features: Features, part: str) -> Features:
    """Return the features of a task's own rows, as `features_of` has them; all where rows are every task's."""
    own = features.units.get(f"{part}.{OWN}")
    return features_of(features if own is None else features.take(np.flatnonzero(own)), part)


def _alone(columns: Mapping[str, np.ndarray], part: str) -> dict[str, np.ndarray]:
    """Leave out what is a task's alone, but for the task's own targets, which are called what they are alone."""
    target = f"{part}.target"
    kept = {name: column for name, column in columns.items() if name == target or form(name) not in APART}
    return {"target" if name == target else name: column for name, column in kept.items()}
