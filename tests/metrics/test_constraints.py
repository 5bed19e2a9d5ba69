"""Rules of written texts by hand, in both scripts; what cannot be used is told; no pattern hangs."""

import re
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dongcha.judge.intervals import interval, wilson
from dongcha.judge.paired import compare
from dongcha.locale import speaking
from dongcha.metrics import Outcome, Wanted
from dongcha.metrics._rules import RULES, holds
from dongcha.metrics.constraints import flaw, metrics
from dongcha.metrics.several import joined, of_part

pytest.importorskip("llguidance", reason="llguidance is not installed (pip install dongcha[generate])")
pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed (pip install dongcha[generate])")

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "pattern": "^(a+)+$"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["age"],
    "additionalProperties": False,
}
ROWS = [
    ({"must_include": ["sea", "blue sky"], "max_length": 6}, "The blue  sky over the sea."),
    ({"must_include": ["sea", "rain"], "must_exclude": ["sky"], "max_length": None}, "Seaside; by the sea"),
    ({"must_include": [], "regex": r"\d{4}-\d\d"}, "2024-05"),
    ({}, "no rule"),
    ({"min_length": 3, "json_schema": PERSON}, '{"age": -1}'),
]
phrases = st.lists(st.sampled_from(["sea", "sky", "天", "3", "C++", "the sea"]), max_size=4)
texts = st.lists(st.sampled_from(["sea", "seas", "Sky", "天", "13", "c++", "the"]), max_size=6).map(" ".join)


def outcome_of(rows):
    return Outcome([Wanted(constraints=rules) for rules, _ in rows], [text for _, text in rows])


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("The SEA.", "sea", True),
        ("Seaside", "sea", False),
        ("oversea", "sea", False),
        ("sea-side, sea_side", "side", True),
        ("by the\n  sea", "the sea", True),
        ("I write C++", "c++", True),
        ("C++17", "c++", True),  # a sign ends the phrase, so no word is cut
        ("今天天气很好", "天气", True),
        ("我用Python写", "python", True),
        ("13天", "3天", False),
        ("第3天", "3天", True),
        ("Stra\N{LATIN SMALL LETTER SHARP S}e", "STRASSE", True),
        ("cafe\N{COMBINING ACUTE ACCENT}", "caf\N{LATIN SMALL LETTER E WITH ACUTE}", True),
        ("", "sea", False),
    ],
)
def test_a_phrase_is_found_as_whole_words(text, phrase, found):
    assert holds(text, phrase) is found


@pytest.mark.parametrize(
    ("kind", "value", "kept", "broken"),
    [
        ("must_include", ["sea", "sky"], "sky and sea", "sky"),
        ("must_exclude", ["sea", "sky"], "skyline", "sky"),
        ("min_length", 3, "a b c", "a b"),
        ("max_length", 3, "好的 ok!", "好的 ok 了"),
        ("regex", "a+b", "aab", "aabb"),
        ("regex", "a|ab", "ab", "abc"),
        ("regex", "[一-龥]{2}", "你好", "你"),
        ("regex", "(?i)yes", "YES", "yes\n"),
        ("json_schema", PERSON, '{"age": 3, "name": "aa"}', '{"name": "aa"}'),
        ("json_schema", PERSON, ' {"name": "a", "age": 3}\n', '```{"age": 3}```'),
        ("json_schema", '{"type": "number"}', "1.5", "NaN"),
        ("json_schema", True, "[]", "[" * 100_000),
        ("json_schema", True, "null", "NaN"),
    ],
)
def test_a_rule_is_kept_or_broken(kind, value, kept, broken):
    assert flaw({kind: value}) == ""
    assert RULES[kind].keeps(value, kept)
    assert not RULES[kind].keeps(value, broken)


def test_figures_of_a_few_rows():
    outcome = outcome_of(ROWS)
    found = {name: m.figure(outcome) for name, m in metrics().items() if m.applies(outcome)}
    assert found == pytest.approx(
        {
            "slot_coverage": (2 + 1) / (2 + 2),
            "satisfied": 2 / 4,
            "must_include": 1 / 2,
            "must_exclude": 1.0,
            "min_length": 0.0,
            "max_length": 1.0,
            "regex": 1.0,
            "json_schema": 0.0,
        }
    )
    assert metrics()["slot_coverage"].row_scores(outcome).tolist() == [1, 0.5, 0, 0, 0]
    assert metrics()["satisfied"].row_scores(outcome).tolist() == [1, 0, 1, 0, 0]
    assert interval(metrics()["satisfied"], outcome, 0) == wilson(2, 4)


def test_rules_that_no_row_has_are_not_measured():
    outcome = outcome_of([({"regex": "a", "must_include": None, "json_schema": ""}, "a"), ({}, "b")])
    assert [name for name, metric in metrics().items() if metric.applies(outcome)] == ["satisfied", "regex"]
    assert not any(metric.applies(outcome_of([({}, "a")])) for metric in metrics().values())
    part = of_part(metrics()["regex"], "write")
    assert part.applies(joined({"write": outcome})) and not part.applies(joined({"other": outcome}))


@given(required=phrases, text=texts, more=texts)
def test_more_text_covers_more(required, text, more):
    outcome = outcome_of([({"must_include": required}, written) for written in (text, f"{text} {more}")])
    short, long = metrics()["slot_coverage"].row_scores(outcome)
    assert 0 <= short <= long <= 1


@given(weights=st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_a_rows_weight_is_how_often_it_stands_there(weights):
    whole = outcome_of(ROWS)
    for metric in metrics().values():
        weighed = metric.weighing(metric.counts(whole))(np.array([weights], dtype=float))[0]
        repeated = metric.figure(whole.take(np.repeat(np.arange(5), weights)))
        assert weighed == pytest.approx(repeated, nan_ok=True)


def test_a_share_of_rows_is_tested_by_mcnemar():
    rules = [{"must_include": ["sea"]}] * 12 + [{}] * 3
    bad, good = (outcome_of([(rule, text) for rule in rules]) for text in ("sky", "sea"))
    verdict = compare(metrics()["satisfied"], bad, good, 0)
    assert (verdict.test, verdict.word, verdict.gained) == ("mcnemar", "better", 12)
    assert compare(metrics()["slot_coverage"], bad, good, 0).word == "better"


@given(
    pattern=st.sampled_from(["(ab|a)*b?", "[ab]{2,3}", "a.b", "(a|b)*abb", r"\w+ b", "", "天?a"]),
    text=st.text("ab 天\n", max_size=6),
)
def test_patterns_match_as_pythons_do(pattern, text):
    assert RULES["regex"].keeps(pattern, text) == (re.fullmatch(pattern, text) is not None)


def test_no_pattern_hangs():
    started = time.monotonic()
    assert not RULES["regex"].keeps("(a+)+b", "a" * 50_000)
    assert not RULES["json_schema"].keeps(PERSON, '{"age": 1, "name": "' + "a" * 50_000 + 'b"}')
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"must_includes": ["a"]}, "no rule named must_includes; use these: must_include, "),
        ({"must_include": "sea"}, "must_include`: 'sea' stands where a list of phrases"),
        ({"must_exclude": ["sea", " "]}, "a list of phrases is wanted"),
        ({"min_length": -1}, "whole number"),
        ({"max_length": True}, "whole number"),
        ({"regex": 3}, "regular expression"),
        ({"regex": "(a"}, "regex` cannot be used (.*unclosed group"),
        ({"regex": "(?=a)a"}, "look-around"),
        ({"json_schema": 3}, "JSON Schema"),
        ({"json_schema": "{"}, "json_schema` cannot be used"),
        ({"json_schema": {"type": "text"}}, '"text"'),
        ({"json_schema": {"pattern": "(?=a)"}}, "regex"),
        ({"json_schema": {"$ref": "#/$defs/nowhere"}}, "nowhere"),
        ({"json_schema": {"$ref": "http://example.com/s.json"}}, "example.com"),
    ],
)
def test_what_cannot_be_used_is_told(rules, said):
    for language, wanted in (("en", said), ("zh", "请")):
        with speaking(language):
            found = flaw(rules)
        assert found.startswith("`constraints")
        assert re.search(re.escape(wanted).replace(r"\.\*", ".*"), found), found


def test_a_schema_reads_no_other_file(tmp_path):
    (tmp_path / "other.json").write_text("true")
    other = (tmp_path / "other.json").as_uri()
    assert other in flaw({"json_schema": {"$ref": other}})


def test_good_rules_have_no_flaw():
    for rules, _ in ROWS:
        assert flaw(rules) == ""
