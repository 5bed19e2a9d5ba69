"""Write plain values as YAML 1.2 that `yaml12` reads back as they were.

In: mappings, lists, text, numbers, booleans, nulls. Out: text. Block form for mappings, flow form (`{a: 1}`) inside a
line.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(
    r"[^\W\d][\w./\\+@%-]*(?: [\w./\\+@%(-][\w./\\+@%()-]*)*|[A-Za-z]\w*:[\w./][\w./-]*|[./][\w./-]*[A-Za-z_/][\w./-]*"
)
_SPECIAL = re.compile(r"~|null|true|false|[-+]?\.?(inf|nan)|[-+.\d][-+.\deExXoO_]*", re.IGNORECASE)
_ESCAPED = re.compile("[\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def flow(value: Any) -> str:
    """Write a value on one line: `{per_label: 20}`, `[title, body]`, `null`, text in quotes only where it must be."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value)


def yaml_text(values: Mapping[str, Any]) -> str:
    """Write a mapping in block form, two spaces a level; lists and empty mappings in flow form."""
    return "\n".join(_lines(values, "")) + "\n"


def _lines(values: Mapping[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            lines += [f"{indent}{_text(str(key))}:", *_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{_text(str(key))}: {flow(value)}")
    return lines


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and not _SPECIAL.fullmatch(text):
        return text
    return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04X}", json.dumps(text, ensure_ascii=False))


def _number(value: float) -> str:
    if not math.isfinite(value):
        return str(value).replace("nan", ".nan").replace("inf", ".inf")
    return repr(value)
