"""Read what a row says: its input fields as one text, its gold value as one string, the labels in it.

In: a Dataset and the task's fields. Out: plain values, in row order. Which fields are gold follows from their names.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dongcha.data.dataset import ROW, TASK, Dataset
from dongcha.data.dialogue import is_dialogue, lines_of
from dongcha.data.entities import PLACES
from dongcha.data.fields import FIELDS, form

TARGETS = frozenset({"tags", *(name for name, field in FIELDS.items() if field.is_gold)})

ASIDE = tuple(name for name, field in FIELDS.items() if field.tells_apart)

ASKED_OF_ONE = frozenset({*PLACES, *(name for name, field in FIELDS.items() if field.is_one_of_many)})

SEPARATOR = "  //  "  # between the inputs of one row, where people read them


def input_fields(fields: Sequence[str]) -> tuple[str, ...]:
    """Return the fields that a model reads; the rest are what it is to find."""
    return tuple(name for name in fields if form(name) not in TARGETS) or tuple(fields[:1])


def target_fields(fields: Sequence[str]) -> tuple[str, ...]:
    """Return the fields that hold what is to be found."""
    return tuple(name for name in fields if form(name) in TARGETS)


def joined_texts(dataset: Dataset, fields: Sequence[str], *, asked: bool = True) -> Iterator[str]:
    """Yield each row's input fields, and what else tells rows apart, as one string; two fields never run together.

    Without what is `asked`, rows that ask about other places of one text (`head`, `tail`), or for one of its many
    answers each (`positive`), are one.
    """
    names = [name for name in input_fields(fields) if form(name) not in ASKED_OF_ONE]
    names += [name for name in fields if asked and form(name) in ASKED_OF_ONE and name in dataset.columns]
    names += [name for name in ASIDE if name in dataset.columns and name not in fields]
    for batch in dataset.batches(columns=names):
        for values in zip(*(batch[name] for name in names), strict=True):
            yield "\x1f".join(value if isinstance(value, str) else plain(value) for value in values)


def owned_texts(dataset: Dataset, fields: Sequence[str], *, asked: bool = False) -> Iterator[str]:
    """Yield `joined_texts`; where tasks have rows of their own, equal texts of two tasks are told apart.

    A text that one task learns from gives nothing of another's answer away.
    """
    texts = joined_texts(dataset, fields, asked=asked)
    if TASK not in dataset.table.column_names:
        return texts
    return (f"{owner}\x1e{text}" for owner, text in zip(dataset.column(TASK), texts, strict=True))


def read_texts(dataset: Dataset, fields: Sequence[str]) -> Iterator[str]:
    """Yield what a model reads of each row as one string: lists item by item, places in a text left out."""
    return ("\x1f".join(texts) for texts in each_read(dataset, fields))


def each_read(dataset: Dataset, fields: Sequence[str]) -> Iterator[list[str]]:
    """Yield the texts that a model reads of each row, one by one."""
    names = input_fields(fields)
    for batch in dataset.batches(columns=names):
        for values in zip(*(batch[name] for name in names), strict=True):
            parts = (_items(value) for value in values if not isinstance(value, Mapping))
            yield [str(item) for part in parts for item in part]


def _items(value: Any) -> list[Any]:
    """Return the texts of a value: of messages what they say, of a list its items."""
    if is_dialogue(value):
        return [message["content"] for message in value]
    return value if isinstance(value, list) else [value]


def targets(dataset: Dataset, fields: Sequence[str]) -> list[str | None]:
    """Return each row's gold value as one comparable string, None where the rows have no column for it.

    The order inside a list of labels or spans is nothing.
    """
    names = target_fields(fields)
    if not names or not {*names} <= {*dataset.columns}:
        return [None] * len(dataset)
    columns = [[plain(value) for value in dataset.column(name)] for name in names]
    return ["\x1f".join(values) for values in zip(*columns, strict=True)]


def plain(value: Any) -> str:
    """Return a value as a string that is equal for equal values; lists but those of messages are compared as bags."""
    if isinstance(value, str):
        return value
    if is_dialogue(value):
        return "\n".join(lines_of(value))
    if isinstance(value, list):
        return json.dumps(sorted(plain(item) for item in value), ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def row_numbers(dataset: Dataset) -> list[int]:
    """Return the 1-based row of the source file of each row; the position where the source has none."""
    return dataset.column(ROW) if ROW in dataset.table.column_names else list(range(1, len(dataset) + 1))


def labels_of(value: Any) -> tuple[str, ...]:
    """Return the labels in one gold value: a string, a list of strings, or a list of spans; numbers have none."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return tuple(item["label"] if isinstance(item, dict) else str(item) for item in value)
    return ()


def label_counts(dataset: Dataset, target: str) -> Counter[str]:
    """Count the labels of a split; in tagging, its gold spans by label. Rows without that column have none."""
    values = dataset.column(target) if target in dataset.columns else ()
    return Counter(label for value in values for label in labels_of(value))


def inputs_shown(row: Mapping[str, Any], fields: Sequence[str]) -> str:
    """Return what a model reads of a row as one string for people; places are shown by what stands there."""
    parts = []
    for name in fields:
        value = row[name]
        if isinstance(value, Mapping):  # a place in the text before it
            value = row[fields[0]][value["start"] : value["end"]]
        value = lines_of(value) if is_dialogue(value) else value
        parts.append(" | ".join(value) if isinstance(value, list) else str(value))
    return SEPARATOR.join(parts)
