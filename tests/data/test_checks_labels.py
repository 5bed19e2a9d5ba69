"""Labels that are one, tiny, uneven, on one side only, or written in two ways are said before training."""

import pyarrow as pa
import pytest

from dongcha.data.checks import View, labels
from dongcha.data.dataset import Dataset


def checks(field="label", **splits):
    made = {
        name: Dataset(name, name, pa.table({"text": [f"t{i}" for i in range(len(values))], field: values}))
        for name, values in splits.items()
    }
    return {check.name: check for check in labels.check(View(splits=made, fields=("text", field)))}


def test_even_labels_pass():
    found = checks(train=["good", "bad"] * 10, test=["good", "bad"])
    assert {check.status for check in found.values()} == {"passed"}
    assert found["labels"].figures["rows"] == {"good": 10, "bad": 10}


def test_one_label_fails_with_a_fix():
    found = checks(train=["good"] * 10)["labels"]
    assert found.status == "failed"
    assert "good" in found.message
    assert found.fix


def test_one_kind_of_span_is_fine_and_no_span_fails():
    span = {"start": 0, "end": 1, "label": "PER"}
    assert checks("spans", train=[[span], [span, span], []])["labels"].status == "passed"
    none = pa.array(
        [[], []], type=pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))
    )
    assert checks("spans", train=none)["labels"].status == "failed"


def test_tiny_labels_are_named():
    found = checks(train=["a"] * 5 + ["b"] * 5 + ["rare"])["labels"]
    assert (found.status, found.examples) == ("warned", ("rare",))


@pytest.mark.parametrize("train", [["big"] * 90 + ["small"] * 10, ["big"] * 55 + ["other"] * 40 + ["small"] * 5])
def test_uneven_labels_are_warned_of_with_figures(train):
    found = checks(train=train)["label_balance"]
    assert found.status == "warned"
    assert found.figures["largest"] == "big"
    assert found.figures["ratio"] == train.count("big") / train.count("small")


def test_labels_unseen_in_train_and_absent_elsewhere_are_named():
    found = checks(train=["a", "b", "c"] * 3, test=["a", "b", "new", "new"])["labels_across_splits"]
    assert found.status == "warned"
    assert found.figures["test"] == {"unseen": ["new"], "absent": ["c"], "unseen_rows": 2}
    assert found.examples == ("test: new", "test: c")


@pytest.mark.parametrize(
    ("usual", "odd"),
    [
        ("Positive", "positive"),
        ("sci fi", "sci_fi"),
        ("ＡＢＣ", "ABC"),
        ("positive", "positve"),
        ("positive", "postiive"),
        ("positive", "poositive"),
        ("neutral", "neutrel"),
        ("服务态度", "服务太度"),
    ],
)
def test_names_that_look_alike_are_paired(usual, odd):
    found = checks(train=[usual] * 30 + [odd] + ["something else"] * 30)["label_names"]
    assert found.status == "warned"
    assert found.figures["pairs"] == [[usual, odd]]


@pytest.mark.parametrize(
    "names",
    [
        ("正面", "负面"),
        ("服务态度好", "服务态度差"),
        ("class_1", "class_2"),
        ("A", "B"),
        ("yes", "no"),
        ("pos", "neg"),
        ("LOC", "ORG"),
    ],
)
def test_names_that_differ_on_purpose_are_left_alone(names):
    assert checks(train=list(names) * 10)["label_names"].status == "passed"


def test_lists_of_labels_are_counted_one_by_one():
    found = checks(train=[["a", "b"], ["a"], ["b"], []])
    assert found["labels"].figures["rows"] == {"a": 2, "b": 2}


def test_scores_need_a_spread():
    assert checks("score", train=[1.0, 2.0, 3.0])["labels"].figures["mean"] == 2.0
    assert checks("score", train=[1.0, 1.0])["labels"].status == "failed"


def test_a_task_without_labels_is_skipped():
    assert checks("prompt", train=["a", "b"])["labels"].status == "skipped"
