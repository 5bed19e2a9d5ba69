"""Walk a JSON Schema as a recipe is walked: which keys are at a path, what may stand there, said in words.

In: a JSON Schema. Out: its fragments, and a phrase such as "auto or a whole number (at least 1)". Knows no recipe, so
it serves the shared keys and the options of methods alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from dongcha.config.places import KeyPath
from dongcha.locale import say

Fragment = Mapping[str, Any]

_LIMITS = (
    ("minimum", "config.at_least"),
    ("exclusiveMinimum", "config.above"),
    ("maximum", "config.at_most"),
    ("exclusiveMaximum", "config.below"),
    ("minLength", "config.long_at_least"),
    ("minItems", "config.long_at_least"),
)


class Shape:
    """A JSON Schema that can be walked by key paths."""

    def __init__(self, schema: Fragment) -> None:
        self.schema = schema

    def branches(self, fragment: Fragment) -> Iterator[Fragment]:
        """Yield the alternatives of a fragment, references followed."""
        if "$ref" in fragment:
            target: Any = self.schema
            for part in fragment["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            yield from self.branches(target)
        elif any(kind in fragment for kind in ("anyOf", "oneOf", "allOf")) and "properties" not in fragment:
            for kind in ("anyOf", "oneOf", "allOf"):
                for branch in fragment.get(kind, ()):
                    yield from self.branches(branch)
        else:
            yield fragment

    def at(self, path: KeyPath) -> list[Fragment]:
        """Return the alternatives at a path; none where the schema does not reach."""
        here = list(self.branches(self.schema))
        for key in path:
            here = [branch for fragment in here for step in _steps(fragment, key) for branch in self.branches(step)]
        return here

    def keys(self, path: KeyPath) -> tuple[str, ...]:
        """Return the keys that may stand below a path."""
        return tuple(dict.fromkeys(key for fragment in self.at(path) for key in fragment.get("properties", ())))

    def every_key(self, path: KeyPath = ()) -> Iterator[tuple[str, ...]]:
        """Yield the path of every key there is, in order."""
        for key in self.keys(path):
            here = (*path, key)
            yield tuple(str(part) for part in here)
            yield from self.every_key(here)

    @cached_property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The path of every key there is."""
        return tuple(self.every_key())

    def wanted(self, path: KeyPath) -> str:
        """Say what may stand at a path, in the language in force."""
        phrases = dict.fromkeys(_phrase(fragment) for fragment in self._choices_together(path))
        return say("config.or_kind").join(phrases) or say("config.nothing")

    def _choices_together(self, path: KeyPath) -> list[Fragment]:
        choices: list[Any] = []
        others: list[Fragment] = []
        for fragment in self.at(path):
            listed = [fragment["const"]] if "const" in fragment else fragment.get("enum")
            if listed is None:
                others.append(fragment)
            else:
                choices += listed
        return ([{"enum": choices}] if choices else []) + others


def _steps(fragment: Fragment, key: str | int) -> Iterator[Fragment]:
    if isinstance(key, int):
        step = fragment.get("items")
    else:
        step = fragment.get("properties", {}).get(key, fragment.get("additionalProperties"))
    if isinstance(step, Mapping):
        yield step


def _phrase(fragment: Fragment) -> str:
    if "enum" in fragment:
        return _one_of(fragment["enum"])
    kind = fragment.get("type", "any")
    if kind == "object" and fragment.get("properties"):
        return say("config.kind_keys", keys=", ".join(fragment["properties"]))
    limits = [say(key, limit=fragment[name]) for name, key in _LIMITS if name in fragment]
    phrase = say(f"config.kind_{kind}")
    return say("config.with_limits", kind=phrase, limits=say("config.comma").join(limits)) if limits else phrase


def _one_of(values: Sequence[Any]) -> str:
    names = say("config.comma").join(str(value) for value in values)
    return say("config.one", name=names) if len(values) == 1 else say("config.one_of", names=names)
