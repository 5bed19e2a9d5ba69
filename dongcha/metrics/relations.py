"""Measure relations between two entities: macro and micro F1 over the relations proper, and accuracy.

In: an `Outcome` of label ids, as `metrics/classification.py` takes it. A label may end in a direction, "(e1,e2)" or
"(e2,e1)"; both directions are one relation, and the wrong direction is wrong. The label for "no relation" (Other, NA,
unknown, ...) has no F1 of its own, but what is confused with it counts. So is the official score of SemEval-2010
Task 8, (9+1)-way macro F1 with directionality (Hendrickx et al. 2010, section 5).
"""

import re
from collections.abc import Sequence
from functools import partial

import numpy as np

from dongcha.metrics import classification
from dongcha.metrics._base import CountMetric, Metric, Outcome, f1, macro_f1

DIRECTION = re.compile(r"\((e1,\s*e2|e2,\s*e1)\)$")
NO_RELATION = frozenset(
    ("other", "na", "n/a", "none", "no_relation", "no relation", "unknown", "false", "无关系", "未知", "其他", "无")
)


def metrics(labels: Sequence[str]) -> dict[str, Metric]:
    """Return the metrics of these labels by name, macro F1 over relations first (the main one)."""
    own, rows = relation_of(labels), classification.row_scores
    by_relation, pooled = partial(_counts, own=own), partial(_pooled, own=own)
    family: list[Metric] = [
        CountMetric(name="relation_macro_f1", counts=by_relation, value=macro_f1, row_scores=rows),
        CountMetric(name="relation_micro_f1", counts=pooled, value=f1, row_scores=rows),
    ]
    whole = classification.metrics(labels)
    return {metric.name: metric for metric in family} | {name: whole[name] for name in ("accuracy", "log_loss")}


def relation_of(labels: Sequence[str]) -> np.ndarray:
    """Return, by label, the id of its relation, both directions alike; -1 for "no relation"."""
    names = [found[0] if (found := parted(label)) else None for label in labels]
    ids = {name: i for i, name in enumerate(sorted({name for name in names if name is not None}))}
    return np.array([-1 if name is None else ids[name] for name in names], dtype=np.int64)


def parted(label: str) -> tuple[str, bool] | None:
    """Return a label's relation without direction, and whether it runs from tail to head; None for "no relation".

    >>> parted("made_by(e2,e1)"), parted("lies_in"), parted("Other")
    (('made_by', True), ('lies_in', False), None)
    """
    label = label.strip()
    name = DIRECTION.sub("", label).strip()
    if name.casefold() in NO_RELATION:
        return None
    return name, label[len(name) :].strip().startswith("(e2")


def gold_ids(values: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """Return the ids of gold labels; one that training never saw keeps its relation where that is known.

    -1 is a label of an unknown relation, -2 one of no relation, -3 - r another direction of relation r.
    """
    ids = {label: i for i, label in enumerate(labels)}
    relations = {
        found[0]: int(own) for label, own in zip(labels, relation_of(labels), strict=True) if (found := parted(label))
    }

    def unseen(value: str) -> int:
        found = parted(value)
        return -2 if found is None else -3 - relations[found[0]] if found[0] in relations else -1

    return np.array([ids[value] if value in ids else unseen(value) for value in values], dtype=np.int64)


def _counts(outcome: Outcome, own: np.ndarray) -> np.ndarray:
    """Return hits, predicted and gold by relation, (rows, 3 (relations + 1)); the last is what training never saw."""
    gold, predicted = (np.asarray(side, dtype=np.int64) for side in (outcome.gold, outcome.predicted))
    count = int(own.max(initial=-1)) + 1
    unseen = np.where(gold <= -3, -3 - gold, np.where(gold == -2, -1, count))
    by_gold = _one_hot(np.where(gold >= 0, own[np.maximum(gold, 0)], unseen), count + 1)
    by_predicted = _one_hot(own[predicted], count + 1)
    return np.hstack([by_gold * (gold == predicted)[:, None], by_predicted, by_gold])


def _one_hot(ids: np.ndarray, count: int) -> np.ndarray:
    return np.asarray(ids[:, None] == np.arange(count), dtype=np.float64)


def _pooled(outcome: Outcome, own: np.ndarray) -> np.ndarray:
    """Return hits, predicted and gold over all relations, (rows, 3)."""
    parts = np.split(_counts(outcome, own), 3, axis=1)
    return np.stack([part.sum(axis=1) for part in parts], axis=1)
