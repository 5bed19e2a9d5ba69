"""Span corruption: what is read and what is written rebuild the text, shares and lengths are those asked for."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data.features import IGNORED
from dongcha.objectives.span_corruption import Corruption, SpanObjective, parted

SENTINELS = np.arange(900, 920)
BEFORE, BEHIND = np.array([1]), np.array([2])
T5 = Corruption(SENTINELS, BEFORE[:0], BEHIND)


def batch_of(lengths, before=1):
    """Texts of so many tokens (100 and on), framed, padded; no token stands twice in a text."""
    longest = max(lengths) + before + 1
    ids = torch.zeros(len(lengths), longest, dtype=torch.long)
    word = torch.full_like(ids, -1)
    for row, length in enumerate(lengths):
        ids[row, : length + before + 1] = torch.tensor([1] * before + [*range(100, 100 + length)] + [2])
        word[row, before : length + before] = torch.arange(length)
    return {"input_ids": ids, "mask": ids > 0, "word": word}


def rebuilt(read, written):
    """Put what stands behind each sentinel of `written` in its place in `read`."""
    spans, own = {}, None
    for token in written:
        if token in SENTINELS:
            own = spans.setdefault(token, [])
        else:
            own.append(token)
    return [token for one in read for token in spans.get(one, [one])], spans


@settings(max_examples=150, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 60), min_size=1, max_size=5),
    share=st.sampled_from((0.05, 0.15, 0.5, 0.9)),
    mean=st.sampled_from((1.0, 3.0, 5.0)),
    framed=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_what_is_read_and_written_rebuilds_the_text(lengths, share, mean, framed, seed):
    torch.manual_seed(seed)
    corruption = Corruption(SENTINELS, BEFORE if framed else BEFORE[:0], BEHIND, share, mean)
    batch = batch_of(lengths)
    found, own = corruption.apply(batch)
    for row, length in enumerate(lengths):
        mask, written = found["mask"][row], found["written"][row]
        ids = found["input_ids"][row]
        read, said = ids[mask & ~written].tolist(), ids[mask & written].tolist()
        if length < 2:
            assert said == [] and read == [1, *range(100, 100 + length), 2] and not own[row].any()
            continue
        assert said[: int(framed)] == [1] * framed and said[-1] == 2
        text, spans = rebuilt(read, said[int(framed) : -1])
        assert text == [1, *range(100, 100 + length), 2]
        assert list(spans) == SENTINELS[: len(spans)].tolist() and all(spans.values())
        taken = sum(map(len, spans.values()))
        assert taken == min(max(1, round(length * share)), length - 1) == int(own[row].sum())
        assert ids[own[row]].tolist() == [token for span in spans.values() for token in span]
        assert torch.equal(found["next"][row], torch.where(mask & written, ids, IGNORED))
    planned = SpanObjective(corruption).weight({name: column.numpy() for name, column in batch.items()})
    assert planned == float((found["next"] != IGNORED).sum()), "no draw changes how much is written"


def test_shares_and_lengths_are_those_of_the_paper():
    torch.manual_seed(0)
    taken, spans = T5.counts(torch.tensor([512]))
    assert (int(taken), int(spans)) == (77, 20)  # 26 spans, were there sentinels enough
    many = Corruption(np.arange(100), BEFORE[:0], BEHIND)
    assert [int(x) for x in many.counts(torch.tensor([512]))] == [77, 26]


@pytest.mark.parametrize(("total", "parts"), [(5, 2), (6, 3), (4, 4), (7, 1)])
def test_any_way_to_part_a_total_is_as_likely_as_another(total, parts):
    torch.manual_seed(1)
    found = parted(torch.full((4000,), total), torch.full((4000,), parts), 9, 5)
    assert (found.sum(1) == total).all() and ((found > 0).sum(1) == parts).all()
    _, counts = torch.unique(found, dim=0, return_counts=True)
    ways = len(counts)
    assert (counts.float() / 4000 - 1 / ways).abs().max() < 5 * (1 / ways / 4000) ** 0.5 + 1e-9


def test_the_same_draw_gives_the_same_spans_and_another_gives_others():
    batch = batch_of([40, 30])
    drawn = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        drawn.append(T5.apply(batch)[0]["input_ids"])
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


class Flat(torch.nn.Module):
    """Is as surprised by every token: one nat."""

    def forward(self, input_ids, mask, **extra):
        return (extra["next"] != IGNORED).float()[..., None]


def test_by_text_the_tokens_taken_out_are_counted_and_no_sentinel():
    objective, batch = SpanObjective(T5), batch_of([40, 30, 1])
    torch.manual_seed(0)
    sums, counts = objective.by_text(Flat(), batch)
    assert sums.tolist() == counts.tolist() == [6, 4, 0]
    torch.manual_seed(0)
    assert objective.loss(Flat(), batch) == objective.weight({n: c.numpy() for n, c in batch.items()}) == 10 + 3 + 2
