"""Read a source into a Dataset: files of many formats, folders, packages, hubs, rows in memory.

In: what `data.train` names, the task's fields, options. Out: a Dataset whose table has the fields in canonical form,
the user's other columns, and `__row__`. Rows stream through in batches: with a cache folder they end in an Arrow file
that is memory-mapped, so memory stays that of a batch, and the same content is parsed once; rows of relations that
become rows of tagging are merged by text, in memory. Knows no split.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dongcha import files
from dongcha.data import tags
from dongcha.data.conversion import Conversion
from dongcha.data.dataset import ROW, Dataset
from dongcha.data.entities import merge_texts
from dongcha.data.fields import FIELDS, known
from dongcha.data.origin import Origin, excerpt
from dongcha.data.sources import BY_HUB, Reader, hub_of, locate, memory, reader_of
from dongcha.data.spool import Spool
from dongcha.data.unify import Shape, fit
from dongcha.errors import DataError
from dongcha.locale import say

VERSION = 2  # of what the cache holds; raised whenever the same file would now read otherwise
ROWS = "rows.arrow"
NOTES = b"dongcha.notes"
CHOICES = {"part": ("all", "first_line"), "encoding_errors": ("fail", "replace", "drop")}


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How files are read; the keys of the recipe's `data:` of the same names."""

    columns: Mapping[str, str | Sequence[str]] = field(default_factory=dict)  # field: column or columns of the file
    part: str = "all"  # of the text: all or first_line
    encoding: str = "auto"  # or a codec's name
    encoding_errors: str = "fail"  # fail, replace (U+FFFD) or drop (the row)
    rows_before: int = 0  # rows of the same stream that were read earlier; messages count from the stream's first
    stream: str = ""  # what messages call rows in memory: standard input, for example

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise DataError(say("read.option", name=name, found=getattr(self, name), choices=", ".join(choices)))


def load(  # noqa: PLR0913 (the door to all sources: each argument is a thing of its own)
    source: Any,
    fields: Sequence[str],
    *,
    base: Path,
    options: ReadOptions,
    cache: Path | None,
    given: str = "data",
    name: str = "train",
    need_gold: bool | None = True,
    by_name: bool = False,
) -> Dataset:
    """Read `source` (a path below `base`, `package:`, `hf:`, `modelscope:`, a list of dicts, a DataFrame, a Table).

    `given` is where the user gave it, for messages: a recipe's key with its place, an option, an argument. Input fields
    are required; gold ones only when `need_gold`, and where that is None, when the file has a column for them or the
    user named one. `by_name` says that no option names columns. Raises DataError with file, row and fix; nothing is
    left on disk then. Rows in memory and on hubs are not cached.
    """
    is_named = isinstance(source, str | Path)
    hub = hub_of(str(source)) if is_named else None
    origin = Origin(
        path=locate(source, base, given) if is_named and hub is None else base,
        name=str(source) if is_named else options.stream or f"<{type(source).__name__}>",
        part=options.part,
        encoding=options.encoding,
        encoding_errors=options.encoding_errors,
        rows_before=options.rows_before,
        tags_wanted="spans" in fields and need_gold is not False,
        in_memory=not is_named,
        by_name=by_name,
    )
    conversion = Conversion(fields, options.columns, origin, need_gold=need_gold)
    if not is_named:
        return _in_memory(memory.read(source, origin), conversion, origin, name)
    if hub is not None:
        return _in_memory(BY_HUB[hub](origin), conversion, origin, name)
    reader = reader_of(origin.path, origin.name, given)
    if cache is None:
        return _in_memory(reader(origin), conversion, origin, name)
    choice = {"fields": list(fields), "options": asdict(options), "need_gold": need_gold, "version": VERSION}
    return _cached(reader, conversion, origin, cache / f"rows-{_key(origin.path, choice)}", name)


def notes(dataset: Dataset) -> dict[str, Any]:
    """Return what reading did: rows, encodings (files by encoding), rows_dropped, characters_replaced, tag scheme.

    Where rows of one text were merged: merged_rows, overlapping_spans.
    """
    stored: dict[str, Any] = json.loads((dataset.table.schema.metadata or {}).get(NOTES, b"{}"))
    return stored


def _key(path: Path, choice: dict[str, Any]) -> str:
    content = files.manifest(path) if path.is_dir() else files.hash_file(path)
    return files.hash_value({**choice, "content": content, "format": path.suffix.lower()})[:32]


def _in_memory(batches: Iterable[pa.RecordBatch], conversion: Conversion, origin: Origin, name: str) -> Dataset:
    converted: list[pa.RecordBatch] = []
    schema = _gather(batches, conversion, origin, converted)
    table = pa.Table.from_batches([fit(batch, schema) for batch in converted], schema)
    _refuse_double_ids(table, conversion.naming, origin)
    return Dataset(name, origin.name, _merged(table) if conversion.merges else table)


def _cached(reader: Reader, conversion: Conversion, origin: Origin, folder: Path, name: str) -> Dataset:
    """Open the rows that stand in `folder`, made first where they are not there or damaged."""
    if files.is_done(folder):
        try:
            return Dataset(name, origin.name, _mapped(folder / ROWS))
        except (OSError, pa.ArrowException):
            pass
    with files.new_folder(folder) as new:
        spool = Spool(new / "spool.arrow")
        try:
            schema = _gather(reader(origin), conversion, origin, spool)
        finally:
            spool.close()
        _write(new / ROWS, schema, (fit(batch, schema) for batch in spool))
        (new / "spool.arrow").unlink()
        _refuse_double_ids(_mapped(new / ROWS), conversion.naming, origin)
        if conversion.merges:
            table = _merged(_mapped(new / ROWS))
            _write(new / "merged.arrow", table.schema, table.to_batches())
            (new / "merged.arrow").replace(new / ROWS)
    return Dataset(name, origin.name, _mapped(folder / ROWS))


def _write(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as out:
        for batch in batches:
            out.write_batch(batch)


def _merged(table: pa.Table) -> pa.Table:
    """Merge the rows of one text, and add to the notes what that did."""
    told = json.loads(table.schema.metadata[NOTES])
    merged, facts = merge_texts(table)
    return merged.replace_schema_metadata({NOTES: json.dumps(told | facts).encode()})


def _mapped(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _gather(
    batches: Iterable[pa.RecordBatch], conversion: Conversion, origin: Origin, into: list[pa.RecordBatch] | Spool
) -> pa.Schema:
    """Convert all batches into `into`; return the schema that fits them all, with the notes as its metadata."""
    shape = Shape({name: known(name).type for name in (*FIELDS, *conversion.fields)})
    num_rows = 0
    for batch in batches:
        made = conversion(batch)
        shape.see(made.schema)
        num_rows += made.num_rows
        into.append(made)
    if num_rows == 0:
        origin.refuse("read.no_rows")
    facts = {"rows": num_rows, **_counts(origin)}
    if conversion.has_tags:
        facts["scheme"] = tags.scheme_of(conversion.evidence)
    return shape.schema().with_metadata({NOTES: json.dumps(facts).encode()})


def _counts(origin: Origin) -> dict[str, Any]:
    """Return what reading counted, the files of each encoding under `encodings`."""
    facts: dict[str, Any] = {"encodings": {}}
    for name, count in origin.counts.items():
        kind, _, encoding = name.partition(" ")
        if encoding:
            facts["encodings"][encoding] = count
        else:
            facts[kind] = count
    return facts


def _refuse_double_ids(table: pa.Table, naming: Sequence[str], origin: Origin) -> None:
    """Refuse two rows of one name, where a column that names rows holds texts or numbers."""
    for name in naming:
        kind = table.schema.field(name).type if name in table.schema.names else pa.null()
        if not (pa.types.is_string(kind) or pa.types.is_integer(kind)):
            continue
        ids = table.column(name)
        if pc.count_distinct(ids).as_py() == len(ids) - ids.null_count:
            continue
        first: dict[Any, int] = {}
        for batch in table.select([name, ROW]).to_batches():
            for value, row in zip(*batch.to_pydict().values(), strict=True):
                if value is not None and first.setdefault(value, row) != row:
                    origin.refuse("read.double_id", row, field=name, id=excerpt(str(value)), first=first[value])
