"""Summaries: ROUGE by hand and by a plain table of subsequences; copying as Grusky et al. count it; lengths."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dongcha.judge.intervals import interval
from dongcha.judge.paired import compare
from dongcha.metrics import Outcome, Wanted
from dongcha.metrics._words import words
from dongcha.metrics.summaries import copied, longest_common, metrics, rouge

FEW = ["blue", "sky", "red", "sea", "天", "海"]
lists = st.lists(st.sampled_from(FEW), max_size=9)
texts = lists.map(" ".join)
rows = st.lists(st.tuples(texts, texts, texts, texts), min_size=1, max_size=5)


def outcome_of(rows):
    return Outcome([Wanted((one, two), source) for one, two, source, _ in rows], [row[-1] for row in rows])


@pytest.mark.parametrize(
    ("reference", "written", "rouge_l", "rouge_1", "rouge_2"),
    [
        # Lin 2004, section 3.1: both candidates share 3 words and "the gunman" with the reference, in another order
        ("police killed the gunman", "police kill the gunman", 3 / 4, 3 / 4, 1 / 3),
        ("police killed the gunman", "the gunman kill police", 2 / 4, 3 / 4, 1 / 3),
        ("The Sky, the sea!", "the sky; the SEA", 1, 1, 1),
        ("sky sky sky", "sky", 2 / 4, 2 / 4, 0),
        ("今天天气很好", "今天很好", 2 * 4 / 10, 2 * 4 / 10, 2 * 2 / 8),
        ("用Python写", "用 python 写的", 2 * 3 / 7, 2 * 3 / 7, 2 * 2 / 5),
        ("a well-known man", "a well known man", 1, 1, 1),
        ("sky", "sky", 1, 1, 1),
        ("sky", "sea", 0, 0, 0),
        ("sky", "", 0, 0, 0),
        ("", "...", 1, 1, 1),  # not a word in either
    ],
)
def test_rouge_by_hand(reference, written, rouge_l, rouge_1, rouge_2):
    assert rouge(reference, written) == pytest.approx((rouge_l, rouge_1, rouge_2))
    assert rouge(written, reference) == pytest.approx((rouge_l, rouge_1, rouge_2))


@given(one=lists, two=lists)
def test_the_longest_common_subsequence_is_that_of_the_plain_table(one, two):
    table = np.zeros((len(one) + 1, len(two) + 1), dtype=int)
    for i, left in enumerate(one):
        for j, right in enumerate(two):
            table[i + 1, j + 1] = table[i, j] + 1 if left == right else max(table[i, j + 1], table[i + 1, j])
    assert longest_common(one, two) == table[-1, -1]


def test_long_texts_take_no_time():
    draw = np.random.default_rng(0)
    one, two = ([str(n) for n in draw.integers(0, 50, 6000)] for _ in range(2))
    started = time.monotonic()
    assert 1000 < longest_common(one, two) < 6000
    assert time.monotonic() - started < 2  # 36 million steps of a plain loop take many


@given(one=texts, two=texts)
def test_rouge_lies_between_0_and_1_and_is_1_of_a_text_itself(one, two):
    assert all(0 <= figure <= 1 for figure in rouge(one, two))
    assert rouge(one, one) == (1, 1, 1)
    assert rouge(one, two)[0] <= rouge(one, two)[1]  # a subsequence is shared whatever the order


def test_each_metric_takes_its_own_best_reference():
    wanted = Wanted(("red blue sky sea", "sky blue", ""))
    found = {name: metric.figure(Outcome([wanted], ["blue sky"])) for name, metric in metrics().items()}
    # all of the second reference's words in another order; a pair of the first alone
    assert found["rouge_1"] == 1
    assert found["rouge_l"] == pytest.approx(2 * 2 / 6)
    assert found["rouge_2"] == pytest.approx(2 * 1 / 4)


def test_what_was_copied_by_hand():
    source = "The sea is deep and the sky is blue."
    assert copied(source, "The sky is very deep") == pytest.approx((4 / 5, 2 / 4))
    assert copied(source, "A deep blue sea") == pytest.approx((3 / 4, 3 / 3))
    assert copied("海很深。天很蓝。", "海很蓝！") == pytest.approx((1, 0))
    assert np.isnan(copied(source, "")).all() and np.isnan(copied("", "sea")).all()
    assert np.isnan(copied(source, "sea")[1]) and copied(source, "sea")[0] == 1


def coverage(article, summary):
    """Grusky et al. 2018, figure 3 and equation 1, as they are printed."""
    fragments, i, j = [], 0, 0
    while i < len(summary):
        fragment = []
        while j < len(article):
            if summary[i] == article[j]:
                k, m = i, j
                while k < len(summary) and m < len(article) and summary[k] == article[m]:
                    k, m = k + 1, m + 1
                fragment = max(fragment, summary[i:k], key=len)
                j = m
            else:
                j += 1
        i, j = i + max(len(fragment), 1), 0
        fragments.append(fragment)
    return sum(map(len, fragments)) / len(summary)


@given(source=lists.filter(len), summary=lists.filter(len))
def test_the_copy_rate_is_the_coverage_by_extractive_fragments(source, summary):
    assert copied(" ".join(source), " ".join(summary))[0] == pytest.approx(coverage(source, summary))


def test_figures_of_a_few_rows():
    gold = [Wanted(("blue sky", "the red sea is deep"), "the sea is deep"), Wanted(("sky",), "blue sky"), Wanted()]
    outcome = Outcome(gold, ["the deep sea is", "", "what no row asked for"])
    found = {name: metric.figure(outcome) for name, metric in metrics().items()}
    assert next(iter(found)) == "rouge_l"
    assert found["rouge_l"] == pytest.approx((2 * 3 / 9 + 0) / 2)
    assert found["copy_rate"] == 1 and found["novel_bigrams"] == pytest.approx(2 / 3)
    assert found["length_ratio"] == pytest.approx((4 + 0) / (5 + 1))  # of 2 and 5 words the 5 are nearer to 4
    assert metrics()["length_ratio"].row_scores(outcome).tolist() == [-1, -1, 0]
    assert metrics()["copy_rate"].row_scores(outcome).tolist() == [1, 0, 0]


@given(rows=rows, weights=st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_a_rows_weight_is_how_often_it_stands_there(rows, weights):
    repeats, whole = np.array(weights[: len(rows)]), outcome_of(rows)
    for metric in metrics().values():
        weighed = metric.weighing(metric.counts(whole))(repeats[None].astype(float))[0]
        repeated = metric.figure(whole.take(np.repeat(np.arange(len(rows)), repeats)))
        assert weighed == pytest.approx(repeated, nan_ok=True)
        assert metric.figure(whole.take(np.arange(len(rows)).repeat(2))) == pytest.approx(
            metric.figure(whole), nan_ok=True
        )


def test_intervals_and_paired_tests_hold():
    gold = [Wanted(("the red sea is deep",), "the sea is deep"), Wanted(("天很蓝",), "天空很蓝")] * 20
    good, bad = Outcome(gold, ["the red sea", "天空很蓝"] * 20), Outcome(gold, ["x", "天"] * 20)
    for metric in metrics().values():
        found = interval(metric, good, 1)
        assert found.low <= found.value <= found.high
    assert compare(metrics()["rouge_l"], bad, good, 1).word == "better"
    assert all(np.isnan(metric.figure(Outcome([], []))) for metric in metrics().values())


def test_words_of_both_scripts():
    assert words("Don't_stop—3.5 naïve 𠀀 ひ") == ["don", "t", "stop", "3", "5", "naïve", "𠀀", "ひ"]
