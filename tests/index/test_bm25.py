"""Terms are cut as said, and BM25 is the formula: compared with one computed by hand."""

import tracemalloc
from math import log

import numpy as np
import pytest

from dongcha.index import Index
from dongcha.index.lexicon import Lexicon
from dongcha.index.terms import terms_of

CUT = {
    "The Quiet room, ROOM 12!": ["the", "quiet", "room", "room", "12"],
    "the guest's bags don't fit": ["the", "guest", "bags", "don't", "fit"],
    "the guest’s bags": ["the", "guest", "bags"],
    "房间很干净": ["房间", "间很", "很干", "干净"],
    "车": ["车"],
    "好，很好。": ["好", "很好"],
    "用GPT-4写周报": ["用", "gpt", "4", "写周", "周报"],
    "ＡＢＣ１２３": ["abc123"],
    "カタカナ": ["カタ", "タカ", "カナ"],
    "naïve café": ["naïve", "café"],
    "snake_case": ["snake", "case"],
    "房\u200b间，ser\u00advice\ufeff \u2060room": ["房间", "service", "room"],
    " \t。!?": [],
    "": [],
}


@pytest.mark.parametrize("text", CUT)
def test_a_text_is_cut_into_terms(text):
    assert terms_of(text) == CUT[text]


def index_of(*texts):
    return Index.create([f"d{i}" for i in range(len(texts))], texts, np.eye(len(texts), 4, dtype=np.float32) + 0.1)


def test_bm25_is_the_formula_by_hand():
    """Three rows of 3, 4 and 2 terms (mean 3); "room" is in two of them, twice in the second; "quiet" in one."""
    index = index_of("the quiet room", "room bad room service", "the soup")
    (ids,), (scores,) = index.bm25(["quiet room"], 3)
    k1, b, mean = 1.5, 0.75, 3
    idf_room = log(1 + (3 - 2 + 0.5) / (2 + 0.5))  # 0.47
    idf_quiet = log(1 + (3 - 1 + 0.5) / (1 + 0.5))  # 0.98
    first = (idf_quiet + idf_room) * 1 / (1 + k1 * (1 - b + b * 3 / mean))
    second = idf_room * 2 / (2 + k1 * (1 - b + b * 4 / mean))
    assert ids == ["d0", "d1"]
    np.testing.assert_allclose(scores, [first, second], rtol=1e-6)
    np.testing.assert_allclose([first, second], [0.580334, 0.242583], rtol=1e-4)


def test_rows_that_share_no_term_are_no_hits():
    index = index_of("the quiet room", "", "the soup")
    assert index.bm25(["soup", "nowhere", ""], 3).ids == [["d2"], [], []]


def test_rows_without_any_terms_are_never_found():
    index = index_of("", "。")
    assert index.bm25(["room"], 2).ids == [[]]


def test_chinese_words_are_found_inside_a_sentence():
    index = index_of("酒店的房间很干净", "服务很好", "the room was clean")
    assert index.bm25(["干净的房间"], 3).ids == [["d0"]]


def test_numbers_of_rows_change_the_scores_of_all():
    index = index_of("quiet room", "bad soup")
    before = index.bm25(["room"], 1).scores[0][0]
    index.add(["x"], ["more of it"], np.ones((1, 4), np.float32))
    after = index.bm25(["room"], 1).scores[0][0]
    assert after > before
    index.delete(["x"])
    assert index.bm25(["room"], 1).scores[0][0] == before


def test_memory_is_what_the_lexicon_says():
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{word}" for word in rng.integers(0, 2000, 50)) for _ in range(4000)]
    lexicon, terms = Lexicon(), 4000 * 50
    tracemalloc.start()
    try:
        lexicon.add(texts)
        assert tracemalloc.get_traced_memory()[1] < 12 * terms
        tracemalloc.reset_peak()
        lexicon.scores("w1")
        assert tracemalloc.get_traced_memory()[1] < 50 * terms
    finally:
        tracemalloc.stop()
