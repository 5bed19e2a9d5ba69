"""Calibration: the error by hand, and the temperature that was put in comes out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.judge.calibration import adaptive_bins, apply_temperature, ece, fit_temperature, reliability


def test_the_error_by_hand():
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55])
    correct = np.array([1, 1, 1, 0, 1, 0])
    bins = reliability(confidence, correct, num_bins=10)
    assert [b["count"] for b in bins] == [2, 4]
    assert bins[1] == {"low": 0.9, "high": 1.0, "confidence": 0.95, "accuracy": 0.75, "count": 4}
    assert ece(bins) == pytest.approx(4 / 6 * 0.2 + 2 / 6 * 0.05)


def test_a_bin_holds_its_upper_edge_and_the_ends_have_a_home():
    bins = reliability(np.array([0.0, 0.5, 1.0]), np.array([0, 1, 1]), num_bins=2)
    assert [(b["low"], b["count"]) for b in bins] == [(0.0, 2), (0.5, 1)]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 200), st.sampled_from([reliability, adaptive_bins]))
def test_bins_hold_each_row_once_and_ignore_the_order(seed, rows, binned):
    rng = np.random.default_rng(seed)
    confidence = rng.random(rows).round(2)
    correct = rng.random(rows) < confidence
    bins, order = binned(confidence, correct), rng.permutation(rows)
    assert sum(b["count"] for b in bins) == rows
    assert 0 <= ece(bins) <= 1
    assert all(b["low"] <= b["confidence"] + 1e-9 and b["confidence"] <= b["high"] + 1e-9 for b in bins)
    assert ece(binned(confidence[order], correct[order])) == pytest.approx(ece(bins))


def test_no_rows_have_no_error():
    assert np.isnan(ece(reliability(np.array([]), np.array([]))))
    assert np.isnan(ece(adaptive_bins(np.array([]), np.array([]))))


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 2.5])
def test_the_temperature_comes_back(true_temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 4)) * 2
    probs = apply_temperature(logits, 1.0)
    gold = (probs.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1).clip(0, 3)
    too_sure = logits * true_temperature
    found = fit_temperature(too_sure, gold)
    assert found == pytest.approx(true_temperature, rel=0.05)
    after = apply_temperature(too_sure, found)
    assert (after.argmax(axis=1) == too_sure.argmax(axis=1)).all()
    assert ece(reliability(after.max(axis=1), after.argmax(axis=1) == gold)) < 0.02
    assert fit_temperature(np.log(apply_temperature(too_sure, 1.0)), gold) == pytest.approx(found, rel=1e-3)


def test_rows_that_are_all_right_say_nothing_of_how_sure_to_be():
    logits = np.array([[margin, 0.0] for margin in np.linspace(0.5, 3, 60)])
    gold = np.zeros(60, dtype=int)
    assert fit_temperature(logits, gold) == 1.0
    gold[0] = 1
    assert fit_temperature(logits, gold) != 1.0


def test_unseen_labels_are_left_out():
    logits = np.random.default_rng(0).normal(size=(50, 3))
    gold = logits.argmax(axis=1)
    gold[::7] = (gold[::7] + 1) % 3
    with_unseen = np.append(gold, [-1, -1])
    assert fit_temperature(np.vstack([logits, logits[:2]]), with_unseen) == fit_temperature(logits, gold)
    assert fit_temperature(logits[:2], np.array([-1, -1])) == 1.0
