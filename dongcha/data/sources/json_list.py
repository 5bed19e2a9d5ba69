"""Read a JSON file that is one list of objects; a file of one object a line is read as JSON Lines.

The list is parsed object by object from a growing window, so that memory is that of the window, not of the file. The
row number is the object's place in the list, from 1.
"""

import json
from collections.abc import Iterator

import pyarrow as pa

from dongcha.data.encoding import Text, open_text
from dongcha.data.origin import Origin, excerpt
from dongcha.data.sources import jsonl
from dongcha.data.sources.base import Row, batches

WINDOW = 1 << 20  # characters read at a time; doubled while one object does not fit
SPACE = " \t\r\n"


def read(origin: Origin) -> Iterator[pa.RecordBatch]:
    """Yield the objects of the list; raises DataError where it breaks or holds something else."""
    window = _Window(open_text(origin))
    if window.peek() in ("[", ""):
        yield from batches(_rows(window, origin), origin)
    else:
        yield from jsonl.read(origin)


class _Window:
    """A stretch of the file's text, from `at` on; `grow` appends more of it."""

    def __init__(self, text: Text) -> None:
        self._lines = text.lines()
        self._settle = text.settle
        self._size = WINDOW
        self.text, self.at = "", 0

    def grow(self) -> bool:
        """Append at least as much text as is left; False at the end of the file."""
        parts, size = [self.text[self.at :]], 0
        self._size = max(WINDOW, len(parts[0]))
        for line in self._lines:
            parts.append(self._settle(line) or "")
            size += len(line)
            if size >= self._size:
                break
        self.text, self.at = "".join(parts), 0
        return size > 0

    def peek(self) -> str:
        """Skip white space and return the next character, empty at the end of the file."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in SPACE:
                self.at += 1
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.grow():
                return ""


def _rows(window: _Window, origin: Origin) -> Iterator[Row]:
    decoder = json.JSONDecoder(parse_constant=jsonl.constant)
    window.peek()
    window.at += 1  # the opening bracket
    number = 0
    while window.peek() != "]":
        number += 1
        start = window.at
        value, start = _value(window, decoder, number, origin)
        yield number, jsonl.as_object(value, number, origin), window.at - start
        if window.peek() == ",":
            window.at += 1
        elif window.peek() != "]":
            _broken(window, number, "',' or ']' expected", origin)
    window.at += 1  # the closing bracket
    if window.peek():
        more = excerpt(window.text[window.at : window.at + 200])
        origin.refuse("read.json_list_end", number or None, excerpt=more)


def _value(window: _Window, decoder: json.JSONDecoder, number: int, origin: Origin) -> tuple[object, int]:
    """Parse the value at the window's place, growing the window while the value may go on beyond it."""
    while True:
        try:
            value, end = decoder.raw_decode(window.text, window.at)
        except json.JSONDecodeError as error:
            reason = error.msg
        except (RecursionError, ValueError) as error:
            _broken(window, number, str(error)[:80], origin)
        else:
            start, window.at = window.at, end
            return value, start
        if not window.grow():
            _broken(window, number, reason, origin)


def _broken(window: _Window, number: int, reason: str, origin: Origin) -> None:
    origin.refuse(
        "read.json_list", number, reason=reason, excerpt=excerpt(window.text[window.at : window.at + 200]) or "-"
    )
