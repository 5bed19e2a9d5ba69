"""Read the first sheet of an Excel workbook: a header row, then rows. The row number counts rows after the header.

Cells become text: whole numbers without a decimal point, truth values as true and false, dates in ISO 8601.
"""

import datetime
import zipfile
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from dongcha.data.origin import Origin
from dongcha.data.sources.base import Row, batches, characters
from dongcha.errors import MissingExtra
from dongcha.locale import say


def read(origin: Origin) -> Iterator[pa.RecordBatch]:
    """Yield the sheet's rows; raises DataError when it is no workbook, MissingExtra without openpyxl."""
    yield from batches(_rows(origin), origin)


def _rows(origin: Origin) -> Iterator[Row]:
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtra(say("read.extra", place=origin.name, library="openpyxl", extra="xlsx")) from error
    try:
        book = openpyxl.load_workbook(origin.path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, openpyxl.utils.exceptions.InvalidFileException) as error:
        origin.refuse("read.xlsx", reason=str(error)[:120])
    header: list[str] = []
    for number, cells in enumerate(book.worksheets[0].iter_rows(values_only=True)):
        if number == 0:
            header = [_cell(cell) or f"column {i}" for i, cell in enumerate(cells, 1)]
            continue
        row = {name: _cell(cell) for name, cell in zip(header, cells, strict=False)}
        if any(value is not None for value in row.values()):
            yield number, row, characters(row)
    book.close()


def _cell(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
