"""The small files that documents run on: their columns, sizes, labels, and spans that lie in their texts."""

import csv
import datetime
import json
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "data"
KINDS = {"PER", "LOC", "ORG"}


def table(name):
    with (FOLDER / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def lines(name):
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", ["reviews.csv", "reviews_zh.csv"])
def test_reviews_are_sixty_balanced_and_dated(name):
    rows = table(name)
    assert list(rows[0]) == ["id", "date", "text", "label"]
    assert len(rows) == len({row["text"] for row in rows}) == 60
    assert Counter(row["label"] for row in rows) == {"positive": 30, "negative": 30}
    assert [row["id"] for row in rows] == [str(number) for number in range(1, 61)]
    dates = [datetime.date.fromisoformat(row["date"]) for row in rows]
    assert dates == sorted(dates) and len(set(dates)) == 60
    assert all(row["text"] == row["text"].strip() != "" for row in rows)


@pytest.mark.parametrize("name", ["reviews.csv", "reviews_zh.csv"])
def test_every_third_of_the_reviews_has_both_labels(name):
    labels = [row["label"] for row in table(name)]
    for start in range(0, 60, 20):  # so that a split by time can be scored
        assert min(Counter(labels[start : start + 20]).values()) >= 5


def test_reviews_are_in_their_language():
    assert all(row["text"].isascii() for row in table("reviews.csv"))
    assert all("\u4e00" <= row["text"][0] <= "\u9fff" for row in table("reviews_zh.csv"))


@pytest.mark.parametrize("name", ["ratings.csv", "ratings_zh.csv"])
def test_ratings_are_forty_with_even_stars(name):
    rows = table(name)
    assert list(rows[0]) == ["id", "text", "stars"]
    assert len(rows) == len({row["text"] for row in rows}) == 40
    assert Counter(row["stars"] for row in rows) == dict.fromkeys("12345", 8)
    assert all(row["text"].isascii() != name.endswith("_zh.csv") for row in rows)


def test_places_have_a_tag_a_token_in_valid_bio():
    rows = lines("places.jsonl")
    assert len(rows) == len({tuple(row["tokens"]) for row in rows}) == 40
    counts = Counter()
    for row in rows:
        assert set(row) == {"id", "tokens", "tags"} and len(row["tokens"]) == len(row["tags"]) > 0
        for before, tag in zip(["O", *row["tags"]], row["tags"], strict=False):
            assert tag == "O" or (tag[:2] in ("B-", "I-") and tag[2:] in KINDS)
            if tag.startswith("I-"):
                assert before in (tag, f"B-{tag[2:]}"), row
        counts.update(tag[2:] for tag in row["tags"] if tag.startswith("B-"))
    assert set(counts) == KINDS and min(counts.values()) >= 15


def test_places_zh_spans_lie_in_their_text():
    rows = lines("places_zh.jsonl")
    assert len(rows) == len({row["text"] for row in rows}) == 40
    counts = Counter()
    for row in rows:
        assert set(row) == {"id", "text", "spans"}
        end = 0
        for span in row["spans"]:
            assert set(span) == {"start", "end", "label"} and span["label"] in KINDS
            assert end <= span["start"] < span["end"] <= len(row["text"])  # in order, not overlapping
            assert not set(row["text"][span["start"] : span["end"]]) & set("，。、 ")
            end = span["end"]
            counts[span["label"]] += 1
    assert min(counts.values()) >= 15
    assert any(not row["spans"] for row in rows)  # a row with nothing in it is a row too


def test_calls_are_twenty_distinct_lines():
    calls = (FOLDER / "calls.txt").read_text(encoding="utf-8").splitlines()
    assert len(calls) == len(set(calls)) == 20 and all(call == call.strip() != "" for call in calls)
