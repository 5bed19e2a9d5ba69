"""Rank rows by BM25 over their terms, with bm25s (Lu 2024).

In: the terms of each row (`terms.py`). Out: scores (n,) of a question's terms. The variant is Lucene's: idf
ln(1 + (N - df + 0.5) / (df + 0.5)), k1 = 1.5, b = 0.75. bm25s scores every term of every row beforehand, and all scores
hang on how many rows there are: it is made anew at the first question after rows came or went, from term numbers that
are kept. Memory: 4 bytes a term of each row, 8 a distinct one of each row, and the vocabulary; about 40 a distinct one
while scores are made. Making them takes time linear in the terms; a question takes the rows its terms stand in, and a
pass over the n scores. Saved as npy and JSON; no pickle.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dongcha import files
from dongcha.errors import MissingExtra
from dongcha.index.rank import best
from dongcha.index.terms import terms_of
from dongcha.locale import say

K1, B = 1.5, 0.75
TOKENS, LENGTHS, TERMS, SCORES = "tokens.npy", "lengths.npy", "terms.json", "scores"


def scorer() -> Any:
    """Import bm25s, or say what to install."""
    try:
        return import_module("bm25s")
    except ImportError as error:
        raise MissingExtra(say("index.extra", library="bm25s")) from error


@dataclass(frozen=True)
class _Rows:
    """The term numbers of each row, as bm25s reads them: lists of ints would take twenty times the memory."""

    tokens: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[list[int]]:
        end = 0
        for length in self.lengths.tolist():
            start, end = end, end + length
            yield self.tokens[start:end].tolist()


class _Corpus(NamedTuple):
    """What bm25s takes an index from: rows, and the vocabulary."""

    ids: _Rows
    vocab: dict[str, int]


class Lexicon:
    """The terms of the rows of an index, by position."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}  # by term
        self._tokens = np.zeros(0, np.int32)  # term numbers of all rows end to end
        self._lengths = np.zeros(0, np.int64)  # terms of each row
        self._scores: Any = None

    def add(self, texts: Sequence[str]) -> None:
        """Append rows."""
        lengths = np.zeros(len(texts), np.int64)
        tokens = array("i")
        for row, text in enumerate(texts):
            terms = terms_of(text)
            tokens.extend([self._numbers.setdefault(term, len(self._numbers)) for term in terms])
            lengths[row] = len(terms)
        self._tokens = np.concatenate([self._tokens, np.asarray(tokens, dtype=np.int32)])
        self._lengths = np.concatenate([self._lengths, lengths])
        self._scores = None

    def keep(self, kept: np.ndarray) -> None:
        """Keep the rows where `kept` (n,) is true; terms that no row has any more go too."""
        self._tokens = self._tokens[np.repeat(kept, self._lengths)]
        self._lengths = self._lengths[kept]
        used, self._tokens = _renumbered(self._tokens)
        terms = list(self._numbers)
        self._numbers = {terms[number]: place for place, number in enumerate(used.tolist())}
        self._scores = None

    def scores(self, text: str) -> np.ndarray:
        """Return the BM25 score (n,) float32 of each row for a question; 0 where they share no term."""
        terms = [term for term in terms_of(text) if term in self._numbers]
        if not terms:
            return np.zeros(len(self._lengths), np.float32)
        return np.asarray(self._scored().get_scores(terms))

    def ranked(self, text: str, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return positions and scores of the k best rows for a question; one without a shared term is none."""
        scores = self.scores(text)
        shared = np.flatnonzero(scores > 0)
        chosen = shared[best(scores[shared], k)]
        return chosen, scores[chosen]

    def _scored(self) -> Any:
        if self._scores is None:
            self._scores = scorer().BM25(k1=K1, b=B, method="lucene")
            rows = _Corpus(_Rows(self._tokens, self._lengths), self._numbers)
            self._scores.index(rows, create_empty_token=False, show_progress=False)
        return self._scores

    def save(self, folder: Path) -> None:
        """Write terms and, where there are any, scores below a new folder."""
        files.make_folder(folder)
        np.save(folder / TOKENS, self._tokens, allow_pickle=False)
        np.save(folder / LENGTHS, self._lengths, allow_pickle=False)
        files.write_json(folder / TERMS, list(self._numbers))
        if len(self._tokens):
            self._scored().save(folder / SCORES, corpus=None, allow_pickle=False, show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> "Lexicon":
        """Read what `save` wrote; scores stay on disk until a question reads them."""
        lexicon = cls()
        lexicon._numbers = {term: number for number, term in enumerate(files.read_json(folder / TERMS))}
        lexicon._tokens = np.load(folder / TOKENS, mmap_mode="r", allow_pickle=False)
        lexicon._lengths = np.load(folder / LENGTHS, allow_pickle=False)
        if (folder / SCORES).is_dir():
            read = scorer().BM25.load
            scores = read(folder / SCORES, mmap=True, load_vocab=False, allow_pickle=False, show_progress=False)
            scores.vocab_dict = lexicon._numbers
            lexicon._scores = scores
        return lexicon


def _renumbered(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers in use, ascending, and the tokens with these counted from 0."""
    used, tokens = np.unique(tokens, return_inverse=True)
    return used, tokens.astype(np.int32)
