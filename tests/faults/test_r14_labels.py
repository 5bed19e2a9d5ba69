"""R14: slips in label names, tiny classes and classes on one side only are said before training.

How well wrong labels are found is measured in tests/data/test_checks_label_errors.py.
"""

import json

import pytest
from small_run import give, no_charts, run_folder, write_rows

from dongcha.testing import tiny_rows


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    no_charts(monkeypatch)


@pytest.fixture
def rows():
    return tiny_rows("classification", 80)


def checks(cli, *settings):
    code, out, err = cli("check", "recipe.yaml", "--json", "--quiet", *settings)
    assert code in (0, 1), err
    return {check["name"]: check for check in json.loads(out)["checks"]}, code


@pytest.mark.parametrize(
    ("slip", "why"),
    [
        ("Good", "case"),
        ("ｇｏｏｄ", "width"),
        ("go od", "space"),
        ("goood", "an edit"),
        ("goods", "an edit"),
        ("gold", "an edit"),
    ],
)
def test_r14_names_that_look_alike_are_said_before_training(cli, place, rows, slip, why):
    spoilt = [row | {"label": slip} if i in (0, 2, 4, 6) else row for i, row in enumerate(rows)]
    write_rows(place / "rows.jsonl", spoilt)
    found, code = checks(cli)
    assert code == 0
    assert found["label_names"]["status"] == "warned"
    assert found["label_names"]["figures"]["pairs"] == [["good", slip]], why
    assert found["label_names"]["fix"]
    code, _, err = cli("run", "recipe.yaml", "--until", "plan")
    assert code == 0
    assert any("look" in line for line in err.splitlines() if line.startswith("warning"))


def test_r14_trailing_spaces_and_forms_are_one_label_or_said(cli, place, rows):
    write_rows(place / "rows.jsonl", [row | {"label": "good "} if i % 10 == 0 else row for i, row in enumerate(rows)])
    found, _ = checks(cli)
    names = found["labels"]["figures"]["rows"]
    assert set(names) == {"good", "bad"} or found["label_names"]["status"] == "warned"


def test_r14_one_class_is_refused(cli, place, rows):
    write_rows(place / "rows.jsonl", [row | {"label": "good"} for row in rows])
    code, out, err = cli("run", "recipe.yaml", "--quiet")
    assert (code, out) == (2, "")
    assert "rows.jsonl" in err
    assert "good" in err
    assert "at least 2" in err


def test_r14_a_class_of_one_row_is_named(cli, place, rows):
    write_rows(place / "rows.jsonl", [*rows, {"text": "the only one of its kind", "label": "strange"}])
    write_rows(place / "test.jsonl", rows[:10])
    write_rows(place / "valid.jsonl", rows[10:20])
    give(place, "test", "test.jsonl")
    give(place, "validation", "valid.jsonl")
    found, _ = checks(cli)
    assert found["labels"]["status"] == "warned"
    assert found["labels"]["examples"] == ["strange"]
    assert "data.allow_tiny" in found["labels"]["fix"]


def test_r14_a_class_of_one_row_is_refused_unless_allowed(cli, place, rows):
    write_rows(place / "rows.jsonl", [*rows, {"text": "the only one of its kind", "label": "strange"}])
    code, _, err = cli("run", "recipe.yaml", "--quiet", "--until", "plan")
    assert code == 2
    assert "strange" in err
    assert "data.allow_tiny" in err
    assert cli("run", "recipe.yaml", "--quiet", "--until", "plan", "--set", "data.allow_tiny=true")[0] == 0


def test_r14_a_class_absent_in_validation_is_named(cli, place, rows):
    give(place, "validation", "valid.jsonl")
    write_rows(place / "valid.jsonl", [row for row in tiny_rows("classification", 30) if row["label"] == "good"])
    found, _ = checks(cli)
    across = found["labels_across_splits"]
    assert across["status"] == "warned"
    assert across["figures"]["validation"]["absent"] == ["bad"]
    assert "validation: bad" in across["examples"]
    code, _, err = cli("run", "recipe.yaml", "--until", "plan")
    assert code == 0
    assert "validation" in err


def test_r14_a_class_that_train_has_never_seen_is_named(cli, place, rows):
    strange = [{"text": f"so strange {i}", "label": "strange"} for i in range(3)]
    give(place, "test", "test.jsonl")
    write_rows(place / "test.jsonl", [*tiny_rows("classification", 20), *strange])
    found, _ = checks(cli)
    assert found["labels_across_splits"]["figures"]["test"]["unseen"] == ["strange"]
    code, *_ = cli("run", "recipe.yaml", "--quiet")
    assert code == 0
    report = json.loads((run_folder(place) / "report.json").read_text(encoding="utf-8"))
    assert any(check["name"] == "labels_across_splits" for check in report["data_checks"])
