"""Every broken file is refused in one sentence: where, what was found, what was wanted, what to do."""

import json
import shutil
import sys

import openpyxl
import pytest

from dongcha.data.load import ReadOptions, load
from dongcha.errors import DataError, MissingExtra
from dongcha.locale import speaking

TEXT_LABEL, TEXT_SPANS, TEXT_SCORE = ("text", "label"), ("text", "spans"), ("text", "score")


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def spans(*triples):
    return lines({"text": "abcdef", "spans": [{"start": a, "end": b, "label": c} for a, b, c in triples]})


GOOD = {"text": "fine", "label": "pos"}
LONG = "x" * 500

# name of the case: file, content, fields, words that the message must hold
BROKEN = {
    "empty file": ("a.jsonl", "", TEXT_LABEL, ["a.jsonl", "0 bytes"]),
    "header only": ("a.csv", "text,label\n", TEXT_LABEL, ["a.csv", "no rows", "at least one"]),
    "blank lines only": ("a.jsonl", "\n \n", TEXT_LABEL, ["a.jsonl", "no rows"]),
    "empty list": ("a.json", "[]", TEXT_LABEL, ["a.json", "no rows"]),
    "unknown extension": ("a.docx", "x", TEXT_LABEL, ["a.docx", ".docx", ".jsonl"]),
    "other column names": (
        "a.csv",
        "texts,label\na,b\n",
        TEXT_LABEL,
        ["label, texts", "data.columns: {text: texts}"],
    ),
    "known other name": ("a.csv", "sentence,label\na,b\n", TEXT_LABEL, ["data.columns: {text: sentence}"]),
    "no header": ("a.csv", "nice room,1\nbad room,0\n", TEXT_LABEL, ["1, nice room", "header line"]),
    "label column missing": (
        "a.jsonl",
        lines({"text": "a", "xyz": 1}),
        TEXT_LABEL,
        ["label", "text, xyz", "data.columns"],
    ),
    "broken JSON": (
        "a.jsonl",
        lines(GOOD) + '{"text": "b", oops' + LONG,
        TEXT_LABEL,
        ["a.jsonl, row 2", "column 15", "oopsxxx", "whole object"],
    ),
    "cut JSON": ("a.jsonl", lines(GOOD) + '{"text": "b', TEXT_LABEL, ["row 2", "column 10"]),
    "two objects a line": ("a.jsonl", '{"text":"a"} {"text":"b"}\n', TEXT_LABEL, ["row 1", "Extra data"]),
    "JSON too deep": ("a.jsonl", "[" * 200_000 + "\n", TEXT_LABEL, ["row 1"]),
    "broken list": (
        "a.json",
        '[{"text":"a","label":"b"}, {"text": }]',
        TEXT_LABEL,
        ["a.json, row 2", "list of objects"],
    ),
    "unclosed list": ("a.json", '[{"text":"a","label":"b"}', TEXT_LABEL, ["row 1", "',' or ']'"]),
    "two lists": (
        "a.json",
        '[{"text":"a","label":"b"}]\n[{"text":"c","label":"d"}]',
        TEXT_LABEL,
        ["a.json, row 1", "ends here", '[{"text":"c"', "Join the lists"],
    ),
    "text after an empty list": ("a.json", "[]\nx", TEXT_LABEL, ["a.json: the list ends here", "'x'"]),
    "row is a list": ("a.jsonl", '["a", "b"]\n', TEXT_LABEL, ["row 1", "object", '["a", "b"]']),
    "row is a number": ("a.json", "[1]", TEXT_LABEL, ["row 1", "object", "'1'"]),
    "half a surrogate pair": (
        "a.jsonl",
        lines(GOOD) + '{"text": "\\ud83d", "label": "x"}\n',
        TEXT_LABEL,
        ["a.jsonl, row 2", "field text", "surrogate"],
    ),
    "surrogate in a name": ("a.jsonl", '{"\\ud83d": 1}\n', TEXT_LABEL, ["column name", "surrogate"]),
    "ragged row": (
        "a.csv",
        "text,label\na,b\nc,d,e\n",
        TEXT_LABEL,
        ["a.csv, row 2", "line 3", "3 cells", "2 wanted", "quotes"],
    ),
    "short row": ("a.csv", "text,label\na,b\nc\n", TEXT_LABEL, ["row 2", "1 cells", "2 wanted"]),
    "open quote": ("a.csv", 'text,label\n"a,b\nc,d\n', TEXT_LABEL, ["a.csv, row 1", "closing quote"]),
    "double column": ("a.csv", "text,label,text\na,b,c\n", TEXT_LABEL, ["a.csv", "'text'", "rename"]),
    "text is null": ("a.jsonl", lines(GOOD, {"text": None, "label": "x"}), TEXT_LABEL, ["row 2", "text", "missing"]),
    "text is not there": ("a.jsonl", lines(GOOD, {"label": "x"}), TEXT_LABEL, ["row 2", "text", "missing"]),
    "text is blank": (
        "a.jsonl",
        lines(GOOD, {"text": " \t\u3000", "label": "x"}, {"text": "", "label": "x"}),
        TEXT_LABEL,
        ["row 2", "2 such rows", "2, 3", "remove"],
    ),
    "text is a number": (
        "a.jsonl",
        lines(GOOD, {"text": 5, "label": "x"}),
        TEXT_LABEL,
        ["row 2", "field text is 5", "wanted text"],
    ),
    "all texts are lists": (
        "a.jsonl",
        lines({"text": ["a"], "label": "x"}),
        TEXT_LABEL,
        ["row 1", '["a"]', "wanted text"],
    ),
    "NUL in a text": ("a.jsonl", lines(GOOD, {"text": "a\0b", "label": "x"}), TEXT_LABEL, ["row 2", "NUL"]),
    "NUL byte": ("a.csv", "text,label\na\0b,c\n", TEXT_LABEL, ["a.csv, line 2", "byte 12", "utf-16-le"]),
    "label is null": ("a.jsonl", lines(GOOD, {"text": "a", "label": None}), TEXT_LABEL, ["row 2", "label", "missing"]),
    "label cell is empty": ("a.csv", "text,label\na,b\nc,\n", TEXT_LABEL, ["row 2", "label", "missing"]),
    "label is blank": ("a.csv", "text,label\na,b\nc, \n", TEXT_LABEL, ["row 2", "label", "missing"]),
    "label is an object": (
        "a.jsonl",
        lines(GOOD, {"text": "a", "label": {"x": LONG}}),
        TEXT_LABEL,
        ["row 2", "field label is", "…", "list of texts"],
    ),
    "all labels are objects": (
        "a.jsonl",
        lines({"text": "a", "label": {"x": 1}}),
        TEXT_LABEL,
        ["row 1", "list of texts"],
    ),
    "label in a list is null": ("a.jsonl", lines({"text": "a", "label": ["x", None]}), TEXT_LABEL, ["row 1", "null"]),
    "labels of two kinds": (
        "a.jsonl",
        lines(GOOD, {"text": "a", "label": ["x"]}),
        TEXT_LABEL,
        ["row 2", "list", '["a"]'],
    ),
    "labels that are no lists": (
        "a.jsonl",
        lines({"text": "a", "labels": "x"}),
        ("text", "labels"),
        ["row 1", "a list of texts"],
    ),
    "score is a word": ("a.csv", "text,score\na,1\nb,good\n", TEXT_SCORE, ["row 2", "good", "a number"]),
    "score is a truth value": (
        "a.jsonl",
        lines({"text": "a", "score": True}),
        TEXT_SCORE,
        ["row 1", "true", "a number"],
    ),
    "score is infinite": ("a.jsonl", '{"text":"a","score":Infinity}\n', TEXT_SCORE, ["row 1", "inf", "finite"]),
    "score is missing": (
        "a.jsonl",
        '{"text":"a","score":1}\n{"text":"a","score":NaN}\n',
        TEXT_SCORE,
        ["row 2", "missing"],
    ),
    "span beyond the text": (
        "a.jsonl",
        spans((0, 7, "A")),
        TEXT_SPANS,
        ["row 1", "0 to 7", "6 characters", "not bytes"],
    ),
    "span before the text": ("a.jsonl", spans((-1, 2, "A")), TEXT_SPANS, ["row 1", "-1 to 2"]),
    "empty span": ("a.jsonl", spans((2, 2, "A")), TEXT_SPANS, ["row 1", "2 to 2", "start < end"]),
    "overlapping spans": ("a.jsonl", spans((2, 5, "A"), (0, 3, "B")), TEXT_SPANS, ["row 1", "0-3 and 2-5", "apart"]),
    "span without a label": (
        "a.jsonl",
        lines({"text": "a", "spans": [{"start": 0, "end": 1}]}),
        TEXT_SPANS,
        ["row 1", "{start, end, label}"],
    ),
    "span of fractions": (
        "a.jsonl",
        lines({"text": "a", "spans": [{"start": 0.5, "end": 1, "label": "x"}]}),
        TEXT_SPANS,
        ["row 1", "whole numbers"],
    ),
    "span far away": ("a.jsonl", spans((0, 2**40, "A")), TEXT_SPANS, ["row 1", "whole numbers"]),
    "spans is a word": ("a.csv", "text,spans\na,PER\n", TEXT_SPANS, ["row 1", "PER", "JSON"]),
    "fewer tags than tokens": (
        "a.jsonl",
        lines({"tokens": ["a"], "tags": ["O"]}, {"tokens": ["a", "b"], "tags": ["O"]}),
        TEXT_SPANS,
        ["row 2", "2 tokens", "1 tags"],
    ),
    "unknown tag": (
        "a.jsonl",
        lines({"tokens": ["a"], "tags": ["O"]}, {"tokens": ["a"], "tags": ["PER"]}),
        TEXT_SPANS,
        ["row 2", "'PER'", "B-PER"],
    ),
    "empty token": (
        "a.jsonl",
        lines({"tokens": ["a", ""], "tags": ["O", "O"]}),
        TEXT_SPANS,
        ["row 1", "none of them empty"],
    ),
    "no tokens": ("a.jsonl", lines({"tokens": [], "tags": []}), TEXT_SPANS, ["row 1", "tokens", "missing"]),
    "tokens without tags": ("a.jsonl", lines({"tokens": ["a"], "tagz": ["O"]}), TEXT_SPANS, ["{tags: tagz}"]),
    "ragged CoNLL": ("a.conll", "a O\nb\n", TEXT_SPANS, ["a.conll, row 1", "line 2", "1 columns", "2 wanted"]),
    "double id": ("a.jsonl", lines({**GOOD, "id": 7}, GOOD, {**GOOD, "id": 7}), TEXT_LABEL, ["row 3", "'7'", "row 1"]),
    "not Parquet": ("a.parquet", "text,label\n", TEXT_LABEL, ["a.parquet", "not a Parquet file", "again"]),
    "not Excel": ("a.xlsx", "text,label\n", TEXT_LABEL, ["a.xlsx", "not an Excel workbook", ".csv"]),
    "unknown bytes": ("a.txt", b"caf\xe9 ol\xe9\n", ("text",), ["a.txt", "line 1 at byte 3", "data.encoding"]),
}


def refusal(path, fields, cache=None, **options):
    with pytest.raises(DataError) as caught:
        load(path.name, fields, base=path.parent, options=ReadOptions(**options), cache=cache)
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_in_one_sentence_and_nothing_is_written(tmp_path, case):
    name, content, fields, words = BROKEN[case]
    path, cache = tmp_path / name, tmp_path / "cache"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    message = refusal(path, fields, cache)
    for word in words:
        assert word in message, message
    assert "\n" not in message and len(message) < 420 and LONG[:60] not in message
    assert not cache.exists() or list(cache.iterdir()) == []
    assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())
    with speaking("zh"):
        chinese = refusal(path, fields, cache)
    assert name in chinese and "。" in chinese


def test_a_missing_file_is_answered_with_near_names(tmp_path):
    (tmp_path / "train.jsonl").write_text("x")
    assert "did you mean 'train.jsonl'" in refusal(tmp_path / "trian.jsonl", TEXT_LABEL)
    assert "train.jsonl" in refusal(tmp_path / "other", TEXT_LABEL)
    assert "is not there either" in refusal(tmp_path / "nowhere" / "a.csv", TEXT_LABEL)


def test_a_folder_without_sub_folders_is_refused(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.txt").write_text("x")
    message = refusal(tmp_path / "set", TEXT_LABEL)
    assert "sub-folder" in message and "a.txt" in message


def test_an_empty_text_of_a_folder_is_refused(tmp_path):
    (tmp_path / "set" / "pos").mkdir(parents=True)
    (tmp_path / "set" / "pos" / "1.txt").write_text("\nbody")
    assert "row 1" in refusal(tmp_path / "set", TEXT_LABEL, part="first_line")


def test_options_that_do_not_go_together_are_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(spans((0, 1, "A")))
    assert "data.part" in refusal(path, TEXT_SPANS, part="first_line")
    assert "only texts can be joined" in refusal(path, TEXT_LABEL, columns={"label": ["text", "spans"]})
    assert "'boddy'" in refusal(path, ("text",), columns={"text": "boddy"})
    assert "did you mean text" in refusal(path, ("text",), columns={"txt": "body"})
    with pytest.raises(DataError, match=r"data\.part"):
        ReadOptions(part="last_line")
    with pytest.raises(DataError, match=r"data\.encoding_errors"):
        ReadOptions(encoding_errors="ignore")


def test_values_in_memory_of_another_kind_are_refused(tmp_path):
    for value, said in [({"text": "a"}, "dict"), ([1], "object"), (5, "int")]:
        with pytest.raises(DataError, match=said):
            load(value, ("text",), base=tmp_path, options=ReadOptions(), cache=None)


def test_a_workbook_without_its_library_says_what_to_install(tmp_path, monkeypatch):
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtra, match=r'pip install "dongcha\[xlsx\]"'):
        load("a.xlsx", ("text",), base=tmp_path, options=ReadOptions(), cache=None)


def test_two_columns_of_one_name_in_a_sheet_are_refused_as_in_a_csv(tmp_path):
    book = openpyxl.Workbook()
    for row in (["text", "label", "label "], ["hello", "pos", "draft"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert "two columns are named 'label'" in refusal(tmp_path / "a.xlsx", TEXT_LABEL)


def test_an_empty_sheet_has_no_rows(tmp_path):
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    assert "no rows" in refusal(tmp_path / "a.xlsx", ("text",))


def test_a_refusal_deep_in_a_large_file_leaves_nothing(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(lines(GOOD) * 9000 + lines({"text": "a"}))
    assert "row 9001" in refusal(path, TEXT_LABEL, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    shutil.rmtree(tmp_path / "cache")


@pytest.mark.parametrize("field", ["spans", "head"])
def test_places_in_a_text_do_not_go_with_its_first_line_alone(tmp_path, field):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a\\nb"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=f"first_line does not go with {field}"):
        load(path, ("text", field), base=tmp_path, options=ReadOptions(part="first_line"), cache=None)
