"""Read Parquet. The row number counts rows, from 1."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from dongcha.data.dataset import BATCH
from dongcha.data.origin import Origin
from dongcha.data.sources.memory import numbered


def read(origin: Origin) -> Iterator[pa.RecordBatch]:
    """Yield the file's rows; raises DataError when it is no Parquet file."""
    try:
        yield from numbered(pq.ParquetFile(origin.path).iter_batches(batch_size=BATCH))
    except (pa.ArrowException, OSError) as error:
        origin.refuse("read.parquet", reason=str(error).splitlines()[0][:120])
