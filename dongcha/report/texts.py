"""Let only those texts of people into a report that its recipe allows: shown, masked or none.

In: a Report with the texts as they are. Out: the Report as it may leave the run. `masked` hides personal data in every
string that may come from a row; `none` keeps of a row its number, its figures and those answers that are labels of
the task, drops the rest, and numbers the values of a user's own column. A policy that is not known counts as none.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dongcha.mask import mask_text
from dongcha.types import Check, Json, Report

_EXAMPLES = ("samples", "now_right", "now_wrong", "hardest")
_NAME = re.compile("[a-z][a-z0-9_]*")  # what we call a figure; a longer name may be a text
_OURS = ("length", "test")  # slices whose values are no user's texts
_ANSWERS = ("gold", "before", "after", "predicted")


def as_allowed(report: Report) -> Report:
    """Return the report with its texts shown, masked or dropped, as `report.texts` of its recipe says."""
    return _POLICIES.get((report.recipe.get("report") or {}).get("texts", "shown"), _without)(report)


def _shown(report: Report) -> Report:
    return report


def _masked(report: Report) -> Report:
    return _rewritten(report, lambda row: {key: _deep(inner) for key, inner in row.items()}, _masked_check)


def _without(report: Report) -> Report:
    labels = _labels(report)

    def bare(row: Mapping[str, Json]) -> dict[str, Json]:
        answers = {key: row[key] for key in _ANSWERS if isinstance(row.get(key), str) and row[key] in labels}
        return {**{k: v for k, v in row.items() if k == "row" or not _holds_text(v)}, **answers}

    return replace(_rewritten(report, bare, _bare_check), slices=_bare_slices(report, labels))


def _bare_slices(report: Report, labels: frozenset[str]) -> tuple[Mapping[str, Json], ...]:
    """Return the slices with values that are ours, or labels; the others are numbered within their slice."""
    own = (report.recipe.get("evaluate") or {}).get("slices") or ()
    numbers: Counter[str] = Counter()

    def bare(part: Mapping[str, Json]) -> dict[str, Json]:
        name, value = str(part.get("slice")), str(part.get("value"))
        if name not in own and (name in _OURS or (name == "label" and _are_labels(value, labels))):
            return {**part, "value": mask_text(value)}
        numbers[name] += 1
        return {**part, "value": str(numbers[name])}

    return tuple(map(bare, report.slices))


def _are_labels(value: str, labels: frozenset[str]) -> bool:
    """Tell whether a value is a label, or several of them as they are joined."""
    return value in labels or labels.issuperset(value.split(", "))


def _rewritten(report: Report, row: Callable[..., dict[str, Json]], check: Callable[[Check], Check]) -> Report:
    changed: dict[str, Any] = {name: tuple(map(row, getattr(report, name))) for name in _EXAMPLES}
    changed["slices"] = tuple({**part, "value": _deep(part.get("value"))} for part in report.slices)
    return replace(
        report,
        **changed,
        checks=tuple(map(check, report.checks)),
        data_checks=tuple(map(check, report.data_checks)),
    )


def _masked_check(check: Check) -> Check:
    return replace(
        check,
        message=mask_text(check.message),
        fix=mask_text(check.fix),
        examples=tuple(map(mask_text, check.examples)),
        figures=_deep(check.figures),
    )


def _bare_check(check: Check) -> Check:
    figures = {name: value for name, value in check.figures.items() if _NAME.fullmatch(name) and not _holds_text(value)}
    return replace(_masked_check(check), examples=(), figures=figures)


def _deep(value: Json) -> Any:
    """Mask every string in a JSON value, the keys of mappings too."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {mask_text(key): _deep(inner) for key, inner in value.items()}
    return [_deep(inner) for inner in value] if isinstance(value, list | tuple) else value


def _holds_text(value: Json) -> bool:
    """Tell whether a JSON value holds a string anywhere, as a value or as the name of an entry."""
    if isinstance(value, Mapping):
        return any(map(_holds_text, (*value.keys(), *value.values())))
    return isinstance(value, str) or (isinstance(value, list | tuple) and any(map(_holds_text, value)))


def _labels(report: Report) -> frozenset[str]:
    splits = (facts.get("labels") or {} for facts in report.data.values() if isinstance(facts, Mapping))
    return frozenset(
        [str(row.get("label")) for row in report.per_label]
        + [str(label) for label in report.confusion.get("labels", ())]
        + [str(label) for labels in splits for label in labels]
    )


_POLICIES: dict[str, Callable[[Report], Report]] = {"shown": _shown, "masked": _masked, "none": _without}
