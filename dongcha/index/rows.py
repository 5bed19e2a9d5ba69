"""Hold what an index keeps of each row: the user's id, the text, the unit vector, the key in the graph.

In: ids, texts, vectors, checked here. Out: rows by position, in the order they came. Texts are Arrow columns and
vectors an array, both memory-mapped when they come from disk; adding and deleting copy what is kept: memory for a
moment twice the rows, time linear in them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from dongcha.errors import DataError
from dongcha.locale import say

SCHEMA = pa.schema([("id", pa.string()), ("text", pa.string())])
SHOWN = 3  # ids that a message names
SHORTEST = 1e-12  # a vector below this has no direction


@dataclass(frozen=True)
class Rows:
    """`table` has the columns `id` and `text`, `vectors` (n, H) float32 length one, `keys` (n,) uint64 ascending."""

    table: pa.Table
    vectors: np.ndarray
    keys: np.ndarray
    next_key: int = field(kw_only=True)

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def ids(self) -> list[str]:
        """The ids, in order."""
        ids: list[str] = self.table.column("id").to_pylist()
        return ids

    @cached_property
    def positions(self) -> dict[str, int]:
        """The position of each id."""
        return {name: position for position, name in enumerate(self.ids)}

    def texts(self, positions: Sequence[int]) -> list[str]:
        """Return the texts at positions."""
        texts: list[str] = self.table.column("text").take(pa.array(positions, pa.int64())).to_pylist()
        return texts

    def found(self, ids: Sequence[str]) -> list[int]:
        """Return the positions of ids; refuses ids that do not stand."""
        refuse_named("index.id_unknown", [name for name in ids if name not in self.positions])
        return [self.positions[name] for name in ids]

    def at(self, keys: np.ndarray) -> np.ndarray:
        """Return the positions of keys that stand."""
        return np.searchsorted(self.keys, keys)

    def with_more(self, ids: Sequence[str], texts: Sequence[str], vectors: np.ndarray) -> "Rows":
        """Return the rows with new ones behind them; refuses ids that stand, or that come twice."""
        vectors = checked(ids, texts, vectors, self.vectors.shape[1])
        refuse_double(ids)
        self.refuse_those_that_stand(ids)
        new = pa.table([column("id", ids), column("text", texts)], schema=SCHEMA)
        after = self.next_key + len(ids)
        keys = np.arange(self.next_key, after, dtype=np.uint64)
        table = pa.concat_tables([self.table, new])
        vectors = np.concatenate([self.vectors, vectors])
        return Rows(table, vectors, np.concatenate([self.keys, keys]), next_key=after)

    def refuse_those_that_stand(self, ids: Sequence[str]) -> None:
        """Refuse ids of which the rows already hold some."""
        refuse_named("index.id_stands", [name for name in ids if name in self.positions])

    def kept(self, kept: np.ndarray) -> "Rows":
        """Return the rows where `kept` (n,) is true."""
        return Rows(self.table.filter(pa.array(kept)), self.vectors[kept], self.keys[kept], next_key=self.next_key)

    def without(self, ids: Sequence[str]) -> np.ndarray:
        """Return which rows stay (n,) when these ids go; refuses ids that do not stand, or that come twice."""
        refuse_double(ids)
        kept = np.ones(len(self), dtype=bool)
        kept[self.found(ids)] = False
        return kept


def no_rows(width: int) -> Rows:
    """Return no rows of a width."""
    vectors = np.zeros((0, width), dtype=np.float32)
    return Rows(SCHEMA.empty_table(), vectors, np.zeros(0, dtype=np.uint64), next_key=0)


def checked(ids: Sequence[str], texts: Sequence[str], vectors: np.ndarray, width: int) -> np.ndarray:
    """Return the vectors at unit length; refuses columns of unlike lengths, and ids and texts that are no strings."""
    if not len(ids) == len(texts) == len(vectors):
        raise DataError(say("index.lengths", ids=len(ids), texts=len(texts), vectors=len(vectors)))
    for what, values in (("ids", ids), ("texts", texts)):
        odd = next((i for i, value in enumerate(values) if not isinstance(value, str)), None)
        if odd is not None:
            raise DataError(say("index.no_string", what=what, row=odd + 1, found=repr(values[odd])[:40]))
    if "" in ids:
        raise DataError(say("index.id_empty", row=list(ids).index("") + 1))
    return unit(vectors, width)


def column(name: str, values: Sequence[str]) -> pa.Array:
    """Return strings as an Arrow column; refuses half of a surrogate pair, which is no text."""
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError as error:
        raise DataError(say("index.no_text", what=name, row=torn_row(values))) from error


def torn_row(texts: Sequence[str]) -> int | None:
    """Return the row, from 1, of the first text with half of a surrogate pair; None where all are whole."""
    return next((i for i, text in enumerate(texts, 1) if any("\ud800" <= c <= "\udfff" for c in text)), None)


def unit(vectors: np.ndarray, width: int) -> np.ndarray:
    """Return vectors (n, `width`) float32 at unit length; refuses another width, and rows without a direction."""
    vectors = np.asarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or vectors.shape[1] != width:
        raise DataError(say("index.width", found=" x ".join(map(str, vectors.shape)), wanted=width))
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    odd = np.flatnonzero(~np.isfinite(norms[:, 0]) | (norms[:, 0] < SHORTEST))
    if len(odd):
        raise DataError(say("index.no_direction", row=int(odd[0]) + 1, count=len(odd)))
    return np.asarray(vectors / norms, dtype=np.float32)


def refuse_double(ids: Sequence[str]) -> None:
    """Refuse ids of which one comes twice."""
    if len(set(ids)) < len(ids):
        refuse_named("index.id_double", [name for name, count in Counter(ids).items() if count > 1])


def refuse_named(key: str, ids: list[str]) -> None:
    """Refuse ids by a sentence that names the first few; none is no reason to."""
    if ids:
        raise DataError(say(key, count=len(ids), ids=", ".join(ids[:SHOWN])))
