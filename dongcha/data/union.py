"""Lay the rows of several tasks, each with data of its own, into one data set that knows whose each row is.

In: each task's splits, and what its targets are called among several tasks. Out: `Splits` whose tables have the column
`__task__`, the name of the task that a row belongs to; a target of another task is null there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dongcha.data.dataset import ROW, TASK, Dataset
from dongcha.data.splits import Splits
from dongcha.errors import DataError
from dongcha.locale import say

JOINED = " + "  # between the sources of a set, in messages


@dataclass(frozen=True)
class Share:
    """One task's splits: its name, the columns of its rows that it reads, by what they are called among several."""

    name: str
    splits: Splits
    columns: Mapping[str, str]


def union(shares: Sequence[Share]) -> Splits:
    """Join the splits of several tasks, their rows evenly mixed, so that any stretch has some of each.

    Columns that no task reads stay out.

    Raises DataError where one task has a set that another lacks, for then nothing could be said of both.
    """
    names = list(shares[0].splits.by_name)
    for share in shares[1:]:
        odd = sorted({*names} ^ {*share.splits.by_name})
        if odd:
            has, lacks = (shares[0], share) if odd[0] in names else (share, shares[0])
            raise DataError(say("read.set_of_one_task", set=odd[0], has=has.name, lacks=lacks.name))
    by_name = {name: _joined(name, shares) for name in names}
    made = frozenset[str]().union(*(share.splits.made for share in shares))
    return Splits(by_name, made, sum(share.splits.dropped for share in shares))


def _joined(name: str, shares: Sequence[Share]) -> Dataset:
    tables = [_own(share, share.splits.by_name[name]) for share in shares]
    sources = dict.fromkeys(share.splits.by_name[name].source for share in shares)
    places = np.concatenate([(np.arange(len(table)) + 0.5) / max(1, len(table)) for table in tables])
    mixed = pa.array(np.argsort(places, kind="stable"))
    return Dataset(name, JOINED.join(sources), pa.concat_tables(tables, promote_options="default").take(mixed))


def _own(share: Share, dataset: Dataset) -> pa.Table:
    table = dataset.arrow()
    kept = {column: told for column, told in share.columns.items() if column in table.column_names}
    table = table.select([*kept, ROW]).rename_columns([*kept.values(), ROW])
    return table.append_column(TASK, pa.array([share.name] * len(table), pa.string()))


def owned_by(task: str, owners: Sequence[str]) -> np.ndarray:
    """Return the 0-based positions of a task's rows among rows of these owners."""
    return np.flatnonzero(np.array(owners, dtype=object) == task)


def rows_of(dataset: Dataset, task: str) -> Dataset:
    """Return a task's rows; all, where rows are every task's."""
    if TASK not in dataset.table.column_names:
        return dataset
    return dataset.take(owned_by(task, dataset.column(TASK)))
