"""What is the same, what is almost the same, and what it costs to find out."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data.dataset import Dataset
from dongcha.data.duplicates import digest, drop_repeats, exact_groups, fold, groups_and_ranks, num_words
from dongcha.data.near_duplicates import NearOptions, near_pairs

EN = [
    "market",
    "company",
    "said",
    "rose",
    "fell",
    "oil",
    "price",
    "game",
    "team",
    "win",
    "loss",
    "court",
    "police",
    "tax",
]
ZH = "市场公司表示上涨下跌油价比赛球队胜利失败法院警方报告新的计划投票税收学校学生医院手机天气城市交通"


def english(rng, words=25):
    return " ".join(rng.choice(EN) + str(rng.randrange(40)) for _ in range(words))


def chinese(rng, length=45):
    return "".join(rng.choice(ZH) for _ in range(length))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ABC 123", "ＡＢＣ　１２３"),
        ("a  b\tc\n", "a b c"),
        ("价格：１００", "价格:100"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("cafe\u0301", "café"),
    ],
)
def test_folding_takes_away_what_a_reader_does_not_see(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("us", "US"), ("you're", "youre"), ("你好 世界", "你好世界")])
def test_folding_keeps_case_punctuation_and_words(one, other):
    assert fold(one) != fold(other)


@given(st.text())
@settings(max_examples=50)
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)


@given(st.lists(st.text(max_size=3), max_size=30))
@settings(max_examples=50)
def test_groups_are_equal_exactly_where_folded_texts_are(texts):
    groups = exact_groups(texts)
    folded = [fold(text) for text in texts]
    assert list(groups) == [list(dict.fromkeys(folded)).index(text) for text in folded]


def test_words_are_counted_in_both_scripts():
    assert num_words("New York 1996") == 3
    assert num_words("很好吃") == 3
    assert num_words("用 Python 写") == 3


def test_drop_repeats_keeps_the_first_and_counts_conflicts():
    table = pa.table({"text": ["a b", "c", "a  b", "ａ b", "c"], "label": ["x", "y", "x", "z", "y"]})
    kept, dropped, conflicts = drop_repeats(Dataset("train", "t.csv", table), ("text", "label"))
    assert (kept.column("text"), dropped, conflicts) == (["a b", "c"], 3, 1)


def test_rows_that_ask_for_other_attributes_are_no_repeats():
    """The same prompt, warm and short: two rows to learn; the third repeats the first, its tags turned round."""
    warm, cold, short = ({"name": name, "value": v} for name, v in (("tone", "warm"), ("tone", "cold"), ("size", "s")))
    asked = [[warm, short], [cold, short], [short, warm]]
    table = pa.table({"prompt": ["a note"] * 3, "completion": ["x", "y", "z"], "attributes": asked})
    kept, dropped, conflicts = drop_repeats(Dataset("train", "t.csv", table), ("prompt", "completion"))
    assert (kept.column("completion"), dropped, conflicts) == (["x", "y"], 1, 1)


def test_drop_repeats_compares_all_input_fields_and_lists_as_bags():
    table = pa.table({"text_a": ["a", "a", "a"], "text_b": ["b", "c", "b"], "label": [["x", "y"], ["x"], ["y", "x"]]})
    kept, dropped, conflicts = drop_repeats(Dataset("train", "t.csv", table), ("text_a", "text_b", "label"))
    assert (len(kept), dropped, conflicts) == (2, 1, 0)


def test_planted_exact_repeats_are_all_found():
    rng = random.Random(1)
    texts = [english(rng) for _ in range(1000)] + [chinese(rng) for _ in range(1000)]
    planted = rng.sample(range(2000), 100)
    copies = ["　" + texts[i].replace(" ", "  ").translate({48 + d: 0xFF10 + d for d in range(10)}) for i in planted]
    groups = exact_groups([*texts, *copies])
    assert list(groups[2000:]) == planted
    assert len(np.unique(groups)) == 2000


def edited_word(rng, text):
    words = text.split(" ")
    words[rng.randrange(len(words))] = rng.choice(EN)
    return " ".join(words)


def edited_character(rng, text):
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(["", "x", ZH[rng.randrange(len(ZH))]]) + text[at + 1 :]


def test_planted_near_repeats_are_found_and_nothing_else():
    rng = random.Random(2)
    texts = [english(rng) for _ in range(1000)] + [chinese(rng) for _ in range(1000)]
    planted = [(i, edited_word(rng, texts[i])) for i in range(0, 1000, 10)]
    planted += [(i, edited_character(rng, texts[i])) for i in range(0, 2000, 10)]
    pairs, similarity = near_pairs([*texts, *(copy for _, copy in planted)])
    found = {(int(a), int(b)) for a, b in pairs}
    expected = {(origin, 2000 + number) for number, (origin, _) in enumerate(planted)}
    assert len(found & expected) >= 0.9 * len(expected)
    # Two copies of one origin may be near too; texts that were drawn apart never are.
    origin_of = {**{i: i for i in range(2000)}, **{2000 + n: origin for n, (origin, _) in enumerate(planted)}}
    assert all(origin_of[a] == origin_of[b] for a, b in found)
    assert similarity.min() >= 0.8


def shingle_set(text):
    return {text[i : i + 3] for i in range(len(text) - 2)}


def test_similarity_is_the_jaccard_of_three_character_shingles():
    one, other = "the quick brown fox jumps over the dog", "the quick brown fox jumps over the fog"
    a, b = shingle_set(one), shingle_set(other)
    pairs, similarity = near_pairs([one, other])
    assert pairs.tolist() == [[0, 1]]
    assert similarity[0] == pytest.approx(len(a & b) / len(a | b))


def test_below_the_threshold_nothing_is_reported():
    one, other = "the quick brown fox jumps over the dog", "the quick brown fox jumps onto the fog"
    a, b = shingle_set(one), shingle_set(other)
    assert 0.6 < len(a & b) / len(a | b) < 0.8
    at = {
        t: [len(near_pairs([one, other], options=NearOptions(seed=seed, threshold=t))[0]) for seed in range(5)]
        for t in (0.8, 0.6)
    }
    assert sum(at[0.8]) == 0
    assert sum(at[0.6]) > 0  # it was met in a bucket: the check of its similarity kept it out above


def test_parts_limit_what_is_compared():
    rng = random.Random(3)
    text = english(rng)
    texts = [text, text + " a", text + " b", english(rng)]
    pairs, _ = near_pairs(texts, np.array([0, 0, 1, 1]), wanted=[(0, 1)])
    assert sorted(map(tuple, pairs.tolist())) == [(0, 2), (1, 2)]


KIN = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), max_size=7)


@given(KIN)
@settings(max_examples=50, deadline=None)
def test_comparing_one_part_with_the_others_finds_what_comparing_all_finds(kin):
    base = [english(random.Random(seed), 8) for seed in range(4)]
    texts = [f"{base[family]} {'abcd'[edit]}" for family, edit, _ in kin]
    parts = np.array([part for _, _, part in kin], dtype=np.int64)
    wanted = [(0, 1), (0, 2)]
    pairs, similarity = near_pairs(texts, parts, wanted)
    every, of_every = near_pairs(texts, parts)
    across = {
        tuple(sorted(map(int, pair), key=lambda place: parts[place])): s
        for pair, s in zip(every, of_every, strict=True)
        if 0 in parts[pair] and parts[pair[0]] != parts[pair[1]]
    }
    assert {(int(a), int(b)): s for (a, b), s in zip(pairs, similarity, strict=True)} == across
    assert set(across) >= {
        (a, b)
        for a, (family, edit, part) in enumerate(kin)
        for b, (other, edit_too, part_too) in enumerate(kin)
        if part == 0 < part_too and family == other and edit == edit_too
    }


@given(st.lists(st.text(alphabet="aAＡ \u200b", max_size=3), max_size=12))
@settings(max_examples=50)
def test_groups_and_ranks_are_the_groups_and_each_ones_digest(texts):
    groups, ranks = groups_and_ranks(iter(texts), b"key")
    assert groups.tolist() == exact_groups(texts).tolist()
    assert all(ranks[group] == digest(text, b"key") for group, text in zip(groups, texts, strict=True))
    assert len(ranks) == len(set(groups.tolist()))


def test_a_family_of_alike_texts_costs_no_square():
    texts = [
        f"Dear customer, your order number {i:05d} has been sent today from our store in town" for i in range(3000)
    ]
    pairs, _ = near_pairs(texts)
    assert len(np.unique(pairs)) >= 2990
    assert len(pairs) <= 3000 * 8 * 16


def test_short_and_no_texts_have_no_near_ones():
    for texts in ([], ["yes"], ["yes", "yes!"], ["", ""]):
        pairs, similarity = near_pairs(texts)
        assert pairs.shape == (0, 2)
        assert similarity.shape == (0,)


def test_another_answer_to_a_query_is_no_repeat():
    rows = [("q", "x", ["z"]), ("q", "y", ["z"]), ("q", "x", ["w"]), ("r", "x", ["z"])]
    query, positive, negatives = zip(*rows, strict=True)
    table = pa.table({"query": query, "positive": positive, "negatives": negatives})
    kept, dropped, conflicts = drop_repeats(Dataset("train", "t.csv", table), ("query", "positive"))
    assert (kept.column("positive"), dropped, conflicts) == (["x", "y", "x"], 1, 0)
