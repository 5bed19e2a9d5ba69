"""Span figures follow the rule that conlleval publishes: a chunk is right when its type and both its ends are."""

import pytest

from dongcha.metrics import Outcome
from dongcha.metrics import spans as family

LABELS = ("LOC", "ORG", "PER")
PER, LONGER, ORG = (0, 4, "PER"), (0, 9, "PER"), (0, 4, "ORG")
LOC, OTHER_LOC = (12, 18, "LOC"), (20, 25, "LOC")

# gold, predicted, then hits, predicted and gold chunks counted by hand
CASES = {
    "both empty": ([[]], [[]], 0, 0, 0),
    "exact": ([[PER, LOC]], [[LOC, PER]], 2, 2, 2),
    "missed": ([[PER, LOC]], [[PER]], 1, 1, 2),
    "invented": ([[PER]], [[PER, LOC]], 1, 2, 1),
    "right ends, wrong type": ([[PER]], [[ORG]], 0, 1, 1),
    "right type, longer": ([[PER]], [[LONGER]], 0, 1, 1),
    "one chunk split in two": ([[LONGER]], [[PER, (5, 9, "PER")]], 0, 2, 1),
    "two chunks merged": ([[PER, (5, 9, "PER")]], [[LONGER]], 0, 1, 2),
    "overlapping and nested": ([[PER, LONGER, ORG]], [[LONGER, ORG]], 2, 2, 3),
    "said twice": ([[PER]], [[PER, PER]], 1, 1, 1),
    "the same chunk in another row": ([[PER], []], [[], [PER]], 0, 1, 1),
    "a type that training never saw": ([[PER, (7, 9, "DATE")]], [[PER]], 1, 1, 2),
    "several rows": ([[PER, LOC], [OTHER_LOC], []], [[PER], [OTHER_LOC, ORG], [LOC]], 2, 4, 3),
}


@pytest.mark.parametrize("case", CASES)
def test_chunks_are_counted_as_conlleval_does(case):
    gold, predicted, hits, num_predicted, num_gold = CASES[case]
    figure = {name: metric.figure(Outcome(gold, predicted)) for name, metric in family.metrics(LABELS).items()}
    precision = hits / num_predicted if num_predicted else 0.0
    recall = hits / num_gold if num_gold else 0.0
    assert figure["precision"] == pytest.approx(precision)
    assert figure["recall"] == pytest.approx(recall)
    total = precision + recall
    assert figure["f1"] == pytest.approx(2 * precision * recall / total if total else 0.0)


def test_types_are_counted_apart():
    gold, predicted = [[PER, LOC], [OTHER_LOC]], [[PER, ORG], [OTHER_LOC]]
    rows = {row["label"]: row for row in family.per_label(Outcome(gold, predicted), LABELS)}
    assert rows["LOC"] == {"label": "LOC", "precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2}
    assert rows["ORG"] == {"label": "ORG", "precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    assert rows["PER"]["f1"] == 1.0
    macro = family.metrics(LABELS)["macro_f1"].figure(Outcome(gold, predicted))
    assert macro == pytest.approx((2 / 3 + 0.0 + 1.0) / 3)


def test_macro_leaves_out_types_that_do_not_occur():
    assert family.metrics(LABELS)["macro_f1"].figure(Outcome([[PER]], [[PER]])) == 1.0


def test_a_row_is_right_when_all_its_spans_are():
    outcome = Outcome([[PER], [PER], []], [[PER], [PER, LOC], []])
    assert family.correct(outcome).tolist() == [True, False, True]
    assert family.metrics(LABELS)["exact_rows"].figure(outcome) == pytest.approx(2 / 3)


def test_spans_may_be_lists():
    assert family.metrics(LABELS)["f1"].figure(Outcome([[[0, 4, "PER"]]], [[(0, 4, "PER")]])) == 1.0
