"""Hold a text to a grammar, a regular expression or a JSON Schema, by llguidance: only what can still match is written.

A matcher says which tokens may follow; one is kept for each draft of late. Where the room grows short, a way home is
looked for, tokens after which the text matches, and nothing is written behind which none is found: so that the text
comes to its end in time, where the search finds that it can. What llguidance does not know of a schema is left out, as
the metric still asks for it; a grammar that it cannot read at all holds nothing, and no way home is no error.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from dongcha.metrics._rules import RULES
from dongcha.metrics._written import library
from dongcha.models.controls._base import Control, Draft, Pen
from dongcha.models.tokenizer import Tokenizer

HORIZON = 64  # tokens of room from which on a way home is kept in sight, or twice what the whole text needs
SEARCHES = ((2, 8, 400), (6, 128, 2000))  # drafts of a length kept, tokens behind each, tried in all; narrow first
ALIKE = 2  # drafts of a length kept of those that may go on alike
FAILED = 4  # tokens that may lead nowhere before only the known way is gone
KEPT = 64  # matchers of late drafts
CLOSERS = '"}],:0'  # what mostly leads to an end; other characters come behind
FIRST_BYTES = 4  # of a mask, that are looked at where no single character may follow
JSON = {"whitespace_flexible": True, "whitespace_pattern": r"[ \n\t]{0,16}", "lenient": True}


@dataclass(frozen=True)
class Vocabulary:
    """A model's tokens as llguidance knows them; `characters` are those of one character, closers first."""

    engine: Any
    characters: np.ndarray
    special: frozenset[int]


_MADE: WeakKeyDictionary[Tokenizer, Vocabulary] = WeakKeyDictionary()


def vocabulary_of(pen: Pen) -> Vocabulary:
    """Return a model's vocabulary, made once."""
    tokenizer = pen.tokenizer
    if tokenizer not in _MADE:
        make = library("llguidance.hf").from_tokenizer
        engine = make(tokenizer.hf, eos_token=sorted(pen.ends), slices=[])
        letters = dict.fromkeys(CLOSERS + "".join(map(chr, range(33, 127))) + " ")
        single = ((letter, engine.tokenize_str(letter)) for letter in letters)
        found = [ids[0] for letter, ids in single if len(ids) == 1 and engine.decode_bytes(ids) == letter.encode()]
        special = frozenset(int(one) for one in tokenizer.hf.all_special_ids) | pen.ends
        _MADE[tokenizer] = Vocabulary(engine, np.array(found, dtype=np.int64), special)
    return _MADE[tokenizer]


@dataclass
class Place:
    """Where a draft stands in its grammar; `home` are tokens that lead to a match, None where none were found."""

    matcher: Any
    home: tuple[int, ...] | None = None
    searched: bool = False
    failed: int = 0  # tokens behind which no way was found


@dataclass(frozen=True)
class Grammatical(Control):
    """A text that is to match."""

    known: Vocabulary
    start: Any
    keeps: Any
    horizon: int
    places: dict[tuple[int, ...], Place] = field(default_factory=dict)

    def mask(self, draft: Draft) -> np.ndarray | None:
        """Return which tokens may follow (V,); an end where the text matches."""
        matcher = self.place(draft.ids).matcher
        if matcher.is_error():
            return None
        allowed = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
        allowed = allowed.astype(bool)
        allowed[list(draft.pen.ends)] = matcher.is_accepting()
        return allowed

    def admits(self, draft: Draft, after: Draft) -> bool:
        """Tell whether the longer text matches, or may still come to."""
        if after.over:
            return bool(self.keeps(after.text))
        if self.place(draft.ids).matcher.is_error():  # it became too much for llguidance: nothing is held any more
            return True
        if self.place(after.ids).matcher.is_error():
            return False
        if after.left >= self.horizon or not self.has_home(draft):  # far off, or lost already
            return True
        here = self.place(draft.ids)
        found = here.failed < FAILED or after.ids[-1:] == (here.home or ())[:1]
        found = found and self.has_home(after)
        here.failed += not found
        return found

    def has_home(self, draft: Draft) -> bool:
        """Tell whether a way home is known that has room."""
        home = self.home(draft)
        return home is not None and len(home) <= draft.left

    def hint(self, draft: Draft, *, ending: bool) -> int | None:
        """Return the next token on the way home, where the model would end or there is only just room."""
        if self.place(draft.ids).matcher.is_error() or (not ending and draft.left >= self.horizon):
            return None
        home = self.home(draft)
        return home[0] if home and (ending or len(home) >= draft.left) else None

    def place(self, ids: tuple[int, ...]) -> Place:
        """Return where some ids stand: one on from those without the last, mostly at hand."""
        if ids not in self.places:
            before = self.places.get(ids[:-1]) if ids else None
            matcher = (before.matcher if before else self.start).deep_copy()
            for token in ids[-1:] if before else ids:
                if token not in self.known.special:
                    matcher.consume_token(token)
            while len(self.places) >= KEPT:
                del self.places[next(iter(self.places))]
            self.places[ids] = Place(matcher)
        return self.places[ids]

    def home(self, draft: Draft) -> tuple[int, ...] | None:
        """Return tokens after which a draft matches, at most those that have room; None where none are found."""
        place = self.place(draft.ids)
        if not place.searched:
            before = self.places.get(draft.ids[:-1]) if draft.ids else None
            known = before.home if before and before.home else ()
            place.home = self.still(place.matcher, known)
            if place.home is None or len(place.home) > draft.left:
                place.home = way_home(place.matcher, self.known.characters, draft.left)
            place.searched = True
        return place.home

    def still(self, matcher: Any, known: tuple[int, ...]) -> tuple[int, ...] | None:
        """Return the shortest end of a known way that leads home from here too."""
        for begin in range(len(known), -1, -1):
            tried = matcher.deep_copy()
            rest = list(known[begin:])
            if tried.try_consume_tokens(rest) == len(rest) and tried.is_accepting():
                return tuple(rest)
        return None


def way_home(matcher: Any, characters: np.ndarray, most: int) -> tuple[int, ...] | None:
    """Search tokens, at most so many, after which a matcher accepts."""
    if matcher.is_accepting():
        return ()
    ways = (_search(matcher, characters, most, *search) for search in SEARCHES)
    return next((way for way in ways if way is not None), None)


def _search(
    matcher: Any, characters: np.ndarray, most: int, width: int, choices: int, effort: int
) -> tuple[int, ...] | None:
    """Search from length to length; the few best drafts of each go on."""
    level: list[tuple[int, Any, tuple[int, ...]]] = [(0, matcher, ())]
    tried = 0
    for _ in range(most):
        seen: Counter[bytes] = Counter()
        longer: list[tuple[int, Any, tuple[int, ...]]] = []
        for rank, here, path in level:
            for place, tokens in enumerate(_choices(here, characters)[:choices]):
                tried += 1
                there = here.deep_copy()
                if there.try_consume_tokens(tokens) < len(tokens):
                    continue
                if there.is_accepting():
                    home = (*path, *tokens)
                    return home if len(home) <= most else None
                alike = bytes(there.compute_bitmask())
                seen[alike] += 1
                if seen[alike] <= ALIKE:
                    longer.append((rank + place, there, (*path, *tokens)))
        if tried > effort:
            return None
        level = sorted(longer, key=lambda one: (one[0], len(one[2])))[:width]
    return None


def _choices(matcher: Any, characters: np.ndarray) -> list[list[int]]:
    """Return what may follow, closers first: what must, else single characters, else the first few tokens."""
    forced = matcher.compute_ff_tokens()
    if forced:
        return [list(forced)]
    mask = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
    single = characters[(mask[characters >> 3] >> (characters & 7)) & 1 == 1]
    if len(single):
        return [[token] for token in single.tolist()]
    first = np.flatnonzero(mask)[:FIRST_BYTES]
    return [[int(byte) * 8 + bit] for byte in first.tolist() for bit in range(8) if mask[byte] >> bit & 1]


def regex(pattern: str, pen: Pen, room: int) -> Control | None:
    """Return what holds a text of so much room to a pattern, a blank before it or none; None where that cannot be."""
    engine = library("llguidance").LLMatcher
    behind_blank = engine.grammar_from_regex(f" ?(?:{pattern})")
    return _grammatical((behind_blank, engine.grammar_from_regex(pattern)), pen, room, ("regex", pattern))


def json_schema(schema: Any, pen: Pen, room: int) -> Control | None:
    """Return what holds a text of so much room to a schema; None where that cannot be."""
    parsed = json.loads(schema) if isinstance(schema, str) else schema
    if not isinstance(parsed, Mapping):
        parsed = {} if parsed else None
    if parsed is None:  # nothing meets it
        return None
    body = json.dumps(dict(parsed) | {"x-guidance": JSON})
    lark = f'%llguidance {{}}\nstart: " "? body\nbody: %json {body}'
    return _grammatical((lark,), pen, room, ("json_schema", schema))


def _grammatical(grammars: Sequence[str], pen: Pen, room: int, rule: tuple[str, Any]) -> Control | None:
    known = vocabulary_of(pen)
    matchers = (library("llguidance").LLMatcher(known.engine, grammar, log_level=0) for grammar in grammars)
    start = next((one for one in matchers if not one.is_error()), None)
    if start is None:
        return None
    home = way_home(start, known.characters, room) or ()
    kind, value = rule
    return Grammatical(known, start, lambda text: RULES[kind].keeps(value, text), max(HORIZON, 2 * len(home)))
