"""The verb `index`: answers as JSON lines on stdout, what was done on stderr, one sentence for what goes wrong."""

import json

import pytest

from dongcha.cli import app
from dongcha.cli._door import guarded


@pytest.fixture
def cli(capsys, tmp_path, monkeypatch, tiny_folder):
    """Run `dongcha index ...` in a folder with a corpus of two passages and a model; return code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus.csv").write_text("doc,text\na,the room was clean\nb,房间很吵\n", encoding="utf-8")
    (tmp_path / "more.jsonl").write_text('{"id": "c", "body": "the soup"}\n', encoding="utf-8")
    (tmp_path / "asked.txt").write_text("clean room\n吵\n", encoding="utf-8")

    def run(*arguments):
        code = guarded(app, ["index", *map(str, arguments)])
        told = capsys.readouterr()
        return code, told.out, told.err

    code, out, err = run("build", tiny_folder(), "corpus.csv", "--to", "index")
    assert (code, out) == (0, "")
    assert "2 of 2 passages" in err and "2 passages in index" in err
    return run


def answers(out):
    return [json.loads(line) for line in out.splitlines()]


def test_build_and_search(cli):
    code, out, err = cli("search", "index", "asked.txt", "-k", 1)
    assert (code, err) == (0, "")
    one, other = answers(out)
    assert one["query"] == "clean room" and one["hits"][0]["doc"] == "a" and len(one["hits"]) == 1
    assert set(other["hits"][0]) == {"doc", "score", "text"}
    assert "房间很吵" in cli("search", "index", "--text", "很吵", "--by", "bm25")[1], "letters are not escaped"


def test_add_and_delete(cli):
    code, out, err = cli("add", "index", "more.jsonl", "--doc-column", "id", "--text-column", "body")
    assert (code, out) == (0, "") and "3 passages in index" in err
    assert answers(cli("search", "index", "--text", "soup")[1])[0]["hits"][0]["doc"] == "c"
    code, out, err = cli("delete", "index", "a", "c")
    assert (code, out) == (0, "") and "1 passages in index" in err
    assert [hit["doc"] for hit in answers(cli("search", "index", "--text", "soup")[1])[0]["hits"]] == ["b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("search", "index"), "--text TEXT"),
        (("search", "index", "asked.txt", "--text", "x"), "--text TEXT"),
        (("search", "nowhere", "--text", "x"), "no such folder"),
        (("search", "index", "--text", "x", "--by", "magic"), "magic"),
        (("search", "index", "--text", "x", "-k", "0"), "greater than or equal to 1"),
        (("delete", "index", "z"), "does not hold 1"),
        (("delete", "nowhere", "z"), "no such folder"),
        (("add", "index", "corpus.csv"), "already holds 2"),
        (("add", "index", "asked.txt"), "doc"),
        (("build", "nomodel", "corpus.csv", "--to", "index"), "already stands"),
        (("build", "nomodel", "corpus.csv", "--to", "other"), "nomodel"),
        (("build", "nomodel", "corpus.csv", "--to", "."), "holds other things"),
    ],
)
def test_refusals_change_nothing(cli, tmp_path, arguments, message):
    before = sorted(tmp_path.rglob("*"))
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert message in err and "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before
