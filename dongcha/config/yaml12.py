"""Read a YAML 1.2 recipe with the place of every key, and refuse what a recipe has no use for.

In: a file or a text. Out: a `Document` of plain mappings, lists, text, numbers, booleans and nulls. Only the parser is
ruamel's; values are read by the core schema of YAML 1.2 (section 10.3.2), so `no`, `on`, `yes` and dates stay text.
Refused with a place: aliases, anchors, tags, directives, a key said twice, several documents, more than 20 levels,
more than 1 MB, bytes that are not UTF-8 text. Knows nothing of which keys exist.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from dongcha.config.near import nearest
from dongcha.config.places import Document, KeyPath
from dongcha.errors import RecipeError
from dongcha.locale import say

MAX_BYTES = 1_000_000
MAX_DEPTH = 20

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_CORE: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"|~|null|Null|NULL"), lambda text: None),
    (re.compile(r"true|True|TRUE"), lambda text: True),
    (re.compile(r"false|False|FALSE"), lambda text: False),
    (re.compile(r"[-+]?[0-9]{1,300}"), int),
    (re.compile(r"0o[0-7]{1,300}"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]{1,300}"), lambda text: int(text[2:], 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)"), lambda text: float(text.replace(".", ""))),
    (re.compile(r"\.(nan|NaN|NAN)"), lambda text: float("nan")),
)

# What the parser complains of -> what the user most likely did.
_CAUSES: tuple[tuple[str, str], ...] = (
    ("mapping values are not allowed", "config.yaml_two_colons"),
    ("could not find expected ':'", "config.yaml_no_colon"),
    ("expected ',' or", "config.yaml_bracket"),
    ("expected the node content", "config.yaml_bracket"),
    ("unexpected end of stream", "config.yaml_quote"),
    ("unexpected document separator", "config.yaml_quote"),
    ("expected <block end>", "config.yaml_indent"),
    ("cannot start any token", "config.yaml_symbol"),
    ("unknown escape character", "config.yaml_escape"),
    ("expected escape sequence", "config.yaml_escape"),
)


def refuse(place: str, key: str, /, **values: Any) -> RecipeError:
    """Build the refusal of one place: `file:line:column: sentence`."""
    sentence = say(key, **values)
    return RecipeError(f"{place}: {sentence}" if place else sentence)


def read_document(path: Path, place: str = "") -> Document:
    """Read a recipe file; `place` is where another file named it, for the refusal of one that is not there."""
    return read_text(_decode(_read_bytes(path, place), str(path)), str(path))


def read_text(text: str, shown: str) -> Document:
    """Read a recipe's text; `shown` is the file's name in messages."""
    found = _UNPRINTABLE.search(text)
    if found:
        start = found.start()
        place = f"{shown}:{text.count(chr(10), 0, start) + 1}:{start - text.rfind(chr(10), 0, start)}"
        offset = len(text[:start].encode("utf-8", "surrogatepass"))
        raise refuse(place, "config.unprintable", code=f"U+{ord(found.group()):04X}", offset=offset)
    reader = _Reader(text, shown)
    value = reader.document()
    if value is None:
        raise refuse(f"{shown}:1:1", "config.empty")
    if not isinstance(value, dict):
        wide = isinstance(value, str) and "：" in value
        raise refuse(f"{shown}:1:1", "config.wide_colon" if wide else "config.no_mapping")
    return Document(value, reader.where)


def read_value(text: str, shown: str) -> Any:
    """Read the value of one key, as after `key: ` in a recipe; messages name `shown` without a line."""
    return _Reader(text, shown, located=False).document()


def _read_bytes(path: Path, place: str) -> bytes:
    try:
        with path.open("rb") as handle:
            raw = handle.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _missing(path, place) from None
    except IsADirectoryError:
        raise refuse(place, "config.is_folder", path=path) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise refuse(place, "config.unreadable", path=path, reason=reason) from None
    if len(raw) > MAX_BYTES:
        raise refuse(str(path), "config.too_big", limit=MAX_BYTES)
    return raw


def _missing(path: Path, place: str) -> RecipeError:
    try:
        others = [other.name for other in path.parent.iterdir() if other.suffix in (".yaml", ".yml")]
    except OSError:
        others = []
    near = nearest(path.name, others) or tuple(sorted(others)[:5])
    return refuse(place, "config.missing_file_near" if near else "config.missing_file", path=path, near=", ".join(near))


def _decode(raw: bytes, shown: str) -> str:
    if raw.startswith(_UTF16):
        raise refuse(f"{shown}:1:1", "config.utf16")
    body = raw.removeprefix(_BOM)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        column = len(body[body.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8")) + 1
        offset = error.start + len(raw) - len(body)
        byte = f"0x{body[error.start]:02X}"
        raise refuse(f"{shown}:{line}:{column}", "config.not_utf8", byte=byte, offset=offset) from None


class _Reader:
    """Turn the parser's events into plain values, noting where each key stands."""

    def __init__(self, text: str, shown: str, located: bool = True) -> None:
        self.text, self.shown, self.located = text, shown, located
        self.where: dict[KeyPath, str] = {}
        self.events: Iterator[Any] = iter(YAML(typ="safe", pure=True).parse(text))

    def document(self) -> Any:
        """Read the one document there is; None for an empty one."""
        value = None
        seen = 0
        try:
            for event in self.events:
                if isinstance(event, DocumentStartEvent):
                    seen += 1
                    self._check_start(event, seen)
                elif isinstance(event, NodeEvent):
                    self.where[()] = self._place(event)
                    value = self._node(event, ())
                elif isinstance(event, StreamEndEvent):
                    break
        except YAMLError as error:
            raise self._fault(error) from None
        except (ValueError, OverflowError):
            # The parser trips over an escape such as \UFFFFFFFF, which names no character, instead of refusing it.
            start = max(self.text.find("\\U"), 0)
            line = self.text.count("\n", 0, start)
            column = start - self.text.rfind("\n", 0, start) - 1
            raise refuse(self._at(line, column), "config.yaml_escape", line=_cut(self.text[start:])) from None
        return value

    def _check_start(self, event: DocumentStartEvent, seen: int) -> None:
        if seen > 1:
            raise refuse(self._place(event), "config.documents")
        if event.version or event.tags:
            lines = self.text.splitlines()
            line = next((i for i, text in enumerate(lines) if text.startswith("%")), event.start_mark.line)
            raise refuse(self._at(line, 0), "config.directive")

    def _node(self, event: Any, path: KeyPath) -> Any:
        if isinstance(event, AliasEvent) or event.anchor:
            raise refuse(self._place(event), "config.alias", name=event.anchor)
        if getattr(event, "tag", None):
            raise refuse(self._place(event), "config.tag", tag=_cut(str(event.tag)))
        if isinstance(event, ScalarEvent):
            return _core_value(event.value) if event.implicit[0] else event.value
        if len(path) >= MAX_DEPTH:
            raise refuse(self._place(event), "config.too_deep", limit=MAX_DEPTH)
        return self._mapping(path) if isinstance(event, MappingStartEvent) else self._sequence(path)

    def _mapping(self, path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            if isinstance(event, CollectionStartEvent):
                raise refuse(self._place(event), "config.key_not_text")
            self._node(event, path)  # refuses an alias, an anchor or a tag on the key
            here = (*path, event.value)
            if event.value in values:
                raise refuse(self._place(event), "config.twice", name=event.value, first=self.where[here])
            self.where[here] = self._place(event)
            values[event.value] = self._node(next(self.events), here)
        return values

    def _sequence(self, path: KeyPath) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            here = (*path, len(values))
            self.where[here] = self._place(event)
            values.append(self._node(event, here))
        return values

    def _place(self, event: Any) -> str:
        return self._at(event.start_mark.line, event.start_mark.column)

    def _at(self, line: int, column: int) -> str:
        return f"{self.shown}:{line + 1}:{column + 1}" if self.located else self.shown

    def _fault(self, error: YAMLError) -> RecipeError:
        """Say a parser's complaint by what most likely caused it."""
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        if not isinstance(error, MarkedYAMLError) or mark is None:
            return refuse(self._at(0, 0), "config.yaml_other", line=_cut(self.text.strip()))
        lines = self.text.splitlines() or [""]
        key, number, column = self._cause(error, lines), mark.line, mark.column
        opened = error.context_mark
        if key in ("config.yaml_bracket", "config.yaml_quote", "config.wide_colon") and opened is not None:
            number, column = opened.line, opened.column
        number = min(number, len(lines) - 1)
        return refuse(self._at(number, column), key, line=_cut(lines[number].strip()))

    def _cause(self, error: MarkedYAMLError, lines: list[str]) -> str:
        marks = [mark for mark in (error.problem_mark, error.context_mark) if mark is not None]
        near = [lines[mark.line] for mark in marks if mark.line < len(lines)]
        if any("\t" in line[: len(line) - len(line.lstrip())] for line in near):
            return "config.yaml_tab"
        if any("：" in line and ":" not in line for line in near):
            return "config.wide_colon"
        problem = str(error.problem)
        if "'\\t'" in problem:
            return "config.yaml_tab"
        return next((key for part, key in _CAUSES if part in problem), "config.yaml_other")


def _core_value(text: str) -> Any:
    for pattern, read in _CORE:
        if pattern.fullmatch(text):
            return read(text)
    return text


def _cut(line: str, length: int = 60) -> str:
    line = line.splitlines()[0] if line else line
    return line if len(line) <= length else line[: length - 1] + "…"
