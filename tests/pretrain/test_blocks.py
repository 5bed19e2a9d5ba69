"""Texts become blocks that hold every token once, end at sentences where they can, and know their words."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Trained
from tokenizers import models, normalizers
from transformers import AutoConfig

from dongcha.data.features import bounds
from dongcha.data.sentences import sentences
from dongcha.models.tokenizer import Encoded, load_tokenizer
from dongcha.pretrain import sentence_order
from dongcha.pretrain._blocks import MOST_PIECES, blocks, stretches, words_of

PARTS = st.lists(
    st.sampled_from(("the room", "good", "北京", "我们喜欢", ". ", "。", "！", " ", "x9", "\n", "")), max_size=30
)

LONG = st.lists(st.sampled_from(("the room was good ", "北京我们喜欢", "x9 ", ". ", "。")), min_size=3, max_size=30)


@pytest.fixture(scope="module")
def readers(tiny_folder):
    folders = {"words": tiny_folder(), "joins": tiny_folder(joins_cjk=True)}
    return {name: load_tokenizer(folder, AutoConfig.from_pretrained(folder)) for name, folder in folders.items()}


@settings(max_examples=50, deadline=None)
@given(st.lists(PARTS.map("".join), min_size=1, max_size=4), st.sampled_from(("words", "joins")), st.integers(8, 20))
def test_every_token_is_in_one_block_that_fits(readers, texts, kind, most):
    import copy

    tokenizer = copy.copy(readers[kind])
    tokenizer.max_tokens = most
    chunk, encoded = blocks(texts, tokenizer, 5), tokenizer.encode(texts)
    assert (chunk.lengths <= most).all()
    inside = chunk.tokens["word"] >= 0
    assert np.array_equal(chunk.tokens["input_ids"][inside], encoded.ids)
    assert (chunk.tokens["cjk"][~inside] == 0).all()
    assert chunk.tokens["cjk"].sum() == sum("\u4e00" <= c <= "\u9fff" or c in "。！" for text in texts for c in text)
    assert chunk.facts == {"texts": len(texts), "tokens": len(encoded.ids)}
    assert set(chunk.units["row"].tolist()) <= set(range(5, 5 + len(texts)))


def test_a_block_ends_at_the_last_sentence_that_fits_unless_that_leaves_it_half_empty():
    assert list(stretches(np.array([6, 9, 17]), 20, 10)) == [(0, 9), (9, 17), (17, 20)]
    assert list(stretches(np.array([3]), 20, 10)) == [(0, 10), (10, 20)]
    assert list(stretches(np.array([], int), 0, 10)) == []


def test_a_piece_of_a_word_has_the_number_of_its_word(readers):
    chunk = blocks(["the hotel was good"], readers["words"], 0)
    words = chunk.tokens["word"].tolist()
    assert words[0] == words[-1] == -1
    assert words[1:-1] == [0, *[1] * 5, 2, 3]  # h o t e l has no piece of its own


def test_where_a_tokenizer_cuts_no_words_blanks_do():
    pieces = {letter: i for i, letter in enumerate("abcdefgh▁")}
    raw = Trained(models.BPE(vocab=pieces, merges=[]))
    raw.normalizer = normalizers.Replace(" ", "▁")  # as Gemma has it: a text is one word
    reader = SimpleNamespace(raw=raw)
    texts = ["ab cd e", "", "fg h"]
    found = raw.encode_batch(texts)
    places = np.array([place for one in found for place in one.offsets])
    lengths = np.array([len(one.ids) for one in found])
    ids = np.array([number for one in found for number in one.ids])
    encoded = Encoded(ids, places[:, 0], places[:, 1], bounds(lengths))
    number = words_of(texts, reader, encoded)
    words = ["".join(raw.id_to_token(i) for i in encoded.ids[number == n]) for n in np.unique(number)]
    assert "".join(words).replace("▁", " ") == "ab cd efg h"
    assert [word.strip("▁") for word in words if word != "▁"] == ["ab", "cd", "e", "fg", "h"]


def test_a_word_without_an_end_is_masked_in_parts(readers):
    texts = ["hotel" * 9 + " was"]
    encoded = readers["words"].encode(texts)
    number = words_of(texts, readers["words"], encoded)
    counts = np.bincount(number)
    assert counts.max() == MOST_PIECES and len(encoded.ids) == counts.sum()
    assert counts[-1] == 1, "the next word is one of its own"


def test_sentence_order_pairs_neighbours_and_swaps_about_half(readers):
    texts = ["the room was good. the service was bad. " * 3] * 40
    chunk = sentence_order.encode(texts, readers["words"], 0)
    assert len(chunk.lengths) == 3 * 40
    assert 0.3 < chunk.units["swapped"].mean() < 0.7
    good, bad = (readers["words"].ids([word])[0][1] for word in ("good", "bad"))
    starts = np.concatenate([[0], np.cumsum(chunk.lengths)])
    for i, swapped in enumerate(chunk.units["swapped"]):
        ids = chunk.tokens["input_ids"][starts[i] : starts[i + 1]].tolist()
        assert (ids.index(bad) < ids.index(good)) == bool(swapped)


@settings(max_examples=50, deadline=None)
@given(st.lists(LONG.map("".join), min_size=1, max_size=3), st.sampled_from(("words", "joins")), st.integers(16, 24))
def test_a_pair_of_long_sentences_fits_and_loses_nothing(readers, texts, kind, most):
    """In their own order, the pairs of a text hold all its tokens; without a partner is one last piece at most."""
    import copy

    tokenizer = copy.copy(readers[kind])
    tokenizer.max_tokens = most
    chunk = sentence_order.encode(texts, tokenizer, 5)
    assert (chunk.lengths <= most).all()
    starts = np.concatenate([[0], np.cumsum(chunk.lengths)])
    for i, text in enumerate(texts):
        read = []
        for pair in np.flatnonzero(chunk.units["row"] == i + 5):
            first, second = halves(chunk.tokens["input_ids"][starts[pair] : starts[pair + 1]].tolist(), tokenizer)
            read += second + first if chunk.units["swapped"][pair] else first + second
        whole = [token for _, sentence in sentences(text) for token in tokenizer.encode([sentence]).ids.tolist()]
        assert read == whole[: len(read)]
        assert len(whole) - len(read) <= tokenizer.pair_room // 2


def halves(ids, tokenizer):
    """Take two pieces out of their frame; no piece holds the token between them."""
    before, between, after = (part.tolist() for part, _ in tokenizer.pair.special)
    inner = ids[len(before) : len(ids) - len(after)]
    at = inner.index(between[0])
    return inner[:at], inner[at + len(between) :]


def test_texts_of_one_sentence_give_no_pair_but_the_same_columns(readers):
    none = sentence_order.encode(["the room", ""], readers["words"], 0)
    some = sentence_order.encode(["one. two."], readers["words"], 0)
    assert len(none.lengths) == 0
    assert set(none.tokens) == set(some.tokens) and set(none.units) == set(some.units)
