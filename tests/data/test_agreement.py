"""Fields that speak of one another: places in their text, an answer among its choices."""

from pathlib import Path

import pytest

from dongcha.data.load import ReadOptions, load
from dongcha.errors import DataError

RELATION, CHOICE, PAIRS = (
    ("text", "head", "tail", "label"),
    ("question", "choices", "answer"),
    ("text_a", "text_b", "label|score"),
)


def read(rows, fields, **options):
    return load(rows, fields, base=Path(), options=ReadOptions(**options), cache=None)


def relation(**changed):
    row = {
        "text": "the door of the car",
        "head": {"start": 4, "end": 8},
        "tail": {"start": 16, "end": 19},
        "label": "x",
    }
    return row | changed


def test_places_keep_their_types():
    found = read([relation(head={"start": 4, "end": 8, "type": "PART"}), relation()], RELATION)
    assert found.column("head") == [{"start": 4, "end": 8, "type": "PART"}, {"start": 4, "end": 8, "type": ""}]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"head": {"start": 4, "end": 99}}, "row 2.*head.*4 to 99.*19 characters"),
        ({"tail": {"start": 5, "end": 5}}, "row 2.*tail.*5 to 5"),
        ({"head": {"start": -1, "end": 5}}, "row 2.*head.*-1 to 5"),
        ({"head": {"start": "4", "end": 8}}, "row 2.*head.*two whole numbers"),
        ({"tail": [16, 19]}, "row 2.*tail.*two whole numbers"),
        ({"head": None}, "row 2.*head"),
        ({"head": {"start": 4, "end": 8, "type": 7}}, "row 2.*head"),
    ],
)
def test_a_place_that_is_none_is_refused_with_its_row(changed, said):
    with pytest.raises(DataError, match=said):
        read([relation(), relation(**changed)], RELATION)


def test_an_answer_is_a_choice_or_its_number():
    rows = [{"question": "q", "choices": ["a", "b"], "answer": answer} for answer in (0, 1, "b")]
    assert read(rows, CHOICE).column("answer") == ["a", "b", "b"]
    numbers = [{"question": "q", "choices": ["1", "0"], "answer": "0"}]
    assert read(numbers, CHOICE).column("answer") == ["0"]  # what stands there wins over its number


def test_a_whole_number_that_is_no_text_only_counts_the_choices():
    rows = [{"question": "q", "choices": ["4", "3", "2", "1"], "answer": answer} for answer in (1, 0, 3)]
    assert read(rows, CHOICE).column("answer") == ["3", "4", "1"]
    mixed = [{**rows[0], "answer": answer} for answer in ("1", 1)]
    assert read(mixed, CHOICE).column("answer") == ["1", "3"]
    for beyond in (4, -1):
        with pytest.raises(DataError, match=rf"row 2.*answer is the number {beyond}, .* 0 to 3.*text"):
            read([rows[0], {**rows[0], "answer": beyond}], CHOICE)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"answer": 2}, "row 1.*answer is the number 2.*2 choices"),
        ({"answer": "2"}, "row 1.*answer.*'2'.*none of the 2 choices"),
        ({"answer": "c"}, "row 1.*answer.*'c'"),
        ({"answer": -1}, "row 1.*answer"),
        ({"answer": 1.5}, "row 1.*answer"),
        ({"answer": None}, "row 1.*answer"),
        ({"choices": ["a"]}, "row 1.*choices.*at least two"),
        ({"choices": ["a", ""]}, "row 1.*choices"),
        ({"choices": "a"}, "row 1.*choices"),
        ({"question": " "}, "row 1.*question"),
    ],
)
def test_a_choice_that_is_none_is_refused_with_its_row(changed, said):
    with pytest.raises(DataError, match=said):
        read([{"question": "q", "choices": ["a", "b"], "answer": 0} | changed], CHOICE)


def test_choices_may_stand_in_columns_of_their_own():
    rows = [
        {"question": "q", "a": "yes", "b": "no", "c": None, "answer": 1},
        {"question": "r", "a": "x", "b": "y", "c": "z", "answer": "z"},
    ]
    found = read(rows, CHOICE, columns={"choices": ["a", "b", "c"]})
    assert found.column("choices") == [["yes", "no"], ["x", "y", "z"]]
    assert found.column("answer") == ["no", "z"]


def test_one_of_two_targets_is_taken_as_the_file_has_it():
    pair = {"text_a": "a", "text_b": "b"}
    assert "score" in read([pair | {"score": 1}], PAIRS).columns
    both = read([pair | {"label": "x", "score": 1}], PAIRS)
    assert both.column("label") == ["x"]
    assert read([pair | {"stars": 2}], PAIRS, columns={"score": "stars"}).column("score") == [2.0]
    with pytest.raises(DataError, match="label"):
        read([pair], PAIRS)


def question(**changed):
    row = {"question": "where", "context": "a room in Paris", "answers": {"text": ["Paris"], "answer_start": [10]}}
    return row | changed


QA = ("question", "context", "answers")


def test_answers_come_in_both_usual_forms():
    listed = [{"text": "Paris", "answer_start": 10}]
    rows = [
        question(),
        question(answers=listed),
        question(answers=[]),
        question(answers={"text": [], "answer_start": []}),
    ]
    one, two, *none = read(rows, QA).column("answers")
    assert one == two == {"text": ["Paris"], "answer_start": [10]}
    assert none == [{"text": [], "answer_start": []}] * 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"answers": {"text": ["Paris"], "answer_start": [9]}}, "row 1.*answers.*'Paris' at 9.*stands at 10"),
        ({"answers": {"text": ["Rome"], "answer_start": [10]}}, "row 1.*answers.*'Rome'.*nowhere"),
        ({"answers": {"text": ["Paris"], "answer_start": [-5]}}, "row 1.*answers"),
        ({"answers": {"text": ["Paris"], "answer_start": []}}, "row 1.*answers.*both of one length"),
        ({"answers": {"text": "Paris", "answer_start": 10}}, "row 1.*answers"),
        ({"answers": ["Paris"]}, "row 1.*answers"),
        ({"answers": None}, "row 1.*answers"),
        ({"context": ""}, "row 1.*context"),
    ],
)
def test_an_answer_that_stands_elsewhere_is_refused_with_its_row(changed, said):
    with pytest.raises(DataError, match=said):
        read([question(**changed)], QA)
