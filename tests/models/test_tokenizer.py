"""Tokens and their places: windows that own each token once, frames, Chinese characters kept apart."""

import types

import numpy as np
import pytest
import transformers
from finished_runs import tiny_roberta
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, normalizers, pre_tokenizers

from dongcha.data.features import bounds
from dongcha.errors import ModelError
from dongcha.models.tokenizer import CJK as ANY_CJK
from dongcha.models.tokenizer import Encoded, Tokenizer, frame, heads_of, load_tokenizer, windows
from dongcha.testing import tiny_writer
from dongcha.testing.tiny import CHARACTERS, WORDS

few = settings(max_examples=50, deadline=None)
CJK = "房间干净服务很好我们在北京上海猫　，"
LENGTHS = st.lists(st.integers(0, 60), min_size=1, max_size=8).map(lambda found: np.array(found, dtype=np.int64))
TEXTS = st.text(alphabet=CHARACTERS + " 猫🐈é", min_size=0, max_size=25)


def loaded(folder):
    return load_tokenizer(folder, transformers.AutoConfig.from_pretrained(folder))


@few
@given(LENGTHS, st.integers(1, 20))
def test_windows_fit_and_own_every_token_once(lengths, room):
    overlap = room // 4
    cover = windows(lengths, room, overlap)
    assert ((cover.end - cover.start) <= room).all()
    assert (cover.own_start >= cover.start).all()
    assert (cover.own_end <= cover.end).all()
    owned = [
        (row, token)
        for row, start, end in zip(cover.row, cover.own_start, cover.own_end, strict=True)
        for token in range(start, end)
    ]
    assert owned == [(row, token) for row, length in enumerate(lengths) for token in range(length)]
    assert set(cover.row.tolist()) == set(range(len(lengths))), "an empty text has a window too"


@few
@given(st.integers(1, 80), st.integers(4, 20))
def test_neighbouring_windows_share_the_overlap_and_the_deeper_one_owns(length, room):
    cover = windows(np.array([length]), room, room // 4)
    assert (cover.end[:-1] - cover.start[1:] == room // 4).all()
    assert len(cover.row) == (1 if length <= room else -(-(length - room // 4) // (room - room // 4)))

    def depth(window, token):
        """Tokens to the nearest edge that cuts the text."""
        left = token - cover.start[window] if cover.start[window] else length
        right = cover.end[window] - 1 - token if cover.end[window] < length else length
        return min(left, right)

    for window in range(len(cover.row)):
        for token in range(cover.own_start[window], cover.own_end[window]):
            holders = np.flatnonzero((cover.start <= token) & (token < cover.end))
            assert depth(window, token) >= max(depth(other, token) for other in holders) - 1


@few
@given(LENGTHS, st.integers(1, 20))
def test_truncation_keeps_the_head(lengths, room):
    cover = heads_of(lengths, room)
    assert cover.row.tolist() == list(range(len(lengths)))
    assert (cover.start == 0).all()
    assert cover.end.tolist() == [min(n, room) for n in lengths]


@few
@given(LENGTHS, st.integers(1, 20), st.integers(0, 2), st.integers(0, 2))
def test_a_frame_is_special_tokens_around_each_window(lengths, room, before, after):
    tokenizer = types.SimpleNamespace(
        prefix=np.arange(901, 901 + before, dtype=np.int32), suffix=np.arange(951, 951 + after, dtype=np.int32)
    )
    size = int(lengths.sum())
    ids = np.arange(1, size + 1, dtype=np.int32)
    encoded = Encoded(ids, ids, ids, bounds(lengths))
    cover = windows(lengths, room, room // 4)
    columns = {"word": (ids * 10, -1), "target": (ids.astype(np.int64) * 100, -100)}
    framed, tokens = frame(tokenizer, encoded, cover, columns)
    assert framed.tolist() == (cover.end - cover.start + before + after).tolist()
    expected = {"input_ids": [], "word": [], "target": []}
    for row, start, end in zip(cover.row, cover.start, cover.end, strict=True):
        inner = ids[bounds(lengths)[row] :][start:end].tolist()
        expected["input_ids"] += [*tokenizer.prefix.tolist(), *inner, *tokenizer.suffix.tolist()]
        for name, scale, fill in (("word", 10, -1), ("target", 100, -100)):
            expected[name] += [fill] * before + [i * scale for i in inner] + [fill] * after
    assert {name: column.tolist() for name, column in tokens.items()} == expected


def test_nothing_but_cjk_is_isolated():
    split = pre_tokenizers.Split(Regex(ANY_CJK), "isolated")
    found = [piece for piece, _ in split.pre_tokenize_str("NASA 2023年UTC𠀀𠀁 abc，カ")]
    assert found == ["NASA 2023", "年", "UTC", "𠀀", "𠀁", " abc", "，", "カ"]


@pytest.mark.parametrize("joins_cjk", [False, True])
def test_special_tokens_and_lengths_are_found_by_inspection(tiny_folder, joins_cjk):
    tokenizer = loaded(tiny_folder(joins_cjk=joins_cjk))
    assert tokenizer.prefix.tolist() == [2]
    assert tokenizer.suffix.tolist() == [3]
    assert (tokenizer.max_tokens, tokenizer.room, tokenizer.pad_id, tokenizer.unknown_id) == (64, 62, 0, 1)
    assert not tokenizer.holds_blanks


def test_byte_level_pieces_hold_the_blank_before_them(tmp_path):
    tokenizer = loaded(tiny_roberta(tmp_path / "m"))
    assert tokenizer.holds_blanks and tokenizer.plain_ids(["good"]) != tokenizer.plain_ids([" good"])
    alone = tokenizer.encode([" good", ""])
    tokenizer.opening = " "
    behind = tokenizer.encode(["good", ""])
    assert behind.ids[: len(alone.ids)].tolist() == alone.ids.tolist() and behind.lengths[1] == 1


@pytest.mark.parametrize(
    ("lost", "kept"),
    [((), (0, 2)), (("pad_token",), (2, 2)), (("eos_token",), (0, None)), (("pad_token", "eos_token"), (0, None))],
)
def test_what_fills_up_is_what_ends_a_text_where_nothing_else_does(tmp_path, lost, kept):
    hf = transformers.AutoTokenizer.from_pretrained(tiny_writer(tmp_path / "m"))
    for name in lost:
        setattr(hf, name, None)
    tokenizer = Tokenizer(hf, 64)
    assert (tokenizer.pad_id, tokenizer.end_id) == kept


def test_many_rows_are_decoded_as_each_by_itself(tiny_folder):
    tokenizer = loaded(tiny_folder())
    rows = [[2, *ids, 3] for ids in tokenizer.plain_ids(["the room was clean.", "", "房间 good"])]
    assert tokenizer.texts_of(rows) == [tokenizer.text_of(row) for row in rows]


@few
@given(st.lists(TEXTS, min_size=1, max_size=5), st.booleans())
def test_encoding_is_what_transformers_does(tiny_folder, texts, joins_cjk):
    folder = tiny_folder(joins_cjk=joins_cjk)
    tokenizer, plain = loaded(folder), transformers.AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer.encode(texts)
    cover = heads_of(encoded.lengths, tokenizer.room)
    lengths, tokens = frame(tokenizer, encoded, cover, {})
    expected = plain(texts, truncation=True, max_length=64)["input_ids"]
    assert [part.tolist() for part in np.split(tokens["input_ids"], np.cumsum(lengths)[:-1])] == expected
    for text, start, end in zip(texts, encoded.starts[:-1], encoded.starts[1:], strict=True):
        places = list(zip(encoded.begin[start:end], encoded.end[start:end], strict=True))
        assert all(0 <= a <= b <= len(text) for a, b in places)
        assert places == sorted(places)


def test_a_vocabulary_that_joins_chinese_characters_is_told_apart(tiny_folder):
    assert loaded(tiny_folder(joins_cjk=True)).joins_cjk()
    assert not loaded(tiny_folder()).joins_cjk()


@few
@given(st.text(alphabet=CJK + "abgood the.", min_size=1, max_size=20))
def test_isolated_each_chinese_character_begins_a_token_and_no_token_holds_two(tiny_folder, text):
    tokenizer = loaded(tiny_folder(joins_cjk=True))
    tokenizer.isolate_cjk()
    encoded = tokenizer.encode([text])
    places = set(zip(encoded.begin.tolist(), encoded.end.tolist(), strict=True))
    for at, character in enumerate(text):
        if character in CJK:
            assert (at, at + 1) in places
    assert not any(character in CJK for a, b in places if b - a > 1 for character in text[a:b])


@few
@given(
    st.lists(st.sampled_from([*WORDS, "北京", "服务很好", "我们", "很", "。"]), min_size=1, max_size=8), st.booleans()
)
def test_isolated_text_comes_back_and_plain_transformers_agrees(tiny_folder, tmp_path_factory, pieces, spaces):
    tokenizer = loaded(tiny_folder(joins_cjk=True))
    text = (" " if spaces else "").join(pieces)
    english_before = tokenizer.encode([" ".join(p for p in pieces if p in WORDS)]).ids.tolist()
    tokenizer.isolate_cjk()
    assert not tokenizer.joins_cjk()
    assert tokenizer.encode([" ".join(p for p in pieces if p in WORDS)]).ids.tolist() == english_before
    if "。" not in text:  # which the vocabulary lacks
        assert tokenizer.hf.decode(tokenizer.encode([text]).ids) == text
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer.save(folder)
    plain = transformers.AutoTokenizer.from_pretrained(folder)
    assert plain(text)["input_ids"] == tokenizer.ids([text])[0]
    again = load_tokenizer(folder, types.SimpleNamespace(max_position_embeddings=64))
    assert again.ids([text]) == tokenizer.ids([text])
    assert not again.joins_cjk()


def test_offsets_point_into_the_text_as_given_whatever_the_normaliser_drops(tiny_folder):
    tokenizer = loaded(tiny_folder())
    tokenizer.raw.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex("[\u0300-\u036f\u200b]"), ""), tokenizer.raw.normalizer]
    )
    text = "the\u200b ro\u0301om was good"
    encoded = tokenizer.encode([text])
    assert [text[a:b] for a, b in zip(encoded.begin, encoded.end, strict=True)][-2:] == ["was", "good"]


def test_positions_that_begin_after_the_padding_id_leave_less_room(tiny_folder):
    config = types.SimpleNamespace(model_type="xlm-roberta", max_position_embeddings=34, pad_token_id=1)
    assert load_tokenizer(tiny_folder(), config).max_tokens == 32


def test_a_folder_without_a_tokenizer_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match=str(tmp_path)):
        load_tokenizer(tmp_path, types.SimpleNamespace())
