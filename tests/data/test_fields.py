"""Columns become the fields of a task, in one form each."""

import json
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data.load import ReadOptions, load, notes
from dongcha.errors import DataError
from dongcha.tasks.tagging import words_of


def rows(values, fields, **options):
    need_gold = options.pop("need_gold", True)
    return load(values, fields, base=None, options=ReadOptions(**options), cache=None, need_gold=need_gold)


def column(values, field, **options):
    fields = ("text", field) if field != "text" else ("text",)
    return rows([{"text": "abcdef", field: v} for v in values], fields, **options).column(field)


@pytest.mark.parametrize(
    ("found", "labels"),
    [
        ([0, 1], ["0", "1"]),
        ([True, False], ["true", "false"]),
        ([1.0, 2.5], ["1", "2.5"]),
        (["a", 1, True], ["a", "1", "true"]),
        ([10**30, "x"], [str(10**30), "x"]),
        ([["a", "b"], []], [["a", "b"], []]),
        ([[1, 2], [3]], [["1", "2"], ["3"]]),
        ([[], []], [[], []]),
        ([" a ", "a"], [" a ", "a"]),
    ],
)
def test_labels_are_texts_or_lists_of_texts(found, labels):
    assert column(found, "label") == labels


@pytest.mark.parametrize(
    ("found", "scores"), [([1, 2], [1.0, 2.0]), (["1.5", "-2e3"], [1.5, -2000.0]), ([1, 2.5, "3"], [1.0, 2.5, 3.0])]
)
def test_scores_are_numbers(found, scores):
    assert column(found, "score") == scores


def test_spans_come_in_the_order_of_the_text_and_other_keys_are_left_out():
    spans = [{"start": 4, "end": 6, "label": "B", "text": "ef"}, {"start": 0, "end": 2, "label": "A", "text": "ab"}]
    data = rows([{"text": "abcdef", "spans": spans}, {"text": "x", "spans": []}], ("text", "spans"))
    expected = [{"start": 0, "end": 2, "label": "A"}, {"start": 4, "end": 6, "label": "B"}]
    assert data.column("spans") == [expected, []]
    assert data.table.schema.field("spans").type == pa.list_(
        pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())])
    )


@pytest.mark.parametrize(
    ("fields", "gold"),
    [
        (("text", "label"), {"label": ""}),
        (("text", "score"), {"score": "n/a"}),
        (("text", "spans"), {"spans": [{"start": 0, "end": 9, "label": "A"}, {"start": 1, "end": 3, "label": "B"}]}),
        (("text", "choices", "answer"), {"choices": ["x", "y"], "answer": ""}),
        (("text", "context", "answers"), {"context": "ab", "answers": {"text": ["zz"], "answer_start": [7]}}),
        (("tokens", "spans"), {"tokens": ["a", "b"], "tags": ["I-X"]}),
    ],
)
def test_rows_to_be_answered_may_have_any_gold(fields, gold):
    fields = tuple("text" if name == "tokens" else name for name in fields)
    row = ({} if "tokens" in gold else {"text": "ab"}) | gold
    assert len(rows([row], fields, need_gold=False)) == 1
    with pytest.raises(DataError):
        rows([row], fields, need_gold=True)


def test_spans_stay_as_they_are_where_no_gold_is_needed():
    spans = [{"start": 1, "end": 2, "label": "B"}, {"start": 0, "end": 1, "label": "A"}]
    values = [{"text": "ab", "spans": None}, {"text": "ab", "spans": spans}]
    assert rows(values, ("text", "spans"), need_gold=False).column("spans") == [None, spans]


def test_rows_without_any_span_still_have_the_type_of_spans():
    data = rows([{"text": "x", "spans": []}], ("text", "spans"))
    assert pa.types.is_struct(data.table.schema.field("spans").type.value_type)


@given(
    spans=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 10), st.sampled_from("AB")), max_size=4),
    text=st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs")), min_size=1, max_size=10),
)
@settings(max_examples=50, deadline=None)
def test_spans_are_taken_exactly_when_they_lie_apart_inside_the_text(spans, text):
    ordered = sorted(spans)
    inside = all(a < b <= len(text) for a, b, _ in ordered)
    apart = all(one[1] <= two[0] for one, two in pairwise(ordered))
    values = [{"text": text, "spans": [{"start": a, "end": b, "label": c} for a, b, c in spans]}]
    if text.isspace():
        return
    if inside and apart:
        taken = rows(values, ("text", "spans")).column("spans")[0]
        assert [(s["start"], s["end"], s["label"]) for s in taken] == ordered
    else:
        with pytest.raises(DataError, match="row 1"):
            rows(values, ("text", "spans"))


def test_tokens_and_tags_become_text_spans_and_words():
    data = rows(
        [{"tokens": ["EU", "rejects", "北", "京"], "tags": ["I-ORG", "O", "I-LOC", "I-LOC"], "pos": ["N"]}],
        ("text", "spans"),
    )
    row = data.rows([0])[0]
    assert row["text"] == "EU rejects 北京"
    assert row["spans"] == [{"start": 0, "end": 2, "label": "ORG"}, {"start": 11, "end": 13, "label": "LOC"}]
    assert [row["text"][w["start"] : w["end"]] for w in row["__words__"]] == row["tokens"]
    assert data.columns == ("text", "tokens", "spans", "tags", "pos")
    assert row["pos"] == ["N"] and notes(data)["scheme"] == "IOB1"


def test_columns_of_the_users_own_words_are_his():
    written = [{"text": "Anna came", "words": ["Anna", "came"], "__words__": 2, "spans": [], "tokens": ["Anna came"]}]
    data = rows(written, ("text", "spans"))
    assert data.column("words") == [["Anna", "came"]]
    assert data.columns == ("text", "spans", "words", "tokens")
    (batch,) = data.batches()
    assert words_of(batch).offsets(0).tolist() == [[0, 4], [5, 9]]


def test_a_row_without_any_of_the_columns_of_a_text_is_refused_at_its_place():
    values = [{"title": "a", "body": "b"}, {"title": None, "body": None}, {"title": None, "body": "c"}]
    with pytest.raises(DataError, match=r"row 2.*text"):
        rows(values, ("text",), columns={"text": ["title", "body"]})
    found = rows([values[0], values[2]], ("text",), columns={"text": ["title", "body"]})
    assert found.column("text") == ["a\nb", "c"]


GIVEN = "good , clean: paris"
TOKENS = ["good", ",", "clean", ":", "paris"]


def test_tokens_are_found_in_the_text_that_stands_beside_them():
    tags = ["O", "O", "O", "O", "B-LOC"]
    for need_gold in (True, False):
        data = rows([{"text": GIVEN, "tokens": TOKENS, "tags": tags}], ("text", "spans"), need_gold=need_gold)
        assert data.column("text") == [GIVEN]
        assert [GIVEN[w["start"] : w["end"]] for w in data.column("__words__")[0]] == TOKENS
    learnt = rows([{"text": GIVEN, "tokens": TOKENS, "tags": tags}], ("text", "spans"))
    assert learnt.column("spans") == [[{"start": 14, "end": 19, "label": "LOC"}]]


def test_tokens_that_are_not_in_the_text_beside_them_are_learnt_from_as_they_are_and_else_passed_over():
    values = [
        {"text": "elsewhere", "tokens": TOKENS, "tags": ["O"] * 5},
        {"text": None, "tokens": ["a"], "tags": ["O"]},
    ]
    assert rows(values, ("text", "spans")).column("text") == ["good , clean : paris", "a"]
    asked = rows(values, ("text", "spans"), need_gold=False)
    assert asked.column("text") == ["elsewhere", "a"]
    assert asked.column("__words__") == [None, [{"start": 0, "end": 1}]]


def test_tokens_alone_do_where_no_gold_is_needed():
    data = rows([{"tokens": ["a", "b"]}], ("text", "spans"), need_gold=False)
    assert data.column("text") == ["a b"] and "spans" not in data.columns


def test_tags_are_not_read_where_no_gold_is_needed():
    values = [{"tokens": ["a", "b"], "tags": ["O", "S-X"]}, {"tokens": ["c"], "tags": None}]
    data = rows(values, ("text", "spans"), need_gold=False)
    assert data.column("text") == ["a b", "c"] and "spans" not in data.columns


def test_gold_may_be_missing_where_none_is_needed():
    assert rows([{"text": "a"}], ("text", "label"), need_gold=False).columns == ("text",)
    some = rows([{"text": "a", "label": None}, {"text": "b", "label": "x"}], ("text", "label"), need_gold=False)
    assert some.column("label") == [None, "x"]
    none = rows([{"text": "a", "score": None}], ("text", "score"), need_gold=False)
    assert none.column("score") == [None]


def test_columns_are_renamed_and_joined_and_kept():
    values = [{"title": "T", "body": "B", "y": 1}, {"title": None, "body": "C", "y": 0}]
    data = rows(values, ("text", "label"), columns={"text": ["title", "body"], "label": "y"})
    assert data.column("text") == ["T\nB", "C"] and data.column("label") == ["1", "0"]
    assert data.column("title") == ["T", None] and data.column("y") == [1, 0]


def test_first_line_ends_at_the_first_line_break():
    data = rows([{"text": "one\r\ntwo"}, {"text": "three"}], ("text",), part="first_line")
    assert data.column("text") == ["one", "three"]


def test_other_columns_stay_as_they_are_whatever_their_types():
    values = [{"text": "a", "x": 1, "y": {"k": 1}}, {"text": "b", "x": "two", "z": [1, None]}, {"text": "c", "x": None}]
    data = rows(values, ("text",))
    assert data.column("x") == ["1", "two", None]
    assert data.column("y") == [{"k": 1}, None, None] and data.column("z") == [None, [1, None], None]
    assert data.column("__row__") == [1, 2, 3]


def test_types_that_change_far_into_a_file_are_brought_together():
    values = [{"text": "a", "n": 1, "m": 1, "s": {"a": 1}} for _ in range(5000)]
    values += [{"text": "b", "n": 2.5, "m": "x", "s": {"b": 2}}]
    data = rows(values, ("text",))
    assert data.column("n")[-2:] == [1.0, 2.5] and data.column("m")[-2:] == ["1", "x"]
    assert data.column("s")[-2:] == [{"a": 1, "b": None}, {"a": None, "b": 2}]


@pytest.mark.parametrize("far", [0, 5000])
def test_labels_may_not_change_between_text_and_list(far):
    values = [{"text": "a", "label": "x"}] * (far + 1) + [{"text": "b", "label": ["x"]}]
    with pytest.raises(DataError, match=f"row {far + 2}: field label changes"):
        rows(values, ("text", "label"))


@pytest.mark.parametrize("blank", [" ", "\t\n", "\u3000"])
@pytest.mark.parametrize("written", [list, json.dumps])
def test_a_choice_of_white_space_is_refused_by_its_row(blank, written):
    """A table's cell holds its choices as JSON."""
    with pytest.raises(DataError, match=r"row 3: field choices .* none of them blank"):
        column([written(offered) for offered in (["yes", "no"], ["no", " yes"], ["perhaps", blank])], "choices")


@pytest.mark.parametrize(
    ("value", "made"),
    [
        (None, None),
        ("Hi", ["Hi"]),
        ('["Hello there", "Hi"]', ["Hello there", "Hi"]),
        ("[laughs] hi", ["[laughs] hi"]),
        (["Hi"], ["Hi"]),
        ([], []),
    ],
)
def test_references_are_texts_whatever_holds_them(value, made):
    values = [{"source": "a", "target": "b", "references": value}, {"source": "a", "target": "b", "references": ["x"]}]
    assert rows(values, ("source", "target", "references?")).column("references") == [made, ["x"]]


@pytest.mark.parametrize("value", [[None], ["a", " "], [3], {"a": 1}, 7])
def test_references_of_another_kind_are_refused(value):
    with pytest.raises(DataError, match="references"):
        rows([{"source": "a", "target": "b", "references": value}], ("source", "target", "references?"))
