"""What a written text is held to: rules, and attributes that are asked for."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from dongcha.data.cells import Cells, parsed
from dongcha.data.forms.plain import STRINGS, label_of
from dongcha.data.sources.base import as_json
from dongcha.metrics._rules import flaw, given

ATTRIBUTES = pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))
RULES = pa.struct(
    [
        *((name, STRINGS) for name in ("must_include", "must_exclude")),
        *((name, pa.int64()) for name in ("min_length", "max_length")),
        *((name, pa.string()) for name in ("regex", "json_schema")),
    ]
)


def to_rules(cells: Cells) -> pa.Array:
    """Return struct<must_include, ...>, null for what a row does not ask; a JSON Schema as JSON text.

    In tables of mappings a key that one row has stands in all others as null, in a schema too: nulls there are no keys.
    """
    made = []
    for i, value in enumerate(parsed(cells, "rules")):
        if value is not None and not isinstance(value, Mapping):
            cells.refuse_kind(i, value, "rules")
        own = given(_without_nulls(value or {}))
        if wrong := flaw(own):
            cells.refuse("read.rules", i, flaw=wrong)
        if not isinstance(own.get("json_schema", ""), str):
            own["json_schema"] = as_json(own["json_schema"])
        made.append(own or None)
    cells.refuse_missing(pa.array([value is None for value in made]))
    return pa.array(made, RULES)


def to_attributes(cells: Cells) -> pa.Array:
    """Return list<{name, value}> of a mapping, in its order; a value of none, or a blank one, is no attribute."""
    made = []
    for i, value in enumerate(parsed(cells, "attributes")):
        if value is not None and not isinstance(value, Mapping):
            cells.refuse_kind(i, value, "attributes")
        own = {name: one for name, one in (value or {}).items() if one is not None and str(one).strip()}
        made.append([{"name": name, "value": label_of(one, i, cells, nested=True)} for name, one in own.items()])
    return pa.array(made, ATTRIBUTES)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value
