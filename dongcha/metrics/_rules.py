"""Say what rules a row may give for the text that is to be written, and whether a text keeps one.

In: `constraints`, a mapping from kinds to values; None and what is empty are no rule, as tables fill in what a row does
not have. Out: yes or no by kind; of constraints that cannot be used, the reason (`flaw`).

must_include, must_exclude   phrases; case and the width of white space aside; whole words where spaces part words
min_length, max_length       words, in Chinese characters (`_words.py`)
regex                        a pattern that the whole text matches, in Rust's syntax: no look-around, no back-references
json_schema                  a JSON Schema that the text meets as JSON; or that schema as a string of JSON

No pattern can hang: regular expressions run in llguidance, which also can hold decoding to them, and those of a schema
in jsonschema-rs, both in time linear in the text. A schema's references to other places are refused, not fetched.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from dongcha.locale import say
from dongcha.metrics._words import LETTER, words
from dongcha.metrics._written import REMEMBERED, library

COMPILED = 256  # patterns and schemas kept


@dataclass(frozen=True)
class Rule:
    """One kind of rule: the form of its value, what has that form, whether a text keeps it.

    `keeps` raises ValueError of a value that has the form and yet cannot be used.
    """

    form: str
    fits: Callable[[Any], bool]
    keeps: Callable[[Any, str], bool]


def given(constraints: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rules that are given, by kind."""
    return {kind: value for kind, value in constraints.items() if value not in (None, "", [], ())}


def flaw(constraints: Mapping[str, Any]) -> str:
    """Say why constraints cannot be used, a sentence to stand behind their place; "" where they can."""
    for kind, value in given(constraints).items():
        if kind not in RULES:
            return say("metrics.rule_unknown", kind=kind, known=", ".join(RULES))
        rule = RULES[kind]
        if not rule.fits(value):
            return say("metrics.rule_form", kind=kind, found=repr(value)[:80], form=say(f"metrics.form_{rule.form}"))
        try:
            rule.keeps(value, "")
        except ValueError as error:
            return say("metrics.rule_broken", kind=kind, error=" ".join(str(error).split())[:200])
    return ""


def holds(text: str, phrase: str) -> bool:
    """Tell whether a text has a phrase.

    >>> holds("The seaside", "sea"), holds("by the  SEA.", "the sea"), holds("他在OpenAI工作", "openai")
    (False, True, True)
    """
    return _phrase(phrase).search(_plain(text)) is not None


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern matches a whole text; ValueError of one that llguidance cannot read."""
    matcher = _matcher(pattern).deep_copy()
    tokens = list(text.encode("utf-8", "surrogatepass"))  # a byte is a token
    return bool(matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting())


def meets(schema: Any, text: str) -> bool:
    """Tell whether a text is JSON that meets a schema, given as JSON values or as JSON; ValueError of no schema."""
    validator = _validator(schema if isinstance(schema, str) else json.dumps(schema, sort_keys=True))
    try:
        return bool(validator.is_valid(json.loads(text, parse_constant=_refused)))
    except (ValueError, RecursionError):
        return False


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


@lru_cache(REMEMBERED)
def _phrase(phrase: str) -> re.Pattern[str]:
    plain = _plain(phrase)
    before, after = (re.match(LETTER, edge) is not None for edge in (plain[:1], plain[-1:]))
    return re.compile((f"(?<!{LETTER})" if before else "") + re.escape(plain) + (f"(?!{LETTER})" if after else ""))


@lru_cache(COMPILED)
def _matcher(pattern: str) -> Any:
    engine = library("llguidance").LLMatcher
    matcher = engine(_bytes(), engine.grammar_from_regex(pattern))
    if matcher.is_error():
        raise ValueError(matcher.get_error())
    return matcher


@cache
def _bytes() -> Any:
    return library("llguidance").LLTokenizer("byte", slices=[])


@lru_cache(COMPILED)
def _validator(schema: str) -> Any:
    engine = library("jsonschema_rs")
    return engine.validator_for(json.loads(schema), pattern_options=engine.RegexOptions(), retriever=_refused)


def _refused(name: str) -> Any:
    """Refuse a number that JSON does not know (NaN), or a schema that stands elsewhere."""
    raise ValueError(name)


def _are_phrases(value: Any) -> bool:
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return is_list and all(isinstance(phrase, str) and phrase.strip() for phrase in value)


def _is_length(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_schema(value: Any) -> bool:
    return isinstance(value, Mapping | bool | str)


RULES: Mapping[str, Rule] = {
    "must_include": Rule("phrases", _are_phrases, lambda phrases, text: all(holds(text, one) for one in phrases)),
    "must_exclude": Rule("phrases", _are_phrases, lambda phrases, text: not any(holds(text, one) for one in phrases)),
    "min_length": Rule("length", _is_length, lambda fewest, text: len(words(text)) >= fewest),
    "max_length": Rule("length", _is_length, lambda most, text: len(words(text)) <= most),
    "regex": Rule("pattern", lambda value: isinstance(value, str), matches),
    "json_schema": Rule("schema", _is_schema, meets),
}
