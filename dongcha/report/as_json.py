"""Turn a Report into plain JSON and back, without loss.

In: a Report, or what `json.loads` made of one. Out: the other. Figures that are not finite become null, and null
where a figure must stand becomes NaN. Fields that this version does not know are left out, missing ones take their
defaults, so that an old report stays readable.
"""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from dongcha.types import Check, Interval, Json, Report, Row, Verdict

FORMAT = 1


def to_json(report: Report) -> dict[str, Json]:
    """Return a Report as nested dicts, lists, strings and finite numbers."""
    return {"format": FORMAT, **plain({field.name: getattr(report, field.name) for field in fields(report)})}


def plain(value: Any) -> Json:
    """Reduce a value to what JSON holds: dataclasses and mappings to dicts, sequences and arrays to lists."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return plain(value.tolist()) if hasattr(value, "tolist") else str(value)


def from_json(value: Mapping[str, Json]) -> Report:
    """Rebuild a Report; raise KeyError or TypeError where a required field is missing or is no such thing."""
    values = _known(Report, value)
    for name in ("differs", "samples", "now_right", "now_wrong", "hardest", "per_label", "slices"):
        values[name] = tuple(values.get(name, ()))
    for name in ("data_checks", "checks"):
        values[name] = tuple(_check(inner) for inner in values.get(name, ()))
    values["table"] = tuple(_row(inner) for inner in values.get("table", ()))
    values["main_metrics"] = tuple(values.get("main_metrics", ()))
    return Report(**values)


def _known(kind: type, value: Mapping[str, Json]) -> dict[str, Any]:
    """Leave out the fields that a later version has added."""
    names = {field.name for field in fields(kind)}
    return {name: inner for name, inner in value.items() if name in names}


def _check(value: Mapping[str, Json]) -> Check:
    return Check(**{**_known(Check, value), "examples": tuple(value.get("examples", ()))})


def _row(value: Mapping[str, Json]) -> Row:
    verdict = value.get("verdict")
    metrics = {name: _interval(figure) for name, figure in value["metrics"].items()}
    verdicts = {name: _verdict(one) for name, one in (value.get("verdicts") or {}).items()}
    found = {"metrics": metrics, "verdict": _verdict(verdict) if verdict else None, "verdicts": verdicts}
    return Row(**{**_known(Row, value), **found})


def _verdict(value: Mapping[str, Json]) -> Verdict:
    figures = {"difference": _interval(value["difference"]), "p_value": _number(value["p_value"])}
    return Verdict(**{**_known(Verdict, value), **figures})


def _interval(value: Mapping[str, Json]) -> Interval:
    return Interval(**{end: _number(value[end]) for end in ("value", "low", "high")})


def _number(value: float | None) -> float:
    return math.nan if value is None else value
