"""Classification figures equal scikit-learn's, on the rows as they are and under weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from dongcha.metrics import Outcome
from dongcha.metrics import classification as family

LABELS = ("a", "b", "c")


def outcome_of(seed: int, rows: int, num_labels: int, unseen: float = 0.0) -> Outcome:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, num_labels, rows)
    logits = rng.normal(size=(rows, num_labels))
    logits[np.arange(rows), gold] += 1.0
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    gold = np.where(rng.random(rows) < unseen, -1, gold)
    return Outcome(gold, probs.argmax(axis=1), probs)


outcomes = st.builds(outcome_of, st.integers(0, 10**6), st.integers(20, 80), st.just(3))


@settings(max_examples=40, deadline=None)
@given(outcomes)
def test_figures_equal_scikit_learn(outcome):
    figure = {name: metric.figure(outcome) for name, metric in family.metrics(LABELS).items()}
    gold, predicted, probs = outcome.gold, outcome.predicted, outcome.probabilities
    assert next(iter(figure)) == "accuracy"
    assert figure["accuracy"] == pytest.approx(sk.accuracy_score(gold, predicted))
    assert figure["macro_f1"] == pytest.approx(sk.f1_score(gold, predicted, average="macro"))
    assert figure["mcc"] == pytest.approx(sk.matthews_corrcoef(gold, predicted))
    assert figure["log_loss"] == pytest.approx(sk.log_loss(gold, probs, labels=range(3)))
    if len(set(gold)) == 3:
        assert figure["auroc"] == pytest.approx(sk.roc_auc_score(gold, probs, multi_class="ovr"))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 60))
def test_binary_auroc_counts_ties_half(seed, rows):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 2, rows)
    up = np.round(rng.random(rows), 1)  # many ties
    outcome = Outcome(gold, (up > 0.5).astype(int), np.stack([1 - up, up], axis=1))
    figure = family.metrics(("no", "yes"))["auroc"].figure(outcome)
    if 0 < gold.sum() < rows:
        assert figure == pytest.approx(sk.roc_auc_score(gold, up))
    else:
        assert np.isnan(figure)


@settings(max_examples=30, deadline=None)
@given(outcomes, st.integers(0, 10**6), st.sampled_from(["accuracy", "macro_f1", "mcc", "auroc", "log_loss"]))
def test_a_weight_is_a_repeated_row(outcome, seed, name):
    metric = family.metrics(LABELS)[name]
    weights = np.random.default_rng(seed).integers(0, 3, len(outcome))
    again = np.repeat(np.arange(len(outcome)), weights)
    repeated = Outcome(outcome.gold[again], outcome.predicted[again], outcome.probabilities[again])
    weighted = metric.weighing(metric.counts(outcome))(weights[None].astype(float))
    np.testing.assert_allclose(weighted, metric.figure(repeated), rtol=1e-9, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(outcomes, st.integers(0, 10**6))
def test_the_order_of_rows_changes_nothing(outcome, seed):
    order = np.random.default_rng(seed).permutation(len(outcome))
    shuffled = Outcome(outcome.gold[order], outcome.predicted[order], outcome.probabilities[order])
    for metric in family.metrics(LABELS).values():
        assert metric.figure(shuffled) == pytest.approx(metric.figure(outcome), abs=1e-12)


def test_an_unseen_label_is_always_wrong_and_one_more_label():
    outcome = outcome_of(3, 200, 3, unseen=0.2)
    figure = {name: metric.figure(outcome) for name, metric in family.metrics(LABELS).items()}
    assert figure["accuracy"] == pytest.approx(sk.accuracy_score(outcome.gold, outcome.predicted))
    assert figure["macro_f1"] == pytest.approx(sk.f1_score(outcome.gold, outcome.predicted, average="macro"))
    assert figure["mcc"] == pytest.approx(sk.matthews_corrcoef(outcome.gold, outcome.predicted))
    assert not family.correct(outcome)[outcome.gold == -1].any()
    assert figure["log_loss"] > family.metrics(LABELS)["log_loss"].figure(outcome_of(3, 200, 3))


def test_a_constant_prediction_has_no_correlation():
    outcome = Outcome(np.array([0, 1, 2]), np.array([1, 1, 1]))
    assert family.metrics(LABELS)["mcc"].figure(outcome) == 0.0


def test_table_and_confusion_equal_scikit_learn():
    outcome = outcome_of(5, 120, 3)
    rows = family.per_label(outcome, LABELS)
    expected = sk.precision_recall_fscore_support(outcome.gold, outcome.predicted, labels=range(3))
    found = [[row[name] for row in rows] for name in ("precision", "recall", "f1", "support")]
    np.testing.assert_allclose(found, expected)
    np.testing.assert_array_equal(family.confusion(outcome, 3), sk.confusion_matrix(outcome.gold, outcome.predicted))


def test_a_model_without_probabilities_has_the_other_figures():
    outcome = Outcome([0, 1], [0, 0])
    assert family.metrics(("a", "b"))["accuracy"].figure(outcome) == 0.5
    with pytest.raises(AssertionError, match="probabilities"):
        family.metrics(("a", "b"))["log_loss"].figure(outcome)
