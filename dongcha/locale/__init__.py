"""Say a message in the language of the run: one catalogue for terminal, report and pages.

In: a key and its values. Out: a sentence in English or Chinese. Each file in `words/` holds the messages of one room
as `MESSAGES = {"room.key": ("English {value}", "中文 {value}")}`; a test keeps the two of each pair on the same values.
The language is a context variable: a server answers two people in two languages at once.
"""

import importlib
import os
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from dongcha.locale import words

LANGUAGES = ("en", "zh")

_language: ContextVar[str] = ContextVar("language")


@cache
def catalogue() -> dict[str, tuple[str, str]]:
    """Gather the messages of all rooms; a key that two rooms claim is our bug."""
    messages: dict[str, tuple[str, str]] = {}
    for module in pkgutil.iter_modules(words.__path__):
        for key, pair in importlib.import_module(f"{words.__name__}.{module.name}").MESSAGES.items():
            assert key not in messages, f"two messages named {key}"
            messages[key] = pair
    return messages


def default_language() -> str:
    """Choose by DONGCHA_LANG, else by the locale's variables, else English."""
    for variable in ("DONGCHA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def current_language() -> str:
    """Return the language in force, `en` or `zh`."""
    return _language.get(None) or default_language()


def use_language(language: str | None) -> None:
    """Put a language in force for this context; None leaves the choice to the environment."""
    _language.set(language or "")


@contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Put a language in force inside a with block."""
    token = _language.set(language or "")
    try:
        yield
    finally:
        _language.reset(token)


def say(key: str, /, **values: Any) -> str:
    """Return the message of a key in the language in force; values are formatted by the message's own format."""
    return catalogue()[key][LANGUAGES.index(current_language())].format(**values)
