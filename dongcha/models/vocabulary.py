"""Train only the rows of an embedding table that a run can use: exactly the plain optimiser, at a fraction of its cost.

In: a table and the token ids that training rows hold. Out: the same table after training, as if all of it had been
trained. A row that no batch uses has zero gradient and zero moments for ever; all that the optimiser does to it is
weight decay, the same factor for every such row, which one number follows. Knows no model, optimiser or loop.

Shape letters: V pieces of the vocabulary, U of them in use, H hidden width, N tokens of a batch.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

CHUNK = 1 << 20  # token ids looked at together


class VocabularyInUse(nn.Module):
    """Stand in for an embedding table: `weight` (U, H) and `rest_factor` (1,) learn, the rest of the table waits.

    Any optimiser whose step is linear in a weight without gradient moves `rest_factor` as it would move each waiting
    row, so that row is `rest_factor` times what it was. In evaluation every piece of the vocabulary is looked up.
    """

    def __init__(self, table: nn.Embedding, ids_U: np.ndarray) -> None:
        super().__init__()
        self.waiting = [table]  # in a list, so that it is no part of this module
        self.ids_U = torch.from_numpy(ids_U.astype(np.int64)).to(table.weight.device)
        self.places_V = torch.full((table.num_embeddings,), -1, dtype=torch.int64, device=table.weight.device)
        self.places_V[self.ids_U] = torch.arange(len(ids_U), device=table.weight.device)
        self.weight = nn.Parameter(table.weight.detach()[self.ids_U])
        self.rest_factor = nn.Parameter(torch.ones(1, dtype=table.weight.dtype, device=table.weight.device))
        pad = table.padding_idx
        self.pad_place = -1 if pad is None else int(self.places_V[pad])
        self.sums = Sums(self.weight, self.rest_factor, self.pad_place)

    @property
    def num_embeddings(self) -> int:
        """V, as the whole table has it."""
        return self.waiting[0].num_embeddings

    def forward(self, ids: Tensor) -> Tensor:
        """Look up (..., H); in training, all ids are in use."""
        places = self.places_V[ids]
        if self.training and torch.is_grad_enabled():
            found: Tensor = Lookup.apply(self.weight, self.rest_factor, places, self.sums)  # type: ignore[no-untyped-call]
            return found
        rows = self.weight[places.clamp(min=0)]
        waits = places < 0
        if waits.any():
            rows[waits] = self.waiting[0].weight[ids[waits]] * self.rest_factor
        return rows

    @torch.no_grad()
    def whole(self) -> nn.Embedding:
        """Return the table with all its rows as training left them."""
        table = self.waiting[0]
        table.weight.mul_(self.rest_factor)
        table.weight[self.ids_U] = self.weight
        return table


class Sums:
    """The gradient of the rows in use, kept from step to step: filling it anew with zeros costs more than a step's use.

    Only rows that the last step touched are cleared; a gradient that is gone from its parameter says that a new step
    begins.
    """

    def __init__(self, weight: nn.Parameter, rest_factor: nn.Parameter, pad_place: int) -> None:
        self.weight, self.rest_factor, self.pad_place = weight, rest_factor, pad_place
        self.rows: Tensor | None = None
        self.touched: list[Tensor] = []

    def add(self, places: Tensor, gradient: Tensor) -> None:
        """Add a batch's gradient (N, H) to the rows at `places` (N,); the padding piece learns nothing."""
        if self.rows is None:
            self.rows, self.none = torch.zeros_like(self.weight), torch.zeros_like(self.rest_factor)
        if self.weight.grad is None:
            for touched in self.touched:
                self.rows[touched] = 0
            self.touched = []
            self.weight.grad, self.rest_factor.grad = self.rows, self.none
        found, position = torch.unique(places, return_inverse=True)
        by_row = torch.ops.aten.embedding_dense_backward(gradient, position, len(found), -1, False)
        if self.pad_place >= 0:
            by_row[found == self.pad_place] = 0
        self.touched.append(found)  # before anything is added: an exhausted memory may end this half-way
        self.rows[found] += by_row


class Lookup(torch.autograd.Function):
    """Look rows up; the gradient goes to `Sums` and not through autograd, which would make a new table each step."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, rest_factor: Tensor, places: Tensor, sums: Sums) -> Tensor:
        ctx.save_for_backward(places)
        ctx.sums = sums
        return weight[places]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, None, None]:
        (places,) = ctx.saved_tensors
        ctx.sums.add(places.flatten(), gradients[0].reshape(places.numel(), -1))
        return None, None, None, None


def ids_in_use(columns: Iterable[np.ndarray], num_pieces: int, also: Iterable[int] = ()) -> np.ndarray:
    """Return the sorted ids (U,) that occur in any column, and those of `also`; grows with the tokens."""
    used = np.zeros(num_pieces, dtype=bool)
    used[list(also)] = True
    for column in columns:
        for start in range(0, len(column), CHUNK):
            used[np.asarray(column[start : start + CHUNK])] = True
    return np.flatnonzero(used)


def can_be_narrowed(module: nn.Module, table: nn.Module) -> bool:
    """Tell whether a table is a plain one, trained, and used for looking up alone (no output layer shares it)."""
    if type(table) is not nn.Embedding or table.max_norm is not None or table.scale_grad_by_freq or table.sparse:
        return False
    owners = sum(p is table.weight for part in module.modules() for p in part.parameters(recurse=False))
    return table.weight.requires_grad and owners == 1


@contextmanager
def vocabulary_in_use(module: nn.Module, table: nn.Embedding, ids_U: np.ndarray) -> Iterator[VocabularyInUse]:
    """Put the narrow table in the place of `table` inside `module`; put the whole one back at the end."""
    narrow = VocabularyInUse(table, ids_U)
    parent, name = next((p, n) for p in module.modules() for n, child in p.named_children() if child is table)
    setattr(parent, name, narrow)
    try:
        yield narrow
    finally:
        setattr(parent, name, narrow.whole())
