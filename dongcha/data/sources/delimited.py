"""Read CSV and TSV: a header line, then rows of as many cells.

The delimiter is the one of comma, semicolon, tab and bar that cuts the first lines into rows of one width. Quoted
cells may hold delimiters, quotes (doubled) and line breaks. All cells are text; an empty one or NaN is missing. The
row number counts records after the header, from 1.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import pyarrow as pa

from dongcha.data.encoding import Text, open_text
from dongcha.data.origin import Origin, excerpt
from dongcha.data.sources.base import Row, batches

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 200
LARGEST_CELL = 1 << 27  # characters; Python's own limit of 131,072 is below the length of a long document
MISSING = frozenset({"", "NaN", "nan"})

Quoting = Literal[0, 3]


@dataclass(frozen=True)
class Dialect:
    """How cells are told apart: the delimiter, and csv.QUOTE_MINIMAL or csv.QUOTE_NONE."""

    delimiter: str
    quoting: Quoting


def read(origin: Origin) -> Iterator[pa.RecordBatch]:
    """Yield the file's rows; raises DataError at a row of another width than the header's, or a broken quote."""
    yield from batches(_rows(origin), origin)


def _rows(origin: Origin) -> Iterator[Row]:
    text = open_text(origin)
    dialect = sniff(text, origin)
    header: list[str] = []
    for number, (line, cells) in enumerate(_records(text, dialect, origin)):
        if number == 0:
            header = column_names(cells, origin)
            continue
        if len(cells) != len(header):
            origin.refuse("read.ragged", number, found=len(cells), wanted=len(header), line=line)
        settled = [text.settle(cell) for cell in cells]
        if None not in settled:
            row = {name: None if cell in MISSING else cell for name, cell in zip(header, settled, strict=True)}
            yield number, row, sum(map(len, cells))


def _records(text: Text, dialect: Dialect, origin: Origin) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank, with the number of its last line."""
    if csv.field_size_limit() < LARGEST_CELL:
        csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(text.lines(), delimiter=dialect.delimiter, quoting=dialect.quoting, strict=True)
    number = -1
    try:
        for cells in reader:
            if cells:
                number += 1
                yield reader.line_num, cells
    except csv.Error as error:
        key = "read.bare_cr" if "new-line character" in str(error) else "read.csv"
        origin.refuse(key, number + 1 or None, reason=str(error), line=reader.line_num)


def column_names(cells: Sequence[str], origin: Origin) -> list[str]:
    """Return the names in a header, `column 3` for an empty third; raises DataError where two are the same."""
    names = [cell.strip() or f"column {i}" for i, cell in enumerate(cells, 1)]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        origin.refuse("read.double_column", name=excerpt(double))
    return names


def sniff(text: Text, origin: Origin) -> Dialect:
    """Choose the dialect under which the first lines have one width, the widest first; else by the header's width.

    Without quotes is tried for tabs only, and only where quotes do not fit: such files hold quotes as plain letters.
    """
    lines = list(islice(text.lines(), SAMPLE_LINES))
    whole = len(lines) < SAMPLE_LINES
    dialects = [Dialect(d, csv.QUOTE_MINIMAL) for d in DELIMITERS] + [Dialect("\t", csv.QUOTE_NONE)]
    if origin.path.suffix.lower() in (".tsv", ".tab"):
        dialects.sort(key=lambda dialect: dialect.delimiter != "\t")
    return max(dialects, key=lambda dialect: _fit(lines, dialect, whole))


def _fit(lines: list[str], dialect: Dialect, whole: bool) -> tuple[bool, int]:
    """Rate a dialect by whether all rows have the header's width (more than one) and by that width."""
    widths: list[int] = []
    reader = csv.reader(iter(lines), delimiter=dialect.delimiter, quoting=dialect.quoting, strict=True)
    try:
        widths.extend(len(cells) for cells in reader if cells)
    except csv.Error:
        if whole or not widths:  # a quoted cell may merely go on beyond the sample
            return False, widths[0] if widths else 0
    if not widths:
        return False, 0
    return len(set(widths)) == 1 and widths[0] > 1, widths[0]
