"""Keep a graph of near neighbours (HNSW, Malkov and Yashunin 2018) that can be added to, deleted from and saved.

In: keys (whole numbers, never used twice) and unit vectors (n, H) float32. Out: for each query the keys that are
probably nearest. The engine is usearch, not faiss: of faiss's indexes HNSW cannot delete at all, and those that can
need training or a pass over all rows; usearch frees a deleted place and fills it again, and its one plain file loads
without pickle. Vectors are held in half precision, which halves memory; who asks ranks what comes back by his own.
Memory: about 2 H + 150 bytes a place; a place freed is kept until it is filled or `wasteful` is heeded. Time: about
log n to add or to search, constant to delete. One thread, so that the same rows give the same graph.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from dongcha.errors import MissingExtra
from dongcha.locale import say

CONNECTIONS = 16  # of a node to its neighbours
BREADTH = 128  # candidates held while a node is placed and while a query walks
WASTE = 2  # places by row in use above which the graph is built anew


def engine() -> Any:
    """Import usearch, or say what to install."""
    try:
        return import_module("usearch.index")
    except ImportError as error:
        raise MissingExtra(say("index.extra", library="usearch")) from error


class Graph:
    """The graph over the rows of an index, by key."""

    def __init__(self, width: int) -> None:
        shape = {"connectivity": CONNECTIONS, "expansion_add": BREADTH, "expansion_search": BREADTH}
        self._engine = engine().Index(ndim=width, metric="ip", dtype="f16", **shape)
        self.places = 0  # ever filled: a place that was freed is filled first

    def __len__(self) -> int:
        return len(self._engine)

    def add(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        """Place unit vectors (n, H) under keys (n,) uint64."""
        if len(keys):
            self._engine.add(keys, vectors, threads=1)
        self.places = max(self.places, len(self))

    def delete(self, keys: np.ndarray) -> None:
        """Free the places of keys (n,)."""
        if len(keys):
            self._engine.remove(keys)

    @property
    def wasteful(self) -> bool:
        """Whether more than half of the places are free."""
        return self.places > WASTE * len(self)

    def search(self, queries: np.ndarray, count: int) -> list[np.ndarray]:
        """Return for each unit query (m, H) up to `count` keys; a walk that ends early brings fewer."""
        if not len(self) or not len(queries):
            return [np.zeros(0, np.uint64) for _ in queries]
        found = self._engine.search(np.ascontiguousarray(queries), min(count, len(self)), threads=1)
        keys, counts = np.atleast_2d(found.keys), self._counts(found, len(queries))
        return [row[:number] for row, number in zip(keys, counts, strict=True)]

    @staticmethod
    def _counts(found: Any, queries: int) -> list[int]:
        """Return how many keys each query got; one query alone comes as plain matches, without counts."""
        counts = getattr(found, "counts", None)
        return [len(found.keys)] * queries if counts is None else [int(count) for count in counts]

    def save(self, file: Path) -> None:
        """Write the engine's file."""
        self._engine.save(str(file))

    @classmethod
    def load(cls, file: Path, width: int, places: int) -> "Graph":
        """Read what `save` wrote; a damaged file is for the caller to find first: the engine may not."""
        graph = cls(width)
        graph._engine.load(str(file))
        graph._engine.expansion_add = graph._engine.expansion_search = BREADTH
        graph.places = places
        return graph
