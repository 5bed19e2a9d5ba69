"""Cut one Dataset into train, validation and test, so that no text stands on both sides.

In: a Dataset, how much goes where, and the name of its label field. Out: the splits by name, a partition of the rows,
each in the source's order. Rows of one folded text, and rows of one value of the group column, stay together.
The cut depends on the seed and on what the rows hold, not on their order: units are drawn in the order of a keyed
hash of their text. Knows no file and no model. State: a few numbers a row.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dongcha.data.dataset import Dataset
from dongcha.data.duplicates import drop_repeats, groups_and_ranks
from dongcha.data.moment import moments
from dongcha.data.rows import joined_texts, labels_of, plain, row_numbers
from dongcha.errors import DataError, RecipeError
from dongcha.locale import say

SPLITS = ("train", "validation", "test")
SCORE_BINS = 5  # a numeric score is stratified by its fifths


@dataclass(frozen=True)
class PerLabel:
    """Ask for this many rows of every label."""

    count: int


@dataclass(frozen=True, kw_only=True)
class SplitOptions:
    """Say how much goes where: a share of all rows, so many rows a label, or None.

    What no split asks for goes to train when `train` is None, else to test when `test` is None; with both asked for,
    nothing may be left over. `stratify` keeps each label's share in every split. `group` names a column whose equal
    values stay in one split. `by_time` names a column of dates or numbers: the oldest rows train, the newest test.
    """

    validation: float | PerLabel | None
    test: float | PerLabel | None
    train: float | PerLabel | None = None
    stratify: bool = True
    group: str | None = None
    by_time: str | None = None

    @property
    def asked(self) -> dict[str, float | PerLabel]:
        """The splits that ask for something, in the order train, validation, test."""
        wishes = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: wish for name, wish in wishes.items() if wish is not None}

    @property
    def rest(self) -> str | None:
        """The split that takes what is left over; None when train and test both ask for something."""
        return "train" if self.train is None else "test" if self.test is None else None


@dataclass(frozen=True)
class Units:
    """What may not be torn apart: `of_row` gives each row its unit; the other arrays hold one value a unit.

    `order` lists the units as they are drawn, `size` counts rows, `stratum` is each unit's label by number in `labels`.
    """

    of_row: np.ndarray
    order: np.ndarray
    size: np.ndarray
    stratum: np.ndarray
    labels: tuple[str, ...]


def make_splits(
    dataset: Dataset,
    options: SplitOptions,
    *,
    label_field: str | None,
    seed: int,
    fields: Sequence[str] = ("text",),
) -> dict[str, Dataset]:
    """Return the splits that were asked for, with the one that takes the rest; every row is in exactly one.

    Labels that are lists, and spans, are stratified by the rarest label of the row; scores by fifths. With `by_time`,
    a unit counts as old as its newest row, and labels are not looked at. Without groups or repeats each split's count
    of each label is within one row of its share.
    Raises RecipeError for shares that do not go together, DataError for a column that is missing or unreadable, for a
    label with too few rows, and for a split that would be empty.
    """
    _refuse_conflicts(dataset, options, label_field)
    units = _units(dataset, options, label_field, seed, fields)
    if options.by_time:
        place = _cut_by_time(units, _unit_times(dataset, options.by_time, units), options, len(dataset))
    else:
        place = _cut(units, options, len(dataset))
    splits = {}
    for name in SPLITS:
        if name in options.asked or name == options.rest:
            rows = np.flatnonzero(place[units.of_row] == SPLITS.index(name))
            if not len(rows):
                raise DataError(say("data_checks.split_empty", source=dataset.source, split=name, rows=len(dataset)))
            splits[name] = dataset.take(rows, name)
    return splits


def _refuse_conflicts(dataset: Dataset, options: SplitOptions, label_field: str | None) -> None:
    wishes = options.asked.values()
    shares = [wish for wish in wishes if not isinstance(wish, PerLabel)]
    if any(not 0 < share < 1 for share in shares) or sum(shares) > 1 + 1e-9:
        raise RecipeError(say("data_checks.split_shares", shares=", ".join(map(str, shares))))
    if any(isinstance(wish, PerLabel) and wish.count < 1 for wish in wishes):
        raise RecipeError(say("data_checks.split_count"))
    if len(shares) < len(wishes) and (label_field is None or options.by_time):
        raise RecipeError(say("data_checks.split_per_label"))
    for use, column in (("group", options.group), ("by_time", options.by_time), ("label", label_field)):
        if column is not None and column not in dataset.columns:
            found = ", ".join(dataset.columns)
            raise DataError(say("data_checks.split_column", source=dataset.source, use=use, column=column, found=found))


def _units(dataset: Dataset, options: SplitOptions, label_field: str | None, seed: int, fields: Sequence[str]) -> Units:
    key = seed.to_bytes(8, "little", signed=True)
    of_row, ranks = groups_and_ranks(joined_texts(dataset, fields, asked=False), key)
    if options.group:
        texts, of_row = of_row, _joined(of_row, _groups(dataset.column(options.group)))
        ranks = _least(ranks, dict(zip(texts.tolist(), of_row.tolist(), strict=True)))
    num_units = len(ranks)
    order = np.array(sorted(range(num_units), key=ranks.__getitem__), dtype=np.int64)
    size = np.bincount(of_row, minlength=num_units)
    per_label = any(isinstance(wish, PerLabel) for wish in options.asked.values())
    if label_field is None or not (options.stratify or per_label):
        return Units(of_row, order, size, np.zeros(num_units, dtype=np.int64), ("",))
    by_row = _row_strata(dataset.column(label_field))
    labels = tuple(sorted(set(by_row)))
    numbers = {label: number for number, label in enumerate(labels)}
    number_of = np.fromiter((numbers[label] for label in by_row), np.int64, len(by_row))
    return Units(of_row, order, size, _most_frequent(of_row, number_of), labels)


def _most_frequent(units: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the most frequent number of each unit, the least of several; units are 0, 1, ... without a gap."""
    if not len(units):
        return np.zeros(0, dtype=np.int64)
    width = int(numbers.max()) + 1
    codes, counts = np.unique(units * width + numbers, return_counts=True)
    order = np.lexsort((codes, -counts, codes // width))
    _, first = np.unique(codes[order] // width, return_index=True)
    return np.asarray(codes[order][first] % width)


def _least(ranks: list[bytes], unit_of: dict[int, int]) -> list[bytes]:
    """Return the least rank of the texts in each unit, given each text's unit."""
    least: dict[int, bytes] = {}
    for text, unit in unit_of.items():
        least[unit] = min(least.get(unit, ranks[text]), ranks[text])
    return [least[unit] for unit in range(len(least))]


def _groups(values: list[Any]) -> list[str | int]:
    """Return each row's group; rows without one share none, so each is named by its position, which is no text."""
    is_missing = (value is None or (isinstance(value, str) and not value.strip()) for value in values)
    return [row if lacks else plain(values[row]) for row, lacks in enumerate(is_missing)]


def _joined(texts: np.ndarray, values: list[str | int]) -> np.ndarray:
    """Return component numbers: rows are together when they share a text or a group value, in any number of steps."""
    numbers: dict[str | int, int] = {}
    groups = np.fromiter((numbers.setdefault(value, len(numbers)) for value in values), np.int64, len(values))
    nodes = int(texts.max(initial=-1)) + 1
    edges = coo_array((np.ones(len(texts)), (texts, nodes + groups)), shape=(nodes + len(numbers),) * 2)
    _, component = connected_components(edges, directed=False)
    return np.asarray(component[texts], dtype=np.int64)


def _row_strata(values: list[Any]) -> list[str]:
    """Return one label a row: the label, the rarest of its labels, the fifth of its score, or "" for none."""
    if values and all(isinstance(value, int | float) for value in values):
        edges = np.quantile(values, np.linspace(0, 1, SCORE_BINS + 1)[1:-1])
        return [f"{fifth}" for fifth in np.searchsorted(edges, values, side="right")]
    counts = Counter(label for value in values for label in labels_of(value))
    return [min(labels_of(value), key=lambda label: (counts[label], label), default="") for value in values]


def _cut(units: Units, options: SplitOptions, num_rows: int) -> np.ndarray:
    """Return the split number of each unit."""
    place = np.full(len(units.size), -1, dtype=np.int64)
    for name, wish in options.asked.items():
        if isinstance(wish, PerLabel):
            _take_per_label(units, place, SPLITS.index(name), wish.count)
    shares = {SPLITS.index(name): wish for name, wish in options.asked.items() if not isinstance(wish, PerLabel)}
    strata = units.stratum if options.stratify else np.zeros_like(units.stratum)
    totals = np.bincount(strata, weights=units.size)
    rest = _rest(options, sum(units.size[place < 0]), sum(shares.values()) * num_rows)
    carry = np.zeros(len(SPLITS))
    free = units.order[place[units.order] < 0]
    free = free[np.argsort(strata[free], kind="stable")]
    cuts = np.searchsorted(strata[free], np.arange(len(totals) + 1))
    for stratum, total in enumerate(totals):
        mine = free[cuts[stratum] : cuts[stratum + 1]]
        quota = _quota(total, shares, rest, int(units.size[mine].sum()), carry)
        _fill(place, mine, units.size, quota)
    if options.group:
        _fill_empty(place, units, {*shares, rest})
    return place


def _fill_empty(place: np.ndarray, units: Units, wanted: set[int]) -> None:
    """Give a split that large groups left empty the smallest unit of the split with most units, while that has two."""
    for split in sorted(wanted):
        counts = np.bincount(place, minlength=len(SPLITS))
        if not counts[split] and counts.max() > 1:
            donor = units.order[place[units.order] == counts.argmax()]
            place[donor[np.argmin(units.size[donor])]] = split


def _rest(options: SplitOptions, num_free: float, num_asked: float) -> int:
    """Return the split that takes what is left over; refuse leftovers that nobody asked for."""
    if options.rest is not None:
        return SPLITS.index(options.rest)
    if num_free - num_asked > 1:
        raise RecipeError(say("data_checks.split_left_over", rows=round(num_free - num_asked)))
    return SPLITS.index("train")


def _take_per_label(units: Units, place: np.ndarray, split: int, wanted: int) -> None:
    """Give `wanted` rows of every label to a split, in drawing order; a unit too large is passed by."""
    missing = np.full(len(units.labels), wanted)
    for unit in units.order:
        label = units.stratum[unit]
        if place[unit] < 0 and units.size[unit] <= missing[label]:
            place[unit] = split
            missing[label] -= units.size[unit]
    if missing.any():
        label = int(np.flatnonzero(missing)[0])
        found = wanted - int(missing[label])
        name = units.labels[label]
        raise DataError(say("data_checks.split_few", label=name, split=SPLITS[split], found=found, wanted=wanted))


def _quota(total: float, shares: dict[int, float], rest: int, num_free: int, carry: np.ndarray) -> np.ndarray:
    """Return whole rows a split that sum to `num_free`, each within one of its share of `total`.

    Remainders are carried on from stratum to stratum (in `carry`, changed here), so that many small labels do not all
    round the same way.
    """
    exact = np.zeros(len(SPLITS))
    for split, share in shares.items():
        exact[split] = share * total
    exact[rest] += num_free - exact.sum()
    exact = np.maximum(exact, 0) * (num_free / max(np.maximum(exact, 0).sum(), 1e-9))
    quota: np.ndarray = np.floor(exact + 1e-9).astype(np.int64)
    remainder = exact - quota
    split_up = np.argsort(-(remainder + carry) + 10.0 * (remainder < 1e-9), kind="stable")[: num_free - quota.sum()]
    quota[split_up] += 1
    carry += exact - quota
    return quota


def _fill(place: np.ndarray, free: np.ndarray, size: np.ndarray, quota: np.ndarray) -> None:
    """Give each unit of `free` (in drawing order) to a split: the large ones to the widest gap, then single rows."""
    gap = quota.astype(np.int64).copy()
    large = free[size[free] > 1]
    for unit in large[np.argsort(-size[large], kind="stable")]:
        split = int(np.argmax(gap))
        place[unit] = split
        gap[split] -= size[unit]
    single = free[size[free] == 1]
    gap = np.maximum(gap, 0)
    while (over := int(gap.sum()) - len(single)) > 0:  # a large unit overfilled one split: the widest gaps give way
        widest = int(np.argmax(gap))
        gap[widest] -= min(over, max(1, int(gap[widest] - np.sort(gap)[-2])))
    place[single] = np.repeat(np.arange(len(SPLITS)), gap)


def _unit_times(dataset: Dataset, column: str, units: Units) -> np.ndarray:
    """Return the time of each unit's newest row as a number."""
    values = dataset.column(column)
    kinds: list[str] = []
    times = np.empty(len(values))
    for index, (value, parsed) in enumerate(zip(values, moments(values), strict=True)):
        if parsed is None or (kinds and parsed[0] != kinds[0]):
            row = row_numbers(dataset)[index]
            key = "data_checks.split_time" if parsed is None else "data_checks.split_time_mixed"
            raise DataError(say(key, source=dataset.source, row=row, column=column, value=str(value)[:60]))
        kinds.append(parsed[0])
        times[index] = parsed[1]
    newest = np.full(len(units.size), -np.inf)
    np.maximum.at(newest, units.of_row, times)
    return newest


def _cut_by_time(units: Units, times: np.ndarray, options: SplitOptions, num_rows: int) -> np.ndarray:
    """Return the split number of each unit: the line of time is cut where the shares end."""
    shares = {name: cast(float, wish) for name, wish in options.asked.items()}
    rest = SPLITS[_rest(options, num_rows, sum(shares.values()) * num_rows)]
    shares[rest] = shares.get(rest, 0.0) + 1 - sum(shares.values())
    order = units.order[np.argsort(times[units.order], kind="stable")]
    middle = np.cumsum(units.size[order]) - units.size[order] / 2
    ends = np.cumsum([shares.get(name, 0.0) for name in SPLITS])[:-1] * num_rows
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.searchsorted(np.round(ends), middle, side="right")
    return place


__all__ = ["PerLabel", "SplitOptions", "drop_repeats", "make_splits"]
