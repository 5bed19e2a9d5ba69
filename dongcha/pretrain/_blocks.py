"""Cut texts into blocks that a model reads at once: at ends of sentences where there are any, else where room ends.

In: texts, a tokenizer, the room of a block in tokens. Out: a chunk; every token is in exactly one block and knows its
word and its Chinese characters. Cost and memory grow with the texts given, so a corpus goes through in stretches.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from dongcha.data.features import Chunk
from dongcha.data.sentences import SENTENCE_END
from dongcha.models.tokenizer import CJK, Encoded, Tokenizer, Windows, frame

CHINESE = re.compile(CJK)
BLANK = re.compile(r"\s")
MOST_PIECES = 8  # of a word: what is longer (Thai writes none apart) is masked in parts
FEWEST_SHARE = 0.5  # of a block's room: an end of a sentence before it would leave too short a block


def blocks(texts: Sequence[str], tokenizer: Tokenizer, first: int) -> Chunk:
    """Return blocks that fit the tokenizer's longest input; `first` is the corpus position of the first text.

    Token columns: `input_ids`; `word`, the same number within a word, -1 at special tokens; `cjk`, the Chinese
    characters of a token.
    """
    encoded = tokenizer.encode(texts)
    word, cjk = words_of(texts, tokenizer, encoded), chinese_of(texts, encoded)
    cover = cover_of(texts, encoded, tokenizer.room)
    lengths, tokens = frame(tokenizer, encoded, cover, {"word": (word, -1), "cjk": (cjk, 0)})
    facts = {"texts": len(texts), "tokens": int(encoded.lengths.sum())}
    return Chunk(lengths, tokens, {"row": (cover.row + first).astype(np.int64)}, facts)


def cover_of(texts: Sequence[str], encoded: Encoded, room: int) -> Windows:
    """Cover each text by stretches of at most `room` tokens that share none; an empty text has no stretch."""
    row, start, end = [], [], []
    for i, text in enumerate(texts):
        for low, high in stretches(sentence_ends(text, encoded, i), int(encoded.lengths[i]), room):
            row.append(i)
            start.append(low)
            end.append(high)
    places = [np.array(column, dtype=np.int64) for column in (row, start, end)]
    return Windows(*places, *places[1:])


def sentence_ends(text: str, encoded: Encoded, i: int) -> np.ndarray:
    """Return the token counts at which a sentence of text `i` has ended, growing."""
    marks = [found.end() for found in SENTENCE_END.finditer(text)]
    return np.searchsorted(encoded.begin[encoded.starts[i] : encoded.starts[i + 1]], marks)


def stretches(ends: np.ndarray, length: int, room: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) one after the other, each ending with the last sentence that fits, or with the room."""
    start = 0
    while start < length:
        end = min(start + room, length)
        if end < length:
            at = int(np.searchsorted(ends, end, side="right")) - 1
            if at >= 0 and ends[at] >= start + FEWEST_SHARE * room:
                end = int(ends[at])
        yield start, end
        start = end


def words_of(texts: Sequence[str], tokenizer: Tokenizer, encoded: Encoded) -> np.ndarray:
    """Return a number for each token (S,), the same within a word: as the tokenizer cuts words before pieces.

    Some tokenizers cut none: for them a word begins at a blank, too. A word ends after MOST_PIECES pieces.
    """
    found = tokenizer.raw.encode_batch(list(texts), add_special_tokens=False)
    words: Iterable[int] = (-1 if w is None else w for e in found for w in e.word_ids)
    word = np.maximum(np.fromiter(words, dtype=np.int32, count=len(encoded.ids)), 0)
    begins = np.ones(len(word), dtype=bool)
    begins[1:] = word[1:] != word[:-1]
    begins[encoded.starts[:-1][encoded.lengths > 0]] = True
    if not _cuts_words(tokenizer):
        begins |= behind_blanks(texts, encoded)
    place = np.arange(len(word)) - np.flatnonzero(begins)[np.cumsum(begins) - 1]
    return (np.cumsum(begins | (place % MOST_PIECES == 0)) - 1).astype(np.int32)


def _cuts_words(tokenizer: Tokenizer) -> bool:
    cut = tokenizer.raw.encode("a b", add_special_tokens=False).word_ids
    return len(set(cut)) > 1


def behind_blanks(texts: Sequence[str], encoded: Encoded) -> np.ndarray:
    """Tell which tokens (S,) begin with a blank or right behind one."""
    found = np.zeros(len(encoded.ids), dtype=bool)
    for i, text in enumerate(texts):
        blanks = np.array([mark.start() for mark in BLANK.finditer(text)], dtype=np.int64)
        own = slice(encoded.starts[i], encoded.starts[i + 1])
        found[own] = np.isin(encoded.begin[own], blanks) | np.isin(encoded.begin[own] - 1, blanks)
    return found


def chinese_of(texts: Sequence[str], encoded: Encoded) -> np.ndarray:
    """Count the Chinese characters of each token (S,); of tokens that claim the same one, the last has it."""
    counts = np.zeros(len(encoded.ids), dtype=np.int16)
    for i, text in enumerate(texts):
        marks = np.array([found.start() for found in CHINESE.finditer(text)])
        if len(marks):
            own = slice(encoded.starts[i], encoded.starts[i + 1])
            begin, end = encoded.begin[own], encoded.end[own].copy()
            end[:-1] = np.minimum(end[:-1], begin[1:])  # a word's opening mark claims the word's first character
            counts[own] = np.searchsorted(marks, end) - np.searchsorted(marks, begin)
    return counts
