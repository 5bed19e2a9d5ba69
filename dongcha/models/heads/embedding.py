"""Give each text one vector of length 1: for retrieval, and for pairs whose texts are read apart (two towers).

A sentence encoder (a folder with `1_Pooling`) keeps its own pooling, any other model takes the mean of its tokens.
Nothing is added to the model, so plain sentence encoders' code reads what is saved. Losses see the features of whole
groups and return sums over groups, or over what they ask of a group.

Shape letters: B texts of a batch, H width of a vector, Q queries, P passages.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from torch import Tensor, nn

from dongcha.data.features import Features
from dongcha.models.heads import sequence
from dongcha.models.heads._base import HeadSpec, load_hf, refuse_incomplete
from dongcha.models.heads.sequence import own_pooling, pool, save_pooling

SCALE = 20.0  # by which cosines are multiplied in a softmax: a temperature of 0.05
SHORT = 0.6  # of a batch's longest text: texts up to this are run by themselves
WORTH = 0.25  # of a batch's texts that must be so short
QUERY, POSITIVE, NEGATIVE = 0, 1, 2  # what a feature is: the `side` of its target


class Pooling(nn.Module):
    """A backbone and its pooling."""

    new: frozenset[str] = frozenset()

    def __init__(self, hf: Any, pooling: str) -> None:
        super().__init__()
        self.hf = hf
        self.pooling = pooling

    @property
    def backbone(self) -> Any:
        """The model without its pooling."""
        return self.hf

    def pooled(self, input_ids: Tensor, mask: Tensor, extra: Mapping[str, Tensor]) -> Tensor:
        """Return vectors (B, H); a batch of long and short texts is run in two, so that little of it is padding."""
        lengths = mask.sum(dim=1)
        short = lengths <= mask.shape[1] * SHORT
        parts = (short, ~short) if WORTH * mask.shape[0] <= int(short.sum()) < mask.shape[0] else (lengths > 0,)
        pooled = []
        for part in parts:
            longest = int(lengths[part].max())
            inputs = {name: column[part, :longest] for name, column in {"input_ids": input_ids, **extra}.items()}
            seen = mask[part, :longest]
            hidden_BTH = self.hf(attention_mask=seen.long(), **inputs).last_hidden_state
            pooled.append(pool(hidden_BTH, seen, self.pooling))
        order = torch.cat([part.nonzero()[:, 0] for part in parts])
        return torch.cat(pooled)[order.argsort()]

    def save(self, folder: Path) -> None:
        """Write the backbone for plain AutoModel, and its pooling beside it."""
        self.hf.save_pretrained(folder)
        save_pooling(folder, self.pooling, int(self.hf.config.hidden_size))


class Embedding(Pooling):
    """An encoder of vectors (B, H) of length 1."""

    form = "embedding"

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return the vectors."""
        return F.normalize(self.pooled(input_ids, mask, extra), dim=-1)


def build(folder: Path, spec: HeadSpec) -> nn.Module:
    """Build the encoder from a model's folder."""
    hf, info = load_hf(transformers.AutoModel, folder, spec.dropout, {})
    refuse_incomplete(folder, info["missing_keys"])
    return Embedding(hf, own_pooling(folder) or "mean")


def in_batch(vectors_BH: Tensor, targets: Tensor, spec: HeadSpec) -> Tensor:
    """Sum over queries the cross-entropy of the own passage among all passages of the batch.

    Multiple negatives ranking (Henderson et al. 2017, "Efficient Natural Language Response Suggestion", section 4.4).
    targets (B, 5): row, group, side, number of the passage's text, the query's own number. A text that the batch has as
    another answer of the same query, wherever and as what it stands there, is no negative; a query without a passage
    asks for nothing.
    """
    side = targets[:, 2]
    queries, passages = side == QUERY, side != QUERY
    asked, offered = targets[queries], targets[passages]
    if not len(offered):
        return vectors_BH.sum() * 0  # a graph to go back through, though nothing was asked
    scores_QP = SCALE * vectors_BH[queries] @ vectors_BH[passages].T
    own_QP = (asked[:, None, 1] == offered[None, :, 1]) & (offered[None, :, 2] == POSITIVE)
    asks = own_QP.any(dim=1)
    place = own_QP.int().argmax(dim=1)
    answers_QP = (asked[:, None, 4] == offered[None, :, 4]) & (offered[None, :, 2] == POSITIVE)
    equal_PP = offered[:, None, 3] == offered[None, :, 3]
    known_QP = answers_QP.float() @ equal_PP.float() > 0
    scores_QP = scores_QP.masked_fill(known_QP & ~own_QP, -torch.inf)
    return F.cross_entropy(scores_QP[asks], place[asks], reduction="sum")


def cosine_error(vectors_BH: Tensor, targets: Tensor, spec: HeadSpec) -> Tensor:
    """Sum over pairs the squared error of their cosine; targets (B, 1): the cosine that is wanted, twice a pair.

    The regression objective of Sentence-BERT (Reimers and Gurevych 2019, section 3).
    """
    cosines = (vectors_BH[0::2] * vectors_BH[1::2]).sum(dim=-1)
    return (cosines - targets[0::2, 0]).square().sum()


def choice_by_cosine(vectors_BH: Tensor, targets: Tensor, spec: HeadSpec) -> Tensor:
    """Sum over rows the cross-entropy of the right choice among its row's, each scored by its cosine to the question.

    targets (B, 3): row, 1 for the question and 0 for a choice, 1 for the right choice; a question opens its row.
    """
    asks = targets[:, 1] == 1
    question = torch.cumsum(asks.long(), dim=0) - 1  # of each feature, by the questions' order
    cosines = (vectors_BH * vectors_BH[asks][question]).sum(dim=-1)
    return sequence.choice_cross_entropy(SCALE * cosines[~asks, None], targets[~asks][:, [0, 2]], spec)


WHOLE = ("in_batch",)  # losses of a batch as a whole: the negatives of a query are the other passages
LOSSES = {"in_batch": in_batch, "cosine_error": cosine_error, "choice_by_cosine": choice_by_cosine}
WEIGHTS = {
    "in_batch": lambda targets: (targets[:, 2] == POSITIVE).sum(),
    "cosine_error": lambda targets: len(targets) / 2,
    "choice_by_cosine": lambda targets: targets[:, 2].sum(),
}  # what a batch counts for: its queries with a passage, its pairs, its rows
TARGET = "unit_target"
PLAIN_CLASS = "AutoModel"
AS_IT_IS = True  # there is no layer to fit: the frozen model's vectors are the best it gives without training


def vectors(model: Any, features: Features) -> np.ndarray:
    """Return one frozen vector a feature (N, H), not yet of length 1."""
    return sequence.vectors(model, features)


def flat_targets(features: Features) -> np.ndarray:
    """Return the targets by feature."""
    return np.asarray(features.units["target"])
