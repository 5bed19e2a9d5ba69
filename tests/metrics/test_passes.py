"""pass@k: values by hand, the chance counted over all draws, and its place among the metrics."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dongcha.metrics import Outcome
from dongcha.metrics.passes import metrics, pass_at, row_scores


@st.composite
def draws(draw):
    n = draw(st.integers(1, 9))
    return n, draw(st.integers(0, n)), draw(st.integers(1, n))


@given(draws())
def test_it_is_the_share_of_draws_that_hold_a_pass(draw):
    n, c, k = draw
    found = [any(i < c for i in chosen) for chosen in combinations(range(n), k)]
    assert pass_at(n, c, k) == pytest.approx(np.mean(found), abs=1e-12)


@pytest.mark.parametrize(
    ("n", "c", "k", "value"),
    [
        (1, 1, 1, 1.0),
        (1, 0, 1, 0.0),
        (10, 3, 1, 0.3),
        (5, 2, 3, 1 - 1 / 10),  # one draw of three among ten holds no pass
        (4, 1, 2, 1 - 3 / 6),
        (200, 0, 100, 0.0),
        (200, 1, 100, 0.5),
        (200, 150, 100, 1.0),  # fewer than 100 failed
        (6, 2, 6, 1.0),
    ],
)
def test_by_hand(n, c, k, value):
    assert pass_at(n, c, k) == pytest.approx(value)


@given(st.integers(1, 10**5), st.data())
def test_it_is_a_chance_for_many_samples_too(n, data):
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    assert 0.0 <= pass_at(n, c, k) <= 1.0
    assert pass_at(n, c, 1) == pytest.approx(c / n)


@given(draws())
def test_more_draws_and_more_passes_never_lower_it(draw):
    n, c, k = draw
    if k < n:
        assert pass_at(n, c, k + 1) >= pass_at(n, c, k) - 1e-12
    if c < n:
        assert pass_at(n, c + 1, k) >= pass_at(n, c, k) - 1e-12


def test_figures_of_a_few_rows():
    outcome = Outcome([None] * 3, [(4, 1), {"samples": 4, "passed": 0}, [4, 4]])
    family = metrics([2, 4])
    assert list(family) == ["pass_at_1", "pass_at_2", "pass_at_4"]
    assert family["pass_at_1"].figure(outcome) == pytest.approx((0.25 + 0 + 1) / 3)
    assert family["pass_at_2"].figure(outcome) == pytest.approx((0.5 + 0 + 1) / 3)
    assert family["pass_at_4"].figure(outcome) == pytest.approx(2 / 3)
    assert family["pass_at_2"].row_scores(outcome).tolist() == pytest.approx([0.5, 0, 1])
    assert row_scores(outcome, 1).tolist() == [0.25, 0, 1]


def test_a_row_weighted_twice_counts_twice():
    outcome = Outcome(["", ""], [(2, 1), (2, 2)])
    metric = metrics()["pass_at_1"]
    weights = np.array([[1.0, 1.0], [2.0, 0.0], [1.0, 3.0]])
    assert metric.weighing(metric.counts(outcome))(weights).tolist() == pytest.approx([0.75, 0.5, 3.5 / 4])


def test_with_one_sample_the_first_is_a_share():
    assert metrics(one_sample=True)["pass_at_1"].is_share
    assert not metrics()["pass_at_1"].is_share
    assert not any(metric.is_share for name, metric in metrics([2]).items() if name != "pass_at_1")
    assert list(metrics([1, 1, 3, 3])) == ["pass_at_1", "pass_at_3"]


def test_no_rows_have_no_figure():
    assert np.isnan(metrics()["pass_at_1"].figure(Outcome([], [])))


@pytest.mark.parametrize(("n", "c", "k"), [(3, 1, 4), (3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_numbers_that_cannot_be_are_our_bug(n, c, k):
    with pytest.raises(AssertionError, match="samples"):
        pass_at(n, c, k)
