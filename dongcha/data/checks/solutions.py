"""Run the solutions that rows bring against the rows' own tests; nothing where answers are no programs.

In: a View that can run programs. Out: the check `solutions`. The first MOST_ROWS rows of each split are looked at, of
those that have a test and the name of what it tests. State: those rows.
"""

import numpy as np

from dongcha.data.checks._base import NUM_EXAMPLES, View, split_order
from dongcha.data.dataset import Dataset
from dongcha.data.rows import row_numbers
from dongcha.locale import say
from dongcha.types import Check, Json

MOST_ROWS = 64  # of a split: a sandbox takes 0.05 s, a program that hangs 5 s
TESTED_BY = ("test", "entry_point")


def check(view: View) -> list[Check]:
    """Name the rows whose solution fails its own test."""
    if view.solved is None:
        return []
    figures: dict[str, Json] = {}
    failing: dict[str, list[int]] = {}
    for name in split_order(view.splits):
        tested = _tested(view.splits[name])
        if len(tested):
            rows = {column: tested.column(column) for column in (*view.fields, *TESTED_BY)}
            verdicts = zip(row_numbers(tested), view.solved(rows), strict=True)
            failing[name] = [row for row, passes in verdicts if not passes]
            figures[name] = {"rows": len(tested), "failing": failing[name]}
    if not figures:
        return []
    count = sum(found["rows"] for found in figures.values())
    wrong = sum(map(len, failing.values()))
    if not wrong:
        return [Check("solutions", "passed", say("data_checks.solutions_passed", count=count), figures=figures)]
    shown = (_shown(name, rows) for name, rows in failing.items() if rows)
    message = say("data_checks.solutions", failing=wrong, count=count, rows=say("data_checks.and").join(shown))
    return [Check("solutions", "warned", message, wrong, fix=say("data_checks.solutions_fix"), figures=figures)]


def _tested(dataset: Dataset) -> Dataset:
    """Return the first rows of a split that have all that a solution is run with."""
    if not {*TESTED_BY} <= {*dataset.columns}:
        return dataset.take(np.zeros(0, dtype=np.int64))
    values = zip(*(dataset.column(name) for name in TESTED_BY), strict=True)
    return dataset.take(np.flatnonzero([all(pair) for pair in values])[:MOST_ROWS])


def _shown(name: str, rows: list[int]) -> str:
    more = "…" if len(rows) > NUM_EXAMPLES else ""
    return say("data_checks.solutions_rows", split=name, rows=", ".join(map(str, rows[:NUM_EXAMPLES])) + more)
