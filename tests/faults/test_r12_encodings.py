"""R12: bytes become text without guessing wrong, and what does not decode is listed by row and byte."""

import json
import re

import pytest
from finished_runs import zh_reviews
from small_run import no_charts

import dongcha
from dongcha.config import load_recipe

ROWS = zh_reviews(60)
BAD = b"\xff\xfe"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    no_charts(monkeypatch)


def table(encoding):
    lines = ["text,label", *(f"{row['text']}，这家酒店的服务和环境,{row['label']}" for row in ROWS)]
    return ("\n".join(lines) + "\n").encode(encoding)


@pytest.fixture
def csv_place(place, models):
    """A recipe on a CSV file of Chinese reviews."""
    text = (place / "recipe.yaml").read_text(encoding="utf-8").replace("rows.jsonl", "rows.csv")
    (place / "recipe.yaml").write_text(text, encoding="utf-8")
    (place / "rows.csv").write_bytes(table("utf-8"))
    return place


def texts(place):
    """The texts as the run's first step sees them."""
    work = dongcha.run(load_recipe(place / "recipe.yaml"), until="task")
    return sorted(text for split in work["splits"].by_name.values() for text in split.column("text")), work.run_hash


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "gb18030", "utf-16", "utf-32"])
def test_r12_chinese_reads_the_same_from_every_encoding(csv_place, encoding):
    wanted, its_hash = texts(csv_place)
    assert wanted[0].startswith("房间")
    (csv_place / "rows.csv").write_bytes(table(encoding))
    assert texts(csv_place) == (wanted, its_hash), "the same rows are the same run"


def test_r12_the_recipes_own_encoding_is_said_too(cli, place):
    (place / "recipe.yaml").write_bytes("name: 酒店\n".encode("gbk"))
    code, _, err = cli("check", "recipe.yaml")
    assert code == 2
    assert "recipe.yaml:1:7: " in err
    assert "0xBE" in err


def spoilt(place):
    """Two stray bytes in two rows of a file of UTF-8; return their (line, offset)."""
    lines = table("utf-8").split(b"\n")
    lines[3], lines[40] = lines[3][:6] + BAD[:1] + lines[3][6:], lines[40][:9] + BAD[1:] + lines[40][9:]
    content = b"\n".join(lines)
    (place / "rows.csv").write_bytes(content)
    return [(content.count(b"\n", 0, content.index(byte)) + 1, content.index(byte)) for byte in (b"\xff", b"\xfe")]


def test_r12_bad_bytes_are_listed_by_row_and_offset(cli, csv_place):
    places = spoilt(csv_place)
    code, out, err = cli("run", "recipe.yaml", "--quiet")
    assert (code, out) == (2, "")
    assert "rows.csv" in err
    for line, offset in places:
        assert re.search(rf"(row|line) {line} at byte {offset}\b", err)
    assert "data.encoding_errors" in err
    code, _, err = cli("run", "recipe.yaml", "--quiet", "--set", "language=zh")
    assert f"第 {places[0][0]} 行" in err
    assert f"字节 {places[0][1]}" in err
    assert "请用 data.encoding" in err


@pytest.mark.parametrize(("policy", "rows", "replaced"), [("replace", 60, 2), ("drop", 58, 0)])
def test_r12_the_recipe_says_what_becomes_of_bad_bytes(csv_place, policy, rows, replaced):
    spoilt(csv_place)
    text = (csv_place / "recipe.yaml").read_text(encoding="utf-8")
    text = text.replace("data: {", f"data: {{encoding_errors: {policy}, ")
    (csv_place / "recipe.yaml").write_text(text, encoding="utf-8")
    found, _ = texts(csv_place)
    assert len(found) == rows
    assert sum(text.count("\ufffd") for text in found) == replaced


def test_r12_utf_8_with_a_few_bad_bytes_is_not_taken_for_gb18030(cli, csv_place):
    """Most UTF-8 decodes as gb18030, as nonsense: trying it first would hide the two bad bytes."""
    spoilt(csv_place)
    content = (csv_place / "rows.csv").read_bytes()
    assert re.search(rb"\xff|\xfe", content)
    code, _, err = cli("check", "recipe.yaml", "--quiet")
    assert code == 2
    assert "neither UTF-8 nor" in err


@pytest.mark.parametrize("encoding", ["big5", "shift_jis", "euc-kr", "latin-1"])
def test_r12_another_encoding_is_asked_for_not_guessed(cli, csv_place, encoding):
    text = {
        "big5": "這家飯店的服務",
        "shift_jis": "このホテルはよかった",
        "euc-kr": "호텔이 매우 좋았다",
        "latin-1": "très agréable",
    }
    lines = ["text,label", *(f"{text[encoding]} {i},{'ab'[i % 2]}" for i in range(40))]
    (csv_place / "rows.csv").write_bytes("\n".join(lines).encode(encoding))
    code, _, err = cli("run", "recipe.yaml", "--quiet", "--until", "task")
    assert code == 2
    assert re.search("(row|line) 2 at byte", err)
    code, *_ = cli("run", "recipe.yaml", "--quiet", "--until", "task", "--set", f"data.encoding={encoding}")
    assert code == 0


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv", "rows.tsv", "rows.json"])
def test_r12_zero_bytes_and_no_such_codec(cli, place, name):
    (place / name).write_bytes(b"text,label\na\0b,c\n")
    code, _, err = cli("check", "recipe.yaml", "--quiet", "--set", f"data.train={name}")
    assert code == 2
    assert f"{name}, line 2" in err
    assert "byte 12" in err
    code, _, err = cli("check", "recipe.yaml", "--quiet", "--set", "data.encoding=utf-9")
    assert code == 2
    assert "utf-9" in err


def test_r12_predict_reads_as_training_did(cli, reviews_zh, tmp_path):
    (tmp_path / "new.csv").write_bytes(table("gbk"))
    code, out, _ = cli("predict", reviews_zh.folder, tmp_path / "new.csv")
    assert code == 0
    assert "房间很好服务很好0" in out
    (tmp_path / "new.jsonl").write_bytes(json.dumps({"text": "房间很好"}, ensure_ascii=False).encode("gbk") + BAD)
    code, _, err = cli("predict", reviews_zh.folder, tmp_path / "new.jsonl")
    assert code == 2
    assert re.search("(row|line) 1 at byte", err)
