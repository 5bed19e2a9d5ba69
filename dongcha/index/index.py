"""Answer questions over rows of text: by vectors, by words, by both; take rows in and out.

In: ids (the user's strings), texts, vectors (n, H) float32, which are brought to unit length; questions as vectors
(m, H) or texts. Out: Hits, best first. Scores are cosines, BM25, or fused ranks. The graph proposes and the exact
cosine of the vectors kept decides, so a score never depends on how a row was found.

Growth for n rows: memory about 4 H bytes of vectors, 2 H + 150 of the graph, and the texts and terms; opened from disk,
vectors and texts stay there until they are read. Adding m rows copies the n and places the m (about log n each);
deleting copies what stays. A question takes about log n by the graph, n H by `exact`, n by BM25.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dongcha import files
from dongcha.errors import UserError
from dongcha.index import folder as disk
from dongcha.index.graph import Graph
from dongcha.index.lexicon import Lexicon
from dongcha.index.rank import fuse, nearest, ranked
from dongcha.index.rows import Rows, no_rows, unit
from dongcha.locale import say
from dongcha.types import Json

SPARE = 16  # rows asked of the graph beyond k, and at least as many again as k: half precision may swap neighbours
DEPTH = 100  # best rows of each ranking that are fused, or k where that is more

Ranked = list[tuple[np.ndarray, np.ndarray]]  # positions and scores of each question


class Hits(NamedTuple):
    """What was found for each question, best first: ids, and their scores (float, as many)."""

    ids: list[list[str]]
    scores: list[np.ndarray]


class Index:
    """Rows that can be searched; `card` holds facts of whoever made it (which model, which prefixes), as JSON."""

    def __init__(self, rows: Rows, graph: Graph, lexicon: Lexicon, card: Mapping[str, Json]) -> None:
        self.rows, self.graph, self.lexicon = rows, graph, lexicon
        self.card = dict(card)
        self._known: dict[Path, set[str]] = {}  # by folder, the generations read there or written

    @classmethod
    def create(
        cls, ids: Sequence[str], texts: Sequence[str], vectors: np.ndarray, *, card: Mapping[str, Json] | None = None
    ) -> "Index":
        """Make an index of rows, or of none: then vectors (0, H) say the width. Raises DataError as `add` does."""
        vectors = np.asarray(vectors, dtype=np.float32)
        width = vectors.shape[1] if vectors.ndim == 2 else 0
        if width < 1:
            raise UserError(say("index.no_width", found=" x ".join(map(str, vectors.shape))))
        index = cls(no_rows(width), Graph(width), Lexicon(), card or {})
        index.add(ids, texts, vectors)
        return index

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, name: object) -> bool:
        return name in self.rows.positions

    @property
    def width(self) -> int:
        """H, the numbers of a vector."""
        return int(self.rows.vectors.shape[1])

    @property
    def ids(self) -> list[str]:
        """The ids of all rows, in the order they came."""
        return list(self.rows.ids)

    def texts(self, ids: Sequence[str]) -> list[str]:
        """Return the texts of ids; raises DataError for one that does not stand."""
        return self.rows.texts(self.rows.found(ids))

    def add(self, ids: Sequence[str], texts: Sequence[str], vectors: np.ndarray) -> None:
        """Add rows: all or, with one sentence as DataError, none (an id that stands or comes twice, another width)."""
        rows = self.rows.with_more(ids, texts, vectors)
        new = slice(len(self.rows), None)
        self.graph.add(rows.keys[new], rows.vectors[new])
        self.lexicon.add(texts)
        self.rows = rows

    def delete(self, ids: Sequence[str]) -> None:
        """Delete rows: all or, with one sentence as DataError, none (an id that does not stand or comes twice)."""
        kept = self.rows.without(ids)
        self.graph.delete(self.rows.keys[~kept])
        self.lexicon.keep(kept)
        self.rows = self.rows.kept(kept)
        if self.graph.wasteful:
            self.graph = Graph(self.width)
            self.graph.add(self.rows.keys, self.rows.vectors)

    def search(self, vectors: np.ndarray, k: int = 10) -> Hits:
        """Return the k rows of highest cosine to each vector (m, H), found by the graph; all where there are fewer."""
        return self._hits(self._by_graph(unit(vectors, self.width), wanted(k)))

    def exact(self, vectors: np.ndarray, k: int = 10) -> Hits:
        """Return the k rows of highest cosine to each vector (m, H), by looking at all rows."""
        return self._hits(self._by_all(unit(vectors, self.width), wanted(k)))

    def bm25(self, texts: Sequence[str], k: int = 10) -> Hits:
        """Return the k rows of highest BM25 for each text; rows that share no term with it are no hits."""
        return self._hits(self._by_words(texts, wanted(k)))

    def hybrid(self, texts: Sequence[str], vectors: np.ndarray, k: int = 10) -> Hits:
        """Return the k best rows for each text with its vector (m, H), the rankings of `search` and `bm25` fused."""
        if len(texts) != len(vectors):
            raise UserError(say("index.questions", texts=len(texts), vectors=len(vectors)))
        depth = max(wanted(k), DEPTH)
        near = self._by_graph(unit(vectors, self.width), depth)
        said = self._by_words(texts, depth)
        return self._hits([fuse([one, other], k) for (one, _), (other, _) in zip(near, said, strict=True)])

    def _by_graph(self, queries: np.ndarray, k: int) -> Ranked:
        count = k + max(k, SPARE)
        if count >= len(self):
            return self._by_all(queries, k)
        found: Ranked = []
        for query, keys in zip(queries, self.graph.search(queries, count), strict=True):
            positions, scores = ranked(query, self.rows.vectors, np.sort(self.rows.at(keys)), len(keys))
            # The walk ended in a corner of the graph, or left out some of the rows that are as near as the k-th.
            if len(keys) < k or scores[k - 1] == scores[-1]:
                found += self._by_all(query[None], k)
            else:
                found.append((positions[:k], scores[:k]))
        return found

    def _by_all(self, queries: np.ndarray, k: int) -> Ranked:
        return nearest(queries, self.rows.vectors, k)

    def _by_words(self, texts: Sequence[str], k: int) -> Ranked:
        return [self.lexicon.ranked(text, k) for text in texts]

    def _hits(self, ranked: Ranked) -> Hits:
        ids = self.rows.ids
        return Hits([[ids[i] for i in positions.tolist()] for positions, _ in ranked], [scores for _, scores in ranked])

    def save(self, folder: Path | str, *, fresh: bool = False) -> None:
        """Write the index to a folder, new, empty or an index: whole, or the folder stays as it was.

        Raises Busy while another process writes there, and DataError where another has changed the index that this one
        was opened from or saved to; `fresh`: where any index stands. An index opened from a folder goes on reading what
        it opened.
        """
        folder = Path(folder)
        disk.refuse_foreign(folder)
        with files.lock(folder):
            if fresh:
                disk.refuse_standing(folder)
            self._write(folder)

    def _write(self, folder: Path) -> None:
        generation, known = disk.new_generation(), self._known.get(folder.resolve())
        if known is not None:
            disk.refuse_changed(folder, known)
            known.add(generation)  # before it is written: a write that fails may have put it in force
        disk.write(folder, generation, (self.rows, self.graph, self.lexicon, self.card))
        self._known[folder.resolve()] = {generation}

    @classmethod
    def load(cls, folder: Path | str) -> "Index":
        """Open a saved index; refuses a folder that is none, or damaged, with one sentence as DataError."""
        folder = Path(folder)
        generation, parts = disk.read(folder)
        index = cls(*parts)
        index._known[folder.resolve()] = {generation}
        return index


@contextmanager
def editing(folder: Path | str) -> Iterator[Index]:
    """Hold a folder's index for this process, and save it when the block ends well; Busy while another holds it."""
    folder = Path(folder)
    disk.facts_of(folder)  # before the lock, which would leave a file in a folder that is no index
    with files.lock(folder):
        index = open_index(folder)
        yield index
        index._write(folder)


def open_index(folder: Path | str) -> Index:
    """Open the index of a folder, its files checked against their hashes; vectors and texts stay on disk until read."""
    return Index.load(folder)


def wanted(k: int) -> int:
    """Return k, the number of hits; refuses one below 1."""
    if k < 1:
        raise UserError(say("index.k", found=k))
    return k
