"""Hold rows as a view over Arrow columns, memory-mapped where they came from a file.

In: an Arrow table whose columns are the task's fields plus whatever else the user's file had, and `__row__`, the
1-based row in the source; where several tasks have rows of their own, `__task__` too, whose a row is; of dialogues
`__asked__`, what the user said last; of tokens `__words__`, where each stands in the text. Out: columns, batches of
rows, smaller views. Rows are never copied until they are asked for.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from dongcha.data.content import feed

ROW = "__row__"
TASK = "__task__"
ASKED = "__asked__"
WORDS = "__words__"
OURS = (ROW, TASK, ASKED, WORDS)
BATCH = 4096  # rows handled at a time wherever a whole column is not needed


@dataclass(frozen=True)
class Dataset:
    """Rows of one split.

    `table` holds all rows of the source, `indices` (int64) which of them belong to this view, in order; None for all.
    `source` is the file as the user named it, for messages.
    """

    name: str
    source: str
    table: pa.Table
    indices: np.ndarray | None = None

    def __len__(self) -> int:
        return self.table.num_rows if self.indices is None else len(self.indices)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns but ours."""
        return tuple(name for name in self.table.column_names if name not in OURS)

    def column(self, name: str) -> list[Any]:
        """Return one column as Python values, in the view's order."""
        column = self.table.column(name)
        values: list[Any] = (column if self.indices is None else column.take(pa.array(self.indices))).to_pylist()
        return values

    def batches(self, size: int = BATCH, columns: Sequence[str] | None = None) -> Iterator[dict[str, list[Any]]]:
        """Yield rows as column lists, `size` rows at a time, so that memory stays bounded."""
        table = self.table if columns is None else self.table.select(list(columns))
        for part in self._parts(size, table):
            yield part.to_pydict()

    def _parts(self, size: int, table: pa.Table) -> Iterator[pa.Table]:
        for start in range(0, len(self), size):
            if self.indices is None:
                yield table.slice(start, size)
            else:
                yield _picked(table, self.indices[start : start + size])

    def rows(self, positions: Sequence[int]) -> list[dict[str, Any]]:
        """Return the rows at 0-based positions of this view as dicts."""
        rows: list[dict[str, Any]] = self.take(np.asarray(positions, dtype=np.int64)).arrow().to_pylist()
        return rows

    def take(self, positions: np.ndarray, name: str | None = None) -> "Dataset":
        """Return the view of these 0-based positions, in this order."""
        indices = positions if self.indices is None else self.indices[positions]
        return Dataset(name or self.name, self.source, self.table, np.asarray(indices, dtype=np.int64))

    def arrow(self) -> pa.Table:
        """Return this view's rows as one Arrow table; copies when the view is a selection."""
        return self.table if self.indices is None else _picked(self.table, self.indices)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the columns' names, types and values, the same for any chunking of the rows."""
        digest = hashlib.sha256(str(self.table.schema.remove_metadata()).encode())
        for part in self._parts(BATCH, self.table):
            for column in part.columns:
                feed(digest, column.combine_chunks())
        return digest.hexdigest()


def _picked(table: pa.Table, indices: np.ndarray) -> pa.Table:
    """Return rows of a table, taken from the stretch in which they lie.

    Arrow joins all chunks of the texts that it takes from, so a batch of neighbours would cost a pass over all rows.
    """
    if not len(indices):
        return table.slice(0, 0)
    low, high = int(indices.min()), int(indices.max())
    return table.slice(low, high - low + 1).take(pa.array(indices - low))
