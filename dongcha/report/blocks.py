"""Name what a section of a report is built of: paragraphs, tables, charts, lists; no markup in any of them.

In: nothing. Out: frozen values that `templates/page.html` sets as HTML and `model_card.py` as Markdown. Every string
is plain text and may hold anything; whoever sets it escapes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dongcha.types import Check, Interval, Json


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    `heat` in [0, 1] shades it (`tone` hit or miss), `bar` in [0, 1] draws a bar below its figure, `whisker` an interval
    on the axis (low, high) that all rows share.
    """

    text: str
    heat: float | None = None
    tone: str = "hit"
    bar: float | None = None
    whisker: Interval | None = None
    axis: tuple[float, float] = (0.0, 1.0)
    strong: bool = False

    @property
    def marks(self) -> tuple[float, float, float] | None:
        """Return where value, low and high stand on the axis, each in [0, 1]; None without a whisker."""
        if self.whisker is None:
            return None
        low, high = self.axis
        span = (high - low) or 1.0
        ends = (self.whisker.value, self.whisker.low, self.whisker.high)
        return tuple(min(max((end - low) / span, 0.0), 1.0) for end in ends)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption; the first cell of each row is its header; `numeric` columns are set to the right."""

    block = "table"
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[int] = frozenset()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; `lead` marks the one sentence that must not be missed."""

    block = "paragraph"
    text: str
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Headline:
    """The verdict: its word (better, worse, even, none), the two scores, one sentence, and what qualifies it."""

    block = "headline"
    word: str
    tag: str
    metric: str
    before: str
    after: str
    sentence: str
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    block = "bullets"
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values, such as versions."""

    block = "facts"
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Checks:
    """Checks with what they found and what to do."""

    block = "checks"
    items: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows of user text, each with what was said of it: (text, row, ((name, value), ...))."""

    block = "examples"
    caption: str
    items: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing: an SVG element of our own making, what it shows in words, and its figures as a table."""

    block = "chart"
    title: str
    svg: str
    alternative: str
    table: Table


@dataclass(frozen=True, slots=True)
class Charts:
    """Charts side by side."""

    block = "charts"
    items: tuple[Chart, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Text for a machine, to be copied as it stands."""

    block = "code"
    caption: str
    text: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that a reader opens."""

    block = "fold"
    summary: str
    inner: tuple["Block", ...]


Block = Table | Paragraph | Headline | Bullets | Facts | Checks | Examples | Chart | Charts | Code | Fold


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report with its name (an anchor) and its blocks, at least one."""

    name: str
    blocks: tuple[Block, ...]


def table(caption: str, head: tuple[str, ...], rows: list[tuple[Cell | str, ...]], note: str = "") -> Table:
    """Make a table; a column whose cells are all figures, dashes or empty is set to the right."""
    cells = tuple(tuple(c if isinstance(c, Cell) else Cell(c) for c in row) for row in rows)
    numeric = frozenset(i for i in range(1, len(head)) if cells and all(_is_figure(row[i]) for row in cells))
    return Table(caption, head, cells, numeric, note)


def _is_figure(cell: Cell) -> bool:
    return cell.whisker is None and (not cell.text or cell.text[0] in "0123456789+−–[<")


def flat(mapping: Mapping[str, Json], prefix: str = "") -> list[tuple[str, str]]:
    """List the leaves of nested JSON as dotted names with their values as text."""
    leaves: list[tuple[str, str]] = []
    for name, value in mapping.items():
        if isinstance(value, Mapping) and value:
            leaves += flat(value, f"{prefix}{name}.")
        else:
            leaves.append((f"{prefix}{name}", written(value)))
    return leaves


def written(value: Json) -> str:
    """Write a JSON leaf as a recipe would."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return ", ".join(map(written, value)) or "[]"
    return "{}" if isinstance(value, Mapping) else str(value)
