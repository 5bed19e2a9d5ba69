"""Tags to spans and back, tokens to text, text to words."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data import tags
from dongcha.data.tags import (
    SCHEMES,
    detect_scheme,
    join_tokens,
    spans_to_tags,
    split_column,
    split_words,
    tags_to_spans,
)
from dongcha.errors import DataError
from dongcha.types import Span

TOKENS = st.lists(
    st.sampled_from(["EU", "cafe\u0301", "北", "京", "、", "1", "😀", "-", "ア", "Ａ", "　"]), min_size=1, max_size=12
)


@st.composite
def tagged_rows(draw):
    """Words of a joined text with chunks of whole words over them, in order and apart."""
    words = join_tokens(draw(TOKENS))[1]
    spans, at = [], 0
    while at < len(words):
        first = draw(st.integers(at, len(words)))
        if first == len(words):
            break
        last = draw(st.integers(first, len(words) - 1))
        spans.append(Span(words[first][0], words[last][1], draw(st.sampled_from(["PER", "ORG", "a-b_c"]))))
        at = last + 1
    return words, spans


@pytest.mark.parametrize("scheme", SCHEMES)
@given(row=tagged_rows())
@settings(max_examples=50, deadline=None)
def test_spans_survive_being_written_as_tags(scheme, row):
    words, spans = row
    written = spans_to_tags(spans, words, scheme)
    assert tags_to_spans(written, words, scheme) == spans
    assert spans_to_tags(tags_to_spans(written, words, scheme), words, scheme) == written


@given(rows=st.lists(tagged_rows(), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_a_column_of_rows_reads_as_each_row_alone(rows):
    sequences = [spans_to_tags(spans, words) for words, spans in rows]
    words = pa.array([[{"start": a, "end": b} for a, b in ws] for ws, _ in rows], pa.list_(tags.WORD))
    column, evidence = tags.spans_column(pa.array(sequences, pa.list_(pa.string())), words)
    assert column.to_pylist() == [
        [{"start": s.start, "end": s.end, "label": s.label} for s in spans] for _, spans in rows
    ]
    assert tags.scheme_of(evidence) == detect_scheme(sequences)


# conlleval's reading of ill-formed sequences, worked out by hand
ILL_FORMED = [
    ("I-A I-A", [(0, 2, "A")]),
    ("O I-A", [(1, 2, "A")]),
    ("B-A I-B", [(0, 1, "A"), (1, 2, "B")]),
    ("I-A B-A", [(0, 1, "A"), (1, 2, "A")]),
    ("B-A O I-A", [(0, 1, "A"), (2, 3, "A")]),
    ("E-A E-A", [(0, 1, "A"), (1, 2, "A")]),
    ("S-A I-A", [(0, 1, "A"), (1, 2, "A")]),
    ("B-A E-A I-A", [(0, 2, "A"), (2, 3, "A")]),
    ("B-A S-A", [(0, 1, "A"), (1, 2, "A")]),
    ("O O", []),
    ("U-A O B-B L-B", [(0, 1, "A"), (2, 4, "B")]),
    ("B-A M-A E-A", [(0, 3, "A")]),
    ("B_A I_A", [(0, 2, "A")]),
]


@pytest.mark.parametrize(("written", "expected"), ILL_FORMED)
def test_ill_formed_sequences_are_read_by_the_rule_of_conlleval(written, expected):
    sequence = written.split()
    words = [(i, i + 1) for i in range(len(sequence))]
    assert [(s.start, s.end, s.label) for s in tags_to_spans(sequence, words)] == expected


@pytest.mark.parametrize(
    ("sequences", "scheme"),
    [
        (["I-A I-A", "O I-B"], "IOB1"),
        (["I-A B-A", "O I-B"], "IOB1"),
        (["B-A I-A", "O B-B"], "BIO"),
        (["B-A I-A", "B-A", "O I-B"], "BIO"),  # one slip does not make a file IOB1
        (["B-A E-A", "O S-B"], "BIOES"),
        (["O O"], "BIO"),
        ([], "BIO"),
    ],
)
def test_the_scheme_is_told_over_the_whole_file(sequences, scheme):
    assert detect_scheme([s.split() for s in sequences]) == scheme


def test_a_chunk_never_runs_over_a_row():
    column = pa.array([["B-A"], [], ["I-A", "O"], ["I-A"]], pa.list_(pa.string()))
    words = pa.array([[{"start": i, "end": i + 1} for i in range(n)] for n in (1, 0, 2, 1)], pa.list_(tags.WORD))
    spans, _ = tags.spans_column(column, words)
    assert [[s["end"] for s in row] for row in spans.to_pylist()] == [[1], [], [1], [1]]


@pytest.mark.parametrize("tag", ["PER", "B", "B-", "X-PER", "", "BPER"])
def test_a_tag_of_no_known_form_is_refused_with_its_row(tag):
    with pytest.raises(tags.UnknownTag) as caught:
        tags.find_chunks(pa.array([["O"], ["O", tag]], pa.list_(pa.string())))
    assert caught.value.row == 1 and caught.value.tag == tag
    with pytest.raises(DataError, match="BIOUL"):
        tags_to_spans(["O"], [(0, 1)], "BIOUL")


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["EU", "rejects", "."], "EU rejects ."),
        (["北", "京", "。"], "北京。"),
        (["用", "iPhone", "拍"], "用 iPhone 拍"),
        (["ア", "イ", "Ａ", "𠀀"], "アイＡ𠀀"),
        (["한", "국"], "한 국"),
        (["x"], "x"),
        ([], ""),
    ],
)
def test_tokens_are_joined_with_a_space_except_between_two_cjk_characters(tokens, text):
    joined, words = join_tokens(tokens)
    assert joined == text
    assert [joined[a:b] for a, b in words] == tokens


@given(rows=st.lists(st.lists(st.text(min_size=1, max_size=5), max_size=6), max_size=5))
@settings(max_examples=50, deadline=None)
def test_the_offsets_of_joined_tokens_cut_out_the_tokens(rows):
    texts, words = tags.join_column(pa.array(rows, pa.list_(pa.string())))
    for tokens, text, offsets in zip(rows, texts.to_pylist(), words.to_pylist(), strict=True):
        assert [text[w["start"] : w["end"]] for w in offsets] == tokens


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Oil rises 3.5%", ["Oil", "rises", "3", ".", "5", "%"]),
        ("我爱iPhone15", ["我", "爱", "iPhone15"]),
        ("don't", ["don", "'", "t"]),
        ("Москва — ок", ["Москва", "—", "ок"]),
        ("cafe\u0301　x", ["cafe\u0301", "x"]),
        (" \t\n", []),
        ("", []),
    ],
)
def test_texts_are_cut_into_words(text, words):
    assert [text[a:b] for a, b in split_words(text)] == words


@given(texts=st.lists(st.text(max_size=20), max_size=5))
@settings(max_examples=50, deadline=None)
def test_words_cover_all_but_white_space_in_order(texts):
    for text, words in zip(texts, split_column(pa.array(texts, pa.string())).to_pylist(), strict=True):
        ends = np.array([[w["start"], w["end"]] for w in words]).ravel()
        assert (np.diff(ends) >= 0).all()
        assert "".join(text[w["start"] : w["end"]] for w in words) == "".join(c for c in text if not c.isspace())
        assert split_words(text) == [(w["start"], w["end"]) for w in words]


@given(row=tagged_rows(), scheme=st.sampled_from(SCHEMES))
@settings(max_examples=30, deadline=None)
def test_a_word_cut_by_a_span_is_still_tagged(row, scheme):
    words, spans = row
    narrow = [Span(s.start, s.end - (s.end - s.start > 1), s.label) for s in spans]
    assert len(spans_to_tags(narrow, words, scheme)) == len(words)
    touched = sum(any(a < s.end and b > s.start for s in narrow) for a, b in words)
    assert sum(tag != "O" for tag in spans_to_tags(narrow, words, scheme)) == touched


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\u2600\ufe0fparis is", ["\u2600\ufe0f", "paris", "is"]),
        ("\u2014\u0301paris", ["\u2014\u0301", "paris"]),
        ("caf\u0065\u0301s here", ["caf\u0065\u0301s", "here"]),
        ("\u304b\u3099\u306f", ["\u304b\u3099", "\u306f"]),
        ("\u845b\U000e0100\u57ce", ["\u845b\U000e0100", "\u57ce"]),
        ("a \u0301\u0301b", ["a", "\u0301\u0301b"]),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", ["\u0939\u093f\u0928\u094d\u0926\u0940"]),
    ],
)
def test_a_mark_belongs_to_the_character_before_it(text, words):
    assert [text[a:b] for a, b in split_words(text)] == words
    behind = split_column(pa.array(["\u2600", text]))[1].as_py()  # another row's last character carries nothing
    assert [text[w["start"] : w["end"]] for w in behind] == words
