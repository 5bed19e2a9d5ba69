"""Candidates judged on the same rows: the table, the paired test, flips, hardest rows, slices, calibration, files."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data.dataset import ROW, Dataset
from dongcha.evaluate import Candidate, evaluate
from dongcha.evaluate.calibration import unscaled
from dongcha.evaluate.evaluate import MOST_SHOWN
from dongcha.evaluate.keep import keep_predictions, plain
from dongcha.evaluate.slices import FEWEST_ROWS, MOST_VALUES, slices
from dongcha.tasks import classification, regression, tagging
from dongcha.tasks._labelled import softmax
from dongcha.types import Prediction

LABELS = ("bad", "good")


def rows_of(golds, **columns):
    texts = columns.pop("text", [f"text {i}" for i in range(len(golds))])
    return Dataset(
        "test", "x", pa.table({"text": texts, "label": golds, ROW: [*range(11, 11 + len(golds))], **columns})
    )


def said(labels, sure=0.9):
    """Predictions of labels; `sure` is their confidence, one for all or one a row."""
    sure = [sure] * len(labels) if isinstance(sure, float) else sure
    probs = [(1 - p, p) if label == "good" else (p, 1 - p) for label, p in zip(labels, sure, strict=True)]
    return [
        Prediction(i, {"label": label}, p, prob)
        for i, (label, p, prob) in enumerate(zip(labels, sure, probs, strict=True))
    ]


def judged(golds, before, after, **more):
    task = classification.Task(labels=LABELS)
    candidates = [
        Candidate("majority", said(["good"] * len(golds)), seconds=0.1),
        Candidate("before", before if isinstance(before[0], Prediction) else said(before), seconds=1.0),
        Candidate("after", after if isinstance(after[0], Prediction) else said(after), 2.0, 300.0, 80.0),
    ]
    columns = more.pop("columns", {})
    return evaluate(task, rows_of(golds, **columns), candidates, seed=13, **more)


GOLDS = ["good", "bad"] * 20


def test_the_table_is_in_the_candidates_order_with_their_costs():
    found = judged(GOLDS, GOLDS, GOLDS)
    assert [row.name for row in found.table] == ["majority", "before", "after"]
    assert [row.seconds for row in found.table] == [0.1, 1.0, 2.0]
    assert (found.table[2].megabytes, found.table[2].size_megabytes) == (300.0, 80.0)
    assert (found.table[0].megabytes, found.table[0].size_megabytes) == (None, None)
    assert found.main_metric == "accuracy"
    assert [row.metrics["accuracy"].value for row in found.table] == [0.5, 1.0, 1.0]
    for row in found.table:
        figure = row.metrics["accuracy"]
        assert 0 <= figure.low <= figure.value <= figure.high <= 1


def test_only_after_has_a_verdict_and_it_is_of_after_minus_before():
    half = ["good"] * 40
    better = judged(GOLDS, half, GOLDS).table
    assert [row.verdict is None for row in better] == [True, True, False]
    verdict = better[2].verdict
    assert (verdict.word, verdict.gained, verdict.lost, verdict.test) == ("better", 20, 0, "mcnemar")
    assert verdict.difference.value == pytest.approx(0.5)
    assert verdict.p_value < 0.001
    worse = judged(GOLDS, GOLDS, half).table[2].verdict
    assert (worse.word, worse.gained, worse.lost) == ("worse", 0, 20)
    assert worse.difference.value == pytest.approx(-0.5)
    even = judged(GOLDS, half, half).table[2].verdict
    assert (even.word, even.gained, even.lost, even.p_value) == ("even", 0, 0, 1.0)


def test_another_row_is_tested_against_the_one_that_it_names():
    half = ["good"] * 40
    table = judged(GOLDS, half, GOLDS, versus={"before": "majority"}).table
    assert [row.against for row in table] == ["", "majority", "before"]
    assert (table[1].verdict.word, table[2].verdict.word) == ("even", "better")


def test_without_before_there_is_no_verdict_and_no_flip():
    task = classification.Task(labels=LABELS)
    found = evaluate(task, rows_of(GOLDS), [Candidate("after", said(GOLDS))], seed=13)
    assert found.table[0].verdict is None
    assert (found.now_right, found.now_wrong) == ((), ())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from(LABELS)] * 3), min_size=2, max_size=40))
def test_flips_are_the_rows_that_changed_sides(rows):
    golds, before, after = zip(*rows, strict=True)
    found = judged(list(golds), list(before), list(after))
    right = [11 + i for i, (g, b, a) in enumerate(rows) if b != g == a]
    wrong = [11 + i for i, (g, b, a) in enumerate(rows) if b == g != a]
    assert sorted(story["row"] for story in found.now_right) == right
    assert sorted(story["row"] for story in found.now_wrong) == wrong
    verdict = found.table[-1].verdict
    assert (verdict.gained, verdict.lost) == (len(right), len(wrong))


def test_flips_are_told_with_the_surest_first_and_no_more_than_fit():
    count = MOST_SHOWN + 10
    sure = [0.5 + i / (3 * count) for i in range(count)]
    found = judged(["good"] * count, ["bad"] * count, said(["good"] * count, sure))
    assert len(found.now_right) == MOST_SHOWN
    assert [story["row"] for story in found.now_right] == [11 + i for i in range(count - 1, 9, -1)]
    assert found.now_right[0] == {
        **{"row": 11 + count - 1, "text": f"text {count - 1}"},
        **{"gold": "good", "before": "bad", "after": "good"},
    }
    assert found.table[-1].verdict.gained == count


def test_the_hardest_rows_are_the_wrong_ones_the_surest_first():
    golds = ["good"] * 4
    after = said(["bad", "good", "bad", "bad"], [0.6, 0.99, 0.9, 0.7])
    found = judged(golds, golds, after)
    assert [story["row"] for story in found.hardest] == [13, 14, 11]
    assert found.hardest[0] == {"row": 13, "text": "text 2", "gold": "good", "predicted": "bad", "confidence": 0.9}


def test_nothing_is_hard_where_all_is_right():
    assert judged(GOLDS, GOLDS, GOLDS).hardest == ()


def test_all_rows_are_hard_where_all_are_wrong():
    found = judged(GOLDS, GOLDS, GOLDS[1:] + GOLDS[:1])
    assert len(found.hardest) == len(GOLDS)


def test_the_hardest_numbers_are_the_furthest_and_no_confidence_stands_beside_them():
    test = Dataset("test", "x", pa.table({"text": ["a", "b", "c"], "score": [1.0, 2.0, 3.0], ROW: [1, 2, 3]}))
    answers = [Prediction(i, {"score": score}, 0.0) for i, score in enumerate([1.0, 2.5, 9.0])]
    found = evaluate(regression.Task(), test, [Candidate("after", answers)], seed=13)
    assert [story["row"] for story in found.hardest] == [3, 2]
    assert not any("confidence" in story for story in found.hardest)


def test_per_label_and_confusion_are_of_after():
    found = judged(["good", "good", "bad", "bad"], ["bad"] * 4, ["good", "bad", "bad", "bad"])
    assert [(line["label"], line["support"]) for line in found.per_label] == [("bad", 2), ("good", 2)]
    assert [round(line["precision"], 3) for line in found.per_label] == [0.667, 1.0]
    assert found.confusion == {"labels": ["bad", "good"], "matrix": [[2, 0], [1, 1]]}


def test_a_label_that_training_never_saw_counts_as_wrong():
    found = judged(["good", "new"], ["good", "good"], ["good", "good"])
    assert found.table[-1].metrics["accuracy"].value == 0.5


# slices


def sliced(golds, predicted, columns=(), **more):
    task = classification.Task(labels=LABELS)
    test = rows_of(golds, **more)
    sides = {"after": task.outcome({"label": golds}, said(predicted)), "before": None}
    return slices(task, test, sides, columns, 13)


def test_slices_by_label_count_their_own_rows():
    golds = ["good"] * 30 + ["bad"] * 10
    lines = [line for line in sliced(golds, ["good"] * 40) if line["slice"] == "label"]
    assert [(line["value"], line["rows"], line["after"][0]) for line in lines] == [("good", 30, 1.0), ("bad", 10, 0.0)]
    assert all(line["after"][1] <= line["after"][0] <= line["after"][2] for line in lines)
    assert all("before" not in line for line in lines)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 8), min_size=1, max_size=20) | st.lists(st.integers(1, 8), min_size=40, max_size=90))
def test_slices_by_length_share_no_row_and_say_true_bounds(lengths):
    golds = ["good"] * len(lengths)
    lines = [s for s in sliced(golds, golds, text=["x" * n for n in lengths]) if s["slice"] == "length"]
    counted = 0
    for line in lines:
        value = line["value"]
        if value.startswith("<="):
            inside = [n for n in lengths if n <= int(value[2:])]
        elif value.startswith(">"):
            inside = [n for n in lengths if n > int(value[1:])]
        else:
            low, high = map(int, value.split("-"))
            inside = [n for n in lengths if low <= n <= high]
        assert line["rows"] == len(inside) >= FEWEST_ROWS
        counted += len(inside)
    assert counted <= len(lengths)


def test_slices_by_a_column_and_by_one_that_is_not_there():
    golds = ["good", "bad"] * 20
    city = ["北京"] * 24 + ["上海"] * 12 + ["few"] * 4
    lines = sliced(golds, golds, ["city", "nowhere"], city=city)
    named = [(line["slice"], line["value"], line["rows"]) for line in lines if line["slice"] not in ("length", "label")]
    assert named == [("city", "北京", 24), ("city", "上海", 12)]


def test_a_column_of_many_values_gets_its_most_frequent_ones():
    count = (MOST_VALUES + 5) * FEWEST_ROWS
    golds = ["good"] * count
    values = [i % (MOST_VALUES + 5) for i in range(count)]
    lines = sliced(golds, golds, ["city"], city=values)
    assert len([line for line in lines if line["slice"] == "city"]) == MOST_VALUES


def test_slices_of_spans_are_of_their_rows():
    task = tagging.Task(labels=("LOC",))
    spans = [[{"start": 0, "end": 2, "label": "LOC"}]] * 20
    test = Dataset("test", "x", pa.table({"text": ["北京很好"] * 20, "spans": spans, "city": ["a", "b"] * 10}))
    found = [Prediction(i, {"spans": spans[i] if i % 2 else []}, 0.9) for i in range(20)]
    lines = slices(task, test, {"after": task.outcome({"spans": spans}, found)}, ["city"], 13)
    by_value = {line["value"]: line["after"][0] for line in lines if line["slice"] == "city"}
    assert by_value == {"a": 0.0, "b": 1.0}


# calibration


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.floats(-15, 15), min_size=3, max_size=3), min_size=1, max_size=8),
    st.floats(0.2, 8.0),
)
def test_a_temperature_undone_gives_the_raw_probabilities(logits, temperature):
    logits = np.array(logits)
    scaled = softmax(logits / temperature)
    assert np.allclose(unscaled(scaled, temperature), softmax(logits), atol=1e-6)


def test_calibration_says_raw_scaled_and_before():
    probs = [0.9, 0.8, 0.6, 0.7] * 10
    labels = ["good", "bad", "bad", "good"] * 10
    task = classification.Task(labels=LABELS, temperature=2.0)
    candidates = [Candidate("before", said(labels, 0.6)), Candidate("after", said(labels, probs))]
    found = evaluate(task, rows_of(GOLDS), candidates, seed=13).calibration
    assert found["temperature"] == 2.0
    assert {"ece", "ece_scaled", "ece_before", "bins", "bins_scaled"} <= set(found)
    assert found["ece_before"] == pytest.approx(abs(0.5 - 0.6))
    assert sum(bin_["count"] for bin_ in found["bins"]) == 40
    raw = judged(GOLDS, said(labels, 0.6), said(labels, probs)).calibration
    assert raw["ece"] == pytest.approx(raw["ece_scaled"]), "a temperature of 1 changes nothing"
    assert raw["ece_scaled"] == pytest.approx(found["ece_scaled"])


def test_no_probabilities_no_calibration():
    bare = [Prediction(i, {"label": label}, 0.9) for i, label in enumerate(GOLDS)]
    found = judged(GOLDS, bare, bare)
    assert found.calibration == {}
    assert "log_loss" not in found.table[-1].metrics
    assert "log_loss" in found.table[0].metrics


# keep


def test_predictions_on_disk_equal_predictions(tmp_path):
    golds = ["good", "bad", "good"]
    found = said(["good", "good", "bad"], [0.9, 0.8, 0.7])
    path = tmp_path / "predictions" / "test.parquet"
    keep_predictions(path, classification.Task(labels=LABELS), rows_of(golds), found)
    kept = pq.read_table(path).to_pydict()
    assert list(kept) == ["row", "gold", "predicted", "confidence", "probabilities"]
    assert kept["row"] == [11, 12, 13]
    assert kept["gold"] == golds
    assert kept["predicted"] == [p.target["label"] for p in found]
    assert kept["confidence"] == [p.confidence for p in found]
    assert [tuple(row) for row in kept["probabilities"]] == [p.probabilities for p in found]


@pytest.mark.parametrize("value", ["好", 1.5, 3, ["a", "b"], [{"start": 0, "end": 2, "label": "LOC"}], []])
def test_a_cell_is_text_a_number_or_json(value):
    cell = plain(value)
    assert cell == value if not isinstance(value, list) else json.loads(cell) == value


def test_spans_on_disk_are_json(tmp_path):
    spans = [{"start": 0, "end": 2, "label": "LOC"}]
    test = Dataset("test", "x", pa.table({"text": ["北京"], "spans": [spans]}))
    keep_predictions(tmp_path / "p.parquet", tagging.Task(labels=("LOC",)), test, [Prediction(0, {"spans": []}, 1.0)])
    kept = pq.read_table(tmp_path / "p.parquet").to_pylist()
    assert [json.loads(row["gold"]) for row in kept] == [spans]
    assert kept[0]["row"] == 1
    assert kept[0]["predicted"] == "[]"


# before


def test_before_is_the_frozen_model_with_a_linear_layer_and_beats_chance(reviews, places):
    for run in (reviews, places):
        before = run.report.table[-2]
        assert before.metrics[run.report.main_metric].value > 0.9
        assert before.seconds > 0
