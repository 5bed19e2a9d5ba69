"""R15: the share of texts that are cut is said before training and stored; windows cut nothing.

That every answer of the API carries `truncated: true` comes with serving.
"""

import json

import pytest
from small_run import no_charts, run_folder, write_rows

from dongcha.testing import tiny_rows

LONG, ALL = 12, 60
MOST = 64  # tokens that the tiny model reads


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    no_charts(monkeypatch)


@pytest.fixture
def long_place(place):
    """One text in five is longer than the model."""
    rows = tiny_rows("classification", ALL)
    long = [
        row | {"text": row["text"] + " and the room was good" * 20} if i % 5 == 0 else row for i, row in enumerate(rows)
    ]
    write_rows(place / "rows.jsonl", long)
    return place


def test_r15_what_is_cut_is_said_before_training_and_stored(cli, long_place):
    code, _, err = cli("run", "recipe.yaml")
    assert code == 0
    [data] = [line for line in err.splitlines() if line.startswith("data ")]
    assert f"{LONG}" in data
    assert "cut" in data
    told = err.splitlines()
    warned = next(i for i, line in enumerate(told) if line.startswith("warning") and f"{LONG} rows" in line)
    assert f"{LONG / ALL:.0%}" in told[warned] or f"{LONG / ALL:.1%}" in told[warned]
    assert str(MOST) in told[warned]
    folder = run_folder(long_place)
    stored = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    assert sum(facts["cut_rows"] for facts in stored.values()) == LONG
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    [lengths] = [check for check in report["data_checks"] if check["name"] == "lengths"]
    assert lengths["count"] == LONG
    shares = [facts["cut_share"] for facts in lengths["figures"].values()]
    assert all(0 <= share <= 1 for share in shares)
    assert max(shares) > 0


def test_r15_check_says_it_too_and_what_to_do(cli, long_place):
    code, out, _ = cli("check", "recipe.yaml", "--json", "--quiet")
    assert code == 0
    [lengths] = [check for check in json.loads(out)["checks"] if check["name"] == "lengths"]
    assert lengths["status"] == "warned"
    assert lengths["count"] == LONG
    assert "data.long_texts" in lengths["fix"] or "windows" in lengths["fix"]
    code, out, _ = cli("check", "recipe.yaml", "--quiet", "--set", "language=zh")
    assert code == 0
    assert f"{LONG}" in out


def test_r15_windows_cut_nothing(cli, long_place):
    code, _, err = cli("run", "recipe.yaml", "--set", "data.long_texts=windows", "--until", "plan")
    assert code == 0
    [data] = [line for line in err.splitlines() if line.startswith("data ")]
    assert "none cut" in data


def test_r15_windows_are_not_said_to_cut(cli, long_place):
    _, _, err = cli("run", "recipe.yaml", "--set", "data.long_texts=windows", "--until", "plan")
    assert not [line for line in err.splitlines() if line.startswith("warning") and "cut" in line]


def test_r15_short_texts_are_not_spoken_of(cli, place):
    code, _, err = cli("run", "recipe.yaml", "--until", "plan")
    assert code == 0
    assert "none cut" in err
    assert not [line for line in err.splitlines() if line.startswith("warning") and "cut" in line]
