"""Texts, labels, numbers, lists of strings, and what is left as it is."""

import math
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dongcha.data.cells import Cells, parsed

TEXT, SCORE, STRINGS = pa.string(), pa.float64(), pa.list_(pa.string())


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
    values = [label_of(value, i, cells) for i, value in enumerate(cells.values())]
    _same_kind(values, cells)
    labels = pa.array(values)
    cells.refuse_missing(labels.is_null())
    return labels.cast(STRINGS) if pa.types.is_list(labels.type) else labels


def label_of(value: Any, position: int, cells: Cells, nested: bool = False) -> Any:
    """Return a label, or a list of them, as text; None where it is missing. `nested` ones must be there."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int) or (isinstance(value, str) and value.strip()):
        return str(value)
    if isinstance(value, list) and not nested:
        return [label_of(item, position, cells, nested=True) for item in value]
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


def to_any(cells: Cells) -> pa.Array:
    """Return the column as it is; refuses rows without a value where each needs one."""
    cells.refuse_missing(cells.array.is_null())
    return cells.array
