"""Lay out rounds: every contender once in each, in an order that turns; and sum up figures taken in rounds.

In: names, figures by name and round. Out: medians of ratios taken within a round, so that a slow minute of the machine
hits both sides of a ratio.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median


def in_turns(names: Iterable[str], rounds: int) -> Iterator[tuple[int, str]]:
    """Yield (round, name): all names in every round, each round beginning one name later."""
    listed = list(names)
    for turn in range(rounds):
        start = turn % len(listed)
        yield from ((turn, name) for name in listed[start:] + listed[:start])


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Divide figures round by round."""
    return [a / b for a, b in zip(above, below, strict=True)]


def faster(rates: Mapping[str, Sequence[float]], peer: str) -> float:
    """Return how many times the peer's rate ours is, the median over rounds."""
    return median(ratios(rates["ours"], rates[peer]))


def sooner(seconds: Mapping[str, Sequence[float]]) -> float:
    """Return how many times our seconds the quickest of all others took, the median over rounds."""
    others = [values for name, values in seconds.items() if name != "ours"]
    best = [min(of_round) for of_round in zip(*others, strict=True)]
    return median(ratios(best, seconds["ours"]))
