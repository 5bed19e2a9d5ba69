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
from dongcha.types import Prediction

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


TONES = [
    {"prompt": f"{what} {i}", "completion": f"{word} {what} of the {i}", "tone": tone, "room": room}
    for i in range(8)
    for what, room in (("soup", "in"), ("tea", ""))
    for tone, word in (("warm", "lovely"), ("cold", "dreadful"))
]
TAGGED = {"attributes": ["tone", "room"]}


def learnt(rows=TONES, **options):
    where = {"base": Path.cwd(), "cache": None, "need_gold": True}
    train = load(rows, Task.fields, options=ReadOptions(**({"columns": TAGGED} | options)), **where)
    return Task.learn(train, Lengths(max_tokens=100)).asked(None, Decoding()), train


def test_columns_make_tags_that_stand_in_the_prompt():
    task, train = learnt()
    columns = {name: train.column(name) for name in ("prompt", "attributes")}
    assert task.attributes == ("room", "tone")
    assert task.rendered(columns, 0) == "tone: warm; room: in\nsoup 0\n"
    assert task.rendered(columns, 2) == "tone: warm\ntea 0\n"  # a blank cell is no attribute
    own = task.asked("A {tone}, {room} text: {prompt}\n", Decoding())
    assert own.rendered(columns, 2) == "A warm,  text: tea 0\n"
    assert Task.from_card(own.card() | {"max_tokens": 40}).rendered(columns, 2) == "A warm,  text: tea 0\n"
    assert task.asked(None, Decoding(enforce=False)).rendered(columns, 0) == "\nsoup 0\n"
    assert task.rules_in(columns)[2] == {"attributes": {"tone": "warm"}}


def test_a_mapping_and_columns_and_json_are_the_same_tags(tmp_path):
    mapped = [{**row, "attributes": {name: row[name] for name in ("tone", "room")}} for row in TONES]
    (tmp_path / "rows.csv").write_text(
        "prompt,completion,tags\n" + "".join(f'{r["prompt"]},x,"{{""tone"": ""{r["tone"]}""}}"\n' for r in TONES)
    )
    wanted = learnt()[1].column("attributes")
    assert learnt(mapped, columns={})[1].column("attributes") == wanted
    from_json = learnt(tmp_path / "rows.csv", columns={"attributes": "tags"})[1].column("attributes")
    assert from_json == [[one for one in own if one["name"] == "tone"] for own in wanted]


def test_numbers_and_truth_values_are_tags_as_text():
    rows = [{"prompt": "a", "completion": "b", "attributes": {"stars": 5, "open": True, "none": None, "blank": " "}}]
    found = learnt(rows * 2, columns={})[1].column("attributes")[0]
    assert {one["name"]: one["value"] for one in found} == {"stars": "5", "open": "true"}


def test_a_judge_learnt_from_training_rows_tells_what_a_text_has():
    task, train = learnt()
    columns = {name: train.column(name) for name in (*task.fields, "attributes")}
    swapped = [row["completion"].replace("lovely", "dreadful") for row in TONES]

    def figures(texts):
        outcome = task.outcome(columns, [Prediction(i, {"completion": text}, 1.0) for i, text in enumerate(texts)])
        return [task.metrics[name].figure(outcome) for name in ("attributes_held", "attributes_of_references")]

    assert figures([row["completion"] for row in TONES]) == [1.0, 1.0]
    assert figures(swapped) == [0.5, 1.0]  # the room has one value, so it is not judged


def test_an_attribute_of_free_text_is_asked_for_and_not_judged():
    rows = [row | {"room": f"note {i}"} for i, row in enumerate(TONES * 2)]
    task, train = learnt(rows)
    assert len({row["room"] for row in rows}) > 50 and task.attributes == ("room", "tone")
    assert task.judge.judged == ("tone",)
    columns = {name: train.column(name) for name in (*task.fields, "attributes")}
    said = [Prediction(i, {"completion": row["completion"]}, 1.0) for i, row in enumerate(rows)]
    assert task.metrics["attributes_held"].figure(task.outcome(columns, said)) == 1.0


def test_where_every_text_has_the_same_attribute_nothing_is_judged():
    task, _ = learnt([row | {"tone": "warm"} for row in TONES], columns={"attributes": ["tone"]})
    assert task.attributes == ("tone",) and "attributes_held" not in task.metrics


def test_rows_without_attributes_are_judged_by_none():
    task, _ = learnt([{"prompt": "a", "completion": "b"}] * 4, columns={})
    assert task.attributes == () and "attributes_held" not in task.metrics
    assert task.prompt == "{prompt}\n"


@pytest.mark.parametrize(
    ("attributes", "said"),
    [("warm", "row 2.*attributes.*mapping of attributes"), ({"tone": ["warm"]}, "row 2.*attributes")],
)
def test_attributes_that_are_none_are_refused_with_their_row(attributes, said):
    good = {"prompt": "a", "completion": "b", "attributes": {"tone": "warm"}}
    with pytest.raises(DataError, match=said):
        learnt([good, {**good, "attributes": attributes}], columns={})


def test_a_column_of_tags_that_there_is_not_is_refused_in_training_alone(tmp_path):
    with pytest.raises(DataError, match=r"tonne.*tone"):
        learnt(columns={"attributes": ["tonne"]})
    assert "attributes" not in read([{"prompt": "a"}], columns=TAGGED).columns
    asked = read([{"prompt": "a", "tone": "warm"}, {"prompt": "a", "attributes": {"tone": "warm"}}], columns=TAGGED)
    assert asked.column("attributes") == [[{"name": "tone", "value": "warm"}]] * 2


def test_a_prompt_that_asks_for_no_attribute_is_refused():
    task, _ = learnt()
    with pytest.raises(DataError, match=r"none of the attributes.*\{attributes\}, \{room\}, \{tone\}"):
        task.asked("Say: {prompt}\n", Decoding())
    assert task.asked("Say: {prompt}\n", Decoding(enforce=False)).prompt == "Say: {prompt}\n"
