"""A report survives the disk, holds only allowed texts, and says what a broken one lacks."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from dongcha.errors import MachineError, UserError
from dongcha.files import fault_at
from dongcha.report import read_report, screen_lines, write_report
from dongcha.report.as_json import from_json, to_json
from dongcha.report.texts import as_allowed
from dongcha.types import Check, Interval, Row, Verdict

from . import fixture

words = st.text(max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
mappings = st.dictionaries(words, json_values, max_size=3)
intervals = st.builds(Interval, numbers, numbers, numbers)
verdicts = st.builds(
    Verdict, intervals, numbers, words, st.integers(), st.integers(), st.sampled_from(("better", "worse", "even"))
)
rows = st.builds(
    Row,
    name=words,
    metrics=st.dictionaries(words, intervals, max_size=3),
    seconds=st.none() | numbers,
    megabytes=st.none() | numbers,
    size_megabytes=st.none() | numbers,
    verdict=st.none() | verdicts,
)
checks = st.builds(
    Check,
    name=words,
    status=st.sampled_from(("passed", "warned", "failed", "skipped")),
    message=words,
    count=st.integers(),
    examples=st.lists(words, max_size=2).map(tuple),
    fix=words,
    figures=mappings,
)
SECRET = "张三丰的电话是13812345678"


@settings(max_examples=40, deadline=None)
@given(
    table=st.lists(rows, max_size=3).map(tuple),
    checks=st.lists(checks, max_size=3).map(tuple),
    parts=st.lists(mappings, max_size=2).map(tuple),
    free=mappings,
    differs=st.lists(words, max_size=2).map(tuple),
)
def test_json_round_trip_is_exact(table, checks, parts, free, differs):
    report = replace(
        fixture.english(),
        table=table,
        checks=checks,
        data_checks=checks,
        now_right=parts,
        hardest=parts,
        slices=parts,
        recipe=free,
        data=free,
        curves=free,
        environment=free,
        differs=differs,
    )
    assert from_json(json.loads(json.dumps(to_json(report), allow_nan=False))) == report


@pytest.mark.parametrize("make", [fixture.english, fixture.chinese, fixture.tagging])
def test_read_returns_what_was_written(make, tmp_path):
    page = write_report(make(), tmp_path / "run")
    assert page == tmp_path / "run" / "report.html"
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["README.md", "report.html", "report.json"]
    assert read_report(tmp_path / "run") == make()


def test_a_report_with_nothing_in_its_optional_parts_is_written(tmp_path):
    bare = replace(fixture.english(), **dict.fromkeys(("now_right", "now_wrong", "hardest", "per_label", "slices"), ()))
    bare = replace(
        bare, **{key: {} for key in ("confusion", "calibration", "curves", "clock", "environment", "recipe", "data")}
    )
    bare = replace(bare, table=(), checks=(), data_checks=(), differs=())
    page = write_report(bare, tmp_path).read_text(encoding="utf-8")
    assert 'id="table"' not in page and 'id="curves"' not in page
    assert screen_lines(bare)[-1].startswith("next")


def test_figures_that_are_not_finite_and_numpy_numbers_are_written(tmp_path):
    table = (Row("majority", {"accuracy": Interval(math.nan, math.nan, math.inf)}), *fixture.table()[1:])
    report = replace(fixture.english(), table=table, calibration={"ece": np.float32(0.5), "bins": np.arange(0)})
    write_report(report, tmp_path)
    read = read_report(tmp_path)
    assert math.isnan(read.table[0].metrics["accuracy"].value)
    assert read.calibration == {"ece": 0.5, "bins": []}


def test_a_lone_surrogate_does_not_stop_the_report(tmp_path):
    report = replace(fixture.english(), now_right=({"row": 1, "text": "half \ud83d of a pair"},))
    write_report(report, tmp_path)
    assert read_report(tmp_path).now_right[0]["text"] == "half \ud83d of a pair"
    assert "⟦U+D83D⟧" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_full_disk_leaves_no_half_file(tmp_path):
    with pytest.raises(MachineError), fault_at(1):
        write_report(fixture.english(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"table": 3}', '{"name": "x"}'])
def test_a_broken_report_is_refused_with_its_path(content, tmp_path):
    (tmp_path / "report.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"report\.json"):
        read_report(tmp_path)
    with pytest.raises(UserError, match="no report here"):
        read_report(tmp_path / "elsewhere")


def test_a_later_version_may_add_fields(tmp_path):
    write_report(fixture.english(), tmp_path)
    value = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    value["colour"] = "blue"
    value["checks"][0]["colour"] = "blue"
    value["table"][3]["verdict"]["colour"] = "blue"
    (tmp_path / "report.json").write_text(json.dumps(value), encoding="utf-8")
    assert read_report(tmp_path) == fixture.english()


def _planted(texts: str):
    """Put the secret wherever a text of a person may stand."""
    base = fixture.tagging()
    said = {
        "row": 7,
        "text": f"问：{SECRET}",
        "gold": f"{SECRET}=PER",
        "before": SECRET,
        "after": "ORG",
        "predicted": SECRET,
    }
    check = Check(
        "duplicates", "failed", f"row 7: {SECRET}", 1, (SECRET,), f"see {SECRET}", {"first": SECRET, SECRET: 2}
    )
    return replace(
        base,
        now_right=(said,),
        now_wrong=(said,),
        hardest=({**said, "confidence": 0.9},),
        checks=(check,),
        data_checks=(check,),
        slices=({"slice": "author", "value": SECRET, "rows": 3, "before": [0.1, 0, 1], "after": [0.2, 0, 1]},),
        recipe={"report": {"texts": texts}},
    )


def _outputs(report, folder) -> str:
    write_report(report, folder)
    written = "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())
    return written + "\n".join(screen_lines(report, flips=5))


@pytest.mark.parametrize("texts", ["masked", "none", "a word nobody knows"])
def test_a_number_of_a_person_leaves_no_trace(texts, tmp_path):
    assert "13812345678" in _outputs(_planted("shown"), tmp_path)
    found = _outputs(_planted(texts), tmp_path)
    assert "13812345678" not in found


def test_none_drops_the_texts_and_keeps_rows_and_labels(tmp_path):
    report = replace(fixture.english(), recipe={"report": {"texts": "none"}})
    found = _outputs(report, tmp_path)
    for row in (*report.now_right, *report.now_wrong, *report.hardest):
        assert row["text"][:25] not in found
    assert read_report(tmp_path).now_right[0] == {"row": 17, "gold": "business", "before": "tech", "after": "business"}
    assert "row 17" in found and "tech -> business" in found
    tagged = replace(fixture.tagging(), recipe={"report": {"texts": "none"}})
    assert "EU" not in "\n".join(screen_lines(tagged)[5:])


def test_none_numbers_what_a_column_of_the_users_own_holds(tmp_path):
    figures = {"rows": 10, "after": [0.2, 0, 1]}
    parts = [("length", "<= 12"), ("customer", "Jane of Leeds"), ("customer", "Bob"), ("label", "tech")]
    parts += [("label", "tech, business"), ("label", "Jane"), ("test", "out of domain")]
    report = replace(
        fixture.english(),
        recipe={"report": {"texts": "none"}, "evaluate": {"slices": ["customer"]}},
        slices=tuple({"slice": name, "value": value, **figures} for name, value in parts),
    )
    found = _outputs(report, tmp_path)
    assert "Jane" not in found and "Bob" not in found
    values = [(part["slice"], part["value"]) for part in read_report(tmp_path).slices]
    assert values == [parts[0], ("customer", "1"), ("customer", "2"), *parts[3:5], ("label", "1"), parts[6]]
    own = replace(report, recipe={"report": {"texts": "none"}, "evaluate": {"slices": ["length"]}})
    assert "12" not in [part["value"] for part in as_allowed(own).slices]
    assert as_allowed(own).slices[0]["value"] == "1"


def test_the_model_card_has_valid_front_matter_and_no_texts(tmp_path):
    for make in (fixture.english, fixture.chinese, fixture.tagging):
        report = make()
        write_report(report, tmp_path)
        card = (tmp_path / "README.md").read_text(encoding="utf-8")
        _, front, body = card.split("---\n", 2)
        fields = YAML(typ="safe").load(front)
        assert fields["model-index"][0]["name"] == report.name
        assert fields["metrics"] == [report.main_metric]
        assert fields["tags"] == ["dongcha", report.task]
        assert "<script" not in body and "http" not in body
        assert all(str(row["text"])[:12] not in body for row in (*report.now_right, *report.hardest))


def test_a_hostile_name_cannot_break_out_of_the_card(tmp_path):
    name = '---\nlicense: "mit"\n<img src=x> | [a](http://evil.example) `x`'
    report = replace(fixture.english(), name=name, per_label=({"label": name, "f1": 0.5, "support": 3},))
    write_report(report, tmp_path)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    fields = YAML(typ="safe").load(card.split("---\n", 2)[1])
    assert fields["model-index"][0]["name"] == name and "license" not in fields
    body = card.split("\n---\n", 1)[1]
    assert "<img" not in body and "://" not in body and "&lt;img" in body
