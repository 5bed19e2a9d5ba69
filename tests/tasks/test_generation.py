"""Writing what a prompt asks for: rules are read to one form or refused, held to while writing, measured always."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dongcha.config.sections import Decoding
from dongcha.data.load import ReadOptions, load
from dongcha.errors import DataError
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import build_model
from dongcha.tasks._base import Lengths
from dongcha.tasks._predict import predict
from dongcha.tasks.generation import Task
from dongcha.testing import tiny_rows, tiny_writer

pytest.importorskip("llguidance", reason="llguidance is not installed (pip install dongcha[generate])")
pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed (pip install dongcha[generate])")

PERSON = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def read(rows, **options):
    where = {"base": Path.cwd(), "cache": None, "need_gold": False}
    return load(rows, Task.fields, options=ReadOptions(**options), **where)


def rules_of(dataset):
    return Task().rules_in({"constraints": dataset.column("constraints")})


def asking(*rules):
    return [{"prompt": f"say {i}", "constraints": own} for i, own in enumerate(rules)]


def test_rules_of_rows_have_one_form():
    places = {"type": "object", "properties": {"town": {"type": "string"}}}
    given = ({"must_include": ["sea"]}, {"json_schema": PERSON}, None, {"json_schema": places, "regex": ""}, {})
    found = rules_of(read(asking(*given)))
    assert [{**own} for own in found[:1] + found[2:3] + found[4:]] == [{"must_include": ["sea"]}, {}, {}]
    assert [json.loads(found[i]["json_schema"]) for i in (1, 3)] == [PERSON, places]
    assert {*found[3]} == {"json_schema"}


def test_rules_come_as_json_too(tmp_path):
    (tmp_path / "rows.csv").write_text('prompt,constraints\nsay,"{""max_length"": 3}"\nask,\n', encoding="utf-8")
    assert rules_of(read(tmp_path / "rows.csv")) == [{"max_length": 3}, {}]
    schema = json.dumps({"const": None})
    assert rules_of(read(asking({"json_schema": schema}))) == [{"json_schema": schema}]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"must_includes": ["a"]}, "row 2.*no rule named must_includes"),
        ({"must_include": "sea"}, "row 2.*a list of phrases"),
        ({"max_length": -1}, "row 2.*whole number"),
        ({"regex": "(a"}, "row 2.*regex` cannot be used"),
        ({"json_schema": {"type": "text"}}, "row 2.*json_schema` cannot be used"),
        ("words", "row 2.*constraints.*mapping of rules"),
        ([1], "row 2.*constraints.*mapping of rules"),
    ],
)
def test_rules_that_cannot_be_used_are_refused_with_their_row(rules, said):
    with pytest.raises(DataError, match=said):
        read(asking({"must_include": ["sea"]}, rules))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tiny_writer(tmp_path_factory.mktemp("llama"))
    spec = HeadSpec(name="writer", num_outputs=1, loss="next_token")
    return build_model(folder, spec, max_tokens=None, seed=0, card={})


def test_rules_are_held_to_where_they_are_enforced(model):
    task = replace(Task(lengths=Lengths(max_tokens=160)), prompt="{prompt}\n", decoding=Decoding(max_new_tokens=40))
    rows = read(tiny_rows("generation", 4))
    columns = {name: rows.column(name) for name in ("prompt", "completion", "constraints")}

    def coverage(decoding):
        said = list(predict(replace(task, decoding=decoding), model, rows))
        figures = task.metrics["slot_coverage"], task.metrics["satisfied"]
        return [metric.figure(task.outcome(columns, said)) for metric in figures]

    assert coverage(Decoding(max_new_tokens=40)) == [1.0, 1.0]
    assert coverage(Decoding(max_new_tokens=40, enforce=False)) == [0.0, 0.0]


def test_a_prompt_names_fields_that_there_are():
    assert Task().asked("Say: {prompt} {", Decoding()).prompt == "Say: {prompt} {"
    with pytest.raises(DataError, match=r"\{promt\} is no field.*\{prompt\}"):
        Task().asked("{promt}", Decoding())
    with pytest.raises(DataError, match=r"\{tone\} is no field"):
        Task().asked("{prompt} {tone}", Decoding())


def test_a_card_of_before_there_were_rules_is_read():
    card = Task(prompt="{prompt}").card()
    del card["decoding"]["enforce"]
    assert Task.from_card(card | {"max_tokens": 40}).decoding.enforce
