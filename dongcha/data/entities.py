"""Make the spans of tagging from rows of relations, so that one file trains both.

In: the columns of places (`head`, `tail`) of each row; then the whole table. Out: spans, each labelled with its place's
`type`, else `entity`; then one row a text with the spans of all its rows. Rows of one text say different pairs of it:
apart, each would teach that the other's entities are none. Spans of one text are brought to what tags can say: of two
that overlap the longer stays, of equal ones the first; how many were left out is counted.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from dongcha.data import tags

PLACES = ("head", "tail")  # the columns that are taken where a file has no spans of its own
ENTITY = "entity"  # the label of a place that has no type

Entity = tuple[int, int, str]


def spans_of(columns: Sequence[pa.StructArray]) -> pa.ListArray:
    """Return list<{start,end,label}>, the places of each row; they may overlap."""
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return pa.array([[_span(place) for place in row if place is not None] for row in rows], pa.list_(tags.SPAN))


def _span(place: dict[str, object]) -> dict[str, object]:
    return {"start": place["start"], "end": place["end"], "label": place.get("type") or ENTITY}


def merge_texts(table: pa.Table) -> tuple[pa.Table, dict[str, int]]:
    """Return one row a text, its first, with the spans of all; and how many rows and spans went."""
    place: dict[str, int] = {}
    group = [place.setdefault(text, len(place)) for text in table.column("text").to_pylist()]
    first = np.unique(np.array(group, dtype=np.int64), return_index=True)[1]
    gathered: list[dict[Entity, None]] = [{} for _ in place]
    for at, spans in zip(group, table.column("spans").to_pylist(), strict=True):
        gathered[at] |= dict.fromkeys((s["start"], s["end"], s["label"]) for s in spans or ())
    kept = [apart(spans) for spans in gathered]
    values = [[{"start": s, "end": e, "label": label} for s, e, label in spans] for spans in kept]
    merged = table.take(pa.array(first))
    merged = merged.set_column(merged.schema.get_field_index("spans"), "spans", pa.array(values, pa.list_(tags.SPAN)))
    left_out = sum(map(len, gathered)) - sum(map(len, kept))
    return merged, {"merged_rows": len(table) - len(first), "overlapping_spans": left_out}


def apart(spans: Iterable[Entity]) -> list[Entity]:
    """Return spans of which no two overlap, in the order of the text: the longest first, of equals the first given.

    >>> apart([(0, 4, "a"), (2, 9, "b"), (9, 12, "c"), (9, 12, "d")])
    [(2, 9, 'b'), (9, 12, 'c')]
    """
    starts: list[int] = []
    kept: list[Entity] = []
    for span in sorted(spans, key=lambda s: s[0] - s[1]):
        at = bisect_right(starts, span[0])
        free_before = at == 0 or kept[at - 1][1] <= span[0]
        if free_before and (at == len(kept) or span[1] <= kept[at][0]):
            starts.insert(at, span[0])
            kept.insert(at, span)
    return kept
