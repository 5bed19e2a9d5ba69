"""Masks keep their laws: how much, never a special token, words and spans whole; the loss is of masked places alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.objectives.mlm import LONGEST_SPAN, MaskedObjective, Masking, units

MASK, PIECES = 4, np.arange(10, 50)
TEXTS = st.lists(  # of each text its words: (pieces, Chinese characters a piece)
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from((0, 0, 1, 2))), max_size=12), min_size=1, max_size=4
)


def batch_of(texts, seed=0):
    """Lay words out as a batch: a special token at both ends, padding behind."""
    rng = np.random.default_rng(seed)
    rows = [[(-1, 0), *((w, c) for w, (n, c) in enumerate(words) for _ in range(n)), (-1, 0)] for words in texts]
    longest = max(map(len, rows))
    padded = np.array([row + [(-1, 0)] * (longest - len(row)) for row in rows])
    ids = np.where(padded[..., 0] >= 0, rng.integers(10, 50, padded.shape[:2]), 2)
    return torch.from_numpy(ids), torch.from_numpy(padded[..., 0].copy()), torch.from_numpy(padded[..., 1].copy())


def drawn(texts, seed, **more):
    ids, word, cjk = batch_of(texts)
    torch.manual_seed(seed)
    masked, chosen = Masking(MASK, PIECES, **more).draw(ids, word, cjk)
    return ids, word, cjk, masked, chosen


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.integers(0, 99))
def test_special_tokens_are_never_masked_and_others_stay_where_they_are_not_chosen(texts, seed):
    ids, word, _, masked, chosen = drawn(texts, seed)
    assert not chosen[word < 0].any()
    assert torch.equal(masked[~chosen], ids[~chosen])


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.integers(0, 99))
def test_the_share_that_is_masked_is_the_budget_but_for_half_a_unit(texts, seed):
    _, word, _, _, chosen = drawn(texts, seed)
    budget = Masking(MASK, PIECES).budget(word)
    longest = max([n for words in texts for n, _ in words] or [0])
    for count, wanted, row in zip(chosen.sum(1).tolist(), budget.tolist(), word, strict=True):
        assert (count >= 1) == bool((row >= 0).any())
        assert count <= max(wanted + (max(longest, LONGEST_SPAN * 2) + 1) // 2, longest, LONGEST_SPAN)


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.integers(0, 99))
def test_words_are_masked_whole(texts, seed):
    _, word, cjk, masked, chosen = drawn(texts, seed, random_share=0.0, mask_share=1.0)
    for row, latin, hit in zip(word, cjk == 0, chosen, strict=True):
        for number in set(row[(row >= 0) & latin].tolist()):
            assert len(set(hit[(row == number) & latin].tolist())) == 1, "a word half masked"
    assert (masked[chosen] == MASK).all()


def test_chinese_is_masked_in_spans_of_one_to_three_characters():
    texts = [[(1, 1)] * 60] * 20
    _, word, cjk = batch_of(texts)
    torch.manual_seed(0)
    masking = Masking(MASK, PIECES)
    found = units(word, cjk, masking._spans(cjk))
    lengths = torch.bincount(found[found >= 0])
    assert set(lengths.tolist()) == {1, 2, 3}
    shares = torch.bincount(lengths)[1:] / len(lengths)
    wanted = torch.tensor([1.0, 0.6, 0.36]) / 1.96  # geometric with p = 0.4, cut at 3
    assert torch.allclose(shares, wanted, atol=0.07)
    assert (found[:, 1:-1].diff(dim=1) >= 0).all()


def test_of_the_chosen_eight_in_ten_are_masked_one_is_random_one_stays():
    ids, word, _, masked, chosen = drawn([[(1, 0)] * 200] * 40, 3)
    assert abs(float(chosen.sum() / (word >= 0).sum()) - 0.15) < 0.01
    masks = float((masked[chosen] == MASK).float().mean())
    stayed = float((masked[chosen] == ids[chosen]).float().mean())
    assert abs(masks - 0.8) < 0.04
    assert abs(stayed - 0.1 - 0.1 / len(PIECES)) < 0.04
    others = masked[chosen & (masked != MASK) & (masked != ids)]
    assert set(others.tolist()) <= set(PIECES.tolist())


def test_the_masks_are_new_each_time_and_the_same_for_a_seed():
    texts = [[(1, 0), (2, 0), (1, 1)] * 6] * 3
    assert torch.equal(drawn(texts, 5)[4], drawn(texts, 5)[4])
    assert not torch.equal(drawn(texts, 5)[4], drawn(texts, 6)[4])


class Guesser(torch.nn.Module):
    """Give every piece the same odds; remember what it was asked."""

    def forward(self, ids, mask, *, chosen, **extra):
        self.asked = chosen
        return torch.zeros(int(chosen.sum()), 50)


def test_the_loss_is_the_mean_of_the_masked_places_times_the_budget():
    ids, word, cjk = batch_of([[(1, 0)] * 20, [(2, 0)] * 7])
    batch = {"input_ids": ids, "mask": ids > 0, "word": word, "cjk": cjk}
    objective, module = MaskedObjective(Masking(MASK, PIECES)), Guesser()
    torch.manual_seed(0)
    loss = objective.loss(module, batch)
    weight = objective.weight({name: column.numpy() for name, column in batch.items()})
    assert weight == 3 + 2
    assert float(loss / weight) == pytest.approx(np.log(50), rel=1e-5)
    assert not module.asked[word < 0].any()
