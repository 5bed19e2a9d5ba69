"""Paired tests: exact where they can be, mirrored when the models change places, seldom wrong without a difference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dongcha.judge.noninferiority import noninferior
from dongcha.judge.paired import compare, flips, mcnemar, paired_bootstrap
from dongcha.metrics import Outcome, classification, regression, spans

LABELS = ("a", "b", "c")
METRICS = classification.metrics(LABELS)


def model(seed: int, gold: np.ndarray, skill: float) -> Outcome:
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.ones(3), len(gold))
    probs[np.arange(len(gold)), gold] += skill
    probs /= probs.sum(axis=1, keepdims=True)
    return Outcome(gold, probs.argmax(axis=1), probs)


def golds(seed: int, rows: int = 200) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 3, rows)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_the_binomial_test(gained, lost):
    expected = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(expected)
    assert mcnemar(gained, lost) == mcnemar(lost, gained)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(list(METRICS)))
def test_the_mirror_of_a_verdict(seed, name):
    gold = golds(seed)
    before, after = model(seed + 1, gold, 0.1), model(seed + 2, gold, 0.3)
    there, back = compare(METRICS[name], before, after, seed=1), compare(METRICS[name], after, before, seed=1)
    assert there.p_value == back.p_value
    assert there.difference.value == -back.difference.value
    assert (there.difference.low, there.difference.high) == pytest.approx((-back.difference.high, -back.difference.low))
    assert (there.gained, there.lost) == (back.lost, back.gained)
    assert {there.word, back.word} in ({"better", "worse"}, {"even"})


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["accuracy", "macro_f1", "log_loss"]))
def test_the_order_of_rows_changes_no_verdict(seed, name):
    gold = golds(seed, 100)
    pair = model(seed + 1, gold, 0.1), model(seed + 2, gold, 0.3)
    order = np.random.default_rng(seed).permutation(100)
    shuffled = [Outcome(o.gold[order], o.predicted[order], o.probabilities[order]) for o in pair]
    there, again = compare(METRICS[name], *pair, seed=1), compare(METRICS[name], *shuffled, seed=1)
    assert there.p_value == again.p_value and there.word == again.word
    assert there.difference.low == pytest.approx(again.difference.low)


def test_accuracy_counts_flips_and_takes_mcnemar():
    gold = np.zeros(100, dtype=int)
    before = Outcome(gold, np.repeat([0, 1], [60, 40]))
    after = Outcome(gold, np.repeat([1, 0], [5, 95]))
    verdict = compare(METRICS["accuracy"], before, after, seed=0)
    assert (verdict.gained, verdict.lost, verdict.test) == (40, 5, "mcnemar")
    assert verdict.p_value == mcnemar(40, 5)
    assert verdict.difference.value == pytest.approx(0.35)
    assert verdict.difference.low < 0.35 < verdict.difference.high
    assert verdict.word == "better"
    gained, lost = flips(METRICS["accuracy"], before, after)
    assert gained.tolist() == list(range(60, 100)) and lost.tolist() == list(range(5))


def test_a_model_is_even_with_itself():
    outcome = model(1, golds(0), 0.2)
    for metric in METRICS.values():
        verdict = compare(metric, outcome, outcome, seed=0)
        assert (verdict.p_value, verdict.word, verdict.gained, verdict.lost) == (1.0, "even", 0, 0)


def test_of_an_error_less_is_better():
    rng = np.random.default_rng(0)
    gold = rng.normal(size=300)
    near, far = Outcome(gold, gold + rng.normal(0, 0.1, 300)), Outcome(gold, gold + rng.normal(0, 1, 300))
    verdict = compare(regression.metrics()["mae"], far, near, seed=0)
    assert verdict.difference.value < 0 and verdict.word == "better" and verdict.test == "bootstrap"
    assert verdict.gained > verdict.lost and verdict.gained + verdict.lost == 300
    assert compare(regression.metrics()["spearman"], far, near, seed=0).word == "better"


def test_spans_are_tested_by_bootstrap_over_rows():
    gold = [[(0, 3, "A")], [(4, 6, "B")]] * 60
    before, after = Outcome(gold, [[(0, 3, "A")], []] * 60), Outcome(gold, gold)
    verdict = compare(spans.metrics(("A", "B"))["f1"], before, after, seed=0)
    assert (verdict.test, verdict.word, verdict.gained) == ("bootstrap", "better", 60)
    assert verdict.p_value == pytest.approx(2 / 10_001)


@pytest.mark.parametrize("rows", [0, 1, 3, 5, 6, 9])
def test_no_p_is_below_what_an_exact_test_of_so_few_rows_could_give(rows):
    gold, metric = [[(0, 3, "A")]] * 40, spans.metrics(("A", "B"))["f1"]
    after = [*[[(0, 3, "A")]] * rows, *[[]] * (40 - rows)]  # so many rows differ, all the same way
    verdict = compare(metric, Outcome(gold, [[]] * 40), Outcome(gold, after), seed=0)
    assert verdict.p_value >= min(1.0, 2.0 ** (1 - rows))
    assert (verdict.word == "better") == (rows > 5)


def test_equally_good_models_on_few_rows_are_hardly_ever_told_apart():
    called = 0
    for trial in range(200):
        rng = np.random.default_rng(trial)
        gold = rng.normal(size=4)
        pair = [[Outcome(gold, gold + rng.normal(size=4))] for _ in range(2)]
        called += paired_bootstrap(regression.metrics()["mae"], *pair, trial, resamples=400)[1] < 0.05
    assert called == 0


def test_several_seeds_are_averaged_by_row_first():
    gold = golds(0)
    before, after = [model(s, gold, 0.1) for s in (1, 2, 3)], [model(s, gold, 0.5) for s in (4, 5)]
    verdict = compare(METRICS["accuracy"], before, after, seed=0)
    means = [np.mean([METRICS["accuracy"].figure(o) for o in side]) for side in (before, after)]
    assert verdict.test == "bootstrap"
    assert verdict.difference.value == pytest.approx(means[1] - means[0])
    assert compare(METRICS["auroc"], before, after, seed=0).word == "better"


def test_p_below_5_percent_means_that_the_interval_leaves_0_out():
    for seed in range(30):
        gold = golds(seed, 60)
        pair = [model(seed + 100, gold, 0.15)], [model(seed + 200, gold, 0.3)]
        difference, p_value = paired_bootstrap(METRICS["macro_f1"], *pair, seed, resamples=999)
        if abs(p_value - 0.05) > 0.005:
            assert (p_value < 0.05) == (difference.low > 0 or difference.high < 0)


def test_without_a_difference_about_1_in_20_is_called():
    called = 0
    for trial in range(300):
        gold = golds(trial, 120)
        pair = [model(trial + 1000, gold, 0.2)], [model(trial + 9000, gold, 0.2)]
        called += paired_bootstrap(METRICS["macro_f1"], *pair, trial, resamples=400)[1] < 0.05
    assert 0.02 <= called / 300 <= 0.09


def test_other_rows_are_refused():
    with pytest.raises(AssertionError, match="same rows"):
        compare(METRICS["accuracy"], model(0, golds(0, 10), 0.1), model(0, golds(0, 12), 0.1), seed=0)


def test_a_margin_is_held_by_the_lower_end():
    gold = golds(0, 1000)
    full, same = model(1, gold, 0.5), model(1, gold, 0.49)
    assert noninferior(METRICS["accuracy"], full, same, margin=0.02, seed=0).passed
    assert not noninferior(METRICS["accuracy"], full, model(2, gold, 0.1), margin=0.02, seed=0).passed
    loss = noninferior(METRICS["log_loss"], full, model(2, gold, 0.1), margin=0.02, seed=0)
    assert not loss.passed and loss.gain.value < 0 and loss.gain.low <= loss.gain.value <= loss.gain.high
