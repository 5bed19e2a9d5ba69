"""What a question or a query is answered by: choices, answers in a text, references, documents."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dongcha.data.cells import Cells, parsed
from dongcha.data.forms.plain import (
    STRINGS,
    TEXT,
    to_label,
    to_texts,
)

ANSWERS = pa.struct([("text", STRINGS), ("answer_start", pa.list_(pa.int32()))])
RELEVANT = pa.list_(pa.struct([("doc", pa.string()), ("grade", pa.int32())]))


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
    return _each(cells, _answers, ANSWERS)


def _each(cells: Cells, form: Callable[[Any, int, Cells], Any], kind: pa.DataType) -> pa.Array:
    """Return the form of each value that is there; refuses missing ones where one is needed."""
    made = [None if value is None else form(value, i, cells) for i, value in enumerate(parsed(cells))]
    cells.refuse_missing(pa.array([value is None for value in made]))
    return pa.array(made, kind)


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


def to_doc(cells: Cells) -> pa.Array:
    """Return strings: names of documents, numbers among them as their text."""
    docs = to_label(cells)
    if pa.types.is_list(docs.type):
        position = pc.index(docs.is_valid(), True).as_py()
        cells.refuse_kind(position, docs[position].as_py(), "doc")
    return docs


def to_relevant(cells: Cells) -> pa.Array:
    """Return list<{doc, grade}>; a document alone, or without a grade, has grade 1, and 0 is not relevant."""
    return _each(cells, _relevant, RELEVANT)


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
