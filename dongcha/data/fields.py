"""Bring each field of a row to its one canonical form.

In: a column of one batch. Out: the column as text (string), label (string, or list<string>), score (float64), spans
(list<{start,end,label}> in the order of the text), a place ({start,end,type}), choices (list<string>), answers
({text: [...], answer_start: [...]}), relevant documents (list<{doc,grade}>), messages (list<{role,content}>),
attributes (list<{name,value}>), references (list<string>), or as it is. A value that cannot be brought to its form is
refused with its row. Knows no format and no model; which column makes which field is `conversion.py`'s, whether two
fields of a row agree `agreement.py`'s.
"""

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dongcha.data import tags
from dongcha.data.cells import Cells, parsed
from dongcha.data.dialogue import MESSAGES, to_messages
from dongcha.data.sources.base import as_json
from dongcha.metrics._rules import flaw, given

TEXT, SCORE = pa.string(), pa.float64()
PLACE = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("type", pa.string())])
STRINGS, SPANS = pa.list_(pa.string()), pa.list_(tags.SPAN)
ANSWERS = pa.struct([("text", STRINGS), ("answer_start", pa.list_(pa.int32()))])
RELEVANT = pa.list_(pa.struct([("doc", pa.string()), ("grade", pa.int32())]))
ATTRIBUTES = pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))
RULES = pa.struct(
    [
        *((name, STRINGS) for name in ("must_include", "must_exclude")),
        *((name, pa.int64()) for name in ("min_length", "max_length")),
        *((name, pa.string()) for name in ("regex", "json_schema")),
    ]
)


def to_text(cells: Cells) -> pa.Array:
    """Return strings; refuses other kinds, and where a value is needed, missing and blank ones."""
    if pa.types.is_null(cells.array.type):
        cells.refuse_missing(cells.array.is_null())
        return pa.nulls(len(cells.array), TEXT)
    if cells.is_json or not pa.types.is_string(cells.array.type):
        position, value = next((i, v) for i, v in enumerate(cells.values()) if v is not None and not isinstance(v, str))
        cells.refuse_kind(position, value, "text")
    blank = pc.equal(pc.utf8_trim_whitespace(cells.array), "")
    cells.refuse_missing(pc.fill_null(blank, True))
    zero = pc.fill_null(pc.match_substring(cells.array, "\0"), False)
    if pc.any(zero).as_py():
        cells.refuse("read.nul", pc.index(zero, True).as_py())
    return cells.array


def to_label(cells: Cells) -> pa.Array:
    """Return strings, or list<string> where labels are lists; numbers and truth values become their text."""
    kind = cells.array.type
    if pa.types.is_null(kind):
        cells.refuse_missing(cells.array.is_null())
        return cells.array
    if not cells.is_json and (pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        labels = cells.array.cast(TEXT)
        cells.refuse_missing(pc.fill_null(pc.equal(pc.utf8_trim_whitespace(labels), ""), True))
        return labels
    values = [_label(value, i, cells) for i, value in enumerate(cells.values())]
    _same_kind(values, cells)
    labels = pa.array(values)
    cells.refuse_missing(labels.is_null())
    return labels.cast(STRINGS) if pa.types.is_list(labels.type) else labels


def _label(value: Any, position: int, cells: Cells, nested: bool = False) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int) or (isinstance(value, str) and value.strip()):
        return str(value)
    if isinstance(value, list) and not nested:
        return [_label(item, position, cells, nested=True) for item in value]
    if nested or not (value is None or isinstance(value, str)):
        cells.refuse_kind(position, value, "label")
    return None


def _same_kind(values: list[Any], cells: Cells) -> None:
    kinds = [(i, isinstance(value, list)) for i, value in enumerate(values) if value is not None]
    odd = next((i for i, is_list in kinds if is_list != kinds[0][1]), None)
    if odd is not None:
        cells.refuse("read.label_changes", odd)


def to_labels(cells: Cells) -> pa.Array:
    """Return list<string>; refuses labels that are no lists."""
    labels = to_label(cells)
    if not pa.types.is_list(labels.type) and not pa.types.is_null(labels.type):
        position = pc.index(labels.is_valid(), True).as_py()
        cells.refuse_kind(position, labels[position].as_py(), "labels")
    return labels


def to_score(cells: Cells) -> pa.Array:
    """Return float64; refuses what is no finite number."""
    kind = cells.array.type
    if cells.is_json or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        numbers = pa.array([_number(value, i, cells) for i, value in enumerate(cells.values())], SCORE)
    else:
        numbers = cells.array.cast(SCORE)
    infinite = pc.fill_null(pc.invert(pc.is_finite(numbers)), False)
    if pc.any(infinite).as_py():
        position = pc.index(infinite, True).as_py()
        cells.refuse_kind(position, str(numbers[position].as_py()), "finite")
    cells.refuse_missing(numbers.is_null())
    return numbers


def _number(value: Any, position: int, cells: Cells) -> float | None:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            return float(value)
    if value is not None:
        cells.refuse_kind(position, value, "number")
    return None


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


def to_texts(cells: Cells) -> pa.Array:
    """Return list<string> of texts, none of them blank: a model cannot read one that is."""
    texts = to_strings(cells)
    flat = texts.flatten()
    blank = pc.equal(pc.utf8_trim_whitespace(flat), "")
    if pc.any(blank).as_py():
        at = pc.index(blank, True)
        position = pc.list_parent_indices(texts)[at.as_py()].as_py()
        cells.refuse_kind(position, flat[at.as_py()].as_py(), "texts")
    return texts


def to_references(cells: Cells) -> pa.Array:
    """Return list<string> of further good answers; a text alone is a list of one, a cell may hold a JSON list."""
    made = []
    for i, value in enumerate(cells.values()):
        listed = _json_list(value) if isinstance(value, str) else value
        if value is not None and not isinstance(listed, list):
            cells.refuse_kind(i, value, "texts")
        if odd := [text for text in listed or () if not isinstance(text, str) or not text.strip()]:
            cells.refuse_kind(i, odd[0], "texts")
        made.append(listed)
    cells.refuse_missing(pa.array([listed is None for listed in made]))
    return pa.array(made, STRINGS)


def _json_list(text: str) -> list[Any] | None:
    """Return what a cell holds as a list: a JSON list, else the text alone; None for a blank cell."""
    if not text.strip():
        return None
    with suppress(ValueError):
        if isinstance(found := json.loads(text), list):
            return found
    return [text]


def to_choices(cells: Cells) -> pa.Array:
    """Return list<string> of at least two texts, none of them blank."""
    choices = to_texts(cells)
    few = pc.fill_null(pc.less(pc.list_value_length(choices), 2), False)
    if pc.any(few).as_py():
        position = pc.index(few, True).as_py()
        cells.refuse_kind(position, choices[position].as_py(), "choices")
    return choices


def to_answer(cells: Cells) -> pa.Array:
    """Return strings: the text of a choice, or its number from 0; which of them it is, the choices tell."""
    values = cells.values()
    odd = next(
        (i for i, v in enumerate(values) if v is not None and (isinstance(v, bool) or not isinstance(v, str | int))),
        None,
    )
    if odd is not None:
        cells.refuse_kind(odd, values[odd], "answer")
    answers = pa.array([None if value is None else str(value) for value in values], TEXT)
    cells.refuse_missing(answers.is_null())
    return answers


def to_answers(cells: Cells) -> pa.Array:
    """Return struct<text: list, answer_start: list>; a list of {text, answer_start} is brought to that form."""
    values = parsed(cells)
    made = [None if value is None else _answers(value, i, cells) for i, value in enumerate(values)]
    cells.refuse_missing(pa.array([value is None for value in made]))
    return pa.array(made, ANSWERS)


def _answers(value: Any, position: int, cells: Cells) -> dict[str, list[Any]]:
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        value = {key: [one.get(key) for one in value] for key in ("text", "answer_start")}
    if not isinstance(value, dict):
        cells.refuse_kind(position, value, "answers")
    texts, starts = value.get("text"), value.get("answer_start")
    if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
        cells.refuse_kind(position, value, "answers")
    if not all(isinstance(t, str) and t and type(s) is int for t, s in zip(texts, starts, strict=True)):
        cells.refuse_kind(position, value, "answers")
    return {"text": texts, "answer_start": starts}


def to_doc(cells: Cells) -> pa.Array:
    """Return strings: names of documents, numbers among them as their text."""
    docs = to_label(cells)
    if pa.types.is_list(docs.type):
        position = pc.index(docs.is_valid(), True).as_py()
        cells.refuse_kind(position, docs[position].as_py(), "doc")
    return docs


def to_relevant(cells: Cells) -> pa.Array:
    """Return list<{doc, grade}>; a document alone, or without a grade, has grade 1, and 0 is not relevant."""
    values = parsed(cells)
    made = [None if value is None else _relevant(value, i, cells) for i, value in enumerate(values)]
    cells.refuse_missing(pa.array([value is None for value in values]))
    return pa.array(made, RELEVANT)


def _relevant(value: Any, position: int, cells: Cells) -> list[dict[str, Any]]:
    listed = value if isinstance(value, list) else [value]
    found = []
    for one in listed:
        judged = one if isinstance(one, dict) else {"doc": one}
        doc, grade = judged.get("doc"), judged.get("grade")
        named = isinstance(doc, str | int) and not isinstance(doc, bool) and str(doc).strip()
        grade = 1 if grade is None else grade
        whole = type(grade) is int or (isinstance(grade, float) and grade.is_integer())
        if not named or not whole or not 0 <= grade < 2**31:
            cells.refuse_kind(position, one, "relevant")
        found.append({"doc": str(doc), "grade": int(grade)})
    return found


def to_rules(cells: Cells) -> pa.Array:
    """Return struct<must_include, ...>, null for what a row does not ask; a JSON Schema as JSON text.

    In tables of mappings a key that one row has stands in all others as null, in a schema too: nulls there are no keys.
    """
    made = []
    for i, value in enumerate(parsed(cells, "rules")):
        if value is not None and not isinstance(value, Mapping):
            cells.refuse_kind(i, value, "rules")
        own = given(_without_nulls(value or {}))
        if wrong := flaw(own):
            cells.refuse("read.rules", i, flaw=wrong)
        if not isinstance(own.get("json_schema", ""), str):
            own["json_schema"] = as_json(own["json_schema"])
        made.append(own or None)
    cells.refuse_missing(pa.array([value is None for value in made]))
    return pa.array(made, RULES)


def to_attributes(cells: Cells) -> pa.Array:
    """Return list<{name, value}> of a mapping, in its order; a value of none, or a blank one, is no attribute."""
    made = []
    for i, value in enumerate(parsed(cells, "attributes")):
        if value is not None and not isinstance(value, Mapping):
            cells.refuse_kind(i, value, "attributes")
        own = {name: one for name, one in (value or {}).items() if one is not None and str(one).strip()}
        made.append([{"name": name, "value": _label(one, i, cells, nested=True)} for name, one in own.items()])
    return pa.array(made, ATTRIBUTES)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


def to_any(cells: Cells) -> pa.Array:
    """Return the column as it is; refuses rows without a value where each needs one."""
    cells.refuse_missing(cells.array.is_null())
    return cells.array


def to_strings(cells: Cells) -> pa.Array:
    """Return list<string> of tokens or tags, none of them empty."""
    if not cells.is_json and cells.array.type == STRINGS and cells.array.null_count == 0:
        flat = cells.array.flatten()
        if flat.null_count == 0 and not pc.any(pc.equal(flat, "")).as_py():
            return cells.array
    values = parsed(cells)
    cells.refuse_missing(pa.array([value is None for value in values]))
    for i, value in enumerate(values):
        items = value if isinstance(value, list) else [value]
        odd = next((item for item in items if not isinstance(item, str) or not item), None)
        if value is not None and (not isinstance(value, list) or odd is not None or None in items):
            cells.refuse_kind(i, odd if isinstance(value, list) else value, "strings")
    return pa.array(values, STRINGS)


@dataclass(frozen=True)
class Field:
    """How a field gets its form, its Arrow type where all its values are missing, and whether it is gold.

    `tells_apart` says that a model reads it beside the inputs where rows have it: equal texts with other values differ.
    """

    convert: Callable[[Cells], pa.Array]
    is_gold: bool = False
    type: pa.DataType = TEXT
    tells_apart: bool = False


_TEXTS = ("text", "text_a", "text_b", "question", "context", "query", "source", "document", "prompt")
_GOLD_TEXTS = ("target", "summary", "completion", "solution", "test", "entry_point", "positive", "reply")

FIELDS: Mapping[str, Field] = {
    **{name: Field(to_text) for name in _TEXTS},
    **{name: Field(to_text, is_gold=True) for name in _GOLD_TEXTS},
    "references": Field(to_references, is_gold=True, type=STRINGS),
    **{name: Field(to_place, type=PLACE) for name in ("head", "tail")},
    "doc": Field(to_doc),
    "messages": Field(to_messages, type=MESSAGES),
    "constraints": Field(to_rules, type=RULES),
    "attributes": Field(to_attributes, type=ATTRIBUTES, tells_apart=True),
    "relevant": Field(to_relevant, is_gold=True, type=RELEVANT),
    "negatives": Field(to_texts, is_gold=True, type=STRINGS),
    "choices": Field(to_choices, type=STRINGS),
    "answer": Field(to_answer, is_gold=True),
    "answers": Field(to_answers, is_gold=True, type=ANSWERS),
    "label": Field(to_label, is_gold=True),
    "labels": Field(to_labels, is_gold=True, type=STRINGS),
    "score": Field(to_score, is_gold=True, type=SCORE),
    "spans": Field(to_spans, is_gold=True, type=SPANS),
}
ANY = Field(to_any)  # a field of a stranger's task


def form(name: str) -> str:
    """Return the field whose form a field has: `label` for `intent.label`, one of several tasks' own, else itself."""
    return name.rpartition(".")[2]


def known(name: str) -> Field:
    """Return how a field gets its form; one that is a stranger's task's stays as it is."""
    return FIELDS.get(form(name), ANY)
