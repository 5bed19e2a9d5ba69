"""The plan of batches: every feature once, within the budget, the same for the same seed and epoch."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dongcha.data.features import Features, bounds
from dongcha.data.plan import cut, of_groups, plan_epoch, plan_inference

LENGTHS = st.lists(st.integers(1, 70), min_size=0, max_size=300).map(lambda found: np.array(found, dtype=np.int32))
BUDGETS = st.integers(1, 400)
few = settings(max_examples=50, deadline=None)


def same(one, other):
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def padded(lengths, batch):
    return int(lengths[batch].max()) * len(batch)


@few
@given(LENGTHS, BUDGETS, st.integers(0, 2**32 - 1), st.integers(0, 50))
def test_every_feature_occurs_exactly_once_an_epoch_within_the_budget(lengths, budget, seed, epoch):
    plan = plan_epoch(lengths, budget, seed, epoch)
    assert sorted(i for batch in plan for i in batch.tolist()) == list(range(len(lengths)))
    assert all(len(batch) for batch in plan)
    assert all(len(batch) == 1 or padded(lengths, batch) <= budget for batch in plan)


@few
@given(LENGTHS, BUDGETS, st.integers(0, 1000), st.integers(0, 50))
def test_the_plan_depends_on_lengths_seed_and_epoch_alone(lengths, budget, seed, epoch):
    np.random.seed(seed)
    first = plan_epoch(lengths, budget, seed, epoch)
    np.random.seed(seed + 1)
    assert same(first, plan_epoch(lengths.copy(), budget, seed, epoch))


@few
@given(st.lists(st.integers(1, 70), min_size=30, max_size=200), st.integers(0, 1000), st.integers(0, 50))
def test_epochs_and_seeds_differ(lengths, seed, epoch):
    lengths = np.array(lengths, dtype=np.int32)
    plan = plan_epoch(lengths, 100, seed, epoch)
    assume(len(plan) > 10)
    assert not same(plan, plan_epoch(lengths, 100, seed, epoch + 1))
    assert not same(plan, plan_epoch(lengths, 100, seed + 1, epoch))


@few
@given(LENGTHS, BUDGETS)
def test_inference_goes_from_the_longest_to_the_shortest(lengths, budget):
    plan = plan_inference(lengths, budget)
    assert sorted(i for batch in plan for i in batch.tolist()) == list(range(len(lengths)))
    assert all(len(batch) == 1 or padded(lengths, batch) <= budget for batch in plan)
    longest = [int(lengths[batch].max()) for batch in plan]
    assert longest == sorted(longest, reverse=True)


def test_batches_are_shuffled_and_hold_features_of_like_length():
    lengths = np.random.default_rng(0).integers(4, 64, 4000).astype(np.int32)
    plan = plan_epoch(lengths, 1024, 0, 0)
    padding = 1 - lengths.sum() / sum(padded(lengths, batch) for batch in plan)
    assert padding < 0.1
    means = np.array([lengths[batch].mean() for batch in plan])
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.2


def test_no_tiny_batch_is_left_over():
    """17 features of equal length in batches of 8: the last one alone would weigh as much as eight others."""
    sizes = [len(batch) for batch in cut(np.arange(17), np.full(17, 10), 80)]
    assert sum(sizes) == 17
    assert min(sizes) >= 4


@pytest.mark.parametrize(
    "plan", [plan_epoch(np.zeros(0, np.int32), 64, 0, 0), plan_inference(np.zeros(0, np.int32), 9)]
)
def test_no_features_make_no_batches(plan):
    assert plan == []


GROUPED = st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=4), max_size=60)  # lengths by group


def laid(groups):
    lengths = np.array([length for group in groups for length in group], dtype=np.int32)
    return lengths, np.repeat(np.arange(len(groups)) * 7, [len(group) for group in groups])


@few
@given(GROUPED, BUDGETS, st.integers(0, 99), st.booleans())
def test_groups_are_never_parted(groups, budget, seed, trains):
    lengths, numbers = laid(groups)
    plan = plan_epoch(lengths, budget, seed, 0, numbers) if trains else plan_inference(lengths, budget, numbers)
    assert sorted(i for batch in plan for i in batch.tolist()) == list(range(len(lengths)))
    for batch in plan:
        for number in set(numbers[batch].tolist()):
            members = np.flatnonzero(numbers == number)
            at = batch.tolist().index(members[0])
            assert batch[at : at + len(members)].tolist() == members.tolist()


@few
@given(st.lists(st.tuples(*[st.integers(1, 40)] * 2), max_size=80), BUDGETS, st.integers(0, 99))
def test_groups_of_one_size_keep_the_budget(groups, budget, seed):
    lengths, numbers = laid(groups)
    for batch in plan_epoch(lengths, budget, seed, 0, numbers):
        assert len(batch) == 2 or padded(lengths, batch) <= budget


@few
@given(GROUPED.filter(bool), st.integers(1, 9))
def test_a_batch_is_cut_into_parts_between_groups(groups, count):
    lengths, numbers = laid(groups)
    starts, _ = of_groups(lengths, numbers)
    features = Features(bounds(lengths), {}, {"group": numbers}, {})
    parts = features.parts(np.arange(len(lengths)), count)
    assert np.array_equal(np.concatenate(parts), np.arange(len(lengths)))
    assert all(part[0] in starts for part in parts)
    assert len(parts) == min(count, len(groups))
