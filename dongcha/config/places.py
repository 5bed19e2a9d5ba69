"""Keep what a recipe says beside where it says it, and lay one recipe over another.

In: nested mappings with a place (`file:line:column`) for each key path. Out: the same, merged. Knows neither YAML nor
which keys exist, except that some sections choose a method.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dongcha.registry import METHODS

KeyPath = tuple[str | int, ...]
NOTHING = object()

# Sections that choose a method by name: `adamw` is short for `{method: adamw}`.
METHOD_PATHS = frozenset(tuple(path.split(".")) for path in METHODS)
SHARED_KEYS = frozenset({("pretrain",)})  # sections whose keys are not all options of the method


@dataclass(frozen=True)
class Document:
    """A recipe as it was written: its plain value and the place of each key path."""

    value: dict[str, Any]
    where: Mapping[KeyPath, str] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """Return the place of a path, else of its nearest ancestor; empty when no file said it."""
        return self.where.get(self.stated(path), "")

    def stated(self, path: KeyPath) -> KeyPath:
        """Return a path, else its nearest ancestor, that a file said; empty when none did."""
        while path and path not in self.where:
            path = path[:-1]
        return path


def dotted(path: KeyPath) -> str:
    """Write a key path as people do: `data.split.test`."""
    return ".".join(str(part) for part in path)


def lookup(value: Any, path: KeyPath) -> Any:
    """Return what stands at a path of nested mappings and lists; `NOTHING` where nothing does."""
    for key in path:
        held = isinstance(value, Mapping) and key in value
        if not held and not (isinstance(value, list) and isinstance(key, int) and key < len(value)):
            return NOTHING
        value = value[key]
    return value


def overlay(base: Document, top: Document) -> Document:
    """Lay `top` over `base`: mappings are merged, all else is replaced, and so are the options of another method."""
    value = _merge(base.value, top.value, ())
    kept = {path: place for path, place in base.where.items() if lookup(value, path) is not NOTHING}
    return Document(value, kept | dict(top.where))


def _merge(base: Mapping[str, Any], top: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
    merged = dict(base)
    for key, value in top.items():
        here = (*path, key)
        old = _spelled_out(merged.get(key), here)
        new = _spelled_out(value, here) if isinstance(old, Mapping) else value
        if isinstance(old, Mapping) and isinstance(new, Mapping) and not _other_method(old, new, here):
            merged[key] = _merge(old, new, here)
        else:
            merged[key] = value
    return merged


def _spelled_out(value: Any, path: KeyPath) -> Any:
    return {"method": value} if path in METHOD_PATHS and isinstance(value, str) else value


def _other_method(old: Mapping[str, Any], new: Mapping[str, Any], path: KeyPath) -> bool:
    replaced = path in METHOD_PATHS - SHARED_KEYS
    return replaced and "method" in new and new["method"] != old.get("method")
