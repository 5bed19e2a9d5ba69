"""Say what is read and how: the path, the name the user gave it, the part and encoding, and refusals at its rows.

In: what the recipe says of one source. Out: an Origin that every reader takes, messages that name the place, counts of
what reading did. Knows no format and no field.
"""

from collections import Counter
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from dongcha.errors import DataError
from dongcha.locale import say

EXCERPT = 40  # characters of user text that a message may show


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What is read: its path, the name the user gave it, and how its bytes become text.

    `counts` gathers what reading did (encodings, rows dropped, characters replaced); `rows_before` of the same stream
    were read earlier; `tags_wanted` lets a text file of tagged words be known as one. Rows `in_memory` have no file
    whose columns an option could name, and no option names those of a file that is read `by_name`.
    """

    path: Path
    name: str
    part: str = "all"
    encoding: str = "auto"
    encoding_errors: str = "fail"
    rows_before: int = 0
    tags_wanted: bool = False
    in_memory: bool = False
    by_name: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def place(self, row: int | None = None, file: str | None = None) -> str:
        """Name a place for a message: the file, and its row when there is one."""
        name = f"{self.name}/{file}" if file else self.name
        return name if row is None else say("read.place", file=name, row=row + self.rows_before)

    def refuse(self, key: str, row: int | None = None, **values: Any) -> NoReturn:
        """Raise DataError with the message of a key, at this file and row."""
        raise DataError(say(key, place=self.place(row), **values))


def excerpt(text: str) -> str:
    """Cut a text to what a message may show, without line breaks or lone surrogates."""
    flat = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return flat if len(flat) <= EXCERPT else flat[: EXCERPT - 1] + "…"


def nearest(path: Path) -> str:
    """Say which names stand where a path was looked for: the nearest one, else the first few."""
    if not path.parent.is_dir():
        return say("read.no_folder", folder=path.parent)
    names = sorted(p.name for p in path.parent.iterdir() if not p.name.startswith("."))
    near = get_close_matches(path.name, names, n=1)
    if near:
        return say("read.near", near=near[0])
    return say("read.present", names=", ".join(names[:8]) or "-")
