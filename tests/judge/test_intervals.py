"""Intervals hold their figure, ignore the order of rows, and cover the truth about 95 times in 100."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dongcha.judge._resample import affordable, distinct_rows
from dongcha.judge.intervals import bootstrap, interval, wilson
from dongcha.judge.seeds import mean_interval
from dongcha.metrics import Outcome, classification, regression

LABELS = ("a", "b", "c")


def drawn(seed: int, rows: int = 150) -> Outcome:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 3, rows)
    probs = rng.dirichlet(np.ones(3), rows)
    probs[np.arange(rows), gold] += 0.3
    probs /= probs.sum(axis=1, keepdims=True)
    return Outcome(gold, probs.argmax(axis=1), probs)


def mean(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / sums[..., 1]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10**6), st.floats(0, 1))
def test_wilson_equals_scipy(n, share):
    successes = int(share * n)
    found, expected = wilson(successes, n), stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_wilson_of_no_rows_knows_nothing():
    found = wilson(0, 0)
    assert np.isnan(found.value) and (found.low, found.high) == (0.0, 1.0)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 100))
def test_intervals_hold_their_figure_and_ignore_the_order_of_rows(seed, order_seed):
    outcome = drawn(seed)
    order = np.random.default_rng(order_seed).permutation(len(outcome))
    shuffled = Outcome(outcome.gold[order], outcome.predicted[order], outcome.probabilities[order])
    for metric in classification.metrics(LABELS).values():
        found, again = interval(metric, outcome, seed=1), interval(metric, shuffled, seed=1)
        assert found.low <= found.value <= found.high
        assert found.value == pytest.approx(metric.figure(outcome))
        assert (found.low, found.high) == pytest.approx((again.low, again.high), abs=1e-9)


def test_a_bootstrap_of_a_mean_is_the_normal_interval():
    values = np.random.default_rng(0).normal(5, 2, 2000)
    found = bootstrap(np.stack([values, np.ones(2000)], axis=1), mean, seed=0)
    half = 1.96 * values.std() / np.sqrt(2000)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)


def test_rows_that_bring_the_same_are_drawn_as_one_kind_with_the_same_result():
    hits = np.random.default_rng(0).random(2000) < 0.8
    counts = np.stack([hits, np.ones(2000)], axis=1)
    by_kind = bootstrap(counts, mean, seed=0)
    told_apart = np.hstack([counts, np.arange(2000.0)[:, None]])  # a third column that the value does not use
    by_row = bootstrap(told_apart, mean, seed=0)
    assert len(distinct_rows(counts)[0]) == 2 and len(distinct_rows(told_apart)[0]) == 2000
    assert (by_kind.low, by_kind.high) == pytest.approx((by_row.low, by_row.high), abs=0.003)
    exact = wilson(int(hits.sum()), 2000)
    assert (by_kind.low, by_kind.high) == pytest.approx((exact.low, exact.high), abs=0.003)


def test_the_seed_decides():
    counts = np.random.default_rng(0).random((100, 2))
    assert bootstrap(counts, mean, seed=1) == bootstrap(counts, mean, seed=1)
    assert bootstrap(counts, mean, seed=1) != bootstrap(counts, mean, seed=2)


@pytest.mark.parametrize("method", ["wilson", "bootstrap"])
def test_about_95_in_100_intervals_hold_the_truth(method):
    rng, held = np.random.default_rng(4), 0
    for trial in range(400):
        hits = rng.random(150) < 0.7
        if method == "wilson":
            found = wilson(int(hits.sum()), 150)
        else:
            found = bootstrap(np.stack([hits, np.ones(150)], axis=1), mean, seed=trial, resamples=500)
        held += found.low <= 0.7 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_what_is_undefined_has_no_interval():
    outcome = Outcome(np.array([1.0, 2.0, 3.0]), np.full(3, 2.0))
    found = interval(regression.metrics()["spearman"], outcome, seed=0)
    assert np.isnan([found.value, found.low, found.high]).all()


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "log_loss"])
def test_several_seeds_are_averaged_by_row_first(name):
    seeds = [drawn(1), Outcome(drawn(1).gold, drawn(2).predicted, drawn(2).probabilities)]
    metric = classification.metrics(LABELS)[name]
    found = interval(metric, seeds, seed=0)
    averaged = np.mean([metric.counts(outcome) for outcome in seeds], axis=0)
    assert found.value == pytest.approx(float(metric.value(averaged.sum(axis=0))))
    assert found.low < found.value < found.high


def test_draws_become_fewer_only_when_rows_are_many():
    assert affordable(3453, 1, 10_000) == 10_000
    assert affordable(100_000, 1, 10_000) == 4_000
    assert affordable(10**9, 1, 10_000) == 1_000
    assert affordable(10, 1, 500) == 500


def test_seeds_follow_students_t():
    values = [0.80, 0.82, 0.85]
    found = mean_interval(values)
    expected = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)
    alone = mean_interval([0.8])
    assert alone.value == 0.8 and np.isnan(alone.low) and np.isnan(alone.high)
