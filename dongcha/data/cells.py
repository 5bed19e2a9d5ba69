"""Hold one column of a batch on its way to a field, and refuse what cannot become one, with its row.

In: a column and where its rows come from. Out: its values as Python sees them, or a DataError. Knows no field's form.
"""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from dongcha.data.origin import Origin, excerpt
from dongcha.data.sources.base import as_json
from dongcha.locale import say

SHOWN = 5  # rows that a message lists


@dataclass(frozen=True)
class Cells:
    """One column of one batch, on its way to a field: its values, their rows, and whether each row needs one."""

    field: str
    array: pa.Array
    is_json: bool
    rows: pa.Array
    origin: Origin
    required: bool

    def refuse(self, key: str, position: int, **values: Any) -> NoReturn:
        """Raise DataError with this column's name at the row of a 0-based position."""
        self.origin.refuse(key, self.rows[position].as_py(), field=self.field, **values)

    def values(self) -> list[Any]:
        """Return the cells as Python values."""
        cells: list[Any] = self.array.to_pylist()
        return [None if cell is None else json.loads(cell) for cell in cells] if self.is_json else cells

    def refuse_kind(self, position: int, value: Any, wanted: str) -> NoReturn:
        """Refuse a value of the wrong kind, showing it; `wanted` names the right one among the messages."""
        kind = say(f"read.wanted_{wanted}")
        self.refuse("read.kind", position, found=excerpt(as_json(value) or "null"), wanted=kind)

    def refuse_missing(self, missing: pa.Array) -> None:
        """Refuse the rows that lack a value, when each needs one; `missing` is boolean."""
        if self.required and pc.any(missing).as_py():
            rows = self.rows.filter(missing)
            shown = ", ".join(str(row + self.origin.rows_before) for row in rows[:SHOWN].to_pylist())
            self.origin.refuse("read.missing_value", rows[0].as_py(), field=self.field, count=len(rows), rows=shown)


def parsed(cells: Cells, wanted: str = "json") -> list[Any]:
    """Return values of a structured field; a table's cells hold them as JSON text. `wanted` names what is else told."""
    values = cells.values()
    for i, value in enumerate(values):
        if isinstance(value, str):
            try:
                values[i] = json.loads(value)
            except ValueError:
                cells.refuse_kind(i, value, wanted)
    return values
