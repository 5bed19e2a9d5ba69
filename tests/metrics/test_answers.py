"""Answers: exact match and F1 by hand, in English as SQuAD has them and in Chinese as CMRC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dongcha.metrics import Outcome
from dongcha.metrics.answers import Said, answer_f1, best_f1, is_exact, longest_run, metrics

words = st.lists(st.sampled_from(["blue", "sky", "red", "sea"]), max_size=6)


@pytest.mark.parametrize(
    ("gold", "found", "f1"),
    [
        ("the blue sky", "blue sky.", 1.0),
        ("blue sky", "sky", 2 / 3),
        ("sky sky", "sky", 2 / 3),
        ("blue", "red", 0.0),
        ("The", "a", 1.0),  # nothing is left of either
        ("The", "sky", 0.0),
        ("北京大学", "北京大学。", 1.0),
        ("北京大学", "北京的大学", 2 * 2 / 9),  # the longest run, not the bag
        ("1998年", "1998年", 1.0),
        ("于1998年", "1998年", 2 * 2 / 5),  # a number is one token
        ("Windows 系统", "windows系统", 1.0),
        ("£5", "5", 0.0),  # only ASCII punctuation is dropped
        ("5° C", "5 c", 0.5),
        ("“sky”", "sky", 0.0),
        ("it's", "its", 1.0),
        ("占50%", "占50", 2 * 2 / 5),  # CMRC keeps the sign
        ("（中国）", "中国", 1.0),
        ("3.5万", "3.5万。", 1.0),
        ("1-2月", "12月", 1.0),  # marks are taken out before words are cut
        ("中", "a", 0.0),
    ],
)
def test_f1_by_hand(gold, found, f1):
    assert answer_f1(gold, found) == pytest.approx(f1)
    assert answer_f1(found, gold) == pytest.approx(f1)


def test_no_answer_is_an_answer():
    assert best_f1([], "") == 1.0
    assert best_f1([], "sky") == best_f1(["sky"], "") == 0.0
    assert is_exact([], "") and not is_exact([], "sky") and not is_exact(["sky"], "")


@pytest.mark.parametrize(
    ("gold", "found", "same"),
    [
        ("The sky!", "sky", True),
        ("£5", "5", False),
        ("《红楼梦》", "红楼梦", True),
        ("50%左右", "50左右", False),
        ("Windows 系统", "windows系统", False),  # CMRC compares texts, blanks and all
    ],
)
def test_exact_is_by_the_texts_as_their_scorers_have_them(gold, found, same):
    assert is_exact([gold], found) == is_exact([found], gold) == same


def test_the_nearest_of_the_acceptable_answers_counts():
    assert best_f1(["red", "the sky"], "sky") == 1.0
    assert is_exact(["red", "the sky"], "Sky!")


def test_figures_of_a_few_rows():
    said = [Said("sky", "sky"), Said("", "red"), Said("", "sea"), Said("red", "red")]
    outcome = Outcome([["blue sky"], [], ["sea"], []], said)
    found = {name: metric.figure(outcome) for name, metric in metrics().items()}
    assert found["answer_f1"] == pytest.approx((2 / 3 + 1 + 0 + 0) / 4)
    assert found["exact_match"] == pytest.approx(1 / 4)
    assert found["answerable_f1"] == pytest.approx((2 / 3 + 0) / 2)
    assert found["likeliest_f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert metrics()["exact_match"].row_scores(outcome).tolist() == [0, 1, 0, 0]


@given(one=words, two=words)
def test_the_longest_run_is_that_of_the_joined_texts(one, two):
    found = longest_run(one, two)
    runs = {tuple(one[i:j]) for i in range(len(one)) for j in range(i, len(one) + 1)}
    assert found == max(
        (len(r) for r in runs if any(tuple(two[k : k + len(r)]) == r for k in range(len(two) + 1))), default=0
    )
    assert found == longest_run(two, one)
