"""Read JSON Lines: one object a line. The row number is the line's number; blank lines are left out."""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from dongcha.data.encoding import open_text
from dongcha.data.origin import Origin, excerpt
from dongcha.data.sources.base import Row, batches


def read(origin: Origin) -> Iterator[pa.RecordBatch]:
    """Yield the file's rows; raises DataError at a line that is no JSON object."""
    yield from batches(_rows(origin), origin)


def _rows(origin: Origin) -> Iterator[Row]:
    for number, line in open_text(origin).rows():
        yield number, as_object(parse(line, number, origin), number, origin), len(line)


def constant(name: str) -> float | None:
    """Read NaN, which JSON lacks but Python and pandas write, as a missing value; keep the infinities."""
    return None if name == "NaN" else float(name.replace("Infinity", "inf"))


def parse(line: str, row: int, origin: Origin) -> Any:
    """Parse one line of JSON; raises DataError with the column and an excerpt from there."""
    try:
        return json.loads(line, parse_constant=constant)
    except json.JSONDecodeError as error:
        origin.refuse("read.json", row, column=error.colno, reason=error.msg, excerpt=excerpt(line[error.pos :]) or "-")
    except (RecursionError, ValueError) as error:  # nested too deep; an integer of thousands of digits
        origin.refuse("read.json", row, column=1, reason=str(error)[:80], excerpt=excerpt(line))


def as_object(value: Any, row: int, origin: Origin) -> dict[str, Any]:
    """Return a row that is an object; raises DataError for a list, a string, a number or null."""
    if not isinstance(value, dict):
        origin.refuse("read.not_object", row, excerpt=excerpt(json.dumps(value, ensure_ascii=False)))
    return value
