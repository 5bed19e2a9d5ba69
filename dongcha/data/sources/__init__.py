"""Read a format: an Origin in, `pa.RecordBatch`es with `__row__` out; one file a format, found by extension or shape.

Every file exports `read(origin)`. A source knows nothing of tasks: what columns mean is decided in `data/fields.py`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from dongcha.data.origin import Origin, nearest
from dongcha.data.sources import conll, delimited, folder, hub, json_list, jsonl, parquet, txt, xlsx
from dongcha.data.sources.package import PREFIX, package_path
from dongcha.errors import DataError
from dongcha.locale import say

Reader = Callable[[Origin], Iterator[pa.RecordBatch]]

BY_SUFFIX: dict[str, Reader] = {
    ".jsonl": jsonl.read,
    ".ndjson": jsonl.read,
    ".json": json_list.read,
    ".csv": delimited.read,
    ".tsv": delimited.read,
    ".tab": delimited.read,
    ".parquet": parquet.read,
    ".conll": conll.read,
    ".bio": conll.read,
    ".iob": conll.read,
    ".txt": txt.read,
    ".xlsx": xlsx.read,
    ".xlsm": xlsx.read,
}
BY_HUB: dict[str, Reader] = {
    hub.HUGGING_FACE: hub.read_hugging_face,
    hub.MODELSCOPE: hub.read_modelscope,
}


def hub_of(source: str) -> str | None:
    """Return the prefix of the hub that a source names, None for a file or folder."""
    return next((prefix for prefix in BY_HUB if source.startswith(prefix)), None)


def locate(source: str | Path, base: Path, given: str) -> Path:
    """Return the path of a file, a folder, or a place inside a package; raises DataError with the near names.

    `given` is where the user gave the source, for messages: a key of a recipe with its place, an option, an argument.
    """
    if isinstance(source, str) and source.startswith(PREFIX):
        return package_path(source, given)
    path = base / Path(source).expanduser()
    if not path.exists():
        raise DataError(say("read.missing", given=given, source=str(source), base=base, near=nearest(path)))
    return path


def reader_of(path: Path, name: str, given: str) -> Reader:
    """Return what reads a path that exists; raises DataError for an unknown extension or an empty file."""
    if path.is_dir():
        return folder.read
    reader = BY_SUFFIX.get(path.suffix.lower())
    if reader is None:
        known = {"suffix": path.suffix or "-", "all": " ".join(BY_SUFFIX)}
        raise DataError(say("read.unknown_format", given=given, source=name, **known))
    if path.stat().st_size == 0:
        raise DataError(say("read.empty", place=name))
    return reader
