"""Look at the labels: how many, how even, which are in one split only, which look like one another.

In: a View whose target is a label, a list of labels, spans or a score. Out: checks `labels`, `label_balance`,
`labels_across_splits`, `label_names`. A task with one label (or one score) only is a failure: nothing can be learnt.
State: one count a label and split.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from dongcha.data.checks._base import NUM_EXAMPLES, View, short, skipped, split_order
from dongcha.data.duplicates import fold
from dongcha.data.fields import form
from dongcha.data.rows import label_counts
from dongcha.locale import say
from dongcha.types import Check, Json

FEWEST = 2  # rows of a label in train below which it cannot be both learnt and checked
UNEVEN = 10  # times that the largest label may have the rows of the smallest
MAJORITY = 0.8  # share of one label above which accuracy says little
RARE = 0.1  # a label name with at most this share of its neighbour's rows looks like a slip of the pen
SHORTEST_TYPO = 4  # letters; shorter names differ by one letter on purpose


def check(view: View) -> list[Check]:
    """Look at the labels of all splits, or at the spread of the scores."""
    if not view.targets:
        return [skipped("labels", say("data_checks.labels_none"))]
    found = {target: _of(view, target) for target in view.targets}
    if len(found) == 1:
        return found[view.targets[0]]
    return [replace(one, message=f"{name}: {one.message}") for name, checks in found.items() for one in checks]


def _of(view: View, target: str) -> list[Check]:
    if form(target) == "score":
        return [_scores(view, target)]
    counts = {name: label_counts(view.splits[name], target) for name in split_order(view.splits)}
    if view.named:
        counts["train"] = Counter(dict.fromkeys(view.named, 0))
        checks = [skipped("labels", say("data_checks.labels_named", all=len(view.named))), _across(counts, "_named")]
    else:
        train = counts.get("train") or next(iter(counts.values()), Counter())
        checks = [_number(train, target), _balance(train), _across(counts), _names(counts)]
    return [found for found in checks if found is not None]


def _figures(counts: Counter[str]) -> dict[str, Json]:
    return {"labels": len(counts), "rows": dict(counts.most_common(200))}


def _number(train: Counter[str], target: str) -> Check:
    if not train or (len(train) == 1 and form(target) == "label"):
        message = say("data_checks.labels_one", label=next(iter(train), ""), count=len(train))
        return Check(
            "labels",
            "failed",
            message,
            count=len(train),
            fix=say("data_checks.labels_one_fix"),
            figures=_figures(train),
        )
    tiny = [label for label, count in train.items() if count < FEWEST]
    if tiny:
        return Check(
            name="labels",
            status="warned",
            message=say("data_checks.labels_tiny", tiny=len(tiny), all=len(train), fewest=FEWEST),
            count=len(tiny),
            examples=tuple(map(short, tiny[:NUM_EXAMPLES])),
            fix=say("data_checks.labels_tiny_fix"),
            figures=_figures(train),
        )
    return Check("labels", "passed", say("data_checks.labels_passed", all=len(train)), figures=_figures(train))


def _balance(train: Counter[str]) -> Check | None:
    if len(train) < 2:
        return None
    (largest, most), (smallest, fewest) = train.most_common()[0], train.most_common()[-1]
    share = most / train.total()
    facts = {"largest": short(largest), "most": most, "smallest": short(smallest), "fewest": fewest, "share": share}
    figures = {**facts, "ratio": most / fewest}
    if share <= MAJORITY and most <= UNEVEN * fewest:
        return Check("label_balance", "passed", say("data_checks.balance_passed", **facts), figures=figures)
    message = say("data_checks.balance", **facts)
    return Check("label_balance", "warned", message, 1, fix=say("data_checks.balance_fix"), figures=figures)


def _across(counts: Mapping[str, Counter[str]], words: str = "") -> Check | None:
    """Name the labels that a split has and train has not, or the other way round; `words` ends the messages' names."""
    if "train" not in counts or len(counts) < 2:
        return None
    clauses, examples = [], []
    figures: dict[str, Json] = {}
    train = set(counts["train"])
    for name, found in counts.items():
        if name == "train":
            continue
        unseen, absent = sorted(set(found) - train), sorted(train - set(found))
        figures[name] = {"unseen": unseen, "absent": absent, "unseen_rows": sum(found[label] for label in unseen)}
        if unseen:
            rows = figures[name]["unseen_rows"]
            clauses.append(say(f"data_checks.labels_unseen{words}", split=name, labels=len(unseen), rows=rows))
        if absent:
            clauses.append(say(f"data_checks.labels_absent{words}", split=name, labels=len(absent)))
        examples += [f"{name}: {short(label)}" for label in (*unseen, *absent)]
    if not clauses:
        return Check("labels_across_splits", "passed", say("data_checks.labels_across_passed"), figures=figures)
    return Check(
        name="labels_across_splits",
        status="warned",
        message=say("data_checks.labels_across", clauses=say("data_checks.and").join(clauses)),
        count=len(examples),
        examples=tuple(examples[:NUM_EXAMPLES]),
        fix=say(f"data_checks.labels_across_fix{words}"),
        figures=figures,
    )


def _names(counts: Mapping[str, Counter[str]]) -> Check:
    total = sum(counts.values(), Counter[str]())
    pairs = list(dict.fromkeys([*alike_when_folded(total), *one_edit_apart(total)]))
    if not pairs:
        return Check("label_names", "passed", say("data_checks.names_passed"))
    return Check(
        name="label_names",
        status="warned",
        message=say("data_checks.names", pairs=len(pairs)),
        count=len(pairs),
        examples=tuple(
            f"{short(one)!r} ({total[one]:,}) ~ {short(other)!r} ({total[other]:,})"
            for one, other in pairs[:NUM_EXAMPLES]
        ),
        fix=say("data_checks.names_fix"),
        figures={"pairs": [list(pair) for pair in pairs]},
    )


def alike_when_folded(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return pairs of labels (the more frequent first) that differ only by case, width, spaces, `_` or `-`."""
    families: dict[str, list[str]] = defaultdict(list)
    for label in sorted(counts, key=lambda label: (-counts[label], label)):
        families["".join(c for c in fold(label).casefold() if c not in " _-")].append(label)
    return [(family[0], other) for family in families.values() for other in family[1:]]


def one_edit_apart(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return pairs of labels (the more frequent first) one inserted, lost, wrong or swapped letter apart.

    Left out is what differs on purpose: by a digit (`class_1`, `class_2`), between names below four letters (three
    Chinese characters), and between Chinese names unless one is rare (服务态度好, 服务态度差). Labels that share a form
    with one letter taken out are candidates, so the work is linear in the letters of all labels.
    """
    by_form: dict[str, list[str]] = defaultdict(list)
    for label in sorted(counts, key=lambda label: (-counts[label], label)):
        for shape in {label, *(label[:i] + label[i + 1 :] for i in range(len(label)))}:
            by_form[shape].append(label)
    pairs = dict.fromkeys((family[0], other) for family in by_form.values() for other in family[1:])
    return [(a, b) for a, b in pairs if _is_one_edit(a, b) and _looks_like_a_slip(a, b, counts)]


def _is_one_edit(one: str, other: str) -> bool:
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])


def _looks_like_a_slip(one: str, other: str, counts: Mapping[str, int]) -> bool:
    if sorted(filter(str.isdigit, one)) != sorted(filter(str.isdigit, other)):
        return False
    is_rare = counts[other] <= RARE * counts[one]
    is_ascii = one.isascii() and other.isascii()
    return min(len(one), len(other)) >= (SHORTEST_TYPO if is_ascii else SHORTEST_TYPO - 1) and (is_ascii or is_rare)


def _scores(view: View, target: str) -> Check:
    name = "train" if "train" in view.splits else next(iter(view.splits))
    scores = np.array(_numbers(view.splits[name].column(target)))
    if len(np.unique(scores)) < 2:
        message = say("data_checks.scores_one", count=len(scores))
        return Check("labels", "failed", message, len(scores), fix=say("data_checks.scores_one_fix"))
    facts = {"low": scores.min(), "high": scores.max(), "mean": scores.mean(), "deviation": scores.std()}
    figures = {key: float(value) for key, value in facts.items()}
    return Check("labels", "passed", say("data_checks.scores_passed", **figures), figures=figures)


def _numbers(values: Iterable[float | None]) -> Sequence[float]:
    return [value for value in values if value is not None and np.isfinite(value)]
