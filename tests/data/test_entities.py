"""Rows of relations become rows of tagging: places become spans, rows of one text become one."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data.entities import apart
from dongcha.data.load import ReadOptions, load, notes
from dongcha.errors import DataError

TEXT = "Nora carved the oak door in Oslo."
NORA, DOOR, OSLO, OAK = (0, 4), (16, 24), (28, 32), (16, 19)


def place(span, kind=None):
    return {"start": span[0], "end": span[1]} | ({"type": kind} if kind else {})


def row(head, tail, text=TEXT, **more):
    return {"text": text, "head": head, "tail": tail, "label": "r", **more}


def read(rows, *, cache=None, columns=None, need_gold=True):
    return load(
        rows,
        ("text", "spans"),
        base=Path(),
        options=ReadOptions(columns=columns or {}),
        cache=cache,
        need_gold=need_gold,
    )


def spans(dataset):
    return [[(s["start"], s["end"], s["label"]) for s in row] for row in dataset.column("spans")]


ROWS = [
    row(place(NORA), place(DOOR)),
    row(place((0, 1)), place((2, 3)), text="a b"),
    row(place(OSLO, "CITY"), place(NORA)),
]


def test_rows_of_one_text_become_one_with_all_their_entities():
    found = read(ROWS)
    assert found.column("text") == [TEXT, "a b"]
    assert spans(found) == [
        [(*NORA, "entity"), (*DOOR, "entity"), (*OSLO, "CITY")],
        [(0, 1, "entity"), (2, 3, "entity")],
    ]
    assert {"merged_rows": 1, "overlapping_spans": 0}.items() <= notes(found).items()
    assert [r["__row__"] for r in found.rows([0, 1])] == [1, 2], "each keeps the row of its first"


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_files_read_alike_cached_or_not(tmp_path, suffix):
    path = tmp_path / f"rows.{suffix}"
    if suffix == "jsonl":
        path.write_text("".join(json.dumps(r) + "\n" for r in ROWS), encoding="utf-8")
    else:
        cell = '"{}"'.format
        lines = [
            f"{r['text']},{cell(json.dumps(r['head']).replace(chr(34), chr(34) * 2))},"
            f"{cell(json.dumps(r['tail']).replace(chr(34), chr(34) * 2))},r"
            for r in ROWS
        ]
        path.write_text("\n".join(["text,head,tail,label", *lines]), encoding="utf-8")
    plain, cached, again = read(str(path)), read(str(path), cache=tmp_path / "c"), read(str(path), cache=tmp_path / "c")
    assert spans(plain) == spans(cached) == spans(again) == spans(read(ROWS))
    assert notes(cached)["merged_rows"] == notes(again)["merged_rows"] == 1
    assert plain.fingerprint == again.fingerprint


def test_of_overlapping_entities_the_longer_stays_and_is_counted():
    found = read([row(place(DOOR), place(OAK)), row(place(NORA, "PER"), place(NORA, "ORG"))])
    assert spans(found) == [[(*NORA, "PER"), (*DOOR, "entity")]]
    assert notes(found)["overlapping_spans"] == 2


def test_columns_of_other_names_are_told():
    rows = [{"text": TEXT, "subj": place(NORA), "obj": place(DOOR)}]
    want = [[(*NORA, "entity"), (*DOOR, "entity")]]
    assert spans(read(rows, columns={"spans": ["subj", "obj"]})) == want
    assert spans(read(rows, columns={"head": "subj", "tail": "obj"})) == want
    with pytest.raises(DataError, match="spans"):
        read(rows)


def test_spans_or_tags_of_its_own_come_first():
    own = [{"start": 0, "end": 4, "label": "PER"}]
    assert spans(read([row(place(DOOR), place(OSLO), spans=own)])) == [[(0, 4, "PER")]]


def test_rows_that_say_more_than_spans_are_never_merged():
    options = ReadOptions(columns={"spans": ["head", "tail"]})
    with pytest.raises(DataError, match="spans several columns"):
        load(ROWS, ("text", "spans", "label"), base=Path(), options=options, cache=None)


def test_to_predict_no_row_is_merged():
    assert len(read(ROWS, need_gold=False)) == 3


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"head": "Nora"}, 'head is "Nora"; wanted {start, end}'),
        ({"tail": place((30, 99))}, "30"),
        ({"head": None}, "head"),
    ],
)
def test_a_bad_place_is_refused_by_its_own_name_and_row(odd, said):
    with pytest.raises(DataError) as refused:
        read([ROWS[0], {**ROWS[0], **odd}])
    assert said in str(refused.value) and "row 2" in str(refused.value)


SPAN = st.tuples(st.integers(0, 20), st.integers(1, 8), st.sampled_from("XY")).map(lambda t: (t[0], t[0] + t[1], t[2]))


@settings(max_examples=50, deadline=None)
@given(st.lists(SPAN, max_size=12))
def test_spans_that_stay_are_apart_in_order_and_none_could_join_them(given_spans):
    kept = apart(given_spans)
    assert set(kept) <= set(given_spans)
    assert all(one[1] <= other[0] for one, other in pairwise(kept))
    for left in set(given_spans) - set(kept):
        over = [span for span in kept if span[0] < left[1] and left[0] < span[1]]
        assert over and max(span[1] - span[0] for span in over) >= left[1] - left[0]
