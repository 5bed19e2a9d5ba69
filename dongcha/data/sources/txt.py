"""Read plain text: a line is a row, in the column `text`; blank lines are left out. The row is the line's number."""

from collections.abc import Iterator

import pyarrow as pa

from dongcha.data.encoding import open_text
from dongcha.data.origin import Origin
from dongcha.data.sources import conll
from dongcha.data.sources.base import batches


def read(origin: Origin) -> Iterator[pa.RecordBatch]:
    """Yield the file's lines; a text file from which tags are wanted is read as CoNLL columns."""
    if origin.tags_wanted:
        yield from conll.read(origin)
    else:
        rows = ((number, {"text": line}, len(line)) for number, line in open_text(origin).rows())
        yield from batches(rows, origin)
