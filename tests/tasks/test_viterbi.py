"""The best legal tag sequence, against trying them all."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data.features import bounds
from dongcha.tasks._viterbi import best_paths, legal_transitions

TAGS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")


def is_legal(path):
    """I-X only after B-X or I-X, written out in words."""
    before = "O"
    for tag in path:
        if tag.startswith("I-") and before[2:] != tag[2:]:
            return False
        before = tag
    return True


def best_by_trying(scores, tags):
    paths = [p for p in itertools.product(range(len(tags)), repeat=len(scores)) if is_legal([tags[t] for t in p])]
    return max(sum(scores[i, t] for i, t in enumerate(path)) for path in paths)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
    st.sampled_from([TAGS, TAGS[:3], ("O",)]),
    st.integers(0, 10_000),
    st.sampled_from([0.1, 1.0, 8.0]),
)
def test_the_path_is_legal_and_none_is_better(lengths, tags, seed, spread):
    starts = bounds(np.array(lengths))
    scores = spread * np.random.default_rng(seed).normal(size=(int(starts[-1]), len(tags)))
    found = best_paths(scores, starts, tags)
    assert found.shape == (starts[-1],)
    for a, b in itertools.pairwise(starts):
        path = found[a:b]
        assert is_legal([tags[t] for t in path])
        assert scores[np.arange(a, b), path].sum() == pytest.approx(best_by_trying(scores[a:b], tags))


def test_rows_do_not_touch_each_other():
    """An I at the start of a row is illegal, whatever ends the row before."""
    scores = np.log(np.array([[0.1, 0.9, 0.0], [0.2, 0.0, 0.8]]) + 1e-9)
    tags = TAGS[:3]
    assert best_paths(scores, np.array([0, 2]), tags).tolist() == [1, 2]
    assert best_paths(scores, np.array([0, 1, 2]), tags).tolist() == [1, 0]


def test_what_may_follow_what():
    may_start, may_follow = legal_transitions(TAGS)
    assert may_start.tolist() == [True, True, False, True, False]
    for (i, a), (j, b) in itertools.product(enumerate(TAGS), repeat=2):
        assert may_follow[i, j] == (not b.startswith("I-") or a[2:] == b[2:])


def test_no_words_have_no_tags():
    assert best_paths(np.zeros((0, 3)), np.array([0]), TAGS[:3]).tolist() == []
    assert best_paths(np.zeros((0, 3)), np.array([0, 0, 0]), TAGS[:3]).tolist() == []
