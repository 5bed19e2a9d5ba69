"""Losses of sentence encoders against sums made by hand."""

import math

import numpy as np
import pytest
import torch

from dongcha.objectives.contrast import ContrastObjective, contrast
from dongcha.objectives.denoise import DenoisingObjective, delete
from dongcha.objectives.order import OrderObjective


def test_simcse_is_the_softmax_over_cosines_of_both_passes():
    first = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    second = torch.tensor([[1.0, 1.0], [0.0, 5.0]])
    cosines = [[math.sqrt(0.5), 0.0], [math.sqrt(0.5), 1.0]]
    by_hand = sum(
        -cosines[i][i] / 0.5 + math.log(sum(math.exp(cosines[i][j] / 0.5) for j in range(2))) for i in range(2)
    )
    assert float(contrast(first, second, 0.5)) == pytest.approx(by_hand, rel=1e-5)


class Passes(torch.nn.Module):
    """Give another vector at each pass, as dropout does."""

    def __init__(self, *vectors):
        super().__init__()
        self.vectors = list(vectors)

    def forward(self, ids, mask):
        return self.vectors.pop(0)


def test_simcse_reads_each_batch_twice():
    first, second = torch.eye(3), torch.eye(3) + 0.1
    batch = {"input_ids": torch.zeros(3, 2, dtype=torch.int64), "mask": torch.ones(3, 2, dtype=torch.bool)}
    objective = ContrastObjective(0.05)
    found = objective.loss(Passes(first, second), batch)
    assert float(found) == pytest.approx(float(contrast(first, second, 0.05)))
    assert objective.weight({"input_ids": np.zeros((3, 2))}) == 3


def test_deleting_keeps_special_tokens_order_and_at_least_one():
    ids = torch.tensor([[2, 11, 12, 13, 14, 3], [2, 21, 3, 0, 0, 0]])
    mask = torch.tensor([[True] * 6, [True] * 3 + [False] * 3])
    inner = torch.tensor([[False, True, True, True, True, False], [False, True, False, False, False, False]])
    for seed in range(40):
        torch.manual_seed(seed)
        kept, kept_mask = delete(ids, mask, inner, 0.6, 0)
        for row, whole, seen in zip(kept, ids, kept_mask, strict=True):
            tokens = row[seen].tolist()
            assert tokens[0] == 2 and tokens[-1] == 3 and len(tokens) >= 3
            places = [whole.tolist().index(token) for token in tokens]
            assert places == sorted(places)
            assert (row[~seen] == 0).all()
    torch.manual_seed(0)
    long = torch.full((1, 20_000), 7)
    kept, kept_mask = delete(long, long > 0, long > 0, 0.6, 0)
    assert abs(float(kept_mask.sum()) / 20_000 - 0.4) < 0.02


class Parrot(torch.nn.Module):
    """Rebuild with even odds; remember what was damaged and what was to be rebuilt."""

    def forward(self, ids, mask, *, whole):
        self.damaged, self.whole = ids, whole
        return torch.zeros(*whole.shape, 30)


def test_tsdae_guesses_every_token_but_the_first_from_the_damaged_text():
    ids = torch.tensor([[2, 11, 12, 3], [2, 21, 3, 0]])
    word = torch.tensor([[-1, 0, 1, -1], [-1, 0, -1, -1]])
    batch = {"input_ids": ids, "mask": ids > 0, "word": word}
    objective, module = DenoisingObjective(0, 0.6), Parrot()
    torch.manual_seed(1)
    loss = objective.loss(module, batch)
    assert float(loss) == pytest.approx(5 * math.log(30), rel=1e-5)
    assert objective.weight({"mask": batch["mask"].numpy()}) == 5
    assert torch.equal(module.whole, ids[:, :-1])
    assert module.damaged.shape[1] <= 4


def test_order_is_a_choice_of_two():
    batch = {"input_ids": torch.zeros(2, 3), "mask": torch.ones(2, 3), "unit_swapped": torch.tensor([0, 1])}
    loss = OrderObjective().loss(Passes(torch.tensor([[1.0, 0.0], [0.0, 0.0]])), batch)
    assert float(loss) == pytest.approx(math.log(1 + math.exp(-1)) + math.log(2), rel=1e-5)
