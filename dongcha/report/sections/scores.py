"""Build the sections of scores: verdict, before/after table, extra tests, slices, calibration.

In: a Report. Out: lists of blocks, empty where the report has nothing of the kind.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from dongcha.locale import say
from dongcha.locale.terms import term
from dongcha.report import charts, figures
from dongcha.report.blocks import Block, Cell, Chart, Charts, Facts, Headline, Paragraph, table
from dongcha.report.verdict import (
    after_row,
    before_row,
    caveats,
    is_against_before,
    main_figure,
    sentence,
    tested_words,
)
from dongcha.types import Interval, Json, Report, Row

TESTS = "test"  # the slice whose values are whole test sets


def verdict(report: Report) -> list[Block]:
    """Open with what changed."""
    after, before = after_row(report), before_row(report)
    figure, reference = main_figure(report, after), main_figure(report, before)
    tested = after.verdict if after else None
    word = tested.word if tested else "none"
    return [
        Headline(
            word=word,
            tag=say(f"report.word.{word}"),
            metric=term("metric", report.main_metric),
            before=figures.score(reference.value) if reference and tested else "",
            after=figures.score(figure.value) if figure else "",
            sentence=sentence(report),
            caveats=caveats(report),
        )
    ]


def table_section(report: Report) -> list[Block]:
    """Set the before/after table with its intervals drawn, then the other metrics and the cost of the same models."""
    if not report.table:
        return []
    shown = report.main_metrics or (report.main_metric,)
    blocks: list[Block] = [_main_table(report, metric) for metric in shown]
    others = dict.fromkeys(name for row in report.table for name in row.metrics if name not in shown)
    costs = _kept(report.table, _COSTS)
    if others or costs:
        head = (say("report.col.model"), *(term("metric", name) for name in others), *(name for name, _ in costs))
        rest: list[tuple[Cell | str, ...]] = [
            (
                _name(report, row),
                *(_brief(row.metrics.get(name)) for name in others),
                *(write(row) for _, write in costs),
            )
            for row in report.table
        ]
        blocks.append(table(say("report.table.costs"), head, rest))
    return blocks


def _main_table(report: Report, metric: str) -> Block:
    """Set the models by one main metric; where several tasks were learnt, those that have it."""
    told = [row for row in report.table if not report.main_metrics or metric in row.metrics]
    told = [replace(row, verdict=row.verdicts.get(metric) or row.verdict) for row in told]
    mains = [row.metrics.get(metric) for row in told]
    axis = _axis(figure for figure in mains if figure)
    mixed = any(row.verdict and not is_against_before(report, row) for row in told)
    tested = partial(_tested, report, named=mixed)
    tests = _kept(told, (("flips", _flips), ("tested" if mixed else "test", tested)))
    rows: list[tuple[Cell | str, ...]] = [
        (
            _name(report, row),
            figures.score(main.value if main else None),
            figures.interval(main),
            Cell("", whisker=main, axis=axis),
            *(write(row) for _, write in tests),
        )
        for row, main in zip(told, mains, strict=True)
    ]
    name = term("metric", metric)
    head = (say("report.col.model"), name, say("report.col.interval"), _ends(axis), *(one for one, _ in tests))
    return table(say("report.table.caption", metric=name), head, rows, note=_test_note(told))


_Columns = tuple[tuple[str, Callable[[Row], str]], ...]


def _kept(rows: Sequence[Row], columns: _Columns) -> list[tuple[str, Callable[[Row], str]]]:
    """Name the columns in which some row has something to say."""
    return [(say(f"report.col.{name}"), write) for name, write in columns if any(map(write, rows))]


def _name(report: Report, row: Row) -> Cell:
    return Cell(term("row", row.name), strong=_is_after(report, row))


def _is_after(report: Report, row: Row) -> bool:
    after = after_row(report)
    return after is not None and row.name == after.name


def _brief(figure: Interval | None) -> str:
    return figures.score(figure.value) if figure else figures.ABSENT


def _flips(row: Row) -> str:
    return f"+{row.verdict.gained:,} / −{row.verdict.lost:,}" if row.verdict else ""


def _tested(report: Report, row: Row, *, named: bool) -> str:
    """Say how a row's test ended; `named`: with the row that it is compared with, whichever that is."""
    words = tested_words(report, row, named=named)
    return f"{figures.signed(row.verdict.difference.value)} {words}" if row.verdict else ""


_COSTS: _Columns = (
    ("time", lambda row: figures.seconds(row.seconds)),
    ("memory", lambda row: figures.megabytes(row.megabytes)),
    ("size", lambda row: figures.megabytes(row.size_megabytes)),
)


def _test_note(rows: Sequence[Row]) -> str:
    tests = [row.verdict.test for row in rows if row.verdict is not None and row.verdict.test in _NOTED]
    return say(f"report.test_note.{tests[-1]}") if tests else ""


_NOTED = ("mcnemar", "bootstrap")


def _axis(shown: Iterable[Interval]) -> tuple[float, float]:
    """Choose the axis that all whiskers share: all ends, widened by a twentieth, inside [0, 1] where they are."""
    ends = [end for figure in shown for end in (figure.value, figure.low, figure.high) if figures.is_number(end)]
    if not ends:
        return 0.0, 1.0
    low, high = min(ends), max(ends)
    margin = (high - low) / 20 or 0.05
    if low >= 0 and high <= 1:
        return max(low - margin, 0.0), min(high + margin, 1.0)
    return low - margin, high + margin


def _ends(axis: tuple[float, float]) -> str:
    return f"{figures.score(axis[0], 2)} – {figures.score(axis[1], 2)}"


def extra_tests(report: Report) -> list[Block]:
    """Compare before and after on each further test set."""
    parts = [part for part in report.slices if part.get("slice") == TESTS]
    return [_compared(say("report.tests.caption"), say("report.col.test_set"), parts)] if parts else []


def slices(report: Report) -> list[Block]:
    """Compare before and after on parts of the test rows, one table a slice."""
    parts: dict[str, list[Mapping[str, Json]]] = {}
    for part in report.slices:
        if part.get("slice") != TESTS:
            parts.setdefault(str(part.get("slice")), []).append(part)
    blocks: list[Block] = [Paragraph(say("report.slices.reading"))] if parts else []
    for name, rows in parts.items():
        title = term("slice", name)
        blocks.append(_compared(say("report.slices.caption", slice=title), title, rows))
    return blocks


def _compared(caption: str, first: str, parts: Sequence[Mapping[str, Json]]) -> Block:
    pairs = [(figures.as_interval(part.get("before")), figures.as_interval(part.get("after"))) for part in parts]
    axis = _axis(figure for pair in pairs for figure in pair if figure)
    head = (
        first,
        say("report.col.rows"),
        say("report.col.before"),
        say("report.col.after"),
        say("report.col.interval"),
        _ends(axis),
        say("report.col.change"),
    )
    rows: list[tuple[Cell | str, ...]] = [
        (
            str(part.get("value", "")),
            figures.count(part.get("rows")),
            _brief(before),
            _brief(after),
            figures.interval(after),
            Cell("", whisker=after, axis=axis),
            figures.signed(after.value - before.value) if before and after else figures.ABSENT,
        )
        for part, (before, after) in zip(parts, pairs, strict=True)
    ]
    return table(caption, head, rows)


def calibration(report: Report) -> list[Block]:
    """Show how far confidence can be taken for accuracy."""
    facts = report.calibration
    if not facts:
        return []
    names = ("ece_before", "ece", "temperature", "ece_scaled")
    pairs = [(say(f"report.calibration.{name}"), figures.score(facts[name])) for name in names if name in facts]
    blocks: list[Block] = [Paragraph(say("report.calibration.reading")), Facts(tuple(pairs))]
    bins = [bin_ for bin_ in facts.get("bins", ()) if bin_.get("count")]
    if bins:
        confidence, accuracy = say("report.col.confidence"), say("report.col.accuracy")
        rows: list[tuple[Cell | str, ...]] = [
            (figures.score(b["confidence"]), figures.score(b["accuracy"]), figures.count(b["count"])) for b in bins
        ]
        bins_table = table(say("report.calibration.bins"), (confidence, accuracy, say("report.col.rows")), rows)
        drawing = charts.reliability(bins, confidence, accuracy)
        title, words = say("report.calibration.plot"), say("report.calibration.alternative", bins=len(bins))
        blocks.append(Charts((Chart(title, drawing, words, bins_table),)))
    return blocks
