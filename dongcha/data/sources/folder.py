"""Read a folder of texts by label; columns `text`, `label`, `__file__`.

Either each sub-folder is a label and each file in it a text, or, where there are no sub-folders, each of several `.txt`
files is a label and each line in it a text. Sub-folders and files come in the order of their names; hidden ones and
`__pycache__` are left out, and in the second form all that is not `.txt`. The row number counts texts, from 1. With
`part: first_line` only the first line of each file of the first form is decoded.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from dongcha.data.encoding import open_text, settle_encoding
from dongcha.data.origin import Origin
from dongcha.data.sources.base import FILE, Row, batches

TEXT_FILE = ".txt"
SPLIT_NAMES = frozenset({"train", "validation", "valid", "dev", "val", "test"})  # of files that are no labels


def read(origin: Origin) -> Iterator[pa.RecordBatch]:
    """Yield the texts with their labels; raises DataError when the folder has neither form."""
    yield from batches(_rows(origin), origin)


def files_by_label(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file below the label folders with its label, in order."""
    for label in _entries(folder):
        if label.is_dir():
            yield from ((label.name, path) for path in _entries(label) if path.is_file())


def label_files(folder: Path) -> list[Path]:
    """Return the `.txt` files whose stems are labels; none where there is but one, or one is named as a split."""
    found = [p for p in _entries(folder) if p.is_file() and p.suffix.lower() == TEXT_FILE]
    is_by_label = len(found) > 1 and not any(p.stem.lower() in SPLIT_NAMES for p in found)
    return found if is_by_label else []


def _entries(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".") and p.name != "__pycache__")


def _rows(origin: Origin) -> Iterator[Row]:
    found = list(files_by_label(origin.path))
    if not found:
        yield from _lines(origin)
        return
    for number, (label, path) in enumerate(found, 1):
        name = path.relative_to(origin.path).as_posix()
        text = _text(path, name, origin)
        if text is not None:
            yield number, {"text": text, "label": label, FILE: name}, len(text)


def _lines(origin: Origin) -> Iterator[Row]:
    """Yield the lines of the label files; blank ones are left out."""
    found = label_files(origin.path)
    if not found:
        names = [p.name for p in _entries(origin.path)]
        origin.refuse("read.folder", names=", ".join(names[:8]) or "-")
    number = 0
    for path in found:
        one = replace(origin, path=path, name=f"{origin.name}/{path.name}")  # counts are shared
        for _, text in open_text(one).rows():
            number += 1
            yield number, {"text": text, "label": path.stem, FILE: path.name}, len(text)


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
