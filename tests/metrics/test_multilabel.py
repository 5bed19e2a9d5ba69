"""Multi-label figures equal scikit-learn's; thresholds are the best on the rows they were tuned on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from dongcha.metrics import Outcome
from dongcha.metrics import multilabel as family

LABELS = ("a", "b", "c", "d")


def drawn(seed: int, rows: int = 60) -> Outcome:
    rng = np.random.default_rng(seed)
    gold = (rng.random((rows, 4)) < 0.3).astype(int)
    probs = np.clip(rng.normal(0.35 + 0.2 * gold, 0.2), 0, 1).round(2)
    gold[0], probs[0] = 1, 0.9  # every label occurs
    return Outcome(gold, (probs >= 0.5).astype(int), probs)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_figures_equal_scikit_learn(seed):
    outcome = drawn(seed)
    figure = {name: metric.figure(outcome) for name, metric in family.metrics(LABELS).items()}
    assert next(iter(figure)) == "micro_f1"
    for average in ("micro", "macro"):
        expected = sk.f1_score(outcome.gold, outcome.predicted, average=average, zero_division=0)
        assert figure[f"{average}_f1"] == pytest.approx(expected)
    assert figure["subset_accuracy"] == pytest.approx(sk.accuracy_score(outcome.gold, outcome.predicted))
    assert figure["subset_accuracy"] == family.row_scores(outcome).mean()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_no_threshold_beats_the_tuned_one(seed):
    outcome = drawn(seed, rows=25)
    thresholds = family.tune_thresholds(outcome.gold, outcome.probabilities)
    for j, threshold in enumerate(thresholds):
        gold, probs = outcome.gold[:, j], outcome.probabilities[:, j]
        chosen = probs >= np.append(threshold, np.linspace(0, 1, 201))[:, None]
        figures = 2 * (chosen & (gold == 1)).sum(axis=1) / (chosen.sum(axis=1) + gold.sum())
        assert figures[0] == figures.max()
        assert figures[0] == pytest.approx(sk.f1_score(gold, probs >= threshold, zero_division=0))


def test_a_label_without_gold_rows_keeps_one_half():
    assert family.tune_thresholds(np.zeros((5, 1)), np.linspace(0, 1, 5)[:, None])[0] == 0.5


def test_of_equal_thresholds_the_one_nearest_one_half_is_taken():
    assert family.tune_thresholds(np.array([[0], [1]]), np.array([[0.1], [0.9]]))[0] == 0.5


def test_an_unseen_label_is_missed():
    gold = np.array([[1, 0, 1], [0, 1, 0]])  # the last column: a label that training never saw
    outcome = Outcome(gold, gold[:, :2], None)
    assert family.correct(outcome).tolist() == [False, True]
    assert family.metrics(("a", "b"))["micro_f1"].figure(outcome) == pytest.approx(2 * 2 / (2 + 3))
    assert [row["label"] for row in family.per_label(outcome, ("a", "b"))] == ["a", "b"]
