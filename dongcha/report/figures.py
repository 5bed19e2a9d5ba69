"""Write figures the way people read them: scores, intervals, counts, times, sizes, p-values.

In: numbers, or None where nothing was measured. Out: short strings in the language in force. Knows no report.
"""

import math
from collections.abc import Sequence

from dongcha.locale import say
from dongcha.types import Interval

ABSENT = "–"
MINUS = "−"


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number (True and False are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def score(value: float | None, digits: int = 3) -> str:
    """Write a metric with three decimals."""
    return f"{value:,.{digits}f}".replace("-", MINUS) if value is not None and is_number(value) else ABSENT


def signed(value: float | None, digits: int = 3) -> str:
    """Write a difference with its sign."""
    if value is None or not is_number(value):
        return ABSENT
    return f"{value:+,.{digits}f}".replace("-", MINUS)


def interval(figure: Interval | None, digits: int = 3) -> str:
    """Write the two ends of an interval in brackets."""
    if figure is None or not (is_number(figure.low) and is_number(figure.high)):
        return ABSENT
    return f"[{score(figure.low, digits)}, {score(figure.high, digits)}]"


def signed_interval(figure: Interval) -> str:
    """Write the two ends of a difference's interval, each with its sign."""
    return f"[{signed(figure.low)}, {signed(figure.high)}]"


def as_interval(triple: Sequence[float] | None) -> Interval | None:
    """Read [value, low, high] as an Interval; a bare [value] has no ends."""
    if not triple or not is_number(triple[0]):
        return None
    value, low, high = (*triple, math.nan, math.nan)[:3]
    return Interval(value, math.nan if low is None else low, math.nan if high is None else high)


def count(number: float | None) -> str:
    """Write a whole number with thousands separators."""
    return f"{number:,.0f}" if number is not None and is_number(number) else ABSENT


def percent(fraction: float | None) -> str:
    """Write a fraction in [0, 1] as a percentage with one decimal."""
    return f"{100 * fraction:.1f} %" if fraction is not None and is_number(fraction) else ABSENT


def p_value(p: float) -> str:
    """Write a p-value: `p < 0.001` or three decimals."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def seconds(value: float | None) -> str:
    """Write a duration: `0.1 s`, `24 s`, `3 min 40 s`, `1 h 12 min`; empty where it was not measured."""
    if value is None or not is_number(value):
        return ""
    whole = round(value)
    if whole < 10:
        return say("report.time.seconds", seconds=f"{value:.1f}")
    if whole < 60:
        return say("report.time.seconds", seconds=whole)
    if whole < 3600:
        return say("report.time.minutes", minutes=whole // 60, seconds=whole % 60)
    return say("report.time.hours", hours=f"{whole // 3600:,}", minutes=whole % 3600 // 60)


def megabytes(value: float | None) -> str:
    """Write a size: `22 MB`, `0.9 GB`; empty where it was not measured."""
    if value is None or not is_number(value):
        return ""
    if value >= 500:
        return f"{value / 1000:,.1f} GB"
    return f"{value:.0f} MB" if value >= 10 else f"{value:.1f} MB"
