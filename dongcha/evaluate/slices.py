"""Look at parts of the test rows apart: by length, by label, by any column; before beside after."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.data.rows import read_texts
from dongcha.judge.intervals import interval
from dongcha.metrics import Outcome
from dongcha.tasks._base import Task

MOST_VALUES = 20  # values of a column that get a line; rarer ones are left out
FEWEST_ROWS = 10


def slices(
    task: Task, test: Dataset, sides: Mapping[str, Outcome | None], columns: Sequence[str], seed: int
) -> tuple[Mapping[str, Any], ...]:
    """Return a line for each part: slice, value, rows, and the main metric of each side with its interval."""
    main = next(iter(task.metrics.values()))
    found = []
    for name, value, positions in _parts(test, task, columns):
        line = {"slice": name, "value": value, "rows": len(positions)}
        for side, outcome in sides.items():
            if outcome is not None:
                part = interval(main, outcome.take(positions), seed)
                line[side] = [part.value, part.low, part.high]
        found.append(line)
    return tuple(found)


def _parts(test: Dataset, task: Task, columns: Sequence[str]) -> Iterator[tuple[str, str, np.ndarray]]:
    yield from _by_length([*read_texts(test, task.fields[:1])])
    if task.fields[-1] == "label":
        yield from _by_value("label", test.column("label"))
    for column in columns:
        if column in test.columns:
            yield from _by_value(column, test.column(column))


def _by_length(texts: list[str]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Cut at the thirds of the lengths in characters."""
    lengths = np.array([len(text) for text in texts])
    low, high = np.quantile(lengths, [1 / 3, 2 / 3]).astype(int) if len(lengths) else (0, 0)
    for value, inside in (
        (f"<= {low}", lengths <= low),
        (f"{low + 1}-{high}", (lengths > low) & (lengths <= high)),
        (f"> {high}", lengths > high),
    ):
        if inside.sum() >= FEWEST_ROWS:
            yield "length", value, np.flatnonzero(inside)


def _by_value(name: str, values: list[Any]) -> Iterator[tuple[str, str, np.ndarray]]:
    shown = [", ".join(map(str, value)) if isinstance(value, list) else str(value) for value in values]
    array = np.array(shown, dtype=object)
    for value, count in Counter(shown).most_common(MOST_VALUES):
        if count >= FEWEST_ROWS:
            yield name, value, np.flatnonzero(array == value)
