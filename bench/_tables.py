"""Write figures with their intervals, and tables of them, as all pages of benches do."""

from collections.abc import Iterable, Sequence

Ends = Sequence[float]  # a figure, and the lower and upper end of its interval


def figure(ends: Ends) -> str:
    """Write a figure with its interval.

    >>> figure([0.5, 0.25, 0.75])
    '0.500 [0.250, 0.750]'
    """
    value, low, high = ends
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def difference(ends: Ends, p_value: float) -> str:
    """Write a difference with its interval and its paired test.

    >>> difference([0.5, 0.25, 0.75], 0.01)
    '+0.500 [+0.250, +0.750], p = 0.0100'
    """
    value, low, high = ends
    return f"{value:+.3f} [{low:+.3f}, {high:+.3f}], p = {p_value:.4f}"


def table(columns: Sequence[str], lines: Iterable[str]) -> str:
    """Return a table of Markdown: its head, and lines that are written already."""
    return "\n".join([f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|", *lines]) + "\n"
