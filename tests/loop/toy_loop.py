"""A problem small enough to train on hundreds of times: a few embeddings, a norm, dropout, a linear layer."""

import hashlib

import numpy as np
import torch
from torch import nn

from dongcha.data.features import Features, bounds
from dongcha.loop import LoopSettings, Validation
from dongcha.loop.fit import Fit
from dongcha.loop.placement import place
from dongcha.models.heads._base import HeadSpec
from dongcha.objectives.task import TaskObjective
from dongcha.types import silent

VOCABULARY, WIDTH, CLASSES = 16, 6, 3


class Toy(nn.Module):
    """Logits (B, C), or (B, T, C) by token."""

    def __init__(self, by_token=False, dropout=0.0, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.by_token = by_token
        self.table = nn.Embedding(VOCABULARY, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(WIDTH, CLASSES)

    def forward(self, input_ids, mask):
        hidden = self.dropout(self.norm(self.table(input_ids)))
        if not self.by_token:
            hidden = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.linear(hidden)


def toy_features(lengths, by_token=False, seed=0):
    """Random tokens and targets; by token, about a third of the tokens carry no target."""
    rng = np.random.default_rng(seed)
    starts = bounds(np.asarray(lengths))
    size, rows = int(starts[-1]), len(lengths)
    tokens = {"input_ids": rng.integers(1, VOCABULARY, size).astype(np.int32)}
    units = {"row": np.arange(rows)}
    if by_token:
        tokens["target"] = np.where(rng.random(size) < 0.3, -100, rng.integers(0, CLASSES, size))
    else:
        units["target"] = rng.integers(0, CLASSES, rows)
    return Features(starts, tokens, units, {})


def objective(by_token=False, weights=(), smoothing=0.0):
    name = "token" if by_token else "sequence"
    spec = HeadSpec(
        name=name, num_outputs=CLASSES, loss="cross_entropy", class_weights=weights, label_smoothing=smoothing
    )
    return TaskObjective(spec)


def groups_of(module, rate=0.05, decay=0.1):
    spared = [p for p in module.parameters() if p.ndim < 2]
    decayed = [p for p in module.parameters() if p.ndim >= 2]
    return [
        {"params": decayed, "lr": rate, "weight_decay": decay},
        {"params": spared, "lr": rate, "weight_decay": 0.0},
    ]


def toy_settings(**changed):
    plain = {"seed": 1, "epochs": 3, "batch_tokens": 24, "learning_rate": 0.05, "head_learning_rate": 0.05}
    return LoopSettings(**(plain | {"checkpoint_seconds": 1e9, "patience": None} | changed))


def toy_fit(module, features, settings, **changed):
    """Build the loop on a toy; what is changed takes the place of the plain parts."""
    parts = {
        "groups": groups_of(module),
        "objective": objective(module.by_token),
        "pad_id": 0,
        "validate": None,
        "placement": place("cpu", 1),
        "folder": None,
        "watch": silent,
    }
    return Fit(module=module, train=features, settings=settings, **(parts | changed))


def digest(module):
    """SHA-256 of all weights, in hex."""
    found = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        found.update(name.encode())
        found.update(tensor.detach().numpy().tobytes())
    return found.hexdigest()


def arbitrary_validation(module):
    """Score weights by their digest: any step may be the best one, and equal weights score alike."""
    return lambda: Validation(int(digest(module)[:8], 16) / 2**32, int(digest(module)[8:16], 16) / 2**32)


class Recorder:
    """Watch a run: keep every moment, and run `at(moment, facts)` on each."""

    def __init__(self, at=None):
        self.moments, self.at = [], at

    def __call__(self, moment, **facts):
        self.moments.append((moment, facts))
        if self.at:
            self.at(moment, facts)

    def named(self, moment):
        return [facts for name, facts in self.moments if name == moment]
