"""The JSON Schema (draft 7) says what `load_recipe` does, and helps with every key in both languages."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from dongcha.config import Options, Recipe, help_lines, json_schema
from dongcha.errors import RecipeError
from dongcha.locale import speaking

TYPES = {
    "object": dict,
    "array": list | tuple,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": int | float,
}
LIMITS = {
    "minimum": lambda value, limit: value >= limit,
    "maximum": lambda value, limit: value <= limit,
    "exclusiveMinimum": lambda value, limit: value > limit,
    "exclusiveMaximum": lambda value, limit: value < limit,
    "minLength": lambda value, limit: len(value) >= limit,
    "minItems": lambda value, limit: len(value) >= limit,
}
ORDINARY = "title description default definitions type enum const allOf anyOf required properties items"
KNOWN = {"$schema", "$ref", "additionalProperties", *ORDINARY.split(), *LIMITS}


def valid(value: Any, schema: Any, root: dict) -> bool:
    """Judge a value by the part of draft 7 that we use; in draft 7 nothing stands beside a $ref."""
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema:
        assert set(schema) == {"$ref"}, "draft 7 ignores what stands beside a $ref"
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return valid(value, target, root)
    return (
        ("type" not in schema or is_type(value, schema["type"]))
        and ("enum" not in schema or value in schema["enum"])
        and ("const" not in schema or value == schema["const"])
        and all(valid(value, one, root) for one in schema.get("allOf", ()))
        and ("anyOf" not in schema or any(valid(value, one, root) for one in schema["anyOf"]))
        and all(holds(value, schema[name]) for name, holds in LIMITS.items() if name in schema)
        and (not isinstance(value, dict) or valid_object(value, schema, root))
        and (not isinstance(value, list) or all(valid(item, schema.get("items", True), root) for item in value))
    )


def is_type(value, name):
    return isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name in ("integer", "number"))


def valid_object(value, schema, root):
    own = schema.get("properties", {})
    rest = schema.get("additionalProperties", True)
    return set(schema.get("required", ())) <= set(value) and all(
        valid(item, own.get(key, rest), root) for key, item in value.items()
    )


SMALL = {"task": "classification", "data": {"train": "a.csv"}, "model": "m"}

GOOD = [
    {},
    {"train": None, "evaluate": None, "report": {}},
    {"adapt": "full", "train": {"optimizer": {"method": "sgd", "momentum": 0.9}, "schedule": "cosine"}},
    {"train": {"epochs": "auto", "learning_rate": 1e-4, "clip_norm": None, "validate": 50, "early_stopping": None}},
    {"data": {"train": "a", "split": {"validation": {"per_label": 20}, "train": {"per_label": 5}}}},
    {"data": {"train": "a", "columns": {"text": ["x", "y"], "label": "z"}, "tests": {"b": "b.csv"}}},
    {"pretrain": "mlm"},
    {"pretrain": {"corpus": "law.txt", "steps": 100, "temperature": 0.1}},
    {"pretrain": None, "time_limit": None, "language": "zh", "name": "酒店"},
]
BAD = [
    {"seed": -1},
    {"seed": True},
    {"task": "code"},
    {"device": "gpu"},
    {"unknown": 1},
    {"model": None},
    {"model": ""},
    {"adapt": 5},
    {"compress": {}},
    {"pretrain": 5},
    {"pretrain": {"steps": 0}},
    {"train": {"epochs": 0}},
    {"train": {"epoch": 1}},
    {"train": {"warmup": 1}},
    {"train": {"early_stopping": {"patience": 0}}},
    {"data": {"train": "a", "split": {"test": 1.5}}},
    {"data": {"train": "a", "split": {"test": {"per_lable": 1}}}},
    {"data": {"train": "a", "columns": {"text": 5}}},
    {"data": {}},
    {"data": None},
    {"evaluate": {"unsure_below": 2}},
]


@pytest.mark.parametrize("sections", GOOD)
def test_schema_and_recipe_accept_the_same(sections):
    recipe = SMALL | sections
    Recipe(**recipe)
    assert valid(recipe, json_schema(), json_schema())


@pytest.mark.parametrize("sections", BAD)
def test_schema_and_recipe_refuse_the_same(sections):
    recipe = SMALL | sections
    with pytest.raises(RecipeError):
        Recipe(**recipe)
    assert not valid(recipe, json_schema(), json_schema())


def test_what_is_required_may_come_from_a_base():
    schema = json_schema()
    assert valid({"extends": "base.yaml", "data": {"part": "all"}}, schema, schema)
    for key in SMALL:
        assert not valid({name: item for name, item in SMALL.items() if name != key}, schema, schema)


def every_fragment(value, under=""):
    if isinstance(value, dict):
        if under not in ("properties", "definitions", "default"):
            yield value
        for key, item in value.items():
            if key != "default":
                yield from every_fragment(item, key if under not in ("properties", "definitions") else "")
    elif isinstance(value, list) and under not in ("enum", "required", "default"):
        for item in value:
            yield from every_fragment(item)


class Layers(Options):
    layers: int = Field(1, ge=1, description="how many")


class Place(BaseModel):
    where: str


class Lora(Options):
    rank: int = 8
    kind: Literal["a", "b"]
    place: Place | None = None


METHODS = {"adapt": {"last_layers": Layers, "lora": Lora}, "train.optimizer": {"sgd": Layers}}


@pytest.mark.parametrize("methods", [None, METHODS])
def test_only_words_of_draft_7_are_used(methods):
    schema = json_schema(methods)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    for fragment in every_fragment(schema):
        assert set(fragment) <= KNOWN
        assert "$ref" not in fragment or set(fragment) == {"$ref"}


def test_methods_bring_their_own_options():
    schema = json_schema(METHODS)
    for adapt in (
        "lora",
        {"method": "last_layers", "layers": 2},
        {"method": "lora", "kind": "a", "place": {"where": "x"}},
    ):
        assert valid(SMALL | {"adapt": adapt}, schema, schema), adapt
    for adapt in (
        "other",
        {"method": "last_layers", "layers": 0},
        {"method": "lora"},
        {"method": "last_layers", "kind": "a"},
    ):
        assert not valid(SMALL | {"adapt": adapt}, schema, schema), adapt
    assert valid(SMALL | {"train": {"optimizer": {"method": "sgd", "layers": 3}}}, schema, schema)
    assert json_schema() == json_schema(None)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_key_has_one_line_of_help(language):
    with speaking(language):
        lines = help_lines()
        assert {"extends", "data.split.group", "train.optimizer.method", "evaluate.slices"} <= set(lines)
        assert all(line and "\n" not in line and len(line) <= 80 for line in lines.values())
        schema = json_schema()
    assert schema["properties"]["seed"]["description"] == lines["seed"]
    assert schema["definitions"]["Train"]["properties"]["epochs"]["description"] == lines["train.epochs"]
