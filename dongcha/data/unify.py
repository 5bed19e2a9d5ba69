"""Give batches one schema, whatever types their columns came with.

In: the schemas of all batches, then the batches. Out: batches of one schema: null gives way to a type, integers to
floats, structures are joined; a column without a common type becomes text (strings as they are, the rest as JSON).
"""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from dongcha.data.sources.base import MIXED, as_json


class Shape:
    """The columns of all batches seen so far, by name, with each type they had."""

    def __init__(self, wanted: Mapping[str, pa.DataType]) -> None:
        self._wanted = wanted  # types of columns that may be wholly null
        self._types: dict[str, list[pa.DataType]] = {}

    def see(self, schema: pa.Schema) -> None:
        """Take note of a batch's columns."""
        for field in schema:
            types = self._types.setdefault(field.name, [])
            kind = None if field.metadata == MIXED else field.type
            if kind not in types:
                types.append(kind)

    def schema(self) -> pa.Schema:
        """Return the one schema, columns in the order of their first appearance."""
        return pa.schema([(name, self._common(name, types)) for name, types in self._types.items()])

    def _common(self, name: str, types: list[pa.DataType]) -> pa.DataType:
        known = [kind for kind in types if kind is None or not pa.types.is_null(kind)]
        if not known:
            return self._wanted.get(name, pa.string())
        if None in known:
            return pa.string()
        try:
            schemas = [pa.schema([(name, kind)]) for kind in known]
            return pa.unify_schemas(schemas, promote_options="permissive").field(name).type
        except pa.ArrowException:
            return pa.string()


def fit(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the batch with exactly the columns of a schema; a column that it lacks is null."""
    return pa.RecordBatch.from_arrays([_fitted(batch, field) for field in schema], schema=schema)


def _fitted(batch: pa.RecordBatch, wanted: pa.Field) -> pa.Array:
    place = batch.schema.get_field_index(wanted.name)
    if place < 0:
        return pa.nulls(batch.num_rows, wanted.type)
    array, is_json = batch.column(place), batch.schema.field(place).metadata == MIXED
    if array.type == wanted.type and not is_json:
        return array
    if pa.types.is_string(wanted.type) and not pa.types.is_null(array.type):
        return pa.array([_text(value, is_json) for value in array.to_pylist()], pa.string())
    try:
        return array.cast(wanted.type)
    except pa.ArrowException:
        return pa.array(array.to_pylist(), wanted.type)


def _text(value: Any, is_json: bool) -> str | None:
    parsed = json.loads(value) if is_json and value is not None else value
    return parsed if isinstance(parsed, str) else as_json(parsed)
