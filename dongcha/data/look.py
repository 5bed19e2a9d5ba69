"""Look at a file before anything is known of it: its columns, what kind of values each holds, how often they repeat.

In: a source as `data.train` names it. Out: a Look. Rows stream by once; of each column stay a few values, counts, and
how often each value came while there are not too many. Knows no task and asks nothing of the columns' names.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from dongcha.data.dataset import ROW
from dongcha.data.moment import moment
from dongcha.data.origin import Origin
from dongcha.data.sources import BY_HUB, Reader, hub_of, locate, reader_of
from dongcha.data.sources.base import FILE, MIXED
from dongcha.data.tags import UNKNOWN, parse_tag
from dongcha.errors import DataError

Kind = Literal["", "text", "number", "flag", "mixed", "texts", "spans", "other"]

MOST_VALUES = 1000  # different values of a column that are counted; a column with more has no labels in it
FIRST = 200  # values of a column that are kept, and lines of a text file that are looked at
MOST_BROKEN = 0.01  # of the characters: a file with more of them undecodable is no text of a known encoding
TEXT_FILE = ".txt"
SPAN_KEYS = {"start", "end", "label"}


@dataclass
class Column:
    """What one column holds, over all rows.

    `filled` rows have a value; `items` are the texts or spans in its lists; `characters` those of its texts or items.
    `values` counts the values (of lists, their items; of spans, their labels), None when there are too many.
    """

    name: str
    kind: Kind = ""
    filled: int = 0
    items: int = 0
    characters: int = 0
    low: float = float("inf")
    high: float = float("-inf")
    is_number: bool = True
    is_whole: bool = True
    values: Counter[str] | None = field(default_factory=Counter)
    first: list[Any] = field(default_factory=list)

    def see(self, values: list[Any]) -> None:
        """Take note of a stretch of the column, missing values left out."""
        if not values:
            return
        values = _opened(values) if self.kind in ("", "texts", "spans") else values
        self.kind = _joined(self.kind, _kind(values))
        self.first += values[: FIRST - len(self.first)]
        self.filled += len(values)
        self._measure(values)
        words = _words(values)
        self.items += len(words)
        self.characters += sum(map(len, words))
        if self.values is not None:
            self.values.update(words)
            self.values = None if len(self.values) > MOST_VALUES else self.values

    def _measure(self, values: list[Any]) -> None:
        try:
            numbers = list(map(float, values)) if self.is_number and self.kind != "flag" else []
        except (TypeError, ValueError, OverflowError):
            numbers = []
        self.is_number = bool(numbers) and all(map(math.isfinite, numbers))
        if numbers:
            self.low, self.high = min(self.low, *numbers), max(self.high, *numbers)
            self.is_whole = self.is_whole and all(map(float.is_integer, numbers))

    @property
    def mean_length(self) -> float:
        """Characters of a value, or of an item of a list."""
        return self.characters / max(1, self.items)

    @property
    def is_date(self) -> bool:
        """Tell whether the first values are all dates."""
        return self.kind == "text" and all((moment(v) or ("",))[0] == "date" for v in self.first)

    @property
    def are_tags(self) -> bool:
        """Tell whether its lists hold tags such as O and B-PER."""
        return self.kind == "texts" and bool(self.values) and all(parse_tag(v)[0] != UNKNOWN for v in self.values or ())


@dataclass(frozen=True)
class Look:
    """A file as it was seen: its columns in order, its rows; `replaced` characters could not be decoded."""

    source: str
    path: Path
    rows: int
    columns: tuple[Column, ...]
    has_tags: bool = False  # a text file of CoNLL columns
    replaced: int = 0


def look(source: str, base: Path, given: str) -> Look:
    """Read a source from end to end; raises DataError where it cannot be read.

    `given` is where the user gave it, for messages.
    Bytes that are valid in no known encoding are forgiven while they are few, and counted.
    """
    origin, reader = _origin(source, base, given)
    try:
        return _look(origin, reader)
    except DataError:
        forgiving = replace(origin, encoding_errors="replace", counts=Counter())
        found = _look_again(forgiving, reader)
        if found is None or found.replaced > MOST_BROKEN * sum(c.characters for c in found.columns):
            raise
        return found


def column_names(source: str, base: Path, given: str, *, has_tags: bool) -> frozenset[str]:
    """Return the columns of a source's first rows; raises DataError where these cannot be read."""
    origin, reader = _origin(source, base, given)
    batch = next(iter(reader(replace(origin, tags_wanted=has_tags))), None)
    return frozenset(batch.schema.names if batch is not None else ())


def _origin(source: str, base: Path, given: str) -> tuple[Origin, Reader]:
    hub = hub_of(source)
    path = base if hub else locate(source, base, given)
    reader = BY_HUB[hub] if hub else reader_of(path, source, given)
    origin = Origin(path=path, name=source)
    if not hub and path.suffix.lower() == TEXT_FILE and path.is_file():
        origin = replace(origin, tags_wanted=_is_tagged(origin, reader), counts=Counter())
    return origin, reader


def _is_tagged(origin: Origin, reader: Reader) -> bool:
    """Tell whether the first lines of a text file are all a word and its tag, columns between them allowed."""
    forgiving = replace(origin, encoding_errors="replace")
    batch = next(iter(reader(forgiving)), None)
    lines = batch.column("text")[:FIRST].to_pylist() if batch is not None else []
    cells = [line.split() for line in lines]
    tagged = [len(row) > 1 and parse_tag(row[-1])[0] != UNKNOWN for row in cells]
    return bool(tagged) and all(tagged) and any(row[-1] != "O" for row in cells)


def _look_again(origin: Origin, reader: Reader) -> Look | None:
    try:
        return _look(origin, reader)
    except DataError:
        return None


def _look(origin: Origin, reader: Reader) -> Look:
    columns: dict[str, Column] = {}
    rows = 0
    for batch in reader(origin):
        rows += batch.num_rows
        for name, values in _columns(batch):
            columns.setdefault(name, Column(name)).see(values)
    if rows == 0:
        origin.refuse("read.no_rows")
    seen = tuple(column for column in columns.values() if column.filled)
    replaced = origin.counts["characters_replaced"]
    return Look(origin.name, origin.path, rows, seen, origin.tags_wanted, replaced)


def _columns(batch: pa.RecordBatch) -> Iterator[tuple[str, list[Any]]]:
    for i, known in enumerate(batch.schema):
        if known.name not in (ROW, FILE):
            values = [value for value in batch.column(i).to_pylist() if value is not None and value != ""]
            yield known.name, [json.loads(v) for v in values] if known.metadata == MIXED else values


def _opened(values: list[Any]) -> list[Any]:
    """Open the lists that a table's cells hold as JSON; other values stay as they are."""
    if not (values and isinstance(values[0], str) and values[0].startswith("[")):
        return values
    try:
        opened = list(map(json.loads, values))
    except (TypeError, ValueError):
        return values
    return opened if all(isinstance(value, list) for value in opened) else values


def _kind(values: Iterable[Any]) -> Kind:
    kinds = set(map(type, values))
    if kinds == {list}:
        items = [item for value in values for item in value]
        if items and all(isinstance(item, dict) and item.keys() >= SPAN_KEYS for item in items):
            return "spans"
        return "texts" if set(map(type, items)) == {str} else "other" if items else ""
    of_one_kind: tuple[tuple[Kind, set[type]], ...] = (("text", {str}), ("number", {int, float}), ("flag", {bool}))
    for kind, types in of_one_kind:
        if kinds <= types:
            return kind if kinds else ""
    return "mixed" if kinds <= {str, int, float, bool} else "other"


def _joined(one: Kind, other: Kind) -> Kind:
    if not one or not other or one == other:
        return one or other
    return "mixed" if {one, other} <= {"text", "number", "flag", "mixed"} else "other"


def _words(values: Iterable[Any]) -> list[str]:
    """Return what is counted of a stretch: texts and numbers as text, the items of lists, the labels of spans."""
    words: list[str] = []
    for value in values:
        if isinstance(value, list):
            words += [str(item["label"]) if isinstance(item, dict) and "label" in item else str(item) for item in value]
        else:
            words.append(str(value))
    return words
