"""Turn tags of words into spans of characters and back, and texts into words.

In: tokens and tags as lists, or as Arrow list columns. Out: spans, tags, word offsets, all in characters of the text.
Tags are IOB1, BIO (IOB2) or BIOES; BILOU and BMES letters are read as BIOES. Ill-formed sequences are read by the rule
of conlleval (Tjong Kim Sang and Buchholz 2000): a chunk begins at B and S, and at any other tag that follows O, the
end of a chunk, or another type. That rule reads all schemes alike, so the scheme matters only for writing tags.

The column functions (`..._column`) work on a whole column at once; the others on one row.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dongcha.errors import DataError
from dongcha.locale import say
from dongcha.types import Span

SCHEMES = ("IOB1", "BIO", "BIOES")
OUTSIDE, BEGIN, INSIDE, END, SINGLE, UNKNOWN = range(6)
PREFIXES = {"B": BEGIN, "I": INSIDE, "M": INSIDE, "E": END, "L": END, "S": SINGLE, "U": SINGLE}

WORD = pa.struct([("start", pa.int32()), ("end", pa.int32())])
SPAN = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())])

# Two characters of these ranges stand side by side without a space (the last runs to the end of Unicode).
CJK = ((0x3000, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x20000, 0x10FFFF))
_CJK_PATTERN = "^[" + "".join(f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in CJK) + "]$"

Offsets = list[tuple[int, int]]


class UnknownTag(DataError):
    """A tag has no known form; `row` is its 0-based row."""

    def __init__(self, row: int, tag: str) -> None:
        super().__init__(say("read.unknown_tag", place=row + 1, tag=tag))
        self.row, self.tag = row, tag


@dataclass(frozen=True)
class Chunks:
    """Chunks of a tag column: for each, its row, its first and last token in the flat column, its label's index.

    `evidence` counts what tells the schemes apart: tags of BIOES only, chunks that open with I, chunks that open with B
    where I would do in IOB1; all int64.
    """

    row: np.ndarray
    first: np.ndarray
    last: np.ndarray
    label: np.ndarray
    labels: tuple[str, ...]
    evidence: np.ndarray


def parse_tag(tag: str) -> tuple[int, str]:
    """Split a tag such as `B-PER` into its kind and its label; a tag of no known form is UNKNOWN."""
    if tag == "O":
        return OUTSIDE, ""
    kind = PREFIXES.get(tag[:1], UNKNOWN) if tag[1:2] in ("-", "_") and len(tag) > 2 else UNKNOWN
    return kind, tag[2:]


def row_bounds(column: pa.ListArray) -> np.ndarray:
    """Return the bounds of each row in the flattened column, (rows + 1,) int64."""
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def find_chunks(tags: pa.ListArray) -> Chunks:
    """Find the chunks of a column list<string> by conlleval's rule; raises DataError at a tag of no known form."""
    bounds = row_bounds(tags)
    flat = pc.dictionary_encode(tags.flatten())
    parsed = [parse_tag(tag) for tag in flat.dictionary.to_pylist()]
    labels = tuple(dict.fromkeys(label for kind, label in parsed if kind not in (OUTSIDE, UNKNOWN)))
    codes = flat.indices.to_numpy(zero_copy_only=False)
    kind = np.array([k for k, _ in parsed], dtype=np.int8)[codes] if len(codes) else np.zeros(0, np.int8)
    label = np.array([labels.index(name) if name in labels else -1 for _, name in parsed], dtype=np.int64)
    label = label[codes] if len(codes) else np.zeros(0, np.int64)
    if (unknown := np.flatnonzero(kind == UNKNOWN)).size:
        row = int(np.searchsorted(bounds, unknown[0], side="right")) - 1
        raise UnknownTag(row, flat[int(unknown[0])].as_py())
    return _chunks(kind, label, bounds, labels)


def _chunks(kind: np.ndarray, label: np.ndarray, bounds: np.ndarray, labels: tuple[str, ...]) -> Chunks:
    size = len(kind)
    opens_row = np.zeros(size + 1, dtype=bool)
    opens_row[bounds] = True
    inside = kind != OUTSIDE
    previous = np.concatenate([[OUTSIDE], kind[:-1]])[:size]
    previous[opens_row[:size]] = OUTSIDE
    same = np.concatenate([[-1], label[:-1]])[:size] == label
    touches = (previous != OUTSIDE) & same  # an I here would go on with the chunk before it, were that not closed
    closed = np.isin(previous, (END, SINGLE))
    starts = inside & (np.isin(kind, (BEGIN, SINGLE)) | ~touches | closed)
    ends_before = np.concatenate([starts | ~inside, [True]])[1:] | opens_row[1:]
    first, last = np.flatnonzero(starts), np.flatnonzero(inside & ends_before)
    row = np.searchsorted(bounds, first, side="right") - 1
    evidence = [
        np.count_nonzero(np.isin(kind, (END, SINGLE))),
        np.count_nonzero(starts & (kind == INSIDE) & ~closed),
        np.count_nonzero((kind == BEGIN) & ~touches),
    ]
    return Chunks(row, first, last, label[first], labels, np.array(evidence, dtype=np.int64))


def scheme_of(evidence: np.ndarray) -> str:
    """Name the scheme from the summed evidence of all rows; without any chunk it is BIO."""
    only_bioes, opens_with_i, opens_with_b = evidence
    if only_bioes:
        return "BIOES"
    return "IOB1" if opens_with_i > opens_with_b else "BIO"


def detect_scheme(sequences: Iterable[Sequence[str]]) -> str:
    """Name the scheme of tag sequences, over all of them: `IOB1`, `BIO` or `BIOES`."""
    return scheme_of(find_chunks(pa.array([list(tags) for tags in sequences], pa.list_(pa.string()))).evidence)


def spans_column(tags: pa.ListArray, words: pa.ListArray) -> tuple[pa.ListArray, np.ndarray]:
    """Turn list<string> tags and list<{start,end}> words, as many, into list<{start,end,label}>; also give evidence."""
    chunks = find_chunks(tags)
    flat = words.flatten()
    start = pc.struct_field(flat, "start").take(pa.array(chunks.first))
    end = pc.struct_field(flat, "end").take(pa.array(chunks.last))
    label = pa.array(chunks.labels, pa.string()).take(pa.array(chunks.label))
    spans = pa.StructArray.from_arrays([start, end, label], fields=list(SPAN))
    return list_column(spans, chunks.row, len(tags)), chunks.evidence


def list_column(values: pa.Array, rows: np.ndarray, num_rows: int) -> pa.ListArray:
    """Build a list column from flat values and the 0-based row of each, in row order."""
    bounds = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=num_rows))])
    return pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), values)


def tags_to_spans(tags: Sequence[str], words: Sequence[tuple[int, int]], scheme: str = "BIO") -> list[Span]:
    """Turn the tags of one row's words into spans, ordered by start; raises DataError at an unknown tag or scheme."""
    _known_scheme(scheme)
    chunks = find_chunks(pa.array([list(tags)], pa.list_(pa.string())))
    bounds = zip(chunks.first, chunks.last, chunks.label, strict=True)
    return [Span(words[first][0], words[last][1], chunks.labels[label]) for first, last, label in bounds]


def _known_scheme(scheme: str) -> None:
    if scheme not in SCHEMES:
        raise DataError(say("read.unknown_scheme", scheme=scheme, all=", ".join(SCHEMES)))


def spans_to_tags(spans: Sequence[Span], words: Sequence[tuple[int, int]], scheme: str = "BIO") -> list[str]:
    """Write one tag a word; a word belongs to the first span that shares a character with it."""
    _known_scheme(scheme)
    tags = ["O"] * len(words)
    before: tuple[int, str] = (-1, "")  # the last word and the label of the chunk before, for IOB1
    i = 0
    for span in sorted(spans, key=lambda s: s.start):
        while i < len(words) and words[i][1] <= span.start:
            i += 1
        first = i
        while i < len(words) and words[i][0] < span.end:
            i += 1
        if i == first:
            continue
        kinds = _kinds(i - first, scheme, touches=before == (first - 1, span.label))
        tags[first:i] = [f"{kind}-{span.label}" for kind in kinds]
        before = (i - 1, span.label)
    return tags


def _kinds(length: int, scheme: str, touches: bool) -> str:
    """Return the tag letters of a chunk; `touches` tells that a chunk of its label stands right before it."""
    if scheme == "IOB1":
        return ("B" if touches else "I") + "I" * (length - 1)
    if scheme == "BIO":
        return "B" + "I" * (length - 1)
    return "S" if length == 1 else "B" + "I" * (length - 2) + "E"


def join_column(tokens: pa.ListArray) -> tuple[pa.Array, pa.ListArray]:
    """Join list<string> tokens into texts, and give list<{start,end}> of the tokens in them.

    Tokens are joined with a space, except between two CJK characters.
    """
    bounds = row_bounds(tokens)
    flat = tokens.flatten()
    is_last = np.zeros(len(flat), dtype=bool)
    is_last[bounds[1:][np.diff(bounds) > 0] - 1] = True
    ends_cjk = _is_cjk(pc.utf8_slice_codeunits(flat, -1))
    starts_cjk = _is_cjk(pc.utf8_slice_codeunits(flat, 0, 1))
    spaced = ~is_last & ~(ends_cjk & np.append(starts_cjk[1:], False)[: len(flat)])
    pieces = pc.binary_join_element_wise(flat, pc.if_else(pa.array(spaced), " ", ""), "")
    texts = pc.binary_join(pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), pieces), "")
    sizes = pc.utf8_length(flat).to_numpy(zero_copy_only=False).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes + spaced)])
    row_of = np.repeat(np.arange(len(tokens)), np.diff(bounds))
    start = starts[:-1] - starts[bounds[:-1]][row_of]
    return texts, _words(start, start + sizes, row_of, len(tokens))


def find_column(texts: pa.Array, tokens: pa.ListArray) -> pa.ListArray:
    """Find tokens in their texts, each behind the one before it: list<{start,end}>, null where one is not there."""
    rows = zip(texts.to_pylist(), tokens.to_pylist(), strict=True)
    return pa.array([_find(text, row) for text, row in rows], pa.list_(WORD))


def _find(text: str | None, tokens: Sequence[str] | None) -> list[dict[str, int]] | None:
    places, at = [], 0
    for token in tokens or ():
        start = -1 if text is None else text.find(token, at)
        if start < 0:
            return None
        at = start + len(token)
        places.append({"start": start, "end": at})
    return None if text is None else places


def is_cjk(character: str) -> bool:
    """Tell whether a character is written without blanks around it."""
    return any(low <= ord(character) <= high for low, high in CJK)


def _is_cjk(characters: pa.Array) -> np.ndarray:
    return np.asarray(pc.match_substring_regex(characters, _CJK_PATTERN).to_numpy(zero_copy_only=False), dtype=bool)


def _words(start: np.ndarray, end: np.ndarray, rows: np.ndarray, num_rows: int) -> pa.ListArray:
    arrays = [pa.array(start, pa.int32()), pa.array(end, pa.int32())]
    return list_column(pa.StructArray.from_arrays(arrays, fields=list(WORD)), rows, num_rows)


def join_tokens(tokens: Sequence[str]) -> tuple[str, Offsets]:
    """Join one row's tokens into a text, and give the characters of each token in it."""
    texts, words = join_column(pa.array([list(tokens)], pa.list_(pa.string())))
    return texts[0].as_py(), offsets(words[0].as_py())


def offsets(words: Iterable[dict[str, int]]) -> Offsets:
    """Turn a value of a `words` column into pairs (start, end)."""
    return [(word["start"], word["end"]) for word in words]


_SPACE, _RUN, _ALONE, _MARK = range(4)


def split_column(texts: pa.Array) -> pa.ListArray:
    """Find the words of texts without tokens, list<{start,end}>.

    A CJK character is a word; so is a run of letters and digits of other scripts; so is any other single character
    that is not white space. A combining mark belongs to the character before it.
    """
    lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False).astype(np.int64)
    codes = np.frombuffer("".join(texts.to_pylist()).encode("utf-32-le"), dtype=np.uint32)
    unique, inverse = np.unique(codes, return_inverse=True)
    kinds = np.array([_kind(int(code)) for code in unique], dtype=np.int8)
    kind = kinds[inverse] if len(codes) else np.zeros(0, np.int8)
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    opens = np.zeros(len(kind), dtype=bool)
    opens[bounds[:-1][lengths > 0]] = True
    marks = (kind == _MARK) & ~opens & (_before(kind) != _SPACE)
    kind = np.where((kind == _MARK) & ~marks, _RUN, kind)  # a mark on nothing opens a word
    carrier = kind[np.maximum.accumulate(np.where(marks, 0, np.arange(len(kind))))] if len(kind) else kind
    joins = marks | ((kind == _RUN) & (_before(carrier) == _RUN) & ~opens)  # goes on with the word before
    starts = np.flatnonzero((kind != _SPACE) & ~joins)
    ends = np.flatnonzero((kind != _SPACE) & ~np.append(joins, False)[1:]) + 1
    rows = np.searchsorted(bounds, starts, side="right") - 1
    return _words(starts - bounds[rows], ends - bounds[rows], rows, len(texts))


def fill_words(words: pa.ListArray, texts: pa.Array) -> pa.ListArray:
    """Return list<{start,end}> words; of rows that have none (null), those found in their texts."""
    return pc.if_else(words.is_null(), split_column(texts), words) if words.null_count else words


def _before(kind: np.ndarray) -> np.ndarray:
    return np.concatenate([[_SPACE], kind])[: len(kind)]


def _kind(code: int) -> int:
    character = chr(code)
    category = unicodedata.category(character)[0]
    if character.isspace():
        return _SPACE
    if category == "M":
        return _MARK
    if any(low <= code <= high for low, high in CJK):
        return _ALONE
    return _RUN if category in "LN" else _ALONE


def split_words(text: str) -> Offsets:
    """Find the words of one text by the rule of `split_column`."""
    return offsets(split_column(pa.array([text], pa.string()))[0].as_py())
