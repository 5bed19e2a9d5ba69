"""Name the kinds of value that recipe keys take, and read the short forms people write for them.

In: a value from YAML or Python. Out: the one form that the code works with; what cannot be is `Refused` with a message
key. Knows no particular section.
"""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from dongcha.config.near import nearest
from dongcha.config.places import KeyPath
from dongcha.errors import UserError
from dongcha.files import safe_name

MEMORY = "memory"  # stands for in-memory rows where a recipe is shown
_TABLES = ("to_pydict", "to_dict", "column_names", "columns")  # what Arrow, pandas and `datasets` tables have


class Refused(ValueError):
    """A value that cannot be: the key of its message, that message's values, and the path below where it was found."""

    def __init__(self, key: str, path: KeyPath = (), **values: Any) -> None:
        super().__init__(key)
        self.key, self.path, self.values = key, path, values


class Options(BaseModel):
    """Base of option classes: frozen, keyword-only, of exact types; unknown keys are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=False, hide_input_in_errors=True
    )


class Section(Options):
    """Base of the recipe's sections: an empty one (`evaluate:`) stands at its defaults."""

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        return {} if value is None else value


class Reading:
    """Read a short form before a value is checked; `schema` is what people may write, for the JSON Schema.

    It may be a function, for what is known only when it is asked.
    """

    def __init__(
        self, read: Callable[[Any], Any], schema: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None
    ) -> None:
        self.read, self.schema = read, schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        schema = self.schema() if callable(self.schema) else self.schema
        return dict(schema) if schema is not None else handler(core)


class Method(Options):
    """A method by name with that method's own options, which its own file checks (`Recipe.options`)."""

    model_config = ConfigDict(extra="allow")

    method: str = Field(min_length=1)

    @property
    def options(self) -> dict[str, Any]:
        """What was written beside `method`."""
        return dict(self.model_extra or {})


class PerLabel(Options):
    """So many rows of each label."""

    per_label: int = Field(ge=1)


def _read_method(default: str, value: Any) -> Any:
    if value is None:
        return {"method": default}
    if isinstance(value, str):
        return {"method": value}
    if isinstance(value, Mapping) and "method" not in value:
        for key in value:
            if nearest(str(key), ["method"]):
                raise Refused("config.unknown_near", (str(key),), near="method")
        return {"method": default, **value}
    return value


def method_or(default: str) -> Reading:
    """Read `adamw` as `{method: adamw}`, and options without a method as those of the default."""
    mapping = {"type": "object", "properties": {"method": {"type": "string"}}, "additionalProperties": True}
    return Reading(partial(_read_method, default), {"anyOf": [{"type": "string", "minLength": 1}, mapping]})


def _read_names(value: Any) -> Any:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _read_path(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _read_source(value: Any) -> Any:
    value = _read_path(value)
    rows = isinstance(value, list) and all(isinstance(row, Mapping) for row in value)
    table = not isinstance(value, Mapping | type) and any(hasattr(value, name) for name in _TABLES)
    if rows or table or (isinstance(value, str) and value.strip()):
        return value
    raise Refused("config.source")


def _safe_name(value: str) -> str:
    try:
        return safe_name(value)
    except UserError as error:
        raise Refused("config.bad_name", reason=str(error)) from None


def _read_not_built(value: Any) -> Any:
    if value is not None:
        raise Refused("config.not_built")
    return value


_NAMES = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}

Auto: TypeAlias = Literal["auto"]
Names: TypeAlias = Annotated[tuple[str, ...], Reading(_read_names, _NAMES)]
Text: TypeAlias = Annotated[str, Field(min_length=1), Reading(_read_path)]
Name: TypeAlias = Annotated[str, AfterValidator(_safe_name)]
Source: TypeAlias = Annotated[
    Any,
    Reading(_read_source, {"type": "string", "minLength": 1}),
    PlainSerializer(lambda value: value if isinstance(value, str) else MEMORY),
]
NotBuilt: TypeAlias = Annotated[None, Reading(_read_not_built)]
