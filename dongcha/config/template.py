"""Write the commented recipe that a new user begins with.

In: what is known of the user's data and model, and notes on what was seen. Out: the text of a recipe that
`load_recipe` accepts as it is. Knows nothing of files.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any

from dongcha.config.messages import help_line
from dongcha.config.places import KeyPath, dotted
from dongcha.config.yaml_text import flow
from dongcha.locale import LANGUAGES, say, speaking

# What a new user wants to see, in order, with what stands there when nothing is known.
SHOWN: tuple[tuple[KeyPath, Any], ...] = (
    (("name",), "run"),
    (("language",), None),
    (("task",), "classification"),
    (("data", "train"), "train.csv"),
    (("data", "validation"), None),
    (("data", "test"), None),
    (("data", "split"), {"validation": 0.1, "test": 0.1}),
    (("data", "columns"), {}),
    (("data", "duplicates"), "keep"),
    (("model",), "model"),
    (("adapt",), {"method": "full"}),
    (("train", "epochs"), "auto"),
    (("train", "learning_rate"), "auto"),
    (("train", "batch_tokens"), "auto"),
    (("train", "early_stopping"), {"patience": 2}),
    (("report", "texts"), "shown"),
    (("seed",), 13),
    (("device",), "auto"),
)
_WIDEST = 40  # a comment begins at this column at the latest, unless its own line is longer


def recipe_template(values: Mapping[str, Any], notes: Mapping[str, str]) -> str:
    """Write a commented recipe in its own language, else in the one in force.

    `values` are sections as in a recipe or dotted keys, and win over the defaults; keys beyond `SHOWN` are added to
    their section. `notes` replace a key's line of help by what was seen in the data, by dotted key; the note of the
    empty key is written first, above the recipe.
    """
    language = values.get("language")
    if language in LANGUAGES:
        with speaking(language):
            return _written(values, notes)
    return _written(values, notes)


def _written(values: Mapping[str, Any], notes: Mapping[str, str]) -> str:
    lines = [(f"# {line}", "") for line in (notes.get("") or say("config.template")).splitlines()]
    section: str | int = ""
    for path, value in _chosen(values):
        if len(path) == 2 and path[0] != section:
            lines.append((f"{path[0]}:", ""))
        section = path[0]
        indent = "  " * (len(path) - 1)
        note = " ".join((notes.get(dotted(path)) or help_line(path)).split())
        lines.append((f"{indent}{path[-1]}: {flow(value)}", note))
    column = min(_WIDEST, max(_width(text) for text, note in lines if note) + 2)
    return "\n".join(_with_comment(text, note, column) for text, note in lines) + "\n"


def _chosen(values: Mapping[str, Any]) -> list[tuple[KeyPath, Any]]:
    """Return the keys to write with their values, those of a section together."""
    given: dict[KeyPath, Any] = {}
    for key, value in values.items():
        path = tuple(key.split("."))
        if (
            len(path) == 1
            and isinstance(value, Mapping)
            and any(shown[0] == key for shown, _ in SHOWN if len(shown) == 2)
        ):
            given |= {(key, inner): item for inner, item in value.items()}
        else:
            given[path] = value
    whole = dict(SHOWN) | given
    order = list(dict.fromkeys(path[0] for path in whole))
    return sorted(whole.items(), key=lambda item: order.index(item[0][0]))


def _with_comment(text: str, note: str, column: int) -> str:
    return f"{text}{' ' * max(2, column - _width(text))}# {note}" if note else text


def _width(text: str) -> int:
    """Count the columns a text takes on a terminal: two for a wide character."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
