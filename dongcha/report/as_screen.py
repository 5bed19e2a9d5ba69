"""Show the last screen of a run: before/after table, flips, checks, clock, report, next command.

In: a Report. Out: what rich prints on a terminal, and the same as plain lines for a pipe. Texts of people come as the
recipe allows them, on one line, and with nothing hidden in them: no escape code of theirs reaches the terminal.
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dongcha.locale import say, speaking
from dongcha.locale.terms import one_line, term, visible
from dongcha.report import figures
from dongcha.report.sections.run import command
from dongcha.report.texts import as_allowed
from dongcha.report.verdict import after_row, by_rights, tested_words
from dongcha.types import Json, Report, Row

TEXT_WIDTH = 44
_LABEL_WIDTH = 11
_COLUMN_WIDTHS = (20, 8, 14, 13, 6, 0)
_UNBOUNDED = 2000
_WORD_STYLE = {"better": "bold green", "worse": "bold red", "even": "bold yellow"}
_SHELL_SAFE = re.compile(r"[\w\s,.:;%()'，。？、-]{4,60}")


def screen(report: Report, *, flips: int = 2) -> Group:
    """Return the last screen in the report's language, with at most `flips` examples each way."""
    report = as_allowed(report)
    with speaking(report.language):
        parts: list[RenderableType] = []
        for metric in (report.main_metrics or (report.main_metric,)) if report.table else ():
            parts += [_scores(report, metric), Text("")]
        if changed := _changed(report, flips):
            parts.append(changed)
        parts.append(_facts(report))
        return Group(*parts)


def screen_lines(report: Report, *, flips: int = 2) -> list[str]:
    """Return the last screen as plain lines, none of them wrapped."""
    console = Console(
        file=io.StringIO(), width=_UNBOUNDED, color_system=None, highlight=False, emoji=False, markup=False
    )
    with console.capture() as capture:
        console.print(screen(report, flips=flips), soft_wrap=False)
    return [line.rstrip() for line in capture.get().splitlines()]


@dataclass(frozen=True)
class _Fitting:
    """Show the wide form where the terminal has room for it, else the narrow one."""

    wide: RenderableType
    narrow: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        needed = console.measure(self.wide, options=options.update(width=_UNBOUNDED)).maximum
        yield self.wide if needed <= options.max_width else self.narrow


def _scores(report: Report, metric: str) -> _Fitting:
    """Set the before/after table of a metric; a narrow terminal gets the verdict on a line of its own, below."""
    names = ("interval", "flips", "time")
    heads = ("", term("metric", metric), *(say(f"report.col.{name}") for name in names), "")
    told = [row for row in report.table if not report.main_metrics or metric in row.metrics]
    rows = [(row, _score_cells(report, metric, row)) for row in told]
    wide, narrow = (Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim") for gap in (2, 1))
    for head, width in zip(heads, _COLUMN_WIDTHS, strict=True):
        wide.add_column(Text(head), min_width=width, no_wrap=True)
    for head in heads[:4]:
        narrow.add_column(Text(head), overflow="fold")
    for row, cells in rows:
        style = "bold" if row is after_row(report) else ""
        wide.add_row(*cells, style=style)
        narrow.add_row(*cells[:4], style=style)
    return _Fitting(wide, Group(narrow, *(Text.assemble(cells[0], ": ", cells[5]) for _, cells in rows if cells[5])))


def _score_cells(report: Report, metric: str, row: Row) -> tuple[Text, ...]:
    figure, verdict = row.metrics.get(metric), row.verdicts.get(metric) or row.verdict
    compared = Text()
    if verdict:
        compared = Text(visible(tested_words(report, replace(row, verdict=verdict))), style=_WORD_STYLE[verdict.word])
    return (
        Text(visible(term("row", row.name))),
        Text(figures.score(figure.value if figure else None)),
        Text(figures.interval(figure, digits=2) if figure else ""),
        Text(f"+{verdict.gained:,} / -{verdict.lost:,}" if verdict else ""),
        Text(figures.seconds(row.seconds)),
        compared,
    )


def _grid(*widths: int) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for index, width in enumerate(widths):
        grid.add_column(min_width=width, no_wrap=index == 0, overflow="fold")
    return grid


def _changed(report: Report, flips: int) -> Table | None:
    """Set the rows that flipped, one a line; the last line of each kind says how many more there are."""
    after = after_row(report)
    verdict = after.verdict if after else None
    grid = _grid(_LABEL_WIDTH, 0, 22, 0)
    keys = ("report.screen.now_right", "report.screen.now_wrong")
    if not by_rights(report):
        keys = ("report.screen.now_better", "report.screen.now_worse")
    for key, rows, total in (
        (keys[0], report.now_right, verdict.gained if verdict else 0),
        (keys[1], report.now_wrong, verdict.lost if verdict else 0),
    ):
        shown = rows[:flips]
        for at, row in enumerate(shown):
            more = max(total, len(rows)) - len(shown) if at == len(shown) - 1 else 0
            label = Text(say(key) if at == 0 else "", style="dim")
            rest = say("report.screen.more", count=figures.count(more)) if more else ""
            grid.add_row(label, Text(_text(row) + " "), Text(_change(row)), Text(rest, style="dim"))
    return grid if grid.row_count else None


def _text(row: Mapping[str, Json]) -> str:
    if row.get("text") is not None:
        return say("report.quoted", text=one_line(str(row["text"]), TEXT_WIDTH))
    return say("report.row_number", row=row["row"]) if row.get("row") is not None else ""


def _change(row: Mapping[str, Json]) -> str:
    if row.get("before") is None or row.get("after") is None:
        return ""
    before, after = (one_line(str(row[name]), TEXT_WIDTH) for name in ("before", "after"))
    return say("report.screen.change", before=before, after=after)


def _facts(report: Report) -> Table:
    grid = _grid(_LABEL_WIDTH, 0)
    lines: tuple[tuple[str, RenderableType | None], ...] = (
        ("checks", _checks(report)),
        ("clock", _clock(report)),
        ("report", Text(visible(str(PurePath(report.folder) / "report.html")))),
        ("next", Text(visible(command(report, _sample(report.now_right or report.hardest))), style="bold")),
    )
    for name, line in lines:
        if line is not None:
            grid.add_row(Text(say(f"report.screen.{name}"), style="dim"), line)
    return grid


def _checks(report: Report) -> RenderableType | None:
    """Name all checks on one line with the outcome; then say of each that did not pass what it found."""
    if not report.checks:
        return None
    by_status = {status: sum(c.status == status for c in report.checks) for status in _STATUS_STYLE}
    line = Text("  ").join(Text(visible(term("check", c.name)), style=_STATUS_STYLE[c.status]) for c in report.checks)
    if by_status["passed"] == len(report.checks):
        return line + Text("   ") + Text(say("report.screen.all_passed"), style="bold green")
    troubled = [c for c in report.checks if c.status in ("failed", "warned")]
    outcome = Text(say("report.screen.some", **by_status), style="bold red" if by_status["failed"] else "bold yellow")
    said = [Text(visible(f"{say(f'report.status.{c.status}')}: {c.message} {c.fix}".rstrip())) for c in troubled]
    return Group(line + Text("   ") + outcome, *(Padding(one, (0, 0, 0, 2)) for one in said))


_STATUS_STYLE = {"passed": "", "warned": "yellow", "failed": "bold red", "skipped": "dim"}


def _clock(report: Report) -> Text | None:
    took, forecast = (figures.seconds(report.clock.get(key)) for key in ("seconds", "forecast_seconds"))
    if not took:
        return None
    planned = figures.seconds(report.clock.get("planned_seconds"))
    key = "took" if not forecast else "forecast" if planned in ("", forecast) else "forecast_of_taken"
    said = [say(f"report.screen.{key}", forecast=forecast, planned=planned, took=took)]
    foreseen, held = (figures.megabytes(report.clock.get(key)) for key in ("forecast_megabytes", "megabytes"))
    if foreseen and held:
        said.append(say("report.screen.memory", forecast=foreseen, took=held))
    if report.clock.get("load"):
        said.append(say("report.screen.load", load=f"{report.clock['load'][0]:.1f}"))
    return Text("  ".join(said))


def _sample(rows: Sequence[Mapping[str, Json]]) -> str | None:
    """Return the first text that a shell takes between double quotes as it stands; None where there is none."""
    texts = (str(row["text"]) for row in rows if row.get("text") is not None)
    return next((text for text in texts if _SHELL_SAFE.fullmatch(text) and text == one_line(text, 60)), None)
