"""Read a cell as a point in time: a number, an ISO date, or a date as Chinese tables write it.

In: one value. Out: its kind and a number that grows with time. Knows nothing of time zones beyond those written out
(a time without one counts as UTC).
"""

import datetime as dt
import math
import re
from typing import Any, Literal

_CHINESE = re.compile(r"(\d{4})[年/.](\d{1,2})(?:[月/.](\d{1,2})日?)?月?\s*(.*)")
_YEAR_MONTH = re.compile(r"(\d{4})-(\d{1,2})")


def moment(value: Any) -> tuple[Literal["number", "date"], float] | None:
    """Return the kind of a value and its number (a date's in seconds since 1970), or None when it is neither."""
    if isinstance(value, dt.datetime):
        return "date", _seconds(value)
    if isinstance(value, dt.date):
        return "date", _seconds(dt.datetime.combine(value, dt.time()))
    if isinstance(value, int | float):
        return ("number", float(value)) if math.isfinite(value) else None
    return _parsed(value.strip()) if isinstance(value, str) else None


def _parsed(text: str) -> tuple[Literal["number", "date"], float] | None:
    try:
        number = float(text)
        return ("number", number) if math.isfinite(number) else None
    except ValueError:
        pass
    if found := _CHINESE.fullmatch(text):
        year, month, day, rest = found.groups()
        text = f"{year}-{month:0>2}-{day or 1:0>2} {rest}".strip()
    elif found := _YEAR_MONTH.fullmatch(text):
        text = f"{found[1]}-{found[2]:0>2}-01"
    try:
        return "date", _seconds(dt.datetime.fromisoformat(text))
    except ValueError:
        return None


def _seconds(value: dt.datetime) -> float:
    return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp()
