"""`dongcha triples`: one JSON line a row in order, what was left out on stderr, scores on demand."""

import io
import json

import pytest
from finished_runs import TRAIN

from dongcha.cli import app
from dongcha.cli._door import guarded
from dongcha.testing import tiny_rows

ROWS = tiny_rows("relation", 8)


@pytest.fixture(scope="module")
def folders(finish, models):
    data = {"train": tiny_rows("relation", 120), "split": {"validation": 0.2, "test": 0.3}}
    shared = {"model": str(models["pooled"]), "data": data, "train": {**TRAIN, "epochs": 16}}
    return [str(finish(name=task, task=task, **shared).folder) for task in ("tagging", "relation")]


@pytest.fixture
def cli(capsys, monkeypatch, folders):
    def run(*arguments, stdin=None):
        if stdin is not None:
            monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = guarded(app, ["triples", *folders, *map(str, arguments)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


def test_rows_in_lines_out_from_a_file_and_from_standard_input_alike(cli, gold):
    code, out, err = cli(gold)
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [line["id"] for line in lines] == [row["id"] for row in ROWS]
    assert {tuple(line) for line in lines} == {("id", "triples")}
    assert [t["relation"] for t in lines[0]["triples"]] == ["In"]
    assert cli("-", stdin=gold.read_text(encoding="utf-8"))[1] == out


def test_the_column_of_texts_can_be_named_on_standard_input_too(cli, gold):
    rows = "".join(json.dumps({"id": row["id"], "body": row["text"]}) + "\n" for row in ROWS)
    code, out, _ = cli("-", "--text-column", "body", stdin=rows)
    assert (code, out) == (0, cli(gold)[1])


def test_what_was_left_out_is_told_in_the_line_and_on_stderr(cli):
    code, out, err = cli("--text", "the room was in the service and the room was in the service", "--max-pairs", 2)
    left_out = json.loads(out)["pairs_left_out"]
    assert code == 0 and left_out > 0
    assert f"{left_out} pairs" in err and "--max-pairs" in err


def test_gold_gives_a_table_or_json_and_both_sides_of_each_text(cli, gold, tmp_path):
    code, out, err = cli("--gold", gold)
    assert (code, err) == (0, "")
    assert "8 texts (0 rows merged): 4 gold triples, 4 found" in out
    assert [line.split("  ")[0] for line in out.splitlines()[2:]] == [
        "triples, strict",
        "triples, relaxed",
        "entities (tagger alone)",
        "relations (entities given)",
    ]
    target = tmp_path / "both.jsonl"
    code, out, _ = cli("--gold", gold, "--json", "-o", target)
    told = json.loads(out)
    assert (told["rows"], told["gold"], told["strict"]["f1"][0]) == (8, 4, 1.0)
    both = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [len(row["gold"]) for row in both] == [1, 0] * 4
    assert {tuple(row) for row in both} == {("id", "text", "triples", "gold")}


@pytest.mark.parametrize("arguments", [(), ("--text", "a", "--gold", "b"), ("a.txt", "--text", "b")])
def test_one_thing_is_asked_at_a_time(cli, arguments):
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "") and "--gold" in err


def test_gold_by_other_names_is_refused_with_what_can_be_done(cli, gold, tmp_path):
    code, out, err = cli("--gold", gold, "--text-column", "body")
    assert (code, out) == (2, "") and "--text-column body goes with texts" in err
    rows = [json.loads(line) for line in gold.read_text(encoding="utf-8").splitlines()]
    other = tmp_path / "other.jsonl"
    other.write_text("".join(json.dumps(row | {"kind": row.pop("label")}) + "\n" for row in rows), encoding="utf-8")
    code, out, err = cli("--gold", other)
    assert (code, out) == (2, "") and "wants label" in err and "by that name" in err and "data.columns" not in err
