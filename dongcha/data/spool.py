"""Keep record batches of changing schemas in one file until all have been seen.

In: batches, one after another. Out: the same batches, memory-mapped. The file is a row of Arrow streams, one a schema;
it is for its writer only and is removed afterwards.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa


class Spool:
    """A file of batches: `append` them, `close`, then iterate."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sink = pa.OSFile(str(path), "wb")
        self._writer: pa.RecordBatchStreamWriter | None = None
        self._schema: pa.Schema | None = None

    def append(self, batch: pa.RecordBatch) -> None:
        """Write one batch, in a new stream when its schema is new."""
        if self._schema is None or not self._schema.equals(batch.schema, check_metadata=True):
            if self._writer is not None:
                self._writer.close()
            self._schema = batch.schema
            self._writer = pa.ipc.new_stream(self._sink, batch.schema)
        assert self._writer is not None
        self._writer.write_batch(batch)

    def close(self) -> None:
        """End the last stream, so that the file can be read."""
        if self._writer is not None:
            self._writer.close()
        self._sink.close()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        with pa.memory_map(str(self._path)) as source:
            while source.tell() < source.size():
                yield from pa.ipc.open_stream(source)
