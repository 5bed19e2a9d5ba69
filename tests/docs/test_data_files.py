"""The small files that documents run on: their columns, sizes, labels, and spans that lie in their texts."""

import csv
import datetime
import json
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "data"
KINDS = {"PER", "LOC", "ORG"}
RELATIONS = {f"{name}({way})" for name in ("made_by", "lies_in") for way in ("e1,e2", "e2,e1")} | {"none"}


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


def is_in_its_language(text, name):
    return text == text.strip() != "" and text.isascii() != name.endswith(("_zh.csv", "_zh.jsonl"))


@pytest.mark.parametrize("name", ["pairs.csv", "pairs_zh.csv"])
def test_pairs_are_forty_balanced_with_texts_of_their_own(name):
    rows = table(name)
    assert list(rows[0]) == ["id", "text_a", "text_b", "label"]
    assert Counter(row["label"] for row in rows) == {"same": 20, "different": 20}
    texts = [text for row in rows for text in (row["text_a"], row["text_b"])]
    assert len(rows) == 40 and len(set(texts)) == 80 and all(is_in_its_language(text, name) for text in texts)


@pytest.mark.parametrize("name", ["relations.jsonl", "relations_zh.jsonl"])
def test_relations_are_forty_and_their_places_lie_in_the_text(name):
    rows = lines(name)
    assert len(rows) == len({row["text"] for row in rows}) == 40
    assert Counter(row["label"] for row in rows) == dict.fromkeys(RELATIONS, 8)
    for row in rows:
        assert set(row) == {"id", "text", "head", "tail", "label"} and is_in_its_language(row["text"], name)
        places = [(row[side]["start"], row[side]["end"]) for side in ("head", "tail")]
        for start, end in places:
            named = row["text"][start:end]
            assert 0 <= start < end <= len(row["text"]) and named == named.strip(" .,，。") != ""
            for joint in (row["text"][max(0, start - 1) : start + 1], row["text"][end - 1 : end + 1]):
                assert not (len(joint) == 2 and joint.isascii() and joint.isalpha()), row  # inside a word
        (_, end), (start, _) = sorted(places)
        assert end <= start  # they do not overlap


@pytest.mark.parametrize("name", ["choices.jsonl", "choices_zh.jsonl"])
def test_choices_are_forty_and_have_their_answer_at_every_place(name):
    rows = lines(name)
    assert len(rows) == len({row["question"] for row in rows}) == 40
    places = Counter()
    for row in rows:
        assert set(row) == {"id", "question", "choices", "answer"}
        assert len(row["choices"]) == len(set(row["choices"])) == 3
        assert all(is_in_its_language(text, name) for text in (row["question"], *row["choices"]))
        places[row["choices"].index(row["answer"])] += 1
    assert min(places[place] for place in range(3)) >= 13


@pytest.mark.parametrize("name", ["questions.jsonl", "questions_zh.jsonl"])
def test_questions_are_forty_with_answers_where_they_say_and_a_third_without(name):
    rows = lines(name)
    assert len(rows) == len({row["context"] for row in rows}) == len({row["question"] for row in rows}) == 40
    assert sum(not row["answers"]["text"] for row in rows) == 13
    for row in rows:
        assert set(row) == {"id", "question", "context", "answers"}
        assert is_in_its_language(row["question"], name) and is_in_its_language(row["context"], name)
        assert set(row["answers"]) == {"text", "answer_start"}
        for text, start in zip(row["answers"]["text"], row["answers"]["answer_start"], strict=True):
            assert row["context"][start : start + len(text)] == text == text.strip() != ""
            assert row["context"].count(text) == 1


@pytest.mark.parametrize("name", ["passages.csv", "passages_zh.csv"])
def test_passages_are_twenty_with_names_of_their_own(name):
    rows = table(name)
    assert list(rows[0]) == ["doc", "text"]
    assert len(rows) == len({row["doc"] for row in rows}) == len({row["text"] for row in rows}) == 20
    assert all(is_in_its_language(row["text"], name) for row in rows)
    assert [row["doc"] for row in rows] == [row["doc"] for row in table("passages.csv")]


@pytest.mark.parametrize("name", ["requests.jsonl", "requests_zh.jsonl"])
def test_requests_are_forty_of_four_intents_and_their_spans_lie_in_the_text(name):
    rows = lines(name)
    assert len(rows) == len({row["text"] for row in rows}) == 40
    assert set(Counter(row["intent"] for row in rows).values()) == {10}
    counts = Counter(span["label"] for row in rows for span in row["spans"])
    assert len(counts) == 5 and min(counts.values()) >= 4
    for row in rows:
        assert set(row) == {"id", "text", "intent", "spans"} and is_in_its_language(row["text"], name)
        ends = [0, *(span["end"] for span in row["spans"])]
        assert all(end <= span["start"] < span["end"] for end, span in zip(ends, row["spans"], strict=False))
        assert all(row["text"][span["start"] : span["end"]].strip(" .,，。？?") != "" for span in row["spans"])


@pytest.mark.parametrize("name", ["faq.csv", "faq_zh.csv"])
def test_faqs_are_forty_queries_each_with_an_answer_of_its_own(name):
    rows = table(name)
    assert list(rows[0]) == ["id", "query", "positive"] and len(rows) == 40
    for side in ("query", "positive"):
        assert len({row[side] for row in rows}) == 40 and all(is_in_its_language(row[side], name) for row in rows)


@pytest.mark.parametrize("ending", [".jsonl", "_zh.jsonl"])
def test_queries_judge_documents_of_their_manual_with_all_grades(ending):
    pages, rows = lines(f"manual{ending}"), lines(f"queries{ending}")
    names = {page["doc"] for page in pages}
    assert len(pages) == len(names) == len({page["text"] for page in pages}) == 30
    assert all(set(page) == {"doc", "text"} and is_in_its_language(page["text"], ending) for page in pages)
    assert len(rows) == len({row["query"] for row in rows}) == 30
    judged = [one for row in rows for one in row["relevant"]]
    assert {one["grade"] for one in judged} == {0, 1, 2, 3} and {one["doc"] for one in judged} <= names
    for row in rows:
        assert set(row) == {"id", "query", "relevant"}
        assert len({one["doc"] for one in row["relevant"]}) == len(row["relevant"])
        assert [one["grade"] for one in row["relevant"]].count(3) == 1  # there is one best answer


def test_both_languages_judge_alike():
    one, other = ([row["relevant"] for row in lines(name)] for name in ("queries.jsonl", "queries_zh.jsonl"))
    assert one == other


@pytest.mark.parametrize("name", ["functions.jsonl", "functions_zh.jsonl"])
def test_functions_are_twenty_four_that_pass_their_own_tests(name):
    rows = lines(name)
    assert len(rows) == len({row["prompt"] for row in rows}) == 24
    for row in rows:
        assert set(row) == {"id", "prompt", "solution", "test", "entry_point"}
        assert is_in_its_language(row["prompt"].split('"""')[1], name)
        space = {}
        exec(row["prompt"] + row["solution"] + row["test"], space)  # ours, so no sandbox is needed
        space["check"](space[row["entry_point"]])


@pytest.mark.parametrize("name", ["dialogues.jsonl", "dialogues_zh.jsonl"])
def test_dialogues_are_thirty_and_the_sides_take_turns(name):
    rows = lines(name)
    assert len(rows) == len({row["messages"][0]["content"] for row in rows}) == 30
    for row in rows:
        assert set(row) == {"id", "messages"}
        assert [one["role"] for one in row["messages"]] == ["user", "assistant"] * (len(row["messages"]) // 2)
        assert all(is_in_its_language(one["content"], name) for one in row["messages"])
    assert {len(row["messages"]) for row in rows} == {2, 4}


def test_calls_are_twenty_distinct_lines():
    calls = (FOLDER / "calls.txt").read_text(encoding="utf-8").splitlines()
    assert len(calls) == len(set(calls)) == 20 and all(call == call.strip() != "" for call in calls)
