"""Count texts that come twice: in one split, in two splits (a leak), and almost the same.

In: a View. Out: checks `duplicates`, `leak`, `near_duplicates`. A leak into a split that we cut is a failure, into a
given one a warning. All counts of exact repeats are exact. State: one number a row, one digest a distinct text, and
224 bytes a text for near ones; above `MOST_ROWS` rows near ones are looked for only between train and each other split,
and then only the texts of these others, and those of train that share a band with one, have state.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dongcha.data.checks._base import NUM_EXAMPLES, View, short, split_order
from dongcha.data.duplicates import exact_groups, num_words
from dongcha.data.fields import form
from dongcha.data.near_duplicates import near_pairs
from dongcha.data.rows import ASKED_OF_ONE, owned_texts, targets
from dongcha.locale import say
from dongcha.types import Check, Json

MOST_ROWS = 200_000
LONG_WORDS = 5  # shorter texts ("NEW YORK 1996-08-26", "很好") repeat by nature and leak little


@dataclass(frozen=True)
class Split:
    """One split as the checks below need it: texts, the group number and the gold value of each row.

    Rows of one group have one text; those of one of `askings` ask the same of it: about the same places, for the same
    one of many answers.
    """

    name: str
    texts: list[str]
    groups: np.ndarray
    askings: np.ndarray
    gold: list[str | None]

    def gold_by_asking(self, askings: np.ndarray) -> dict[int, set[str]]:
        """Map each of these askings to the gold values that its rows have here, where they have any."""
        values: dict[int, set[str]] = defaultdict(set)
        for row in np.flatnonzero(np.isin(self.askings, askings)):
            gold = self.gold[row]
            if gold is not None:
                values[int(self.askings[row])].add(gold)
        return values

    def first_rows(self, groups: np.ndarray) -> list[int]:
        """Return the first row of each group, in row order."""
        return _first_of(self.groups, groups)


def check(view: View) -> list[Check]:
    """Look for exact repeats inside and across splits, and for near ones."""
    by_text: dict[bytes, int] = {}
    by_asking: dict[bytes, int] = {}
    splits = []
    for name in split_order(view.splits):
        dataset, fields = view.splits[name], view.fields
        groups = exact_groups(owned_texts(dataset, fields), by_text)
        asks = any(form(name) in ASKED_OF_ONE for name in fields)
        askings = exact_groups(owned_texts(dataset, fields, asked=True), by_asking) if asks else groups
        splits.append(Split(name, view.texts(name), groups, askings, targets(dataset, fields)))
    return [_inside(splits), *_leaks(splits, view.made_splits), _near(splits)]


def _first_of(numbers: np.ndarray, wanted: np.ndarray) -> list[int]:
    kept, first = np.unique(numbers, return_index=True)
    return [int(row) for row in np.sort(first[np.isin(kept, wanted)])]


def _inside(splits: Sequence[Split]) -> Check:
    figures: dict[str, Json] = {}
    clauses, examples = [], []
    for split in splits:
        askings, counts = np.unique(split.askings, return_counts=True)
        repeated = askings[counts > 1]
        conflicting = [asking for asking, gold in split.gold_by_asking(repeated).items() if len(gold) > 1]
        facts = {
            "rows": len(split.texts),
            "repeats": len(split.texts) - len(askings),
            "texts": len(repeated),
            "conflicts": len(conflicting),
        }
        figures[split.name] = facts
        if facts["repeats"]:
            clauses.append(say("data_checks.repeats_in", split=split.name, **facts))
            # Texts with conflicting gold first: they are what a person has to decide.
            first = [_first_of(split.askings, which) for which in (np.array(conflicting, dtype=np.int64), repeated)]
            examples += [split.texts[row] for row in dict.fromkeys(first[0] + first[1])]
    if not clauses:
        return Check("duplicates", "passed", say("data_checks.no_repeats"), figures=figures)
    return Check(
        name="duplicates",
        status="warned",
        message=say("data_checks.repeats", clauses=say("data_checks.and").join(clauses)),
        count=sum(facts["repeats"] for facts in figures.values()),
        examples=tuple(short(text) for text in examples[:NUM_EXAMPLES]),
        fix=say("data_checks.repeats_fix"),
        figures=figures,
    )


def _leaks(splits: Sequence[Split], made: frozenset[str]) -> list[Check]:
    if len(splits) < 2:
        return []
    figures: dict[str, Json] = {}
    clauses, examples, failed = [], [], False
    for left, right in _compared(splits):
        facts, rows = _leak(left, right)
        figures[f"{left.name}/{right.name}"] = facts
        if rows:
            clauses.append(say("data_checks.leak_in", left=left.name, right=right.name, long=LONG_WORDS, **facts))
            failed |= right.name in made
            examples += [right.texts[row] for row in sorted(rows, key=lambda row: -num_words(right.texts[row]))]
    if not clauses:
        return [Check("leak", "passed", say("data_checks.no_leak"), figures=figures)]
    return [
        Check(
            name="leak",
            status="failed" if failed else "warned",
            message=say("data_checks.leak", clauses=say("data_checks.and").join(clauses)),
            count=sum(facts["rows"] for facts in figures.values()),
            examples=tuple(short(text) for text in examples[:NUM_EXAMPLES]),
            fix=say("data_checks.leak_made_fix" if failed else "data_checks.leak_given_fix"),
            figures=figures,
        )
    ]


def _compared(splits: Sequence[Split]) -> list[tuple[Split, Split]]:
    """Pair what is learnt or chosen from with what is measured on."""
    sources = [split for split in splits if split.name in ("train", "validation")]
    return [(a, b) for a in sources for b in splits if splits.index(a) < splits.index(b)]


def _leak(left: Split, right: Split) -> tuple[dict[str, int | float], list[int]]:
    """Return the figures of one pair, and the first row in `right` of each shared text.

    `conflicts`: shared texts whose gold in `right` is none of those in `left`; `disagreements`: with any difference.
    """
    shared = np.intersect1d(left.groups, right.groups)
    rows = np.flatnonzero(np.isin(right.groups, shared))
    asked = np.intersect1d(left.askings, right.askings)
    ours, theirs = left.gold_by_asking(asked), right.gold_by_asking(asked)
    return {
        "texts": len(shared),
        "rows": len(rows),
        "of_rows": len(right.texts),
        "share": len(rows) / max(1, len(right.texts)),
        "long_rows": sum(num_words(right.texts[row]) >= LONG_WORDS for row in rows),
        "conflicts": sum(not ours[asking] & theirs[asking] for asking in ours),
        "disagreements": sum(len(ours[asking] | theirs[asking]) > 1 for asking in ours),
    }, right.first_rows(shared)


def _near(splits: Sequence[Split]) -> Check:
    total = sum(len(split.texts) for split in splits)
    narrow = total > MOST_ROWS
    wanted = [(a, b) for a in range(len(splits)) for b in range(a, len(splits))]
    if narrow:
        wanted = [(a, b) for a, b in wanted if a < b and splits[a].name == "train"]
    # One item a distinct text of a split: exact repeats are counted elsewhere.
    rows = [split.first_rows(split.groups) for split in splits]
    texts = [split.texts[row] for split, own in zip(splits, rows, strict=True) for row in own]
    groups = np.concatenate([split.groups[own] for split, own in zip(splits, rows, strict=True)] or [np.empty(0)])
    parts = np.repeat(np.arange(len(splits)), [len(own) for own in rows])
    pairs, similarity = near_pairs(texts, parts, wanted)
    differ = groups[pairs[:, 0]] != groups[pairs[:, 1]] if len(pairs) else np.empty(0, dtype=bool)
    pairs, similarity = pairs[differ], similarity[differ]
    pairs = pairs[np.argsort(-similarity, kind="stable")]
    figures: dict[str, Json] = {"narrow": narrow}
    clauses = []
    for a, b in wanted:
        left, right = splits[a].name, splits[b].name
        mine = pairs[(np.sort(parts[pairs], axis=1) == (a, b)).all(axis=1)]
        found = len(np.unique(mine[parts[mine] == b]))
        figures[f"{left}/{right}"] = {"texts": found, "pairs": len(mine)}
        if found:
            key = "data_checks.near_inside" if a == b else "data_checks.near_across"
            clauses.append(say(key, left=left, right=right, texts=found))
    across_first = pairs[np.argsort(parts[pairs[:, 0]] == parts[pairs[:, 1]], kind="stable")]
    examples = [f"{short(texts[a])} ~ {short(texts[b])}" for a, b in across_first[:NUM_EXAMPLES]]
    return _near_check(figures, clauses, examples, len(np.unique(pairs[:, 1])))


def _near_check(figures: dict[str, Json], clauses: list[str], examples: list[str], count: int) -> Check:
    note = say("data_checks.near_narrow", most=MOST_ROWS) if figures["narrow"] else ""
    if not clauses:
        return Check("near_duplicates", "passed", say("data_checks.no_near", note=note), figures=figures)
    return Check(
        name="near_duplicates",
        status="warned",
        message=say("data_checks.near", clauses=say("data_checks.and").join(clauses), note=note),
        count=count,
        examples=tuple(examples),
        fix=say("data_checks.near_fix"),
        figures=figures,
    )
