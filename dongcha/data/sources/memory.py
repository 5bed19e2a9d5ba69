"""Read rows that are in memory already: a list of mappings, an Arrow table, a pandas DataFrame.

The row number counts rows, from 1. pandas is never imported: a DataFrame is known by its methods.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dongcha.data.dataset import BATCH, ROW
from dongcha.data.origin import Origin, excerpt
from dongcha.data.sources.base import batches, characters


def read(value: Any, origin: Origin) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a value in memory; raises DataError for a value of another kind."""
    if isinstance(value, pa.Table):
        yield from numbered(value.to_batches(max_chunksize=BATCH))
    elif hasattr(value, "to_dict") and hasattr(value, "columns"):
        yield from _frame(value, origin)
    elif isinstance(value, list):
        rows = ((i, _mapping(row, i, origin)) for i, row in enumerate(value, 1))
        yield from batches(((i, row, characters(row)) for i, row in rows), origin)
    else:
        origin.refuse("read.unknown_value", kind=type(value).__name__)


def _mapping(row: Any, number: int, origin: Origin) -> Mapping[str, Any]:
    if not isinstance(row, Mapping):
        origin.refuse("read.not_object", number, excerpt=excerpt(str(row)))
    return row


def _frame(frame: Any, origin: Origin) -> Iterator[pa.RecordBatch]:
    frame = frame.rename(columns=str)
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, UnicodeEncodeError, TypeError, ValueError):  # a column of several kinds
        records = frame.astype(object).where(frame.notna(), None).to_dict("records")
        yield from batches(((i, row, characters(row)) for i, row in enumerate(records, 1)), origin)
    else:
        yield from numbered(table.replace_schema_metadata(None).to_batches(max_chunksize=BATCH))


def numbered(parts: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Add `__row__` to batches, and turn dictionary and large or view columns into plain ones."""
    done = 0
    for part in parts:
        rows = pa.array(np.arange(done + 1, done + 1 + part.num_rows), pa.int64())
        names = [name for name in part.schema.names if name != ROW]
        columns = [plain(part.column(name)) for name in names]
        done += part.num_rows
        yield pa.RecordBatch.from_arrays([rows, *columns], names=[ROW, *names])


def plain(array: pa.Array) -> pa.Array:
    """Return an array without dictionary encoding, with 32-bit text and list offsets."""
    wanted = _plain_type(array.type)
    return array if wanted == array.type else pc.cast(array, wanted)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_plain_type(kind.value_type))
    return kind
