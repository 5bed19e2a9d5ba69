"""Repeats are counted exactly, leaks fail where we made the split, and the known leak of CoNLL-2003 is found."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data.checks import View, duplicates, run_checks
from dongcha.data.dataset import Dataset
from dongcha.locale import speaking

LONG = "the committee agreed on the new rules for the regional market after a long debate on {}"


def split(name, texts, labels):
    return Dataset(name, f"{name}.csv", pa.table({"text": texts, "label": labels}))


def checks(**splits):
    made = splits.pop("made", frozenset())
    view = View(
        splits={name: split(name, *rows) for name, rows in splits.items()}, fields=("text", "label"), made_splits=made
    )
    return {check.name: check for check in duplicates.check(view)}


def test_clean_splits_pass():
    found = checks(train=(["a b", "c"], ["x", "y"]), test=(["d"], ["x"]))
    assert {check.status for check in found.values()} == {"passed"}


def test_repeats_inside_a_split_are_counted_with_conflicts():
    found = checks(train=(["a b", "ａ  b", "c", "c", "c"], ["x", "y", "z", "z", "z"]))["duplicates"]
    assert found.status == "warned"
    assert found.figures["train"] == {"rows": 5, "repeats": 3, "texts": 2, "conflicts": 1}
    assert found.count == 3
    assert found.examples[0] == "a b"
    assert found.fix


@pytest.mark.parametrize(
    ("made", "status"), [((), "warned"), (("test",), "failed"), (("train", "validation"), "warned")]
)
def test_a_leak_fails_only_in_a_split_that_we_made(made, status):
    leak = checks(
        train=(["one two three four five", "b"], ["x", "y"]),
        test=(["one two  three four five", "b", "b", "c"], ["y", "y", "y", "x"]),
        made=frozenset(made),
    )["leak"]
    assert leak.status == status
    assert leak.figures["train/test"] == {
        "texts": 2,
        "rows": 3,
        "of_rows": 4,
        "share": 0.75,
        "long_rows": 1,
        "conflicts": 1,
        "disagreements": 1,
    }


def test_near_texts_are_found_across_splits_but_exact_ones_are_not_counted_again():
    near = checks(train=([LONG.format("fish"), "b"], ["x", "y"]), test=([LONG.format("wine"), "b"], ["x", "y"]))
    assert near["near_duplicates"].status == "warned"
    assert near["near_duplicates"].figures["train/test"] == {"texts": 1, "pairs": 1}
    same = checks(train=([LONG.format("fish")], ["x"]), test=([LONG.format("fish")], ["x"]))
    assert same["near_duplicates"].status == "passed"
    assert same["leak"].count == 1


def test_above_the_limit_only_train_is_compared_with_the_others_and_it_says_so(monkeypatch):
    monkeypatch.setattr(duplicates, "MOST_ROWS", 3)
    near = checks(
        train=([LONG.format("fish"), LONG.format("wish")], ["x", "x"]),
        validation=([LONG.format("dish")], ["x"]),
        test=([LONG.format("wine")], ["x"]),
    )["near_duplicates"]
    assert set(near.figures) == {"narrow", "train/validation", "train/test"}
    assert near.figures["train/validation"]["texts"] == near.figures["train/test"]["texts"] == 1
    assert "above 3 rows, only train is compared with the other splits" in near.message
    with speaking("zh"):
        said = checks(train=(["a", "b"], ["x", "x"]), test=(["c", "d"], ["x", "x"]))["near_duplicates"].message
    assert "超过 3 行，只将训练集与其他数据集比较" in said


def test_examples_are_few_short_and_on_one_line():
    text = "line one\nline two " * 20
    found = checks(train=([f"{text}{i // 2}" for i in range(20)], ["x"] * 20))["duplicates"]
    assert len(found.examples) == 5
    assert all(len(example) <= 60 and "\n" not in example for example in found.examples)


@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from("xy")), min_size=1, max_size=25), st.integers(1, 24))
@settings(max_examples=40, deadline=None)
def test_figures_equal_a_plain_count(rows, cut):
    left, right = rows[:cut], rows[cut:]
    found = checks(
        train=([f"t{t}" for t, _ in left], [y for _, y in left]),
        test=([f"t{t}" for t, _ in right], [y for _, y in right]),
    )
    ours, theirs = {t for t, _ in left}, {t for t, _ in right}
    figures = found["leak"].figures["train/test"]
    assert figures["texts"] == len(ours & theirs)
    assert figures["rows"] == sum(t in ours for t, _ in right)
    conflicts = sum(not {y for u, y in left if u == t} & {y for u, y in right if u == t} for t in ours & theirs)
    assert figures["conflicts"] == conflicts
    assert found["duplicates"].figures["train"]["repeats"] == len(left) - len(ours)


def spans_of(tokens, tags):
    spans, position = [], 0
    for token, tag in zip(tokens, tags, strict=True):
        end = position + len(token)
        if tag.startswith("B-"):
            spans.append({"start": position, "end": end, "label": tag[2:]})
        elif tag.startswith("I-"):
            spans[-1]["end"] = end
        position = end + 1
    return spans


@pytest.mark.real
def test_the_leak_of_conll_2003_is_found_exactly(data_folder):
    splits = {}
    for name in ("train", "validation", "test"):
        lines = (data_folder / "conll2003_ner_en" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        table = pa.table(
            {
                "text": [" ".join(row["tokens"]) for row in rows],
                "spans": [spans_of(row["tokens"], row["tags"]) for row in rows],
            }
        )
        splits[name] = Dataset(name, name, table)
    found = {check.name: check for check in run_checks(View(splits=splits, fields=("text", "spans")), ["duplicates"])}
    leak = found["leak"]
    assert leak.status == "warned"
    test = leak.figures["train/test"]
    assert (test["texts"], test["rows"], test["of_rows"], test["long_rows"]) == (78, 126, 3453, 45)
    assert (test["conflicts"], test["disagreements"]) == (5, 6)
    assert leak.figures["validation/test"]["texts"] == 25
    assert leak.figures["train/validation"]["texts"] == 129
    assert "78 texts of test are in train, 126 of its 3,453 rows (45 of 5 words or more)" in leak.message
    assert found["duplicates"].figures["train"]["repeats"] == 14041 - len(np.unique(splits["train"].column("text")))


def test_a_sentence_in_two_splits_is_a_leak_whatever_places_are_asked_about():
    def place(at):
        return {"start": at, "end": at + 1, "type": ""}

    def pairs(name, texts, heads, labels):
        tails = [place(5) for _ in texts]
        table = pa.table({"text": texts, "head": [place(at) for at in heads], "tail": tails, "label": labels})
        return Dataset(name, f"{name}.csv", table)

    train = pairs("train", ["a b c d", "a b c d", "e f g h"], [0, 2, 0], ["x", "y", "x"])
    test = pairs("test", ["a b c d", "i j k l", "i j k l"], [3, 0, 0], ["z", "x", "y"])
    view = View(splits={"train": train, "test": test}, fields=("text", "head", "tail", "label"))
    found = {check.name: check for check in duplicates.check(view)}
    leak = found["leak"].figures["train/test"]
    assert (found["leak"].status, leak["texts"], leak["rows"], leak["conflicts"]) == ("warned", 1, 1, 0)
    repeats = {name: facts["repeats"] for name, facts in found["duplicates"].figures.items()}
    assert repeats == {"train": 0, "test": 1} and found["duplicates"].figures["test"]["conflicts"] == 1


def test_a_query_with_several_answers_is_a_leak_but_no_repeat_and_no_conflict():
    def asked(name, *rows):
        query, docs = zip(*rows, strict=True)
        relevant = [[{"doc": doc, "grade": 1} for doc in docs] for docs in docs]
        return Dataset(name, f"{name}.jsonl", pa.table({"query": query, "relevant": relevant}))

    train = asked("train", ("one two", "ab"), ("one two", "c"), ("one two", "ba"), ("three", "a"))
    test = asked("test", ("one two", "d"))
    found = {
        c.name: c for c in duplicates.check(View(splits={"train": train, "test": test}, fields=("query", "relevant")))
    }
    assert found["duplicates"].figures["train"] == {"rows": 4, "repeats": 1, "texts": 1, "conflicts": 0}
    leak = found["leak"].figures["train/test"]
    assert (leak["texts"], leak["rows"], leak["conflicts"], leak["disagreements"]) == (1, 1, 0, 0)
