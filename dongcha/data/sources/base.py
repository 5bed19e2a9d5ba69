"""Gather rows into record batches of bounded size.

In: rows as mappings, each with its 1-based row number. Out: `pa.RecordBatch`es with `__row__` (int64), at most BATCH
rows and about BATCH_CHARACTERS characters each, so that memory stays bounded. A column whose values have no single
Arrow type travels as JSON text, marked in its field's metadata. Knows no task and no field.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from dongcha.data.dataset import BATCH, ROW
from dongcha.data.origin import Origin, excerpt

FILE = "__file__"  # the column that names a row's file, where a source has many
BATCH_CHARACTERS = 32_000_000
MIXED = {b"dongcha.json": b"1"}  # metadata of a column that holds JSON text

Row = tuple[int, Mapping[str, Any], int]  # row number, cells by column, characters


def characters(row: Mapping[str, Any]) -> int:
    """Count the characters of a row's texts."""
    return sum(len(value) for value in row.values() if isinstance(value, str))


def batches(rows: Iterable[Row], origin: Origin) -> Iterator[pa.RecordBatch]:
    """Gather rows into record batches of bounded size."""
    numbers: list[int] = []
    cells: list[Mapping[str, Any]] = []
    total = 0
    for number, row, size in rows:
        numbers.append(number)
        cells.append(row)
        total += size
        if len(cells) >= BATCH or total >= BATCH_CHARACTERS:
            yield record_batch(numbers, cells, origin)
            numbers, cells, total = [], [], 0
    if cells:
        yield record_batch(numbers, cells, origin)


def record_batch(numbers: list[int], rows: list[Mapping[str, Any]], origin: Origin) -> pa.RecordBatch:
    """Turn rows into one record batch; a cell that a row lacks is null."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    return columns_batch(numbers, columns, origin)


def columns_batch(numbers: list[int], columns: Mapping[str, list[Any]], origin: Origin) -> pa.RecordBatch:
    """Turn columns of Python values into one record batch with `__row__`."""
    fields = [pa.field(ROW, pa.int64())]
    arrays = [pa.array(numbers, pa.int64())]
    for name, values in columns.items():
        array, metadata = _column(name, values, numbers, origin)
        fields.append(pa.field(_clean_name(name, origin), array.type, metadata=metadata))
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _clean_name(name: str, origin: Origin) -> str:
    if not is_valid(name):
        origin.refuse("read.surrogate_name", name=excerpt(name))
    return name


def _column(
    name: str, values: list[Any], numbers: list[int], origin: Origin
) -> tuple[pa.Array, Mapping[bytes, bytes] | None]:
    try:
        return pa.array(values, from_pandas=True), None
    except UnicodeEncodeError:
        number = next(n for n, v in zip(numbers, values, strict=True) if not is_valid(v))
        origin.refuse("read.surrogate", number, field=name)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return pa.array([as_json(v) for v in values], pa.string()), MIXED


def is_valid(value: Any) -> bool:
    """Tell whether a JSON value can be written as UTF-8: it has no lone surrogates."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def as_json(value: Any) -> str | None:
    """Return a value as JSON text, None as itself; what JSON lacks becomes its own text."""
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)
