"""Hold the fields of a row against one another: spans and places against their text, answers against choices or text.

In: two columns of one batch in canonical form. Out: the first, put in order. What does not agree is refused with its
row.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dongcha.data import tags
from dongcha.data.cells import Cells
from dongcha.data.forms.places import with_nulls
from dongcha.data.forms.plain import TEXT
from dongcha.data.origin import excerpt


def check_spans(cells: Cells, spans: pa.ListArray, texts: pa.Array) -> pa.ListArray:
    """Return the spans of each row in the order of the text; refuses those outside it, empty, or overlapping."""
    bounds = tags.row_bounds(spans)
    flat = spans.flatten()
    rows = np.repeat(np.arange(len(spans)), np.diff(bounds))
    start, end = (pc.struct_field(flat, key).to_numpy(zero_copy_only=False) for key in ("start", "end"))
    length = pc.fill_null(pc.utf8_length(texts), 0).to_numpy(zero_copy_only=False)[rows]
    outside = np.flatnonzero((start < 0) | (end > length) | (start >= end))
    if outside.size:
        at = int(outside[0])
        cells.refuse("read.span_outside", int(rows[at]), start=start[at], end=end[at], length=length[at])
    order = np.lexsort((end, start, rows))
    overlap = np.flatnonzero((rows[order][1:] == rows[order][:-1]) & (start[order][1:] < end[order][:-1]))
    if overlap.size:
        one, two = order[overlap[0]], order[overlap[0] + 1]
        first, second = f"{start[one]}-{end[one]}", f"{start[two]}-{end[two]}"
        cells.refuse("read.span_overlap", int(rows[one]), first=first, second=second)
    if np.array_equal(order, np.arange(len(order))):
        return spans
    ordered = tags.list_column(flat.take(pa.array(order)), rows, len(spans))
    return with_nulls(ordered, spans)


def check_place(cells: Cells, places: pa.StructArray, texts: pa.Array) -> pa.StructArray:
    """Return the places; refuses one outside its text, or empty."""
    start, end = (pc.struct_field(places, key) for key in ("start", "end"))
    length = pc.fill_null(pc.utf8_length(texts), 0)
    outside = pc.or_(pc.or_(pc.less(start, 0), pc.greater(end, length)), pc.greater_equal(start, end))
    outside = pc.fill_null(outside, False)
    if pc.any(outside).as_py():
        at = pc.index(outside, True).as_py()
        facts = {"start": start[at].as_py(), "end": end[at].as_py(), "length": length[at].as_py()}
        cells.refuse("read.span_outside", at, **facts)
    return places


def check_answer(cells: Cells, answers: pa.Array, choices: pa.ListArray) -> pa.Array:
    """Return each answer as the text of its choice; refuses what is neither a choice nor the number of one.

    Choices are texts, so a whole number that is no text can only count them; a text may be either, a choice first.
    """
    found = []
    rows = zip(cells.values(), answers.to_pylist(), choices.to_pylist(), strict=True)
    for i, (given, answer, offered) in enumerate(rows):
        if answer is None or offered is None:
            found.append(answer)
        elif isinstance(given, int):
            if not 0 <= given < len(offered):
                cells.refuse("read.no_choice_number", i, found=answer, count=len(offered), last=len(offered) - 1)
            found.append(offered[given])
        elif answer in offered:
            found.append(answer)
        elif answer.isdecimal() and int(answer) < len(offered):
            found.append(offered[int(answer)])
        else:
            cells.refuse("read.no_choice", i, found=excerpt(answer), count=len(offered), last=len(offered) - 1)
    return pa.array(found, TEXT)


def check_answers(cells: Cells, answers: pa.Array, contexts: pa.Array) -> pa.Array:
    """Return the answers; refuses one that does not stand in its text where it says."""
    for i, (answer, context) in enumerate(zip(answers.to_pylist(), contexts.to_pylist(), strict=True)):
        for text, start in zip(answer["text"], answer["answer_start"], strict=True) if answer and context else ():
            there = context[max(0, start) : max(0, start) + len(text)]
            if start < 0 or there != text:
                near = context.find(text)
                key = "read.answer_near" if near >= 0 else "read.answer_absent"
                cells.refuse(key, i, answer=excerpt(text), start=start, found=excerpt(there), near=near)
    return answers


AGREES: Mapping[str, tuple[str, Callable[[Cells, pa.Array, pa.Array], pa.Array]]] = {  # field: (with which, how)
    "spans": ("text", check_spans),
    "head": ("text", check_place),
    "tail": ("text", check_place),
    "answer": ("choices", check_answer),
    "answers": ("context", check_answers),
}
