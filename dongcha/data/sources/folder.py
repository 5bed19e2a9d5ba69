"""Read a folder by label: each sub-folder is a label, each file in it a text; columns `text`, `label`, `__file__`.

Sub-folders and files come in the order of their names; hidden ones and `__pycache__` are left out. The row number
counts files, from 1. Of each file only what is used is decoded: with `part: first_line`, its first line.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from dongcha.data.encoding import settle_encoding
from dongcha.data.origin import Origin
from dongcha.data.sources.base import FILE, Row, batches


def read(origin: Origin) -> Iterator[pa.RecordBatch]:
    """Yield the files' texts with their labels; raises DataError when there are no sub-folders or no files."""
    yield from batches(_rows(origin), origin)


def files_by_label(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file below the label folders with its label, in order."""
    for label in _entries(folder):
        if label.is_dir():
            yield from ((label.name, path) for path in _entries(label) if path.is_file())


def _entries(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".") and p.name != "__pycache__")


def _rows(origin: Origin) -> Iterator[Row]:
    found = list(files_by_label(origin.path))
    if not found:
        names = [p.name for p in _entries(origin.path)]
        origin.refuse("read.folder", names=", ".join(names[:8]) or "-")
    for number, (label, path) in enumerate(found, 1):
        name = path.relative_to(origin.path).as_posix()
        text = _text(path, name, origin)
        if text is not None:
            yield number, {"text": text, "label": label, FILE: name}, len(text)


def _text(path: Path, name: str, origin: Origin) -> str | None:
    with path.open("rb") as handle:
        content = handle.read()
    decoded = settle_encoding(lambda: iter([_used(content, origin)]), origin, name)
    return decoded.settle("".join(decoded.lines()).rstrip("\r\n"))


def _used(content: bytes, origin: Origin) -> bytes:
    """Cut a file to the bytes that are used; in UTF-16 a line feed byte alone may be half a character, so all are."""
    if origin.part == "all" or b"\0" in content[:64]:
        return content
    return content.split(b"\n", 1)[0]
