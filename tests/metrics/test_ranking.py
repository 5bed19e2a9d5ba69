"""Rankings by hand, and the laws of their metrics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.metrics import Outcome, ranking

FOUND = ["x", "a", "y", "b", "c"]
GOLD = {"a": 1, "b": 3, "d": 2, "y": 0}


def test_figures_by_hand():
    gained = 1 / np.log2(3) + 3 / np.log2(5)
    best = 3 / 1 + 2 / np.log2(3) + 1 / 2
    assert ranking.ndcg(GOLD, FOUND) == pytest.approx(gained / best)
    assert ranking.reciprocal_rank(GOLD, FOUND) == pytest.approx(1 / 2)
    assert ranking.recall(GOLD, FOUND) == pytest.approx(2 / 3)


def test_only_the_first_ten_count():
    late = [f"n{i}" for i in range(10)] + ["a"]
    assert (
        ranking.ndcg({"a": 1}, late) == ranking.reciprocal_rank({"a": 1}, late) == ranking.recall({"a": 1}, late) == 0
    )
    many = {f"r{i}": 1 for i in range(20)}
    assert ranking.ndcg(many, list(many)) == pytest.approx(1)
    assert ranking.recall(many, list(many)) == pytest.approx(0.5)


def test_rows_without_a_relevant_document_count_for_nothing():
    outcome = Outcome([{"a": 1}, {"a": 0}, {}], [["a"], ["a"], []])
    for metric in ranking.metrics().values():
        assert metric.figure(outcome) == 1
    assert np.isnan(ranking.metrics()["ndcg_10"].figure(Outcome([{"a": 0}], [["a"]])))


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 4), min_size=1), st.permutations("abcdefgh"))
def test_the_order_by_grade_is_best_and_swapping_towards_it_never_hurts(gold, found):
    if not max(gold.values()):
        return
    best = sorted(found, key=lambda doc: -gold.get(doc, 0))
    assert ranking.ndcg(gold, best) == pytest.approx(1)
    for i in range(len(found) - 1):
        one, two = found[i : i + 2]
        if gold.get(two, 0) > gold.get(one, 0):
            swapped = [*found[:i], two, one, *found[i + 2 :]]
            assert ranking.ndcg(gold, swapped) > ranking.ndcg(gold, found)
            assert ranking.reciprocal_rank(gold, swapped) >= ranking.reciprocal_rank(gold, found)
