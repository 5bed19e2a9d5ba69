"""Figures of numbers and grades equal scikit-learn's and scipy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from dongcha.metrics import Outcome, ordinal, regression


def drawn(seed: int, rows: int, far: float = 0.0) -> Outcome:
    rng = np.random.default_rng(seed)
    gold = rng.normal(size=rows).round(1)  # ties
    return Outcome(gold + far, (0.5 * gold + rng.normal(size=rows)).round(1) + far)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(10, 60), st.sampled_from([0.0, 1000.0]))
def test_figures_equal_scikit_learn_and_scipy(seed, rows, far):
    outcome = drawn(seed, rows, far)
    gold, predicted = outcome.gold, outcome.predicted
    figure = {name: metric.figure(outcome) for name, metric in regression.metrics().items()}
    assert next(iter(figure)) == "mae"
    assert figure["mae"] == pytest.approx(sk.mean_absolute_error(gold, predicted))
    assert figure["rmse"] == pytest.approx(sk.root_mean_squared_error(gold, predicted))
    assert figure["r2"] == pytest.approx(sk.r2_score(gold, predicted))
    assert figure["pearson"] == pytest.approx(stats.pearsonr(gold, predicted).statistic)
    assert figure["spearman"] == pytest.approx(stats.spearmanr(gold, predicted).statistic)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["mae", "rmse", "pearson", "spearman", "r2"]))
def test_a_weight_is_a_repeated_row(seed, name):
    outcome, metric = drawn(seed, 40), regression.metrics()[name]
    weights = np.random.default_rng(seed).integers(0, 3, 40)
    again = np.repeat(np.arange(40), weights)
    weighted = metric.weighing(metric.counts(outcome))(weights[None].astype(float))
    repeated = metric.figure(Outcome(outcome.gold[again], outcome.predicted[again]))
    np.testing.assert_allclose(weighted, repeated, rtol=1e-9)


def test_a_constant_has_no_correlation():
    outcome = Outcome(np.array([0.1, 0.2, 0.3]), np.full(3, 0.7))
    figure = {name: metric.figure(outcome) for name, metric in regression.metrics().items()}
    assert np.isnan(figure["pearson"]) and np.isnan(figure["spearman"])
    assert figure["mae"] == pytest.approx(0.5)


def test_only_errors_count_less_as_better():
    worse_when_greater = {name for name, metric in regression.metrics().items() if not metric.greater_is_better}
    assert worse_when_greater == {"mae", "rmse"}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(10, 60))
def test_grades_equal_scikit_learn(seed, rows):
    rng = np.random.default_rng(seed)
    gold = rng.integers(1, 6, rows)
    outcome = Outcome(gold, gold + rng.integers(-2, 3, rows) + rng.uniform(-0.4, 0.4, rows))
    grades = np.rint(outcome.predicted).astype(int)
    figure = {name: metric.figure(outcome) for name, metric in ordinal.metrics().items()}
    assert next(iter(figure)) == "quadratic_kappa"
    every = range(-2, 9)  # without the grades between, scikit-learn would weigh by rank, not by distance
    expected = sk.cohen_kappa_score(gold, grades, weights="quadratic", labels=every)
    assert figure["quadratic_kappa"] == pytest.approx(expected)
    assert figure["accuracy"] == pytest.approx(np.mean(gold == grades))
    assert figure["within_one"] == pytest.approx(np.mean(np.abs(gold - grades) <= 1))


def test_one_grade_for_all_leaves_kappa_undefined():
    assert np.isnan(ordinal.metrics()["quadratic_kappa"].figure(Outcome([2, 2], [2, 2])))
