"""R13: thirty broken tables, thirty sentences: the file, the row, what was found, what was wanted, one thing to do."""

import json

import openpyxl
import pytest
from small_run import give, listed

from dongcha.testing import tiny_rows

GOOD = tiny_rows("classification", 40)


def lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def jsonl(*bad, at=20):
    """A JSONL file with rows put in at a place (0-based)."""
    return lines([*GOOD[:at], *bad, *GOOD[at:]])


def csv(*bad, header="text,label", at=20):
    rows = [f"{row['text']},{row['label']}" for row in GOOD]
    return "\n".join([header, *rows[:at], *bad, *rows[at:]]) + "\n"


def workbook(*rows):
    def write(path):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)

    return write


def spans(*found, text="the room in paris"):
    return jsonl_of(
        {"text": text, "spans": [dict(zip(("start", "end", "label"), span, strict=True)) for span in found]}
    )


def jsonl_of(*bad):
    good = tiny_rows("tagging", 30)
    return lines([*good, *bad])


# name: (task, file, content, what the sentence must hold)
TABLES = {
    "no such file": ("classification", "absent.csv", None, ["absent.csv", "rows.jsonl"]),
    "empty": ("classification", "a.csv", "", ["a.csv", "0 bytes"]),
    "header alone": ("classification", "a.csv", "text,label\n", ["a.csv", "no rows", "at least one"]),
    "no header": ("classification", "a.csv", "the room,good\nthe bed,bad\n", ["a.csv", "the room", "header"]),
    "label called sentiment": (
        "classification",
        "a.csv",
        "text,sentiment\na,b\n",
        ["label", "sentiment", "data.columns"],
    ),
    "text called review": ("classification", "a.csv", "review,label\na,b\n", ["text", "review", "data.columns"]),
    "column twice": ("classification", "a.csv", "text,label,text\na,b,c\n", ["'text'", "rename"]),
    "too many cells": (
        "classification",
        "a.csv",
        csv("a, b,good"),
        ["a.csv, row 21", "line 22", "3 cells", "2 wanted", "quotes"],
    ),
    "too few cells": ("classification", "a.csv", csv("alone"), ["row 21", "1 cells", "2 wanted"]),
    "open quote": ("classification", "a.csv", csv('"never closed,good'), ["a.csv, row 21", "closing quote"]),
    "label cell empty": ("classification", "a.csv", csv("the room,"), ["row 21", "label", "missing", "remove"]),
    "text cell empty": ("classification", "a.csv", csv(",good"), ["row 21", "text", "missing"]),
    "text of blanks": ("classification", "a.jsonl", jsonl({"text": " \u3000", "label": "good"}), ["row 21", "blank"]),
    "NUL in a cell": ("classification", "a.csv", csv("a\0b,good"), ["a.csv, line 22", "zero byte", "remove"]),
    "JSON cut": ("classification", "a.jsonl", jsonl()[:-9], ["a.jsonl, row 40", "column", "Mend"]),
    "two objects a line": ("classification", "a.jsonl", '{"a": 1} {"b": 2}\n', ["row 1", "one whole object a line"]),
    "a list a line": ("classification", "a.jsonl", '["a", "b"]\n', ["row 1", "object", "names"]),
    "label null": ("classification", "a.jsonl", jsonl({"text": "a", "label": None}), ["row 21", "label", "missing"]),
    "label an object": (
        "classification",
        "a.jsonl",
        jsonl({"text": "a", "label": {"x": 1}}),
        ["row 21", "label", "list of texts"],
    ),
    "text a number": (
        "classification",
        "a.jsonl",
        jsonl({"text": 7, "label": "good"}),
        ["row 21", "text is 7", "wanted text"],
    ),
    "labels and lists": (
        "classification",
        "a.jsonl",
        jsonl({"text": "a", "label": ["good"]}),
        ["row 21", "list", '["a"]'],
    ),
    "id twice": (
        "classification",
        "a.jsonl",
        jsonl({"id": "r0", "text": "a", "label": "good"}),
        ["row 21", "r0", "row 1"],
    ),
    "half a character": (
        "classification",
        "a.jsonl",
        '{"text": "\\ud800", "label": "a"}\n',
        ["row 1", "surrogate", "U+FFFD"],
    ),
    "one label": (
        "classification",
        "a.csv",
        "text,label\n" + "".join(f"t{i},good\n" for i in range(30)),
        ["a.csv", "good", "at least 2"],
    ),
    "score a word": ("regression", "a.csv", "text,score\na,1\nb,good\n", ["a.csv, row 2", "good", "a number"]),
    "score not finite": ("regression", "a.jsonl", '{"text": "a", "score": Infinity}\n', ["row 1", "inf", "finite"]),
    "span beyond the text": (
        "tagging",
        "a.jsonl",
        spans((12, 99, "LOC")),
        ["row 31", "12 to 99", "17 characters", "not bytes"],
    ),
    "spans overlap": ("tagging", "a.jsonl", spans((0, 5, "A"), (3, 8, "B")), ["row 31", "0-5 and 3-8", "Keep one"]),
    "tags fewer than tokens": (
        "tagging",
        "a.jsonl",
        lines([{"tokens": ["a", "b"], "tags": ["O"]}]),
        ["row 1", "2 tokens", "1 tags"],
    ),
    "not a workbook": ("classification", "a.xlsx", "text,label\n", ["a.xlsx", "not an Excel workbook", ".csv"]),
    "sheet without rows": ("classification", "a.xlsx", workbook(["text", "label"]), ["a.xlsx", "no rows"]),
    "cell missing in a sheet": (
        "classification",
        "a.xlsx",
        workbook(["text", "label"], ["a", "b"], ["c", None]),
        ["row 2", "label"],
    ),
    "not Parquet": ("classification", "a.parquet", "text,label\n", ["a.parquet", "not a Parquet file"]),
    "unknown format": ("classification", "a.docx", "text", ["a.docx", ".docx", ".csv"]),
}


def spoil(place, name):
    task, file, content, _ = TABLES[name]
    if callable(content):
        content(place / file)
    elif content is not None:
        (place / file).write_text(content, encoding="utf-8")
    text = (place / "recipe.yaml").read_text(encoding="utf-8")
    (place / "recipe.yaml").write_text(
        text.replace("rows.jsonl", file).replace("classification", task), encoding="utf-8"
    )


def test_r13_there_are_thirty():
    assert len(TABLES) >= 30


@pytest.mark.parametrize("name", TABLES)
def test_r13_a_broken_table_is_one_sentence_and_harms_nothing(cli, place, name):
    spoil(place, name)
    before = listed(place)
    for verb in ("check", "run"):
        code, out, err = cli(verb, "recipe.yaml", "--quiet")
        assert (code, out) == (2, ""), err
        assert len(err.strip().splitlines()) == 1, err
        for said in TABLES[name][-1]:
            assert said in err, err
    assert {path: size for path, size in listed(place).items() if "runs/.cache" not in path} == before
    code, _, err = cli("check", "recipe.yaml", "--quiet", "--set", "language=zh")
    assert code == 2
    assert "。" in err
    assert TABLES[name][1] in err


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("name", ["too many cells", "label null", "text called review"])
def test_r13_the_file_is_named_whichever_split_it_is(cli, place, name, split):
    _, file, content, said = TABLES[name]
    (place / file).write_text(content, encoding="utf-8")
    give(place, split, file)
    code, _, err = cli("check", "recipe.yaml", "--quiet")
    assert code == 2
    assert file in err
    for word in said:
        assert word in err, err


@pytest.mark.parametrize("name", ["too many cells", "text called review", "JSON cut", "not a workbook"])
def test_r13_predict_refuses_the_same_way(cli, reviews, place, name):
    _, file, content, said = TABLES[name]
    (place / file).write_text(content, encoding="utf-8")
    code, _, err = cli("predict", reviews.folder, file, "-o", "out.csv")
    assert code == 2
    assert file in err
    assert len(err.strip().splitlines()) == 1
    assert said[0] in err or said[1] in err


def test_r13_debug_alone_shows_more(place, capsys):
    from dongcha.cli import app
    from dongcha.cli._door import guarded

    spoil(place, "too many cells")
    assert guarded(app, ["--debug", "check", "recipe.yaml", "--quiet"]) == 2
    assert "Traceback" in capsys.readouterr().err
