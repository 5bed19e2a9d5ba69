"""Build the sections of data: splits, labels, data checks, and the gap between train, test and pretraining text.

In: a Report. Out: lists of blocks, empty where the report has nothing of the kind.
"""

from collections.abc import Mapping

from dongcha.locale import say
from dongcha.locale.terms import term
from dongcha.report import figures
from dongcha.report.blocks import Block, Cell, Checks, Fold, Table, table, written
from dongcha.report.sections.errors import examples
from dongcha.types import Check, Json, Report

MOST_LABELS = 20
_GAP = "gap"


def splits(report: Report) -> list[Block]:
    """Set the splits side by side, then their labels, then what the data checks found."""
    blocks: list[Block] = []
    if facts := _splits(report):
        blocks.append(_facts_table(facts))
        blocks += _labels(facts)
    blocks += examples(say("report.samples.caption"), report.samples) if report.samples else []
    if found := tuple(check for check in report.data_checks if not is_gap(check)):
        blocks.append(Checks(found))
    return blocks


def gap(report: Report) -> list[Block]:
    """Show how far apart the texts of train, test and pretraining are."""
    found = tuple(check for check in report.data_checks if is_gap(check))
    return [Checks(found)] if found else []


def is_gap(check: Check) -> bool:
    """Tell whether a data check measures a distance between texts."""
    return _GAP in check.name or "shift" in check.name


def _splits(report: Report) -> dict[str, Mapping[str, Json]]:
    return {name: facts for name, facts in report.data.items() if isinstance(facts, Mapping) and "rows" in facts}


def _facts_table(facts: Mapping[str, Mapping[str, Json]]) -> Table:
    columns = [(name, write) for name, write in _COLUMNS if any(split.get(name) for split in facts.values())]
    head = (say("report.col.split"), *(say(f"report.col.{name}") for name, _ in columns))
    rows: list[tuple[Cell | str, ...]] = [
        (
            term("split", name),
            *(write(split[key]) if split.get(key) is not None else figures.ABSENT for key, write in columns),
        )
        for name, split in facts.items()
    ]
    return table(say("report.data.caption"), head, rows)


def _languages(languages: Json) -> str:
    """Write languages with their shares, most frequent first."""
    if not isinstance(languages, Mapping):
        return written(languages)
    total = sum(languages.values()) or 1
    ranked = sorted(languages.items(), key=lambda item: -item[1])
    if len(ranked) == 1:
        return term("language", ranked[0][0])
    return say("report.comma").join(f"{term('language', name)} {figures.percent(n / total)}" for name, n in ranked)


_COLUMNS = (
    ("rows", figures.count),
    ("dropped", figures.count),
    ("languages", _languages),
    ("longest_tokens", figures.count),
    ("cut_rows", figures.count),
    ("columns", written),
    ("source", written),
)


def _labels(facts: Mapping[str, Mapping[str, Json]]) -> list[Block]:
    """Set how often each label stands in each split; the rest of many labels is folded."""
    counted = {name: split["labels"] for name, split in facts.items() if split.get("labels")}
    most = {name: max(labels.values()) or 1 for name, labels in counted.items()}
    names = list(dict.fromkeys(label for labels in counted.values() for label in labels))
    names.sort(key=lambda label: -sum(labels.get(label, 0) for labels in counted.values()))
    head = (say("report.col.label"), *(term("split", name) for name in counted))
    rows: list[tuple[Cell | str, ...]] = [
        (label, *(_barred(labels.get(label, 0), most[name]) for name, labels in counted.items())) for label in names
    ]
    if not rows:
        return []
    caption = say("report.data.labels", count=figures.count(len(names)))
    blocks: list[Block] = [table(caption, head, rows[:MOST_LABELS])]
    if rest := rows[MOST_LABELS:]:
        more = say("report.labels.more", count=figures.count(len(rest)))
        blocks.append(Fold(more, (table(more, head, rest),)))
    return blocks


def _barred(number: int, most: int) -> Cell:
    return Cell(figures.count(number), bar=number / most)
