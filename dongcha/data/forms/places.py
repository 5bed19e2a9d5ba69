"""Places in a text: the spans of a row, and the two ends of a relation."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dongcha.data import tags
from dongcha.data.cells import Cells, parsed

SPANS = pa.list_(tags.SPAN)
PLACE = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("type", pa.string())])


def to_spans(cells: Cells) -> pa.Array:
    """Return list<{start,end,label}>, other keys left out; their place in the text is checked by `agreement`."""
    if not cells.is_json and pa.types.is_list(cells.array.type) and cells.array.null_count == 0:
        fast = _spans_at_once(cells.array)
        if fast is not None:
            return fast
    values = [_row_spans(value, i, cells) for i, value in enumerate(parsed(cells))]
    spans = pa.array(values, SPANS)
    cells.refuse_missing(spans.is_null())
    return spans


def _spans_at_once(column: pa.ListArray) -> pa.Array | None:
    """Cast a clean column; None when some value needs a look of its own."""
    flat = column.flatten()
    if not _has_span_keys(flat.type) or flat.null_count:
        return None
    parts = [pc.struct_field(flat, field.name) for field in tags.SPAN]
    if any(part.null_count for part in parts) or pc.any(pc.equal(parts[2], "")).as_py():
        return None
    try:
        arrays = [part.cast(field.type) for part, field in zip(parts, tags.SPAN, strict=True)]
    except pa.ArrowInvalid:  # a place beyond 32 bits
        return None
    bounds = pa.array(tags.row_bounds(column), pa.int32())
    return pa.ListArray.from_arrays(bounds, pa.StructArray.from_arrays(arrays, fields=list(tags.SPAN)))


def _has_span_keys(kind: pa.DataType) -> bool:
    types = {field.name: field.type for field in kind} if pa.types.is_struct(kind) else {}
    whole = all(pa.types.is_integer(types.get(key, pa.null())) for key in ("start", "end"))
    return whole and pa.types.is_string(types.get("label", pa.null()))


def _row_spans(value: Any, position: int, cells: Cells) -> list[dict[str, Any]] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        cells.refuse_kind(position, value, "spans")
    for span in value:
        whole = isinstance(span, dict) and all(type(span.get(key)) is int for key in ("start", "end"))
        named = isinstance(span, dict) and isinstance(span.get("label"), str) and span["label"]
        if not whole or not named or max(abs(span["start"]), abs(span["end"])) >= 2**31:
            cells.refuse_kind(position, span, "span")
    return [{key: span[key] for key in ("start", "end", "label")} for span in value]


def with_nulls(column: pa.ListArray, like: pa.Array) -> pa.ListArray:
    """Return a list column that is null wherever another one is."""
    if not like.null_count:
        return column
    return pa.ListArray.from_arrays(column.offsets, column.values, mask=like.is_null())


def to_place(cells: Cells) -> pa.Array:
    """Return struct<start,end>; a `type` beside them stays, an empty one where a row has none."""
    values = parsed(cells, "place")
    for i, value in enumerate(values):
        whole = isinstance(value, dict) and all(type(value.get(key)) is int for key in ("start", "end"))
        if value is not None and (not whole or max(abs(value["start"]), abs(value["end"])) >= 2**31):
            cells.refuse_kind(i, value, "place")
        if value is not None and not isinstance(value.get("type") or "", str):
            cells.refuse_kind(i, value["type"], "text")
    places = [
        value and {"start": value["start"], "end": value["end"], "type": value.get("type") or ""} for value in values
    ]
    cells.refuse_missing(pa.array([place is None for place in places]))
    return pa.array(places, PLACE)
