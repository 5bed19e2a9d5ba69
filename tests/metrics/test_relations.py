"""Relations: the official (9+1)-way score by hand, directions pooled, the wrong one wrong, Other left out."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from dongcha.metrics import Outcome
from dongcha.metrics.relations import gold_ids, metrics, parted, relation_of

LABELS = ("A(e1,e2)", "A(e2,e1)", "B(e1,e2)", "B(e2,e1)", "Other")


def figure(name, gold, predicted, labels=LABELS):
    return metrics(labels)[name].figure(Outcome(np.array(gold), np.array(predicted)))


def test_directions_are_one_relation_and_other_is_none():
    assert relation_of(LABELS).tolist() == [0, 0, 1, 1, -1]
    assert relation_of(("亲属", "unknown", "任职")).tolist() == [0, -1, 1]
    assert relation_of(("NA", "x (e2, e1)")).tolist() == [-1, 0]


def test_a_hand_computed_confusion_matrix():
    # gold down, predicted across:      A12 A21 B12 B21 Other
    matrix = np.array([[3, 1, 0, 0, 1], [0, 2, 1, 0, 0], [0, 0, 4, 0, 0], [1, 0, 1, 1, 0], [0, 1, 0, 0, 5]])
    gold, predicted = (np.repeat(side.ravel(), matrix.ravel()) for side in np.indices(matrix.shape))
    # A: 5 right; gold 8 (5 + 3), predicted 8 (4 + 4).  B: 5 right; gold 7 (4 + 3), predicted 7 (6 + 1).
    of_a, of_b = 2 * 5 / (8 + 8), 2 * 5 / (7 + 7)
    assert figure("relation_macro_f1", gold, predicted) == pytest.approx((of_a + of_b) / 2)
    assert figure("relation_micro_f1", gold, predicted) == pytest.approx(2 * 10 / (15 + 15))
    assert figure("accuracy", gold, predicted) == pytest.approx(15 / 21)


def test_without_directions_it_is_the_macro_f1_of_the_proper_labels():
    draw = np.random.default_rng(0)
    gold, predicted = draw.integers(0, 4, 200), draw.integers(0, 4, 200)
    labels = ("x", "y", "z", "other")
    expected = f1_score(gold, predicted, labels=[0, 1, 2], average="macro")
    assert figure("relation_macro_f1", gold, predicted, labels) == pytest.approx(expected)
    micro = f1_score(gold, predicted, labels=[0, 1, 2], average="micro")
    assert figure("relation_micro_f1", gold, predicted, labels) == pytest.approx(micro)


def test_a_gold_label_that_training_never_saw_is_missed_and_hurts_what_was_predicted():
    gold = gold_ids(["A(e1,e2)", "B(e1,e2)", "C(e1,e2)"], LABELS)
    assert gold.tolist() == [0, 2, -1]
    assert figure("relation_macro_f1", gold, [0, 2, 2]) == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert figure("relation_micro_f1", gold, [0, 2, 4]) == pytest.approx(2 * 2 / (2 + 3))
    assert figure("accuracy", gold, [0, 2, 4]) == pytest.approx(2 / 3)


def test_an_unseen_direction_is_its_relations_and_an_unseen_word_for_none_is_none():
    labels = ("A(e1,e2)", "B(e1,e2)", "Other")
    gold = gold_ids(["A(e1,e2)", "B(e2,e1)", "NA", "NA"], labels)
    assert gold.tolist() == [0, -4, -2, -2]
    # B: no hit, one gold, one predicted; A: one hit, two predicted
    assert figure("relation_macro_f1", gold, [0, 1, 2, 0], labels) == pytest.approx((2 * 1 / (1 + 2) + 0) / 2)
    assert figure("relation_micro_f1", gold, [0, 1, 2, 0], labels) == pytest.approx(2 * 1 / (2 + 3))


def test_blanks_around_a_label_change_neither_its_relation_nor_its_direction():
    for label in ("made_by(e2,e1)", " made_by(e2,e1)", "made_by(e2,e1) ", "made_by (e2, e1)"):
        assert parted(label) == ("made_by", True)
