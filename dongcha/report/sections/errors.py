"""Build the sections of errors: rows that flipped, the hardest rows, labels, confusion.

In: a Report. Out: lists of blocks, empty where the report has nothing of the kind.
"""

from collections.abc import Mapping, Sequence

from dongcha.locale import say
from dongcha.locale.terms import term
from dongcha.report import figures
from dongcha.report.blocks import Block, Cell, Examples, Fold, Paragraph, table
from dongcha.report.verdict import after_row, by_rights
from dongcha.types import Json, Report

MOST_LABELS = 20
MOST_PAIRS = 5
IN_SIGHT = 8  # examples of a kind shown before the rest is folded


def flips(report: Report) -> list[Block]:
    """Show rows that training made right, or better, and rows that it made wrong, or worse."""
    after = after_row(report)
    tested = after.verdict if after else None
    keys = ("report.flips.right", "report.flips.wrong")
    if not by_rights(report):
        keys = ("report.flips.better", "report.flips.worse")
    parts = (
        (keys[0], report.now_right, tested.gained if tested else len(report.now_right)),
        (keys[1], report.now_wrong, tested.lost if tested else len(report.now_wrong)),
    )
    return [
        block
        for key, rows, total in parts
        if rows
        for block in examples(say(key, shown=figures.count(len(rows)), all=figures.count(max(total, len(rows)))), rows)
    ]


def hardest(report: Report) -> list[Block]:
    """Show the rows that the trained model got wrong and was surest of; of numbers, those furthest from gold."""
    sure = any(row.get("confidence") is not None for row in report.hardest)
    caption = say("report.hardest.caption" if sure else "report.hardest.furthest")
    return examples(caption, report.hardest) if report.hardest else []


def examples(caption: str, rows: Sequence[Mapping[str, Json]]) -> list[Block]:
    """Set the first rows in sight and fold the rest away."""
    told = [(str(r.get("text", "")), _number(r), _answers(r)) for r in rows]
    blocks: list[Block] = [Examples(caption, tuple(told[:IN_SIGHT]))]
    if rest := told[IN_SIGHT:]:
        more = say("report.examples.more", count=figures.count(len(rest)))
        blocks.append(Fold(more, (Examples("", tuple(rest)),)))
    return blocks


def _number(row: Mapping[str, Json]) -> str:
    return say("report.row_number", row=row["row"]) if row.get("row") is not None else ""


def _answers(row: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """List the answers to a row in the order gold, before, after or predicted, confidence; absent ones left out."""
    names = ("gold", "before", "after", "predicted")
    answers = [(say(f"report.col.{name}"), str(row[name])) for name in names if row.get(name) is not None]
    if figures.is_number(row.get("confidence")):
        answers.append((say("report.col.confidence"), figures.score(row["confidence"])))
    return tuple(answers)


def per_label(report: Report) -> list[Block]:
    """Set precision, recall and F1 by label, most frequent first; the rest of many labels is folded."""
    if not report.per_label:
        return []
    ordered = sorted(report.per_label, key=lambda row: -(row.get("support") or 0))
    head = (say("report.col.label"), *(term("metric", name) for name in ("precision", "recall", "f1")))
    head = (*head, say("report.col.support"))
    rows: list[tuple[Cell | str, ...]] = [
        (
            str(row.get("label", "")),
            figures.score(row.get("precision")),
            figures.score(row.get("recall")),
            Cell(figures.score(row.get("f1")), bar=row.get("f1") or 0.0),
            figures.count(row.get("support")),
        )
        for row in ordered
    ]
    caption = say("report.labels.caption")
    blocks: list[Block] = [table(caption, head, rows[:MOST_LABELS])]
    if rest := rows[MOST_LABELS:]:
        more = say("report.labels.more", count=figures.count(len(rest)))
        blocks.append(Fold(more, (table(more, head, rest),)))
    return blocks


def confusion(report: Report) -> list[Block]:
    """Set gold against predicted as a shaded table of the 20 labels with most rows, and say what is left out."""
    labels, matrix = report.confusion.get("labels") or [], report.confusion.get("matrix") or []
    if not labels or len(labels) != len(matrix):
        return []
    support = [sum(row) for row in matrix]
    kept = sorted(sorted(range(len(labels)), key=lambda i: -support[i])[:MOST_LABELS])
    numbered = len(kept) > 8 or any(len(str(labels[i])) > 12 for i in kept)
    names = [f"{n} {labels[i]}" if numbered else str(labels[i]) for n, i in enumerate(kept, start=1)]
    head = (say("report.confusion.head"), *(str(n) if numbered else name for n, name in enumerate(names, start=1)))
    rows: list[tuple[Cell | str, ...]] = [
        (name, *(_shaded(matrix[i][j], support[i], i == j) for j in kept)) for name, i in zip(names, kept, strict=True)
    ]
    blocks: list[Block] = [Paragraph(say("report.confusion.reading"))]
    if pairs := _pairs(labels, matrix):
        blocks.append(Paragraph(say("report.confusion.pairs", pairs=pairs)))
    blocks.append(table(say("report.confusion.caption"), head, rows))
    if left := len(labels) - len(kept):
        missing = sum(support) - sum(support[i] for i in kept)
        blocks.append(Paragraph(say("report.confusion.left", labels=figures.count(left), rows=figures.count(missing))))
    return blocks


def _shaded(number: float, of: float, hit: bool) -> Cell:
    return Cell(
        figures.count(number) if number else "·", heat=number / of if of else 0.0, tone="hit" if hit else "miss"
    )


def _pairs(labels: Sequence[Json], matrix: Sequence[Sequence[float]]) -> str:
    """List the most frequent confusions, gold first."""
    size = range(len(labels))
    wrong = sorted(((matrix[i][j], i, j) for i in size for j in size if i != j and matrix[i][j]), reverse=True)
    return say("report.semicolon").join(f"{labels[i]} → {labels[j]} {n:,}" for n, i, j in wrong[:MOST_PAIRS])
