"""Write the JSON Schema of recipes in draft 7, the one that editors read, with a line of help for each key.

In: nothing, or the option classes of methods by section and name. Out: a plain dict. pydantic writes draft 2020-12;
what differs is converted here: `$defs`, and keywords beside a `$ref`, which draft 7 ignores.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from dongcha.config.messages import help_line
from dongcha.config.places import KeyPath, dotted
from dongcha.config.recipe import recipe_shape
from dongcha.config.shape import Shape

DRAFT = "http://json-schema.org/draft-07/schema#"
Methods = Mapping[str, Mapping[str, type[BaseModel]]]
Schema = dict[str, Any]

_REQUIRED: tuple[KeyPath, ...] = (("data",),)
# `extends` may bring what a recipe must have.
_WHOLE: Schema = {
    "anyOf": [
        {"required": ["extends"]},
        {"required": ["task", "model", "data"], "properties": {"data": {"required": ["train"]}}},
    ]
}


def json_schema(methods: Methods | None = None) -> Schema:
    """Return the schema; `methods` adds the options of each method, as {"adapt": {"last_layers": Options}}."""
    schema: Schema = draft7(dict(recipe_shape().schema))
    schema.pop("required", None)
    schema["definitions"]["Data"].pop("required", None)
    _describe(schema)
    for path, classes in (methods or {}).items():
        _add_methods(schema, path, classes)
    return {"$schema": DRAFT, **schema, "title": "dongcha", **_WHOLE}


def help_lines() -> dict[str, str]:
    """Return the line of help of every key, by key path, in the language in force."""
    return {dotted(path): help_line(path) for path in recipe_shape().every_key() if path[-1] != "per_label"}


def draft7(value: Any) -> Any:
    """Convert a schema of draft 2020-12 as pydantic writes it to draft 7, leaving its titles out."""
    if isinstance(value, list):
        return [draft7(item) for item in value]
    if not isinstance(value, dict):
        return value
    new: Schema = {}
    for key, item in value.items():
        if key == "properties":
            new[key] = {name: draft7(one) for name, one in item.items()}
        elif key == "$ref":
            new[key] = item.replace("#/$defs/", "#/definitions/")
        elif key == "default":
            new[key] = item
        elif key != "title" or not isinstance(item, str):
            new["definitions" if key == "$defs" else key] = draft7(item)
    if "$ref" in new and len(new) > 1:
        new["allOf"] = [{"$ref": new.pop("$ref")}]
    return new


def _describe(schema: Schema) -> None:
    shape = Shape(schema)
    for path in shape.every_key():
        if path[-1] == "per_label":
            continue
        owner = next(fragment for fragment in shape.at(path[:-1]) if path[-1] in fragment.get("properties", ()))
        key = owner["properties"][path[-1]]
        if "$ref" in key:
            key = {"allOf": [key]}
        if "allOf" in key and path not in _REQUIRED:
            key["anyOf"] = [*key.pop("allOf"), {"type": "null"}]  # an empty section stands at its defaults
        owner["properties"][path[-1]] = {"description": help_line(path), **key}


def _add_methods(schema: Schema, path: str, classes: Mapping[str, type[BaseModel]]) -> None:
    *way, last = path.split(".")
    owner = next(fragment for fragment in Shape(schema).at(tuple(way)) if last in fragment.get("properties", ()))
    choices: list[Schema] = [{"enum": sorted(classes)}]
    branches: list[Schema] = [dict(one) for one in Shape(schema).branches(owner["properties"][last])]
    shared = {name: part for at in branches for name, part in at.get("properties", {}).items() if name != "method"}
    choices += [branch for branch in branches if branch.get("type") == "null"]
    for method, options in sorted(classes.items()):
        own = draft7(options.model_json_schema(ref_template=f"#/definitions/{path}.{method}.{{model}}"))
        for name, nested in own.pop("definitions", {}).items():
            schema["definitions"][f"{path}.{method}.{name}"] = nested
        properties = {"method": {"const": method}, **shared, **own.get("properties", {})}
        required = ["method", *own.get("required", [])]
        choices.append(
            {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        )
    key = owner["properties"][last]
    key.pop("$ref", None)
    key["anyOf"] = choices
