"""Read a cell as a point in time: a number, an ISO date, or a date as Chinese tables write it.

In: one value, or a column of them. Out: the kind of each and a number that grows with time. Knows nothing of time zones
beyond those written out (a time without one counts as UTC).
"""

import datetime as dt
import math
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal

_CHINESE = re.compile(r"(\d{4})[年/.](\d{1,2})(?:[月/.](\d{1,2})日?)?月?\s*(.*)")
_YEAR_MONTH = re.compile(r"(\d{4})-(\d{1,2})")
_POINTED = re.compile(r"(?:19|20)\d{2}\.(?:0?[1-9]|1[0-2])(?:\.\d{1,2})?")
_SHORT_HOUR = re.compile(r"(?<=[ T])(\d)(?=:)")

Moment = tuple[Literal["number", "date"], float]


def moments(values: Sequence[Any]) -> list[Moment | None]:
    """Return the moment of each value of a column; 2024.9 is a month where all its texts can be, else a number."""
    are_months = all(isinstance(value, str) and _POINTED.fullmatch(value.strip()) for value in values)
    return [moment(value, is_month=are_months) for value in values]


def moment(value: Any, *, is_month: bool = False) -> Moment | None:
    """Return the kind of a value and its number (a date's in seconds since 1970), or None when it is neither.

    A text such as 2024.10 is a number, or, where it `is_month`, a date: as a number it would come before 2024.9.
    """
    if isinstance(value, dt.datetime):
        return "date", _seconds(value)
    if isinstance(value, dt.date):
        return "date", _seconds(dt.datetime.combine(value, dt.time()))
    if isinstance(value, int | float):
        return ("number", float(value)) if math.isfinite(value) else None
    return _parsed(value.strip(), is_month) if isinstance(value, str) else None


def _parsed(text: str, is_month: bool) -> Moment | None:
    if not is_month:
        with suppress(ValueError):
            number = float(text)
            return ("number", number) if math.isfinite(number) else None
    if found := _CHINESE.fullmatch(text):
        year, month, day, rest = found.groups()
        text = f"{year}-{month:0>2}-{day or 1:0>2} {rest}".strip()
    elif found := _YEAR_MONTH.fullmatch(text):
        text = f"{found[1]}-{found[2]:0>2}-01"
    try:
        return "date", _seconds(dt.datetime.fromisoformat(_SHORT_HOUR.sub(r"0\1", text)))
    except ValueError:
        return None


def _seconds(value: dt.datetime) -> float:
    return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp()
