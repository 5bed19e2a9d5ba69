"""Read CoNLL columns: a word a line, its tag last, a blank line between sentences; in the columns `tokens` and `tags`.

Columns are separated by a tab where the line has one, else by white space. `-DOCSTART-` lines are left out. The row
number counts sentences, from 1. A file of one column has tokens only.
"""

from collections.abc import Iterator

import pyarrow as pa

from dongcha.data.encoding import Text, open_text
from dongcha.data.origin import Origin
from dongcha.data.sources.base import Row, batches

DOCUMENT_START = "-DOCSTART-"


def read(origin: Origin) -> Iterator[pa.RecordBatch]:
    """Yield the file's sentences; raises DataError at a line with another number of columns than the first."""
    yield from batches(_rows(origin), origin)


def _rows(origin: Origin) -> Iterator[Row]:
    width = 0
    for number, sentence in enumerate(_sentences(open_text(origin)), 1):
        tokens, tags, size = [], [], 0
        for line_number, line in sentence:
            cells = line.split("\t") if "\t" in line else line.split()
            width = width or len(cells)
            if len(cells) != width:
                origin.refuse("read.conll", number, line=line_number, found=len(cells), wanted=width)
            tokens.append(cells[0])
            tags.append(cells[-1].strip())
            size += len(line)
        yield number, {"tokens": tokens, "tags": tags} if width > 1 else {"tokens": tokens}, size


def _sentences(text: Text) -> Iterator[list[tuple[int, str]]]:
    """Yield sentences as lists of (line number, line); one with a line that is to be dropped is dropped whole."""
    sentence: list[tuple[int, str]] = []
    dropped = False
    for number, raw in enumerate(text.lines(), 1):
        line = raw.rstrip("\r\n")
        if line.strip():
            settled = text.settle(line)
            dropped = dropped or settled is None
            if settled is not None and not settled.startswith(DOCUMENT_START):
                sentence.append((number, settled))
        else:
            if sentence and not dropped:
                yield sentence
            sentence, dropped = [], False
    if sentence and not dropped:
        yield sentence
