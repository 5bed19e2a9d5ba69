"""Losses that look at the features of whole groups: choices, pairs read apart, queries with their passages."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.loop.fit import mean_loss
from dongcha.models.heads import embedding, sequence, span, towers
from dongcha.models.heads._base import HeadSpec
from dongcha.models.heads.embedding import NEGATIVE, POSITIVE, QUERY, SCALE
from dongcha.testing import tiny_encoder

few = settings(max_examples=30, deadline=None)
SIZES = st.lists(st.integers(2, 5), min_size=1, max_size=6)


def spec_of(loss, **more):
    return HeadSpec(name="sequence", num_outputs=1, loss=loss, **more)


def choices(sizes, seed):
    rng = np.random.default_rng(seed)
    right = [int(rng.integers(size)) for size in sizes]
    target = [(row * 3, int(i == right[row])) for row, size in enumerate(sizes) for i in range(size)]
    return torch.from_numpy(rng.normal(size=(sum(sizes), 1))), torch.tensor(target), right


@few
@given(SIZES, st.integers(0, 999), st.sampled_from([0.0, 0.2]))
def test_choices_share_one_softmax_a_row(sizes, seed, smoothing):
    logits, targets, right = choices(sizes, seed)
    spec = spec_of("choice_cross_entropy", label_smoothing=smoothing)
    rows = torch.split(logits[:, 0], sizes)
    alone = [
        F.cross_entropy(s[None], torch.tensor([r]), label_smoothing=smoothing) for s, r in zip(rows, right, strict=True)
    ]
    torch.testing.assert_close(sequence.choice_cross_entropy(logits, targets, spec), sum(alone))
    assert sequence.WEIGHTS["choice_cross_entropy"](targets.numpy()) == len(sizes)


@few
@given(SIZES, st.integers(0, 999), st.sampled_from([0.0, 0.2]))
def test_places_are_smoothed_over_a_features_own_tokens(sizes, seed, smoothing):
    """A batch with padding has the loss of its features by themselves."""
    rng = np.random.default_rng(seed)
    logits = torch.full((len(sizes), max(sizes), 2), span.NEVER)
    targets = torch.tensor([[int(rng.integers(size)) for _ in range(2)] for size in sizes])
    alone = []
    for row, size in enumerate(sizes):
        own = logits[row, :size] = torch.from_numpy(rng.normal(size=(size, 2))).float()
        alone.append(F.cross_entropy(own.T, targets[row], label_smoothing=smoothing))
    spec = HeadSpec(name="span", num_outputs=2, loss="two_places", label_smoothing=smoothing)
    torch.testing.assert_close(span.two_places(logits, targets, spec), sum(alone))


def searched(seed, queries=5, width=4):
    """Return vectors and targets of queries: each with a right passage, the second with a wrong one too."""
    rng = np.random.default_rng(seed)
    target = []
    for query in range(queries):
        target += [(query, query, QUERY, -1, query), (query, query, POSITIVE, 10 + query, query)]
        target += [(query, query, NEGATIVE, 50, query)] if query == 1 else []
    vectors = F.normalize(torch.from_numpy(rng.normal(size=(len(target), width))), dim=-1)
    return vectors, torch.tensor(target)


def by_hand(vectors, targets, allowed):
    """Return the sum over queries of -log softmax of the own passage, among passages that are `allowed`."""
    total = 0.0
    rows = targets.tolist()
    for i, (_, group, side, _, query) in enumerate(rows):
        if side != QUERY:
            continue
        own = next(j for j, r in enumerate(rows) if r[1] == group and r[2] == POSITIVE)
        others = [j for j, r in enumerate(rows) if r[2] != QUERY and (j == own or allowed(rows[own], r, query))]
        scores = SCALE * vectors[i] @ vectors[others].T
        total = total - scores.log_softmax(0)[others.index(own)]
    return total


@few
@given(st.integers(0, 999))
def test_a_query_has_all_other_passages_of_its_batch_as_wrong_ones(seed):
    vectors, targets = searched(seed)
    found = embedding.in_batch(vectors, targets, spec_of("in_batch"))
    torch.testing.assert_close(found, by_hand(vectors, targets, lambda own, other, query: True))
    assert embedding.WEIGHTS["in_batch"](targets.numpy()) == 5


@few
@given(st.integers(0, 999))
def test_another_answer_of_the_query_is_no_wrong_one_wherever_it_stands(seed):
    vectors, targets = searched(seed)
    targets[targets[:, 4] == 4, 4] = 0  # the last pair, a row of its own, asks the first one's query
    targets[targets[:, 3] == 12, 3] = 13  # two queries have one passage
    targets[targets[:, 3] == 50, 3] = 10  # the second one's wrong answer is the first one's right one
    found = embedding.in_batch(vectors, targets, spec_of("in_batch"))
    right = {
        query: {n for _, _, side, n, q in targets.tolist() if side == POSITIVE and q == query} for query in range(5)
    }
    expected = by_hand(vectors, targets, lambda own, other, query: other[3] not in right[query])
    torch.testing.assert_close(found, expected)


def test_a_query_without_a_passage_asks_for_nothing():
    vectors, targets = searched(0)
    with_one = torch.cat([targets, torch.tensor([[9, 9, QUERY, -1, 9]])])
    more = torch.cat([vectors, vectors[:1]])
    spec = spec_of("in_batch")
    torch.testing.assert_close(embedding.in_batch(more, with_one, spec), embedding.in_batch(vectors, targets, spec))
    assert embedding.WEIGHTS["in_batch"](with_one.numpy()) == 5


def test_a_batch_of_queries_alone_has_no_loss_and_moves_nothing():
    """Rows that nobody judged relevant are legal, and a batch may hold no others."""
    targets = torch.tensor([(row, row, QUERY, -1, row) for row in range(3)])
    vectors = torch.randn(3, 4, requires_grad=True)
    found = mean_loss(
        embedding.in_batch(vectors, targets, spec_of("in_batch")),
        float(embedding.WEIGHTS["in_batch"](targets.numpy())),
    )
    found.backward()
    assert found == 0 and not vectors.grad.any()


def test_the_cosine_error_is_of_pairs():
    vectors = F.normalize(torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), dim=-1)
    wanted = torch.tensor([0.1, 0.5, 1.0])
    expected = sum((float(vectors[2 * i] @ vectors[2 * i + 1]) - float(wanted[i])) ** 2 for i in range(3))
    found = embedding.cosine_error(vectors, wanted.repeat_interleave(2)[:, None], spec_of("cosine_error"))
    assert float(found) == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return tiny_encoder(tmp_path_factory.mktemp("e") / "encoder")


@pytest.mark.parametrize("lengths", [(3, 3, 3, 3), (2, 9, 9, 9), (2, 3, 2, 9), (9, 2, 8, 3), (5,)])
@pytest.mark.parametrize("head", [embedding, towers])
def test_a_batch_run_in_two_gives_what_each_text_gives_alone(encoder, lengths, head):
    lengths = lengths if head is embedding else (*lengths, *lengths)
    module = head.build(encoder, HeadSpec(name="", num_outputs=3, loss="")).eval()
    ids = torch.randint(5, 60, (len(lengths), max(lengths)), generator=torch.Generator().manual_seed(1))
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    with torch.no_grad():
        found = module(ids, mask)
        pooled = torch.cat([module.pooled(ids[i : i + 1, :n], mask[i : i + 1, :n], {}) for i, n in enumerate(lengths)])
        if head is embedding:
            torch.testing.assert_close(found, F.normalize(pooled, dim=-1))
            torch.testing.assert_close(found.norm(dim=-1), torch.ones(len(lengths)))
        else:
            u, v = pooled[0::2], pooled[1::2]
            product = F.normalize(u, dim=-1) * F.normalize(v, dim=-1) * u.shape[1] ** 0.5
            torch.testing.assert_close(product.sum(1) / u.shape[1] ** 0.5, F.cosine_similarity(u, v))
            expected = module.linear(torch.cat([u, v, (u - v).abs(), product], dim=-1))
            torch.testing.assert_close(found, expected.repeat_interleave(2, dim=0))


@few
@given(SIZES, st.integers(0, 999))
def test_choices_read_apart_score_by_their_cosine_to_the_question(sizes, seed):
    rng = np.random.default_rng(seed)
    target, expected = [], 0.0
    vectors = F.normalize(torch.from_numpy(rng.normal(size=(sum(sizes) + len(sizes), 4))), dim=-1)
    for row, size in enumerate(sizes):
        right, opens = int(rng.integers(size)), len(target)
        target += [(row, 1, 0), *((row, 0, int(i == right)) for i in range(size))]
        cosines = vectors[opens + 1 : opens + 1 + size] @ vectors[opens]
        expected = expected - (SCALE * cosines).log_softmax(0)[right]
    targets = torch.tensor(target)
    torch.testing.assert_close(embedding.choice_by_cosine(vectors, targets, spec_of("choice_by_cosine")), expected)
    assert embedding.WEIGHTS["choice_by_cosine"](targets.numpy()) == len(sizes)
