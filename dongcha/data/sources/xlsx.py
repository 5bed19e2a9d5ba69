"""Read the first sheet of an Excel workbook: a header row, then rows. The row number counts rows after the header.

Cells become text: whole numbers without a decimal point, truth values as true and false, dates in ISO 8601.
"""

import datetime
import zipfile
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import pyarrow as pa

from dongcha.data.origin import Origin
from dongcha.data.sources.base import Row, batches, characters
from dongcha.data.sources.delimited import column_names
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
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # what a file says of its size may be wrong, and cells beyond it would be passed over
    header: list[str] = []
    for number, found in enumerate(sheet.iter_rows(values_only=True)):
        cells = [_cell(cell) for cell in found]
        if number == 0:
            header = column_names([cell or "" for cell in cells], origin)
            continue
        row = dict(zip_longest(header, cells[: len(header)]))
        beyond = enumerate(cells[len(header) :], len(header) + 1)
        row |= {f"column {i}": cell for i, cell in beyond if cell is not None}
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
